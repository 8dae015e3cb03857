"""Comparison: two tables with the same columns, row by row in the order of their keys."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import attrs
from sqlalchemy import MetaData, Table, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection


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
        live: Its value in the read model.
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
    """Compares one table in two schemas.

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
        self._columns = [column.name for column in table.columns]
        self._key = [column.name for column in table.primary_key] or self._columns

    async def first_difference(self) -> Difference | None:
        """Find the first row that differs; None if the tables are equal."""
        async with AsyncExitStack() as stack:
            live = await self._stream(stack, self._live)
            fresh = await self._stream(stack, self._fresh)
            while True:
                mine, other = await anext(live, None), await anext(fresh, None)
                if mine is None and other is None:
                    return None
                self.rows += mine is not None
                if mine is not None and other is not None and _are_equal(mine, other):
                    continue
                break
        return await self._explain(mine, other)

    async def _stream(self, stack: AsyncExitStack, table: Table) -> AsyncIterator[Sequence[Any]]:
        query = select(table).order_by(*(table.c[name] for name in self._key))
        result = await stack.enter_async_context(self._connection.stream(query))
        return aiter(result)

    async def _explain(self, mine: Sequence[Any] | None, other: Sequence[Any] | None) -> Difference:
        live = None if mine is None else dict(zip(self._columns, mine, strict=True))
        fresh = None if other is None else dict(zip(self._columns, other, strict=True))
        if live is not None and fresh is not None and self._key_of(live) == self._key_of(fresh):
            column = next(
                each for each in self._columns if not _are_equal([live[each]], [fresh[each]])
            )
            return Difference(
                kind=DifferenceKind.CHANGED,
                table=self._live.name,
                key=self._key_of(live),
                column=column,
                live=live[column],
                recomputed=fresh[column],
            )
        # The keys part here: the row that comes first in their order is the odd one,
        # and the database knows that order best.
        if live is not None and not await self._has(self._fresh, self._key_of(live)):
            return Difference(
                kind=DifferenceKind.EXTRA, table=self._live.name, key=self._key_of(live)
            )
        return Difference(
            kind=DifferenceKind.MISSING, table=self._live.name, key=self._key_of(fresh or {})
        )

    def _key_of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: row.get(name) for name in self._key}

    async def _has(self, table: Table, key: Mapping[str, Any]) -> bool:
        conditions = [table.c[name].is_not_distinct_from(value) for name, value in key.items()]
        found = select(1).select_from(table).where(*conditions)
        return bool(await self._connection.scalar(select(exists(found))))


def _are_equal(mine: Sequence[Any], other: Sequence[Any]) -> bool:
    # NaN is the one value that is not equal to itself.
    return all(a == b or (a != a and b != b) for a, b in zip(mine, other, strict=True))
