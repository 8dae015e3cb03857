"""Corrections: applied on top of what is extracted, kept over revisions, undone on demand."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from eventdocs.documents import AddEntity, ChangeEntity, Patch, Proposal, RemoveEntity
from eventdocs.errors import CommandRefusedError, InvalidIRError
from eventdocs.ir import (
    CrossReference,
    Definition,
    DocumentIR,
    Identity,
    Provenance,
    from_json,
    to_json,
)
from tests.documents.conftest import Library
from tests.documents.methodology import FIRST, SECOND

SOURCE = "/papers/methodology.md"


def _definition(ir: DocumentIR, term: str) -> Definition:
    return next(each for each in ir.entities if isinstance(each, Definition) and each.term == term)


async def _ingested(library: Library) -> tuple[UUID, DocumentIR]:
    ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
    return ingested.document_id, await library.documents.ir(ingested.document_id)


async def _projected_terms(library: Library, document_id: UUID) -> dict[str | None, str | None]:
    await library.runner.catch_up()
    entities = await library.documents.entities(document_id, ir_type="definition")
    return {each.term: each.definition for each in entities}


async def test_a_change_shows_in_the_meaning_and_in_the_read_models(library: Library) -> None:
    """A corrected definition is what everybody reads, and it says who corrected it."""
    document_id, extracted = await _ingested(library)
    level = _definition(extracted, "Level")

    await library.documents.curate(
        document_id,
        ChangeEntity(
            entity_id=level.id.entity_id, changes={"body": "what the index is worth"}, by="Ada"
        ),
    )

    ir = await library.documents.ir(document_id)
    corrected = _definition(ir, "Level")
    assert corrected.id.entity_id == level.id.entity_id
    assert corrected.body == "what the index is worth"
    assert (corrected.prov.method, corrected.prov.library) == ("human", "Ada")
    assert from_json(to_json(ir)) == ir
    assert await library.documents.ir(document_id, corrected=False) == extracted
    terms = await _projected_terms(library, document_id)
    assert terms["Level"] == "what the index is worth"


async def test_a_removal_takes_an_entity_and_its_findings(library: Library) -> None:
    """What is no reference dangles no more."""
    document_id, extracted = await _ingested(library)
    reference = next(each for each in extracted.entities if isinstance(each, CrossReference))
    await library.runner.catch_up()
    dangling = await library.documents.findings(document_id, code="dangling-reference")
    assert dangling

    await library.documents.curate(
        document_id, RemoveEntity(entity_id=reference.id.entity_id, by="Ada", reason="no reference")
    )
    await library.runner.catch_up()

    assert await library.documents.findings(document_id, code="dangling-reference") == ()
    view = await library.documents.find(document_id)
    assert (
        view.cross_references
        == sum(isinstance(each, CrossReference) for each in extracted.entities) - 1
    )


async def test_undoing_a_removal_opens_its_findings_again(library: Library) -> None:
    """A finding that a correction has fixed is the same finding when it is back."""
    document_id, extracted = await _ingested(library)
    reference = next(each for each in extracted.entities if isinstance(each, CrossReference))
    await library.runner.catch_up()
    removal = RemoveEntity(entity_id=reference.id.entity_id, by="Ada")
    curation = await library.documents.curate(document_id, removal)
    await library.runner.catch_up()
    (fixed,) = await library.documents.findings(document_id, include_fixed=True)

    await library.documents.undo_curation(document_id, curation)
    await library.runner.catch_up()

    (open_again,) = await library.documents.findings(document_id, include_fixed=True)
    assert (fixed.introduced_in, fixed.fixed_in) == (1, 1)
    assert (open_again.introduced_in, open_again.fixed_in) == (1, None)
    assert fixed.fingerprint == open_again.fingerprint


async def test_an_addition_is_an_entity_like_others(library: Library) -> None:
    """A definition that a model found is there, with its confidence."""
    document_id, extracted = await _ingested(library)

    await library.documents.curate(document_id, _addition(extracted))

    added = _definition(await library.documents.ir(document_id), "Rebalancing")
    assert (added.prov.method, added.prov.confidence) == ("model", 0.8)
    assert "Rebalancing" in await _projected_terms(library, document_id)


def _addition(ir: DocumentIR) -> AddEntity:
    example = _definition(ir, "Level")
    return AddEntity(
        entity=Definition(
            id=Identity(entity_id=uuid4(), content_key=""),
            span=example.span,
            prov=Provenance(extractor="", extractor_version="", library="", method="model"),
            section=example.section,
            term="Rebalancing",
            term_key="rebalancing",
            body="when the members are chosen anew",
            body_span=example.body_span,
            form="glossary",
        ),
        by="some-model",
        method="model",
        confidence=0.8,
    )


async def test_corrections_survive_a_new_extraction(library: Library) -> None:
    """A new revision is corrected like the old one, as long as the entity is there."""
    document_id, extracted = await _ingested(library)
    divisor = _definition(extracted, "Divisor")
    await library.documents.curate(
        document_id,
        ChangeEntity(entity_id=divisor.id.entity_id, changes={"body": "D"}, by="Ada"),
        _addition(extracted),
    )

    await library.documents.ingest(SECOND.encode(), source=SOURCE)

    ir = await library.documents.ir(document_id)
    assert ir.version == 2
    assert _definition(ir, "Divisor").body == "D"
    assert _definition(ir, "Rebalancing").body == "when the members are chosen anew"
    terms = await _projected_terms(library, document_id)
    assert (terms["Divisor"], terms["Level"]) == ("D", _definition(ir, "Level").body)


async def test_a_correction_of_what_is_gone_becomes_a_finding(library: Library) -> None:
    """Nothing is lost in silence: a proposal that cannot be applied any more is reported."""
    document_id, extracted = await _ingested(library)
    reference = next(each for each in extracted.entities if isinstance(each, CrossReference))
    await library.documents.curate(
        document_id,
        ChangeEntity(entity_id=reference.id.entity_id, changes={"text": "Section 10"}, by="Ada"),
    )

    await library.documents.ingest(SECOND.encode(), source=SOURCE)
    await library.runner.catch_up()

    (stale,) = await library.documents.findings(document_id, code="stale-proposal")
    assert (stale.introduced_in, stale.fixed_in) == (2, None)
    assert str(reference.id.entity_id) in stale.message


async def test_undoing_brings_back_what_was_extracted(library: Library) -> None:
    """After the undo, meaning and read models are what they were."""
    document_id, extracted = await _ingested(library)
    level = _definition(extracted, "Level")
    before = await _projected_terms(library, document_id)
    change = ChangeEntity(entity_id=level.id.entity_id, changes={"body": "worth"}, by="Ada")
    curation = await library.documents.curate(document_id, change)
    assert await _projected_terms(library, document_id) != before

    undone = await library.documents.undo_curation(document_id, curation)

    assert undone is not None
    assert await library.documents.ir(document_id) == extracted
    assert await _projected_terms(library, document_id) == before
    assert await library.documents.undo_curation(document_id, curation) is None


async def test_repeating_a_curation_changes_nothing(library: Library) -> None:
    """With its id given, a curation can be sent again after a lost answer."""
    document_id, extracted = await _ingested(library)
    level = _definition(extracted, "Level")
    change = ChangeEntity(entity_id=level.id.entity_id, changes={"body": "worth"}, by="Ada")
    curation = await library.documents.curate(document_id, change)
    events = await library.types()

    await library.documents.curate(document_id, change, curation_id=curation)

    assert await library.types() == events
    other = ChangeEntity(entity_id=level.id.entity_id, changes={"body": "other"}, by="Ada")
    with pytest.raises(CommandRefusedError, match="made before"):
        await library.documents.curate(document_id, other, curation_id=curation)


@pytest.mark.parametrize(
    "changes", [{"id": {}}, {"term": 7}, {"nothing": "known"}, {"term": ""}, {"scope": "galaxy"}]
)
async def test_a_proposal_that_leads_nowhere_is_refused(
    library: Library, changes: dict[str, object]
) -> None:
    """What would make the meaning invalid is refused as a whole, and nothing is recorded."""
    document_id, extracted = await _ingested(library)
    level = _definition(extracted, "Level")
    events = await library.types()

    with pytest.raises(InvalidIRError):
        await library.documents.curate(
            document_id,
            RemoveEntity(entity_id=_definition(extracted, "Divisor").id.entity_id, by="Ada"),
            ChangeEntity(entity_id=level.id.entity_id, changes=changes, by="Ada"),  # type: ignore[arg-type]  # wrong on purpose
        )

    assert await library.types() == events


async def test_a_proposal_about_nothing_is_refused(library: Library) -> None:
    """A new correction must be about something that is there."""
    document_id, _ = await _ingested(library)

    with pytest.raises(InvalidIRError, match="not there"):
        await library.documents.curate(document_id, RemoveEntity(entity_id=uuid4(), by="Ada"))


async def test_patches_survive_json(library: Library) -> None:
    """A patch reads back as it was written."""
    _, extracted = await _ingested(library)
    proposals: tuple[Proposal, ...] = (
        _addition(extracted),
        ChangeEntity(entity_id=uuid4(), changes={"body": "x", "uses": ["y"]}, by="Ada", reason="?"),
        RemoveEntity(entity_id=uuid4(), by="m", method="model", confidence=0.5),
    )
    patch = Patch(curation_id=uuid4(), proposals=proposals)

    assert Patch.from_json(patch.to_json()) == patch
