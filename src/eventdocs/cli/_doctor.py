"""`eventdocs doctor`: what of the database, the way to it and the installation is not in order."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app

if TYPE_CHECKING:
    from eventdocs.backends import Diagnosis, Examination

EXTRAS = {
    "cli": ("rich", "tables are not drawn on terminals"),
    "docx": ("lxml", "Word documents cannot be read"),
    "pdf": ("pypdfium2", "PDFs cannot be read"),
    "rst": ("docutils", "reStructuredText cannot be read"),
    "zstd": ("zstandard", "archives of the log cannot be compressed with Zstandard"),
}
"""The package that each extra brings, and what is so without it."""


@click.command(short_help="Find what is not in order, and tell what to do.")
@click.option("--strict", is_flag=True, help="A warning is a failure, too.")
@click.option(
    "--min-free",
    metavar="MIB",
    type=click.IntRange(min=0),
    default=1024,
    show_default=True,
    help="Warn of a disk with less free.",
)
@database_option
@common_options
@pass_app
def doctor(app: App, *, strict: bool, min_free: int) -> None:
    """Find what is not in order, and tell what to do about it; change nothing.

    It looks at the installation, the settings, the server or file, its disk, the schema,
    the role and the way to the server. A SQLite file is read as a whole.
    The exit status is 1 if there is an error; with --strict, also if there is a warning.
    """
    app.output.progress("looking")
    found = app.run(_examine(app, min_free))
    app.output.progress("")
    severities = [each.severity for each in found.diagnoses]
    is_well = "error" not in severities and not (strict and "warning" in severities)
    if app.output.as_json:
        app.output.json({"is_well": is_well, **attrs.asdict(found)})
    else:
        _show(app, found)
    if not is_well:
        raise click.exceptions.Exit(1)


async def _examine(app: App, min_free: int) -> Examination:
    from eventdocs.backends import Examination, diagnose

    of_database = await diagnose(
        app.database,
        schema=app.settings.schema,
        direct_url=app.settings.direct_url,
        pool_max_size=app.settings.pool_max_size,
        min_free_bytes=min_free * 1024 * 1024,
    )
    return Examination(
        facts={**_installed(), **of_database.facts},
        diagnoses=(*of_database.diagnoses, *_questionable(app), *_missing()),
    )


def _installed() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    extras = ", ".join(name for name, (package, _) in EXTRAS.items() if _is_there(package))
    return {
        "eventdocs": version("eventdocs"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "sqlalchemy": version("sqlalchemy"),
        "asyncpg": version("asyncpg"),
        "extras": extras or "none",
    }


def _missing() -> Iterator[Diagnosis]:
    from eventdocs.backends import Diagnosis

    for name, (package, effect) in EXTRAS.items():
        if not _is_there(package):
            yield Diagnosis(
                code="extra-missing",
                severity="info",
                message=f"the extra {name!r} is not installed: {effect}",
                remedy=f"pip install 'eventdocs[{name}]', if you need it",
            )


def _is_there(package: str) -> bool:
    if package == "zstandard" and sys.version_info >= (3, 14):
        return True  # Python brings it
    return importlib.util.find_spec(package) is not None


def _questionable(app: App) -> Iterator[Diagnosis]:
    from eventdocs.backends import Diagnosis

    for warning in app.settings.warnings:
        yield Diagnosis(
            code="settings-questionable",
            severity="warning",
            message=warning,
            remedy="`eventdocs settings` shows what is in force and where it comes from",
        )


def _show(app: App, found: Examination) -> None:
    facts = found.facts.items()
    app.output.pairs([(_spelled(name), str(value)) for name, value in facts], indent="")
    for each in found.diagnoses:
        app.output.line()
        app.output.line(f"{each.severity}: {each.message} ({each.code})")
        app.output.line(f"    {each.remedy}")
    app.output.line()
    app.output.line(_summary(found))


def _spelled(name: str) -> str:
    return name.replace("_", " ")


def _summary(found: Examination) -> str:
    counts = [
        (sum(each.severity == severity for each in found.diagnoses), name)
        for severity, name in (("error", "error"), ("warning", "warning"), ("info", "hint"))
    ]
    told = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    return ", ".join(told) or "all is in order"
