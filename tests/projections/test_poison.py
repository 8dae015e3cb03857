from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, open_store
from eventdocs.projections import ProjectionRunner, ProjectionState
from eventdocs.projections import _projection as projection_module
from eventdocs.projections import _replay as replay_module
from eventdocs.projections._dead_letters import (
    DeadLetter,
    find_dead_letter,
    read_dead_letters,
)
from tests.projections.keyed_trails import (
    KeyedTrails,
    Keys,
    Placed,
    across,
    fold,
    make_keyed_trails,
    read,
    within,
)
from tests.projections.trails import EVENTS, Marked, Noted, append_all

KINDS: Sequence[type[Noted | Marked]] = (Noted, Marked)


def by_stream(stream: str, _: str) -> str:
    """Tell the key that projectors have that name none."""
    return stream


@attrs.frozen
class Batch:
    """Some events that are appended together, and what somebody does when they were met.

    Attributes:
        events: With their streams.
        mended: Of the flawed texts so far, those that can be applied from now on.
        retried: Whether somebody retries then.
    """

    events: Sequence[tuple[str, Noted | Marked]]
    mended: frozenset[str]
    retried: bool


@attrs.frozen
class Course:
    """What happens to a projection.

    Attributes:
        keys: What it keeps in order.
        batches: One after the other.
        poison: Texts that cannot be applied until they are mended.
        keyless: Texts whose key cannot be told until they are mended.
        batch_size: Of the runner.
    """

    keys: Keys
    batches: Sequence[Batch]
    poison: frozenset[str]
    keyless: frozenset[str]
    batch_size: int


def make_course(chance: random.Random, prefix: str = "") -> Course:
    """Make up what happens: two streams, two keys across or within them, some poison."""
    keys = chance.choice([by_stream, across, within, within])
    poison: set[str] = set()
    keyless: set[str] = set()
    batches: list[Batch] = []
    number = 0
    for _ in range(chance.randint(1, 4)):
        events: list[tuple[str, Noted | Marked]] = []
        for _ in range(chance.randint(0, 12)):
            number += 1
            stream = f"{prefix}{chance.choice('st')}"
            text = f"{prefix}{chance.choice('ab')}.{number}"
            events.append((stream, chance.choice(KINDS)(text=text)))
            if chance.random() < 0.15:
                poison.add(text)
            # What is not known to be of a key cannot be kept in order with other streams.
            elif keys is within and chance.random() < 0.2:
                keyless.add(text)
        flawed = sorted(poison | keyless)
        mended = frozenset(chance.sample(flawed, chance.randint(0, len(flawed))))
        batches.append(Batch(events, mended, chance.random() < 0.6))
    return Course(
        keys, batches, frozenset(poison), frozenset(keyless), batch_size=chance.randint(1, 6)
    )


async def live_through(store: EventStore, course: Course, projector: KeyedTrails) -> None:
    """Let it happen; at every moment each key is in order, and in the end all is there."""
    placed: list[Placed] = [(e.stream, e.data.text) async for e in store.read_all()]
    projector.poison, projector.keyless = course.poison, course.keyless
    async with ProjectionRunner(store, [projector], batch_size=course.batch_size) as runner:
        for batch in course.batches:
            await append_all(store, batch.events)
            placed += [(stream, event.text) for stream, event in batch.events]
            await runner.catch_up()
            await expect_order(store, projector, placed)
            await expect_others(store, projector, placed, course.poison | course.keyless)
            projector.poison -= batch.mended
            projector.keyless -= batch.mended
            if batch.retried:
                await runner.retry(projector.name)
                await expect_order(store, projector, placed)
        projector.poison = projector.keyless = frozenset()
        left = await runner.retry(projector.name)
        (status,) = await runner.status()
    assert left == []
    assert await read(store, projector) == fold(placed, projector.keys)
    assert (status.state, status.dead_letters, status.lag) == (ProjectionState.RUNNING, 0, 0)


async def expect_order(store: EventStore, projector: KeyedTrails, placed: Sequence[Placed]) -> None:
    """Nothing of a key is ahead of what comes before it: every trail is how the whole begins."""
    whole = fold(placed, projector.keys)
    for key, trail in (await read(store, projector)).items():
        assert f"{whole[key]} ".startswith(f"{trail} ")


async def expect_others(
    store: EventStore, projector: KeyedTrails, placed: Sequence[Placed], flawed: Collection[str]
) -> None:
    """What has nothing to do with a flaw, neither by key nor by stream, has been applied."""
    names = {name for stream, text in placed if text in flawed for name in (stream, text)}
    hurt = {projector.keys(stream, text) for stream, text in placed if {stream, text} & names}
    found = await read(store, projector)
    for key, trail in fold(placed, projector.keys).items():
        assert key in hurt or found[key] == trail


async def live_in_memory(course: Course) -> None:
    async with open_store("sqlite:///:memory:", events=EVENTS) as store:
        await live_through(store, course, make_keyed_trails("poisoned", course.keys))


@pytest.mark.once
class TestPoison:
    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(chance=st.randoms(use_true_random=False))
    async def test_leaves_no_trace_once_it_is_mended(self, chance: random.Random) -> None:
        """Wherever it was and whatever was tried, the read model equals one without poison."""
        await live_in_memory(make_course(chance))

    async def test_leaves_no_trace_on_postgresql_either(self, postgres_url: str) -> None:
        """Several projections one after the other, each on what the others left behind, too."""
        async with open_store(postgres_url, events=EVENTS) as store:
            for seed in range(4):
                course = make_course(random.Random(seed), prefix=f"{seed}-")
                projector = make_keyed_trails(f"poisoned-{seed}", course.keys)
                await live_through(store, course, projector)


async def queue_nothing(*_: Any) -> frozenset[str]:
    """A planted bug: what follows a failed event is applied at once."""
    return frozenset()


async def from_the_last(
    tx: AsyncConnection, projection: str, *, after: int | None = None, **facts: Any
) -> DeadLetter | None:
    """A planted bug: the queue is replayed from its end."""
    if after is None:
        return None
    letters = await read_dead_letters(tx, projection)
    ahead = [each for each in letters if each.sequence < (after or facts["before"])]
    return ahead[-1] if ahead else None


async def held_by_nothing(
    tx: AsyncConnection, projection: str, *, after: int | None = None, **facts: Any
) -> DeadLetter | None:
    """A planted bug: what waits is replayed although what it waits for still fails."""
    if after is None:
        return None
    return await find_dead_letter(tx, projection, after=after, **facts)


@pytest.mark.once
class TestPlantedBugs:
    @pytest.mark.parametrize(
        ("module", "name", "bug"),
        [
            (projection_module, "parked_keys", queue_nothing),
            (replay_module, "find_dead_letter", from_the_last),
            (replay_module, "find_dead_letter", held_by_nothing),
        ],
    )
    async def test_are_found(
        self, monkeypatch: pytest.MonkeyPatch, module: object, name: str, bug: object
    ) -> None:
        """Each of them shows within a few courses."""
        monkeypatch.setattr(module, name, bug)

        found = 0
        for seed in range(10):
            try:
                await live_in_memory(make_course(random.Random(seed)))
            except AssertionError:
                found += 1

        assert found >= 2
