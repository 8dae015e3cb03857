from collections.abc import Callable

from hypothesis import given

from eventdocs.ir import DocumentIR, MatchRule, match
from tests.ir.drafts import Draft, definition_of, formula_of, section_of
from tests.ir.strategies import revisions

Fill = Callable[[Draft], object]


def two(old: Fill, new: Fill) -> tuple[DocumentIR, DocumentIR]:
    before, after = Draft(), Draft()
    old(before)
    new(after)
    first = before.build()
    return first, after.build(previous=first, version=2)


def rules(old: DocumentIR, new: DocumentIR) -> list[MatchRule]:
    return [link.by for link in match(old, new).links]


class TestMatching:
    @given(pair=revisions())
    def test_accounts_for_every_entity_once(self, pair: tuple[DocumentIR, DocumentIR]) -> None:
        """Each old entity is linked or removed, each new one linked or added, once."""
        old, new = pair

        matching = match(old, new)

        olds = [*(link.old for link in matching.links), *matching.removed]
        news = [*(link.new for link in matching.links), *matching.added]
        assert sorted(olds) == sorted(each.id.entity_id for each in old.entities)
        assert sorted(news) == sorted(each.id.entity_id for each in new.entities)

    @given(pair=revisions())
    def test_links_equals_of_one_kind(self, pair: tuple[DocumentIR, DocumentIR]) -> None:
        """Kinds are never mixed, and a link says truly whether the content changed."""
        old, new = pair
        before = {each.id.entity_id: each for each in old.entities}
        after = {each.id.entity_id: each for each in new.entities}

        for link in match(old, new).links:
            one, other = before[link.old], after[link.new]
            assert type(one) is type(other)
            assert link.changed == (one.id.content_key != other.id.content_key)

    def test_trusts_the_label_first(self) -> None:
        """A formula rewritten under its label is the same formula."""

        def old(draft: Draft) -> None:
            draft.formula("a = b", defines="a", uses=["b"], anchor="eq:1")

        def new(draft: Draft) -> None:
            draft.formula("x = y + z", defines="x", uses=["y", "z"], anchor="eq:1")

        before, after = two(old, new)

        assert rules(before, after) == ["anchor"]
        assert after.entities[0].id.entity_id == before.entities[0].id.entity_id

    def test_follows_content_to_another_section(self) -> None:
        """What was cut here and pasted there has moved, and nothing else."""

        def old(draft: Draft) -> None:
            draft.section("1 Weights")
            draft.definition("Cap", "the largest weight")
            draft.section("2 Scores")

        def new(draft: Draft) -> None:
            draft.section("1 Weights")
            draft.section("2 Scores")
            draft.definition("Cap", "the largest weight")

        before, after = two(old, new)

        moved = [link for link in match(before, after).links if link.moved]
        assert [link.new for link in moved] == [definition_of(after, "Cap").id.entity_id]
        assert not moved[0].changed

    def test_tells_repeated_content_apart_by_its_neighbours(self) -> None:
        """Of many equal formulas, the ones beside unchanged text keep their identity."""

        def old(draft: Draft) -> None:
            for term in ("One", "Two", "Three"):
                draft.definition(term, f"number {term}")
                draft.formula("x", uses=["x"], display=False)

        def new(draft: Draft) -> None:
            draft.formula("x", uses=["x"], display=False)
            old(draft)

        before, after = two(old, new)

        carried = [each.id.entity_id for each in after.entities[1:]]
        assert carried == [each.id.entity_id for each in before.entities]

    def test_recognises_an_edited_term(self) -> None:
        """A definition with another body is the same definition, changed."""

        def old(draft: Draft) -> None:
            draft.definition("Free Float", "the portion that is available to investors")

        def new(draft: Draft) -> None:
            draft.definition("Free Float", "shares outside strategic holdings")

        before, after = two(old, new)

        (link,) = match(before, after).links
        assert (link.by, link.changed, link.moved) == ("name", True, False)

    def test_recognises_a_similar_formula(self) -> None:
        """A formula with one more factor is the same formula, not a new one."""

        def old(draft: Draft) -> None:
            draft.section("1 Rules")
            draft.formula("M_i S_i > c P_i", uses=["M_{i}", "S_{i}", "P_{i}"])

        def new(draft: Draft) -> None:
            draft.section("1 Rules")
            draft.formula("M_i S_i > c P_i X_i", uses=["M_{i}", "S_{i}", "P_{i}", "X_{i}"])

        before, after = two(old, new)

        assert rules(before, after) == ["content", "similarity"]

    def test_does_not_link_strangers(self) -> None:
        """What has nothing in common is removed and added."""

        def old(draft: Draft) -> None:
            draft.definition("Cap", "the largest weight")

        def new(draft: Draft) -> None:
            draft.definition("Holiday", "when exchanges are closed")

        before, after = two(old, new)

        matching = match(before, after)
        assert matching.links == ()
        assert matching.removed == (definition_of(before, "Cap").id.entity_id,)
        assert matching.added == (definition_of(after, "Holiday").id.entity_id,)

    def test_knows_a_renamed_section_by_what_it_holds(self) -> None:
        """A section under a new title keeps its identity, and its content has not moved."""

        def fill(draft: Draft, title: str) -> None:
            draft.section(title)
            draft.definition("Cap", "the largest weight")
            draft.definition("Floor", "the smallest weight")

        before, after = two(
            lambda draft: fill(draft, "1 Limits"), lambda draft: fill(draft, "4 Bounds of weights")
        )

        assert (
            section_of(after, "4 Bounds of weights").id.entity_id
            == section_of(before, "1 Limits").id.entity_id
        )
        assert not any(link.moved for link in match(before, after).links)

    def test_never_gives_one_id_twice(self) -> None:
        """New text that equals what an edited entity once said gets an id of its own."""

        def old(draft: Draft) -> None:
            draft.formula("a = b", defines="a", uses=["b"], anchor="eq:1")

        def new(draft: Draft) -> None:
            draft.formula("a = b + c", defines="a", uses=["b", "c"], anchor="eq:1")
            draft.section("2 More")
            draft.formula("a = b", defines="a", uses=["b"])

        before, after = two(old, new)

        first, _, second = (each.id.entity_id for each in after.entities)
        assert first == formula_of(before, "a = b").id.entity_id
        assert second != first
