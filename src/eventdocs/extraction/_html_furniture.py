"""What of a page is not its text: what nobody sees, and what only leads around."""

from __future__ import annotations

import re

from eventdocs.extraction._html_tree import Element

__all__ = ["is_hidden", "is_navigation"]

_SKIPPED = frozenset(
    (
        "script style noscript template svg object embed applet iframe noframes noembed canvas audio video map button "
        "select datalist textarea input progress meter rp title meta link base frameset mjx-assistive-mml"
    ).split()
)
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_FURNITURE = frozenset(
    {"navigation", "search", "menu", "menubar", "toolbar", "doc-toc", "doc-pagelist"}
)
_FURNITURE_CLASSES = frozenset(
    (
        "toc table-of-contents tableofcontents sphinxsidebar navheader navfooter navbar navigation breadcrumb "
        "breadcrumbs toctree-wrapper ltx_TOC ltx_page_navbar mw-jump-link mw-editsection contents-sidebar"
    ).split()
)
_FURNITURE_IDS = frozenset({"toc", "table-of-contents", "navigation", "sidebar"})


def is_hidden(element: Element) -> bool:
    """Whether nobody sees an element. A formula beside its picture is hidden and is read."""
    written = element.written
    if element.tag in _SKIPPED:
        return element.tag != "script" or "math/tex" not in written
    if not written:
        return False
    hidden = (
        ("hidden" in written and (element.get("hidden") is not None or element.get("aria-hidden") == "true"))
        or ("style" in written and _INVISIBLE.search(element.get("style") or "") is not None)
    )  # fmt: skip
    if hidden and element.tag != "math":
        only = list(element.elements)
        return len(only) != 1 or only[0].tag != "math"
    return False


def is_navigation(element: Element) -> bool:
    """Whether an element only leads around the document or the site."""
    if element.tag == "nav":
        return True
    written = element.written
    if not written:
        return False
    if "role" in written and element.get("role") in _FURNITURE:
        return True
    if "class" in written:
        classes = element.classes
        if not _FURNITURE_CLASSES.isdisjoint(classes) or {"contents", "topic"} <= classes:
            return True
    return element.tag in {"div", "ul"} and (element.get("id") or "").lower() in _FURNITURE_IDS
