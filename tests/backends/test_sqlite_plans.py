"""How SQLite finds a page: by an index, in order, without collecting and sorting."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from eventdocs.backends import open_store
from eventdocs.backends._sqlite_reading import page_query, span_query
from eventdocs.migrations import index_metadata
from eventdocs.migrations._metadata_index import index_name
from eventdocs.store import Selection
from tests.backends.sqlite_hosts import Noted, sql

YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def plan(connection: sqlite3.Connection, selection: Selection) -> list[str]:
    statement, arguments = page_query(selection, 500)
    rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", arguments)
    return [row[3] for row in rows]


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    ("selection", "search"),
    [
        (Selection(after=7), "INTEGER PRIMARY KEY (rowid>?)"),
        (Selection(after=7, until=9), "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (Selection(stream="a-1"), "(stream=? AND version>?)"),
        (Selection(stream="a-1", types=("A", "B")), "(stream=? AND version>?)"),
        (Selection(category="a", after=7), "eventdocs_events_category (category=? AND sequence>?)"),
        (Selection(types=("A",), after=7), "eventdocs_events_type (type=? AND sequence>?)"),
        (Selection(stream="a-1", actor="b", correlation_id="c"), "(stream=? AND version>?)"),
        (
            Selection(correlation_id="c", after=7, category="a", types=("A", "B"), actor="b"),
            "eventdocs_events_correlation_id (correlation_id=? AND sequence>?)",
        ),
        (
            Selection(actor="b", category="a", types=("A",), until=9),
            "eventdocs_events_actor (<expr>=? AND sequence>? AND sequence<?)",
        ),
        (
            Selection(metadata={"tenant": "x"}, after=7),
            f"{index_name('tenant')} (<expr>=? AND sequence>?)",
        ),
        (Selection(since=YEAR, before=YEAR, after=7), "INTEGER PRIMARY KEY (rowid>?)"),
    ],
    ids=str,
)
async def test_a_page_is_one_ordered_search(
    selection: Selection, search: str, sqlite_url: str, *, backward: bool
) -> None:
    """However long the log is, a page costs what its events cost."""
    async with open_store(sqlite_url, events=[Noted]):
        await index_metadata(sqlite_url, "tenant")

    with sql(Path(sqlite_url.removeprefix("sqlite:///"))) as connection:
        steps = plan(connection, attrs.evolve(selection, backward=backward))

    assert len(steps) == 1
    assert steps[0].startswith("SEARCH eventdocs_events USING")
    assert steps[0].endswith(search)


@pytest.mark.parametrize("backward", [False, True])
async def test_several_types_are_one_search_each(sqlite_url: str, *, backward: bool) -> None:
    """Only places are collected, at most a page of each type; then the page's rows are read."""
    types = ("A", "B", "C")
    async with open_store(sqlite_url, events=[Noted]):
        pass

    with sql(Path(sqlite_url.removeprefix("sqlite:///"))) as connection:
        steps = plan(connection, Selection(types=types, after=7, backward=backward))

    searches = [step for step in steps if "eventdocs_events_type" in step]
    assert len(searches) == len(types)
    assert all("COVERING INDEX" in step and "sequence>?" in step for step in searches)
    assert not [step for step in steps if "SCAN eventdocs_events" in step]
    assert not [step for step in steps if "TEMP B-TREE" in step]


async def test_the_events_of_a_time_are_found_by_an_index(sqlite_url: str) -> None:
    """Where they begin and end is read from the index on times alone."""
    async with open_store(sqlite_url, events=[Noted]):
        pass

    with sql(Path(sqlite_url.removeprefix("sqlite:///"))) as connection:
        statement, arguments = span_query(Selection(since=YEAR, before=YEAR))
        (row,) = connection.execute(f"EXPLAIN QUERY PLAN {statement}", arguments)

    assert row[3].endswith(
        "COVERING INDEX eventdocs_events_recorded_at (recorded_at>? AND recorded_at<?)"
    )
