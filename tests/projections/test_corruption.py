"""Read models that somebody has damaged: a verification in full finds every kind of it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    cast,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.projections import (
    Difference,
    DifferenceKind,
    ProjectionRunner,
    Projector,
    handles,
)
from tests.projections.trails import EVENTS, Noted, append_all

pytestmark = pytest.mark.once

metadata = MetaData()
plain = Table("plain", metadata, Column("sequence", Integer, primary_key=True))
kinds = Table(
    "kinds",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("part", Text, primary_key=True),
    Column("number", BigInteger),
    Column("words", Text),
    Column("is_so", Boolean),
    Column("ratio", Double),
    # SQLite has no numbers of this kind: there, SQLAlchemy warns that they are floats.
    Column("price", Numeric(12, 4).with_variant(Text(), "sqlite")),
    Column("at", DateTime(timezone=True)),
    Column("on", Date),
    Column("lasts", Interval),
    Column("key", Uuid),
    Column("raw", LargeBinary),
    Column("facts", JSON),
    Column("absent", Text),
)
LAST = 3
AT = datetime(2026, 3, 1, 12, 30, 15, 250000, tzinfo=UTC)
ROW: dict[str, Any] = {
    "number": 2**53,
    "words": "some words",
    "is_so": True,
    "ratio": 0.3,
    "price": Decimal("10.2500"),
    "at": AT,
    "on": date(2026, 3, 1),
    "lasts": timedelta(seconds=90),
    "key": UUID(int=7),
    "raw": b"\x00\x01",
    "facts": {"a": 1, "b": [True, None, 0.5, {"c": "x", "d": {}}]},
    "absent": None,
}

DAMAGES: list[tuple[str, Any]] = [
    ("number", 2**53 + 1),
    ("number", None),
    ("words", "some words "),
    ("words", "Some words"),
    ("words", "some wörds"),
    ("words", ""),
    ("words", None),
    ("is_so", False),
    ("is_so", None),
    ("ratio", 0.1 + 0.2),
    ("ratio", math.nextafter(0.3, 1)),
    ("ratio", None),
    ("at", AT + timedelta(microseconds=1)),
    ("at", None),
    ("on", date(2026, 3, 2)),
    ("lasts", timedelta(seconds=90, microseconds=1)),
    ("key", UUID(int=8)),
    ("key", None),
    ("raw", b"\x00\x02"),
    ("raw", b""),
    ("facts", {"a": 1, "b": [True, None, 0.5, {"c": "x"}]}),
    ("facts", {"a": True, "b": [True, None, 0.5, {"c": "x", "d": {}}]}),
    ("facts", {"a": 1.0, "b": [True, None, 0.5, {"c": "x", "d": {}}]}),
    ("facts", {"a": 1, "b": [None, True, 0.5, {"c": "x", "d": {}}]}),
    ("facts", {"a": 1, "b": [True, None, 0.5000000000000001, {"c": "x", "d": {}}]}),
    ("facts", None),
    ("absent", ""),
    ("absent", "null"),
]


class Kinds(Projector):
    """Two tables, one with a column of each kind."""

    name = "kinds"
    version = 1
    tables = (plain, kinds)

    @handles(Noted)
    async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add a row to each."""
        price = ROW["price"] if tx.dialect.name == "postgresql" else str(ROW["price"])
        key = {"sequence": event.sequence, "part": event.data.text}
        await tx.execute(insert(plain).values(sequence=event.sequence))
        await tx.execute(insert(kinds).values(**key, **{**ROW, "price": price}))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        await append_all(opened, [("a", Noted(text=f"part {n}")) for n in range(LAST)])
        yield opened


async def difference_after(store: EventStore, *statements: Any) -> Difference | None:
    """Build the read model, damage it, and verify it."""
    async with ProjectionRunner(store, [Kinds()]) as runner:
        await runner.catch_up()
        async with store.begin() as tx:
            for statement in statements:
                await tx.execute(statement)
        return (await runner.verify("kinds")).difference


def damage(column: str, value: Any) -> Any:
    """Make the last row another one."""
    return update(kinds).where(kinds.c.sequence == LAST).values({column: value})


class TestARow:
    @pytest.mark.parametrize("sequence", range(1, LAST + 1))
    async def test_that_is_missing_is_found(self, store: EventStore, sequence: int) -> None:
        """Wherever it was, in whichever table."""
        gone = delete(kinds).where(kinds.c.sequence == sequence)

        difference = await difference_after(store, gone)

        assert difference is not None
        assert (difference.kind, difference.table) == (DifferenceKind.MISSING, "kinds")
        assert difference.key == {"sequence": sequence, "part": f"part {sequence - 1}"}

    @pytest.mark.parametrize("sequence", [-1, 2, 9])
    async def test_too_many_is_found(self, store: EventStore, sequence: int) -> None:
        """Wherever it is; a part of its key may be another row's."""
        difference = await difference_after(
            store, insert(kinds).values(sequence=sequence, part="zzz")
        )

        assert difference is not None
        assert difference.kind is DifferenceKind.EXTRA
        assert difference.key == {"sequence": sequence, "part": "zzz"}

    async def test_whose_key_is_another_is_one_too_many(self, store: EventStore) -> None:
        """It is named by the key that it has now."""
        moved = update(kinds).where(kinds.c.sequence == 1).values(part="part 0 ")

        difference = await difference_after(store, moved)

        assert difference is not None
        assert difference.kind is DifferenceKind.EXTRA
        assert difference.key == {"sequence": 1, "part": "part 0 "}

    async def test_is_looked_for_in_every_table(self, store: EventStore) -> None:
        """Also in the last one, and also if nothing is left."""
        difference = await difference_after(store, delete(kinds))

        assert difference is not None
        assert (difference.table, difference.key["sequence"]) == ("kinds", 1)


class TestAValue:
    async def test_that_was_changed_is_found(self, store: EventStore) -> None:
        """However small the change is; row, column and both values are named."""
        found: list[Difference | None] = []
        async with ProjectionRunner(store, [Kinds()]) as runner:
            await runner.catch_up()
            for column, value in DAMAGES:
                async with store.begin() as tx:
                    await tx.execute(damage(column, value))
                found.append((await runner.verify("kinds")).difference)
                async with store.begin() as tx:
                    await tx.execute(damage(column, ROW[column]))
            restored = await runner.verify("kinds")

        assert [each.column if each else None for each in found] == [name for name, _ in DAMAGES]
        for each in found:
            assert each is not None
            assert (each.kind, each.table) == (DifferenceKind.CHANGED, "kinds")
            assert each.key == {"sequence": LAST, "part": f"part {LAST - 1}"}
            assert repr(each.live) != repr(each.recomputed)
        assert restored.is_equal

    async def test_of_a_number_with_places_is_found(self, store: EventStore) -> None:
        """A hundredth of a cent counts."""
        wrong = "10.2501"

        difference = await difference_after(store, damage("price", cast(wrong, kinds.c.price.type)))

        assert difference is not None
        assert difference.column == "price"
        assert str(difference.live) == wrong

    async def test_json_in_another_order_is_no_difference(self, store: EventStore) -> None:
        """Nor is its layout; it says the same."""
        same = '{ "b": [true, null, 0.50, {"d": {}, "c": "\\u0078"}],\n "a": 1}'
        garble = text("UPDATE kinds SET facts = :json").bindparams(json=same)
        async with store.connect() as connection:
            if connection.dialect.name == "postgresql":
                garble = text("UPDATE kinds SET facts = CAST(:json AS json)").bindparams(json=same)

        assert await difference_after(store, garble) is None


class TestOnSqlite:
    @pytest.mark.parametrize(
        ("column", "garbage"),
        [
            ("at", "yesterday"),
            ("on", "2026-13-45"),
            ("key", "no uuid"),
            ("facts", '{"a": 1'),
            ("number", "many"),
            ("number", 7.25),
            ("is_so", "perhaps"),
            ("raw", "text"),
            ("words", b"some words"),
        ],
    )
    async def test_what_no_type_can_read_is_found(
        self, sqlite_url: str, column: str, garbage: object
    ) -> None:
        """A SQLite column takes anything; the report shows what stands there."""
        statement = text(f'UPDATE kinds SET "{column}" = :it WHERE sequence = 2')
        async with open_store(sqlite_url, events=EVENTS) as store:
            await append_all(store, [("a", Noted(text=f"part {n}")) for n in range(LAST)])

            difference = await difference_after(store, statement.bindparams(it=garbage))

        assert difference is not None
        assert (difference.column, difference.key["sequence"]) == (column, 2)
        assert str(garbage) in str(difference)


async def test_an_undamaged_read_model_equals_the_log(store: EventStore) -> None:
    """Of no kind of column is a difference imagined."""
    async with ProjectionRunner(store, [Kinds()]) as runner:
        await runner.catch_up()
        report = await runner.verify("kinds")
        async with store.connect() as connection:
            rows = (await connection.execute(select(kinds))).all()

    assert report.difference is None
    assert report.rows == 2 * LAST
    assert [(row.number, row.key, row.facts) for row in rows] == [
        (ROW["number"], ROW["key"], ROW["facts"])
    ] * LAST
