"""Importing: an archive into an empty log, batch by batch, each whole or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from uuid import UUID

import attrs
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.archive._lines import Header
from eventdocs.archive._progress import ArchiveProgress, OnProgress
from eventdocs.archive._reader import ArchiveReader, Entry, take_batch
from eventdocs.backends import BulkEvent, BulkLane, BulkRows, BulkStore, bulk_lane
from eventdocs.backends.tables import store_identity
from eventdocs.documents import Content, Contents
from eventdocs.errors import (
    ArchiveMismatchError,
    ConfigurationError,
    InvalidArchiveError,
    StoreDamagedError,
)
from eventdocs.projections import projection_metadata
from eventdocs.store import EventStore, Selection

_BATCH_BYTES: Final = 8 << 20


@attrs.frozen(kw_only=True)
class Imported:
    """What an import has brought in.

    Attributes:
        through: The archive's last event.
        events: How many events were recorded.
        contents: How many contents came with them.
        found: How many of the archive's events were in the log before.
    """

    through: int
    events: int
    contents: int
    found: int


async def import_log(
    store: EventStore,
    file: str | os.PathLike[str] | BinaryIO,
    *,
    batch_size: int = 5_000,
    on_progress: OnProgress | None = None,
) -> Imported:
    """Record the events of an archive, and their contents, exactly as they were.

    Ids, sequences, versions, schema versions, metadata and times stay, and an empty log
    takes the identity of the one that was exported: it is that log now. Events of any
    type are taken, registered or not. Everything is recorded in batches, each with its
    contents in one transaction; after an interruption the same call goes on where the
    last one was, once it has seen that the log holds the beginning of the archive and
    nothing else. Nobody may append in the meantime.

    Args:
        store: An empty log; one that an interrupted import has left; or, for an archive
            that was exported with *after*, the same log as far as that.
        file: A path, or what bytes are read from; compressed or not.
        batch_size: How many events go into one transaction, at most.
        on_progress: Is told after each batch.

    Raises:
        InvalidArchiveError: A line is not what was exported. The batches before it stay.
        ArchiveMismatchError: The log holds something else than the archive's beginning, or
            somebody else has appended to it.
        ValueError: *batch_size* is less than 1.
        ConfigurationError: The file is compressed with zstd and the package zstandard is
            missing; or the store was not opened by `open_store`.
        StoreBusyError: Somebody else was appending for too long; repeat the call.
        OSError: The file cannot be read.
    """
    if batch_size < 1:
        raise ValueError(f"a batch has at least one event, not {batch_size}")
    if not isinstance(store, BulkStore):
        raise ConfigurationError(
            ["an archive is imported into a store that `open_store` has opened"]
        )
    async with _opened(file) as reader:
        return await _Import(store, store, reader, batch_size, on_progress).run()


@asynccontextmanager
async def _opened(file: str | os.PathLike[str] | BinaryIO) -> AsyncGenerator[ArchiveReader]:
    async with AsyncExitStack() as stack:
        source: BinaryIO
        if isinstance(file, str | os.PathLike):
            source = stack.enter_context(await asyncio.to_thread(Path(file).open, "rb"))
            name = str(file)
        else:
            source, name = file, "the archive"
        yield await asyncio.to_thread(ArchiveReader, source, name)


class _Batch(NamedTuple):
    """The next entries of an archive: those the log should hold already, and those that are new.

    Attributes:
        old: Compared with the log.
        new: Recorded.
        rows: The new events, spelled for that.
    """

    old: Sequence[Entry]
    new: Sequence[Entry]
    rows: BulkRows | None


class _Import:
    """One import, which remembers the last event of the log as it left it."""

    def __init__(
        self,
        store: EventStore,
        bulk: BulkStore,
        reader: ArchiveReader,
        batch_size: int,
        on_progress: OnProgress | None,
    ) -> None:
        self._store = store
        self._bulk = bulk
        self._reader = reader
        self._batch_size = batch_size
        self._on_progress = on_progress
        self._contents = Contents()
        self._last: tuple[int, UUID] | None = None
        self._there = 0

    async def run(self) -> Imported:
        header = self._reader.header
        await self._begin(header)
        # What is there at the beginning is compared; what comes later is ours.
        there = self._there = min(self._last[0] if self._last else 0, header.through)
        seen = header.after
        events = contents = found = 0
        entries = self._reader.entries()
        coming = self._read_ahead(entries)
        try:
            while batch := await coming:
                coming = self._read_ahead(entries)
                old, new, rows = batch
                if seen < there:
                    until = there if new else old[-1].event.sequence
                    await self._compare(old, after=seen, until=until)
                if rows is not None:
                    await self._record(new, rows)
                found += len(old)
                events += len(new)
                contents += sum(len(entry.contents) for entry in new)
                seen = (new or old)[-1].event.sequence
                if self._on_progress is not None:
                    self._on_progress(ArchiveProgress(sequence=seen, through=header.through))
        finally:
            coming.cancel()
        if seen < there:
            await self._compare([], after=seen, until=there)
        return Imported(through=header.through, events=events, contents=contents, found=found)

    def _read_ahead(self, entries: Iterator[Entry]) -> asyncio.Future[_Batch | None]:
        """Begin to read the next batch, while the database records the one before."""
        coming = asyncio.get_running_loop().run_in_executor(None, self._take, entries)
        # What is wrong with it does not matter any more if the one before cannot be recorded.
        coming.add_done_callback(lambda read: read.cancelled() or read.exception())
        return coming

    def _take(self, entries: Iterator[Entry]) -> _Batch | None:
        batch = take_batch(entries, events=self._batch_size, size=_BATCH_BYTES)
        if not batch:
            return None
        old = [entry for entry in batch if entry.event.sequence <= self._there]
        new = batch[len(old) :]
        rows = self._bulk.bulk_rows([entry.event for entry in new]) if new else None
        return _Batch(old, new, rows)

    # ---- what is there

    async def _begin(self, header: Header) -> None:
        """See whether the archive may go into this log; make an empty log the archive's."""
        store = self._store
        async with store.begin() as tx:
            lane = bulk_lane(tx, store.database)
            await lane.lock()
            self._last = await lane.last()
            if self._last is not None and store.store_id != header.store_id:
                raise self._mismatch("it holds another log's events; import into an empty one")
            before = await lane.last(until=header.after)
            if (None if before is None else before[1]) != header.follows:
                raise self._mismatch(
                    f"the archive goes on behind event {header.after}, and the log does not hold "
                    "that event; import first the archive that this one follows"
                )
            if store.store_id != header.store_id:
                await _give_identity(tx, header.store_id)
        self._bulk.take_identity(header.store_id)

    async def _compare(self, entries: Sequence[Entry], *, after: int, until: int) -> None:
        """Make sure that the log holds exactly the events of *entries* between two places."""
        selection = Selection(after=after, until=until)
        page = await self._store.read_page(selection, limit=len(entries) + 1)
        there = [BulkEvent.of(event.raw) for event in page.events]
        for at, entry in enumerate(entries):
            if at >= len(there) or there[at] != entry.event:
                raise self._mismatch(
                    f"the log does not hold the event {entry.event.sequence} of line {entry.line}"
                )
        if len(there) > len(entries):
            sequence = there[-1].sequence
            raise self._mismatch(f"the archive does not hold the log's event {sequence}")

    # ---- what is new

    async def _record(self, entries: Sequence[Entry], rows: BulkRows) -> None:
        store = self._store
        async with store.begin() as tx:
            lane = bulk_lane(tx, store.database)
            await lane.lock()
            if await lane.last() != self._last:
                raise self._mismatch(
                    "somebody else has appended to it during the import; "
                    "import into an empty log, and let nobody append until it has ended"
                )
            await self._check_versions(lane, entries)
            await self._put_contents(tx, entries)
            behind = 0 if self._last is None else self._last[0]
            try:
                await lane.record(rows, behind=behind)
            except StoreDamagedError as error:
                reason = f"an event of this line or those after it is recorded already: {error}"
                raise InvalidArchiveError(self._reader.name, entries[0].line, reason) from error
        self._last = entries[-1].event.sequence, UUID(entries[-1].event.id)

    async def _check_versions(self, lane: BulkLane, entries: Sequence[Entry]) -> None:
        versions = dict(await lane.versions({entry.event.stream for entry in entries}))
        for entry in entries:
            event = entry.event
            version = versions.get(event.stream, 0) + 1
            if event.version != version:
                raise InvalidArchiveError(
                    self._reader.name,
                    entry.line,
                    f"stream {event.stream!r} goes on with version {version}, not {event.version}",
                )
            versions[event.stream] = version

    async def _put_contents(self, tx: AsyncConnection, entries: Sequence[Entry]) -> None:
        by_document: dict[UUID, list[Content]] = {}
        for entry in entries:
            for line in entry.contents:
                by_document.setdefault(line.document_id, []).append(Content(line.data))
        for document_id, contents in by_document.items():
            await self._contents.put(tx, document_id, *contents)

    def _mismatch(self, reason: str) -> ArchiveMismatchError:
        return ArchiveMismatchError(self._reader.name, self._store.database, reason)


async def _give_identity(tx: AsyncConnection, store_id: UUID) -> None:
    """Make an empty log the one that *store_id* names, for those who have read nothing yet too."""
    projections = projection_metadata.tables["eventdocs_projections"]
    await tx.execute(update(store_identity).values(store_id=store_id))
    await tx.execute(
        update(projections).where(projections.c.sequence == 0).values(store_id=store_id)
    )
