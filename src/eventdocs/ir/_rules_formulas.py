"""Rules about single formulas: incomplete and unreadable ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eventdocs.ir._entities import Formula
from eventdocs.ir._findings import Evidence, Finding
from eventdocs.ir._names import name_of, shorten

_ENDS_OPEN = re.compile(
    r"(?:[=+\-*/<>]|\\(?:le|leq|ge|geq|times|cdot|approx|sim|equiv|in|div|pm))\s*$"
)
_PLACEHOLDER = re.compile(r"\?{2,}|\b(?:TODO|TBD|FIXME|XXX)\b|\\(?:frac|sqrt|hat|bar)\s*\{\s*\}")
_LAYOUT = re.compile(
    r"\\(?:label|tag\*?)\s*\{[^{}]*\}|\\(?:nonumber|notag)|(?<!\\)[.,;]\s*$|\\[,;!]"
)


def incomplete_formulas(document: Evidence) -> Iterator[Finding]:
    """Report displayed formulas that stop in the middle, or hold a placeholder."""
    for each in document.all(Formula):
        if each.notation == "latex" and each.display:
            reason = _incomplete(each.latex)
            if reason:
                yield Finding(
                    code="incomplete-formula",
                    severity="warning",
                    entities=(each,),
                    message=f"The formula {shorten(each.text or each.raw)!r} {reason}.",
                    suggestion="Complete it.",
                    data={"latex": each.latex},
                    subject=(each.id.anchor or name_of(each), *each.section),
                )


def _incomplete(latex: str) -> str:
    plain = _LAYOUT.sub("", latex).strip()
    placeholder = _PLACEHOLDER.search(plain)
    if placeholder:
        return f"holds the placeholder {placeholder.group()!r}"
    if _ENDS_OPEN.search(plain) and len(plain) > 1:
        return "ends with an operator"
    unescaped = re.sub(r"\\[{}\\]", "", plain)
    if unescaped.count("{") != unescaped.count("}"):
        return "has a brace without its partner"
    return ""


def unparsed_formulas(document: Evidence) -> Iterator[Finding]:
    """Report formulas that could not be read, so that nothing is known about their symbols."""
    for each in document.all(Formula):
        if each.parsed == "opaque":
            yield Finding(
                code="unparsed-formula",
                severity="warning" if each.display else "info",
                entities=(each,),
                message=f"The formula {shorten(each.raw)!r} could not be read.",
                suggestion="Check its syntax; its symbols take no part in other findings.",
                data={"raw": each.raw},
                subject=(each.id.content_key,),
            )
