from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs.ir import Graph, dependency_graph
from tests.ir.drafts import Draft, formula_of

LONG = 100_000

Pairs = set[tuple[int, int]]

GRAPHS = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)


def closure(pairs: Pairs) -> Pairs:
    """All (dependent, dependency) pairs, direct or not: the slow and obvious way."""
    reached = set(pairs)
    while True:
        further = {(a, d) for a, b in reached for c, d in pairs if b == c} - reached
        if not further:
            return reached
        reached |= further


class TestGraph:
    @given(pairs=GRAPHS)
    def test_knows_what_depends_on_what(self, pairs: Pairs) -> None:
        """Parents and children are the given pairs, ancestors and descendants their closure."""
        graph = Graph(range(8), sorted(pairs))

        everything = closure(pairs)
        for node in range(8):
            assert set(graph.parents(node)) == {b for a, b in pairs if a == node}
            assert set(graph.children(node)) == {a for a, b in pairs if b == node}
            assert set(graph.ancestors(node)) == {b for a, b in everything if a == node}
            assert set(graph.descendants(node)) == {a for a, b in everything if b == node}

    @given(pairs=GRAPHS)
    def test_finds_one_cycle_for_every_knot(self, pairs: Pairs) -> None:
        """Each cycle is a closed path along dependencies, and together they touch every knot."""
        graph = Graph(range(8), sorted(pairs))

        everything = closure(pairs)
        knotted = {a for a, b in everything if a == b}
        for cycle in graph.cycles:
            assert cycle[0] == cycle[-1]
            assert set(pairwise(cycle)) <= pairs
            assert len(set(cycle)) == len(cycle) - 1
        touched = {node for cycle in graph.cycles for node in cycle}
        assert touched <= knotted
        for node in knotted:
            knot = {b for a, b in everything if a == node and (b, a) in everything}
            assert sum(bool(knot.intersection(cycle)) for cycle in graph.cycles) == 1

    @given(pairs=GRAPHS)
    def test_orders_dependencies_first(self, pairs: Pairs) -> None:
        """In the topological order nothing comes before what it depends on, cycles apart."""
        graph = Graph(range(8), sorted(pairs))

        everything = closure(pairs)
        place = {node: n for n, node in enumerate(graph.topological_order)}
        assert sorted(place) == list(range(8))
        for dependent, dependency in pairs:
            in_one_knot = (dependency, dependent) in everything
            assert in_one_knot or place[dependency] < place[dependent]

    @given(pairs=GRAPHS)
    def test_measures_depth(self, pairs: Pairs) -> None:
        """Depth is 0 without dependencies, else one more than the deepest one's, knots apart."""
        graph = Graph(range(8), sorted(pairs))

        everything = closure(pairs)
        for node in range(8):
            knot = {node} | {b for a, b in everything if a == node and (b, a) in everything}
            below = [graph.depth[b] for a, b in pairs if a in knot and b not in knot]
            assert graph.depth[node] == max(below, default=-1) + 1

    def test_answers_for_a_very_long_chain(self) -> None:
        """A hundred thousand steps need no recursion and no patience."""
        chain = Graph(range(LONG), pairwise(range(LONG)))

        assert chain.depth[0] == LONG - 1
        assert chain.topological_order[0] == LONG - 1
        assert chain.ancestors(0) == tuple(range(1, LONG))
        assert chain.cycles == ()

    def test_answers_for_a_very_long_cycle(self) -> None:
        """A cycle through a hundred thousand nodes is found, with all of its path."""
        ring = Graph(range(LONG), [*pairwise(range(LONG)), (LONG - 1, 0)])

        assert ring.cycles == ((*range(LONG), 0),)

    def test_refuses_unknown_nodes(self) -> None:
        """A dependency between nodes that are not there is a mistake of the caller."""
        with pytest.raises(KeyError):
            Graph([1], [(1, 2)])


class TestDependencyGraph:
    def test_connects_formulas_definitions_and_tables(self) -> None:
        """A formula depends on the formulas, definitions and rows that say what it uses."""
        draft = Draft()
        weight = "W_{i} = S_{i} V"
        draft.formula(weight, defines="W_{i}", uses=["S_{i}", "V"])
        draft.formula("S_{i} = λ", defines="S_{i}", uses=["λ"])
        draft.definition("Value", "of the company", names="V")
        draft.table([["Symbol", "Value"], ["λ", "0.94"]])
        ir = draft.build()

        graph = dependency_graph(ir)

        kinds = [type(next(e for e in ir.entities if e.id.entity_id == each)).__name__
                 for each in graph.ancestors(formula_of(ir, weight).id.entity_id)]  # fmt: skip
        assert sorted(kinds) == ["Definition", "Formula", "Table"]
        assert graph.depth[formula_of(ir, weight).id.entity_id] == 2
