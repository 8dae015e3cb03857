"""`eventdocs projections`: how the read models stand, and how they are mended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._dead_letters import dead_letters, resolve, retry, skip
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, grid

if TYPE_CHECKING:
    from eventdocs.projections import (
        LeaseHolder,
        ProjectionStatus,
        RebuildProgress,
        VerificationReport,
    )


@click.group()
def projections() -> None:
    """Show and mend the read models of documents.

    `eventdocs projections status` names them.
    """


@projections.command()
@database_option
@common_options
@pass_app
def status(app: App) -> None:
    """Show how far each projection is, and what stands in its way."""

    async def query() -> list[ProjectionStatus]:
        async with app.library() as library:
            return await library.runner.status()

    _show_status(app, app.run(query()))


@projections.command("catch-up")
@database_option
@common_options
@pass_app
def catch_up(app: App) -> None:
    """Apply everything that the log holds at this moment."""

    async def work() -> list[ProjectionStatus]:
        async with app.library() as library:
            app.output.progress("catching up")
            await library.runner.catch_up()
            return await library.runner.status()

    _show_status(app, app.run(work()))


@projections.command(short_help="Build one anew, beside the tables in use.")
@click.argument("projection")
@click.option("--from-zero", is_flag=True, help="Throw away what an interrupted rebuild has built.")
@database_option
@common_options
@pass_app
def rebuild(app: App, *, projection: str, from_zero: bool) -> None:
    """Build PROJECTION anew from the log, beside the tables in use, and swap them.

    An interrupted rebuild goes on where it was when the command is repeated.
    """

    def show(progress: RebuildProgress) -> None:
        left = progress.seconds_left
        rest = "" if left is None else f", about {left:.0f} s left"
        app.output.progress(f"rebuilding: event {progress.sequence} of {progress.head}{rest}")

    async def work() -> list[ProjectionStatus]:
        async with app.library() as library:
            await library.runner.rebuild(projection, on_progress=show, from_zero=from_zero)
            return await library.runner.status()

    _show_status(app, app.run(work()))


@projections.command(short_help="Compute again from the log and compare.")
@click.argument("projections", metavar="[PROJECTION]...", nargs=-1)
@database_option
@common_options
@pass_app
def verify(app: App, *, projections: tuple[str, ...]) -> None:
    """Compute each PROJECTION again from the log and compare; all of them by default.

    A row that differs is a failure.
    """

    async def work() -> list[VerificationReport]:
        async with app.library() as library:
            names = projections or [each.name for each in await library.runner.status()]
            reports: list[VerificationReport] = []
            for name in names:
                app.output.progress(f"verifying {name}")
                reports.append(await library.runner.verify(name))
            return reports

    reports = app.run(work())
    app.output.progress("")
    if app.output.as_json:
        app.output.json([{**attrs.asdict(each), "is_equal": each.is_equal} for each in reports])
    else:
        rows = [
            (each.projection, each.sequence, each.rows, each.difference or "none")
            for each in reports
        ]
        numbers = (Column(title="At", right=True), Column(title="Rows", right=True))
        app.output.grid(grid("Projection", *numbers, "First difference", rows=rows))
    if not all(each.is_equal for each in reports):
        raise click.exceptions.Exit(1)


for command in (dead_letters, retry, resolve, skip):
    projections.add_command(command)


def _show_status(app: App, found: Sequence[ProjectionStatus]) -> None:
    app.output.progress("")
    if app.output.as_json:
        app.output.json(found)
        return
    numbers = ("At", "Head", "Lag", "Dead letters")
    app.output.grid(
        grid(
            "Projection",
            Column(title="Version", right=True),
            "State",
            *(Column(title=each, right=True) for each in numbers),
            "Led by",
            "In its way",
            rows=[
                (
                    each.name,
                    each.version,
                    each.state.value,
                    each.sequence,
                    each.head,
                    each.lag,
                    each.dead_letters,
                    each.holder and _led_by(each.holder),
                    each.error,
                )
                for each in found
            ],
        )
    )


def _led_by(holder: LeaseHolder) -> str:
    return f"{holder.owner} since {holder.since:%Y-%m-%d %H:%M:%S} until {holder.until:%H:%M:%S}"
