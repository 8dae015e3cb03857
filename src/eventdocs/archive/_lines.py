"""Lines: how a log is spelled in an archive, each line proven by a hash.

The first line is the header. Then come the events in their order, each after the
contents that it names, and at last a line that says how many there were. Every line but
the first ends with a hash of itself and of all lines before it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

import attrs
import orjson

from eventdocs.backends import BulkEvent
from eventdocs.errors import InvalidStreamNameError
from eventdocs.store import check_stream_name
from eventdocs.types import Digest, digest_of

FORMAT: Final = "eventdocs-log"
VERSION: Final = 1

_HASH_BYTES: Final = 16
_HASH_KEY: Final = b',"hash":"'
_HASH_END: Final = b'"}'
_SPELLING: Final = "it is not spelled as an export spells it"
_EVENT_FIELDS: Final = 12  # with the hash
_UUID: Final = re.compile("[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_TIME_SIZE: Final = len("2026-01-01T00:00:00.000000+00:00")
_NO_OFFSET: Final = timedelta()
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


Line: TypeAlias = BulkEvent | ContentLine | End


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
        self._last = _hash(self._last, body)
        return body[:-1] + _HASH_KEY + self._last.hex().encode() + _HASH_END

    def open(self, line: bytes) -> bytes:
        """Take the hash off *line* and return its body.

        Raises:
            LineError: There is none, or it is of another line.
        """
        body = line[:-_SEAL_SIZE] + b"}"
        self._last = _hash(self._last, body)
        if line[-_SEAL_SIZE:] != _HASH_KEY + self._last.hex().encode() + _HASH_END:
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
    header = _built(_header_of, fields)
    if header.after > header.through:
        raise LineError(f"it wants events after {header.after} up to {header.through}")
    if header_line(header) != line:
        raise LineError(_SPELLING)
    return header


def body_of(line: Line) -> bytes:
    """Spell *line*, as it is sealed."""
    match line:
        case BulkEvent():
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


def _event_body(event: BulkEvent) -> bytes:
    fields = event._asdict()
    payload, metadata = fields.pop("payload"), fields.pop("metadata")
    return _dumps(
        {**fields, "data": orjson.Fragment(payload), "metadata": orjson.Fragment(metadata)}
    )


def read_line(body: bytes, fields: Mapping[str, Any]) -> Line:
    """Make of a line what it says.

    Args:
        body: The line without its hash.
        fields: The same, parsed.

    Raises:
        LineError: It is no line that `body_of` writes.
    """
    if "sequence" in fields:
        return _built(_event_of, fields)
    line: Line
    if "content" in fields:
        line = _built(_content_of, fields)
        if digest_of(line.data) != line.digest:
            raise LineError("the content is not the one of that digest")
    elif "events" in fields:
        line = _built(_end_of, fields)
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


def _header_of(fields: Mapping[str, Any]) -> Header:
    return Header(
        store_id=UUID(fields["store_id"]),
        exported_at=datetime.fromisoformat(fields["exported_at"]),
        after=_number(fields, "after"),
        follows=None if fields["follows"] is None else UUID(fields["follows"]),
        through=_number(fields, "through"),
        contents=bool(fields["contents"]),
    )


def _event_of(fields: Mapping[str, Any]) -> BulkEvent:
    if len(fields) != _EVENT_FIELDS:
        raise ValueError(f"an event has {_EVENT_FIELDS} fields, this has {len(fields)}")
    metadata, causation_id = fields["metadata"], fields["causation_id"]
    if not isinstance(metadata, dict):
        raise TypeError("metadata is no JSON object")
    return BulkEvent(
        sequence=_number(fields, "sequence", least=1),
        stream=_stream_name(fields["stream"]),
        version=_number(fields, "version", least=1),
        id=_uuid(fields["id"]),
        type=_text(fields["type"]),
        schema_version=_number(fields, "schema_version", least=1),
        payload=orjson.dumps(fields["data"], option=orjson.OPT_SORT_KEYS),
        metadata=orjson.dumps(metadata, option=orjson.OPT_SORT_KEYS) if metadata else b"{}",
        correlation_id=_text_or_none(fields["correlation_id"]),
        causation_id=None if causation_id is None else _uuid(causation_id),
        recorded_at=_time(fields["recorded_at"]),
    )


# Streams come again and again, and a name is checked letter by letter.
_stream_name: Final = functools.lru_cache(maxsize=10_000)(check_stream_name)


def _content_of(fields: Mapping[str, Any]) -> ContentLine:
    return ContentLine(
        document_id=UUID(fields["document_id"]),
        digest=Digest(fields["digest"]),
        data=base64.b64decode(fields["content"], validate=True),
    )


def _end_of(fields: Mapping[str, Any]) -> End:
    return End(events=_number(fields, "events"), contents=_number(fields, "contents"))


def _built(build: Callable[[Mapping[str, Any]], T], fields: Mapping[str, Any]) -> T:
    try:
        return build(fields)
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


def _uuid(value: Any) -> str:
    if _UUID.fullmatch(value) is None:
        raise ValueError(f"{value!r} is no UUID")
    return str(value)


def _time(value: Any) -> str:
    if len(value) != _TIME_SIZE or datetime.fromisoformat(value).utcoffset() != _NO_OFFSET:
        raise ValueError(f"{value!r} is no time in UTC, with microseconds")
    return str(value)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _hash(*told: bytes) -> bytes:
    return hashlib.blake2b(b"".join(told), digest_size=_HASH_BYTES).digest()
