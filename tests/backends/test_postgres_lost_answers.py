"""Acknowledgements that never arrive: nothing is lost, doubled, or told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import UUID

import pytest

from eventdocs.backends import open_store
from eventdocs.errors import EventdocsError
from eventdocs.store import Appended, EventStore, NewEvent, StreamEvents
from tests.backends.cutting_proxy import cut_once, cutting_proxy
from tests.backends.postgres_hosts import Noted, sql
from tests.stress.harness import SCALE

ANSWERS = int(4_000 * SCALE)
STORES = 4
AT_ONCE = 10

# An append that knows nothing of ids: what is repeated becomes another event.
_IGNORE_IDS = """
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN NEW.id := gen_random_uuid(); RETURN NEW; END; $$;
CREATE TRIGGER forget BEFORE INSERT ON eventdocs_events FOR EACH ROW EXECUTE FUNCTION forget();
"""


@pytest.mark.once
async def test_an_append_whose_answer_is_lost_is_recorded_once_and_acknowledged(
    postgres_url: str,
) -> None:
    """Cut after the commit thousands of times: the first places, no duplicate, no error."""
    assert await _violations(postgres_url, answers=ANSWERS) == []


async def test_the_comparison_catches_an_append_that_ignores_ids(postgres_url: str) -> None:
    """What is planted is seen, and seen as what it is."""
    async with sql(postgres_url) as administrator:
        await administrator.execute(_IGNORE_IDS)

    violations = await _violations(postgres_url, answers=STORES * AT_ONCE)

    assert any("stands" in each for each in violations)


async def _violations(url: str, *, answers: int) -> list[str]:
    """Append through connections that are cut; tell what writers were told that is not so."""
    told: dict[UUID, tuple[str, int, int]] = {}
    problems: list[str] = []

    async def append(store: EventStore, name: str, *, streams: int) -> None:
        unit = [
            StreamEvents(stream=f"{stream}-{name}", events=_events(f"{stream} {name}"))
            for stream in ("note", "other")[:streams]
        ]
        try:
            appended = await store.append_many(unit)
        except EventdocsError as error:
            problems.append(f"{name} was told {error!r}")
            return
        if not all(each.repeated for each in appended):
            problems.append(f"{name} was no repeat, though its answer was cut off")
        told.update(_places(appended))

    async with cutting_proxy(url) as proxy, contextlib.AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(open_store(proxy.url, events=[Noted]))
            for _ in range(STORES)
        ]
        for turn in range(answers // STORES // AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for writer, store in enumerate(stores):
                    for number in range(AT_ONCE):
                        name = f"{writer}/{turn}/{number}"
                        group.create_task(append(store, name, streams=1 + number % 2))
    if proxy.cuts < answers // AT_ONCE:
        problems.append(f"only {proxy.cuts} connections were cut")

    async with sql(url) as administrator:
        rows = await administrator.fetch(
            "SELECT id, stream, version, sequence FROM eventdocs_events"
        )
    there = {row[0]: (row[1], row[2], row[3]) for row in rows}
    problems += [
        f"told {told.get(each)}, stands at {there.get(each)}"
        for each in told.keys() | there.keys()
        if told.get(each) != there.get(each)
    ]
    return problems


def _events(name: str) -> list[NewEvent[Noted]]:
    return [NewEvent(data=Noted(text=cut_once(name))), NewEvent(data=Noted(text="second"))]


def _places(appended: Sequence[Appended]) -> dict[UUID, tuple[str, int, int]]:
    return {
        place.id: (each.stream, place.version, place.sequence)
        for each in appended
        for place in each.places
    }
