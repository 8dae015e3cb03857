"""Meaning: what was extracted, with the corrections of it applied."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.documents._contents import Contents
from eventdocs.documents._events import Meaning
from eventdocs.documents._proposals import Patch
from eventdocs.errors import ContentMissingError, InvalidIRError
from eventdocs.ir import DocumentIR, Issue, SourceSpan, amend, from_json, kind_of
from eventdocs.types import Digest

_STALE: Final = "stale-proposal"


async def read_meaning(
    connection: AsyncConnection, document_id: UUID, meaning: Meaning
) -> DocumentIR | None:
    """Read what an event says a revision means; None if the document was erased since.

    Raises:
        ContentMissingError: A content is gone although the document still refers to it.
    """
    wanted = (meaning.ir, *meaning.patches)
    contents = Contents()
    found = await contents.get_all(connection, wanted)
    for digest in wanted:
        if digest not in found:
            if await contents.refers(connection, document_id, digest):
                raise ContentMissingError(digest)
            return None
    return await asyncio.to_thread(
        lambda: curated(
            from_json(found[meaning.ir]), [Patch.from_json(found[each]) for each in meaning.patches]
        )
    )


async def read_patches(connection: AsyncConnection, digests: Sequence[Digest]) -> list[Patch]:
    """Read corrections, in the order of their digests given.

    Raises:
        ContentMissingError: One of them is gone.
    """
    found = await Contents().get_all(connection, digests)
    for digest in digests:
        if digest not in found:
            raise ContentMissingError(digest)
    return [Patch.from_json(found[each]) for each in digests]


def curated(ir: DocumentIR, patches: Sequence[Patch]) -> DocumentIR:
    """Apply corrections to an extracted meaning, in their order.

    What cannot be applied any more, because a newer revision has changed or lost what
    it is about, changes nothing and becomes a finding, `stale-proposal`.
    """
    try:
        return _applied(ir, patches)
    except InvalidIRError:
        pass  # Together they lead to something that is no IR: find out which of them do.
    good: list[Patch] = []
    broken: list[Patch] = []
    for patch in patches:
        try:
            _applied(ir, [*good, patch])
        except InvalidIRError:
            broken.append(patch)
        else:
            good.append(patch)
    return _applied(ir, good, broken)


def stale_proposals(ir: DocumentIR, curation_id: UUID) -> tuple[str, ...]:
    """Tell what of a curation could not be applied to *ir*."""
    return tuple(
        str(each.data["problem"])
        for each in ir.issues
        if each.code == _STALE and each.data["curation_id"] == str(curation_id)
    )


def _applied(ir: DocumentIR, patches: Iterable[Patch], broken: Iterable[Patch] = ()) -> DocumentIR:
    entities = {each.id.entity_id: each for each in ir.entities}
    stale = [
        _stale(ir, patch, number, "with it, the document's meaning contradicts itself")
        for patch in broken
        for number in range(len(patch.proposals))
    ]
    applied = False
    for patch in patches:
        for number, proposal in enumerate(patch.proposals):
            try:
                proposal.apply(entities)
            except InvalidIRError as error:
                stale.append(_stale(ir, patch, number, str(error)))
            else:
                applied = True
    return amend(ir, entities.values(), findings=stale) if applied or stale else ir


def _stale(ir: DocumentIR, patch: Patch, number: int, problem: str) -> Issue:
    proposal = patch.proposals[number]
    return Issue(
        code=_STALE,
        severity="warning",
        entities=(),
        span=SourceSpan(source=ir.source, path=f"curations/{patch.curation_id}/{number}"),
        message=f"A correction by {proposal.by} cannot be applied: {problem}.",
        suggestion="Undo the curation, or make it again for what stands there now.",
        data={
            "curation_id": str(patch.curation_id),
            "entity_id": str(proposal.subject),
            "action": proposal.action,
            "problem": problem,
        },
        fingerprint=f"{_STALE}:{patch.curation_id}:{number}",
    )


def summarise(ir: DocumentIR, *, extracted: Digest, patches: Iterable[Digest]) -> Meaning:
    """Sum up a meaning for the event that tells of it.

    Args:
        ir: The meaning, corrections applied.
        extracted: Content: the IR it was before them.
        patches: Contents: the corrections.
    """
    return Meaning(
        ir=extracted,
        patches=tuple(patches),
        entities=dict(Counter(kind_of(each) for each in ir.entities)),
        severities=dict(Counter(each.severity for each in ir.issues)),
        codes=dict(Counter(each.code for each in ir.issues)),
    )
