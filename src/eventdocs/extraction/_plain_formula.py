"""Plain-text equations: `Weight = Score / Sum` on a line of its own, read as LaTeX."""

from __future__ import annotations

import re

__all__ = ["as_latex"]

_NAME = r"[^\W\d_][\w']*(?:[ -][^\W\d_][\w']*){0,4}"
_LEFT = re.compile(
    rf"(?P<name>{_NAME})(?P<index>(?:_\{{[^{{}}]*\}}|\[[\w,+\- ]{{1,12}}\]|\([\w,+\- ]{{1,12}}\))?)"
    r"\s*(?P<relation>:?=|≔)\s*(?=\S)(?P<right>[^=]+?)\s*\.?\s*"
)
_TOKEN = re.compile(
    r"(?P<number>\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
    r"|(?P<name>[^\W\d_][\w']*(?:_\{[^{}]*\}|(?:[ ](?!(?:and|or|if|for|where|otherwise|mod)\b)[^\W\d_][\w']*){0,4}))"
    r"|(?P<operator><=|>=|!=|\*\*|[-+*/^()\[\]{},<>%×·÷−–≤≥∑Σ√|:;&!])"
    r"|(?P<word>\b(?:and|or|if|for|where|otherwise|mod)\b)"
    r"|(?P<space>\s+)"
)
_OPERATORS = {
    "*": r"\times ",
    "**": "^",
    "×": r"\times ",
    "·": r"\cdot ",
    "÷": r"\div ",
    "−": "-",
    "–": "-",
    "<=": r"\le ",
    ">=": r"\ge ",
    "!=": r"\ne ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "%": r"\%",
    "{": r"\{",
    "}": r"\}",
    "∑": r"\sum ",
    "Σ": r"\sum ",
    "√": r"\sqrt ",
    "&": r"\& ",
}
_ARITHMETIC = re.compile(r"[-+*/^×·÷−–∑Σ√]|\w\(")
_FUNCTIONS = {"max", "min", "log", "ln", "exp", "sqrt", "sum", "abs", "sin", "cos", "tan", "avg",
              "average", "round", "mean", "median", "stdev", "product", "floor", "ceil"}  # fmt: skip
_SENTENCE = re.compile(
    r"\b(?:is|are|was|were|be|the|this|that|which|has|have|will|you|we|it|to)\b", re.IGNORECASE
)
_LONGEST = 300


def as_latex(line: str) -> str | None:
    """Read a line as an equation.

    Args:
        line: One line of readable text, without markup.

    Returns:
        Its LaTeX; None if the line is prose, a setting, or anything but an equation.
    """
    if "=" not in line and "≔" not in line:
        return None
    line = line.strip()
    if len(line) > _LONGEST:
        return None
    found = _LEFT.fullmatch(line)
    if found is None or _SENTENCE.search(line):
        return None
    right = found["right"]
    single = len(found["name"]) == 1
    if right[0] in "/*^|&" or (not single and not _ARITHMETIC.search(right)):
        return None
    written = _right_side(right)
    if written is None:
        return None
    index = found["index"]
    if index.startswith("["):
        index = "_{" + index[1:-1] + "}"
    return f"{_name(found['name'])}{index} {found['relation']} {written}"


def _right_side(text: str) -> str | None:
    written: list[str] = []
    at = 0
    depth = 0
    operand = False
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        at = found.end()
        if found["number"] is not None:
            written.append(found["number"].replace(",", "{,}"))
            operand = True
        elif found["name"] is not None:
            name = found["name"]
            if operand and written and written[-1][-1:].isalpha():
                return None
            written.append(_name(name))
            operand = True
        elif found["operator"] is not None:
            sign = found["operator"]
            depth += (sign in "([{") - (sign in ")]}")
            if depth < 0:
                return None
            written.append(_OPERATORS.get(sign, sign))
        elif found["word"] is not None:
            written.append(rf"\text{{ {found['word']} }}")
        else:
            written.append(" ")
    return "".join(written).strip() if operand and depth == 0 else None


def _name(name: str) -> str:
    name, underscore, index = name.partition("_")
    if name.lower() in _FUNCTIONS and not underscore:
        known = name.lower()
        return (
            rf"\{known} "
            if known in {"max", "min", "log", "ln", "exp", "sin", "cos", "tan"}
            else (rf"\operatorname{{{name}}}")
        )
    is_product = len(name) == 2 and name.islower()
    written = name if len(name) == 1 or is_product else rf"\text{{{name}}}"
    if index.startswith("{"):
        written += f"_{index}"
    elif underscore:
        written += (
            "_{" + (index if len(index) <= 2 else rf"\text{{{index}}}").replace("_", ",") + "}"
        )
    return written
