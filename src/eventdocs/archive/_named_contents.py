"""Contents on their way into an archive: each ahead of the first event that names it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.archive._lines import ContentLine, Line
from eventdocs.backends import BulkEvent
from eventdocs.documents import Contents, content_references, contents
from eventdocs.store import EventStore
from eventdocs.types import Digest

_DIGEST: Final = re.compile(r'"([0-9a-f]{64})"')
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_AT_ONCE: Final = 500
_PART_BYTES: Final = 8 << 20
# Who names a content again does so soon; and a content that stands twice costs only space.
_REMEMBERED: Final = 50_000

_Pair: TypeAlias = tuple[UUID, Digest]


class NamedContents:
    """Finds the contents that events name, each once for each document.

    An event names a content for a document if it holds the content's digest and the
    document's id, in its stream's name or in its data. What was erased is not there, and
    is left out.
    """

    def __init__(self) -> None:
        self._contents = Contents()
        self._given: dict[_Pair, None] = {}  # oldest first

    def remember(self, document_id: UUID, digest: Digest) -> None:
        """Take note that a content stands in the archive for the sake of a document."""
        self._given[document_id, digest] = None
        if len(self._given) > _REMEMBERED:
            del self._given[next(iter(self._given))]

    async def joined(
        self, store: EventStore, events: Sequence[BulkEvent]
    ) -> AsyncIterator[list[Line]]:
        """Give *events* with the contents that they name, in parts of bounded size."""
        named = [_named_by(event) for event in events]
        if not any(digests for digests, _ in named):
            yield [*events]
            return
        async with store.connect() as connection:
            sizes = await _sizes(
                connection,
                {digest for digests, _ in named for digest in digests},
            )
        part: list[tuple[BulkEvent, list[_Pair]]] = []
        filled = 0
        for event, (digests, documents) in zip(events, named, strict=True):
            new: list[_Pair] = []
            for digest in digests:
                for document_id, size in sizes.get(digest, ()):
                    if document_id in documents and (document_id, digest) not in self._given:
                        self.remember(document_id, digest)
                        new.append((document_id, digest))
                        filled += size
            part.append((event, new))
            if filled >= _PART_BYTES:
                yield await self._lines(store, part)
                part, filled = [], 0
        if part:
            yield await self._lines(store, part)

    async def _lines(
        self, store: EventStore, part: Sequence[tuple[BulkEvent, list[_Pair]]]
    ) -> list[Line]:
        digests = {digest for _, pairs in part for _, digest in pairs}
        async with store.connect() as connection:
            found = await self._contents.get_all(connection, digests)
        lines: list[Line] = []
        for event, pairs in part:
            for document_id, digest in pairs:
                if digest in found:  # else it was erased just now
                    data = found[digest]
                    lines.append(ContentLine(document_id=document_id, digest=digest, data=data))
            lines.append(event)
        return lines


def _named_by(event: BulkEvent) -> tuple[list[Digest], set[UUID]]:
    text = event.payload.decode()
    digests = [Digest(digest) for digest in dict.fromkeys(_DIGEST.findall(text))]
    if not digests:
        return [], set()
    return digests, {UUID(each) for each in _UUID.findall(f"{event.stream} {text}")}


async def _sizes(
    connection: AsyncConnection, digests: Iterable[Digest]
) -> dict[Digest, list[tuple[UUID, int]]]:
    """Tell for whose sake each content is there, and how large it is."""
    wanted = sorted(digests)
    found: dict[Digest, list[tuple[UUID, int]]] = {}
    for at in range(0, len(wanted), _AT_ONCE):
        rows = await connection.execute(
            select(content_references.c.digest, content_references.c.document_id, contents.c.size)
            .join(contents, contents.c.digest == content_references.c.digest)
            .where(content_references.c.digest.in_(wanted[at : at + _AT_ONCE]))
            .order_by(content_references.c.digest, content_references.c.document_id)
        )
        for digest, document_id, size in rows:
            found.setdefault(Digest(digest), []).append((UUID(str(document_id)), size))
    return found
