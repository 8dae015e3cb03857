"""`eventdocs projections`: how the read models stand, and how they are mended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, grid

if TYPE_CHECKING:
    from eventdocs.projections import (
        LeaseHolder,
        ProjectionCheck,
        ProjectionStatus,
        RebuildProgress,
        VerificationReport,
    )


@click.group()
def projections() -> None:
    """Show and mend the read models of documents.

    `eventdocs projections status` names them.
    What they could not apply is the affair of `eventdocs dead-letters`.
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


@projections.command(short_help="Tell whether the code has changed since they were built.")
@database_option
@common_options
@pass_app
def check(app: App) -> None:
    """Tell whether the code as it is now is what built the read models.

    A projector's version, its handlers, its tables and the upcasters of its events count.
    A change without a new version may leave the rows as they are: `verify` tells.
    The exit status is 1 if anything has changed.
    """

    async def query() -> list[ProjectionCheck]:
        async with app.library() as library:
            return await library.runner.check()

    found = app.run(query())
    if app.output.as_json:
        app.output.json([{**attrs.asdict(each), "is_current": each.is_current} for each in found])
    else:
        numbers = (Column(title="Built by", right=True), Column(title="Version", right=True))
        rows = [
            (
                each.projection,
                each.built,
                each.version,
                ", ".join(each.changed) or "nothing",
                each.problem,
            )
            for each in found
        ]
        app.output.grid(grid("Projection", *numbers, "Changed", "In its way", rows=rows))
    if not all(each.is_current for each in found):
        raise click.exceptions.Exit(1)


@projections.command(short_help="Build some anew, beside the tables in use.")
@click.argument("projections", metavar="[PROJECTION]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--stale", is_flag=True, help="Those whose code has changed, as `check` tells.")
@click.option(
    "--throttle",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Apply at most N events a second, so that the database has time for others.",
)
@click.option("--from-zero", is_flag=True, help="Throw away what an interrupted rebuild has built.")
@database_option
@common_options
@pass_app
def rebuild(
    app: App,
    *,
    projections: tuple[str, ...],
    every: bool,
    stale: bool,
    throttle: float | None,
    from_zero: bool,
) -> None:
    """Build each PROJECTION anew from the log, beside the tables in use, and swap them.

    Those that others depend on come first.
    An interrupted rebuild goes on where it was when the command is repeated.
    """
    if [bool(projections), every, stale].count(True) != 1:
        raise click.UsageError("name projections, or say --all or --stale")

    def show(progress: RebuildProgress) -> None:
        left = progress.seconds_left
        rest = "" if left is None else f", about {left:.0f} s left"
        app.output.progress(
            f"rebuilding {progress.projection}: event {progress.sequence} of {progress.head}{rest}"
        )

    async def work() -> list[ProjectionStatus]:
        async with app.library() as library:
            runner = library.runner
            chosen: Sequence[str] | None = projections
            if every:
                chosen = None
            elif stale:
                chosen = [each.projection for each in await runner.check() if not each.is_current]
            await runner.rebuild_all(
                chosen, on_progress=show, events_per_second=throttle, from_zero=from_zero
            )
            return await runner.status()

    _show_status(app, app.run(work()))


@projections.command("cancel-rebuild", short_help="End a rebuild and leave nothing of it.")
@click.argument("projection")
@database_option
@common_options
@pass_app
def cancel_rebuild(app: App, *, projection: str) -> None:
    """End the rebuild of PROJECTION, in whatever process, and throw away what it has built.

    What an interrupted rebuild has left is thrown away, too.
    The tables in use stay as they are.
    """

    async def work() -> bool:
        async with app.library() as library:
            app.output.progress("waiting for the rebuild to end")
            return await library.runner.cancel_rebuild(projection)

    was_there = app.run(work())
    app.output.progress("")
    if app.output.as_json:
        app.output.json({"projection": projection, "cancelled": was_there})
    else:
        app.output.line("cancelled" if was_there else "there was no rebuild to cancel")


@projections.command(short_help="Compute again from the log and compare.")
@click.argument("projections", metavar="[PROJECTION]...", nargs=-1)
@click.option(
    "--sample",
    "share",
    type=click.FloatRange(min=0, max=1, min_open=True),
    metavar="SHARE",
    help="Look only at this share of the streams, such as 0.01.",
)
@click.option(
    "--seed", type=int, metavar="N", help="Choose other streams; each number has its own."
)
@database_option
@common_options
@pass_app
def verify(
    app: App, *, projections: tuple[str, ...], share: float | None, seed: int | None
) -> None:
    """Compute each PROJECTION again from the log and compare; all of them by default.

    A row that differs is a failure.
    A sample misses what is wrong with the rows of other streams, and rows that no event accounts for.
    """
    if seed is not None and share is None:
        raise click.UsageError("--seed chooses a sample: say --sample SHARE, too")

    async def work() -> list[VerificationReport]:
        from eventdocs.projections import Sample

        sample = None if share is None else Sample(share=share, seed=seed or 0)
        async with app.library() as library:
            names = projections or [each.name for each in await library.runner.status()]
            reports: list[VerificationReport] = []
            for name in names:
                app.output.progress(f"verifying {name}")
                reports.append(await library.runner.verify(name, sample=sample))
            return reports

    reports = app.run(work())
    app.output.progress("")
    if app.output.as_json:
        app.output.json([{**attrs.asdict(each), "is_equal": each.is_equal} for each in reports])
    else:
        app.output.grid(
            grid(
                "Projection",
                *(Column(title=each, right=True) for each in ("At", "Streams", "Rows")),
                "First difference",
                rows=[
                    (
                        each.projection,
                        each.sequence,
                        "all" if each.streams is None else each.streams,
                        each.rows,
                        each.difference or "none",
                    )
                    for each in reports
                ],
            )
        )
    if not all(each.is_equal for each in reports):
        raise click.exceptions.Exit(1)


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
            Column(title="State", keep=True),
            *(Column(title=each, right=True) for each in numbers),
            "Led by",
            "In its way",
            rows=[
                (
                    each.name,
                    each.version,
                    _state_of(each),
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


def _state_of(status: ProjectionStatus) -> str:
    # A hint beside a state in which it goes on.
    is_changed = status.stale and status.state.value != "stale"
    return f"{status.state.value}, code changed" if is_changed else status.state.value


def _led_by(holder: LeaseHolder) -> str:
    return f"{holder.owner} since {holder.since:%Y-%m-%d %H:%M:%S} until {holder.until:%H:%M:%S}"
