"""Variables: the symbols that a formula uses, and the roles they play in it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from eventdocs.extraction._math_tree import EMPTY, Node
from eventdocs.extraction._statements import Statement, relation_of, side_by_side, statements
from eventdocs.extraction._symbols import decoration_of, is_ordinal, symbol_of
from eventdocs.extraction._units import known_unit
from eventdocs.ir import Role, Symbol, Variable

__all__ = ["Usage", "usage"]

_BINDERS = {
    "\u2211",
    "\u220f",
    "\u2210",
    "\u22c3",
    "\u22c2",
    "\u2a01",
    "\u2a02",
    "\u2200",
    "\u2203",
}
_BINDING_NAMES = {"max", "min", "sup", "inf", "argmax", "argmin", "arg max", "arg min", "lim"}
_INTEGRALS = {"\u222b", "\u222c", "\u222d", "\u222e"}
_TRANSPOSED = {"T", "\u22a4", "\u22ba"}
_PROBABILITIES = {"P", "Pr", "bb:P", "bb:E", "cal:N", "cal:U", "cal:O"}
_NUMBER_SETS = {"R", "N", "Z", "Q", "C"}
_ROLE_RANK: dict[Role, int] = {
    "bound": 0, "constant": 1, "operator": 2, "function": 3, "free": 4, "index": 5,
}  # fmt: skip


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
    defined = {each.defines.key for each in found if each.defines is not None}
    for statement in found:
        own = statement.defines
        # What another equation of the same formula defines is explained right there.
        collector.explained = defined - ({own.key} if own is not None else set())
        if own is None:
            collector.sequence(statement.left)
        else:
            collector.left_side(statement.left)
        right: Sequence[Node] = statement.right
        if statement.relation == r"\sim":
            right = collector.distribution(right)
        collector.sequence(right)
    return Usage(found, collector.variables())


class _Collector:
    """Counts the symbols of one formula and finds their roles."""

    def __init__(self, tree: Node) -> None:
        self._seen: dict[str, tuple[Symbol, Role, int]] = {}
        self._bound: set[str] = set()
        self.explained: set[str] = set()
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

    def distribution(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """Count the name in front of the parameters of `x ~ N(0, 1)`; return the rest."""
        end = 0
        while end < len(nodes) and nodes[end].kind == "identifier":
            end += 1
        if end == len(nodes) or nodes[end].text != "(":
            return nodes
        for node in nodes[:end]:
            self._add(Symbol(base=_styled(node)), "operator")
        return nodes[end:]

    def sequence(self, nodes: Sequence[Node]) -> None:
        for at, node in enumerate(nodes):
            following = nodes[at + 1] if at + 1 < len(nodes) else EMPTY
            if self._is_differential(node, following):
                self._add(Symbol(base="d"), "operator")
                inner = symbol_of(following)
                if inner is not None:
                    self._bound.add(inner.key)
                continue
            if (
                len(node.text) > 1
                and at
                and nodes[at - 1].kind == "number"
                and known_unit(node.text)
            ):
                continue
            called = _is_call(nodes, at)
            if following.text in {"(", "["} and _is_probability(node):
                self._add(Symbol(base=_styled(node)), "operator")
                continue
            self._node(node, called=called)
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
            for part in (base, sub) if is_ordinal(sup) else (base, sub, sup):
                self.sequence(side_by_side(part))
        elif node.kind == "fraction":
            top, bottom = (side_by_side(child) for child in node.children)
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
                    self.sequence(side_by_side(cell))
        elif node.kind in {"row", "root", "accent"}:
            for child in node.children:
                self.sequence(side_by_side(child))

    def _scripts(self, node: Node) -> None:
        while node.kind in {"script", "accent"}:
            if node.kind == "script":
                self._index(node.children[1])
                self._superscript(node.children[2])
            node = node.children[0]

    def _index(self, sub: Node) -> None:
        """Count the letters of a subscript; a word there is only a label."""
        for node in side_by_side(sub):
            symbol = symbol_of(node)
            if symbol is None:
                self._node(node)
            elif len(symbol.base.rpartition(":")[2]) == 1:
                self._add(symbol, "index")
                self._scripts(node)

    def _superscript(self, sup: Node) -> None:
        if sup == EMPTY or decoration_of(sup) is not None:
            return
        if sup.kind == "identifier" and sup.text in _TRANSPOSED:
            self._add(Symbol(base=sup.text), "operator")
            return
        nodes = side_by_side(sup)
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
        nodes = side_by_side(sub)
        if len(nodes) == 1 and nodes[0].kind == "table":
            nodes = tuple(
                n for row in nodes[0].children for c in row.children for n in side_by_side(c)
            )
        for at, each in enumerate(nodes):
            if relation_of(each) in {"=", r"\in", r"\to"}:
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
        if key in self.explained:
            return
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


def _is_probability(node: Node) -> bool:
    """Whether a letter, where an argument follows, is a probability or a distribution."""
    return node.kind == "identifier" and _styled(node) in _PROBABILITIES


def _styled(node: Node) -> str:
    return f"{node.style}:{node.text}" if node.style else node.text


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
