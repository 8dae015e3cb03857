"""Symbols: which mathematical names a formula uses, in which roles, and which it defines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from eventdocs.extraction._linear import linear
from eventdocs.extraction._math_tree import EMPTY, Node
from eventdocs.extraction._units import known_unit
from eventdocs.ir import Role, Symbol, Variable

__all__ = ["Statement", "Usage", "called_symbol", "statements", "symbol_of", "usage"]

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
_DEFINING = {"=", ":=", r"\equiv", r"\triangleq", r"\doteq", r"\sim", r"\propto", r"\leftarrow", r"\in"}
_BINDERS = {"\u2211", "\u220f", "\u2210", "\u22c3", "\u22c2", "\u2a01", "\u2a02", "\u2200", "\u2203"}
_BINDING_NAMES = {"max", "min", "sup", "inf", "argmax", "argmin", "arg max", "arg min", "lim"}
_INTEGRALS = {"\u222b", "\u222c", "\u222d", "\u222e"}
_DECORATIONS = {
    "\u2032": ("prime",),
    "\u2033": ("prime", "prime"),
    "\u2034": ("prime", "prime", "prime"),
    "*": ("*",),
    "\u2217": ("*",),
    "\u2218": ("\u2218",),
    "\u00b0": ("\u2218",),
    "\u2020": ("\u2020",),
    "+": ("+",),
    "\u2212": ("-",),
    "-": ("-",),
}
_TRANSPOSED = {"T", "\u22a4", "\u22ba"}
_NUMBER_SETS = {"R", "N", "Z", "Q", "C"}
_OPEN = {"(", "[", "{", "\u27e8"}
_CLOSE = {")", "]", "}", "\u27e9"}
_ROLE_RANK: dict[Role, int] = {
    "bound": 0, "constant": 1, "operator": 2, "function": 3, "free": 4, "index": 5,
}  # fmt: skip


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


@attrs.frozen
class Usage:
    """What a formula says: its statements, and the symbols it uses."""

    statements: tuple[Statement, ...]
    variables: tuple[Variable, ...]


def usage(tree: Node) -> Usage:
    """Read the statements and the symbols of a formula."""
    found = statements(tree)
    collector = _Collector(tree)
    for statement in found:
        collector.bind(statement.parameters)
    for statement in found:
        if statement.defines is None:
            collector.sequence(statement.left)
        else:
            collector.left_side(statement.left)
        collector.sequence(statement.right)
    return Usage(found, collector.variables())


def statements(tree: Node) -> tuple[Statement, ...]:
    """Split a formula into its equations: rows of an alignment, parts between commas."""
    return tuple(_statement(part) for part in _parts(tree) if part)


def symbol_of(node: Node) -> Symbol | None:
    """Read a node as a symbol; None if it is more, or something else."""
    if node.kind == "identifier":
        base = f"{node.style}:{node.text}" if node.style else node.text
        return Symbol(base=base)
    if node.kind == "accent":
        inner = symbol_of(node.children[0])
        if inner is None:
            return None
        return attrs.evolve(inner, decoration=(*inner.decoration, node.text))
    if node.kind == "script":
        base, sub, sup = node.children
        inner = symbol_of(base)
        if inner is None:
            return None
        decoration = _decoration(sup)
        subscript = inner.subscript if sub == EMPTY else (*inner.subscript, *_subscript(sub))
        return attrs.evolve(
            inner, decoration=(*inner.decoration, *(decoration or ())), subscript=subscript
        )
    return None


def called_symbol(node: Node) -> Symbol | None:
    """Read `f(x, y)` as f; None if a node is anything else."""
    return _left_side(node.children)[0] if node.kind == "row" else None


def _decoration(sup: Node) -> tuple[str, ...] | None:
    """Read a superscript that makes another symbol of its base; None for a power."""
    if sup.kind == "operator":
        return _DECORATIONS.get(sup.text)
    if sup.kind == "identifier" and len(sup.text) > 1:
        return (f"^{sup.text}",)
    if sup.kind == "row" and sup.children and all(n.kind == "operator" for n in sup.children):
        marks = [_DECORATIONS.get(n.text) for n in sup.children]
        if all(marks):
            return tuple(mark for each in marks if each for mark in each)
    return None


def _subscript(sub: Node) -> tuple[str, ...]:
    nodes = sub.children if sub.kind == "row" else (sub,)
    parts: list[list[Node]] = [[]]
    for node in nodes:
        if node.kind == "operator" and node.text == ",":
            parts.append([])
        else:
            parts[-1].append(node)
    written = (linear(part).replace(" ", "") for part in parts if part)
    return tuple(part for part in written if part)


def _parts(tree: Node) -> Iterator[tuple[Node, ...]]:
    nodes = tree.children if tree.kind == "row" else (tree,)
    if any(node.kind == "table" for node in nodes) and not any(
        node.kind == "operator" and node.text in _RELATIONS for node in nodes
    ):
        # An alignment: every row is an equation of its own. A brace before the table makes
        # it a case distinction, which belongs to one.
        if len(nodes) == 1 and nodes[0].kind == "table":
            for row in nodes[0].children:
                yield from _lines(tuple(n for cell in row.children for n in _flat(cell)))
            return
    yield from _lines(tuple(nodes))


def _flat(node: Node) -> tuple[Node, ...]:
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
    if len(parts) > 1 and all(any(_relation(n) for n in part) for part in parts):
        return [tuple(part) for part in parts]
    return [tuple(line)]


def _relation(node: Node) -> str | None:
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
        relation = _relation(node)
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
    if any(node.kind == "operator" and node.text in _OPEN | _CLOSE for node in inner):
        return None, frozenset()
    arguments = [symbol_of(node) for node in inner if node.kind not in {"operator", "number"}]
    return symbol, frozenset(each.key for each in arguments if each is not None)


def _is_power(sup: Node) -> bool:
    return sup != EMPTY and _decoration(sup) is None and sup.text not in _TRANSPOSED and (
        sup.kind == "number" or sup.kind == "fraction"
    )


class _Collector:
    """Counts the symbols of one formula and finds their roles."""

    def __init__(self, tree: Node) -> None:
        self._seen: dict[str, tuple[Symbol, Role, int]] = {}
        self._bound: set[str] = set()
        self._differentials = _has_differentials(tree)
        for node in tree.walk():
            if node.kind == "script":
                self._bind_below(node)

    def bind(self, keys: frozenset[str]) -> None:
        self._bound |= keys

    def variables(self) -> tuple[Variable, ...]:
        return tuple(
            Variable(symbol=symbol, role="bound" if key in self._bound else role, count=count)
            for key, (symbol, role, count) in self._seen.items()
        )

    def left_side(self, nodes: Sequence[Node]) -> None:
        """Count what stands around a defined symbol, but not the symbol itself."""
        first, *rest = nodes
        while first.kind in {"script", "accent"}:
            if first.kind == "script":
                self._index(first.children[1])
                self._superscript(first.children[2])
            first = first.children[0]
        self.sequence(rest)

    def sequence(self, nodes: Sequence[Node]) -> None:
        for at, node in enumerate(nodes):
            following = nodes[at + 1] if at + 1 < len(nodes) else EMPTY
            if self._is_differential(node, following):
                self._add(Symbol(base="d"), "operator")
                inner = symbol_of(following)
                if inner is not None:
                    self._bound.add(inner.key)
                continue
            if len(node.text) > 1 and at and nodes[at - 1].kind == "number" and known_unit(node.text):
                continue
            self._node(node, called=_is_call(nodes, at))
            if node.kind == "operator" and node.text in {"\u2200", "\u2203"}:
                inner = symbol_of(following)
                if inner is not None:
                    self._bound.add(inner.key)

    def _node(self, node: Node, *, called: bool = False) -> None:
        if node.kind in {"identifier", "accent", "script"}:
            symbol = symbol_of(node)
            if symbol is not None:
                self._add(symbol, _role(node, symbol, called=called))
                self._scripts(node)
                return
        if node.kind == "script":
            base, sub, sup = node.children
            self.sequence(_flat(base))
            self.sequence(_flat(sub))
            self._superscript(sup)
        elif node.kind == "fraction":
            top, bottom = (_flat(child) for child in node.children)
            if _is_derivative(top, bottom):
                for side in (top, bottom):
                    self._add(Symbol(base="d"), "operator")
                    self.sequence(side[1:] if side[0].kind == "identifier" else side)
            else:
                self.sequence(top)
                self.sequence(bottom)
        elif node.kind == "table":
            for row in node.children:
                for cell in row.children:
                    self.sequence(_flat(cell))
        elif node.kind in {"row", "root", "accent"}:
            for child in node.children:
                self.sequence(_flat(child))

    def _scripts(self, node: Node) -> None:
        while node.kind in {"script", "accent"}:
            if node.kind == "script":
                self._index(node.children[1])
                self._superscript(node.children[2])
            node = node.children[0]

    def _index(self, sub: Node) -> None:
        """Count the letters of a subscript; a word there is only a label."""
        for node in _flat(sub):
            symbol = symbol_of(node)
            if symbol is None:
                self._node(node)
            elif len(symbol.base.rpartition(":")[2]) == 1:
                self._add(symbol, "index")
                self._scripts(node)

    def _superscript(self, sup: Node) -> None:
        if sup == EMPTY or _decoration(sup) is not None:
            return
        if sup.kind == "identifier" and sup.text in _TRANSPOSED:
            self._add(Symbol(base=sup.text), "operator")
            return
        nodes = _flat(sup)
        if len(nodes) == 3 and nodes[0].text == "(" and nodes[2].text == ")":
            self._index(nodes[1])
        else:
            self.sequence(nodes)

    def _bind_below(self, node: Node) -> None:
        base, sub, _ = node.children
        binds = (base.kind == "operator" and base.text in _BINDERS) or (
            base.kind in {"name", "identifier"} and base.text in _BINDING_NAMES
        )
        if not binds:
            return
        nodes = _flat(sub)
        if len(nodes) == 1 and nodes[0].kind == "table":
            nodes = tuple(n for row in nodes[0].children for c in row.children for n in _flat(c))
        for at, each in enumerate(nodes):
            if _relation(each) in {"=", r"\in", r"\to"}:
                nodes = nodes[:at]
                break
        for each in nodes:
            symbol = symbol_of(each)
            if symbol is not None:
                self._bound.add(symbol.key)

    def _is_differential(self, node: Node, following: Node) -> bool:
        return (
            self._differentials
            and node == Node("identifier", "d")
            and following.kind in {"identifier", "script", "accent"}
        )

    def _add(self, symbol: Symbol, role: Role) -> None:
        key = symbol.key
        _, known, count = self._seen.get(key, (symbol, role, 0))
        best = min(role, known, key=_ROLE_RANK.__getitem__)
        self._seen[key] = (symbol, best, count + 1)


def _has_differentials(tree: Node) -> bool:
    return any(node.kind == "operator" and node.text in _INTEGRALS for node in tree.walk())


def _is_derivative(top: Sequence[Node], bottom: Sequence[Node]) -> bool:
    def leads(nodes: Sequence[Node]) -> bool:
        first = nodes[0] if nodes else EMPTY
        if first.kind == "script":
            first = first.children[0]
        return first == Node("identifier", "d")

    return leads(top) and leads(bottom) and len(bottom) > 1


def _is_call(nodes: Sequence[Node], at: int) -> bool:
    """Whether a parenthesis with plain arguments follows: `f(x, t)`, not `a (b + c)`."""
    if at + 1 >= len(nodes) or nodes[at + 1].text not in {"(", "["}:
        return False
    expects_argument = True
    for node in nodes[at + 2 :]:
        if node.kind == "operator" and node.text in {")", "]"}:
            return not expects_argument
        if expects_argument:
            if node.kind not in {"identifier", "number", "script", "accent"}:
                return False
            expects_argument = False
        elif node.kind == "operator" and node.text in {",", ";", "|", "\u2223"}:
            expects_argument = True
        else:
            return False
    return False


def _role(node: Node, symbol: Symbol, *, called: bool) -> Role:
    style, _, letter = symbol.base.rpartition(":")
    plain = not symbol.subscript and not symbol.decoration
    if style == "bb":
        if letter in {"E", "P", "V", "1"}:
            return "operator"
        return "constant" if letter in _NUMBER_SETS else "free"
    if style == "" and plain:
        if letter == "\u03c0" and not called:
            return "constant"
        if letter == "e" and node.kind == "script":
            return "constant"
        if letter == "\u0394":
            return "operator"
    return "function" if called else "free"
