"""Math in a PDF: what glyphs mean, and which of them are formulas in running text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventdocs.extraction._pdf_page import Glyph
from eventdocs.extraction._tex_characters import FUNCTION_COMMANDS
from eventdocs.extraction._words import FUNCTIONS

__all__ = ["ACCENTS", "CLOSING", "OPENING", "inline_formulas", "is_math", "sign_of"]

_EXTENSION = {
    **dict.fromkeys((0x00, 0x10, 0x12, 0x20), "("),
    **dict.fromkeys((0x01, 0x11, 0x13, 0x21), ")"),
    **dict.fromkeys((0x02, 0x14, 0x22, 0x68), "["),
    **dict.fromkeys((0x03, 0x15, 0x23, 0x69), "]"),
    **dict.fromkeys((0x04, 0x16, 0x24, 0x6A), "⌊"),
    **dict.fromkeys((0x05, 0x17, 0x25, 0x6B), "⌋"),
    **dict.fromkeys((0x06, 0x18, 0x26, 0x6C), "⌈"),
    **dict.fromkeys((0x07, 0x19, 0x27, 0x6D), "⌉"),
    **dict.fromkeys((0x08, 0x1A, 0x28, 0x6E), "{"),
    **dict.fromkeys((0x09, 0x1B, 0x29, 0x6F), "}"),
    **dict.fromkeys((0x0A, 0x1C, 0x2A, 0x44), "⟨"),
    **dict.fromkeys((0x0B, 0x1D, 0x2B, 0x45), "⟩"),
    0x0C: "|", 0x0D: "‖", 0x0E: "/", 0x1E: "/", 0x2C: "/", 0x2E: "/",
    0x46: "⊔", 0x47: "⊔", 0x48: "∮", 0x49: "∮", 0x4A: "⊙", 0x4B: "⊙", 0x4C: "⊕", 0x4D: "⊕", 0x4E: "⊗", 0x4F: "⊗",
    0x50: "∑", 0x51: "∏", 0x52: "∫", 0x53: "⋃", 0x54: "⋂", 0x55: "⊎", 0x56: "⋀", 0x57: "⋁",
    0x58: "∑", 0x59: "∏", 0x5A: "∫", 0x5B: "⋃", 0x5C: "⋂", 0x5D: "⊎", 0x5E: "⋀", 0x5F: "⋁", 0x60: "∐", 0x61: "∐",
    0x62: "ˆ", 0x63: "ˆ", 0x64: "ˆ", 0x65: "˜", 0x66: "˜", 0x67: "˜",
    0x70: "√", 0x71: "√", 0x72: "√", 0x73: "√", 0x74: "√",
}  # fmt: skip
ACCENTS = {
    "˜": "tilde", "~": "tilde", "ˆ": "hat", "^": "hat", "¯": "bar", "˙": "dot", "¨": "ddot", "ˇ": "check", "˘": "breve",
    "´": "acute", "`": "grave", "⃗": "vec",
}  # fmt: skip
OPENING, CLOSING = "([{⟨⌊⌈", ")]}⟩⌋⌉"
_OPERATORS = frozenset("+-−±∓=<>≤≥≠≈∼≃≅≡×·∗*/|∥‖→←↔⇒⇔∈∉⊂⊆∪∩∧∨∝:≪≫⊗⊕∘÷⋅⊥∤")
_WEAK = frozenset("0123456789.,;!′'%…⋯" + OPENING + CLOSING) | _OPERATORS
_SIGNS = re.compile(
    "[\u0391-\u03a9\u03b1-\u03f5\u2100-\u214f\u2190-\u22ff\u27c0-\u27ff\u2900-\u2aff\U0001d400-\U0001d7ff×÷±¬√]"
)
_NO_MATH = frozenset("•◦▪–—†‡§¶©®™✓✔♦■□●○→⇒·∗*№℠℡")
_SCRIPT = 0.86
_LONGEST = 400
_THIN = 0.28
"""A gap between words is wider than this, in the size of the text."""
_LETTERS = re.compile(r"[^\W\d_]+")


def sign_of(glyph: Glyph) -> str:
    """What a glyph means; nothing for the parts that large brackets are put together from."""
    if glyph.font.extension:
        return _EXTENSION.get(ord(glyph.char), glyph.char if _SIGNS.match(glyph.char) else "")
    return glyph.char


def is_math(glyph: Glyph) -> bool:
    """Whether a glyph stands in formulas only."""
    if glyph.font.math:
        return glyph.char not in _NO_MATH or glyph.font.extension
    return bool(_SIGNS.match(glyph.char)) and glyph.char not in _NO_MATH


# Formulas in running text


def inline_formulas(glyphs: Sequence[Glyph], *, size: float, sloped: bool) -> list[tuple[int, int]]:
    """Find the formulas in a line of text.

    Args:
        glyphs: The line.
        size: Of its text.
        sloped: Its text is italic, so that an italic letter is nothing special.

    Returns:
        Where each begins and ends among the glyphs.
    """
    kinds = _kinds(glyphs, size=size, sloped=sloped)
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(glyphs):
        if kinds[at] != "math":
            at += 1
            continue
        start = _reach_left(glyphs, kinds, at, found[-1][1] if found else 0)
        end = _reach_right(glyphs, kinds, start, at)
        inner = _trimmed(glyphs, start, end)
        if (inner is not None and inner[1] > at) or (
            inner is not None and any(kinds[each] == "math" for each in range(*inner))
        ):
            found.append(inner)
        at = max(at + 1, end)
    return found


def _kinds(glyphs: Sequence[Glyph], *, size: float, sloped: bool) -> list[str]:
    """Tell of each glyph whether it is math, weak (it may be part of math), a function's name, or text."""
    kinds = [
        "math"
        if is_math(each)
        else "weak"
        if sign_of(each) in _WEAK or each.char in ACCENTS
        else "text"
        for each in glyphs
    ]
    at = 0
    while at < len(glyphs):
        if kinds[at] != "text":
            at += 1
            continue
        end = at + 1
        while end < len(glyphs) and kinds[end] == "text" and not glyphs[end].space:
            end += 1
        word = "".join(each.char for each in glyphs[at:end])
        kind = _word_kind(word, glyphs, at, end, size=size, sloped=sloped)
        if kind != "text":
            kinds[at:end] = [kind] * (end - at)
        at = end
    return kinds


def _word_kind(
    word: str, glyphs: Sequence[Glyph], start: int, end: int, *, size: float, sloped: bool
) -> str:
    first = glyphs[start]
    if not _LETTERS.fullmatch(word):
        return "text"
    beside = glyphs[start - 1] if start and not first.space else None
    after = glyphs[end] if end < len(glyphs) and not glyphs[end].space else None
    if first.size < _SCRIPT * size and beside is not None:
        # A word beneath a letter belongs to it; a number above a word is a note.
        return "weak"
    if word in FUNCTION_COMMANDS:
        return "function"
    if word in FUNCTIONS:
        return "weak"
    if len(word) == 1:
        alone = (beside is None or not beside.char.isalpha()) and (
            after is None or not after.char.isalpha()
        )
        special = first.font.italic and not sloped and not first.font.bold
        if alone and special and not (beside is not None and beside.char in "’'"):
            return "math"
        if alone and (beside is not None or after is not None):
            touching = [each for each in (beside, after) if each is not None]
            if any(is_math(each) or each.char in "([|" for each in touching):
                return "weak"
    return "text"


def _joined(glyphs: Sequence[Glyph], kinds: Sequence[str], at: int, depth: int) -> bool:
    """Whether what stands at *at* belongs together with what stands before it."""
    if kinds[at] == "text" or kinds[at - 1] == "text":
        return False
    if not glyphs[at].space:
        return True
    if kinds[at - 1] == "function":
        return glyphs[at].left - glyphs[at - 1].right < _THIN * glyphs[at].size
    before, after = sign_of(glyphs[at - 1]), sign_of(glyphs[at])
    gap = glyphs[at].left - glyphs[at - 1].right
    if after in OPENING and gap < _THIN * glyphs[at].size and before not in {",", ";", "."}:
        return True
    if before in _OPERATORS or after in _OPERATORS:
        return True
    if depth > 0 or before in OPENING:
        return True
    return kinds[at] == kinds[at - 1] == "math" and not (
        before == "," and not glyphs[at - 1].font.math
    )


def _reach_left(glyphs: Sequence[Glyph], kinds: Sequence[str], at: int, least: int) -> int:
    start = at
    while start > least and _joined(glyphs, kinds, start, 0):
        start -= 1
    return start


def _reach_right(glyphs: Sequence[Glyph], kinds: Sequence[str], start: int, at: int) -> int:
    depth = 0
    end = start
    while end < len(glyphs):
        if end > at and not _joined(glyphs, kinds, end, depth):
            break
        sign = sign_of(glyphs[end])
        depth += (sign != "" and sign in OPENING) - (sign != "" and sign in CLOSING)
        depth = max(0, depth)
        end += 1
    return end


def _trimmed(glyphs: Sequence[Glyph], start: int, end: int) -> tuple[int, int] | None:
    """Take off both ends what belongs to the sentence; None if nothing is left."""
    if end - start > _LONGEST:
        return None
    while True:
        before = start, end
        while start < end and (sign_of(glyphs[start]) or " ") in ".,;:!'′)]}%/*+=<> ":
            start += 1
        while start < end and sign_of(glyphs[end - 1]) in {*".,;:!([{-−/=+<>", ""}:
            if (
                sign_of(glyphs[end - 1]) == "."
                and glyphs[end - 2 : end - 1]
                and glyphs[end - 2].char == "."
            ):
                break
            end -= 1
        opened: list[int] = []
        for at in range(start, end):
            sign = sign_of(glyphs[at])
            if sign and sign in "([{":
                opened.append(at)
            elif sign and sign in ")]}":
                if not opened:
                    if at >= end - 2:
                        end = at
                    else:
                        start = at + 1
                    break
                opened.pop()
        else:
            if opened:
                if opened[0] <= start + 1:
                    start = opened[0] + 1
                else:
                    end = opened[0]
        if (start, end) == before:
            return (start, end) if start < end else None
