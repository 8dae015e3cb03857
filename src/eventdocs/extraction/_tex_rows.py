r"""TeX rows: formulas as LaTeX of their own, without their labels, tags and columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from eventdocs.extraction._tex_math import MathSource
from eventdocs.extraction._tex_tokens import Token, argument_text, spaced

__all__ = ["Row", "one_row", "rows"]

_UNNUMBERED = {r"\nonumber", r"\notag"}
_NUMBERED = {r"\yesnumber"}
_DIMENSION = re.compile(r"-?\d*\.?\d+\s*(?:[a-z]{2}|\\[A-Za-z]+)")


@attrs.frozen
class Row:
    """A formula.

    Attributes:
        latex: Without labels, tags and what parts columns.
        place: First character and end.
        labels: The names it gets.
        tag: The number it gives itself.
        counted: Whether it has a number that is counted.
        tags: The tokens of its tag, which may refer to something.
        texts: Paragraphs that stand before it.
    """

    latex: str
    place: tuple[int, int]
    labels: tuple[str, ...]
    tag: str | None
    counted: bool
    tags: tuple[Token, ...]
    texts: tuple[Sequence[Token], ...]


def one_row(source: MathSource) -> Row:
    """Read a formula that is one whole."""
    return _row(source.tokens, counted=source.numbered)


def rows(source: MathSource) -> list[Row]:
    """Read an environment whose rows are formulas; a row that has only a label joins the last one."""
    found: list[Row] = []
    for part in _split(source.tokens):
        row = _row(part, counted=source.numbered, columns=True)
        if row.latex or row.texts:
            found.append(row)
        elif row.labels and found:
            found[-1] = attrs.evolve(found[-1], labels=(*found[-1].labels, *row.labels))
    return found


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    r"""Part tokens at `\\` outside of braces and environments."""
    parts: list[list[Token]] = [[]]
    depth = 0
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        depth += _nesting(token)
        if depth <= 0 and token.kind == "command" and token.text in {r"\\", r"\cr"}:
            parts.append([])
            at = _behind_gap(tokens, at)
        else:
            parts[-1].append(token)
    return parts


def _nesting(token: Token) -> int:
    if token.kind == "{" or token.text == r"\begin":
        return 1
    return -1 if token.kind == "}" or token.text == r"\end" else 0


def _behind_gap(tokens: Sequence[Token], at: int) -> int:
    r"""Go behind the `*` and the `[1ex]` of a `\\`."""
    if at < len(tokens) and tokens[at].text == "*":
        at += 1
    if at < len(tokens) and tokens[at].kind == "[":
        for end in range(at + 1, min(at + 8, len(tokens))):
            if tokens[end].kind == "]":
                inside = spaced(tokens[at + 1 : end]).strip()
                return end + 1 if _DIMENSION.fullmatch(inside) else at
    return at


def _row(tokens: Sequence[Token], *, counted: bool, columns: bool = False) -> Row:
    kept: list[Token] = []
    labels: list[str] = []
    tags: list[Token] = []
    texts: list[Sequence[Token]] = []
    tag: str | None = None
    depth = 0
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.kind == "command":
            if token.text in {r"\label", r"\zlabel"}:
                inside, at = _following(tokens, at)
                labels.append(argument_text(inside))
                continue
            if token.text == r"\tag":
                if at < len(tokens) and tokens[at].text == "*":
                    at += 1
                inside, at = _following(tokens, at)
                tags.extend(inside)
                tag = _spelled(inside)
                counted = False
                continue
            if token.text in {r"\eqno", r"\leqno"}:
                tag = _spelled(tokens[at:])
                counted = False
                break
            if token.text in {r"\intertext", r"\shortintertext"}:
                inside, at = _following(tokens, at)
                texts.append(inside)
                continue
            if token.text in _UNNUMBERED:
                counted = False
                continue
            if token.text in _NUMBERED:
                counted = True
                continue
        depth += _nesting(token)
        kept.append(token)
    while kept and kept[0].kind in {"space", "par"}:
        kept.pop(0)
    while kept and kept[-1].kind in {"space", "par"}:
        kept.pop()
    place = (
        (min(token.start for token in kept), max(token.end for token in kept)) if kept else (0, 0)
    )
    latex = _aligned(kept) if columns else spaced(kept)
    return Row(
        latex.strip(),
        place,
        tuple(filter(None, labels)),
        tag,
        counted,
        tuple(tags),
        tuple(texts),
    )


def _following(tokens: Sequence[Token], at: int) -> tuple[Sequence[Token], int]:
    """Read the group that follows in tokens; returns its content and where it ends."""
    while at < len(tokens) and tokens[at].kind == "space":
        at += 1
    if at >= len(tokens) or tokens[at].kind != "{":
        return (), at
    depth = 0
    for end in range(at, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[end].kind, 0)
        if depth == 0:
            return tokens[at + 1 : end], end + 1
    return (), at + 1


def _spelled(tokens: Sequence[Token]) -> str | None:
    """Write a tag as a number: without the dollars and parentheses around it."""
    if any(token.text.endswith("ref") for token in tokens):
        return None
    return re.sub(r"[${}]|\\hbox|\\mbox|\\text|\\rm", "", spaced(tokens)).strip(" ()") or None


def _aligned(tokens: Sequence[Token]) -> str:
    """Write a row without its column marks; several equations side by side stay aligned."""
    depth = 0
    marks: list[int] = []
    for at, token in enumerate(tokens):
        depth += _nesting(token)
        if token.kind == "&" and depth <= 0:
            marks.append(at)
    if not marks:
        return spaced(tokens)
    if len(marks) > 2 or (len(marks) == 2 and not _is_relation(tokens[marks[0] + 1 : marks[1]])):
        return rf"\begin{{aligned}}{spaced(tokens).strip()}\end{{aligned}}"
    plain = [
        token._replace(kind="space", text=" ") if at in marks else token
        for at, token in enumerate(tokens)
    ]
    return re.sub(r"  +", " ", spaced(plain))


def _is_relation(tokens: Sequence[Token]) -> bool:
    """Whether a column holds nothing but a sign, as the second one of `eqnarray` does."""
    written = spaced(tokens).strip()
    return len(written) <= 2 or re.fullmatch(r"\\[A-Za-z]+|", written) is not None
