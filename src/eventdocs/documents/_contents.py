"""The content store: bytes under their own digest, written with the events that name them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import attrs
from sqlalchemy import delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.documents._tables import content_references, contents
from eventdocs.errors import ContentMissingError
from eventdocs.types import Digest, digest_of

_AT_ONCE: Final = 500


@attrs.frozen
class Content:
    """Bytes on their way into the content store.

    Attributes:
        data: The bytes.
    """

    data: bytes = attrs.field(repr=lambda data: f"<{len(data)} bytes>")

    @functools.cached_property
    def digest(self) -> Digest:
        """What events call them by."""
        return digest_of(self.data)

    @classmethod
    def digested(cls, data: bytes) -> Content:
        """Wrap bytes and compute their digest now, in a thread if they are many."""
        content = cls(data)
        _ = content.digest
        return content

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return len(self.data)


@attrs.frozen(kw_only=True)
class Removed:
    """What an erasure deleted.

    Attributes:
        contents: How many contents.
        size: What they held, in bytes.
        kept: How many contents stay for the sake of other documents.
    """

    contents: int
    size: int
    kept: int


class Contents:
    """Bytes under the SHA-256 of themselves, each stored once.

    Every method works in the connection or transaction it is given: what is put
    becomes visible together with the event that names it, or not at all.
    """

    async def put(self, tx: AsyncConnection, document_id: UUID, *given: Content) -> None:
        """Store contents for the sake of one document; what is there already stays as it is.

        Put everything that one transaction stores in one call: contents are locked in
        the order of their digests, so that writers cannot block each other for ever.
        """
        distinct = {content.digest: content for content in given}
        if not distinct:
            return
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        statement = insert(contents)
        # Not DO NOTHING: an erasure on its way must wait for this transaction, or it this for it.
        statement = statement.on_conflict_do_update(
            index_elements=[contents.c.digest], set_={"size": contents.c.size}
        )
        now = datetime.now(UTC)
        for digest in sorted(distinct):
            await tx.execute(
                statement,
                {
                    "digest": digest,
                    "size": distinct[digest].size,
                    "content": distinct[digest].data,
                    "created_at": now,
                },
            )
        await tx.execute(
            insert(content_references).on_conflict_do_nothing(),
            [{"document_id": document_id, "digest": digest} for digest in sorted(distinct)],
        )

    async def get(self, connection: AsyncConnection, digest: Digest) -> bytes:
        """Read the bytes under *digest*, and check that they are those.

        Raises:
            ContentMissingError: There are none: erased, or never stored; or the
                database returned other bytes than were put.
        """
        found = await self.get_all(connection, (digest,))
        if digest not in found:
            raise ContentMissingError(digest)
        return found[digest]

    async def get_all(
        self, connection: AsyncConnection, digests: Iterable[Digest]
    ) -> dict[Digest, bytes]:
        """Read the bytes under each of *digests*; those that are not there are left out.

        Raises:
            ContentMissingError: The database returned other bytes than were put.
        """
        wanted = sorted(set(digests))
        found: dict[Digest, bytes] = {}
        for at in range(0, len(wanted), _AT_ONCE):
            rows = await connection.execute(
                select(contents.c.digest, contents.c.content).where(
                    contents.c.digest.in_(wanted[at : at + _AT_ONCE])
                )
            )
            for digest, content in rows:
                if digest_of(content) != digest:
                    raise ContentMissingError(digest)
                found[digest] = content
        return found

    async def refers(self, connection: AsyncConnection, document_id: UUID, digest: Digest) -> bool:
        """Tell whether the document still refers to *digest*; erased documents to nothing."""
        found = await connection.scalar(
            select(content_references.c.digest).where(
                content_references.c.document_id == document_id,
                content_references.c.digest == digest,
            )
        )
        return found is not None

    async def remove(self, tx: AsyncConnection, document_id: UUID) -> Removed:
        """Delete everything that only this document refers to.

        A document that is just storing the same bytes is waited for, and keeps them.
        """
        own = select(content_references.c.digest).where(
            content_references.c.document_id == document_id
        )
        # Locked first and judged by a later statement, whose snapshot sees what was waited for.
        locked = await tx.execute(
            select(contents.c.digest, contents.c.size)
            .where(contents.c.digest.in_(own))
            .order_by(contents.c.digest)
            .with_for_update()
        )
        sizes: dict[str, int] = {row.digest: row.size for row in locked}
        await tx.execute(
            delete(content_references).where(content_references.c.document_id == document_id)
        )
        gone: list[str] = []
        digests = list(sizes)
        for at in range(0, len(digests), _AT_ONCE):
            deleted = await tx.execute(
                delete(contents)
                .where(
                    contents.c.digest.in_(digests[at : at + _AT_ONCE]),
                    ~exists().where(content_references.c.digest == contents.c.digest),
                )
                .returning(contents.c.digest)
            )
            gone += deleted.scalars()
        return Removed(
            contents=len(gone),
            size=sum(sizes[digest] for digest in gone),
            kept=len(sizes) - len(gone),
        )
