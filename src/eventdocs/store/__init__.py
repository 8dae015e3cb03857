"""THE LOG: what an event is, how it is encoded, and the port that every backend serves."""

from eventdocs.store._appends import StreamAppend, StreamEvents, Together
from eventdocs.store._bell import Bell
from eventdocs.store._bygone import Registrable, Retired, Split
from eventdocs.store._codec import Codec, EncodedEvent, digest_of_event
from eventdocs.store._decider import Decided, Decider, Folded
from eventdocs.store._event_types import EventType, Upcaster, event, event_type_of
from eventdocs.store._events import Appended, NewEvent, Page, Place, RawEvent, RecordedEvent
from eventdocs.store._feed import FeedHolder, FeedStatus, FeedWatch
from eventdocs.store._group_commit import GroupCommit
from eventdocs.store._port import EventStore
from eventdocs.store._registry import EventRegistry
from eventdocs.store._selection import (
    MetadataValue,
    Selection,
    category_of,
    check_metadata_key,
    check_stream_name,
    metadata_text,
)
from eventdocs.store._snapshots import Snapshots, snapshot_metadata
from eventdocs.store._statistics import StoreStatistics
from eventdocs.store._subscription import Subscription
from eventdocs.types import Expect, ExpectedVersion

__all__ = [
    "Appended",
    "Bell",
    "Codec",
    "Decided",
    "Decider",
    "EncodedEvent",
    "EventRegistry",
    "EventStore",
    "EventType",
    "Expect",
    "ExpectedVersion",
    "FeedHolder",
    "FeedStatus",
    "FeedWatch",
    "Folded",
    "GroupCommit",
    "MetadataValue",
    "NewEvent",
    "Page",
    "Place",
    "RawEvent",
    "RecordedEvent",
    "Registrable",
    "Retired",
    "Selection",
    "Snapshots",
    "Split",
    "StoreStatistics",
    "StreamAppend",
    "StreamEvents",
    "Subscription",
    "Together",
    "Upcaster",
    "category_of",
    "check_metadata_key",
    "check_stream_name",
    "digest_of_event",
    "event",
    "event_type_of",
    "metadata_text",
    "snapshot_metadata",
]
