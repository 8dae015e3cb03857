"""Statistics: how busy a store is at one moment."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class StoreStatistics:
    """What one open store, in one process, holds and has done.

    Attributes:
        connections_in_use: Connections that carry something out, or are kept for what comes
            next; the one that listens is not counted.
        connections_open: Connections there are, with those that wait to be used.
        connections_limit: How many there can be; None if nobody limits them.
        appends_waiting: Calls of `append` or `append_many` that have not begun to be
            recorded.
        appends_flushed: Such calls that were given to the database.
        flushes: How often that was done, many of them together.
    """

    connections_in_use: int
    connections_open: int
    connections_limit: int | None
    appends_waiting: int
    appends_flushed: int
    flushes: int

    @property
    def mean_batch(self) -> float:
        """How many appends share a flush, on average; 0 before the first."""
        return self.appends_flushed / self.flushes if self.flushes else 0.0
