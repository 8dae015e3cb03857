from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given

from eventdocs.errors import InvalidIRError
from eventdocs.ir import (
    Cell,
    DocumentIR,
    Edge,
    Resolution,
    Variable,
    check,
    from_json,
    to_json,
    validate,
)
from eventdocs.types import Digest
from tests.ir.drafts import Draft, symbol
from tests.ir.strategies import IRS

SECTION, FORMULA, DEFINITION, TABLE, REFERENCE = range(5)
NOBODY = UUID(int=404)


def sample() -> DocumentIR:
    draft = Draft()
    draft.section("2 Rules")
    draft.formula("W = S", defines="W", uses=["S"])
    draft.definition("Score", "a number", names="S")
    draft.table([["Symbol", "Value"], ["V", "1.5"]])
    draft.reference("Section 2")
    return draft.build()


def spoiled(place: int, **fields: Any) -> DocumentIR:
    ir = sample()
    entities: list[Any] = list(ir.entities)
    entities[place] = attrs.evolve(entities[place], **fields)
    return attrs.evolve(ir, entities=tuple(entities))


def spoiled_part(place: int, part: str, **fields: Any) -> DocumentIR:
    entity: Any = sample().entities[place]
    return spoiled(place, **{part: attrs.evolve(getattr(entity, part), **fields)})


def spoiled_cells(change: Callable[[list[Cell]], object]) -> DocumentIR:
    table: Any = sample().entities[TABLE]
    cells = list(table.cells)
    change(cells)
    return spoiled(TABLE, cells=tuple(cells))


def spoiled_resolution(**fields: Any) -> DocumentIR:
    return spoiled(REFERENCE, resolution=Resolution(**fields))


def twice_the_same() -> DocumentIR:
    ir = sample()
    return attrs.evolve(ir, entities=(*ir.entities, ir.entities[0]))


def put(cells: list[Cell], place: int, **fields: Any) -> None:
    cells[place] = attrs.evolve(cells[place], **fields)


BROKEN: dict[str, tuple[Callable[[], DocumentIR], str]] = {
    "version": (lambda: attrs.evolve(sample(), version=0), "ir.version"),
    "schema": (lambda: attrs.evolve(sample(), schema=99), "ir.schema"),
    "source": (lambda: attrs.evolve(sample(), source=Digest("abc")), "ir.source"),
    "ids": (twice_the_same, "ir.entities[5].id.entity_id"),
    "span backwards": (
        lambda: spoiled_part(SECTION, "span", start=9, end=3),
        "ir.entities[0].span",
    ),
    "span half": (lambda: spoiled_part(SECTION, "span", end=None), "ir.entities[0].span"),
    "span nowhere": (
        lambda: spoiled_part(SECTION, "span", start=None, end=None),
        "ir.entities[0].span",
    ),
    "line": (lambda: spoiled_part(SECTION, "span", line=0), "ir.entities[0].span.line"),
    "page": (lambda: spoiled_part(SECTION, "span", page=0), "ir.entities[0].span.page"),
    "box": (
        lambda: spoiled_part(SECTION, "span", bbox=(0.0, 0.0, float("nan"), 1.0)),
        "ir.entities[0].span.bbox",
    ),
    "body span": (
        lambda: spoiled_part(DEFINITION, "body_span", start=-1),
        "ir.entities[2].body_span",
    ),
    "confidence": (
        lambda: spoiled_part(SECTION, "prov", confidence=1.5),
        "ir.entities[0].prov.confidence",
    ),
    "content key": (lambda: spoiled(SECTION, title="3 Rules"), "ir.entities[0].id.content_key"),
    "ordinal": (lambda: spoiled_part(SECTION, "id", ordinal=-1), "ir.entities[0].id.ordinal"),
    "level": (lambda: spoiled(SECTION, level=0), "ir.entities[0].level"),
    "parent": (lambda: spoiled(SECTION, parent=NOBODY), "ir.entities[0].parent"),
    "empty term": (lambda: spoiled(DEFINITION, term_key=""), "ir.entities[2].term_key"),
    "other term": (lambda: spoiled(DEFINITION, term_key="rank"), "ir.entities[2].term_key"),
    "own alias": (lambda: spoiled(DEFINITION, aliases=("score",)), "ir.entities[2].aliases"),
    "opaque": (lambda: spoiled(FORMULA, parsed="opaque"), "ir.entities[1]"),
    "no tree": (lambda: spoiled(FORMULA, mathml=None), "ir.entities[1]"),
    "relation": (lambda: spoiled(FORMULA, relation=None), "ir.entities[1].relation"),
    "variable twice": (
        lambda: spoiled(FORMULA, variables=(Variable(symbol=symbol("S"), role="free"),) * 2),
        "ir.entities[1].variables[1].symbol",
    ),
    "count": (
        lambda: spoiled(FORMULA, variables=(Variable(symbol=symbol("S"), role="free", count=0),)),
        "ir.entities[1].variables[0].count",
    ),
    "columns": (lambda: spoiled(TABLE, columns=()), "ir.entities[3].columns"),
    "widths": (lambda: spoiled(TABLE, declared_widths=(2,)), "ir.entities[3].declared_widths"),
    "header": (lambda: spoiled(TABLE, header_rows=3), "ir.entities[3]"),
    "unsorted": (lambda: spoiled_cells(lambda cells: cells.reverse()), "ir.entities[3].cells"),
    "outside": (
        lambda: spoiled_cells(lambda cells: put(cells, 3, col_span=2)),
        "ir.entities[3].cells[3]",
    ),
    "overlapping": (
        lambda: spoiled_cells(lambda cells: put(cells, 2, col_span=2)),
        "ir.entities[3].cells[3]",
    ),
    "no span": (
        lambda: spoiled_cells(lambda cells: put(cells, 2, row_span=0)),
        "ir.entities[3].cells[2]",
    ),
    "value": (
        lambda: spoiled_cells(lambda cells: put(cells, 3, value="text")),
        "ir.entities[3].cells[3].value",
    ),
    "formula in cell": (
        lambda: spoiled_cells(lambda cells: put(cells, 3, formulas=(NOBODY,))),
        "ir.entities[3].cells[3].formulas",
    ),
    "resolved to nothing": (
        lambda: spoiled_resolution(state="resolved"),
        "ir.entities[4].resolution.target",
    ),
    "dangling to something": (
        lambda: spoiled_resolution(state="dangling", target=sample().entities[0].id.entity_id),
        "ir.entities[4].resolution.target",
    ),
    "resolved to nobody": (
        lambda: spoiled_resolution(state="resolved", target=NOBODY),
        "ir.entities[4].resolution.target",
    ),
    "ambiguous alone": (
        lambda: spoiled_resolution(
            state="ambiguous", candidates=(sample().entities[0].id.entity_id,)
        ),
        "ir.entities[4].resolution.candidates",
    ),
    "edge": (
        lambda: attrs.evolve(sample(), edges=(Edge(source=NOBODY, target=NOBODY, kind="uses"),)),
        "ir.edges[0].source",
    ),
    "edges unsorted": (
        lambda: attrs.evolve(sample(), edges=(*reversed(sample().edges),)),
        "ir.edges",
    ),
    "NUL": (lambda: attrs.evolve(sample(), title="a\0b"), "ir"),
    "NUL behind a backslash": (lambda: attrs.evolve(sample(), title="a\\\0b"), "ir"),
}


class TestInvariants:
    @given(ir=IRS)
    def test_hold_for_everything_that_is_assembled(self, ir: DocumentIR) -> None:
        """Whatever an extractor finds, what `assemble` makes of it keeps the rules."""
        check(ir)

    @pytest.mark.parametrize("name", BROKEN)
    def test_are_checked_one_by_one(self, name: str) -> None:
        """Every broken rule is found, with the path of the place that breaks it."""
        break_it, path = BROKEN[name]

        with pytest.raises(InvalidIRError) as caught:
            check(break_it())

        assert path in [problem.split(": ")[0] for problem in caught.value.problems]

    @pytest.mark.parametrize("title", ["\\u0000", "\\\\u0000", "\\n\\u0000", "u0000"])
    def test_allow_a_text_about_the_null_character(self, title: str) -> None:
        """What only spells U+0000, as a text about JSON may, is a text like others."""
        ir = attrs.evolve(sample(), title=title)

        check(ir)

        assert from_json(to_json(ir)).title == title

    def test_are_all_reported_at_once(self) -> None:
        """Two mistakes make two problems in one error."""
        broken = attrs.evolve(spoiled(SECTION, level=0), version=0)

        with pytest.raises(InvalidIRError) as caught:
            check(broken)

        assert {"ir.version", "ir.entities[0].level"} <= {
            problem.split(": ")[0] for problem in caught.value.problems
        }

    def test_order_findings_and_keep_their_fingerprints_apart(self) -> None:
        """Findings stand sorted by place, and no two have one fingerprint."""
        draft = Draft()
        draft.reference("Section 9")
        draft.reference("Section 9")
        ir = draft.build()
        assert len(ir.issues) == 2

        for issues in (ir.issues[::-1], (ir.issues[0], ir.issues[0])):
            with pytest.raises(InvalidIRError, match=r"ir\.issues"):
                check(attrs.evolve(ir, issues=issues))

    def test_accept_what_the_rules_say_about_it(self) -> None:
        """Findings are a function of the rest of the IR."""
        ir = sample()

        assert validate(ir) == ir.issues
