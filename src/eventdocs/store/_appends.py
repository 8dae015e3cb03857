"""Appends: as a host asks for them, and as backends record them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from eventdocs.store._codec import EncodedEvent
from eventdocs.types import Expect, ExpectedVersion


@attrs.frozen(kw_only=True)
class StreamEvents:
    """Events for one stream, to be recorded together with those for other streams.

    Attributes:
        stream: The stream's name; it comes into being with its first event.
        events: Event instances, or `NewEvent`s that say more about them, in the order
            they happened; at least one.
        expected: What the writer believes about the stream.
    """

    stream: str
    events: Sequence[object]
    expected: ExpectedVersion = Expect.ANY


@attrs.frozen(kw_only=True)
class StreamAppend:
    """One append, encoded and checked, as backends record it.

    Attributes:
        stream: The stream's name.
        expected: What the writer believes about the stream.
        events: At least one, with different ids.
    """

    stream: str
    expected: ExpectedVersion
    events: tuple[EncodedEvent, ...]


Together: TypeAlias = tuple[StreamAppend, ...]
"""Appends to different streams that are recorded all or not at all; mostly there is one."""
