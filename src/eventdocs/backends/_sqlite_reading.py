"""Reading the log on SQLite: one statement per page, by places and never by offsets."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import attrs
from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Compiled,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects import sqlite

from eventdocs.backends.tables import events
from eventdocs.store import Codec, MetadataValue, Page, Selection, metadata_text

Row: TypeAlias = Sequence[Any]

FIND_HEAD: Final = "SELECT coalesce(max(sequence), 0) FROM eventdocs_events"
FIND_STREAM_VERSION: Final = "SELECT version FROM eventdocs_streams WHERE stream = ?"

# Beyond so many types, following the whole log costs less than one index search for each.
_MAX_SEARCHES: Final = 50

_NOTHING: Final[ColumnElement[str]] = literal_column("''")
_COLUMNS: Final = (
    events.c.sequence,
    events.c.stream,
    events.c.version,
    events.c.id,
    events.c.type,
    events.c.schema_version,
    events.c.data,
    events.c.metadata,
    events.c.correlation_id,
    events.c.causation_id,
    events.c.recorded_at,
)


@attrs.frozen
class _Shape:
    """What makes one selection's statement another than another's."""

    in_stream: bool
    in_category: bool
    types: int | None
    correlated: bool
    of_actor: bool
    since: bool
    before: bool
    metadata: tuple[tuple[str, str], ...]
    bounded: bool
    backward: bool


def page_query(selection: Selection, limit: int) -> tuple[str, Mapping[str, Any]]:
    """Write the statement that reads one event more than *limit* of *selection*."""
    if limit < 1:
        raise ValueError(f"a page has at least one event, not {limit}")
    types = selection.types
    sql, arguments = _page_sql(
        _Shape(
            in_stream=selection.stream is not None,
            in_category=selection.category is not None,
            types=None if types is None else len(types),
            correlated=selection.correlation_id is not None,
            of_actor=selection.actor is not None,
            since=selection.since is not None,
            before=selection.before is not None,
            metadata=tuple((key, _kind_of(value)) for key, value in selection.metadata.items()),
            bounded=selection.until is not None,
            backward=selection.backward,
        )
    )
    values = selection.metadata.values()
    return sql, {
        **arguments,
        "stream": selection.stream,
        "category": selection.category,
        "after": selection.after,
        "until": selection.until,
        "correlation_id": selection.correlation_id,
        "actor": selection.actor,
        **_times(selection),
        "limit": limit + 1,
        **{f"type_{at}": each for at, each in enumerate(types or ())},
        **{f"value_{at}": _comparable(each) for at, each in enumerate(values)},
    }


def span_query(selection: Selection) -> tuple[str, Mapping[str, Any]]:
    """Ask for the places between which the events of a time stand, and what time it is."""
    place = events.c.sequence + literal_column("0")  # or the log would be walked for the first
    within: list[ColumnElement[bool]] = []
    if selection.since is not None:
        within.append(events.c.recorded_at >= _given("since"))
    if selection.before is not None:
        within.append(events.c.recorded_at < _given("before"))
    compiled = _compiled(select(func.min(place), func.max(place)).where(*within))
    return str(compiled), {**(compiled.params or {}), **_times(selection)}


def narrowed(selection: Selection, head: int, span: Row) -> Selection:
    """Restrict *selection* to the places of a *span* that was found after *head* was told."""
    first, last = span
    after = head if first is None else min(head, first - 1)
    until = selection.until
    if selection.before is not None and selection.before <= datetime.now(UTC):
        until = last or 0 if until is None else min(until, last or 0)
    return attrs.evolve(selection, after=max(selection.after, after), until=until)


def _times(selection: Selection) -> Mapping[str, str | None]:
    return {"since": _spelled(selection.since), "before": _spelled(selection.before)}


def _spelled(time: datetime | None) -> str | None:
    # As they are recorded: in this spelling, order is that of time.
    return None if time is None else time.astimezone(UTC).isoformat(timespec="microseconds")


def _kind_of(value: MetadataValue) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "text"
        case int():
            return "integer"
        case _:
            return "real"


def _comparable(value: MetadataValue) -> str | int:
    if isinstance(value, float):
        return f"[{metadata_text(value)},{metadata_text(value)}]"
    return value


def _metadata(key: str) -> ColumnElement[Any]:
    return func.json_extract(events.c.metadata, _path(key))


def _path(key: str) -> ColumnElement[str]:
    # A literal, because no parameter matches an index; `Selection` lets no quotes pass.
    return literal_column(f"'$.\"{key}\"'")


def _equal(key: str, kind: str, value: ColumnElement[Any]) -> Iterator[ColumnElement[bool]]:
    path = _path(key)
    yield func.json_type(events.c.metadata, path) == literal_column(f"'{kind}'")
    if kind == "real":
        # Two paths give them as they are written: what SQLite reads may be a little off.
        yield func.json_extract(events.c.metadata, path, path) == value
    else:
        yield _metadata(key) == value
        yield _metadata(key).is_not(None)  # as an index says that the host has made


def _given(name: str) -> BindParameter[Any]:
    # With a value, because SQLAlchemy wants one for all when it writes out an empty IN.
    return bindparam(name, 0)


@functools.lru_cache(maxsize=256)
def _page_sql(shape: _Shape) -> tuple[str, Mapping[str, Any]]:
    place = events.c.version if shape.in_stream else events.c.sequence
    order = place.desc() if shape.backward else place
    limit = _given("limit")
    wanted = [place > _given("after")]
    if shape.bounded:
        wanted.append(place <= _given("until"))
    wanted += _matching(shape)
    types = shape.types
    named = [_given(f"type_{at}") for at in range(types or 0)]
    if types is not None and (_has_lead(shape) or not 1 < types <= _MAX_SEARCHES):
        wanted.append(_beside(events.c.type, shape).in_(named))
    elif types is not None:
        # SQLite would collect and sort every event of several types for each page;
        # one ordered index search per type finds the page's places at once.
        searches = [
            select(events.c.sequence)
            .where(events.c.type == each, *wanted)
            .order_by(order)
            .limit(limit)
            .subquery()
            for each in named
        ]
        found = union_all(*(select(search.c.sequence) for search in searches)).subquery()
        wanted = [events.c.sequence.in_(select(found.c.sequence))]
    statement = select(*_COLUMNS).where(*wanted).order_by(order).limit(limit)
    compiled = _compiled(statement)
    return str(compiled), compiled.params or {}


def _has_lead(shape: _Shape) -> bool:
    """Tell whether another index than those of category and type leads to the page."""
    return shape.in_stream or shape.correlated or shape.of_actor


def _beside(column: ColumnElement[str], shape: _Shape) -> ColumnElement[Any]:
    """Keep SQLite, which knows no numbers of rows, from going by a less selective index."""
    return column.concat(_NOTHING) if _has_lead(shape) else column


def _matching(shape: _Shape) -> Iterator[ColumnElement[bool]]:
    if shape.in_stream:
        yield events.c.stream == _given("stream")
    if shape.in_category:
        yield _beside(events.c.category, shape) == _given("category")
    if shape.correlated:
        column = events.c.correlation_id
        yield (column.concat(_NOTHING) if shape.in_stream else column) == _given("correlation_id")
    if shape.of_actor:
        actor = _metadata("actor")
        is_lead = not shape.in_stream and not shape.correlated
        yield (actor if is_lead else actor.concat(_NOTHING)) == _given("actor")
        yield func.json_type(events.c.metadata, _path("actor")) == literal_column("'text'")
        if is_lead:
            yield actor.is_not(None)  # as the index says
    if shape.since:
        yield type_coerce(events.c.recorded_at, Text).concat(_NOTHING) >= _given("since")
    if shape.before:
        yield type_coerce(events.c.recorded_at, Text).concat(_NOTHING) < _given("before")
    for at, (key, kind) in enumerate(shape.metadata):
        yield from _equal(key, kind, _given(f"value_{at}"))


def _compiled(statement: ClauseElement) -> Compiled:
    return statement.compile(
        dialect=sqlite.dialect(paramstyle="named"), compile_kwargs={"render_postcompile": True}
    )


def page_of(
    selection: Selection, limit: int, rows: Sequence[Row], codec: Codec, *, seen: int = 0
) -> Page:
    """Make a page of what `page_query` has found when the log went through *seen*."""
    page = codec.recorded_rows(rows[:limit], uuid=UUID, time=datetime.fromisoformat)
    if page:
        through = page[-1].version if selection.stream is not None else page[-1].sequence
    else:
        through = selection.after
    is_last = len(rows) <= limit
    return Page(events=page, through=through, is_last=is_last, searched=seen if is_last else 0)
