"""Reading the log on PostgreSQL: by places and never by offsets, up to the watermark."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

import attrs
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    select,
    true,
    tuple_,
)

from eventdocs.backends._postgres_sql import Row, Statement, compiled
from eventdocs.backends.tables import events
from eventdocs.errors import ConfigurationError
from eventdocs.store import (
    Codec,
    FeedHolder,
    FeedStatus,
    MetadataValue,
    Page,
    Selection,
    metadata_text,
)

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
_SINCE: Final = bindparam("since", type_=DateTime(timezone=True))
_BEFORE: Final = bindparam("before", type_=DateTime(timezone=True))


@attrs.frozen
class _Shape:
    """What makes one selection's statement another than another's."""

    in_stream: bool
    in_category: bool
    of_types: bool
    correlated: bool
    of_actor: bool
    since: bool
    before: bool
    metadata: tuple[tuple[str, str], ...]
    backward: bool


def page_statement(selection: Selection, schema: str | None) -> Statement:
    """Give the statement that reads a page of *selection*."""
    shape = _Shape(
        in_stream=selection.stream is not None,
        in_category=selection.category is not None,
        of_types=selection.types is not None,
        correlated=selection.correlation_id is not None,
        of_actor=selection.actor is not None,
        since=selection.since is not None,
        before=selection.before is not None,
        metadata=tuple((key, _kind_of(value)) for key, value in selection.metadata.items()),
        backward=selection.backward,
    )
    return _page_statement(schema, shape)


def furthest(selection: Selection) -> int:
    """Tell up to which place *selection* wants to read."""
    return _LAST_PLACE if selection.until is None else selection.until


def page_arguments(selection: Selection, limit: int, until: int) -> Mapping[str, Any]:
    """Give its parameters: one event more than *limit*, none beyond *until*."""
    if limit < 1:
        raise ValueError(f"a page has at least one event, not {limit}")
    given: dict[str, Any] = {
        "after": selection.after,
        "until": until,
        "limit": limit + 1,
        "stream": selection.stream,
        "category": selection.category,
        "types": None if selection.types is None else list(selection.types),
        "correlation_id": selection.correlation_id,
        "actor": selection.actor,
        "since": selection.since,
        "before": selection.before,
    }
    for number, value in enumerate(selection.metadata.values()):
        given[f"value_{number}"] = metadata_text(value)
    return {name: value for name, value in given.items() if value is not None}


@functools.lru_cache(maxsize=256)
def _page_statement(schema: str | None, shape: _Shape) -> Statement:
    wanted = list(_matching(shape))
    lead = _lead(shape)
    order: Sequence[ColumnElement[Any]]
    if lead is not None:
        column, value, place = lead
        within, order = _between(column, value, place)
        page = select(*_COLUMNS).where(*within, *wanted)
    elif shape.of_types and not shape.metadata:
        order = [events.c.sequence]
        found = _first_of_each_type(wanted, backward=shape.backward)
        page = select(*_COLUMNS).where(events.c.sequence.in_(found))
    else:
        order = [events.c.sequence]
        page = select(*_COLUMNS).where(
            events.c.sequence > _AFTER, events.c.sequence <= _UNTIL, *wanted
        )
    page = page.order_by(*_directed(order, backward=shape.backward))
    return compiled(page.limit(_LIMIT), schema)


_Lead: TypeAlias = tuple[ColumnElement[str], ColumnElement[str], ColumnElement[int]]


def _lead(shape: _Shape) -> _Lead | None:
    """Choose the index that leads to the page: the one that leaves the least to look at."""
    if shape.in_stream:
        return events.c.stream, bindparam("stream", type_=Text), events.c.version
    if shape.correlated:
        value = bindparam("correlation_id", type_=Text)
        return events.c.correlation_id, value, events.c.sequence
    if shape.of_actor:
        return _metadata_text("actor"), bindparam("actor", type_=Text), events.c.sequence
    if shape.in_category and not shape.metadata:
        return events.c.category, bindparam("category", type_=Text), events.c.sequence
    return None  # or, for metadata, one that the host has made: PostgreSQL knows best


def _matching(shape: _Shape) -> Iterator[ColumnElement[bool]]:
    """Say what an event must meet apart from what leads to it."""
    lead = _lead(shape)
    if lead is not None and (shape.correlated or shape.of_actor) and not shape.in_stream:
        yield lead[0].is_not(None)  # as its index says
    compared = list(_compared(shape, None if lead is None else lead[0]))
    checked = list(_checked(shape))
    if lead is None:
        yield from compared
    else:
        checked = [*compared, *checked]
    if checked:
        # In one expression that no index matches, and of which the planner expects half:
        # if it took the rest for rare, it would collect and sort all of it for each page.
        yield case((and_(*checked), true()), else_=false())


def _compared(shape: _Shape, lead: ColumnElement[str] | None) -> Iterator[ColumnElement[bool]]:
    if shape.in_category and lead is not events.c.category:
        yield events.c.category == bindparam("category", type_=Text)
    if shape.of_types and (lead is not None or shape.metadata):
        yield events.c.type == any_(_TYPES)
    if shape.correlated and lead is not events.c.correlation_id:
        yield events.c.correlation_id == bindparam("correlation_id", type_=Text)
    if shape.of_actor and (shape.in_stream or shape.correlated):
        yield _metadata_text("actor") == bindparam("actor", type_=Text)
    for number, (key, _) in enumerate(shape.metadata):
        yield _metadata_text(key) == bindparam(f"value_{number}", type_=Text)


def _checked(shape: _Shape) -> Iterator[ColumnElement[bool]]:
    if shape.of_actor:
        yield _is_kind("actor", "string")
    for key, kind in shape.metadata:
        yield _is_kind(key, kind)
    if shape.since:
        yield events.c.recorded_at >= _SINCE
    if shape.before:
        yield events.c.recorded_at < _BEFORE


def _metadata_text(key: str) -> ColumnElement[str]:
    # A literal, because no parameter matches an index; `Selection` lets no quotes pass.
    return events.c.metadata.op("->>", return_type=Text())(literal_column(f"'{key}'"))


def _is_kind(key: str, kind: str) -> ColumnElement[bool]:
    value = events.c.metadata.op("->")(literal_column(f"'{key}'"))
    return func.json_typeof(value, type_=Text()) == literal_column(f"'{kind}'")


def _kind_of(value: MetadataValue) -> str:
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case _:
            return "number"


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


def _first_of_each_type(
    matching: Sequence[ColumnElement[bool]], *, backward: bool
) -> Select[tuple[int]]:
    """Find where a page's events stand by one ordered index search for each type.

    Asked for several types at once, the planner would read and sort all of their events
    for each page.
    """
    each = func.unnest(_TYPES).table_valued("name").render_derived(name="each_type")
    wanted, order = _between(events.c.type, each.c.name, events.c.sequence)
    search = (
        select(events.c.sequence)
        .where(*wanted, *matching)
        .order_by(*_directed(order, backward=backward))
        .limit(_LIMIT)
        .lateral()
    )
    return select(search.c.sequence).select_from(each.join(search, true()))


@functools.cache
def _span_statement(schema: str | None, *, since: bool, before: bool) -> Statement:
    # The sum keeps the planner from looking for the first by walking through the log.
    place = events.c.sequence + literal_column("0")
    within = [events.c.recorded_at >= _SINCE] if since else []
    within += [events.c.recorded_at < _BEFORE] if before else []
    is_past = func.clock_timestamp() >= _BEFORE if before else false()
    return compiled(select(func.min(place), func.max(place), is_past).where(*within), schema)


def span_query(selection: Selection, schema: str | None) -> tuple[Statement, Mapping[str, Any]]:
    """Ask for the places between which the events of a time stand."""
    given = {"since": selection.since, "before": selection.before}
    found = {name: value for name, value in given.items() if value is not None}
    return _span_statement(schema, since="since" in found, before="before" in found), found


def narrowed(selection: Selection, span: Row, settled: int) -> Selection:
    """Restrict *selection* to the places of a *span* that was found after *settled* was told."""
    first, last, is_past = span
    after = min(settled, _LAST_PLACE if first is None else first - 1)
    until = min(furthest(selection), last or 0) if is_past else selection.until
    return attrs.evolve(selection, after=max(selection.after, after), until=until)


def page_of(
    selection: Selection, limit: int, rows: Sequence[Row], codec: Codec, *, seen: int = 0
) -> Page:
    """Make a page of the rows that were found when the log could be read through *seen*."""
    page = codec.recorded_rows(rows[:limit], uuid=_uuid, time=_as_it_is)
    if page:
        through = page[-1].version if selection.stream is not None else page[-1].sequence
    else:
        through = selection.after
    is_last = len(rows) <= limit
    return Page(events=page, through=through, is_last=is_last, searched=seen if is_last else 0)


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
