"""Log lines: the `eventdocs` logger, silent until a host configures it, and a readable form."""

from __future__ import annotations

import logging
import time
from typing import Final

from typing_extensions import override

from eventdocs.observability._correlation import current_correlation

LOGGER_NAME: Final = "eventdocs"

logging.getLogger(LOGGER_NAME).addHandler(logging.NullHandler())

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class ReadableFormatter(logging.Formatter):
    """One line for people: time in UTC, level, event, the facts behind it, correlation id.

    The facts are what was passed as `extra`. Control characters in them are
    escaped, so that no value can forge a line. A traceback follows on lines of its own.
    """

    converter = staticmethod(time.gmtime)

    @override
    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        moment = self.formatTime(record, "%H:%M:%S")
        facts = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        correlation_id = current_correlation().correlation_id
        if correlation_id is not None:
            facts.setdefault("correlation_id", correlation_id)
        parts = [
            f"{moment}.{int(record.msecs):03d}",
            f"{record.levelname:<7}",
            _spelled(record.message),
            *(f"{key}={_spelled(value)}" for key, value in facts.items()),
        ]
        line = " ".join(parts)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _spelled(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(each in text for each in ' "=')
    return text if plain else ascii(text) if not text.isprintable() else f'"{text}"'
