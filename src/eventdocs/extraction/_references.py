"""References: marks and words in prose that point at another place."""

from __future__ import annotations

import re

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._mentions import mentions
from eventdocs.extraction._prose import Mark, MarkKind, Prose
from eventdocs.ir import UNCHECKED, ReferenceType, Resolution

__all__ = ["References"]

_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:|//)")
_BARE_URL = re.compile(
    r"(?<![\w/])(?:https?://|www\.)[^\s<>()\[\]\"'“”]*[^\s<>()\[\]\"'“”.,;:!?*_]"
)
_PREFIXES: dict[str, ReferenceType] = {
    "eq": "formula",
    "eqn": "formula",
    "equation": "formula",
    "tbl": "table",
    "tab": "table",
    "table": "table",
    "fig": "figure",
    "figure": "figure",
    "sec": "section",
    "section": "section",
    "ch": "section",
    "app": "section",
    "def": "definition",
    "term": "definition",
    "fn": "footnote",
}
_CROSS_REFERENCE = re.compile(
    r"(?P<prefix>eq|tbl|fig|sec|lst|thm|lem|cor|prp|cnj|def|exm|exr|sol|rem|alg|tip|nte|wrn|imp|cau)[-:][\w:.-]+"
)
_ROLES: dict[str, ReferenceType] = {
    "{eq}": "formula",
    "{term}": "definition",
    "{doc}": "document",
    "\\eqref": "formula",
    "\\gls": "definition",
    "{fn}": "footnote",
    "{substitution}": "unknown",
}
_LINKS: dict[str, ReferenceType] = {
    "section": "section",
    "formula": "formula",
    "table": "table",
    "figure": "figure",
    "definition": "definition",
    "citation": "citation",
    "footnote": "footnote",
}
"""What the detail of a link's mark may say about its target."""
_HAS_YEAR = re.compile(r"[A-Za-z].*\d{2,4}[a-z]?$|[A-Za-z]+\d{2,4}")
_COVERING: frozenset[MarkKind] = frozenset({"link", "code", "reference", "image", "formula"})
_EXTERNAL = Resolution(state="external", by="url")
_OTHER_DOCUMENT = Resolution(state="external", by="document")


class References:
    """Adds the references of a document to its draft.

    Args:
        draft: Where they go.
        anchors: The names known in the document.
        bare_citations: `@key` without brackets is a citation here.
    """

    def __init__(self, draft: Draft, anchors: Anchors, *, bare_citations: bool) -> None:
        self._draft = draft
        self._anchors = anchors
        self._bare_citations = bare_citations

    def read(self, prose: Prose, *, numbered: bool = False) -> None:
        """Add the references in a stretch of prose.

        Args:
            prose: A paragraph, a heading or the text of a cell.
            numbered: It begins with its own number, such as `Table 3: Parameters`.
        """
        for mark in prose.marks:
            if mark.kind == "link":
                self._link(prose, mark)
            elif mark.kind == "reference":
                self._reference(prose, mark)
        text = prose.text
        if "://" in text or "www." in text:
            self._urls(prose)
        self._mentions(prose, 1 if numbered else 0)

    def formula_reference(self, place: tuple[int, int], label: str) -> None:
        r"""Add a `\ref` that stands inside a formula."""
        self._draft.reference(
            place, text=label, raw_target=label, reference_type=_by_prefix(label, "formula")
        )

    def _link(self, prose: Prose, mark: Mark) -> None:
        target = mark.content.strip()
        text = prose.text[mark.start : mark.end]
        if not target:
            return
        if target.startswith("project:"):
            target = target.removeprefix("project:")
        document: str | None = None
        kind: ReferenceType
        resolution = UNCHECKED
        if target.startswith("#"):
            kind = _LINKS.get(mark.detail) or _by_prefix(target[1:], "section")
        elif _URL.match(target):
            kind, resolution = "url", _EXTERNAL
        elif mark.detail != "document" and self._anchors.knows(target):
            kind = _by_prefix(target, "section")
        else:
            kind, resolution = "document", _OTHER_DOCUMENT
            document = target.partition("#")[0] or None
        self._draft.reference(
            mark.source,
            text=text,
            raw_target=target,
            reference_type=kind,
            target_document=document,
            resolution=resolution,
        )

    def _reference(self, prose: Prose, mark: Mark) -> None:
        text = prose.text[mark.start : mark.end]
        if mark.detail == "footnote":
            self._add(mark, f"[^{mark.content}]", f"^{mark.content}", "footnote")
        elif mark.detail in {"citation", "bare citation"}:
            self._citation(mark)
        elif mark.detail.startswith(("{cite", "{footcite", "\\cite")):
            for key in filter(None, map(str.strip, mark.content.split(","))):
                self._add(mark, key, key, "citation")
        else:
            kind = _ROLES.get(mark.detail) or _by_prefix(mark.content, "section")
            self._add(mark, text, mark.content, kind)

    def _citation(self, mark: Mark) -> None:
        key = mark.content
        found = _CROSS_REFERENCE.fullmatch(key)
        if found is not None:
            self._add(mark, f"@{key}", key, _by_prefix(key, "unknown"))
        elif mark.detail == "citation" or self._bare_citations or _HAS_YEAR.fullmatch(key):
            self._add(mark, f"@{key}", key, "citation")

    def _add(self, mark: Mark, text: str, target: str, kind: ReferenceType) -> None:
        document = target if kind == "document" else None
        self._draft.reference(
            mark.source,
            text=text,
            raw_target=target,
            reference_type=kind,
            target_document=document,
            resolution=_OTHER_DOCUMENT if document else UNCHECKED,
        )

    def _urls(self, prose: Prose) -> None:
        for found in _BARE_URL.finditer(prose.text):
            if not prose.covered(found.start(), found.end(), _COVERING):
                self._draft.reference(
                    prose.source(*found.span()),
                    text=found[0],
                    raw_target=found[0],
                    reference_type="url",
                    resolution=_EXTERNAL,
                )

    def _mentions(self, prose: Prose, first: int) -> None:
        for found in mentions(prose):
            if found.start < first or prose.covered(found.start, found.end, _COVERING):
                continue
            self._draft.reference(
                prose.source(found.start, found.end),
                text=prose.text[found.start : found.end],
                raw_target=found.target,
                reference_type=found.reference_type,
                target_document=found.document,
                resolution=_OTHER_DOCUMENT if found.document else UNCHECKED,
                method="pattern",
                confidence=0.8,
            )


def _by_prefix(label: str, otherwise: ReferenceType) -> ReferenceType:
    prefix = re.split(r"[-:_./]", label, maxsplit=1)
    return _PREFIXES.get(prefix[0].lower(), otherwise) if len(prefix) > 1 else otherwise
