"""Signs in the runs of Word documents that do not say what they are: symbol fonts, raised letters."""

from __future__ import annotations

import re

__all__ = ["script_sign", "symbol_font"]

_SYMBOLS = {
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
    0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2A: "∗", 0x2D: "−", 0x40: "≅", 0x5E: "⊥", 0x7E: "∼", 0xA2: "′", 0xA3: "≤",
    0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥",
    0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈", 0xBC: "…", 0xC4: "⊗",
    0xC5: "⊕", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xC9: "⊃", 0xCA: "⊇", 0xCB: "⊄", 0xCC: "⊂", 0xCD: "⊆", 0xCE: "∈",
    0xCF: "∉", 0xD0: "∠", 0xD1: "∇", 0xD5: "∏", 0xD6: "√", 0xD7: "⋅", 0xD8: "¬", 0xD9: "∧", 0xDA: "∨", 0xDB: "⇔",
    0xDC: "⇐", 0xDD: "⇑", 0xDE: "⇒", 0xDF: "⇓", 0xE1: "⟨", 0xE5: "∑", 0xF1: "⟩", 0xF2: "∫",
}  # fmt: skip
_SCRIPT = re.compile(r"[^\W_](?:[\w,+-]{0,7}[^\W_])?")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|e|o|a|TM|SM|[®™©*†‡]+)", re.IGNORECASE)
_ENDS_WORD = re.compile(r"[^\W\d_]{3,}[.,;:”\"')]*$")
_ENDS_NUMBER = re.compile(r"\d$")


def symbol_font(font: str, code: str) -> str:
    """The character that a code stands for in a symbol font; nothing for pictures."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if 0xF000 <= number <= 0xF0FF:
        number -= 0xF000
    if font.lower() == "symbol" or number < 0x100:
        return _SYMBOLS.get(number, chr(number) if 0x20 < number < 0x7F else "")
    is_character = number < 0xD800 or 0xE000 <= number <= 0x10FFFF
    return chr(number) if is_character else ""


def script_sign(before: str, text: str, raised: str) -> str:
    """Write a subscript as `_i` and a power as `^2`, where they belong to a symbol.

    Args:
        before: What stands before it.
        text: What is raised or lowered.
        raised: subscript or superscript.
    """
    stripped = text.strip()
    if (
        not _SCRIPT.fullmatch(stripped)
        or not before
        or not (before[-1].isalnum() or before[-1] in ")]")
    ):
        return text
    if raised == "superscript":
        # 1st is no power, and a digit after a word is the mark of a note.
        if _ORDINAL.fullmatch(stripped) or (stripped.isdigit() and _ENDS_WORD.search(before)):
            return text
        sign = "^"
    elif raised == "subscript":
        if _ENDS_NUMBER.search(before):
            return text
        sign = "_"
    else:
        return text
    written = stripped if len(stripped) == 1 or stripped.isalnum() else "{" + stripped + "}"
    return text.replace(stripped, sign + written, 1)
