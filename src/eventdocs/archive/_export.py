"""Exporting: the log into a file, page by page, as far as it is settled."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from eventdocs.archive._compression import compression_for
from eventdocs.archive._lines import ContentLine, Header, Line
from eventdocs.archive._named_contents import NamedContents
from eventdocs.archive._progress import ArchiveProgress, OnProgress
from eventdocs.archive._reader import ArchiveReader
from eventdocs.archive._writer import ArchiveWriter, read_unfinished
from eventdocs.backends import BulkEvent
from eventdocs.errors import ArchiveMismatchError
from eventdocs.store import EventStore, Selection

_PAGE: Final = 1_000


@attrs.frozen(kw_only=True)
class Exported:
    """What an export has written.

    Attributes:
        through: How far the log was settled when the export began: the archive's last event.
        events: How many events the archive holds.
        contents: How many contents.
        resumed: How many of the events an interrupted export had written.
    """

    through: int
    events: int
    contents: int
    resumed: int = 0


async def export_log(
    store: EventStore,
    file: str | os.PathLike[str] | BinaryIO,
    *,
    after: int = 0,
    contents: bool = True,
    on_progress: OnProgress | None = None,
) -> Exported:
    """Write the log, as far as it is settled now, to an archive; appends may go on.

    An archive is text: JSON, one event or content on a line. It is compressed if the
    file's name ends with `.gz` or `.zst`. If the file holds what an interrupted export of
    the same log has written, this one goes on behind it, to where that one would have ended.

    Args:
        store: The log; its event classes do not matter.
        file: A path, or what bytes are written to, such as standard output.
        after: Only events beyond this sequence, for an archive that follows another one.
        contents: Whether contents of documents that events name are written too.
        on_progress: Is told after each page.

    Raises:
        ArchiveMismatchError: There is a whole archive at the path already, or the unfinished
            one is of another log or was begun with other arguments; or the log ends
            before *after*.
        InvalidArchiveError: There is another file at the path, or it is damaged.
        ConfigurationError: The name ends with .zst and the package zstandard is missing.
        ContentMissingError: The database returned other contents than were put.
        OSError: The file cannot be written.
    """
    named = NamedContents() if contents else None
    async with _begun(store, file, after=after, named=named) as (writer, last):
        resumed, through = writer.events, writer.header.through
        selection = Selection(after=last, until=through)
        while True:
            page = await store.read_page(selection, limit=_PAGE)
            async for lines in _lines(
                store, [BulkEvent.of(event.raw) for event in page.events], named
            ):
                await asyncio.to_thread(writer.write, lines)
            if on_progress is not None:
                on_progress(ArchiveProgress(sequence=page.through, through=through))
            if page.is_last:
                break
            selection = attrs.evolve(selection, after=page.through)
        await asyncio.to_thread(writer.finish)
    return Exported(
        through=through, events=writer.events, contents=writer.contents, resumed=resumed
    )


async def _lines(
    store: EventStore, events: list[BulkEvent], named: NamedContents | None
) -> AsyncIterator[list[Line]]:
    if named is not None:
        async for part in named.joined(store, events):
            yield part
    elif events:
        yield [*events]


@asynccontextmanager
async def _begun(
    store: EventStore,
    file: str | os.PathLike[str] | BinaryIO,
    *,
    after: int,
    named: NamedContents | None,
) -> AsyncGenerator[tuple[ArchiveWriter, int]]:
    """Begin an archive, or go on with one; gives also the last sequence that is in it."""
    if not isinstance(file, str | os.PathLike):
        header = await _header(store, after, "the archive", contents=named is not None)
        yield await asyncio.to_thread(ArchiveWriter.begin, file, None, header), after
        return
    path = Path(file)
    compression = compression_for(path)
    if await asyncio.to_thread(_holds_something, path):
        output, reader = await _resumed(store, path, after=after, named=named)
        with output:
            yield ArchiveWriter.resume(output, compression, reader), reader.sequence
            await asyncio.to_thread(os.fsync, output.fileno())
    else:
        header = await _header(store, after, str(path), contents=named is not None)
        with await asyncio.to_thread(path.open, "wb") as output:
            yield await asyncio.to_thread(ArchiveWriter.begin, output, compression, header), after
            await asyncio.to_thread(os.fsync, output.fileno())


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


async def _header(store: EventStore, after: int, archive: str, *, contents: bool) -> Header:
    through = await store.head()
    if after > through:
        raise ArchiveMismatchError(
            archive, store.database, f"the log ends at event {through}, before event {after}"
        )
    before = await store.read_page(Selection(until=after, backward=True), limit=1)
    return Header(
        store_id=store.store_id,
        exported_at=datetime.now(UTC),
        after=after,
        follows=before.events[0].id if before.events else None,
        through=through,
        contents=contents,
    )


async def _resumed(
    store: EventStore, path: Path, *, after: int, named: NamedContents | None
) -> tuple[BinaryIO, ArchiveReader]:
    """Open an unfinished archive behind its last whole line, and give what has read so far."""

    def remember(line: ContentLine) -> None:
        if named is not None:
            named.remember(line.document_id, line.digest)

    reader, last, whole = await asyncio.to_thread(read_unfinished, path, on_content=remember)
    header = reader.header

    def mismatch(reason: str) -> ArchiveMismatchError:
        return ArchiveMismatchError(str(path), store.database, reason)

    if header.store_id != store.store_id:
        raise mismatch("it is of another log; choose another file")
    if reader.is_whole:
        raise mismatch("it is a whole archive already; choose another file")
    if (header.after, header.contents) != (after, named is not None):
        kind = "with" if header.contents else "without"
        raise mismatch(
            f"it was begun after event {header.after} and {kind} contents; go on so, "
            "or choose another file"
        )
    if await store.head() < header.through or not await _holds(store, last):
        raise mismatch("the log has been rewound since it was begun; choose another file")
    return await asyncio.to_thread(_open_behind, path, whole), reader


def _open_behind(path: Path, size: int) -> BinaryIO:
    output = path.open("r+b")
    output.truncate(size)
    output.seek(size)
    return output


async def _holds(store: EventStore, event: BulkEvent | None) -> bool:
    if event is None:
        return True
    here = Selection(after=event.sequence - 1, until=event.sequence)
    page = await store.read_page(here, limit=1)
    return [BulkEvent.of(each.raw) for each in page.events] == [event]
