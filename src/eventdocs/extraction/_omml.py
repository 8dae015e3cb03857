"""Office math: the formulas of Word documents as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml names no public type

from eventdocs.extraction._docx_names import MATH, WORD, is_on, local_name, setting
from eventdocs.extraction._omml_runs import Run, Style, characters, run_latex, style_of
from eventdocs.extraction._tex_characters import ACCENTS, FUNCTION_COMMANDS, latex_of

__all__ = ["omml_latex"]

_DROPPED = {f"{WORD}del", f"{WORD}moveFrom", f"{WORD}bookmarkStart", f"{WORD}bookmarkEnd"}
_RUNS = {f"{MATH}r", f"{WORD}r"}
_WITH_LIMITS = {"lim", "liminf", "limsup", "max", "min", "sup", "inf", "Pr", "gcd", "det"}
_TALL = re.compile(
    r"\\(?:frac|binom|sum|prod|coprod|i*int|oint|begin|big|sqrt|under|over|left|boxed)|\\atop|\\\\|[\^_]\{[^{}]*[\^_]"
)
_ONE = re.compile(r"(?:\\[A-Za-z]+ ?|\\?.|\\(?:math[a-z]+|text|operatorname)\{[^{}]*\})", re.DOTALL)
_OPEN_COMMAND = re.compile(r"\\[A-Za-z]+$")
_PRIMES = re.compile(r"'{1,4}")
_SPACES = re.compile(r" {2,}")
_NUMBER = re.compile(r"\s*\\#\s*(?:\\left)?\(?\s*(?P<number>[\w.]+)\s*(?:\\right)?\)?\s*$")
_MATRICES = {
    ("(", ")"): "pmatrix",
    ("[", "]"): "bmatrix",
    ("{", "}"): "Bmatrix",
    ("|", "|"): "vmatrix",
    ("‖", "‖"): "Vmatrix",
    ("∥", "∥"): "Vmatrix",
}
_STRETCHED = {
    "→": "overrightarrow",
    "←": "overleftarrow",
    "↔": "overleftrightarrow",
    "⏞": "overbrace",
    "⏟": "underbrace",
    "¯": "overline",
    "‾": "overline",
    "_": "underline",
}


def omml_latex(math: Element) -> str:
    """Write an `m:oMath` element as LaTeX, without delimiters.

    A number beside it becomes its tag. What is nested deeper than anybody writes is left
    as the characters it consists of.
    """
    try:
        written = _SPACES.sub(" ", _children(math)).strip()
    except RecursionError:
        return " ".join("".join(each.text or "" for each in math.iter(f"{MATH}t")).split())
    found = _NUMBER.search(written)
    if found is not None and found.start() > 0:
        return f"{written[: found.start()].rstrip()} \\tag{{{found['number']}}}"
    return written


def _children(parent: Element | None) -> str:
    written: list[str] = []
    for piece in _pieces(parent) if parent is not None else ():
        if written and piece[:1].isalpha() and _OPEN_COMMAND.search(written[-1]):
            written.append(" ")
        written.append(piece)
    return "".join(written)


def _pieces(parent: Element) -> Iterator[str]:
    """Write what stands in an element; runs that look the same are one, however Word cut them."""
    style: Style | None = None
    text: list[str] = []
    for child in _content(parent):
        if child.tag in _RUNS:
            run = Run(characters(child), style_of(child))
            if style is not None and run.style != style:
                yield run_latex("".join(text), style)
                text = []
            style = run.style
            text.append(run.text)
            continue
        if style is not None:
            yield run_latex("".join(text), style)
            style, text = None, []
        write = _WRITERS.get(str(child.tag))
        if write is not None:
            yield write(child)
    if style is not None:
        yield run_latex("".join(text), style)


def _content(parent: Element) -> Iterator[Element]:
    """What an element holds, with insertions and other wrappers taken off."""
    for child in parent:
        tag = child.tag
        if tag in _DROPPED:
            continue
        if tag in _RUNS or tag in _WRITERS:
            yield child
        elif tag.endswith("}AlternateContent"):
            yield from _content(child[0]) if len(child) else ()
        elif not local_name(child).endswith("Pr"):
            yield from _content(child)


def _part(parent: Element, name: str) -> str:
    return _children(parent.find(f"{MATH}{name}")).strip()


def _braced(latex: str) -> str:
    return "{" + latex.strip() + "}"


def _nucleus(latex: str) -> str:
    """Put braces around what is more than one thing, so that a script belongs to all of it."""
    latex = latex.strip()
    bracketed = latex[:1] in {"(", "["} and latex[-1:] in {")", "]"}
    if _ONE.fullmatch(latex) or bracketed or latex.startswith(("\\left", "\\underbrace", "\\over")):
        return latex
    return _braced(latex)


def _script(sub: str | None, sup: str | None) -> str:
    written = f"_{_braced(sub)}" if sub else ""
    if sup and _PRIMES.fullmatch(sup):
        return sup + written
    return written + (f"^{_braced(sup)}" if sup else "")


def _scripts(element: Element) -> str:
    return _nucleus(_part(element, "e")) + _script(_part(element, "sub"), _part(element, "sup"))


def _before(element: Element) -> str:
    return "{}" + _script(_part(element, "sub"), _part(element, "sup")) + _part(element, "e")


def _fraction(element: Element) -> str:
    top, bottom = _part(element, "num"), _part(element, "den")
    match setting(element, "f", "type"):
        case "noBar":
            return f"{{{top} \\atop {bottom}}}"
        case "lin":
            return f"{_nucleus(top)}/{_nucleus(bottom)}"
        case _:
            return f"\\frac{{{top}}}{{{bottom}}}"


def _large(element: Element) -> str:
    sign = latex_of(setting(element, "nary", "chr") or "∫").strip()
    sub = None if is_on(element, "nary", "subHide") else _part(element, "sub")
    sup = None if is_on(element, "nary", "supHide") else _part(element, "sup")
    return f"{sign}{_script(sub, sup)} {_part(element, 'e')}"


def _delimited(element: Element) -> str:
    opening = _bracket(element, "begChr", "(")
    closing = _bracket(element, "endChr", ")")
    parts = element.findall(f"{MATH}e")
    if len(parts) == 1:
        only = list(_content(parts[0]))
        name = local_name(only[0]) if len(only) == 1 else ""
        if name == "m" and (opening, closing) in _MATRICES:
            return _rows(only[0], _MATRICES[opening, closing])
        if name in {"m", "eqArr"} and opening == "{" and not closing:
            return _rows(only[0], "cases")
        stacked = name == "f" and setting(only[0], "f", "type") == "noBar"
        if stacked and (opening, closing) == ("(", ")"):
            return f"\\binom{{{_part(only[0], 'num')}}}{{{_part(only[0], 'den')}}}"
    separator = _bracket(element, "sepChr", "|")
    joint = latex_of(separator) or " "
    inner = joint.join(_children(part).strip() for part in parts)
    left, right = (latex_of(each).strip() for each in (opening, closing))
    if left and right and not _TALL.search(inner):
        return f"{_spaced(left)}{inner}{right}"
    return f"\\left{_spaced(left or '.')} {inner} \\right{_spaced(right or '.')}"


def _bracket(element: Element, name: str, otherwise: str) -> str:
    written = setting(element, "d", name)
    return otherwise if written is None else written


def _spaced(bracket: str) -> str:
    return f"{bracket} " if bracket[-1:].isalpha() else bracket


def _rows(element: Element, environment: str) -> str:
    if local_name(element) == "m":
        rows = [
            " & ".join(_children(cell).strip() for cell in row.findall(f"{MATH}e"))
            for row in element.findall(f"{MATH}mr")
        ]
    else:
        # Inside an array of equations, an ampersand is a mark to align them at.
        rows = [_children(row).strip().replace("\\&", "&") for row in element.findall(f"{MATH}e")]
    written = " \\\\ ".join(rows)
    return f"\\begin{{{environment}}} {written} \\end{{{environment}}}"


def _matrix(element: Element) -> str:
    return _rows(element, "matrix")


def _equations(element: Element) -> str:
    rows = element.findall(f"{MATH}e")
    if len(rows) == 1:
        return _children(rows[0]).strip().replace("\\&", "")
    return _rows(element, "aligned")


def _root(element: Element) -> str:
    degree = "" if is_on(element, "rad", "degHide") else _part(element, "deg")
    return f"\\sqrt{f'[{degree}]' if degree else ''}{_braced(_part(element, 'e'))}"


def _accent(element: Element) -> str:
    inner = _part(element, "e")
    sign = setting(element, "acc", "chr")
    name = ACCENTS.get(sign or "\u0302")
    if name is None:
        return f"\\overset{{{latex_of(sign or '').strip()}}}{_braced(inner)}"
    if not _ONE.fullmatch(inner):
        name = {"hat": "widehat", "tilde": "widetilde", "bar": "overline"}.get(name, name)
    return f"\\{name}{_braced(inner)}"


def _bar(element: Element) -> str:
    name = "overline" if setting(element, "bar", "pos") == "top" else "underline"
    return f"\\{name}{_braced(_part(element, 'e'))}"


def _boxed(element: Element) -> str:
    return f"\\boxed{_braced(_part(element, 'e'))}"


def _function(element: Element) -> str:
    name = element.find(f"{MATH}fName")
    written = "" if name is None else _children(name).strip()
    if written.isascii() and written.isalpha() and len(written) > 1:
        written = _named(written)
    return f"{written} {_part(element, 'e')}"


def _named(word: str) -> str:
    return f"\\{word} " if word in FUNCTION_COMMANDS else f"\\operatorname{{{word}}}"


def _below(element: Element) -> str:
    return _limit(element, "underset", "_", "underbrace")


def _above(element: Element) -> str:
    return _limit(element, "overset", "^", "overbrace")


def _limit(element: Element, command: str, script: str, brace: str) -> str:
    base, limit = _part(element, "e"), _part(element, "lim")
    if base.isascii() and base.isalpha() and len(base) > 1:
        base = _named(base).strip()
    if (base.removeprefix("\\") in _WITH_LIMITS and script == "_") or base.startswith(f"\\{brace}"):
        return f"{base}{script}{_braced(limit)}"
    return f"\\{command}{_braced(limit)}{_braced(base)}"


def _grouped(element: Element) -> str:
    inner = _part(element, "e")
    sign = setting(element, "groupChr", "chr") or "⏟"
    above = setting(element, "groupChr", "pos") == "top"
    name = _STRETCHED.get(sign)
    if name is not None and name.startswith("over" if above else "under"):
        return f"\\{name}{_braced(inner)}"
    written = latex_of(sign).strip()
    return f"\\{'over' if above else 'under'}set{_braced(written)}{_braced(inner)}"


def _phantom(element: Element) -> str:
    return "" if setting(element, "phant", "show") in {"0", "off", "false"} else _part(element, "e")


def _inner(element: Element) -> str:
    return _children(element)


_WRITERS: dict[str, Callable[[Element], str]] = {
    f"{MATH}{name}": write
    for name, write in {
        "acc": _accent,
        "bar": _bar,
        "borderBox": _boxed,
        "d": _delimited,
        "eqArr": _equations,
        "f": _fraction,
        "func": _function,
        "groupChr": _grouped,
        "limLow": _below,
        "limUpp": _above,
        "m": _matrix,
        "nary": _large,
        "oMath": _inner,
        "phant": _phantom,
        "rad": _root,
        "sPre": _before,
        "sSub": _scripts,
        "sSubSup": _scripts,
        "sSup": _scripts,
    }.items()
}
