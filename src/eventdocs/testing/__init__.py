"""TESTING: the kit with which hosts and backends prove that a store keeps its promises."""

import pytest

# So that a failing promise shows its values, as an assertion in a test module does.
pytest.register_assert_rewrite(
    "eventdocs.testing._contract_appending",
    "eventdocs.testing._contract_identity",
    "eventdocs.testing._contract_lifetime",
    "eventdocs.testing._contract_reading",
    "eventdocs.testing._contract_recorded",
    "eventdocs.testing._contract_transactions",
)

from eventdocs.testing._contract import EventStoreContract  # noqa: E402 - rewritten as registered
from eventdocs.testing._contract_events import Opening  # noqa: E402 - rewritten as registered

__all__ = ["EventStoreContract", "Opening"]
