"""Subjects: whatever can do the measured work, so that two of them can be compared."""

from __future__ import annotations

import json
from typing import Final, Protocol
from uuid import UUID, uuid4

import attrs

PAGE: Final = 500
"""Events in a page of a scan and in a projection's batch, for every subject."""

TEXT: Final = "The divisor is adjusted so that the level does not jump. " * 3


@attrs.frozen(kw_only=True)
class Row:
    """One event as a bare driver stores it."""

    stream: str
    version: int
    id: UUID
    payload: str


def rows(count: int, *, per_stream: int = 1) -> list[Row]:
    """Make *count* rows, *per_stream* of them in each stream."""
    made: list[Row] = []
    while len(made) < count:
        document = uuid4()
        payload = json.dumps({"document_id": str(document), "text": TEXT})
        made += [
            Row(stream=f"document-{document}", version=version, id=uuid4(), payload=payload)
            for version in range(1, per_stream + 1)
        ]
    return made


class Subject(Protocol):
    """A log and a read model, with or without eventdocs in between."""

    async def append_sequentially(self, count: int) -> None:
        """Record *count* events, each in a transaction of its own, one after the other."""
        ...

    async def append_concurrently(self, count: int, *, writers: int) -> None:
        """Record *count* events one by one, by *writers* tasks at the same time."""
        ...

    async def append_batches(self, count: int, *, size: int) -> None:
        """Record *count* events in transactions of *size* events."""
        ...

    async def scan(self) -> int:
        """Read the whole log in order, payloads decoded, and count it."""
        ...

    async def project(self) -> int:
        """Build a new read model from the whole log, a row for each event; count the rows."""
        ...
