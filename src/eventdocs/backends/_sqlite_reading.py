"""Reading the log on SQLite: one statement per page, by places and never by offsets."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, select, union_all
from sqlalchemy.dialects import sqlite

from eventdocs.backends.tables import events
from eventdocs.store import Codec, Page, Selection

Row: TypeAlias = Sequence[Any]

FIND_HEAD: Final = "SELECT coalesce(max(sequence), 0) FROM eventdocs_events"
FIND_STREAM_VERSION: Final = "SELECT version FROM eventdocs_streams WHERE stream = ?"

# Beyond so many types, following the whole log costs less than one index search for each.
_MAX_SEARCHES: Final = 50

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


def page_query(selection: Selection, limit: int) -> tuple[str, Mapping[str, Any]]:
    """Write the statement that reads one event more than *limit* of *selection*."""
    if limit < 1:
        raise ValueError(f"a page has at least one event, not {limit}")
    types = selection.types
    sql, arguments = _page_sql(
        in_stream=selection.stream is not None,
        in_category=selection.category is not None,
        types=None if types is None else len(types),
        bounded=selection.until is not None,
        backward=selection.backward,
    )
    return sql, {
        **arguments,
        "stream": selection.stream,
        "category": selection.category,
        "after": selection.after,
        "until": selection.until,
        "limit": limit + 1,
        **{f"type_{at}": each for at, each in enumerate(types or ())},
    }


def _given(name: str) -> BindParameter[Any]:
    # With a value, because SQLAlchemy wants one for all when it writes out an empty IN.
    return bindparam(name, 0)


@functools.lru_cache(maxsize=256)
def _page_sql(
    *, in_stream: bool, in_category: bool, types: int | None, bounded: bool, backward: bool
) -> tuple[str, Mapping[str, Any]]:
    place = events.c.version if in_stream else events.c.sequence
    order = place.desc() if backward else place
    limit = _given("limit")
    wanted = [place > _given("after")]
    if bounded:
        wanted.append(place <= _given("until"))
    if in_stream:
        wanted.append(events.c.stream == _given("stream"))
    if in_category:
        wanted.append(events.c.category == _given("category"))
    named = [_given(f"type_{at}") for at in range(types or 0)]
    if types is not None and (in_stream or not 1 < types <= _MAX_SEARCHES):
        wanted.append(events.c.type.in_(named))
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
    compiled = statement.compile(
        dialect=sqlite.dialect(paramstyle="named"), compile_kwargs={"render_postcompile": True}
    )
    return str(compiled), compiled.params


def page_of(selection: Selection, limit: int, rows: Sequence[Row], codec: Codec) -> Page:
    """Make a page of what `page_query` has found."""
    page = codec.recorded_rows(rows[:limit], uuid=UUID, time=datetime.fromisoformat)
    if page:
        through = page[-1].version if selection.stream is not None else page[-1].sequence
    else:
        through = selection.after
    return Page(events=page, through=through, is_last=len(rows) <= limit)
