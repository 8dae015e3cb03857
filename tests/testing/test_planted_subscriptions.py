"""The contract catches subscriptions that leave something out or give it twice."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest
from typing_extensions import override

from eventdocs.store import Page, Selection, Subscription
from eventdocs.testing import EventStoreContract, _contract_finding, _contract_subscribing
from tests.testing.broken_stores import FaithfulStore, opening

pytestmark = pytest.mark.once


class _Hasty(Subscription):
    """Goes live after the first page, before it has caught up."""

    @override
    async def _look(self) -> Page | None:
        page = await super()._look()
        if page is None or page.is_last or self._selection.after:
            return page
        return attrs.evolve(page, through=await self._store.head(), is_last=True)


class _Forgetful(Subscription):
    """Gives the last event again whenever it has waited."""

    @override
    async def _look(self) -> Page | None:
        page = await super()._look()
        if page is None or not page.is_last or not page.events:
            return page
        return attrs.evolve(page, through=page.through - 1)


class _Careless(Subscription):
    """Has moved on before the page is there, so that a cancelled call loses it."""

    @override
    async def _look(self) -> Page | None:
        page = await super()._look()
        if page is not None and page.events:
            self._selection = attrs.evolve(self._selection, after=page.through)
            await asyncio.sleep(0.002)
        return page


class _Greedy(Subscription):
    """Reads everything at once, whatever the consumer's pace."""

    @override
    async def _look(self) -> Page | None:
        page = await super()._look()
        while page is not None and not page.is_last:
            self._selection = attrs.evolve(self._selection, after=page.through)
            more = await super()._look()
            assert more is not None
            page = attrs.evolve(more, events=page.events + more.events)
        return page


class _Unfiltered(Subscription):
    """Forgets its filter once it is live."""

    @override
    async def _look(self) -> Page | None:
        page = await super()._look()
        if page is not None and page.is_last:
            self._selection = Selection(after=self._selection.after)
        return page


class _Restless(Subscription):
    """Looks through everything again that was not for it."""

    @override
    async def _look(self) -> Page | None:
        page = await super()._look()
        return None if page is None else attrs.evolve(page, searched=0)


def _store_with(broken: type[Subscription]) -> type[FaithfulStore]:
    class Broken(FaithfulStore):
        @override
        def subscribe(self, **options: Any) -> Subscription:
            sound = super().subscribe(**options)
            facts = vars(sound)
            selection, page_size = facts["_selection"], facts["_page_size"]
            return broken(self, selection, page_size=page_size, poll_interval=0.01)

        @override
        def listening(self) -> Any:
            return self.inner.listening()

    return Broken


CAUGHT = {
    _Hasty: "catches_up_and_goes_live_without_gap_or_repeat",
    _Forgetful: "hears_of_appends_through_other_stores_and_transactions",
    _Careless: "a_call_that_is_cancelled_has_taken_nothing",
    _Greedy: "reads_no_further_ahead_than_a_page",
    _Restless: "an_idle_follower_does_not_look_through_the_log_again",
    _Unfiltered: "follows_categories_and_types_from_any_place",
}


@pytest.mark.parametrize(("bug", "promise"), CAUGHT.items())
async def test_the_contract_catches(
    bug: type[Subscription], promise: str, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The promise that the bug breaks fails, and a subscription without the bug keeps it."""
    keeps = getattr(EventStoreContract(), f"test_{promise}")

    await keeps(opening(_store_with(Subscription), f"{sqlite_url}.sound"))
    for contract in (_contract_subscribing, _contract_finding):
        monkeypatch.setattr(contract, "PATIENCE", 1.0)
    with pytest.raises((AssertionError, TimeoutError)):
        await keeps(opening(_store_with(bug), sqlite_url))
