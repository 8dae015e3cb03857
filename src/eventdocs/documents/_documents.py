"""Documents: the service that hosts and the command line work through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from typing import Literal
from uuid import UUID, uuid4

import attrs

from eventdocs.documents import _events as happened
from eventdocs.documents._connections import reading, writing
from eventdocs.documents._contents import Content
from eventdocs.documents._decider import Command, contents_of, decide
from eventdocs.documents._extracting import Extracting, failure
from eventdocs.documents._history import check_existing, load, stream_of
from eventdocs.documents._label import Label, document_id_of
from eventdocs.documents._lifecycle import RecordErasure
from eventdocs.documents._meaning import curated, read_patches, stale_proposals, summarise
from eventdocs.documents._original import RelabelDocument, ReviseDocument, UploadDocument
from eventdocs.documents._proposals import Patch, Proposal
from eventdocs.documents._queries import DocumentQueries, unavailable
from eventdocs.documents._semantics import (
    CurateSemantics,
    RecordConversion,
    RecordExtraction,
    UndoCuration,
)
from eventdocs.documents._state import Document, fold
from eventdocs.documents._telling import tell
from eventdocs.errors import (
    ContentMissingError,
    ExtractionError,
    InvalidIRError,
    WrongExpectedVersionError,
)
from eventdocs.extraction import Discarded, ExtractorRegistry, Finder, Limits
from eventdocs.ir import DocumentIR, from_json
from eventdocs.store import Appended, EventStore, Folded
from eventdocs.types import Digest

Plan = Callable[[Document], Awaitable[Sequence[Command]]]


@attrs.frozen(kw_only=True)
class Ingested:
    """What became of a document that came in.

    Attributes:
        document_id: The document.
        revision: The revision that these bytes are.
        outcome: uploaded: the document is new; revised: the bytes are; resumed: both were
            known, but only now the meaning is extracted; relabelled: only source or title
            are new; unchanged: nothing is; superseded: while the meaning was being
            extracted, somebody brought in another revision.
        error: Why the meaning could not be extracted. The bytes are kept, and the same
            bytes can be ingested again.
        appended: Where the last events stand, to wait for projections; None if there are none.
        discarded: What finders found in vain, and why.
    """

    document_id: UUID
    revision: int
    outcome: Literal["uploaded", "revised", "resumed", "relabelled", "unchanged", "superseded"]
    error: ExtractionError | None = None
    appended: Appended | None = None
    discarded: tuple[Discarded, ...] = ()


@attrs.frozen(kw_only=True)
class _Committed:
    """What came of commands.

    Attributes:
        state: The document afterwards.
        events: What happened.
        appended: Where that stands; None if nothing happened.
    """

    state: Document
    events: Sequence[happened.DocumentEvent] = ()
    appended: Appended | None = None


class Documents(DocumentQueries):
    """Brings documents in, carries out commands on them, and answers questions.

    Args:
        store: Opened with `DOCUMENT_EVENTS`.
        extractors: What reads which format; those that come with the package by default.
        limits: How much of a document is read.
        finders: Who else looks for definitions and formulas, such as a model.
        executor: Where meanings are extracted; a thread by default. With processes,
            extractors and finders must be picklable. It stays its owner's to shut down.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        extractors: ExtractorRegistry | None = None,
        limits: Limits | None = None,
        finders: Sequence[Finder] = (),
        executor: Executor | None = None,
    ) -> None:
        super().__init__(store)
        self._extracting = Extracting(
            extractors=extractors,
            limits=limits,
            finders=finders,
            executor=executor,
            instrumentation=store.instrumentation,
        )

    # ---- bringing in

    async def ingest(
        self,
        content: bytes,
        *,
        source: str,
        title: str | None = None,
        document_id: UUID | None = None,
    ) -> Ingested:
        """Bring in a document, or a revision of it, and extract its meaning.

        The bytes are kept first; then the meaning is extracted in a thread and recorded.
        A process that dies in between loses nothing: ingesting the same bytes again goes
        on from there. The same bytes a second time change nothing.

        Args:
            content: The bytes of the document.
            source: Where it comes from: a path, an address, a name. What comes from the
                same source is the same document; its suffix helps to tell the format.
            title: Its title for people; None keeps the one that was given before, or
                takes the document's own.
            document_id: Which document it is, if the source is not to decide that.

        Returns:
            What became of it. If the meaning could not be extracted, that is recorded,
            and the error is in the result.

        Raises:
            UnsupportedFormatError: Nothing reads this format. Nothing was recorded.
            UnreadableDocumentError: The bytes are no document. Nothing was recorded.
            ExtractionLimitError: The document is too big. Nothing was recorded.
            ConfigurationError: No database could store source or title.
            CommandRefusedError: The document was archived or erased.
            StoreError: The database did not work; nothing was half done.
        """
        label = Label(source=source, title=title or "")
        identity = document_id or document_id_of(source)
        media_type = await asyncio.to_thread(self._extracting.accept, content, source)
        original = await asyncio.to_thread(Content.digested, content)

        async def bring_in(state: Document) -> Sequence[Command]:
            if state.lifecycle in {"absent", "erased"}:
                labelled = Content(label.to_json())
                return [UploadDocument(label=labelled, original=original, media_type=media_type)]
            commands: list[Command] = []
            if state.current.original != original.digest:
                commands.append(ReviseDocument(original=original, media_type=media_type))
            known = await self._label_of(state)
            wanted = Label(source=source, title=known.title if title is None else title)
            if wanted != known:
                commands.append(RelabelDocument(label=Content(wanted.to_json())))
            return commands

        brought_in = await self._commit(identity, bring_in)
        outcome = _outcome(brought_in)
        current = brought_in.state.current
        ingested = Ingested(
            document_id=identity,
            revision=current.number,
            outcome=outcome,
            appended=brought_in.appended,
        )
        if current.stage == "extracted" or brought_in.state.lifecycle != "live":
            return ingested
        if outcome in {"unchanged", "relabelled"}:
            ingested = attrs.evolve(ingested, outcome="resumed")
        return await self._extract(ingested, brought_in.state, original, source)

    async def reextract(self, document_id: UUID) -> Ingested:
        """Extract the meaning of a document's current revision again, with today's extractors.

        Entities keep their ids. A meaning that comes out the same changes nothing.

        Raises:
            UnknownDocumentError: There is no such document.
            RevisionUnavailableError: It was erased.
            CommandRefusedError: It is archived.
        """
        state, revision = await self._revision(document_id, None)
        label = await self._label_of(state)
        async with reading(self.store) as connection:
            content = await self.contents.get(connection, revision.original)
        ingested = Ingested(document_id=document_id, revision=revision.number, outcome="resumed")
        original = await asyncio.to_thread(Content.digested, content)
        return await self._extract(ingested, state, original, label.source)

    async def _extract(
        self, ingested: Ingested, state: Document, original: Content, source: str
    ) -> Ingested:
        number = ingested.revision
        found = await self._extracting.run(
            original.data,
            source=source,
            media_type=state.current.media_type,
            document_id=ingested.document_id,
            revision=number,
            previous=await self._extracted_ir(state),
        )

        async def record(state: Document) -> Sequence[Command]:
            if state.current.number != number:
                return ()
            if isinstance(found, ExtractionError):
                return [failure(found, number)]
            in_force = [each.patch for each in state.curations_of(number)]
            return [
                RecordConversion(revision=number, text=found.text),
                RecordExtraction(
                    revision=number,
                    title=Content(found.ir.title.encode()) if found.ir.title else None,
                    ir=found.written,
                    meaning=await self._meaning(found.ir, found.written.digest, in_force),
                    ir_schema=found.ir.schema,
                    extractor=found.extractor,
                    extractor_version=found.extractor_version,
                ),
            ]

        recorded = await self._commit(ingested.document_id, record)
        superseded = recorded.state.current.number != number
        return attrs.evolve(
            ingested,
            outcome="superseded" if superseded else ingested.outcome,
            error=found if isinstance(found, ExtractionError) else None,
            appended=recorded.appended or ingested.appended,
            discarded=() if isinstance(found, ExtractionError) else found.discarded,
        )

    async def _extracted_ir(self, state: Document) -> DocumentIR | None:
        if state.extracted is None or state.extracted.ir is None:
            return None
        async with reading(self.store) as connection:
            written = await self.contents.get(connection, state.extracted.ir)
        return await asyncio.to_thread(from_json, written)

    async def _meaning(
        self, ir: DocumentIR, extracted: Digest, in_force: Sequence[Digest]
    ) -> happened.Meaning:
        async with reading(self.store) as connection:
            patches = await read_patches(connection, in_force)
        return await asyncio.to_thread(
            lambda: summarise(curated(ir, patches), extracted=extracted, patches=in_force)
        )

    # ---- commands

    async def execute(self, document_id: UUID, *commands: Command) -> Appended | None:
        """Carry out commands on a document, all of them or none.

        Returns:
            Where the events stand; None if what was asked for was so already.

        Raises:
            CommandRefusedError: One of them makes no sense in the document's state.
            StoreError: The database did not work; nothing was half done.
        """

        async def plan(_: Document) -> Sequence[Command]:
            return commands

        return (await self._commit(document_id, plan)).appended

    async def curate(
        self, document_id: UUID, *proposals: Proposal, curation_id: UUID | None = None
    ) -> UUID:
        """Correct the extracted meaning of a document's newest revision.

        The corrections are applied on top of what is extracted, now and after every
        later extraction, until the curation is undone.

        Args:
            document_id: The document.
            proposals: Applied in their order.
            curation_id: Identity of the curation; repeating it with the same proposals
                changes nothing. A new one unless given.

        Returns:
            The curation's id, to undo it by.

        Raises:
            UnknownDocumentError: There is no such document.
            RevisionUnavailableError: It was erased, or its meaning is not known.
            InvalidIRError: A proposal cannot be applied; each problem is named.
            CommandRefusedError: It is archived, or the curation was made before.
        """
        patch = Patch(curation_id=curation_id or uuid4(), proposals=proposals)
        content = Content(patch.to_json())

        async def plan(state: Document) -> Sequence[Command]:
            base, digest = await self._base(state)
            in_force = [
                each
                for each in state.curations_of(base.version)
                if each.curation_id != patch.curation_id
            ]
            async with reading(self.store) as connection:
                patches = await read_patches(connection, [each.patch for each in in_force])
            result = await asyncio.to_thread(curated, base, [*patches, patch])
            if problems := stale_proposals(result, patch.curation_id):
                raise InvalidIRError(problems)
            return [
                CurateSemantics(
                    curation_id=patch.curation_id,
                    patch=content,
                    proposals=len(proposals),
                    meaning=summarise(
                        result,
                        extracted=digest,
                        patches=[*(each.patch for each in in_force), content.digest],
                    ),
                )
            ]

        await self._commit(document_id, plan)
        return patch.curation_id

    async def undo_curation(self, document_id: UUID, curation_id: UUID) -> Appended | None:
        """Take a correction back; the others stay.

        Raises:
            UnknownDocumentError: There is no such document.
            RevisionUnavailableError: It was erased, or its meaning is not known.
            CommandRefusedError: It is archived, or there is no such curation.
        """

        async def plan(state: Document) -> Sequence[Command]:
            base, digest = await self._base(state)
            in_force = [
                each.patch
                for each in state.curations_of(base.version)
                if each.curation_id != curation_id
            ]
            meaning = await self._meaning(base, digest, in_force)
            return [UndoCuration(curation_id=curation_id, meaning=meaning)]

        return (await self._commit(document_id, plan)).appended

    async def _base(self, state: Document) -> tuple[DocumentIR, Digest]:
        check_existing(state)
        ir = await self._extracted_ir(state)
        if ir is None or state.extracted is None or state.extracted.ir is None:
            raise unavailable(state.document_id, state.current)
        return ir, state.extracted.ir

    async def erase(self, document_id: UUID) -> Appended | None:
        """Delete everything that a document says: bytes, texts, meanings, titles, feedback.

        What other documents hold as well stays for their sake. The events stay, among
        them the receipt, `DocumentErased`; they name contents by digests only. The read
        models forget the document when they follow. Backups, and pages that the database
        has freed and not overwritten yet, are the host's to look after.

        Returns:
            Where the receipt stands; None if the document was erased before.

        Raises:
            CommandRefusedError: There is no such document.
        """
        while True:
            loaded = await load(self.store, document_id)
            try:
                async with writing(self.store) as tx:
                    removed = await self.contents.remove(tx, document_id)
                    receipt = decide(
                        loaded.state,
                        RecordErasure(
                            removed=removed.contents,
                            removed_size=removed.size,
                            kept=removed.kept,
                        ),
                    )
                    if not receipt:
                        return None
                    appended = await self.store.using(tx).append(
                        stream_of(document_id), receipt, expected=loaded.version
                    )
            except WrongExpectedVersionError:
                if not await self._has_moved(loaded):
                    raise
                continue
            tell(self.store.instrumentation, receipt)
            return appended

    async def _commit(self, document_id: UUID, plan: Plan) -> _Committed:
        while True:
            loaded = await load(self.store, document_id)
            state, events, contents = loaded.state, list[happened.DocumentEvent](), list[Content]()
            try:
                for command in await plan(state):
                    if new := decide(state, command):
                        events += new
                        contents += contents_of(command)
                        state = fold(state, new)
                if not events:
                    return _Committed(state=state)
                async with writing(self.store) as tx:
                    await self.contents.put(tx, document_id, *contents)
                    appended = await self.store.using(tx).append(
                        stream_of(document_id), events, expected=loaded.version
                    )
            except (WrongExpectedVersionError, ContentMissingError):
                if not await self._has_moved(loaded):
                    raise
                continue
            tell(self.store.instrumentation, events)
            return _Committed(state=state, events=events, appended=appended)

    async def _has_moved(self, before: Folded[Document]) -> bool:
        """Tell whether somebody else was first, so that it makes sense to judge again."""
        now = await load(self.store, before.state.document_id)
        return now.version != before.version


def _outcome(committed: _Committed) -> Literal["uploaded", "revised", "relabelled", "unchanged"]:
    kinds = {type(event) for event in committed.events}
    if happened.DocumentUploaded in kinds:
        return "uploaded"
    if happened.DocumentRevised in kinds:
        return "revised"
    return "relabelled" if kinds else "unchanged"
