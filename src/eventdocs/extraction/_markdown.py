"""Markdown: the extractor for CommonMark, GitHub, pandoc, Quarto and MyST documents."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token
from typing_extensions import override

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._detect import MARKDOWN
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._headings import Slugs, heading_number
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._markdown_inline_rules import ATTRIBUTES
from eventdocs.extraction._markdown_parser import LIBRARY, Chunk, MarkdownParser
from eventdocs.extraction._markdown_reader import MarkdownReader
from eventdocs.extraction._references import References
from eventdocs.extraction._registry import Extracted, Extractor, RawDocument
from eventdocs.extraction._source import read_source

__all__ = ["MarkdownExtractor"]

_TITLE = re.compile(r"^title:\s*(?P<title>.+?)\s*$", re.MULTILINE)
_BIBLIOGRAPHY = re.compile(r"^(?:bibliography|csl|nocite|references):", re.MULTILINE)
_REFERENCE_ID = re.compile(r"^\s*-?\s*id:\s*[\"']?(?P<key>[\w:.#$%&+?<>~/-]+)", re.MULTILINE)
_MACRO = re.compile(r"\\(?:(?:re)?newcommand|providecommand|def|DeclareMathOperator)(?![A-Za-z])")
_MARKS = re.compile("[*`]")


class MarkdownExtractor(Extractor):
    """Reads Markdown as CommonMark with the extensions of GitHub, pandoc, Quarto and MyST."""

    name = "markdown"
    version = "1"
    library = LIBRARY
    media_types = (MARKDOWN,)

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        source = read_source(document, limits)
        parser = MarkdownParser(limits.max_nesting)
        chunk = Chunk(source.lines, source.line_starts)
        tokens = parser.blocks(chunk.source)
        draft = Draft(source, document=document, extractor=self, limits=limits)
        formulas = FormulaReader(limits)
        anchors = Anchors()
        front_matter = _front_matter(tokens)
        _announce(tokens, parser, formulas, anchors)
        for found in _REFERENCE_ID.finditer(front_matter):
            anchors.thing(found["key"], "bibliography")
        references = References(
            draft, anchors, bare_citations=_BIBLIOGRAPHY.search(front_matter) is not None
        )
        MarkdownReader(draft, parser, formulas, anchors, references).read(tokens, chunk)
        entities = list(draft.finished())
        anchors.settle(entities)
        return Extracted(
            text=source.text, title=_title(front_matter, draft), entities=tuple(entities)
        )


def _front_matter(tokens: Sequence[Token]) -> str:
    return tokens[0].content if tokens and tokens[0].type == "front_matter" else ""


def _title(front_matter: str, draft: Draft) -> str:
    found = _TITLE.search(front_matter)
    if found:
        return found["title"].strip("\"'")
    return draft.first_heading


def _announce(
    tokens: Sequence[Token], parser: MarkdownParser, formulas: FormulaReader, anchors: Anchors
) -> None:
    """Learn what may be used before it stands: headings as link targets, labels, macros."""
    known = parser.env["references"]
    slugs = Slugs()
    for at, token in enumerate(tokens):
        content = token.content
        if token.type == "heading_open":
            written = tokens[at + 1].content
            attributes = ATTRIBUTES.search(written)
            if attributes is not None and attributes.end() == len(written):
                written = written[: attributes.start()].rstrip()
            explicit = attributes["id"] if attributes is not None else None
            title = _MARKS.sub("", written)
            # Headings as link targets are pandoc's, so the anchor is too.
            names = [*slugs.of(title, explicit), *filter(None, [explicit])]
            target = {"href": f"#{names[-1] if names else ''}", "title": ""}
            for spelling in (written, title, _without_number(title)):
                if spelling:
                    known.setdefault(normalizeReference(spelling), target)
        elif token.type in {"myst_target", "attributes"} and content:
            anchors.thing(content, "anchor")
        if "\\" in content and token.type not in {"fence", "code_block"} and _MACRO.search(content):
            formulas.macros.collect(content)


def _without_number(title: str) -> str:
    number = heading_number(title)
    return title.partition(number)[2].lstrip(".):-–— ") if number else ""
