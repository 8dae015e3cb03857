"""A sample of the streams: the same every time, and honest about what it has covered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, delete, insert, update

from eventdocs import EventStore, open_store
from eventdocs.errors import ConfigurationError, ProjectorDefinitionError
from eventdocs.projections import DifferenceKind, ProjectionRunner, Sample
from tests.projections.trails import EVENTS, Noted, Trails, append_all, make_trails

STREAMS = [f"stream-{number}" for number in range(30)]
HALF = Sample(share=0.5, seed=3)
INSIDE = [stream for stream in STREAMS if HALF.includes(stream)]
OUTSIDE = [stream for stream in STREAMS if not HALF.includes(stream)]


def make_sampled() -> Trails:
    """Make trails, whose rows each come from one stream, and that say so."""
    plain = make_trails()
    made: Trails = type("Sampled", (type(plain),), {"is_per_stream": True})()
    return made


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        await append_all(opened, [(each, Noted(text=text)) for text in "12" for each in STREAMS])
        yield opened


class TestASample:
    def test_is_the_same_every_time(self) -> None:
        """On every machine and Python; these are of this seed for ever."""
        again = Sample(share=0.5, seed=3)

        assert [each for each in STREAMS if again.includes(each)] == INSIDE
        assert INSIDE[:4] == ["stream-1", "stream-2", "stream-3", "stream-7"]

    def test_has_the_share_of_streams_that_it_says(self) -> None:
        """Each seed another one; a smaller share is a part of a greater one."""
        names = [f"document-{number}" for number in range(4000)]
        chosen = [
            {each for each in names if Sample(share=share, seed=seed).includes(each)}
            for share, seed in ((0.1, 1), (0.1, 2), (0.2, 1), (1, 1))
        ]

        assert [len(each) / 4000 for each in chosen] == pytest.approx([0.1, 0.1, 0.2, 1], abs=0.02)
        assert chosen[0] < chosen[2]
        assert len(chosen[0] & chosen[1]) < len(chosen[0]) / 2

    @pytest.mark.parametrize("share", [0, -0.5, 1.01, float("nan")])
    def test_of_no_share_is_refused(self, share: float) -> None:
        """Nothing, or more than all, cannot be looked at."""
        with pytest.raises(ConfigurationError, match="above 0 and at most 1"):
            Sample(share=share)


class TestVerify:
    async def test_compares_the_rows_of_the_sample_alone(self, store: EventStore) -> None:
        """It says how many; rows of other streams may be as wrong as they like."""
        trails = make_sampled()

        async with ProjectionRunner(store, [trails], batch_size=7) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                missed = trails.table.c.stream.in_(OUTSIDE[1:])
                await tx.execute(update(trails.table).where(missed).values(n=99))
                await tx.execute(delete(trails.table).where(trails.table.c.stream == OUTSIDE[0]))
                await tx.execute(insert(trails.table).values(stream="unheard of", n=1, trail=""))
            report = await runner.verify(trails.name, sample=HALF)

        assert report.is_equal
        assert (report.sample, report.sequence) == (HALF, 60)
        assert (report.streams, report.rows) == (len(INSIDE), len(INSIDE))

    @pytest.mark.parametrize("stream", [INSIDE[0], INSIDE[-1]])
    async def test_finds_what_is_wrong_in_the_sample(self, store: EventStore, stream: str) -> None:
        """A changed row and a missing one."""
        trails = make_sampled()
        here = trails.table.c.stream == stream

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                await tx.execute(update(trails.table).where(here).values(trail="1/2 "))
            changed = (await runner.verify(trails.name, sample=HALF)).difference
            async with store.begin() as tx:
                await tx.execute(delete(trails.table).where(here))
            missing = (await runner.verify(trails.name, sample=HALF)).difference

        assert changed is not None
        assert (changed.kind, changed.column) == (DifferenceKind.CHANGED, "trail")
        assert (changed.key, changed.recomputed) == ({"stream": stream}, "1/2")
        assert missing is not None
        assert (missing.kind, missing.key) == (DifferenceKind.MISSING, {"stream": stream})

    async def test_refuses_where_a_row_may_come_from_several_streams(
        self, store: EventStore
    ) -> None:
        """A sample of the events would give other rows without anything being wrong."""
        trails = make_trails()

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            with pytest.raises(ConfigurationError, match="set is_per_stream = True"):
                await runner.verify(trails.name, sample=HALF)

    def test_needs_rows_that_can_be_found(self) -> None:
        """Without a key, no row could be told from those of other streams."""
        keyless = Table("keyless", MetaData(), Column("n", Integer))

        with pytest.raises(ProjectorDefinitionError, match="needs tables with primary keys"):
            type("Keyless", (type(make_sampled()),), {"tables": (keyless,)})
