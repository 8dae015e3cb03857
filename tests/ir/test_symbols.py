"""How symbols are written for people, and which of them can mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs.extraction import extract
from eventdocs.ir import Symbol, impact, spell
from eventdocs.ir._symbols import pattern_of, possible_patterns, sameness

INDICES = frozenset("ijt")

symbols = st.builds(
    Symbol,
    base=st.sampled_from("wv"),
    decoration=st.sampled_from([(), ("hat",)]),
    subscript=st.lists(
        st.sampled_from(["i", "j", "t", "t-1", "i+1", "1", "2", "max", "it", "k"]), max_size=3
    ).map(tuple),
)


class TestASymbol:
    @pytest.mark.parametrize(
        ("symbol", "spelled"),
        [
            (Symbol(base="W", subscript=("i",)), "W_i"),
            (Symbol(base="W", subscript=("i", "t")), "W_{i,t}"),
            (Symbol(base="w", decoration=("hat",)), "ŵ"),
            (Symbol(base="GDP", decoration=("hat",), subscript=("t",)), "hat(GDP)_t"),
            (Symbol(base="N", decoration=("prime",), subscript=("i",)), "N_i′"),
            (Symbol(base="N", decoration=("^pred",)), "N^{pred}"),
            (Symbol(base="T", decoration=("*",), subscript=("i",)), "T_i^*"),
            (Symbol(base="x", decoration=("bar", "†"), subscript=("i",)), "x̄_i^†"),
            (Symbol(base="bold:x", subscript=("ijm",)), "𝐱_{ijm}"),
            (Symbol(base="bold:β"), "𝛃"),
            (Symbol(base="cal:L"), "ℒ"),
            (Symbol(base="bb:R"), "ℝ"),
            (Symbol(base="bold:AB"), "𝐀𝐁"),
            (Symbol(base="cal:α"), "α"),
        ],
        ids=lambda each: each.key if isinstance(each, Symbol) else "",
    )
    def test_is_spelled_as_formulas_show_it(self, symbol: Symbol, spelled: str) -> None:
        """No internal word such as `bold:` or `^pred(N)` reaches a reader."""
        assert spell(symbol) == spelled

    @pytest.mark.parametrize("name", ["𝐱_{ij}", "N^{pred}", "T_i^*"])
    def test_is_found_by_what_was_shown(self, name: str) -> None:
        """What a person copies from one answer is understood in the next question."""
        text = r"$$y = \mathbf{x}_{ij} + N^{\text{pred}} + T^*_i$$"
        ir = extract(text.encode(), source_name="a.md").ir

        assert [each.name for each in impact(ir, name).affected] == ["y"]


class TestPatterns:
    @given(defined=symbols, used=symbols)
    def test_find_everything_that_can_be_the_same(self, defined: Symbol, used: Symbol) -> None:
        """Who compares only symbols that share a pattern misses none."""
        found = pattern_of(defined, INDICES) in set(possible_patterns(used, INDICES))

        assert found == (sameness(defined, used, INDICES) is not None)
