"""`eventdocs types`: whether the code can read what the log holds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, grid

if TYPE_CHECKING:
    from eventdocs.store import EventRegistry, EventStore, Registrable

State: TypeAlias = Literal[
    "current", "older", "renamed", "split", "retired", "unknown", "newer", "undecodable"
]

_FAILED = 1
_UNREADABLE = frozenset[State]({"unknown", "newer", "undecodable"})


@attrs.frozen(kw_only=True)
class Recorded:
    """What the log holds of one type in one schema version.

    Attributes:
        type: The name in the log.
        schema_version: The version of its shape.
        events: How many there are.
        first: The sequence of the first of them.
        last: The sequence of the last.
    """

    type: str
    schema_version: int
    events: int
    first: int
    last: int


@attrs.frozen(kw_only=True)
class Judged(Recorded):
    """What the code makes of it.

    Attributes:
        state: current, older (upcasters lead to the present version), renamed, split and
            retired can be read; unknown, newer and undecodable cannot.
        reads_as: The types that its events are read as.
        problem: Why it cannot be read; empty if it can.
    """

    state: State
    reads_as: tuple[str, ...]
    problem: str = ""


@click.group()
def types() -> None:
    """Compare event types of the code with those of the log."""


@types.command()
@click.option(
    "--events",
    "modules",
    metavar="MODULE:NAME",
    multiple=True,
    help="Where the application lists its own event classes; repeatable.",
)
@click.option(
    "--samples",
    metavar="N",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Decode so many events after the first and before the last of each type and version.",
)
@database_option
@common_options
@pass_app
def check(app: App, *, modules: tuple[str, ...], samples: int) -> None:
    """Tell whether every event of the log can be read.

    The code's types are those of documents and those that --events names: a list of
    event classes, of Retired and of Split. The exit status is 1 if there are events of
    an unknown type or a newer schema version, or some that cannot be decoded.
    """
    known = [each for module in modules for each in _listed(module)]
    judged, unused = app.run(_judge_all(app, known, samples))
    failed = [each for each in judged if each.state in _UNREADABLE]
    if app.output.as_json:
        app.output.json({"types": judged, "unused": unused, "unreadable": len(failed)})
    else:
        _show(app, judged, unused)
    if failed:
        raise click.exceptions.Exit(_FAILED)


async def _judge_all(
    app: App, known: Iterable[Registrable], samples: int
) -> tuple[list[Judged], list[str]]:
    async with app.store(events=known) as store:
        recorded = await _recorded(store)
        judged: list[Judged] = []
        for each in recorded:
            app.output.progress(f"checking {each.type}")
            judged.append(await _judge(store, each, samples))
        app.output.progress("")
        held = {name for each in judged for name in each.reads_as}
        return judged, sorted(each.name for each in store.registry if each.name not in held)


async def _recorded(store: EventStore) -> list[Recorded]:
    from sqlalchemy import func, select

    from eventdocs.backends import errors_translated
    from eventdocs.backends.tables import events

    counted = (
        select(
            events.c.type,
            events.c.schema_version,
            func.count().label("events"),
            func.min(events.c.sequence).label("first"),
            func.max(events.c.sequence).label("last"),
        )
        .group_by(events.c.type, events.c.schema_version)
        .order_by(events.c.type, events.c.schema_version)
    )
    async with store.connect() as connection:
        with errors_translated(connection.engine.url):
            rows = (await connection.execute(counted)).mappings().all()
    return [Recorded(**row) for row in rows]


async def _judge(store: EventStore, recorded: Recorded, samples: int) -> Judged:
    state, problem = _state_of(store.registry, recorded), ""
    if state == "unknown":
        problem = "the code does not know this type"
    elif state == "newer":
        problem = "newer code has written it"
    elif found := await _undecodable(store, recorded, samples):
        state, problem = "undecodable", found
    return Judged(
        **attrs.asdict(recorded),
        state=state,
        reads_as=() if state == "unknown" else store.registry.read_as(recorded.type),
        problem=problem,
    )


def _state_of(registry: EventRegistry, recorded: Recorded) -> State:
    from eventdocs.store import Retired, Split

    declared = registry.named(recorded.type) or registry.bygone(recorded.type)
    if declared is None:
        return "unknown"
    if isinstance(declared, Retired):
        return "retired"
    if recorded.schema_version > declared.schema_version:
        return "newer"
    if isinstance(declared, Split):
        return "split"
    if declared.name != recorded.type:
        return "renamed"
    return "older" if recorded.schema_version < declared.schema_version else "current"


async def _undecodable(store: EventStore, recorded: Recorded, samples: int) -> str | None:
    from eventdocs.errors import EventTypeError
    from eventdocs.store import Selection

    for selection in (
        Selection(types=(recorded.type,), after=recorded.first - 1),
        Selection(types=(recorded.type,), until=recorded.last, backward=True),
    ):
        page = await store.read_page(selection, limit=samples)
        for event in page.events:
            if event.schema_version != recorded.schema_version:
                continue
            try:
                _ = event.data
            except EventTypeError as error:
                return str(error)
    return None


def _show(app: App, judged: Sequence[Judged], unused: Sequence[str]) -> None:
    app.output.grid(
        grid(
            "Type",
            Column(title="Version", right=True),
            Column(title="Events", right=True),
            "State",
            "Read as",
            rows=[
                (
                    each.type,
                    each.schema_version,
                    each.events,
                    each.state,
                    ", ".join(each.reads_as) or "-",
                )
                for each in judged
            ],
        ),
        empty="the log is empty",
    )
    if unused:
        app.output.line()
        app.output.line(f"not in the log: {', '.join(unused)}", style="dim")
    for each in judged:
        if each.problem:
            app.output.error(f"{each.type} version {each.schema_version}: {each.problem}")
    if any(each.state == "unknown" for each in judged):
        app.output.note("name the application's own event classes with --events MODULE:NAME")


def _listed(where: str) -> list[Registrable]:
    """Import what an application lists; a module in the current folder is found as well."""
    from eventdocs.errors import ConfigurationError
    from eventdocs.store import Retired, Split

    module, _, name = where.partition(":")
    if not module or not name:
        raise click.BadParameter(f"{where!r} is not MODULE:NAME", param_hint="--events")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = attrgetter(name)(importlib.import_module(module))
    except Exception as error:  # a module of the application may raise anything
        problem = f"--events {where}: {type(error).__name__}: {error}"
        raise ConfigurationError([problem]) from error
    kinds = type, Retired, Split
    if isinstance(found, kinds):
        return [found]
    listed = list(cast("Iterable[object]", found)) if isinstance(found, Iterable) else [found]
    for each in listed:
        if not isinstance(each, kinds):
            problem = f"--events {where}: {each!r} is no event class, Retired or Split"
            raise ConfigurationError([problem])
    return cast("list[Registrable]", listed)
