"""LaTeX: the extractor for articles, reports and books, read without running TeX."""

from __future__ import annotations

import re

import attrs
from typing_extensions import override

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._deflists import DefinitionLists
from eventdocs.extraction._detect import LATEX
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._extras import library
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._references import References
from eventdocs.extraction._registry import Extracted, Extractor, RawDocument
from eventdocs.extraction._source import read_source
from eventdocs.extraction._tex_commands import DEFINING, VERBATIM_ENVIRONMENTS
from eventdocs.extraction._tex_floats import TexFloats
from eventdocs.extraction._tex_formulas import TexFormulas
from eventdocs.extraction._tex_links import TexLinks
from eventdocs.extraction._tex_math import TexMath
from eventdocs.extraction._tex_stream import TokenStream
from eventdocs.extraction._tex_structure import TexStructure
from eventdocs.extraction._tex_terms import TexTerms
from eventdocs.extraction._tex_theorems import TexTheorems
from eventdocs.extraction._tex_walk import TexWalk
from eventdocs.extraction._text import BlockText
from eventdocs.ir import (
    CrossReference,
    Entity,
    Formula,
    ReferenceType,
    Resolution,
    Section,
    Table,
)

__all__ = ["LatexExtractor"]

_HEADING = re.compile(r"\\(part|chapter|section|subsection|subsubsection)(?![A-Za-z])")
_BEGINNING = re.compile(r"\\begin\s*\{document\}")
_CODE = re.compile(r"\\begin\s*\{([A-Za-z]+\*?)\}|\\.|%[^\r\n]*(?:\r\n|[\r\n])?[ \t]*", re.DOTALL)
_PREAMBLE = frozenset(
    "title newenvironment renewenvironment newtheorem spnewtheorem declaretheorem numberwithin counterwithin "
    "setcounter addtocounter makeatletter makeatother iffalse renewcommand".split()
)
_ELSEWHERE = Resolution(state="external", by="document")
_KINDS: dict[type[Entity], ReferenceType] = {
    Section: "section",
    Formula: "formula",
    Table: "table",
}
_FIXED = frozenset({"citation", "url", "document", "footnote"})


class LatexExtractor(Extractor):
    """Reads LaTeX with the packages that articles use: amsmath, booktabs, glossaries, cleveref and more."""

    name = "latex"
    version = "1"
    library = library("latex2mathml")
    media_types = (LATEX,)

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        source = read_source(document, limits)
        draft = Draft(source, document=document, extractor=self, limits=limits)
        reader = _Reader(draft, limits)
        reader.read()
        entities = list(draft.finished())
        reader.settle(entities)
        return Extracted(text=source.text, title=reader.title, entities=tuple(entities))


class _Reader:
    """The parts of LaTeX that are read, put together."""

    def __init__(self, draft: Draft, limits: Limits) -> None:
        text = draft.source.text
        self._numbers: set[tuple[ReferenceType, str | None]] = set()
        formulas = FormulaReader(limits)
        formulas.macros.collect(_code(text))
        self._anchors = Anchors()
        references = References(draft, self._anchors, bare_citations=False)
        self._stream = TokenStream(text, formulas.macros)
        blocks = BlockText(draft, formulas, self._anchors, references)
        self._walk = TexWalk(self._stream, draft, blocks, self._anchors)
        math = TexMath(self._stream, formulas.macros)
        deflists = DefinitionLists(draft, formulas, self._anchors)
        self._structure = TexStructure(self._walk, math, deflists)
        self._structure.levels([found[1] for found in _HEADING.finditer(text)])
        TexFormulas(self._walk, math, references)
        TexFloats(self._walk, draft)
        TexTheorems(self._walk, draft)
        self._links = TexLinks(self._walk, draft)
        self._terms = TexTerms(self._walk, draft, formulas)
        self._walk.otherwise = lambda token: self._links.reads(token) or self._terms.reads(token)

    @property
    def title(self) -> str:
        return self._structure.title

    def read(self) -> None:
        if _BEGINNING.search(self._stream.text):
            self._preamble()
        self._walk.in_body = True
        self._walk.read()

    def settle(self, entities: list[Entity]) -> None:
        """Resolve references by name, and say what those refer to whose label tells."""
        self._anchors.settle(entities)
        self._numbers = {
            (_KINDS[type(entity)], entity.number)
            for entity in entities
            if isinstance(entity, Section | Formula | Table)
        }
        for index, entity in enumerate(entities):
            if not isinstance(entity, CrossReference) or entity.reference_type in _FIXED:
                continue
            kind = self._walk.kinds.get(entity.raw_target)
            if kind is not None and entity.reference_type != "definition":
                entities[index] = attrs.evolve(entity, reference_type=kind)
            elif self._is_elsewhere(entity):
                entities[index] = attrs.evolve(entity, resolution=_ELSEWHERE)

    def _is_elsewhere(self, entity: CrossReference) -> bool:
        """Whether a label is missing that may stand in a file that was not read."""
        if not self._walk.unread or entity.resolution.state != "unchecked":
            return False
        if entity.prov.method == "pattern":
            number = entity.raw_target.rpartition(" ")[2]
            return (entity.reference_type, number) not in self._numbers
        return not self._anchors.knows(entity.raw_target)

    def _preamble(self) -> None:
        r"""Read what comes before `\begin{document}`: declarations, and no text."""
        walk, stream = self._walk, self._stream
        useful = _PREAMBLE | self._links.inputs | self._terms.declaring
        while (token := stream.next()) is not None:
            if token.kind != "command":
                continue
            name = token.text[1:]
            if name == "begin":
                group = stream.group()
                if group is not None and group.text == "document":
                    return
                if group is not None and group.text in VERBATIM_ENVIRONMENTS:
                    self._structure.skip_environment(group.text)
            elif name in {"documentclass", "documentstyle"}:
                stream.option()
                group = stream.group()
                if group is not None:
                    walk.counters.document_class(group.text)
            elif name in useful:
                walk.handlers[name](token)
            elif name in DEFINING:
                walk.skip(DEFINING[name])


def _code(text: str) -> str:
    """Leave out comments, and what is shown as it is, where macros are looked for."""
    kept: list[str] = []
    at = 0
    found = _CODE.search(text)
    while found is not None:
        end = found.end()
        if found[0][0] == "%":
            kept.append(text[at : found.start()])
            at = end
        elif found[1] is not None and found[1] in VERBATIM_ENVIRONMENTS:
            kept.append(text[at : found.start()])
            closing = text.find(f"\\end{{{found[1]}}}", end)
            at = end = closing if closing >= 0 else len(text)
        found = _CODE.search(text, end)
    kept.append(text[at:])
    return "".join(kept)
