"""`eventdocs events`: the log as it stands, and as it grows."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from eventdocs.cli._app import App
from eventdocs.cli._filters import FACT, TIME
from eventdocs.cli._options import common_options, database_option, pass_app

if TYPE_CHECKING:
    from eventdocs.store import MetadataValue, RecordedEvent, Selection

PAGE = 500
SHOWN = 12

_NUMBER = click.IntRange(min=0)


@click.command()
@click.option("--stream", metavar="NAME", help="Only this stream; places are then its versions.")
@click.option("--category", metavar="NAME", help="Only streams of this category.")
@click.option("--type", "types", metavar="NAME", multiple=True, help="Only this type; repeatable.")
@click.option(
    "--after", metavar="N", type=_NUMBER, default=0, help="Only events beyond this place."
)
@click.option("--until", metavar="N", type=_NUMBER, help="Only events up to this place, inclusive.")
@click.option(
    "--since", metavar="TIME", type=TIME, help="Only events recorded at this time or later."
)
@click.option(
    "--before", metavar="TIME", type=TIME, help="Only events recorded earlier than this time."
)
@click.option("--correlation", metavar="ID", help="Only events that belong together by this id.")
@click.option("--actor", metavar="NAME", help="Only what this actor did.")
@click.option(
    "--metadata",
    metavar="KEY=VALUE",
    type=FACT,
    multiple=True,
    help="Only events whose metadata have this value, text or JSON; repeatable.",
)
@click.option("--limit", metavar="N", type=_NUMBER, help="At most so many events.")
@click.option("--backward", is_flag=True, help="Newest first.")
@click.option("--follow", is_flag=True, help="Wait for new events until Ctrl-C.")
@database_option
@common_options
@pass_app
def events(
    app: App,
    *,
    stream: str | None,
    category: str | None,
    types: tuple[str, ...],
    after: int,
    until: int | None,
    since: datetime | None,
    before: datetime | None,
    correlation: str | None,
    actor: str | None,
    metadata: tuple[tuple[str, MetadataValue], ...],
    limit: int | None,
    backward: bool,
    follow: bool,
) -> None:
    """Show the log, oldest event first.

    A place is an event's sequence in the log. A time is written as in
    2026-03-01T14:30+01:00, where Z stands for UTC. With --json each event is one JSON
    object on a line of its own.
    """
    if stream is not None and category is not None:
        raise click.UsageError("--stream and --category exclude each other")
    if follow and (backward or until is not None):
        raise click.UsageError(
            "--follow goes forward without end: leave out --backward and --until"
        )
    from eventdocs.store import Selection, check_stream_name

    selection = Selection(
        stream=None if stream is None else check_stream_name(stream),
        category=category,
        types=types or None,
        after=after,
        until=until,
        since=since,
        before=before,
        correlation_id=correlation,
        actor=actor,
        metadata=dict(metadata),
        backward=backward,
    )
    app.run((_follow if follow else _show)(app, selection, limit=limit))


async def _follow(app: App, selection: Selection, *, limit: int | None) -> None:
    from eventdocs.store import Subscription

    left = limit
    async with app.store() as store, Subscription(store, selection) as subscription:
        pages = subscription.pages()
        while left is None or left > 0:
            page = (await anext(pages))[:left]
            for event in page:
                _show_one(app, event)
            sys.stdout.flush()
            if left is not None:
                left -= len(page)


async def _show(app: App, selection: Selection, *, limit: int | None) -> None:
    left = limit
    async with app.store() as store:
        selection = await store.narrowed(selection)
        while left is None or left > 0:
            page = await store.read_page(selection, limit=PAGE if left is None else min(PAGE, left))
            for event in page.events:
                _show_one(app, event)
            if left is not None:
                left -= len(page.events)
            if page.is_last:
                return
            selection = selection.beyond(page.through)


def _show_one(app: App, event: RecordedEvent[Any]) -> None:
    import orjson

    raw = event.raw
    if app.output.as_json:
        line = orjson.dumps(
            {
                "sequence": raw.sequence,
                "stream": raw.stream,
                "version": raw.version,
                "id": raw.id,
                "type": raw.type,
                "schema_version": raw.schema_version,
                "data": orjson.Fragment(raw.payload),
                "metadata": orjson.Fragment(raw.metadata),
                "correlation_id": raw.correlation_id,
                "causation_id": raw.causation_id,
                "recorded_at": raw.recorded_at,
            },
            default=str,  # drivers have a UUID class of their own
        )
        click.echo(line.decode())
        return
    app.output.line(
        f"{raw.sequence:>6}  {raw.recorded_at:%Y-%m-%d %H:%M:%S}  {raw.type:<22}  "
        f"{raw.stream}@{raw.version}",
        wrapped=False,
    )
    facts = "  ".join(f"{key}={_brief(value)}" for key, value in orjson.loads(raw.payload).items())
    app.output.line(f"        {facts}", style="dim")


def _brief(value: object) -> str:
    import orjson

    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= 3 * SHOWN else f"{text[:SHOWN]}…"
