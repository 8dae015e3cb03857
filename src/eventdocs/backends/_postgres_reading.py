"""Reading the log on PostgreSQL: by places and never by offsets, up to the watermark."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    select,
    true,
    tuple_,
)

from eventdocs.backends._postgres_sql import Row, Statement, compiled
from eventdocs.backends.tables import events
from eventdocs.errors import ConfigurationError
from eventdocs.store import Codec, FeedHolder, FeedStatus, Page, Selection

_COLUMNS: Final = (
    events.c.sequence,
    events.c.stream,
    events.c.version,
    events.c.id,
    events.c.type,
    events.c.schema_version,
    # As text, because a host may have taught its connections to decode JSON.
    cast(events.c.data, Text).label("data"),
    cast(events.c.metadata, Text).label("metadata"),
    events.c.correlation_id,
    events.c.causation_id,
    events.c.recorded_at,
)
_LAST_PLACE: Final = 2**63 - 1
_AFTER: Final = bindparam("after", type_=BigInteger)
_UNTIL: Final = bindparam("until", type_=BigInteger)
_LIMIT: Final = bindparam("limit", type_=BigInteger)
_TYPES: Final = bindparam("types", type_=ARRAY(Text))


def page_statement(selection: Selection, schema: str | None) -> Statement:
    """Give the statement that reads a page of *selection*."""
    return _page_statement(
        schema,
        in_stream=selection.stream is not None,
        in_category=selection.category is not None,
        of_types=selection.types is not None,
        backward=selection.backward,
    )


def furthest(selection: Selection) -> int:
    """Tell up to which place *selection* wants to read."""
    return _LAST_PLACE if selection.until is None else selection.until


def page_arguments(selection: Selection, limit: int, until: int) -> Mapping[str, Any]:
    """Give its parameters: one event more than *limit*, none beyond *until*."""
    if limit < 1:
        raise ValueError(f"a page has at least one event, not {limit}")
    arguments: dict[str, Any] = {"after": selection.after, "until": until, "limit": limit + 1}
    if selection.stream is not None:
        arguments["stream"] = selection.stream
    if selection.category is not None:
        arguments["category"] = selection.category
    if selection.types is not None:
        arguments["types"] = list(selection.types)
    return arguments


@functools.cache
def _page_statement(
    schema: str | None, *, in_stream: bool, in_category: bool, of_types: bool, backward: bool
) -> Statement:
    if in_stream:
        wanted, order = _between(events.c.stream, bindparam("stream", type_=Text), events.c.version)
    elif in_category:
        category = bindparam("category", type_=Text)
        wanted, order = _between(events.c.category, category, events.c.sequence)
    else:
        wanted = [events.c.sequence > _AFTER, events.c.sequence <= _UNTIL]
        order = [events.c.sequence]
    if of_types and (in_stream or in_category):
        wanted = [*wanted, events.c.type == any_(_TYPES)]
    elif of_types:
        wanted = [events.c.sequence.in_(_first_of_each_type(backward=backward))]
    page = select(*_COLUMNS).where(*wanted).order_by(*_directed(order, backward=backward))
    return compiled(page.limit(_LIMIT), schema)


def _between(
    column: ColumnElement[str], value: ColumnElement[str], place: ColumnElement[int]
) -> tuple[Sequence[ColumnElement[bool]], Sequence[ColumnElement[Any]]]:
    """Restrict *column* to *value* and *place* to the page's, and order by place.

    Written as rows, so that only the index on both columns gives the order. Of a plain
    equality the planner may think that matches are spread evenly, and look for the last
    of them by walking through the whole log.
    """
    here = tuple_(column, place)
    return [here > tuple_(value, _AFTER), here <= tuple_(value, _UNTIL)], [column, place]


def _directed(
    order: Sequence[ColumnElement[Any]], *, backward: bool
) -> Sequence[ColumnElement[Any]]:
    return [each.desc() for each in order] if backward else order


def _first_of_each_type(*, backward: bool) -> Select[tuple[int]]:
    """Find where a page's events stand by one ordered index search for each type.

    Asked for several types at once, the planner would read and sort all of their events
    for each page.
    """
    each = func.unnest(_TYPES).table_valued("name").render_derived(name="each_type")
    wanted, order = _between(events.c.type, each.c.name, events.c.sequence)
    search = (
        select(events.c.sequence)
        .where(*wanted)
        .order_by(*_directed(order, backward=backward))
        .limit(_LIMIT)
        .lateral()
    )
    return select(search.c.sequence).select_from(each.join(search, true()))


def page_of(selection: Selection, limit: int, rows: Sequence[Row], codec: Codec) -> Page:
    """Make a page of the rows that were found."""
    page = codec.recorded_rows(rows[:limit], uuid=_uuid, time=_as_it_is)
    if page:
        through = page[-1].version if selection.stream is not None else page[-1].sequence
    else:
        through = selection.after
    return Page(events=page, through=through, is_last=len(rows) <= limit)


def checked_watermark(watermark: int | None, database: str) -> int:
    """Return *watermark* if the database could tell it.

    Raises:
        ConfigurationError: It could not, as a later statement would not see it come true.
    """
    if watermark is None:
        problem = (
            f"{database}: how far the log is settled is known to the primary only, and to "
            "transactions at READ COMMITTED: read streams here, and the log from there"
        )
        raise ConfigurationError([problem])
    return watermark


def feed_status(last: int, holders: Sequence[Row]) -> FeedStatus:
    """Read what the statements about the feed have found."""
    found = tuple(
        FeedHolder(
            floor=row[0],
            pid=row[1],
            gid=row[2],
            application=row[3],
            state=row[4],
            began_at=row[5],
            seconds=row[6],
        )
        for row in holders
        # A prepared one that has ended since its lock was seen has no name any more.
        if row[1] is not None or row[2] is not None
    )
    return FeedStatus(last=last, settled=min([last, *(row[0] for row in holders)]), holders=found)


def _uuid(value: Any) -> UUID:
    # A host may have taught its connections to give text.
    return value if isinstance(value, UUID) else UUID(value)


def _as_it_is(value: Any) -> Any:
    return value
