"""Logs to export and archives to look at."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import zstandard

from eventdocs import DOCUMENT_EVENTS, Documents, EventStore, NewEvent
from eventdocs.archive import export_log
from eventdocs.testing import CONTRACT_EVENTS
from eventdocs.testing._contract_events import Counted, Noted

EVENTS: Final = (*DOCUMENT_EVENTS, *CONTRACT_EVENTS)
SOURCE: Final = b"# Terms\n\nThe **divisor** means the number that prices are divided by.\n"


async def fill(store: EventStore, *, notes: int = 10, documents: int = 2) -> None:
    """Append notes to three streams, with facts of every kind, and bring documents in."""
    for at in range(notes):
        note = NewEvent(
            data=Noted(f"note {at}: ü \\ \t \n \\N"),
            metadata={"actor": "me\t\\", "at": at, "ratio": -0.0},
            correlation_id="tab\tand \\ and\nline" if at % 2 else None,
            causation_id=UUID(int=at) if at % 3 else None,
        )
        await store.append(f"note-{at % 3}\\", [note, Counted(at)])
    for at in range(documents):
        # Equal bytes under two names: one content, two documents that need it.
        await Documents(store).ingest(SOURCE, source=f"terms-{at}.md")


def lines_of(archive: Path) -> list[bytes]:
    """Read an archive's lines, whatever compresses it."""
    data = archive.read_bytes()
    if archive.suffix == ".gz":
        data = gzip.decompress(data)
    elif archive.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
            data = reader.read()
    *lines, rest = data.split(b"\n")
    assert rest == b""
    return lines


def fields_of(archive: Path) -> list[dict[str, Any]]:
    """Read an archive's lines as JSON."""
    return [json.loads(line) for line in lines_of(archive)]


async def body_of(store: EventStore) -> list[bytes]:
    """Export the log, and give all lines but the first, which tells the time."""
    archive = io.BytesIO()
    await export_log(store, archive)
    return archive.getvalue().split(b"\n")[1:]


def cut_end(archive: Path, size: int = 10) -> bytes:
    """Make an archive look interrupted; give what is left of it."""
    left = archive.read_bytes()[:-size]
    archive.write_bytes(left)
    return left
