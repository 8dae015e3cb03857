"""A library whose disasters are recovered from: documents with their read models."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from uuid import NAMESPACE_URL, UUID, uuid5

from eventdocs import DOCUMENT_EVENTS, Documents, NewEvent, ProjectionRunner, open_store
from eventdocs.documents import DocumentContents, DocumentViews, Findings, SemanticIR
from eventdocs.errors import TransientStoreError
from tests.backends.postgres_hosts import Noted


async def ingest(url: str, *names: str, catch_up: bool = True) -> None:
    """Bring documents in and, unless said otherwise, the read models up to date."""
    async with open_store(url, events=DOCUMENT_EVENTS, migrate=True) as store:
        documents = Documents(store)
        projectors = [DocumentViews(), DocumentContents(), SemanticIR(), Findings()]
        async with ProjectionRunner(store, projectors) as runner:
            for name in names:
                text = f"# {name}\n\n$w = r$ where r is the ratio.\n".encode()
                await documents.ingest(text, source=f"{name}.md", document_id=_id(name))
            if catch_up:
                await runner.catch_up()


async def append_until(url: str, kill: Callable[[], object], *, after: int) -> set[UUID]:
    """Append with several writers and *kill* the server in the midst; give what was acknowledged."""
    acknowledged: set[UUID] = set()

    async def write(stream: str) -> None:
        with contextlib.suppress(TransientStoreError):
            while True:
                new = NewEvent(data=Noted(text="of many"))
                await store.append(stream, [new])
                acknowledged.add(new.id)

    async with (
        open_store(url, events=[Noted], connect_timeout=1) as store,
        asyncio.TaskGroup() as tasks,
    ):
        writers = [tasks.create_task(write(f"writer-{number}")) for number in range(4)]
        while len(acknowledged) < after:  # noqa: ASYNC110 - a set rings no bell
            await asyncio.sleep(0.001)
        await asyncio.to_thread(kill)
        for writer in writers:
            writer.cancel()
    return acknowledged


async def lost(url: str, acknowledged: Iterable[UUID]) -> set[UUID]:
    """Tell which events the log does not have."""
    async with open_store(url, events=[Noted]) as store:
        kept = {event.id async for event in store.read_all()}
    return {*acknowledged} - kept


async def recorded(url: str, among: Iterable[str]) -> list[str]:
    """Tell which of the documents the log knows."""
    async with open_store(url, events=DOCUMENT_EVENTS) as store:
        known = {
            event.data.document_id
            async for event in store.read_all()
            if event.type == "DocumentUploaded"
        }
    return [name for name in among if _id(name) in known]


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)
