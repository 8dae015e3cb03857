"""Documents at random: drafts, and what a writer may do to them between two revisions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import attrs
from hypothesis import strategies as st

from eventdocs.ir import DocumentIR, Table
from tests.ir.drafts import Draft

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
WORDS = st.sampled_from(["Weight", "Score", "Index Level", "weight", "Free Float", "λ", "Cap"])
SYMBOLS = st.sampled_from(["W", "W_{i}", "W_{i,t}", "S_{i}", "λ", "hat(σ)", "S", "L_{t-1}", "π"])
TITLES = st.sampled_from(["1 Rules", "2 Weights", "Rules", "Appendix A: Parameters", ""])
TARGETS = st.sampled_from(
    ["Section 1", "Section 9", "Table 1", "#rules", "eq:1", "https://example.org", "Weight", "#"]
)
ANCHORS = st.none() | st.sampled_from(["eq:1", "eq:2", "rules"])
CELL_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
)


@attrs.frozen
class Step:
    """One thing that a draft is told to add."""

    kind: str
    words: tuple[str, ...]
    symbols: tuple[str, ...] = ()
    anchor: str | None = None
    level: int = 1
    values: tuple[int | Decimal | bool | date | None, ...] = ()

    def add_to(self, draft: Draft) -> None:
        """Do it."""
        one, other = (*self.words, "", "")[:2]
        match self.kind:
            case "section":
                draft.section(one, self.level, anchor=self.anchor)
            case "definition":
                draft.definition(one, other, names=self.symbols[0] if self.symbols else None)
            case "formula":
                left, *right = dict.fromkeys(self.symbols)
                latex = f"{left} = {' + '.join(right)}"
                draft.formula(latex, defines=left, uses=right, anchor=self.anchor)
            case "table":
                draft.table([["Symbol", "Value"], *([one, other] for _ in self.values)])
                table = draft.entities[-1]
                assert isinstance(table, Table)
                cells = list(table.cells)
                for row, value in enumerate(self.values, start=1):
                    cells[2 * row + 1] = attrs.evolve(cells[2 * row + 1], value=value)
                draft.entities[-1] = attrs.evolve(table, cells=tuple(cells))
            case _:
                draft.reference(one)


STEPS = st.one_of(
    st.builds(
        Step,
        kind=st.just("section"),
        words=st.tuples(TITLES | TEXTS),
        anchor=ANCHORS,
        level=st.integers(1, 3),
    ),
    st.builds(
        Step,
        kind=st.just("definition"),
        words=st.tuples(WORDS, TEXTS | WORDS),
        symbols=st.tuples() | st.tuples(SYMBOLS),
    ),
    st.builds(
        Step,
        kind=st.just("formula"),
        words=st.tuples(),
        symbols=st.lists(SYMBOLS, min_size=1, max_size=4).map(tuple),
        anchor=ANCHORS,
    ),
    st.builds(
        Step,
        kind=st.just("table"),
        words=st.tuples(WORDS, TEXTS),
        values=st.lists(CELL_VALUES, max_size=3).map(tuple),
    ),
    st.builds(Step, kind=st.just("reference"), words=st.tuples(TARGETS | TEXTS)),
)


def build(
    steps: list[Step], *, previous: DocumentIR | None = None, line_length: int = 100
) -> DocumentIR:
    draft = Draft(line_length=line_length)
    for step in steps:
        step.add_to(draft)
    version = previous.version + 1 if previous else 1
    return draft.build(previous=previous, version=version)


IRS = st.lists(STEPS, max_size=12).map(build)


@st.composite
def revisions(draw: st.DrawFn) -> tuple[DocumentIR, DocumentIR]:
    """Two revisions: pieces of the first in another order, with new pieces between them."""
    steps = draw(st.lists(STEPS, max_size=10))
    kept = draw(st.permutations(steps))[: draw(st.integers(0, len(steps)))]
    added = draw(st.lists(STEPS, max_size=4))
    mixed = draw(st.permutations([*kept, *added])) if draw(st.booleans()) else [*kept, *added]
    old = build(steps)
    carried = old if draw(st.booleans()) else None
    return old, build(list(mixed), previous=carried, line_length=draw(st.integers(20, 200)))
