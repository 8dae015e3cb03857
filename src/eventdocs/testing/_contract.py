"""The contract that every event store keeps."""

from __future__ import annotations

import pytest

from eventdocs.testing._contract_appending import AppendingContract
from eventdocs.testing._contract_events import Opening
from eventdocs.testing._contract_finding import FindingContract
from eventdocs.testing._contract_identity import IdentityContract
from eventdocs.testing._contract_lifetime import LifetimeContract
from eventdocs.testing._contract_reading import ReadingContract
from eventdocs.testing._contract_recorded import RecordedContract
from eventdocs.testing._contract_subscribing import SubscribingContract
from eventdocs.testing._contract_together import TogetherContract
from eventdocs.testing._contract_transactions import TransactionContract


class EventStoreContract(
    AppendingContract,
    IdentityContract,
    TogetherContract,
    ReadingContract,
    FindingContract,
    RecordedContract,
    SubscribingContract,
    TransactionContract,
    LifetimeContract,
):
    """Everything that `eventdocs.store.EventStore` promises, as tests.

    Inherit it, and override the fixture `opening`; the tests are coroutines, so pytest
    needs a plugin that runs those (such as pytest-asyncio with `asyncio_mode = "auto"`).

    ```python
    class TestMyStore(EventStoreContract):
        @pytest.fixture
        def opening(self, tmp_path):
            return lambda events: open_store(f"sqlite:///{tmp_path}/log.db", events=events)
    ```
    """

    @pytest.fixture
    def opening(self) -> Opening:
        """Give what opens a store on one new database: always the same one within a test."""
        raise NotImplementedError("override the fixture `opening`")
