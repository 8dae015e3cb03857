"""Links of Word documents: what their words say, and what is left of those that broke."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eventdocs.extraction._prose import MarkKind, Prose

__all__ = ["broken_references", "told_by"]

_BROKEN = re.compile(
    r"Error! (?:Reference source not found|Bookmark not defined|No bookmark name given|Hyperlink reference "
    r"not valid|Not a valid bookmark self-reference)\b\.?"
    r"|Fehler! (?:Verweisquelle konnte nicht gefunden werden|Textmarke nicht definiert)\b\.?"
    r"|Erreur\s?! (?:Source du renvoi introuvable|Signet non défini)\b\.?"
    r"|¡Error! (?:No se encuentra el origen de la referencia|Marcador no definido)\b\.?"
)
_LINKS: frozenset[MarkKind] = frozenset({"link"})
_TOLD_BY = (
    ("table", re.compile(r"\s*tab(?:le|elle|leau)?\b", re.IGNORECASE)),
    ("figure", re.compile(r"\s*(?:fig(?:ure)?|abbildung)\b", re.IGNORECASE)),
    (
        "formula",
        re.compile(r"\s*(?:eq(?:uation|n)?\b|formula\b|\(\d+(?:\.\d+)*\)\s*$)", re.IGNORECASE),
    ),
    (
        "section",
        re.compile(
            r"\s*(?:section|chapter|appendix|annex|clause|\d+(?:\.\d+)*\.?\s*$)", re.IGNORECASE
        ),
    ),
)


def broken_references(prose: Prose) -> Iterator[tuple[int, int]]:
    """Find references that were lost before: all that is left is the words of the error."""
    for found in _BROKEN.finditer(prose.text):
        if not prose.covered(*found.span(), _LINKS):
            yield found.span()


def told_by(text: str) -> str:
    """Tell the kind of thing that a link's *text* says it leads to; empty if it does not."""
    return next((kind for kind, told in _TOLD_BY if told.match(text)), "")
