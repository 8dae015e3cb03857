"""`eventdocs dead-letters`: what projections could not apply, and how it is mended."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, grid

if TYPE_CHECKING:
    from eventdocs.projections import DeadLetter, Repair

F = TypeVar("F", bound=Callable[..., Any])


def _repair_options(command: F) -> F:
    """Let the caller say who repairs, and why."""
    for option in (
        click.option("--reason", metavar="WORDS", help="Why; it is kept on record."),
        click.option(
            "--by",
            metavar="NAME",
            default=_user,
            help="Who does this, for the record; by default the user of the operating system.",
        ),
    ):
        command = option(command)
    return command


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process can run for a number that no user has
        return None


@click.group("dead-letters", short_help="Show and mend what projections could not apply.")
def dead_letters() -> None:
    """Show and mend what projections could not apply.

    `eventdocs projections status` tells how many events each has set aside.
    """


@dead_letters.command("list", short_help="List what was set aside.")
@click.argument("projection", required=False)
@click.option("--all", "is_all", is_flag=True, help="Also what was applied, resolved or skipped.")
@database_option
@common_options
@pass_app
def list_(app: App, *, projection: str | None, is_all: bool) -> None:
    """List what PROJECTION, or any of them, could not apply, and what waits behind it."""

    async def query() -> list[DeadLetter]:
        from eventdocs.projections import DeadLetterState

        open_ones = (DeadLetterState.FAILED, DeadLetterState.WAITING)
        states = tuple(DeadLetterState) if is_all else open_ones
        async with app.library() as library:
            runner = library.runner
            names = [projection] if projection else [each.name for each in await runner.status()]
            return [
                each for name in names for each in await runner.dead_letters(name, states=states)
            ]

    _show(app, app.run(query()), empty="nothing is set aside")


@dead_letters.command(short_help="Tell all about one event's failure.")
@click.argument("projection")
@click.argument("sequence", type=click.IntRange(min=1))
@database_option
@common_options
@pass_app
def show(app: App, *, projection: str, sequence: int) -> None:
    """Tell all that is known of the failure of the event at SEQUENCE, also if it was repaired."""

    async def query() -> list[DeadLetter]:
        from eventdocs.projections import DeadLetterState

        async with app.library() as library:
            return await library.runner.dead_letters(projection, states=tuple(DeadLetterState))

    found = [each for each in app.run(query()) if each.sequence == sequence]
    if not found:
        raise click.ClickException(f"projection {projection!r} never set event {sequence} aside")
    if app.output.as_json:
        app.output.json(found[0])
    else:
        _show_one(app, found[0])


@dead_letters.command(short_help="Apply again what was set aside.")
@click.argument("projection")
@click.argument("sequence", type=click.IntRange(min=1), required=False)
@_repair_options
@database_option
@common_options
@pass_app
def retry(
    app: App, *, projection: str, sequence: int | None, by: str | None, reason: str | None
) -> None:
    """Apply again what PROJECTION has set aside; with SEQUENCE, only that event's queue."""

    async def work() -> list[DeadLetter]:
        async with app.library() as library:
            return await library.runner.retry(projection, sequence, by=by, reason=reason)

    _show_left(app, app.run(work()))


@dead_letters.command(short_help="Leave an event out for good.")
@click.argument("projection")
@click.argument("sequence", type=click.IntRange(min=1))
@_repair_options
@database_option
@common_options
@pass_app
def skip(app: App, *, projection: str, sequence: int, by: str | None, reason: str | None) -> None:
    """Leave the event at SEQUENCE out of PROJECTION for good, and go on behind it."""

    async def work() -> list[DeadLetter]:
        async with app.library() as library:
            return await library.runner.skip(projection, sequence, by=by, reason=reason)

    _show_left(app, app.run(work()))


@dead_letters.command(short_help="Close an event whose effect was made by hand.")
@click.argument("projection")
@click.argument("sequence", type=click.IntRange(min=1))
@_repair_options
@database_option
@common_options
@pass_app
def resolve(
    app: App, *, projection: str, sequence: int, by: str | None, reason: str | None
) -> None:
    """Take the event at SEQUENCE as mended by hand in PROJECTION, and go on behind it.

    It is not applied: its effect has to be in the tables. A rebuild asks for it anew.
    """

    async def work() -> list[DeadLetter]:
        async with app.library() as library:
            return await library.runner.resolve(projection, sequence, by=by, reason=reason)

    _show_left(app, app.run(work()))


def _show_left(app: App, left: Sequence[DeadLetter]) -> None:
    _show(app, left, empty="nothing is set aside any more")
    if left:
        raise click.exceptions.Exit(1)


def _show(app: App, letters: Sequence[DeadLetter], *, empty: str) -> None:
    if app.output.as_json:
        app.output.json(letters)
        return
    app.output.grid(
        grid(
            "Projection",
            Column(title="Sequence", right=True),
            "Key",
            "Type",
            "State",
            Column(title="Attempts", right=True),
            "Why",
            "Last repair",
            rows=[
                (
                    each.projection,
                    each.sequence,
                    each.ordering_key,
                    each.type,
                    each.state.value,
                    each.attempts,
                    each.message,
                    each.repair and _told(each.repair),
                )
                for each in letters
            ],
        ),
        empty=empty,
    )


def _show_one(app: App, letter: DeadLetter) -> None:
    facts = (
        ("Event", f"{letter.sequence} {letter.type} {letter.event_id}"),
        ("Stream", letter.stream),
        ("Key", letter.ordering_key),
        ("Correlation id", letter.correlation_id),
        ("Set aside", f"{letter.recorded_at:%Y-%m-%d %H:%M:%S}"),
        ("State", letter.state.value),
        ("Closed", letter.resolved_at and f"{letter.resolved_at:%Y-%m-%d %H:%M:%S}"),
        ("How", letter.resolution),
        ("Last repair", letter.repair and _told(letter.repair)),
        ("Attempts", letter.attempts),
        ("Error", letter.error_type),
        ("Why", letter.message),
    )
    app.output.grid(grid("Fact", "Value", rows=[fact for fact in facts if fact[1] is not None]))
    for line in (letter.traceback or "").splitlines():
        app.output.line(line, wrapped=False)


def _told(repair: Repair) -> str:
    who = "" if repair.by is None else f" by {repair.by}"
    why = "" if repair.reason is None else f": {repair.reason}"
    return f"{repair.action.value}{who} at {repair.at:%Y-%m-%d %H:%M:%S}{why}"
