"""Log lines: what is known of an event, as JSON for machines or as text for people."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from typing_extensions import override

from eventdocs.observability._correlation import current_correlation
from eventdocs.observability._redaction import Redactor

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "taskName", "correlation_id"),
}


class _LineFormatter(logging.Formatter):
    """Knows what a line says, without its secrets.

    Args:
        redactor: Leaves secrets out; a `Redactor` without known texts by default.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        super().__init__()
        self.redactor = redactor or Redactor()

    def facts_of(self, record: logging.LogRecord) -> dict[str, object]:
        """Give what was passed as `extra`."""
        fact = self.redactor.fact
        return {
            key: fact(key, value) for key, value in vars(record).items() if key not in _STANDARD
        }

    def message_of(self, record: logging.LogRecord) -> str:
        """Give the event's name."""
        return self.redactor.text(record.getMessage())

    def traceback_of(self, record: logging.LogRecord) -> str | None:
        """Give where an error was raised; None without one."""
        if not record.exc_info or record.exc_info[1] is None:
            return None
        return self.redactor.text(self.formatException(record.exc_info))


def _correlation_id_of(record: logging.LogRecord) -> str | None:
    given: object = getattr(record, "correlation_id", None)
    return current_correlation().correlation_id if given is None else str(given)


class JSONFormatter(_LineFormatter):
    """One JSON object a line: `timestamp`, `level`, `logger`, `message`, `correlation_id`, facts, place.

    The facts are what was passed as `extra`, each under its own name; one that is named as
    a field of ours gets `extra_` before its name. The place is `module`, `function` and
    `line`. An error is `exception` with `type`, `message` and `traceback`. What JSON has no
    form for is spelled as text, and no fact can make formatting fail.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "timestamp": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message_of(record),
            "correlation_id": _correlation_id_of(record),
        }
        place = {
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
        }
        for key, value in self.facts_of(record).items():
            is_taken = key in line or key in place or key in {"exception", "stack"}
            line[f"extra_{key}" if is_taken else key] = value
        line |= place
        traceback = self.traceback_of(record)
        if traceback is not None and record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["exception"] = {
                "type": f"{type(error).__module__}.{type(error).__qualname__}",
                "message": self.redactor.text(str(error)),
                "traceback": traceback,
            }
        if record.stack_info:
            line["stack"] = self.redactor.text(record.stack_info)
        return _as_json(line)


class ReadableFormatter(_LineFormatter):
    """One line for people: time in UTC, level, event, the facts behind it, correlation id.

    The facts are what was passed as `extra`. Control characters in them are
    escaped, so that no value can forge a line. A traceback follows on lines of its own.
    """

    converter = staticmethod(time.gmtime)

    @override
    def format(self, record: logging.LogRecord) -> str:
        moment = self.formatTime(record, "%H:%M:%S")
        facts = self.facts_of(record)
        correlation_id = _correlation_id_of(record)
        if correlation_id is not None:
            facts["correlation_id"] = self.redactor.text(correlation_id)
        parts = [
            f"{moment}.{int(record.msecs):03d}",
            f"{record.levelname:<7}",
            _spelled(self.message_of(record)),
            *(f"{key}={_spelled(value)}" for key, value in facts.items()),
        ]
        line = " ".join(parts)
        traceback = self.traceback_of(record)
        if traceback is not None:
            line += "\n" + traceback
        return line


def _as_json(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line).decode()
    except (TypeError, ValueError):
        # Lone surrogates, and integers beyond 64 bits.
        return json.dumps(line, default=str, skipkeys=True)


def _spelled(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(each in text for each in ' "=')
    return text if plain else ascii(text) if not text.isprintable() else f'"{text}"'
