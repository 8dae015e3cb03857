"""Linear text: a formula on one line of plain text, for terminals and for search."""

from __future__ import annotations

from collections.abc import Sequence

from eventdocs.extraction._math_tree import EMPTY, Node

__all__ = ["linear"]

_COMBINING = {
    "hat": "\u0302",
    "tilde": "\u0303",
    "bar": "\u0304",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
    "check": "\u030c",
    "breve": "\u0306",
    "acute": "\u0301",
    "grave": "\u0300",
    "ring": "\u030a",
    "underbar": "\u0332",
}
_OPENING = {"(", "[", "{", "\u27e8", "\u230a", "\u2308"}
_CLOSING = {")", "]", "}", "\u27e9", "\u230b", "\u2309"}
_POSTFIX = {"!", "%", "\u2032", "'", ",", ";", ":"}
_PREFIX = {"\u2202", "\u2207"}
_RELATING = {"=", "<", ">", "\u2264", "\u2265", "\u2260", "\u2248", "~"}
_SPELLED = {"\u2211": "\u03a3", "\u220f": "\u03a0", "\u2212": "-", "\u223c": "~", "\u2223": "|"}


def linear(nodes: Node | Sequence[Node]) -> str:
    """Write nodes on one line, such as `W_i = (S_i · C_i) / Σ_j S_j`."""
    sequence = (nodes,) if isinstance(nodes, Node) else tuple(nodes)
    if len(sequence) == 1 and sequence[0].kind == "row":
        sequence = sequence[0].children
    written: list[str] = []
    before, previous = EMPTY, EMPTY
    for at, node in enumerate(sequence):
        piece = _piece(node)
        if node.kind == "fraction" and _is_factor(sequence, at):
            piece = f"({piece})"
        if piece:
            if written and not _is_sign(before, previous):
                written.append(_gap(previous, node))
            written.append(piece)
            before, previous = previous, node
    return "".join(written)


def _piece(node: Node) -> str:
    match node.kind:
        case "operator":
            return _SPELLED.get(node.text, node.text)
        case "accent":
            inner = _piece(node.children[0])
            mark = _COMBINING.get(node.text)
            return inner + mark if mark and len(inner) == 1 else f"{node.text}({inner})"
        case "script":
            base, sub, sup = node.children
            written = _grouped(base, _piece(base))
            if sub != EMPTY:
                written += "_" + _braced(linear(sub))
            if sup != EMPTY:
                raised = linear(sup)
                written += raised if set(raised) <= {"\u2032", "'"} else "^" + _braced(raised)
            return written
        case "fraction":
            top, bottom = node.children
            return f"{_operand(top)} / {_operand(bottom)}"
        case "root":
            radicand, degree = node.children
            return ("" if degree == EMPTY else linear(degree)) + f"\u221a({linear(radicand)})"
        case "table":
            return "; ".join(filter(None, map(_table_row, node.children)))
        case "row":
            return linear(node.children)
        case "break":
            return ";"
        case _:
            return node.text


def _table_row(row: Node) -> str:
    """Write the parts of an aligned equation on end, other cells with commas."""
    written = ""
    for cell in filter(None, map(linear, row.children)):
        joint = " " if _RELATING & {cell[0], written[-1:]} else ", "
        written += (joint if written else "") + cell
    return written


def _is_factor(nodes: Sequence[Node], at: int) -> bool:
    """Whether something is multiplied with the node by standing next to it."""
    around = (nodes[at - 1] if at else EMPTY, nodes[at + 1] if at + 1 < len(nodes) else EMPTY)
    return any(
        node.kind not in {"operator", "text", "break", "row"}
        or node.text in _OPENING
        or node.text in {"\u00b7", "\u00d7", "\u22c5"}
        for node in around
    )


def _is_sign(before: Node, sign: Node) -> bool:
    """Whether a plus or minus belongs to what follows, as in `(-x)`."""
    starts = before == EMPTY or (before.kind == "operator" and _edge(before) not in _CLOSING)
    return starts and _edge(sign) in {"\u2212", "-", "+", "\u00b1"}


def _gap(before: Node, after: Node) -> str:
    left, right = _edge(before), _edge(after)
    tight = (
        left in _OPENING
        or left in _PREFIX
        or right in _CLOSING
        or right in _POSTFIX
        or "/" in {left, right}
        or (right in _OPENING and (before.kind not in {"operator", "number"} or left in _CLOSING))
        or (before.kind == "number" and after.kind in {"identifier", "script", "accent"})
    )
    return "" if tight else " "


def _edge(node: Node) -> str:
    return node.text if node.kind == "operator" else ""


def _grouped(base: Node, written: str) -> str:
    return f"({written})" if base.kind in {"row", "fraction"} and len(written) > 1 else written


def _operand(node: Node) -> str:
    written = linear(node)
    simple = node.kind in {"identifier", "name", "number", "script", "accent", "root", "text"}
    if not simple and node.kind == "row":
        # A large operator reaches to the end of its term, so it needs no parentheses.
        first = node.children[0] if node.children else EMPTY
        simple = (
            len(node.children) == 2
            and first.kind == "script"
            and first.children[0].text in {"\u2211", "\u220f"}
        )
    return written if simple or not written else f"({written})"


def _braced(written: str) -> str:
    return written if len(written) == 1 else "{" + written.replace(" ", "") + "}"
