"""Symbols: mathematical names with their decorations and subscripts."""

from __future__ import annotations

import attrs

from eventdocs.extraction._linear import linear
from eventdocs.extraction._math_tree import EMPTY, Node
from eventdocs.ir import Symbol

__all__ = ["decoration_of", "is_ordinal", "symbol_of"]

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
_ORDINALS = {"th", "st", "nd", "rd"}


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
        inner_node, sub, sup = node.children
        inner = symbol_of(inner_node)
        if inner is None:
            return None
        decoration = decoration_of(sup)
        subscript = inner.subscript if sub == EMPTY else (*inner.subscript, *_subscript(sub))
        return attrs.evolve(
            inner, decoration=(*inner.decoration, *(decoration or ())), subscript=subscript
        )
    return None


def is_ordinal(sup: Node) -> bool:
    """Whether a superscript only counts, as in `i^{th}`."""
    letters = [sup.text] if sup.kind in {"identifier", "text"} else [n.text for n in sup.children]
    return "".join(letters) in _ORDINALS


def decoration_of(sup: Node) -> tuple[str, ...] | None:
    """Read a superscript that makes another symbol of its base; None for a power."""
    if is_ordinal(sup):
        return ()
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
