"""Histories: a document's stream, read and folded."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import attrs

from eventdocs.documents._events import DOCUMENT_EVENTS
from eventdocs.documents._state import Document, evolve
from eventdocs.errors import RevisionUnavailableError, UnknownDocumentError
from eventdocs.store import EventStore, RecordedEvent, event_type_of

_OURS: Final = frozenset(event_type_of(each).name for each in DOCUMENT_EVENTS)


@attrs.frozen(kw_only=True)
class Loaded:
    """A document and how far its stream was read.

    Attributes:
        state: What the events amount to.
        version: The stream's version; other events than documents' count too.
    """

    state: Document
    version: int


def stream_of(document_id: UUID) -> str:
    """Name the stream that a document's events are in."""
    return f"document-{document_id}"


async def load(store: EventStore, document_id: UUID) -> Loaded:
    """Read and fold a document's stream; one that does not exist gives an absent document."""
    state = Document(document_id=document_id)
    version = 0
    async for event in store.read_stream(stream_of(document_id)):
        version = event.version
        if event.type in _OURS:
            state = evolve(state, event.data)
    return Loaded(state=state, version=version)


async def load_existing(store: EventStore, document_id: UUID) -> Document:
    """Read and fold the stream of a document that has contents.

    Raises:
        UnknownDocumentError: There is no such document.
        RevisionUnavailableError: It was erased.
    """
    state = (await load(store, document_id)).state
    check_existing(state)
    return state


def check_existing(state: Document) -> None:
    """Make sure that a document has contents.

    Raises:
        UnknownDocumentError: There is no such document.
        RevisionUnavailableError: It was erased.
    """
    if state.lifecycle == "absent":
        raise UnknownDocumentError(str(state.document_id))
    if state.lifecycle == "erased":
        raise RevisionUnavailableError(state.document_id, state.current.number, "it was erased")


async def history(store: EventStore, document_id: UUID) -> tuple[RecordedEvent[Any], ...]:
    """List everything that happened to a document, in order, the host's own events included.

    Raises:
        UnknownDocumentError: There is no such document.
    """
    events = tuple([event async for event in store.read_stream(stream_of(document_id))])
    if not any(event.type in _OURS for event in events):
        raise UnknownDocumentError(str(document_id))
    return events
