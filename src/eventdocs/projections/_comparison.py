"""Comparison: two tables with the same columns, row by row in the order of their keys."""

from __future__ import annotations

import enum
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any, cast

import attrs
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Dialect,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NullType

_THERE = "eventdocs_there"


class DifferenceKind(enum.Enum):
    """How a row of the read model differs from what the log says."""

    CHANGED = "a value differs"
    MISSING = "the row is missing in the read model"
    EXTRA = "the log knows nothing of the row"


@attrs.frozen(kw_only=True)
class Difference:
    """The first row that differs.

    Attributes:
        kind: How it differs.
        table: The table's name.
        key: The row's primary key; all its values where the table has none.
        column: The first column that differs; None if a whole row is missing or too many.
        live: Its value in the read model; as it is stored if its type cannot tell it apart.
        recomputed: Its value according to the log.
    """

    kind: DifferenceKind
    table: str
    key: Mapping[str, Any]
    column: str | None = None
    live: object = None
    recomputed: object = None

    def __str__(self) -> str:
        where = f"table {self.table}, row {dict(self.key)}"
        if self.column is None:
            return f"{where}: {self.kind.value}"
        return f"{where}, column {self.column}: {self.live!r} instead of {self.recomputed!r}"


class Comparison:
    """Compares one table in two schemas, value by value as the database holds them.

    The types of columns are left out of it, because they make equal what is not, and cannot
    read what somebody has garbled. In JSON, layout and the order of keys do not count.

    Args:
        connection: Both are read in its transaction.
        table: The table as it is declared.
        live: The schema of the table under test.
        fresh: The schema of the one it should equal.

    Attributes:
        rows: How many rows of the table under test were compared.
    """

    def __init__(self, connection: AsyncConnection, table: Table, *, live: str, fresh: str) -> None:
        self.rows = 0
        self._connection = connection
        self._live = table.to_metadata(MetaData(), schema=live)
        self._fresh = table.to_metadata(MetaData(), schema=fresh)
        self._columns = list(table.columns)
        self._is_json = [_is_json(each, connection.dialect) for each in self._columns]
        names = [column.name for column in table.columns]
        self._key = [names.index(each.name) for each in table.primary_key] or [*range(len(names))]

    async def first_difference(self) -> Difference | None:
        """Find the first row that differs; None if the tables are equal."""
        async with AsyncExitStack() as stack:
            live = await self._rows(stack, self._select(self._live))
            fresh = await self._rows(stack, self._select(self._fresh))
            while True:
                mine, other = await anext(live, None), await anext(fresh, None)
                self.rows += mine is not None
                if mine is None:
                    return None if other is None else self._missing(other)
                if other is None:
                    return self._extra(mine)
                if not self._have_same_key(mine, other):
                    break
                if (difference := self._changed(mine, other)) is not None:
                    return difference
            # The keys part here: the row that comes first in their order is the odd one,
            # and the database alone knows that order.
            async for later in fresh:
                if self._have_same_key(mine, later):
                    return self._missing(other)
            return self._extra(mine)

    async def first_difference_in_sample(self) -> Difference | None:
        """Find the first row of the fresh table to which no live one is equal.

        The table needs a primary key. Live rows of other keys are not looked at.
        """
        there: ColumnElement[int] = literal_column("1", Integer()).label(_THERE)
        live = select(*self._raw(self._live), there).subquery()
        has_same_key = [
            type_coerce(self._fresh.c[position], NullType()) == live.c[position]
            for position in self._key
        ]
        query = (
            self._select(self._fresh)
            .add_columns(*live.c)
            .select_from(self._fresh.outerjoin(live, and_(*has_same_key)))
        )
        async with AsyncExitStack() as stack:
            width = len(self._columns)
            async for row in await self._rows(stack, query):
                fresh, mine, is_there = row[:width], row[width : 2 * width], row[-1]
                if is_there is None:
                    return self._missing(fresh)
                self.rows += 1
                if (difference := self._changed(mine, fresh)) is not None:
                    return difference
        return None

    def _raw(self, table: Table) -> list[ColumnElement[Any]]:
        return [type_coerce(each, NullType()).label(each.name) for each in table.columns]

    def _select(self, table: Table) -> Select[Any]:
        order = [table.columns.values()[position] for position in self._key]
        # Not every database knows an order of JSON.
        return select(*self._raw(table)).order_by(
            *(sql_cast(each, Text) if isinstance(each.type, JSON) else each for each in order)
        )

    async def _rows(
        self, stack: AsyncExitStack, query: Select[Any]
    ) -> AsyncIterator[Sequence[Any]]:
        return aiter(await stack.enter_async_context(self._connection.stream(query)))

    def _have_same_key(self, mine: Sequence[Any], other: Sequence[Any]) -> bool:
        return all(self._are_equal(mine, other, position) for position in self._key)

    def _are_equal(self, mine: Sequence[Any], other: Sequence[Any], position: int) -> bool:
        one, two = mine[position], other[position]
        return _are_same(one, two) or (self._is_json[position] and _are_same_json(one, two))

    def _changed(self, mine: Sequence[Any], other: Sequence[Any]) -> Difference | None:
        for position, column in enumerate(self._columns):
            if not self._are_equal(mine, other, position):
                live, recomputed = self._told(mine, position), self._told(other, position)
                if repr(live) == repr(recomputed):
                    # The column's type makes equal what is not.
                    live, recomputed = mine[position], other[position]
                return Difference(
                    kind=DifferenceKind.CHANGED,
                    table=self._live.name,
                    key=self._key_of(mine),
                    column=column.name,
                    live=live,
                    recomputed=recomputed,
                )
        return None

    def _missing(self, row: Sequence[Any]) -> Difference:
        key = self._key_of(row)
        return Difference(kind=DifferenceKind.MISSING, table=self._live.name, key=key)

    def _extra(self, row: Sequence[Any]) -> Difference:
        key = self._key_of(row)
        return Difference(kind=DifferenceKind.EXTRA, table=self._live.name, key=key)

    def _key_of(self, row: Sequence[Any]) -> dict[str, Any]:
        return {self._columns[each].name: self._told(row, each) for each in self._key}

    def _told(self, row: Sequence[Any], position: int) -> object:
        """Read a value as its column's type does."""
        dialect, value = self._connection.dialect, row[position]
        try:
            kind = self._columns[position].type.dialect_impl(dialect)
            processor = kind.result_processor(dialect, None)
            return value if processor is None else processor(value)
        except Exception:  # noqa: BLE001 - what its type cannot read is told as it is stored
            return value


def _is_json(column: Column[Any], dialect: Dialect) -> bool:
    kind = column.type.dialect_impl(dialect)
    return isinstance(getattr(kind, "impl_instance", kind), JSON)


def _are_same(one: object, two: object) -> bool:
    """Tell whether two values are equal, down to their types and the last bit."""
    if type(one) is not type(two):
        return False
    match one, two:
        case float(), float():
            return one.hex() == two.hex()
        case Decimal(), Decimal():
            return one == two or (one.is_nan() and two.is_nan())
        case list() | tuple(), list() | tuple():
            ones, twos = cast("Sequence[object]", one), cast("Sequence[object]", two)
            return len(ones) == len(twos) and all(map(_are_same, ones, twos))
        case dict(), dict():
            mine, other = cast("dict[str, object]", one), cast("dict[str, object]", two)
            return mine.keys() == other.keys() and all(
                _are_same(value, other[key]) for key, value in mine.items()
            )
        case _:
            return one == two


def _are_same_json(one: object, two: object) -> bool:
    if not (isinstance(one, str) and isinstance(two, str)):
        return False
    try:
        # Floats would make numbers equal that are not.
        return _are_same(*(json.loads(each, parse_float=Decimal) for each in (one, two)))
    except ValueError:
        return False
