"""The watch over the feed, without a database: whom it names, when, and how often."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from typing_extensions import override

from eventdocs.errors import StoreUnavailableError
from eventdocs.observability import NullInstrumentation
from eventdocs.store import FeedHolder, FeedStatus, FeedWatch

_FIRST = FeedHolder(floor=1, pid=7, application="shop")
_SECOND = FeedHolder(floor=4, gid="o'hara")


class Told(NullInstrumentation):
    def __init__(self) -> None:
        self.seconds: list[float] = []

    @override
    def feed_held(self, *, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.mark.parametrize(
    ("holder", "named"),
    [
        (FeedHolder(floor=1, pid=7), "backend 7"),
        (_FIRST, "backend 7 (shop)"),
        (FeedHolder(floor=1, pid=7, state="active"), "backend 7 (active)"),
        (
            FeedHolder(
                floor=1,
                gid="two",
                application="ada",
                state="prepared",
                began_at=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
            ),
            "prepared transaction 'two' (ada, since 2024-05-06 07:08:09 UTC)",
        ),
    ],
    ids=["process", "application", "state", "prepared"],
)
def test_a_holder_is_named_by_what_is_known_of_it(holder: FeedHolder, named: str) -> None:
    """What the server does not tell leaves no trace."""
    assert str(holder) == named


async def test_a_watch_tells_once_of_each_that_holds_for_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each at its own tenth second, and one line when the last of them has ended."""
    caplog.set_level(logging.INFO, "eventdocs.store")
    moments: list[tuple[float, tuple[FeedHolder, ...]]] = [
        (0.0, (_FIRST,)),
        (5.0, (_FIRST, _SECOND)),
        (9.9, (_FIRST, _SECOND)),
        (10.0, (_FIRST, _SECOND)),
        (14.0, (_FIRST, _SECOND)),
        (15.0, (_SECOND,)),
        (16.0, (_SECOND,)),
        (20.0, ()),
        (21.0, ()),
    ]
    passed = moments[:0]

    async def feed() -> FeedStatus:
        _, holders = passed[-1]
        return FeedStatus(last=9, settled=holders[0].floor - 1 if holders else 9, holders=holders)

    told = Told()
    watch = FeedWatch(feed, "the database", told, clock=lambda: passed[-1][0])
    lines: list[tuple[float, str, object, object]] = []
    for moment in moments:
        passed.append(moment)
        caplog.clear()
        await watch.look()
        lines += [(moment[0], *line) for line in _lines(caplog)]

    assert lines == [
        (10.0, "eventdocs.feed.held", "backend 7 (shop)", (10.0, 0, 9)),
        (15.0, "eventdocs.feed.held", 'prepared transaction "o\'hara"', (10.0, 3, 9)),
        (20.0, "eventdocs.feed.released", None, (None, None, None)),
    ]
    assert told.seconds == [10.0, 14.0, 10.0, 11.0, 0.0]


def _lines(caplog: pytest.LogCaptureFixture) -> Iterator[tuple[str, object, object]]:
    for record in caplog.records:
        facts = vars(record)
        assert facts["database"] == "the database"
        numbers = tuple(facts.get(name) for name in ("held_seconds", "settled", "last"))
        yield record.getMessage(), facts.get("holder"), numbers


async def test_a_watch_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks again and again; who reads the log is told of the trouble."""
    monkeypatch.setattr("eventdocs.store._feed.HELD_SECONDS", 0.001)
    looks = 0
    looked_again = asyncio.Event()

    async def feed() -> FeedStatus:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise StoreUnavailableError("the database", "away")
        looked_again.set()
        return FeedStatus(last=0, settled=0)

    watching = asyncio.create_task(FeedWatch(feed, "the database", Told()).run())
    await asyncio.wait_for(looked_again.wait(), 10)

    assert not watching.done()
    watching.cancel()
    await asyncio.wait([watching])
