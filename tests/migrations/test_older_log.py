"""An older event log: all of it comes over, in order, and what came since goes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from eventdocs import EventStore, event, open_store
from eventdocs.errors import OlderLogError
from eventdocs.migrations import (
    OlderDocumentTakenOver,
    TakenOver,
    compare_older,
    downgrade,
    give_back,
    take_over,
)

POSTGRES = """
CREATE TABLE events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), {sequence}
    aggregate_id uuid NOT NULL, aggregate_type text NOT NULL, event_type text NOT NULL,
    event_version integer NOT NULL, payload jsonb NOT NULL, metadata jsonb,
    created_at timestamptz NOT NULL
);
CREATE TABLE document_views (id uuid PRIMARY KEY, title text, pages integer);
CREATE TABLE semantic_ir (
    id serial PRIMARY KEY, document_id uuid, ir_type text, name text, table_data jsonb
)
"""
SQLITE = """
CREATE TABLE events (
    id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))), {sequence}
    aggregate_id TEXT NOT NULL, aggregate_type TEXT NOT NULL, event_type TEXT NOT NULL,
    event_version INTEGER NOT NULL, payload TEXT NOT NULL, metadata TEXT,
    created_at TEXT NOT NULL
);
CREATE TABLE document_views (id TEXT PRIMARY KEY, title TEXT, pages INTEGER);
CREATE TABLE semantic_ir (
    id INTEGER PRIMARY KEY, document_id TEXT, ir_type TEXT, name TEXT, table_data TEXT
)
"""
ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

# The clock of the second event was behind that of the first.
ROWS: tuple[tuple[str, str, str, int, dict[str, Any], str], ...] = (
    (ONE, "document", "DocumentUploaded", 1, {"title": "A", "n": 2.5}, "2024-05-01 10:00:02+00"),
    (ONE, "document", "DocumentRenamed", 2, {"title": "größe"}, "2024-05-01 10:00:01+00"),
    (TWO, "document", "DocumentUploaded", 1, {"title": "B"}, "2024-05-01 10:00:01.500000+00"),
    (TWO, "analysis", "AnalysisAsked", 1, {}, "2024-05-01 10:00:03+00"),
)
BY_TIME = ["DocumentUploaded B", "DocumentUploaded A", "DocumentRenamed größe", "AnalysisAsked "]


@event("DocumentRenamed")
@attrs.frozen(kw_only=True)
class DocumentRenamed:
    title: str


EVENTS = (DocumentRenamed, OlderDocumentTakenOver)


def _driver(url: str) -> str:
    return url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")


async def _run(url: str, *statements: str, **values: Any) -> list[Any]:
    engine = create_async_engine(_driver(url))
    rows: list[Any] = []
    async with engine.begin() as connection:
        for statement in statements:
            result = await connection.execute(text(statement), values)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    await engine.dispose()
    return rows


async def _fill(url: str, *, sequences: Mapping[int, int | None] | None = None) -> None:
    """Make the older tables with rows, with a sequence each if *sequences* are given."""
    shape = SQLITE if url.startswith("sqlite") else POSTGRES
    column = "" if sequences is None else "sequence bigint,"
    await _run(url, *shape.format(sequence=column).split(";"))
    json_type = "text" if url.startswith("sqlite") else "jsonb"
    for number, (aggregate, kind, name, version, payload, at) in enumerate(ROWS):
        names, extra = (
            ("", "") if sequences is None else ("sequence, ", f"{sequences[number] or 'NULL'}, ")
        )
        await _run(
            url,
            f"INSERT INTO events ({names}aggregate_id, aggregate_type, event_type, event_version, "
            f"payload, metadata, created_at) VALUES ({extra}'{aggregate}', '{kind}', '{name}', "
            f"{version}, CAST(CAST(:payload AS text) AS {json_type}), "
            f"CAST(CAST(:metadata AS text) AS {json_type}), '{at}')",
            payload=json.dumps(payload),
            metadata=json.dumps({"correlation_id": f"c{number}", "user": "ada"}),
        )
    await _run(
        url,
        f"INSERT INTO document_views VALUES ('{ONE}', 'A', 3)",
        f"INSERT INTO semantic_ir VALUES (1, '{ONE}', 'definition', 'rate', '[[1, 2]]')",
        f"INSERT INTO semantic_ir VALUES (2, '{ONE}', 'formula', 'sum', NULL)",
        f"INSERT INTO semantic_ir VALUES (3, '{TWO}', 'formula', 'other', NULL)",
    )


async def _told(store: EventStore) -> list[str]:
    """Read the log: what happened, by whom and to what."""
    return [
        f"{each.type} {json.loads(each.raw.payload).get('title', '')}"
        async for each in store.read_all()
        if each.type != "OlderDocumentTakenOver"
    ]


async def test_events_come_over_in_the_order_of_time_and_version(database_url: str) -> None:
    """No event of an aggregate overtakes an earlier one, though its clock went back."""
    await _fill(database_url)

    async with open_store(database_url, events=EVENTS, migrate=True) as store:
        taken = await take_over(store, database_url)

        assert taken == TakenOver(events=4, streams=3, documents=2)
        assert await _told(store) == BY_TIME
        stream = [each async for each in store.read_stream(f"document-{ONE}")]
        assert [(each.version, each.type) for each in stream] == [
            (1, "DocumentUploaded"),
            (2, "DocumentRenamed"),
        ]
        assert stream[1].data == DocumentRenamed(title="größe")
        assert stream[0].raw.correlation_id == "c0"
        assert json.loads(stream[0].raw.metadata)["user"] == "ada"
        assert stream[0].recorded_at.isoformat() == "2024-05-01T10:00:02+00:00"
        assert await compare_older(store, database_url) == []


async def test_a_sequence_that_there_is_stays(database_url: str) -> None:
    """With its holes; later appends go on behind it."""
    await _fill(database_url, sequences={0: 3, 1: 7, 2: 9, 3: 20})

    async with open_store(database_url, events=EVENTS, migrate=True) as store:
        await take_over(store, database_url)
        places = [each.sequence async for each in store.read_all()]
        later = await store.append("x-1", [DocumentRenamed(title="later")])

    assert places == [3, 7, 9, 20, 21, 22]
    assert later.sequence > 22


async def test_a_sequence_with_nulls_is_none(database_url: str) -> None:
    """Order is that of time then, for all of them."""
    await _fill(database_url, sequences={0: 3, 1: None, 2: 9, 3: None})

    async with open_store(database_url, events=EVENTS, migrate=True) as store:
        await take_over(store, database_url)

        assert await _told(store) == BY_TIME


async def test_what_the_read_models_knew_becomes_events(database_url: str) -> None:
    """One for each document, with its rows as they are; also where only meanings were left."""
    await _fill(database_url)

    async with open_store(database_url, events=EVENTS, migrate=True) as store:
        await take_over(store, database_url)
        known = [
            each.data async for each in store.read_all() if each.type == "OlderDocumentTakenOver"
        ]

    first, second = known
    assert isinstance(first, OlderDocumentTakenOver)
    assert isinstance(second, OlderDocumentTakenOver)
    assert first.document == {"id": ONE, "title": "A", "pages": 3}
    assert [row["name"] for row in first.semantic_ir] == ["rate", "sum"]
    assert (second.document_id, second.document) == (TWO, None)


async def test_what_came_since_goes_back(database_url: str) -> None:
    """Once, in the older shape; without the log, the older application goes on."""
    await _fill(database_url)
    async with open_store(database_url, events=EVENTS, migrate=True) as store:
        await take_over(store, database_url)
        await store.append(f"document-{ONE}", [DocumentRenamed(title="new")], expected=2)
        await store.append(
            "folder-7e4b8d5e-0b5c-4f0e-8a53-0d1a9f9b6a10", [DocumentRenamed(title="other")]
        )

        counts = [await give_back(store, database_url), await give_back(store, database_url)]

    await downgrade(database_url, version=0, allow_data_loss=True)
    rows = await _run(
        database_url,
        "SELECT CAST(aggregate_id AS text), aggregate_type, event_version, "
        "CAST(payload AS text) FROM events WHERE event_type = 'DocumentRenamed' "
        "ORDER BY created_at",
    )
    assert counts == [2, 0]
    assert [(row[0], row[1], row[2], json.loads(row[3])["title"]) for row in rows] == [
        (ONE, "document", 2, "größe"),
        (ONE, "document", 3, "new"),
        ("7e4b8d5e-0b5c-4f0e-8a53-0d1a9f9b6a10", "folder", 1, "other"),
    ]


async def test_what_was_given_back_is_known_again_without_ids(sqlite_url: str) -> None:
    """By its place in its stream."""
    await _run(
        sqlite_url,
        "CREATE TABLE events (aggregate_id TEXT, aggregate_type TEXT, event_type TEXT, "
        "event_version INTEGER, payload TEXT, metadata TEXT, created_at TEXT)",
        "INSERT INTO events VALUES ('1', 'my-box', 'Filled', 1, '{}', NULL, '2024-01-01')",
    )
    counts: list[int] = []
    async with open_store(sqlite_url, events=EVENTS, migrate=True) as store:
        await take_over(store, sqlite_url)
        for expected in (1, 2):
            await store.append("my_box-1", [DocumentRenamed(title="new")], expected=expected)
            counts += [await give_back(store, sqlite_url), await give_back(store, sqlite_url)]

    rows = await _run(sqlite_url, "SELECT aggregate_type, event_version FROM events ORDER BY 2")
    assert counts == [1, 0, 1, 0]
    assert rows == [("my-box", 1), ("my-box", 2), ("my-box", 3)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DELETE FROM events WHERE event_version = 2", "differs in its"),
        ("UPDATE events SET payload = '{}' WHERE event_version = 2", "payload"),
        ("UPDATE events SET event_type = 'Other' WHERE event_version = 2", "type"),
    ],
)
async def test_a_comparison_finds_what_differs(database_url: str, change: str, told: str) -> None:
    """And then nothing is given back."""
    await _fill(database_url)
    async with open_store(database_url, events=EVENTS, migrate=True) as store:
        await take_over(store, database_url)
        await _run(database_url, change)

        (difference,) = await compare_older(store, database_url)
        with pytest.raises(OlderLogError):
            await give_back(store, database_url)

    assert told in difference


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE events SET event_version = 1", "occurs twice"),
        ("ALTER TABLE events RENAME COLUMN payload TO body", "no column payload"),
        ("ALTER TABLE events RENAME TO happenings", "no table events"),
        ("UPDATE events SET payload = '[1]' WHERE event_version = 2", "no JSON object"),
        ("UPDATE events SET payload = '{\"n\": 99999999999999999999}'", "more than 64 bits"),
    ],
)
async def test_tables_that_cannot_be_a_log_are_refused(
    database_url: str, change: str, told: str
) -> None:
    """Nothing of them is recorded."""
    await _fill(database_url)
    await _run(database_url, change)

    async with open_store(database_url, events=EVENTS, migrate=True) as store:
        with pytest.raises(OlderLogError, match=told):
            await take_over(store, database_url)

        assert await store.head() == 0


async def test_a_log_that_holds_events_is_refused(database_url: str) -> None:
    """Sequences would lie."""
    await _fill(database_url)
    async with open_store(database_url, events=EVENTS, migrate=True) as store:
        await store.append("x-1", [DocumentRenamed(title="mine")])

        with pytest.raises(OlderLogError, match="not empty"):
            await take_over(store, database_url)


async def test_a_file_that_is_not_there_is_not_made(sqlite_url: str, tmp_path: Path) -> None:
    """A name that was mistyped leaves nothing behind."""
    async with open_store(sqlite_url, events=EVENTS) as store:
        with pytest.raises(OlderLogError, match="no such file"):
            await take_over(store, f"sqlite:///{tmp_path}/older.db")

    assert not (tmp_path / "older.db").exists()
