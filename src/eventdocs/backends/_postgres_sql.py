"""Statements for PostgreSQL: hand-tuned ones from files, the others from SQLAlchemy Core."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol, cast

import attrs
from sqlalchemy import ClauseElement, Executable, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.engine import Dialect

_DIALECT: Final[Dialect] = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


class Row(Protocol):
    """A row, of SQLAlchemy's or of the driver's."""

    def __getitem__(self, at: int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


@attrs.frozen
class Statement:
    """A statement in the two forms it is run in.

    Attributes:
        clause: For SQLAlchemy, which binds by name.
        sql: For the driver, which binds by position.
        names: The parameters in the order of their positions.
    """

    clause: Executable
    sql: str
    names: tuple[str, ...]

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """Put *given* into the order in which the driver takes it."""
        return [given[name] for name in self.names]


@functools.cache
def from_file(name: str, schema: str | None) -> Statement:
    """Read the statement in `sql/<name>.sql`, with its names qualified by *schema*."""
    file = importlib.resources.files("eventdocs.backends").joinpath("sql", f"{name}.sql")
    qualifier = "" if schema is None else f'"{schema}".'
    return compiled(text(file.read_text("utf-8").replace("@schema@.", qualifier)), schema)


def compiled(clause: Executable, schema: str | None) -> Statement:
    """Write *clause* out for the driver."""
    chosen: dict[str, Any] = (
        {}
        if schema is None
        else {"schema_translate_map": {None: schema}, "render_schema_translate": True}
    )
    written = cast("ClauseElement", clause).compile(
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}, **chosen
    )
    return Statement(clause, str(written), tuple(getattr(written, "positiontup", None) or ()))
