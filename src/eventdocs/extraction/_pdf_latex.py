"""Formulas in a PDF: the LaTeX that would print glyphs where they stand.

The text layer of a PDF says which letters are drawn where, not what they mean; fractions,
roots, limits and scripts are told by where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs

from eventdocs.extraction._latex import plain_letters
from eventdocs.extraction._pdf_math import ACCENTS, CLOSING, OPENING, sign_of
from eventdocs.extraction._pdf_page import Glyph, Rule
from eventdocs.extraction._tex_characters import FUNCTION_COMMANDS, latex_of

__all__ = ["math_latex"]

_MATRICES = {"(": ")", "[": "]", "{": "}", "|": "|"}
_LARGE = frozenset("∑∏∫∮⋃⋂⨁⨂⊎⋀⋁∐")
_CALLIGRAPHIC = re.compile(r"^(?:CMB?SY|EUS|RSFS|MathJax_Cali)|MathSymbols")
_BLACKBOARD = re.compile(r"^(?:MSBM|bbm|dsrom)|MathJax_AMS")
_FRAKTUR = re.compile(r"^EUF|MathJax_Frak")
_SCRIPT = 0.86


@attrs.define(eq=False)
class _Item:
    """A piece of a formula with the place it is drawn at."""

    latex: str
    left: float
    right: float
    base: float
    size: float
    sign: str = ""
    word: bool = False


def math_latex(rows: Sequence[Sequence[Glyph]], rules: Sequence[Rule] = ()) -> str:
    """Write glyphs as the LaTeX that prints them so.

    Args:
        rows: Line by line, from the top.
        rules: The bars of fractions and roots.
    """
    size = max((glyph.size for row in rows for glyph in row), default=1.0)
    written = _write([list(row) for row in rows], list(rules), size, 0)
    return " ".join(written.split())


def _write(rows: list[list[Glyph]], rules: list[Rule], size: float, depth: int) -> str:
    pieces: list[_Item] = []
    while rules and depth < 5:
        bar = max(rules, key=lambda each: (each.right - each.left, -each.top))
        rules.remove(bar)
        fraction = _fraction(bar, rows, rules, size, depth)
        if fraction is not None:
            pieces.append(fraction)
    inner = _matrix(rows, size, depth)
    while inner is not None:
        pieces.append(inner)
        inner = _matrix(rows, size, depth)
    base_rows = [row for row in rows if row and max(each.size for each in row) >= _SCRIPT * size]
    limits = [row for row in rows if row and max(each.size for each in row) < _SCRIPT * size]
    if not base_rows and limits:
        base_rows, limits = limits, []
    items = [_items(row) for row in base_rows]
    for item in pieces:
        _place(item, items)
    for row in limits:
        _place_limits(row, items)
    return r" \\ ".join(filter(None, (_sequence(row) for row in items)))


def _fraction(
    bar: Rule, rows: list[list[Glyph]], rules: list[Rule], size: float, depth: int
) -> _Item | None:
    def inside(glyph: Glyph) -> bool:
        middle = (glyph.left + glyph.right) / 2
        return bar.left - 1 <= middle <= bar.right + 1 and not glyph.font.extension

    reach = 2.6 * size if any(_is_within(rule, bar, size) for rule in rules) else 1.45 * size
    above = [
        [g for g in row if inside(g) and bar.top - reach < g.base <= bar.top + 0.5] for row in rows
    ]
    below = [
        [g for g in row if inside(g) and g.top > bar.top - 1 and g.base < bar.bottom + reach]
        for row in rows
    ]
    root = next(
        (
            glyph
            for row in rows
            for glyph in row
            if sign_of(glyph) == "√" and abs(glyph.right - bar.left) < 0.4 * size
        ),
        None,
    )
    if not any(below) or (root is None and not any(above)):
        return None
    taken = {id(g) for row in below for g in row}
    if root is None:
        taken |= {id(g) for row in above for g in row}
    else:
        taken.add(id(root))
    own = [rule for rule in rules if bar.left - 1 <= rule.left and rule.right <= bar.right + 1]
    upper = [rule for rule in own if rule.top < bar.top]
    lower = [rule for rule in own if rule.top >= bar.top]
    for rule in lower if root is not None else own:
        rules.remove(rule)
    inner = max(g.size for row in below for g in row)
    under = _write([row for row in below if row], lower, inner, depth + 1)
    if root is not None:
        latex = rf"\sqrt{{{under}}}"
    else:
        inner = max(g.size for row in above for g in row)
        over = _write([row for row in above if row], upper, inner, depth + 1)
        latex = rf"\frac{{{over}}}{{{under}}}"
    for row in rows:
        row[:] = [g for g in row if id(g) not in taken]
    left = root.left if root is not None else bar.left
    return _Item(latex, left, bar.right, bar.bottom + 0.25 * size, size, sign="frac")


def _matrix(rows: list[list[Glyph]], size: float, depth: int) -> _Item | None:
    """Take out the first matrix: what stands on several lines between two tall brackets."""
    for row in rows:
        for at, opening in enumerate(row):
            sign = sign_of(opening)
            if sign not in _MATRICES or opening.bottom - opening.top < 1.9 * size:
                continue
            closing = next(
                (
                    each
                    for each in row[at + 1 :]
                    if each.font.extension
                    and sign_of(each) in _MATRICES[sign]
                    and abs(each.bottom - opening.bottom) < 2
                    and abs(each.top - opening.top) < 2
                ),
                None,
            )
            if closing is None:
                continue
            inner = [
                [
                    each
                    for each in other
                    if opening.right - 1 <= each.left
                    and each.right <= closing.left + 1
                    and opening.top - 2 <= each.base <= opening.bottom + 2
                ]
                for other in rows
            ]
            if sum(map(bool, inner)) < 2:
                continue
            taken = {id(each) for part in inner for each in part} | {id(opening), id(closing)}
            for other in rows:
                other[:] = [each for each in other if id(each) not in taken]
            written = r" \\ ".join(_matrix_row(part, size, depth) for part in inner if part)
            kind = {"(": "pmatrix", "[": "bmatrix", "{": "Bmatrix", "|": "vmatrix"}[sign]
            middle = (opening.top + opening.bottom) / 2 + 0.25 * size
            return _Item(
                rf"\begin{{{kind}}}{written}\end{{{kind}}}",
                opening.left,
                closing.right,
                middle,
                size,
            )
    return None


def _matrix_row(glyphs: Sequence[Glyph], size: float, depth: int) -> str:
    cells: list[list[Glyph]] = [[]]
    for before, glyph in zip([None, *glyphs], glyphs, strict=False):
        if before is not None and glyph.left - before.right > 0.8 * size:
            cells.append([])
        cells[-1].append(glyph)
    return " & ".join(_write([cell], [], size, depth + 1) for cell in cells)


def _is_within(rule: Rule, bar: Rule, size: float) -> bool:
    """Whether a fraction stands in another one."""
    near = 0 < abs(rule.top - bar.top) < 2.2 * size
    return near and bar.left - 1 <= rule.left and rule.right <= bar.right + 1


def _place(item: _Item, rows: list[list[_Item]]) -> None:
    if not rows:
        rows.append([])
    row = min(
        rows,
        key=lambda each: min(
            (abs(other.base - item.base) for other in each if other.size >= _SCRIPT * item.size),
            default=99.0,
        ),
    )
    item.base = next((each.base for each in row if each.size >= _SCRIPT * item.size), item.base)
    at = next((at for at, each in enumerate(row) if each.left > item.left), len(row))
    row.insert(at, item)


def _place_limits(row: list[Glyph], rows: list[list[_Item]]) -> None:
    """Put small signs below and above large ones to them; others to what they stand beside."""
    for item in _items(row):
        middle = (item.left + item.right) / 2
        best: tuple[float, list[_Item], int] | None = None
        for items in rows:
            for at, each in enumerate(items):
                if each.size < item.size / _SCRIPT:
                    continue
                far = max(0.0, each.left - middle, middle - each.right)
                far += 0.5 * abs(each.base - item.base) - (8.0 if each.sign in _LARGE else 0.0)
                if best is None or far < best[0]:
                    best = far, items, at
        if best is None:
            continue
        _, items, at = best
        at += 1
        while (
            at < len(items) and items[at].size < item.size / _SCRIPT and items[at].left < item.left
        ):
            at += 1
        items.insert(at, item)


def _items(row: Sequence[Glyph]) -> list[_Item]:
    items: list[_Item] = []
    waiting: list[Glyph] = []
    for glyph in row:
        sign = sign_of(glyph)
        if not sign:
            continue
        if sign in ACCENTS:
            if (
                items
                and items[-1].left - 1 <= (glyph.left + glyph.right) / 2 <= items[-1].right + 1
            ):
                items[-1].latex = rf"\{ACCENTS[sign]}{{{items[-1].latex.strip()}}}"
            else:
                waiting.append(glyph)
            continue
        if sign == "̸":
            waiting.append(glyph)
            continue
        item = _item(glyph, sign)
        for mark in waiting:
            command = "not" if mark.char == "̸" else ACCENTS[sign_of(mark)]
            item.latex = (
                rf"\not{item.latex}" if command == "not" else rf"\{command}{{{item.latex.strip()}}}"
            )
        waiting = []
        last = items[-1] if items else None
        if (
            last is not None
            and last.word
            and item.word
            and not glyph.space
            and abs(last.base - item.base) < 0.1 * item.size
        ):
            last.latex += item.latex
            last.right = item.right
            continue
        items.append(item)
    return items


def _item(glyph: Glyph, sign: str) -> _Item:
    # Greek letters and signs that are drawn as italic, bold or script letters of Unicode.
    plain = plain_letters(sign)
    latex = plain if plain.startswith("\\") else latex_of(plain)
    word = False
    if sign.isalpha() and len(plain) == 1:
        name = glyph.font.name
        if sign.isascii() and sign.isupper() and _CALLIGRAPHIC.search(name):
            latex = rf"\mathcal{{{sign}}}"
        elif sign.isascii() and _BLACKBOARD.search(name):
            latex = rf"\mathbb{{{sign}}}"
        elif sign.isascii() and _FRAKTUR.search(name):
            latex = rf"\mathfrak{{{sign}}}"
        elif glyph.font.bold:
            latex = rf"\mathbf{{{sign}}}" if sign.isascii() else rf"\boldsymbol{{{latex.strip()}}}"
        elif sign.isascii() and not glyph.font.math and not glyph.font.italic:
            word = True
    base = (
        (glyph.top + glyph.bottom) / 2 + 0.25 * glyph.size if glyph.font.extension else glyph.base
    )
    return _Item(latex, glyph.left, glyph.right, base, glyph.size, sign=sign, word=word)


def _sequence(items: Sequence[_Item]) -> str:
    """Write items from left to right, raised and lowered ones as scripts."""
    parts: list[str] = []
    base: _Item | None = None
    for level, group in _levels(items):
        latex = _line_latex(group)
        if level == "base":
            parts.append(latex)
            base = group[-1]
        else:
            if base is None:
                parts.append("{}")
            parts.append(f"{'^' if level == 'up' else '_'}{{{latex}}}")
    return _merged("".join(parts))


def _levels(items: Sequence[_Item]) -> Iterator[tuple[str, list[_Item]]]:
    size = max((each.size for each in items), default=1.0)
    level, group = "base", list[_Item]()
    base = next((each.base for each in items if each.size >= _SCRIPT * size), 0.0)
    for item in items:
        if item.size >= _SCRIPT * size:
            own = "base"
            if item.sign not in _LARGE and item.sign not in OPENING and item.sign not in CLOSING:
                base = item.base
        else:
            own = "up" if item.base < base - 0.1 * size else "down"
        if own != level and group:
            yield level, group
            group = []
        level = own
        group.append(item)
    if group:
        yield level, group


def _line_latex(items: Sequence[_Item]) -> str:
    written: list[str] = []
    for item in items:
        latex = item.latex
        if item.word:
            if latex in FUNCTION_COMMANDS:
                latex = f"\\{latex} "
            elif len(latex) > 1:
                latex = rf"\mathrm{{{latex}}}"
        written.append(latex)
    return "".join(written).strip() if len(items) > 1 else "".join(written)


_SCRIPTS = re.compile(r"((?:[_^]\{[^{}]*\}){3,})")
_ONE = re.compile(r"([_^])\{([^{}]*)\}")


def _merged(latex: str) -> str:
    """Put scripts together that follow one another, since a base has one of each kind."""

    def together(found: re.Match[str]) -> str:
        parts = {"_": "", "^": ""}
        for kind, content in _ONE.findall(found[1]):
            parts[kind] += content
        return "".join(f"{kind}{{{content}}}" for kind, content in parts.items() if content)

    return _SCRIPTS.sub(together, latex)
