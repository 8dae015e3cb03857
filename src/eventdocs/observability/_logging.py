"""Logging: the `eventdocs` logger, silent until a host hears it or asks for a handler."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Final, Literal, TextIO

from eventdocs.errors import ConfigurationError
from eventdocs.observability._lines import JSONFormatter, ReadableFormatter
from eventdocs.observability._redaction import Redactor

LOGGER_NAME: Final = "eventdocs"

_LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_FORMS: Final = {"json": JSONFormatter, "readable": ReadableFormatter}

logging.getLogger(LOGGER_NAME).addHandler(logging.NullHandler())


class _OwnHandler(logging.StreamHandler[TextIO]):
    """The handler that `configure_logging` makes, known by its class."""


def configure_logging(
    *,
    level: str = "info",
    form: Literal["json", "readable"] = "json",
    logger: str = LOGGER_NAME,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> logging.Handler:
    """Write log lines to a stream; nothing does that until a host asks for it.

    Hosts that configure logging themselves do not need this: lines of the library reach
    their handlers, and the formatters can be used with any. Calling it again replaces what
    the last call for the same *logger* has set up.

    Args:
        level: The least level that is written, such as `"info"`.
        form: `"json"` for one object a line, `"readable"` for people.
        logger: Whose lines are written, those below it included; `""` for all of the
            process. Another handler further up does not get them a second time.
        secrets: Texts that must never be written, such as those that settings hold.
        stream: Where they go; standard error if not given.

    Returns:
        What writes them, so that a host can take it off again.

    Raises:
        ConfigurationError: There is no such level or form.
    """
    problems: list[str] = []
    if level.lower() not in _LEVELS:
        problems.append(f"{level!r} is no level of log lines; use one of {_named(_LEVELS)}")
    if form not in _FORMS:
        problems.append(f"{form!r} is no form of log lines; use one of {_named(_FORMS)}")
    if problems:
        raise ConfigurationError(problems)
    chosen = logging.getLogger(logger)
    for handler in [each for each in chosen.handlers if isinstance(each, _OwnHandler)]:
        chosen.removeHandler(handler)
    made = _OwnHandler(stream or sys.stderr)
    made.setFormatter(_FORMS[form](Redactor(secrets)))
    chosen.addHandler(made)
    chosen.setLevel(level.upper())
    chosen.propagate = False
    return made


def _named(choices: Iterable[str]) -> str:
    return ", ".join(choices)
