"""Event sourcing for document applications.

These are the names that most hosts need; each is loaded when it is first used, so
that importing the package costs next to nothing. Everything else is found in the
packages by concept: `store`, `projections`, `documents`, `ir`, `extraction`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eventdocs.backends import open_store
    from eventdocs.documents import (
        DOCUMENT_EVENTS,
        DocumentContents,
        Documents,
        DocumentViews,
        SemanticIR,
    )
    from eventdocs.errors import EventdocsError
    from eventdocs.observability import correlate
    from eventdocs.projections import ProjectionRunner, Projector, handles
    from eventdocs.store import EventStore, Expect, NewEvent, RecordedEvent, event

__all__ = [
    "DOCUMENT_EVENTS",
    "DocumentContents",
    "DocumentViews",
    "Documents",
    "EventStore",
    "EventdocsError",
    "Expect",
    "NewEvent",
    "ProjectionRunner",
    "Projector",
    "RecordedEvent",
    "SemanticIR",
    "correlate",
    "event",
    "handles",
    "open_store",
]

__version__ = "0.1.0"

_HOMES = {
    "backends": ("open_store",),
    "documents": (
        "DOCUMENT_EVENTS",
        "DocumentContents",
        "DocumentViews",
        "Documents",
        "SemanticIR",
    ),
    "errors": ("EventdocsError",),
    "observability": ("correlate",),
    "projections": ("ProjectionRunner", "Projector", "handles"),
    "store": ("EventStore", "Expect", "NewEvent", "RecordedEvent", "event"),
}
_HOME_OF = {name: f"eventdocs.{home}" for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'eventdocs' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
