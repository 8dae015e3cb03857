"""A library for the tests of documents: a store, the service, and all read models."""

from __future__ import annotations

from collections.abc import AsyncIterator

import attrs
import pytest

from eventdocs.backends import open_store
from eventdocs.documents import (
    DOCUMENT_EVENTS,
    DocumentContents,
    Documents,
    DocumentViews,
    Findings,
    SemanticIR,
)
from eventdocs.projections import ProjectionRunner
from eventdocs.store import EventStore


@attrs.frozen(kw_only=True)
class Library:
    """Everything that a test of documents works with."""

    store: EventStore
    documents: Documents
    runner: ProjectionRunner

    async def types(self) -> list[str]:
        """List the types of all events, in order."""
        return [event.type async for event in self.store.read_all()]


@pytest.fixture
async def library(database_url: str) -> AsyncIterator[Library]:
    projectors = [DocumentViews(), DocumentContents(), SemanticIR(), Findings()]
    async with (
        open_store(database_url, events=DOCUMENT_EVENTS) as store,
        ProjectionRunner(store, projectors) as runner,
    ):
        yield Library(store=store, documents=Documents(store), runner=runner)
