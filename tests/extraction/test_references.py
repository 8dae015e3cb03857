import pytest

from eventdocs.ir import CrossReference, Definition, Entity, Formula, Section, Table
from tests.extraction.reading import find, only, raw, read

TARGETS = """\
# 2 Rules {#rules}

$$a = b$$ (eq-a)

$$a = c \\tag{4}$$

: Limits {#tbl-a}

| a |
|---|
| 1 |

Table 3: More

| b |
|---|
| 2 |

## Appendix A - Parameters

## *Some* `Title`

![A plot](plot.png){#fig-a}

Figure 7: Another plot

[A span]{#span-a} [^note]

[^note]: A note.

Cap
: The limit.

"""


def _reference(text: str) -> tuple[CrossReference, str]:
    """The last reference of a document with targets, and what it points at."""
    extraction = read(f"{TARGETS}{text}\n")
    reference = [each for each in extraction.ir.entities if isinstance(each, CrossReference)][-1]
    target = next(
        (
            each
            for each in extraction.ir.entities
            if each.id.entity_id == reference.resolution.target
        ),
        None,
    )
    return reference, _name(target) if target else reference.resolution.state


def _name(entity: Entity) -> str:
    match entity:
        case Section():
            return entity.title
        case Formula():
            return entity.raw
        case Table():
            return entity.caption or ""
        case Definition():
            return entity.term
        case CrossReference():
            return entity.text


class TestReferences:
    @pytest.mark.parametrize(
        ("text", "target", "kind"),
        [
            ("[the rules](#rules)", "2 Rules", "section"),
            ("[](#rules)", "2 Rules", "section"),
            ("[x](#appendix-a---parameters)", "Appendix A - Parameters", "section"),
            ("[Some Title]", "Some Title", "section"),
            ("[there][*Some* `Title`]", "Some Title", "section"),
            ("[Rules][]", "2 Rules", "section"),
            ("[x][ref]\n\n[ref]: #rules", "2 Rules", "section"),
            ("<a href='#rules'>x</a>", "2 Rules", "section"),
            ("{ref}`the rules <rules>`", "2 Rules", "section"),
            ("{eq}`eq-a`", "a = b", "formula"),
            ("@eq-a", "a = b", "formula"),
            ("[@eq-a]", "a = b", "formula"),
            ("\\eqref{eq-a}", "a = b", "formula"),
            ("$x$ by $\\eqref{eq-a}$", "a = b", "formula"),
            ("\\@ref(eq-a)", "a = b", "formula"),
            ("{numref}`Table %s <tbl-a>`", "Limits", "table"),
            ("@tbl-a", "Limits", "table"),
            ("{term}`Cap`", "Cap", "definition"),
            ("See Section 2.", "2 Rules", "section"),
            ("see Equation (4)", "a = c \\tag{4}", "formula"),
            ("Eq. 4", "a = c \\tag{4}", "formula"),
            ("in Table 3,", "More", "table"),
            ("Appendix A", "Appendix A - Parameters", "section"),
        ],
    )
    def test_point_at_what_is_there(self, text: str, target: str, kind: str) -> None:
        """References in all forms find their section, formula, table or term."""
        reference, found = _reference(text)

        assert (found, reference.reference_type) == (target, kind)

    @pytest.mark.parametrize(
        ("text", "raw_target"),
        [
            ("See Section 9.", "Section 9"),
            ("See Appendix Z.", "Appendix Z"),
            ("Table 99 shows", "Table 99"),
            ("Equation (12) says", "Equation 12"),
            ("[x](#nowhere)", "#nowhere"),
            ("{ref}`nowhere`", "nowhere"),
            ("@eq-nowhere", "eq-nowhere"),
            ("$\\ref{nowhere}$", "nowhere"),
            ("x[^nowhere]", "^nowhere"),
        ],
    )
    def test_that_point_nowhere_are_kept(self, text: str, raw_target: str) -> None:
        """A reference without a target stays, as dangling, with what the author wrote."""
        reference, found = _reference(text)

        assert (found, reference.raw_target) == ("dangling", raw_target)

    @pytest.mark.parametrize(
        "text",
        ["@fig-a", "[x](#fig-a)", "Figure 7", "x[^note]", "[x](#span-a)", "{ref}`span-a`"],
    )
    def test_to_what_is_no_entity_are_settled(self, text: str) -> None:
        """Figures, footnotes and spans exist, though they are nothing to resolve to."""
        _, found = _reference(text)

        assert found == "ignored"

    @pytest.mark.parametrize(
        ("text", "kind", "document"),
        [
            ("[x](https://example.com/a#b)", "url", None),
            ("<https://example.com>", "url", None),
            ("see https://example.com/a_b.", "url", None),
            ("[x](mailto:a@example.com)", "url", None),
            ("[x](other.md)", "document", "other.md"),
            ("[x](other.md#part)", "document", "other.md"),
            ("{doc}`guide/start`", "document", "guide/start"),
            ("Section 3 of RFC 2119", "section", "RFC 2119"),
            ("Section 5 of the Data Protection Act", "section", "Data Protection Act"),
            ("[@smith2020]", "citation", None),
        ],
    )
    def test_may_leave_the_document(self, text: str, kind: str, document: str | None) -> None:
        """Links, documents, laws and literature are outside, and said to be."""
        reference, found = _reference(text)

        assert found == "external"
        assert (reference.reference_type, reference.target_document) == (kind, document)

    def test_may_name_several(self) -> None:
        """Each number of a list is a reference of its own, with its own place."""
        extraction = read("Sections 2.1, 3 and 4.2, Tables 1–3, Eqs. (1) and (2).\n")

        references = [each for each in extraction.ir.entities if isinstance(each, CrossReference)]

        assert [(each.raw_target, raw(extraction, each)) for each in references] == [
            ("Section 2.1", "Sections 2.1"),
            ("Section 3", "3"),
            ("Section 4.2", "4.2"),
            ("Table 1", "Tables 1"),
            ("Table 3", "3"),
            ("Equation 1", "Eqs. (1)"),
            ("Equation 2", "(2)"),
        ]

    def test_to_literature_are_found_one_by_one(self) -> None:
        """A citation can name several works."""
        references = find("As in [see @doe99, p. 3; -@smith_2020].\n", CrossReference)

        assert [(each.raw_target, each.reference_type) for each in references] == [
            ("doe99", "citation"),
            ("smith_2020", "citation"),
        ]

    def test_to_literature_in_the_front_matter_are_settled(self) -> None:
        """A work that the document describes itself is there."""
        text = "---\nreferences:\n- id: doe\n  title: A\n---\n\nAs @doe says.\n"

        reference = only(text, CrossReference)

        assert reference.resolution.state == "ignored"

    @pytest.mark.parametrize(
        "text",
        [
            "Mail a@example.com or @user.",
            "A table 3 metres long, figure it out.",
            "The section ends; equation solved.",
            "```\nSee Section 9 and [x](#y).\n```",
            "`Section 9`",
            "Table of contents",
            "Appendix or not",
            "a [bracketed] word, [x] done",
            "# Section 4\n",
        ],
    )
    def test_are_not_seen_everywhere(self, text: str) -> None:
        """Addresses, plain words, code, and a heading's own number refer to nothing."""
        assert find(text, CrossReference) == []

    def test_have_exact_places(self) -> None:
        """A reference stands where its markup stands."""
        extraction = read("> See [the\n> rules](#x), Section\n> 9 and @eq-a.\n")

        references = [each for each in extraction.ir.entities if isinstance(each, CrossReference)]

        assert [raw(extraction, each) for each in references] == [
            "[the\n> rules](#x)",
            "Section\n> 9",
            "@eq-a",
        ]
        assert [each.text for each in references] == ["the rules", "Section 9", "@eq-a"]
        assert [each.span.line for each in references] == [1, 2, 3]


class TestMicroCases:
    def test_three_missing_targets_are_three_dangling_references(self) -> None:
        """A section, an appendix and a table that are not there are each reported."""
        extraction = read("# 1 Intro\n\nSee Section 9, Appendix A, and Table 7.\n")

        dangling = [issue for issue in extraction.ir.issues if issue.code == "dangling-reference"]
        assert [issue.data["target"] for issue in dangling] == [
            "Section 9",
            "Appendix A",
            "Table 7",
        ]

    def test_lineage_crosses_sections(self) -> None:
        """A symbol used in one section is traced to its formula in another."""
        extraction = read("# A\n\n$$W_{i,t} = R_{i,t} V$$\n\n# B\n\n$$R_{i,t} = P_{i,t} / 2$$\n")

        weight, returns = [each for each in extraction.ir.entities if isinstance(each, Formula)]
        resolved = {each.symbol.key: each.resolution.target for each in weight.variables}
        assert resolved["R_{i,t}"] == returns.id.entity_id
        assert any(
            (edge.source, edge.target, edge.kind)
            == (weight.id.entity_id, returns.id.entity_id, "depends_on")
            for edge in extraction.ir.edges
        )

    def test_cycles_leave_the_innocent_alone(self) -> None:
        """A and B define each other, C only uses A: the cycle is A and B."""
        extraction = read("$$A = B$$\n\n$$B = A$$\n\n$$C = A$$\n")

        [cycle] = [each for each in extraction.ir.issues if each.code == "circular-definition"]
        formulas = [each for each in extraction.ir.entities if isinstance(each, Formula)]
        assert set(cycle.entities) == {each.id.entity_id for each in formulas[:2]}

    def test_a_formula_in_its_own_terms_is_a_cycle(self) -> None:
        """What is computed from itself is found, in words too."""
        extraction = read("Level = Level + 1\n")

        [issue] = [each for each in extraction.ir.issues if each.code == "circular-definition"]
        assert issue.entities == (extraction.ir.entities[0].id.entity_id,)

    def test_a_term_defined_twice_is_a_conflict(self) -> None:
        """Two definitions of one term in different words are an error."""
        extraction = read("# A\n\n“Cap” means five.\n\n# B\n\n“Cap” means ten.\n")

        assert "duplicate-definition" in {issue.code for issue in extraction.ir.issues}
