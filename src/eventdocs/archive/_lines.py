"""Lines: how a log is spelled in an archive, each line proven by a hash.

The first line is the header. Then come the events in their order, each after the
contents that it names, and at last a line that says how many there were. Every line but
the first ends with a hash of itself and of all lines before it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

import attrs
import orjson

from eventdocs.errors import InvalidStreamNameError
from eventdocs.store import RawEvent, check_stream_name
from eventdocs.types import Digest, digest_of

FORMAT: Final = "eventdocs-log"
VERSION: Final = 1

_HASH_BYTES: Final = 16
_HASH_KEY: Final = b',"hash":"'
_HASH_END: Final = b'"}'
_SPELLING: Final = "it is not spelled as an export spells it"
_SEAL_SIZE: Final = len(_HASH_KEY) + 2 * _HASH_BYTES + len(_HASH_END)

T = TypeVar("T")


class LineError(Exception):
    """A line is not what an export writes; the text says why."""


@attrs.frozen(kw_only=True)
class Header:
    """The first line: which part of which log follows.

    Attributes:
        store_id: The log's identity.
        exported_at: When the export began.
        after: Only events beyond this sequence.
        follows: The last event up to there; None if there is none.
        through: Only events up to this sequence: as far as the log was settled.
        contents: Whether contents that events name are here too.
    """

    store_id: UUID
    exported_at: datetime
    after: int
    follows: UUID | None
    through: int
    contents: bool


@attrs.frozen(kw_only=True)
class ContentLine:
    """A content, for the sake of one document, ahead of the first event that names both.

    Attributes:
        document_id: The document.
        digest: What the event calls the content by.
        data: The bytes.
    """

    document_id: UUID
    digest: Digest
    data: bytes


@attrs.frozen(kw_only=True)
class End:
    """The last line: the archive is whole.

    Attributes:
        events: How many events it holds.
        contents: How many contents.
    """

    events: int
    contents: int


Line: TypeAlias = RawEvent | ContentLine | End


class Chain:
    """Seals lines, each together with all that were sealed before it.

    This guards against accidents, such as a lost line or a changed byte; whoever forges
    an archive can compute hashes as well.
    """

    def __init__(self, header: Header) -> None:
        told = attrs.asdict(header, filter=lambda field, _: field.name != "exported_at")
        self._last = _hash(_dumps({"format": FORMAT, "version": VERSION, **told}))

    def seal(self, body: bytes) -> bytes:
        """Give the line for *body*, a JSON object."""
        self._last = _hash(self._last + body)
        return body[:-1] + _HASH_KEY + self._last.hex().encode() + _HASH_END

    def open(self, line: bytes) -> bytes:
        """Take the hash off *line* and return its body.

        Raises:
            LineError: There is none, or it is of another line.
        """
        body = line[:-_SEAL_SIZE] + b"}"
        if self.seal(body) != line:
            raise LineError("its hash does not fit: it was changed, or a line before it is missing")
        return body


def header_line(header: Header) -> bytes:
    """Write the first line, without its line end."""
    return _dumps({"format": FORMAT, "version": VERSION, **attrs.asdict(header)})


def read_header(line: bytes) -> Header:
    """Read the first line.

    Raises:
        LineError: It is none.
    """
    try:
        fields = parsed(line)
    except LineError:
        fields = {}
    if fields.get("format") != FORMAT:
        raise LineError("the file is no archive of a log")
    if fields.get("version") != VERSION:
        raise LineError(
            f"the archive has format version {fields.get('version')}, "
            f"this eventdocs reads version {VERSION}"
        )
    header = _built(
        lambda: Header(
            store_id=UUID(fields["store_id"]),
            exported_at=datetime.fromisoformat(fields["exported_at"]),
            after=_number(fields, "after"),
            follows=None if fields["follows"] is None else UUID(fields["follows"]),
            through=_number(fields, "through"),
            contents=bool(fields["contents"]),
        )
    )
    if header.after > header.through:
        raise LineError(f"it wants events after {header.after} up to {header.through}")
    if header_line(header) != line:
        raise LineError(_SPELLING)
    return header


def body_of(line: Line) -> bytes:
    """Spell *line*, as it is sealed."""
    match line:
        case RawEvent():
            return _event_body(line)
        case ContentLine():
            return _dumps(
                {
                    "document_id": line.document_id,
                    "digest": line.digest,
                    "content": base64.b64encode(line.data).decode(),
                }
            )
        case End():
            return _dumps(attrs.asdict(line))


def _event_body(event: RawEvent) -> bytes:
    return _dumps(
        {
            "sequence": event.sequence,
            "stream": event.stream,
            "version": event.version,
            "id": event.id,
            "type": event.type,
            "schema_version": event.schema_version,
            "data": orjson.Fragment(event.payload),
            "metadata": orjson.Fragment(event.metadata),
            "correlation_id": event.correlation_id,
            "causation_id": event.causation_id,
            "recorded_at": event.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        }
    )


def read_line(body: bytes, fields: Mapping[str, Any]) -> Line:
    """Make of a line what it says.

    Args:
        body: The line without its hash.
        fields: The same, parsed.

    Raises:
        LineError: It is no line that `body_of` writes.
    """
    line: Line
    if "sequence" in fields:
        line = _built(lambda: _event_of(fields))
        if not isinstance(fields["metadata"], dict):
            raise LineError("its metadata is no JSON object")
    elif "content" in fields:
        line = _built(lambda: _content_of(fields))
        if digest_of(line.data) != line.digest:
            raise LineError("the content is not the one of that digest")
    elif "events" in fields:
        line = _built(
            lambda: End(events=_number(fields, "events"), contents=_number(fields, "contents"))
        )
    else:
        raise LineError("it is neither an event nor a content")
    if body_of(line) != body:
        raise LineError(_SPELLING)
    return line


def parsed(line: bytes) -> dict[str, Any]:
    """Parse a line that should be a JSON object.

    Raises:
        LineError: It is none.
    """
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LineError(f"it is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise LineError("it is no JSON object")
    return fields  # pyright: ignore[reportUnknownVariableType]  # keys of JSON objects are text


def _event_of(fields: Mapping[str, Any]) -> RawEvent:
    causation_id = fields["causation_id"]
    return RawEvent(
        sequence=_number(fields, "sequence", least=1),
        stream=check_stream_name(fields["stream"]),
        version=_number(fields, "version", least=1),
        id=UUID(fields["id"]),
        type=_text(fields["type"]),
        schema_version=_number(fields, "schema_version", least=1),
        payload=orjson.dumps(fields["data"], option=orjson.OPT_SORT_KEYS),
        metadata=orjson.dumps(fields["metadata"], option=orjson.OPT_SORT_KEYS),
        correlation_id=None
        if fields["correlation_id"] is None
        else _text(fields["correlation_id"]),
        causation_id=None if causation_id is None else UUID(causation_id),
        recorded_at=datetime.fromisoformat(fields["recorded_at"]),
    )


def _content_of(fields: Mapping[str, Any]) -> ContentLine:
    return ContentLine(
        document_id=UUID(fields["document_id"]),
        digest=Digest(fields["digest"]),
        data=base64.b64decode(fields["content"], validate=True),
    )


def _built(build: Callable[[], T]) -> T:
    try:
        return build()
    except KeyError as error:
        raise LineError(f"it lacks {error}") from error
    except (AttributeError, TypeError, ValueError, InvalidStreamNameError) as error:
        raise LineError(f"one of its values cannot be: {error}") from error


def _dumps(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, default=str)  # drivers have a UUID class of their own


def _number(fields: Mapping[str, Any], name: str, *, least: int = 0) -> int:
    value = fields[name]
    if type(value) is not int or not least <= value < 2**63:
        raise ValueError(f"{name} is {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{value!r} is no text that the log keeps")
    return value


def _hash(told: bytes) -> bytes:
    return hashlib.blake2b(told, digest_size=_HASH_BYTES).digest()
