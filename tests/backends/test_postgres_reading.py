"""Reading on PostgreSQL: up to the watermark, by indexes, however the log has grown."""

from __future__ import annotations

import asyncio
import itertools
import re
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from sqlalchemy import text

from eventdocs.backends import open_store
from eventdocs.backends._postgres_reading import page_arguments, page_statement, span_query
from eventdocs.errors import ConfigurationError, StoreUnavailableError
from eventdocs.migrations import index_metadata
from eventdocs.migrations._metadata_index import index_name
from eventdocs.store import Selection
from tests.backends.postgres_hosts import Noted, host_engine, notes, opened, sql, texts

_GROW = """
    INSERT INTO eventdocs_events (
        sequence, stream, version, category, id, type, schema_version, data, digest, metadata,
        correlation_id, recorded_at
    )
    SELECT
        nextval('eventdocs_sequence'), 'grown-' || n % 100, n / 100 + 1, 'grown',
        gen_random_uuid(), 'Type' || n % 50, 1, '{"text":"x"}', '\\x00',
        CAST('{"actor":"actor-' || n / 200 || '","tenant":"tenant-' || n / 300 || '"}' AS json),
        CASE WHEN n % 4 = 0 THEN 'request-' || n / 200 END,
        TIMESTAMPTZ '2026-01-01T00:00Z' + n * INTERVAL '1 second'
    FROM generate_series(0, $1::integer - 1) AS n
"""


class TestWatermark:
    async def test_an_open_append_holds_readers_back(self, postgres_url: str) -> None:
        """What was numbered later and committed earlier is seen only when all before it is."""
        async with opened(postgres_url) as store:
            await store.append("a", notes("1"))
            async with store.begin() as tx:
                await store.using(tx).append("b", notes("2"))
                third = await store.append("c", notes("3"))

                for selection in (
                    Selection(),
                    Selection(category="c"),
                    Selection(types=("Noted",)),
                ):
                    page = await store.read_page(selection)
                    assert "3" not in [event.data.text for event in page.events]
                assert await texts(store) == ["1"]
                assert await texts(store, backward=True) == ["1"]
                assert await store.head() == 1

            assert await texts(store) == ["1", "2", "3"]
            assert await store.head() == third.sequence

    async def test_a_stream_is_read_without_waiting_for_others(self, postgres_url: str) -> None:
        """A stream's versions have no holes: nothing can appear below one that is there."""
        async with opened(postgres_url) as store, store.begin() as tx:
            await store.using(tx).append("a", notes("open"))
            await store.append("b", notes("done"))

            assert [event.data.text async for event in store.read_stream("b")] == ["done"]
            assert await store.stream_version("b") == 1

    async def test_a_transaction_sees_its_own_events_in_the_log(self, postgres_url: str) -> None:
        """But stops, like everybody, at the open appends of others."""
        async with opened(postgres_url) as store, store.begin() as mine:
            await store.using(mine).append("a", notes("mine"))
            assert await texts(store.using(mine)) == ["mine"]
            async with store.begin() as other:
                await store.using(other).append("b", notes("other's"))
                await store.using(mine).append("a", notes("mine later"))

                assert await texts(store.using(mine)) == ["mine"]

    async def test_a_rolled_back_append_leaves_a_hole_and_no_obstacle(
        self, postgres_url: str
    ) -> None:
        """Sequences that were never committed are passed."""
        async with opened(postgres_url) as store:
            async with store.connect() as tx:
                await store.using(tx).append("a", notes("gone"))
                await tx.rollback()
            kept = await store.append("a", notes("kept"))

            assert (kept.sequence, kept.version) == (2, 1)
            assert await texts(store) == ["kept"]

    async def test_other_locks_of_the_host_do_not_hold_readers_back(
        self, postgres_url: str
    ) -> None:
        """Advisory locks are the host's to use."""
        async with opened(postgres_url) as store, sql(postgres_url) as host:
            for key in (0, 1, 2**40 + 1, 2**62):
                await host.execute("SELECT pg_advisory_lock_shared($1)", key)
            await host.execute("SELECT pg_advisory_lock_shared(1, 2)")

            await store.append("a", notes("x"))

            assert await texts(store) == ["x"]

    async def test_refuses_to_read_the_log_under_an_older_snapshot(self, postgres_url: str) -> None:
        """REPEATABLE READ cannot see what the watermark promises; a stream it can."""
        async with (
            host_engine(postgres_url, isolation_level="REPEATABLE READ") as engine,
            open_store(engine, events=[Noted]) as store,
        ):
            await store.append("a", notes("x"))
            async with engine.begin() as tx:
                bound = store.using(tx)
                assert [event.version async for event in bound.read_stream("a")] == [1]
                await bound.append("a", notes("y"))
                with pytest.raises(ConfigurationError, match="READ COMMITTED"):
                    await bound.read_page(Selection())
                with pytest.raises(ConfigurationError, match="READ COMMITTED"):
                    await bound.head()

            assert await texts(store) == ["x", "y"]


class TestPages:
    async def test_a_cancelled_reader_leaves_the_pool_in_order(self, postgres_url: str) -> None:
        """Connections given back in the middle of a read are as good as new."""
        async with opened(postgres_url) as store:
            await store.append("a", notes(*"abcdefgh"))
            for _ in range(30):
                reading = [asyncio.create_task(store.read_page(Selection())) for _ in range(4)]
                await asyncio.sleep(0)
                reading[0].cancel()
                await asyncio.wait(reading[:1])
                reading[1].cancel()
                pages = await asyncio.gather(*reading, return_exceptions=True)
                assert [len(getattr(page, "events", ())) for page in pages[2:]] == [8, 8]

    async def test_a_silent_server_is_given_up_and_forgotten(self, postgres_url: str) -> None:
        """A statement without an answer is an error, and its connection is not used again."""
        async with (
            open_store(postgres_url, events=[Noted], statement_timeout=0.5) as store,
            sql(postgres_url) as host,
        ):
            await store.append("a", notes("x"))
            async with host.transaction():
                await host.execute("LOCK TABLE eventdocs_events IN ACCESS EXCLUSIVE MODE")
                with pytest.raises(StoreUnavailableError, match="in time"):
                    await store.read_page(Selection())

            assert await texts(store) == ["x"]

    async def test_several_types_are_read_in_the_logs_order(self, postgres_url: str) -> None:
        """By one search for each type, pages join without gap or overlap."""
        async with opened(postgres_url) as store, sql(postgres_url) as host:
            await host.execute(_GROW, 1_000)
            wanted = await host.fetch(
                "SELECT sequence FROM eventdocs_events WHERE type IN ('Type3', 'Type7', 'Type9') "
                "ORDER BY sequence"
            )
            expected = [row[0] for row in wanted]
            selection = Selection(types=("Type9", "Type3", "Type7", "Type3", "Unknown"))

            found: list[int] = []
            after = 0
            while True:
                page = await store.read_page(Selection(types=selection.types, after=after), limit=7)
                found += [event.sequence for event in page.events]
                after = page.through
                if page.is_last:
                    break

            assert found == expected
            backward = await store.read_page(
                Selection(types=selection.types, backward=True), limit=100
            )
            assert [event.sequence for event in backward.events] == expected[::-1]


_FOUND_BY = [
    (Selection(), "eventdocs_events_pkey", 63),
    (Selection(category="grown"), "eventdocs_events_category", 63),
    (Selection(types=("Type1",)), "eventdocs_events_type", 63),
    (Selection(types=("Type1", "Type2", "Nowhere")), "eventdocs_events_type", 63),
    (Selection(stream="grown-7"), "eventdocs_events_stream_version", 63),
    (Selection(stream="grown-7", actor="actor-1"), "eventdocs_events_stream_version", 200),
    (Selection(correlation_id="request-3"), "eventdocs_events_correlation_id", 63),
    (
        Selection(correlation_id="request-3", category="grown", types=("Type4", "Type8")),
        "eventdocs_events_correlation_id",
        63,
    ),
    (Selection(actor="actor-90"), "eventdocs_events_actor", 63),
    (Selection(actor="actor-90", category="grown"), "eventdocs_events_actor", 63),
    (Selection(metadata={"tenant": "tenant-60"}), index_name("tenant"), 300),
]


class TestPlans:
    @pytest.mark.parametrize("analysed", [True, False], ids=["analysed", "never analysed"])
    async def test_a_page_is_found_by_an_index_and_touches_little(
        self, postgres_url: str, analysed: bool
    ) -> None:
        """A page costs what a page holds, however long the log is."""
        await index_metadata(postgres_url, "tenant")
        async with sql(postgres_url) as connection:
            await connection.execute("ALTER TABLE eventdocs_events SET (autovacuum_enabled = off)")
            await connection.execute(_GROW, 20_000)
            if analysed:
                await connection.execute("ANALYZE eventdocs_events")
            for (selection, index, most), backward, mode in itertools.product(
                _FOUND_BY, (False, True), ("force_custom_plan", "force_generic_plan")
            ):
                asked = attrs.evolve(selection, backward=backward)
                statement = page_statement(asked, None)
                arguments = statement.arguments(page_arguments(asked, 20, 2**62))
                await connection.execute(f"SET plan_cache_mode = {mode}")
                plan = "\n".join(
                    row[0]
                    for row in await connection.fetch(
                        f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement.sql}", *arguments
                    )
                )

                assert index in plan, plan
                assert "Seq Scan" not in plan, plan
                assert _most_rows(plan) <= most, plan

    async def test_the_events_of_a_time_are_found_by_an_index(self, postgres_url: str) -> None:
        """Where they begin and end is found in their own blocks, and then read by place."""
        since = datetime(2026, 1, 1, 10, tzinfo=UTC)
        selection = Selection(since=since, before=since + timedelta(minutes=1))
        statement, arguments = span_query(selection, None)
        async with sql(postgres_url) as connection, opened(postgres_url) as store:
            await connection.execute(_GROW, 50_000)
            await connection.execute("VACUUM ANALYZE eventdocs_events")
            plan = "\n".join(
                row[0]
                for row in await connection.fetch(
                    f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement.sql}",
                    *statement.arguments(arguments),
                )
            )
            narrow = await store.narrowed(selection)

        assert "eventdocs_events_recorded_at" in plan, plan
        assert (narrow.after, narrow.until) == (36_000, 36_060)


class TestGrowth:
    async def test_a_session_that_began_on_an_empty_log_appends_as_fast_on_a_full_one(
        self, postgres_url: str
    ) -> None:
        """Plans that a session keeps from its first calls never turn into scans."""
        async with opened(postgres_url) as store, store.connect() as tx:
            bound = store.using(tx)
            for number in range(3):
                await bound.append(f"stream-{number}", notes("x"))
            await tx.exec_driver_sql(_GROW, (20_000,))
            await tx.commit()

            await bound.append("stream-1", notes("y"))
            scans = await tx.execute(
                text(
                    "SELECT relname, seq_scan, seq_tup_read FROM pg_stat_xact_user_tables "
                    "WHERE relname IN ('eventdocs_events', 'eventdocs_streams')"
                )
            )

            assert [tuple(row) for row in scans if row.seq_scan] == []


def _most_rows(plan: str) -> int:
    return max(int(rows.partition(".")[0]) for rows in re.findall(r"rows=([\d.]+) loops", plan))
