"""The options that commands share; they work before and after the command's name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from eventdocs.cli._app import DEFAULT_DATABASE, App

F = TypeVar("F", bound=Callable[..., Any])


def database_option(command: F) -> F:
    """Let the caller name the database."""
    return click.option(
        "--database",
        metavar="URL",
        expose_value=False,
        callback=_choose_database,
        help="sqlite:///FILE or postgresql://…; else EVENTDOCS_DATABASE_URL, "
        f"else {DEFAULT_DATABASE}.",
    )(command)


def common_options(command: F) -> F:
    """Let the caller choose how the command answers."""
    for option in (
        click.option(
            "--verbose",
            is_flag=True,
            expose_value=False,
            callback=_be_verbose,
            help="Show log lines, and tracebacks of errors, on standard error.",
        ),
        click.option(
            "--color/--no-color",
            default=None,
            expose_value=False,
            callback=_choose_color,
            help="Colours, whatever the terminal and NO_COLOR say.",
        ),
        click.option(
            "--json",
            is_flag=True,
            expose_value=False,
            callback=_answer_in_json,
            help="Answer with one JSON value.",
        ),
    ):
        command = option(command)
    return command


def pass_app(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the `App` as its first argument."""

    @click.pass_context
    @functools.wraps(command)
    def with_app(context: click.Context, /, *args: Any, **kwargs: Any) -> None:
        command(context.ensure_object(App), *args, **kwargs)

    return with_app


def _choose_database(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(App).chosen_database = value


def _be_verbose(context: click.Context, _: click.Parameter, value: bool) -> None:
    app = context.ensure_object(App)
    if value and not app.verbose:
        app.verbose = True
        app.log_to_stderr()


def _choose_color(context: click.Context, _: click.Parameter, value: bool | None) -> None:
    if value is not None:
        context.ensure_object(App).output.color = value


def _answer_in_json(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(App).output.as_json = True
