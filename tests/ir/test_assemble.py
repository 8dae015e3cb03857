from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs.errors import InvalidIRError
from eventdocs.ir import Definition, Resolution, Section, Table, amend, content_key
from tests.ir.drafts import (
    Draft,
    definition_of,
    formula_of,
    reference_to,
    section_of,
    table_of,
    variable_of,
)
from tests.ir.strategies import STEPS, Step, build


class TestAssembling:
    @given(steps=st.lists(STEPS, max_size=8))
    def test_gives_the_same_ids_on_every_run(self, steps: list[Step]) -> None:
        """The same document built twice is the same IR, ids included."""
        assert build(steps) == build(steps)

    @given(steps=st.lists(STEPS, max_size=8))
    def test_gives_ids_that_layout_does_not_change(self, steps: list[Step]) -> None:
        """Ids and content keys depend on what is said, not on where it stands."""
        one, other = build(steps, line_length=50), build(steps, line_length=90)

        assert [each.id for each in one.entities] == [each.id for each in other.entities]

    @given(steps=st.lists(STEPS, max_size=8))
    def test_carries_all_ids_over_when_nothing_changed(self, steps: list[Step]) -> None:
        """A revision with the same content has the same ids, repeated content included."""
        old = build(steps)

        new = build(steps, previous=old, line_length=70)

        assert [each.id for each in new.entities] == [each.id for each in old.entities]

    def test_tells_documents_apart(self) -> None:
        """Equal content in two documents has equal content keys and other ids."""
        draft = Draft()
        draft.definition("Weight", "a number")
        (one,) = draft.build().entities
        (other,) = draft.build(document_id=UUID(int=7)).entities

        assert one.id.content_key == other.id.content_key == content_key(one)
        assert one.id.entity_id != other.id.entity_id

    def test_counts_equal_contents(self) -> None:
        """The n-th entity with the same content has ordinal n, from 0."""
        draft = Draft()
        for _ in range(3):
            draft.formula("x", uses=["x"], display=False)
        ir = draft.build()

        assert [each.id.ordinal for each in ir.entities] == [0, 1, 2]
        assert len({each.id.content_key for each in ir.entities}) == 1
        assert len({each.id.entity_id for each in ir.entities}) == 3

    def test_connects_by_local_ids(self) -> None:
        """Parents of sections and formulas in cells arrive as local ids and leave as lasting."""
        draft = Draft()
        draft.section("1 Rules")
        draft.section("1.1 Weights", 2)
        symbol = draft.formula("λ", uses=["λ"], display=False)
        draft.table([["Symbol", "Value"], ["λ", "1.5"]], caption="Parameters")
        table = draft.entities[-1]
        assert isinstance(table, Table)
        cells = [attrs.evolve(each, formulas=(symbol,)) if each.text == "λ" else each
                 for each in table.cells]  # fmt: skip
        draft.entities[-1] = attrs.evolve(table, cells=tuple(cells))

        ir = draft.build()

        inner = section_of(ir, "1.1 Weights")
        assert inner.parent == section_of(ir, "1 Rules").id.entity_id
        (cell,) = (each for each in table_of(ir, "Parameters").cells if each.formulas)
        assert cell.formulas == (formula_of(ir, "λ").id.entity_id,)

    def test_puts_entities_into_reading_order(self) -> None:
        """Extractors may find entities in any order; the IR has them as they are read."""
        draft = Draft()
        for term in ("First", "Second", "Third"):
            draft.definition(term, "…")
        draft.entities.reverse()

        terms = [each.term for each in draft.build().entities if isinstance(each, Definition)]

        assert terms == ["First", "Second", "Third"]

    def test_keeps_what_the_extractor_has_settled(self) -> None:
        """A resolution that is not `unchecked` is the extractor's word."""
        draft = Draft()
        settled = Resolution(state="ignored", by="anchor of a paragraph")
        draft.reference("#paragraph-7", resolution=settled)

        ir = draft.build()

        assert reference_to(ir, "#paragraph-7").resolution == settled
        assert ir.issues == ()

    def test_finds_the_terms_that_a_body_uses(self) -> None:
        """Longest term first, singular or plural, never the defined term itself."""
        draft = Draft()
        draft.definition("Universe", "all Index Components, and no other component")
        draft.definition("Index Component", "a member of the Universe")
        draft.definition("Component", "a part")
        draft.definition("Universes", "several")

        ir = draft.build()

        assert definition_of(ir, "Universe").uses == ("index component", "component")
        assert definition_of(ir, "Index Component").uses == ("universe",)

    def test_refuses_entities_that_break_the_rules(self) -> None:
        """An extractor's mistake is an invalid IR, named with its path."""
        draft = Draft()
        draft.definition("Weight", "a number")
        (definition,) = draft.entities
        assert isinstance(definition, Definition)
        draft.entities[0] = attrs.evolve(definition, term_key="height")

        with pytest.raises(InvalidIRError, match=r"ir\.entities\[0\]\.term_key"):
            draft.build()


class TestAmending:
    def test_resolves_what_a_new_entity_explains(self) -> None:
        """A definition that a person adds answers the variable that had none."""
        draft = Draft()
        draft.formula("W = λ", defines="W", uses=["λ"])
        ir = draft.build()
        more = Draft()
        more.formula("W = λ", defines="W", uses=["λ"])
        more.definition("Decay", "how fast it fades", names="λ")
        added = more.build().entities[1]
        assert variable_of(ir, "W = λ", "λ").resolution.state == "dangling"

        amended = amend(ir, (*ir.entities, added))

        assert variable_of(amended, "W = λ", "λ").resolution.target == added.id.entity_id
        assert formula_of(amended, "W = λ").id == formula_of(ir, "W = λ").id

    def test_lets_go_of_what_is_gone(self) -> None:
        """Taking a section away leaves its references dangling, and its children roots."""
        draft = Draft()
        draft.section("2 Rules")
        draft.section("2.1 Weights", 2)
        draft.reference("Section 2")
        ir = draft.build()
        assert reference_to(ir, "Section 2").resolution.state == "resolved"

        amended = amend(ir, ir.entities[1:])

        assert reference_to(amended, "Section 2").resolution.state == "dangling"
        assert section_of(amended, "2.1 Weights").parent is None

    def test_lists_further_findings_beside_its_own(self) -> None:
        """What the caller has found stands among the rules' findings, in reading order."""
        draft = Draft()
        draft.section("1 Rules")
        draft.reference("Section 9")
        ir = draft.build()
        (own,) = ir.issues
        further = attrs.evolve(
            own, code="stale-proposal", fingerprint="0", span=ir.entities[0].span, entities=()
        )

        amended = amend(ir, ir.entities, findings=[further])

        assert amended.issues == (further, own)

    def test_keeps_what_a_person_has_settled(self) -> None:
        """A target that a human gave stays, although the rules would find none."""
        draft = Draft()
        draft.section("Rules")
        draft.reference("Section 9")
        ir = draft.build()
        section, reference = ir.entities
        assert isinstance(section, Section)
        curated = attrs.evolve(
            reference_to(ir, "Section 9"),
            prov=attrs.evolve(reference.prov, method="human"),
            resolution=Resolution(state="resolved", target=section.id.entity_id, by="human"),
        )

        amended = amend(ir, (section, curated))

        assert reference_to(amended, "Section 9").resolution == curated.resolution
        assert [edge.kind for edge in amended.edges] == ["refers_to"]
