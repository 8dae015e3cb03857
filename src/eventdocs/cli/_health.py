"""`eventdocs health`: whether the read models are kept up to date, for people and for probes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, grid

if TYPE_CHECKING:
    from eventdocs.projections import ProjectionHealth, RunnerHealth


@click.command(short_help="Tell whether the read models are kept up to date.")
@click.option(
    "--on-demand",
    is_flag=True,
    help="Nobody has to keep them so: `eventdocs projections catch-up` does now and then.",
)
@click.option(
    "--stalled-seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="How long a projection that has work may stand still.",
)
@click.option(
    "--lag-seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    help="How old the first event may be that a projection has not applied.",
)
@database_option
@common_options
@pass_app
def health(app: App, *, on_demand: bool, stalled_seconds: float, lag_seconds: float) -> None:
    """Tell whether the read models of documents are kept up to date, and why they are not.

    It sees what the database tells of runners in other processes: who leads each
    projection, and how far it is. The exit status is 1 if anything is wrong.
    """
    found = app.run(_ask(app, on_demand, stalled_seconds, lag_seconds))
    app.output.progress("")
    if app.output.as_json:
        judged = {"is_healthy": found.is_healthy, "reasons": found.reasons}
        app.output.json({**judged, **attrs.asdict(found, recurse=False)})
    else:
        _show(app, found)
    if not found.is_healthy:
        raise click.exceptions.Exit(1)


async def _ask(
    app: App, on_demand: bool, stalled_seconds: float, lag_seconds: float
) -> RunnerHealth:
    from eventdocs.errors import StoreError
    from eventdocs.projections import HealthLimits, RunnerHealth

    limits = HealthLimits(
        must_be_led=not on_demand, stalled_seconds=stalled_seconds, lag_seconds=lag_seconds
    )
    try:
        async with app.library() as library:
            return await library.runner.health(limits)
    except StoreError as error:
        return RunnerHealth(
            checked_at=datetime.now(UTC),
            head=None,
            head_seconds=None,
            feed=None,
            projections=(),
            problems=(str(error),),
        )


def _show(app: App, found: RunnerHealth) -> None:
    if found.head_seconds is not None:
        app.output.line(f"the log ends at event {found.head}, {found.head_seconds:.0f} s old")
    if found.projections:
        app.output.grid(
            grid(
                "Projection",
                "State",
                *(Column(title=each, right=True) for each in ("Lag", "Waiting for", "Set aside")),
                "Led by",
                rows=[_row(each) for each in found.projections],
            )
        )
    for reason in found.reasons:
        app.output.line(f"- {reason}")
    app.output.line("healthy" if found.is_healthy else "not healthy")


def _row(each: ProjectionHealth) -> tuple[object, ...]:
    status = each.status
    waiting = f"{status.lag_seconds:.0f} s" if status.lag else None
    leader = status.holder and status.holder.owner
    return status.name, status.state.value, status.lag, waiting, status.dead_letters, leader
