"""Histories: a document's stream, read and folded."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from eventdocs.documents._decider import decide
from eventdocs.documents._events import DOCUMENT_EVENTS
from eventdocs.documents._state import Document, evolve
from eventdocs.errors import RevisionUnavailableError, UnknownDocumentError
from eventdocs.store import Decider, EventStore, Folded, RecordedEvent, event_type_of

_OURS: Final = frozenset(event_type_of(each).name for each in DOCUMENT_EVENTS)


def stream_of(document_id: UUID) -> str:
    """Name the stream that a document's events are in."""
    return f"document-{document_id}"


async def load(store: EventStore, document_id: UUID) -> Folded[Document]:
    """Fold a document's stream; one that does not exist gives an absent document."""
    decider = Decider(
        initial=Document(document_id=document_id),
        decide=decide,
        evolve=evolve,
        events=DOCUMENT_EVENTS,  # hosts may put events of their own into the stream
    )
    return await store.fold(stream_of(document_id), decider)


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
