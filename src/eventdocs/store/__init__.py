"""THE LOG: what an event is, how it is encoded, and the port that every backend serves."""

from eventdocs.store._codec import Codec, EncodedEvent
from eventdocs.store._event_types import EventType, Upcaster, event, event_type_of
from eventdocs.store._events import Appended, NewEvent, Page, Place, RawEvent, RecordedEvent
from eventdocs.store._group_commit import GroupCommit
from eventdocs.store._port import EventStore, StreamAppend
from eventdocs.store._registry import EventRegistry
from eventdocs.store._selection import Selection, category_of, check_stream_name
from eventdocs.types import Expect, ExpectedVersion

__all__ = [
    "Appended",
    "Codec",
    "EncodedEvent",
    "EventRegistry",
    "EventStore",
    "EventType",
    "Expect",
    "ExpectedVersion",
    "GroupCommit",
    "NewEvent",
    "Page",
    "Place",
    "RawEvent",
    "RecordedEvent",
    "Selection",
    "StreamAppend",
    "Upcaster",
    "category_of",
    "check_stream_name",
    "event",
    "event_type_of",
]
