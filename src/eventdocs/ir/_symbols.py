"""When two symbols name one quantity: indices may be renamed or shifted, labels may not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Literal, TypeAlias

from eventdocs.ir._entities import Entity, Formula, Symbol

Sameness: TypeAlias = Literal["exact", "renamed", "shifted"]
"""How a used symbol fits a defined one: as it is, with other index letters, or at
another index (`L_{t-1}` for `L_t`, `w_1` for `w_i`)."""

Pattern: TypeAlias = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Base, decoration and subscripts of a symbol, with blanks for indices."""

_ANY_INDEX = ""
_USUAL_INDICES = frozenset("ijklmntτ")
_SHIFT = re.compile(r"(?P<letter>\w)\s*[+\-\u2212±]\s*\S+")
_MARKS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "bar": "\u0304",
    "overline": "\u0304",
    "dot": "\u0307",
    "ddot": "\u0308",
    "check": "\u030c",
    "vec": "\u20d7",
    "prime": "\u2032",
}
_STYLES = {
    "bold": ("MATHEMATICAL BOLD",),
    "cal": ("MATHEMATICAL SCRIPT", "SCRIPT"),
    "bb": ("MATHEMATICAL DOUBLE-STRUCK", "DOUBLE-STRUCK"),
}
_ESTIMATES = frozenset({"hat", "bar", "tilde", "widehat", "widetilde", "overline", "dot", "ddot"})

_KNOWN = """
    π e i d ∞ ∂ ∇ ∅ ℝ ℕ ℤ ℚ ℂ ℏ exp log ln lg sin cos tan cot sec csc arcsin arccos arctan sinh
    cosh tanh min max sup inf lim liminf limsup arg argmin argmax det dim tr trace rank sgn sign
    mod gcd lcm ker deg diag round floor ceil abs Pr Var Cov Corr if otherwise else and or for where
"""
KNOWN_NAMES = frozenset(_KNOWN.split())
"""Constants and functions that every reader knows without a definition."""


def index_letters(entities: Iterable[Entity]) -> frozenset[str]:
    """Collect the letters that serve as indices: the usual ones and those bound somewhere."""
    bound = {
        variable.symbol.base
        for each in entities
        if isinstance(each, Formula)
        for variable in each.variables
        if variable.role in ("index", "bound") and len(variable.symbol.base) == 1
    }
    return _USUAL_INDICES | bound


def sameness(defined: Symbol, used: Symbol, indices: frozenset[str]) -> Sameness | None:
    """Say how *used* can mean what *defined* defines; None if it cannot."""
    if (defined.base, defined.decoration) != (used.base, used.decoration):
        return None
    if defined.subscript == used.subscript:
        return "exact"
    ours, theirs = expanded(defined, indices), expanded(used, indices)
    if len(ours) != len(theirs):
        return None
    worst: Sameness = "renamed"
    for own, other in zip(ours, theirs, strict=True):
        if own == other:
            continue
        if own.isdigit() or not is_index(own, indices) or not is_index(other, indices):
            return None
        if own not in indices or other not in indices:
            worst = "shifted"
    return worst


def pattern_of(symbol: Symbol, indices: frozenset[str]) -> Pattern:
    """Blank the letters of a defined symbol that are indices; a digit means itself."""
    parts = tuple(
        _ANY_INDEX if is_index(each, indices) and not each.isdigit() else each
        for each in expanded(symbol, indices)
    )
    return symbol.base, symbol.decoration, parts


def possible_patterns(symbol: Symbol, indices: frozenset[str]) -> Iterator[Pattern]:
    """List the patterns of what a used symbol can mean; there, a digit can be any index.

    Whatever is the same by `sameness` is among them, so that nothing else need be compared.
    """
    base, decoration, plain = pattern_of(symbol, indices)
    choices = [(each, _ANY_INDEX) if each.isdigit() else (each,) for each in plain]
    for parts in product(*choices):
        yield base, decoration, parts


def is_index(subscript: str, indices: frozenset[str]) -> bool:
    """Tell an index such as `i`, `t-1` or `0` from a label such as `max`."""
    if subscript in indices or subscript.isdigit():
        return True
    shifted = _SHIFT.fullmatch(subscript)
    return shifted is not None and shifted["letter"] in indices


def only_indices(symbol: Symbol, indices: frozenset[str]) -> bool:
    """Say whether *symbol* bears no subscript but indices, so that it is a part of its base."""
    return all(is_index(each, indices) for each in expanded(symbol, indices))


def without_estimate(symbol: Symbol) -> Symbol:
    """Take off the marks by which estimates and means of a quantity are written."""
    kept = tuple(each for each in symbol.decoration if each not in _ESTIMATES)
    return Symbol(base=symbol.base, decoration=kept, subscript=symbol.subscript)


def is_known(symbol: Symbol) -> bool:
    """Recognise constants, sets of numbers and functions that need no definition."""
    style, _, letter = symbol.base.rpartition(":")
    return symbol.base in KNOWN_NAMES or (style.startswith(("blackboard", "bb")) and letter != "")


def spell(symbol: Symbol) -> str:
    """Write *symbol* for people, as formulas show it: `W_i`, `ŵ`, `N^{pred}`, `𝐱_{i,t}`."""
    spelled = _letters(symbol.base)
    is_letter = len(spelled) == 1
    behind = ""
    for each in symbol.decoration:
        if each == "prime":
            behind += _MARKS[each]
        elif each[:1] == "^" or not each.isalpha():
            above = each.removeprefix("^")
            behind += f"^{above}" if len(above) == 1 else f"^{{{above}}}"
        else:
            mark = _MARKS.get(each) if is_letter else None
            spelled = spelled + mark if mark else f"{each}({spelled})"
    plain = Symbol(base=unicodedata.normalize("NFC", spelled), subscript=symbol.subscript)
    return re.sub(r"_\{(\w)\}$", r"_\1", plain.key) + behind


def _letters(base: str) -> str:
    """Write a base's letters in the style that its prefix names."""
    prefix, _, plain = base.rpartition(":")
    style = _STYLES.get(prefix)
    return base if style is None else "".join(_styled(each, *style) for each in plain)


def _styled(letter: str, *styles: str) -> str:
    name = unicodedata.name(letter, "").removeprefix("LATIN ").removeprefix("GREEK ")
    for style in styles:
        try:
            return unicodedata.lookup(f"{style} {name.replace(' LETTER', '')}")
        except KeyError:
            continue
    return letter


def read_symbol(text: str) -> Symbol | None:
    r"""Read a plainly written symbol such as `λ`, `\lambda`, `W_i`, `W_{i,t}` or `Score`."""
    found = re.fullmatch(
        r"\\?(?P<base>[^\W\d_]\w*?)(?:_(?:\{(?P<in>[^{}]+)\}|(?P<one>\w+)))?", text
    )
    if found is None:
        return None
    inside = found["in"] or found["one"] or ""
    base = found["base"]
    if text.startswith("\\"):
        base = _greek(base)
    parts = tuple(each.strip() for each in inside.split(",") if each.strip())
    return Symbol(base=unicodedata.normalize("NFC", base), subscript=parts)


def _greek(name: str) -> str:
    """Turn the English name of a Greek letter into the letter."""
    size = "CAPITAL" if name[:1].isupper() else "SMALL"
    spelled = "LAMDA" if name.casefold() == "lambda" else name.upper()
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {spelled}")
    except KeyError:
        return name


def expanded(symbol: Symbol, indices: frozenset[str]) -> tuple[str, ...]:
    """Split run-together indices: `w_{it}` has the indices `i` and `t`."""
    parts: list[str] = []
    for each in symbol.subscript:
        if 1 < len(each) <= 3 and all(letter in indices for letter in each):
            parts.extend(each)
        else:
            parts.append(each)
    return tuple(parts)
