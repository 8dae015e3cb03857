"""The `eventdocs` program: its commands, its exit status, its last words."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn, cast

import click
from typing_extensions import override

from eventdocs.cli._app import INTERRUPTED, App
from eventdocs.cli._completion import completion
from eventdocs.cli._dead_letters import dead_letters
from eventdocs.cli._demo import demo
from eventdocs.cli._doctor import doctor
from eventdocs.cli._documents import documents, findings, show
from eventdocs.cli._events import events
from eventdocs.cli._extract import extract
from eventdocs.cli._health import health
from eventdocs.cli._ingest import ingest
from eventdocs.cli._log import log
from eventdocs.cli._migrate import migrate
from eventdocs.cli._options import common_options, database_option
from eventdocs.cli._projections import projections
from eventdocs.cli._revisions import diff, impact
from eventdocs.cli._settings import settings
from eventdocs.cli._types import types
from eventdocs.cli._version import version
from eventdocs.errors import EventdocsError, StoreBusyError

FAILED, PIPE_CLOSED = 1, 141


class Program(click.Group):
    """The commands, and one place where every error ends.

    Expected errors are told in a line each, without a traceback.
    """

    @override
    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = False,  # `ingest` expands patterns itself, on every system
        **extra: Any,
    ) -> NoReturn:
        app = App()
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")
        try:
            status = super().main(
                args,
                prog_name or "eventdocs",
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                obj=app,
                **extra,
            )
        except BaseException as error:  # noqa: BLE001 - every way to end becomes an exit status
            status = _conclude(error, app)
        finally:
            app.output.close()
        sys.exit(status if isinstance(status, int) else 0)

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order in which they are met, not by name

    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has gone; without this the interpreter complains while it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(PIPE_CLOSED) from None
        return result


def _conclude(raised: BaseException, app: App) -> int:
    """Say what is to be said about an error; return the exit status."""
    error = _without_groups(raised)
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return error.exit_code
        case click.ClickException():
            if isinstance(error, click.UsageError) and error.ctx is not None:
                click.echo(error.ctx.get_usage(), err=True)
            app.output.error(error.format_message())
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            app.output.note("interrupted")
            return INTERRUPTED
        case StoreBusyError(database=database):
            app.output.error(
                f"{database} is busy: another program is writing to it; when that has ended, "
                "repeat the command"
            )
        case EventdocsError():
            app.output.error(str(error))
        case OSError() if error.filename is not None or error.errno is not None:
            app.output.error(_told(error))
        case SystemExit():
            raise error
        case _:
            app.output.error(
                f"unexpected {type(error).__name__}: {error}\n"
                "this is a defect of eventdocs; please report it with what the same command "
                "says with --verbose"
            )
    if app.verbose:
        traceback.print_exception(error)
    return FAILED


def _without_groups(error: BaseException) -> BaseException:
    """Find the error that a group of one hides."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    inside = cast("BaseExceptionGroup[BaseException]", error).exceptions
    return _without_groups(inside[0]) if len(inside) == 1 else cast("BaseException", error)


def _told(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename is not None else reason


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 all went well, 1 something failed, 2 wrong usage, 130 interrupted, "
    "141 nobody read the answer to its end.",
)
@click.version_option(package_name="eventdocs", message="eventdocs %(version)s")
@database_option
@common_options
def main() -> None:
    """Documents go in, their meaning comes out.

    Start with `eventdocs demo`, then `eventdocs ingest PATH` on files of your own.
    """


for _command in (
    demo,
    ingest,
    extract,
    documents,
    show,
    findings,
    diff,
    impact,
    events,
    log,
    types,
    projections,
    dead_letters,
    health,
    doctor,
    migrate,
    settings,
    completion,
    version,
):
    main.add_command(_command)
