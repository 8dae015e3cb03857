"""Correlation: which request, and which event before it, caused what happens now."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Generator, Mapping
from contextvars import ContextVar
from uuid import UUID

import attrs

from eventdocs.types import JSONValue

MAX_CORRELATION_ID = 128


@attrs.frozen(kw_only=True)
class Correlation:
    """What is known about the cause of the work at hand.

    Attributes:
        correlation_id: One id for everything that one request sets off.
        causation_id: The event that directly caused this.
        actor: Who acts, in the host's own words.
        metadata: Further facts that every event appended here shall carry.
    """

    correlation_id: str | None = None
    causation_id: UUID | None = None
    actor: str | None = None
    metadata: Mapping[str, JSONValue] = attrs.field(factory=dict[str, JSONValue])


_NONE = Correlation()
_current: ContextVar[Correlation] = ContextVar("eventdocs_correlation", default=_NONE)


def current_correlation() -> Correlation:
    """Tell what the surrounding `correlate` blocks say; empty outside of any."""
    return _current.get()


@contextlib.contextmanager
def correlate(
    correlation_id: str | None = None,
    *,
    causation_id: UUID | None = None,
    actor: str | None = None,
    metadata: Mapping[str, JSONValue] | None = None,
) -> Generator[Correlation]:
    """Give everything in the block, tasks started in it included, this correlation.

    What is not given is taken from the surrounding block. Metadata is merged, the
    inner block's keys first. An id that is not 1 to 128 printable ASCII characters
    is replaced by a new one, so that nobody can forge log lines through it.
    """
    outer = _current.get()
    inner = Correlation(
        correlation_id=_valid_or_new(correlation_id) if correlation_id else outer.correlation_id,
        causation_id=causation_id or outer.causation_id,
        actor=actor or outer.actor,
        metadata={**outer.metadata, **(metadata or {})},
    )
    token = _current.set(inner)
    try:
        yield inner
    finally:
        _current.reset(token)


def new_correlation_id() -> str:
    """Make an id that no other request has."""
    return uuid.uuid4().hex


def _valid_or_new(candidate: str) -> str:
    fits = len(candidate) <= MAX_CORRELATION_ID and candidate.isascii() and candidate.isprintable()
    return candidate if fits else new_correlation_id()
