"""Problem details (RFC 9457): what a client is told about an error, and what it is not."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, TypeAlias

import attrs
import orjson

from eventdocs import errors
from eventdocs.observability._correlation import current_correlation

_logger: Final = logging.getLogger("eventdocs.http")
_MOST: Final = 20


@attrs.frozen(kw_only=True)
class Problem:
    """What a client is told.

    Attributes:
        status: The HTTP status.
        title: The kind of problem, the same for all of the kind.
        type: A URI that names the kind.
        detail: What the client can do, or what is wrong with its request.
        facts: Further members of the body, such as the version that a stream has.
        retry_after: Seconds after which to try again; None if that would not help.
    """

    MEDIA_TYPE: ClassVar[str] = "application/problem+json"

    status: int
    title: str
    type: str = "about:blank"
    detail: str | None = None
    facts: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    retry_after: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give the members of the body, with the correlation id of the work at hand."""
        members: dict[str, Any] = dict(self.facts)
        members |= {"type": self.type, "title": self.title, "status": self.status}
        if self.detail is not None:
            members["detail"] = self.detail
        correlation_id = current_correlation().correlation_id
        if correlation_id is not None:
            members["correlation_id"] = correlation_id
        return members

    def body(self) -> bytes:
        """Give the body as JSON."""
        return orjson.dumps(self.as_dict(), default=str, option=orjson.OPT_NON_STR_KEYS)

    def headers(self) -> dict[str, str]:
        """Give the headers that belong to the body."""
        headers = {"content-type": self.MEDIA_TYPE, "cache-control": "no-store"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return headers


ProblemRule: TypeAlias = Callable[[Any], Problem]
"""Tells what a client is told about an error of some class."""


class _Kind:
    """Tells about the errors of one class: fixed words, and the facts that a client may know."""

    def __init__(
        self, status: int, title: str, detail: str, *facts: str, retry_after: int | None = None
    ) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.facts = facts
        self.retry_after = retry_after

    def __call__(self, error: object) -> Problem:
        return Problem(
            status=self.status,
            title=self.title,
            type="urn:eventdocs:problem:" + self.title.lower().replace(" ", "-"),
            detail=self.detail,
            facts={name: _told(getattr(error, name)) for name in self.facts},
            retry_after=self.retry_after,
        )


_UNKNOWN: Final = _Kind(
    500, "Internal error", "The request could not be carried out. Quote the correlation id."
)
_AWAY: Final = "The service cannot do this at the moment. Send the same request again later."

_RULES: Final[Mapping[type[Exception], ProblemRule]] = {
    errors.WrongExpectedVersionError: _Kind(
        409,
        "Version conflict",
        "Somebody else was first, and nothing was changed. Read again, decide again, send again.",
        *("expected", "actual"),
    ),
    errors.EventIdConflictError: _Kind(
        409,
        "Id conflict",
        "This id stands for something else already. Nothing was changed.",
        "event_id",
    ),
    errors.InvalidStreamNameError: _Kind(400, "Invalid name", "No stream can be named so."),
    errors.UnencodableEventError: _Kind(
        422, "Invalid value", "A value cannot be recorded.", *("path", "reason")
    ),
    errors.TransientStoreError: _Kind(503, "Unavailable", _AWAY, retry_after=5),
    errors.StoreBusyError: _Kind(503, "Busy", _AWAY, retry_after=1),
    errors.StoreClosedError: _Kind(503, "Unavailable", _AWAY, retry_after=5),
    errors.StoreReadOnlyError: _Kind(503, "Read only", "Nothing can be changed at the moment."),
    errors.StoreFullError: _Kind(507, "Out of space", "There is no room to record anything."),
    errors.ProjectionTimeoutError: _Kind(
        503,
        "Not up to date yet",
        "What was changed is recorded and cannot be read yet. Read again later.",
        retry_after=1,
    ),
    errors.ProjectionHeldError: _Kind(409, "At work", "Somebody else is at it.", "projection"),
    errors.UnknownProjectionError: _Kind(
        404, "Unknown projection", "There is no such projection.", "projection"
    ),
    errors.UnknownDeadLetterError: _Kind(
        404,
        "Unknown dead letter",
        "There is no open dead letter at that place.",
        *("projection", "sequence"),
    ),
    errors.UnknownDocumentError: _Kind(404, "Unknown document", "There is no such document."),
    errors.RevisionUnavailableError: _Kind(
        404,
        "Revision unavailable",
        "This revision of the document is not to be had.",
        *("document_id", "revision", "reason"),
    ),
    errors.CommandRefusedError: _Kind(
        409,
        "Command refused",
        "The document is not in a state in which this makes sense.",
        *("document_id", "command", "reason"),
    ),
    errors.UnsupportedFormatError: _Kind(
        415,
        "Unsupported format",
        "Documents of this kind cannot be read.",
        *("media_type", "supported"),
    ),
    errors.MissingExtraError: _Kind(
        415, "Unsupported format", "Documents of this kind cannot be read here."
    ),
    errors.UnreadableDocumentError: _Kind(
        422, "Unreadable document", "The document is not of the format that it claims.", "reason"
    ),
    errors.ExtractionLimitError: _Kind(
        413,
        "Document too large",
        "The document exceeds a limit.",
        *("limit", "allowed", "found"),
    ),
    errors.WorkerFailedError: _Kind(503, "Unavailable", _AWAY, retry_after=5),
    errors.InvalidIRError: _Kind(
        422, "Invalid semantic IR", "The semantic IR breaks its own rules.", "problems"
    ),
    errors.InvalidArchiveError: _Kind(
        422, "Invalid archive", "The archive is not what was exported.", *("line", "reason")
    ),
}


class Problems:
    """Maps errors to what clients are told; the nearest class of an error decides.

    Errors of ours say no more than a client may know: no addresses, statements or names of
    files. Everything without a rule is an internal error, of which nothing is told.

    Args:
        rules: Rules for further classes of errors, or other ones for ours.
    """

    def __init__(self, rules: Mapping[type[Exception], ProblemRule] | None = None) -> None:
        self._rules = {**_RULES, **(rules or {})}

    def of(self, error: Exception) -> Problem:
        """Tell what a client is told about *error*; this never raises."""
        for kind in type(error).__mro__:
            rule = self._rules.get(kind)
            if rule is None:
                continue
            try:
                return rule(error)
            except Exception as failure:  # noqa: BLE001 - a host's rule that fails must not hide the error itself
                _logger.error(  # noqa: TRY400 - the traceback wanted is that of the error itself
                    "eventdocs.http.problem_rule_failed",
                    extra={"error_type": kind.__qualname__, "failure": repr(failure)},
                )
                break
        return _UNKNOWN(error)


def _told(value: object) -> object:
    match value:
        case enum.Enum():
            return value.value
        case tuple() | list():
            return list(value)[:_MOST]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # JSON takes any
        case _:
            return value
