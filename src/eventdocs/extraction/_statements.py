"""Statements: the equations and relations that a formula is made of."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from eventdocs.extraction._math_tree import EMPTY, Node
from eventdocs.extraction._symbols import decoration_of, symbol_of
from eventdocs.ir import Symbol

__all__ = ["Statement", "called_symbol", "relation_of", "side_by_side", "statements"]

_RELATIONS = {
    "=": "=",
    "\u2254": ":=",
    "\u2261": r"\equiv",
    "\u225c": r"\triangleq",
    "\u225d": ":=",
    "\u2250": r"\doteq",
    "\u223c": r"\sim",
    "~": r"\sim",
    "\u221d": r"\propto",
    "\u2190": r"\leftarrow",
    "\u2208": r"\in",
    "\u2264": r"\le",
    "\u2a7d": r"\le",
    "\u2265": r"\ge",
    "\u2a7e": r"\ge",
    "<": "<",
    ">": ">",
    "\u226a": r"\ll",
    "\u226b": r"\gg",
    "\u2260": r"\ne",
    "\u2248": r"\approx",
    "\u2243": r"\simeq",
    "\u2245": r"\cong",
    "\u2192": r"\to",
    "\u21a6": r"\mapsto",
    "\u21d2": r"\Rightarrow",
    "\u27f9": r"\Rightarrow",
    "\u21d4": r"\Leftrightarrow",
    "\u27fa": r"\Leftrightarrow",
    "\u2282": r"\subset",
    "\u2286": r"\subseteq",
    "\u2208\u0338": r"\notin",
    "\u2209": r"\notin",
}
_DEFINING = {
    "=",
    ":=",
    r"\equiv",
    r"\triangleq",
    r"\doteq",
    r"\sim",
    r"\propto",
    r"\leftarrow",
    r"\in",
}
_OPEN = {"(", "[", "{", "\u27e8"}
_CLOSE = {")", "]", "}", "\u27e9"}
_GIVEN = {"|", "\u2223"}
_PROBABILITIES = {"p", "P", "Pr", "bb:P"}
_TRANSPOSED = {"T", "\u22a4", "\u22ba"}


@attrs.frozen
class Statement:
    """One equation or relation of a formula.

    Attributes:
        relation: The first relation sign, as LaTeX; None without one.
        defines: The symbol alone on the left of a relation that can define it.
        parameters: What a defined function is a function of.
        left: Everything before the relation.
        right: Everything after it; all of the statement without one.
    """

    relation: str | None
    defines: Symbol | None
    parameters: frozenset[str]
    left: tuple[Node, ...]
    right: tuple[Node, ...]


def statements(tree: Node) -> tuple[Statement, ...]:
    """Split a formula into its equations: rows of an alignment, parts between commas."""
    return tuple(_statement(part) for part in _parts(tree) if part)


def called_symbol(node: Node) -> Symbol | None:
    """Read `f(x, y)` as f; None if a node is anything else."""
    return _left_side(node.children)[0] if node.kind == "row" else None


def _parts(tree: Node) -> Iterator[tuple[Node, ...]]:
    nodes = tree.children if tree.kind == "row" else (tree,)
    if len(nodes) != 1 or nodes[0].kind != "table":
        yield from _lines(nodes)
        return
    # An alignment: every row is an equation of its own. A case distinction has a brace
    # before its table, and belongs to one equation.
    for row in nodes[0].children:
        for equation in _equations(row):
            yield from _lines(equation)


def _equations(row: Node) -> Iterator[tuple[Node, ...]]:
    """Part the equations that stand side by side in one row: `a &= b & c &= d`."""
    cells = [cell for cell in map(side_by_side, row.children) if cell]
    equation: list[Node] = []
    for at, cell in enumerate(cells):
        following = cells[at + 1][0] if at + 1 < len(cells) else EMPTY
        # A condition begins with a word or a parenthesis, the rest of an equation with a sign.
        begins = cell[0].kind not in {"text", "operator"} and relation_of(cell[0]) is None
        begins = begins and any(map(relation_of, (*cell[1:], following)))
        complete = any(map(relation_of, equation[:-1])) and relation_of(equation[-1]) is None
        if begins and complete:
            yield tuple(equation)
            equation = []
        equation.extend(cell)
    yield tuple(equation)


def side_by_side(node: Node) -> tuple[Node, ...]:
    """The nodes of a row; a single node is a row of one."""
    return node.children if node.kind == "row" else (node,)


def _lines(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """Split at line breaks, and at commas where every part holds a relation."""
    line: list[Node] = []
    for node in (*nodes, Node("break")):
        if node.kind == "break":
            yield from _between_commas(line)
            line = []
        elif not (node.kind == "operator" and node.text == "&"):
            line.append(node)


def _between_commas(line: list[Node]) -> list[tuple[Node, ...]]:
    parts: list[list[Node]] = [[]]
    depth = 0
    for node in line:
        if node.kind == "operator":
            depth += (node.text in _OPEN) - (node.text in _CLOSE)
            if depth <= 0 and node.text in {",", ";"}:
                parts.append([])
                continue
        parts[-1].append(node)
    if len(parts) > 1 and all(any(relation_of(n) for n in part) for part in parts):
        return [tuple(part) for part in parts]
    return [tuple(line)]


def relation_of(node: Node) -> str | None:
    """The relation sign that a node is, as LaTeX; None if it is none."""
    if node.kind == "operator":
        return _RELATIONS.get(node.text)
    if node.kind == "script" and node.children[0].kind == "operator":
        return _RELATIONS.get(node.children[0].text)
    return None


def _statement(nodes: tuple[Node, ...]) -> Statement:
    depth = 0
    for at, node in enumerate(nodes):
        if node.kind == "operator":
            depth += (node.text in _OPEN) - (node.text in _CLOSE)
        relation = relation_of(node)
        if relation is None or depth > 0:
            continue
        left, right = nodes[:at], nodes[at + 1 :]
        symbol, parameters = _left_side(left)
        if relation not in _DEFINING or not right:
            symbol, parameters = None, frozenset[str]()
        return Statement(relation, symbol, parameters, left, right)
    return Statement(None, None, frozenset(), (), nodes)


def _left_side(nodes: tuple[Node, ...]) -> tuple[Symbol | None, frozenset[str]]:
    """Read `f(x, y)` or a lone symbol."""
    if not nodes:
        return None, frozenset()
    symbol = symbol_of(nodes[0])
    if symbol is None or (nodes[0].kind == "script" and _is_power(nodes[0].children[2])):
        return None, frozenset()
    if len(nodes) == 1:
        return symbol, frozenset()
    if nodes[1] != Node("operator", "(") or nodes[-1] != Node("operator", ")"):
        return None, frozenset()
    inner = nodes[2:-1]
    if any(node.kind == "operator" and node.text in _OPEN | _CLOSE | _GIVEN for node in inner):
        return None, frozenset()
    if symbol.base in _PROBABILITIES:
        # Densities of different things share these letters, so none of them is defined.
        return None, frozenset()
    arguments = [symbol_of(node) for node in inner if node.kind not in {"operator", "number"}]
    return symbol, frozenset(each.key for each in arguments if each is not None)


def _is_power(sup: Node) -> bool:
    return (
        sup != EMPTY
        and decoration_of(sup) is None
        and sup.text not in _TRANSPOSED
        and (sup.kind == "number" or sup.kind == "fraction")
    )
