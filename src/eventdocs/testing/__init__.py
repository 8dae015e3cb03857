"""TESTING: the kit with which hosts and backends prove that a store keeps its promises."""

from eventdocs.errors import ConfigurationError

try:
    import hypothesis as _  # noqa: F401 - so that both are known to be there before either is used
    import pytest
except ModuleNotFoundError as error:
    problem = f"eventdocs.testing needs {error.name}: pip install 'eventdocs[testing]'"
    raise ConfigurationError([problem]) from error

# So that a failing promise shows its values, as an assertion in a test module does.
pytest.register_assert_rewrite(
    "eventdocs.testing._contract_appending",
    "eventdocs.testing._contract_identity",
    "eventdocs.testing._contract_lifetime",
    "eventdocs.testing._contract_reading",
    "eventdocs.testing._contract_recorded",
    "eventdocs.testing._contract_subscribing",
    "eventdocs.testing._contract_transactions",
    "eventdocs.testing._machine",
    "eventdocs.testing._projector_contract",
    "eventdocs.testing._scenario",
)

from eventdocs.testing import strategies  # noqa: E402 - imported after it was registered
from eventdocs.testing._contract import EventStoreContract  # noqa: E402 - as above
from eventdocs.testing._contract_events import CONTRACT_EVENTS, Opening  # noqa: E402 - as above
from eventdocs.testing._interruption import Interruption  # noqa: E402 - as above
from eventdocs.testing._machine import LogMachine, check_log  # noqa: E402 - as above
from eventdocs.testing._model import Fact, LogModel, Refusal  # noqa: E402 - as above
from eventdocs.testing._postgres_server import (  # noqa: E402 - as above
    PostgresServer,
    postgres_server,
)
from eventdocs.testing._projector_contract import (  # noqa: E402 - as above
    History,
    ProjectorContract,
)
from eventdocs.testing._rows import Rows  # noqa: E402 - as above
from eventdocs.testing._scenario import Scenario, scenario  # noqa: E402 - as above

__all__ = [
    "CONTRACT_EVENTS",
    "EventStoreContract",
    "Fact",
    "History",
    "Interruption",
    "LogMachine",
    "LogModel",
    "Opening",
    "PostgresServer",
    "ProjectorContract",
    "Refusal",
    "Rows",
    "Scenario",
    "check_log",
    "postgres_server",
    "scenario",
    "strategies",
]
