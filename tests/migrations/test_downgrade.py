"""Going back: every step has a way back, and none that loses something is taken unasked."""

from __future__ import annotations

import attrs
import pytest

from eventdocs import Expect, event, open_store
from eventdocs.errors import ConfigurationError, DataLossError, SchemaTooOldError
from eventdocs.migrations import LATEST, current, downgrade, drift, plan, upgrade
from eventdocs.migrations._steps import DIALECTS, steps, steps_down
from tests.migrations.schemas import shape


@event("Shelved")
@attrs.frozen
class Shelved:
    pass


def test_every_step_has_a_way_back() -> None:
    """On both backends, under the same name."""
    for dialect in DIALECTS:
        assert [(step.version, step.name) for step in reversed(steps_down(dialect))] == [
            (step.version, step.name) for step in steps(dialect)
        ]


def test_both_backends_lose_the_same() -> None:
    """A version means the same wherever it is, also on its way back."""
    losses = [{step.version: step.loses for step in steps_down(each)} for each in DIALECTS]

    assert losses[0] == losses[1]
    assert losses[0][1].startswith("every event")


@pytest.mark.parametrize("version", range(LATEST))
async def test_back_leads_to_what_was_there_before(empty_url: str, version: int) -> None:
    """Table by table, index by index and function by function; and up again to the latest."""
    await upgrade(empty_url, version=version)
    before = await shape(empty_url)
    await upgrade(empty_url)

    taken = await downgrade(empty_url, version=version, allow_data_loss=True)

    assert [step.version for step in taken] == list(range(LATEST, version, -1))
    assert await current(empty_url) == version
    assert await shape(empty_url) == before
    await upgrade(empty_url)
    assert await drift(empty_url) == []


async def test_a_step_that_loses_something_is_refused(database_url: str) -> None:
    """With what it would lose, before anything is changed."""
    await upgrade(database_url)
    before = await shape(database_url)

    with pytest.raises(DataLossError, match="every event") as caught:
        await downgrade(database_url, version=0)

    assert "allow" in str(caught.value)
    assert await shape(database_url) == before


async def test_the_way_back_is_planned_like_the_way_up(database_url: str) -> None:
    """Newest first, and each step tells what is lost with it."""
    await upgrade(database_url)

    planned = await plan(database_url, version=LATEST - 2)
    taken = await downgrade(database_url, version=LATEST - 2, allow_data_loss=True)

    assert planned == taken
    assert [step.leads_to for step in planned] == [LATEST - 1, LATEST - 2]


async def test_neither_way_goes_the_other(database_url: str) -> None:
    """Going up to an earlier version, or down to a later one, does nothing."""
    await upgrade(database_url)
    assert await upgrade(database_url, version=3) == []

    await downgrade(database_url, version=3, allow_data_loss=True)

    assert await downgrade(database_url, version=5) == []
    assert await current(database_url) == 3


async def test_events_live_through_the_way_down_and_up(database_url: str) -> None:
    """As long as it does not lead to nothing."""
    async with open_store(database_url, events=[Shelved], migrate=True) as store:
        await store.append("shelf-1", [Shelved()], expected=Expect.NO_STREAM)
        before = [(each.sequence, each.id) async for each in store.read_all()]

    await downgrade(database_url, version=1, allow_data_loss=True)
    with pytest.raises(SchemaTooOldError):
        await open_store(database_url, events=[Shelved], migrate=False)

    async with open_store(database_url, events=[Shelved], migrate=True) as store:
        assert [(each.sequence, each.id) async for each in store.read_all()] == before
        await store.append("shelf-1", [Shelved()], expected=1)


@pytest.mark.parametrize("version", [-1, LATEST + 1])
async def test_versions_that_there_are_not_are_refused(sqlite_url: str, version: int) -> None:
    """With those that there are."""
    for call in (upgrade, downgrade, plan):
        with pytest.raises(ConfigurationError, match=f"0 to {LATEST}"):
            await call(sqlite_url, version=version)
