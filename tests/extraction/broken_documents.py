"""Documents of every format that are put together at random, and damaged ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

import attrs
from hypothesis import strategies as st

from tests.extraction.blocks import HTML, LATEX, MARKDOWN, PLAIN_TEXT, RESTRUCTURED_TEXT
from tests.extraction.docx_builder import (
    archive,
    bold,
    bookmark,
    docx,
    field,
    math,
    mr,
    numbered,
    p,
    sub,
    tbl,
    tr,
)
from tests.extraction.golden import documents as golden_documents
from tests.extraction.pdf_builder import Sheet, pdf

__all__ = ["FORMATS", "WRITTEN", "Format", "damaged", "documents", "trapped"]


@attrs.frozen
class Format:
    """What documents of a format are made of.

    Attributes:
        suffix: Of file names.
        blocks: Pieces of a text format; `{n}` is the number of the piece.
        examples: Whole documents.
        traps: What an attacker would write.
    """

    suffix: str
    blocks: tuple[str, ...] = ()
    examples: tuple[bytes, ...] = ()
    traps: tuple[str, ...] = ()

    @property
    def source_name(self) -> str:
        """A file name of the format."""
        return f"document{self.suffix}"


def _examples(suffix: str) -> tuple[bytes, ...]:
    return tuple(each for name, each in golden_documents().items() if name.endswith(suffix))


_ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>&b;',
    '<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>&b;',
    '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    "<xi:include href='file:///etc/passwd' parse='text'/>",
)
_TEX_TRAPS = (
    "\\newcommand{\\a}{\\a\\a}$\\a$",
    "\\def\\a{\\b\\b\\b}\\def\\b{\\c\\c\\c}\\def\\c{\\a\\a\\a}$\\a$",
    "\\newcommand{\\x}[1]{#1#1#1#1}$\\x{\\x{\\x{\\x{\\x{\\x{\\x{\\x{y}}}}}}}}$",
    "\\input{/etc/passwd}\\include{/etc/passwd}\\write18{true}",
    "\\newenvironment{q}{\\begin{q}}{\\end{q}}\\begin{q}$x$\\end{q}",
)
_WORD = docx(
    p(bookmark("b", "<w:r><w:t>Rules</w:t></w:r>"), style="Heading1", more=numbered("1"))
    + p(bold("Fee"), " means one percent of ", math(mr("x")), ", see ", field("REF b", "Rules"))
    + p(math(sub("w", "i") + mr("=a+b")), " where ", math(mr("a")), " is the level. Section 9.")
    + tbl(tr("Symbol", "Value"), tr("1", "2"))
    + p("Term", style="DefinitionTerm")
    + p("Its meaning", style="Definition")
)
_PAGE = (
    Sheet()
    .lines(72, "1 Rules", "“Cap” means the upper limit of a weight.", "See Section 9 and [1].")
    .pieces(130, (200, "s", "Symbol"), (214, "=", "Symbol"), (230, "x", "Times-Italic"))
    .rule(72, 150, 300)
    .pieces(160, (72, "Key", "Times-Bold"), (200, "Value", "Times-Bold"))
    .rule(72, 165, 300)
    .pieces(176, (72, "a", "Times-Roman"), (200, "1.5", "Times-Roman"))
    .pieces(188, (72, "b", "Times-Roman"), (200, "2.5", "Times-Roman"))
    .rule(72, 194, 300)
    .link(72, 60, 140, 74, "a")
)
_PDF = pdf(_PAGE, _PAGE, names={"a": (0, 72, 60)}, outline=[("Rules", 1, 40)])

FORMATS: Mapping[str, Format] = {
    each.suffix: each
    for each in (
        Format(
            ".md",
            MARKDOWN,
            _examples(".md"),
            (*_TEX_TRAPS, *_ENTITIES, "```{include} /etc/passwd\n```\n", "--8<-- '/etc/passwd'\n"),
        ),
        Format(
            ".html", HTML, _examples(".html"), (*_ENTITIES, "<iframe src='file:///etc/passwd'>")
        ),
        Format(
            ".rst",
            RESTRUCTURED_TEXT,
            _examples(".rst"),
            (
                *(f".. {each}:: /etc/passwd\n\n" for each in ("include", "literalinclude")),
                ".. raw:: html\n   :file: /etc/passwd\n\n",
                ".. csv-table::\n   :file: /etc/passwd\n\n",
                ".. csv-table::\n   :url: http://127.0.0.1:9/\n\n",
                ".. |a| replace:: |b| |b|\n.. |b| replace:: |a| |a|\n\n|a|\n\n",
                ".. role:: a(a)\n.. default-role:: a\n\n`x` :a:`y`\n\n",
                ".. _a: b_\n.. _b: a_\n\na_ b_\n\n",
            ),
        ),
        Format(".tex", LATEX, _examples(".tex"), _TEX_TRAPS),
        Format(".txt", PLAIN_TEXT, _examples(".md"), ()),
        Format(".docx", (), (*_examples(".docx"), _WORD), _ENTITIES),
        Format(".pdf", (), (_PDF,), ("/Length 99999999", "/Next 1 0 R", "/Kids [1 0 R 2 0 R]")),
    )
}
WRITTEN = tuple(each.suffix for each in FORMATS.values() if each.blocks)
"""The suffixes of the formats that are text."""


def documents(suffix: str, *, max_blocks: int = 12) -> st.SearchStrategy[str]:
    """Documents of a text format, of pieces that stand beside one another by chance."""
    return st.lists(st.sampled_from(FORMATS[suffix].blocks), max_size=max_blocks).map(
        lambda blocks: "".join(
            block.replace("{n}", str(number)) for number, block in enumerate(blocks)
        )
    )


def trapped(suffix: str) -> list[bytes]:
    """A small document of a format with each of its traps: at its start, within, and at its end."""
    form = FORMATS[suffix]
    whole = min(form.examples, key=len)
    if suffix != ".docx":
        return [_around(whole, trap) for trap in form.traps]
    parts = _parts(whole)
    body = parts["word/document.xml"]
    return [
        archive({**parts, "word/document.xml": content})
        for trap in form.traps
        for content in (trap.encode() + body, body.replace(b"</w:t>", trap.encode() + b"</w:t>"))
    ]


def _around(whole: bytes, trap: str) -> bytes:
    half = len(whole) // 2
    return b"\n\n".join([trap.encode(), whole[:half], trap.encode(), whole[half:], trap.encode()])


def _parts(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


_PLACES = st.integers(0, 100_000)
_SIZES = st.sampled_from([1, 1, 1, 2, 3, 8, 20, 100])
_Damage = Callable[[bytes], bytes]


@st.composite
def damaged(draw: st.DrawFn, suffix: str, *, max_bytes: int = 20_000) -> bytes:
    """Documents of a format that were cut, spliced, bitten into, repeated or set in a trap.

    A Word document is damaged in one of its parts or, once in a while, in its archive.
    """
    whole = draw(_wholes(suffix))
    if suffix != ".docx" or draw(st.integers(0, 3)) == 0:
        return draw(_damaged_bytes(suffix, whole, max_bytes))
    parts = _parts(whole)
    name = draw(st.sampled_from(sorted(parts)))
    return archive({**parts, name: draw(_damaged_bytes(suffix, parts[name], max_bytes))})


def _wholes(suffix: str) -> st.SearchStrategy[bytes]:
    form = FORMATS[suffix]
    examples = st.sampled_from(form.examples)
    if not form.blocks:
        return examples
    return st.one_of(documents(suffix).map(str.encode), examples)


@st.composite
def _damaged_bytes(draw: st.DrawFn, suffix: str, content: bytes, max_bytes: int) -> bytes:
    form = FORMATS[suffix]
    for _ in range(draw(st.integers(0, 4))):
        start = draw(_PLACES) % (len(content) + 1)
        end = min(start + draw(_SIZES), len(content))
        piece = content[start:end]
        kind = draw(st.integers(0, 9))
        if kind == 0:
            content = content[:start]
        elif kind == 1:
            content = content[:start] + content[end:]
        elif kind == 2:
            content = content[:start] + draw(st.binary(max_size=6)) + content[end:]
        elif kind == 3 and piece:
            flipped = bytes([piece[0] ^ (1 << draw(st.integers(0, 7)))])
            content = content[:start] + flipped + content[start + 1 :]
        elif kind == 4 and piece:
            times = min(draw(st.sampled_from([2, 30, 1_000, 100_000])), max_bytes // len(piece))
            content = content[:start] + piece * times + content[end:]
        elif kind == 5:
            at = draw(_PLACES) % (len(content) + 1)
            content = content[:at] + piece + content[at:]
        elif kind == 6 and form.traps:
            trap = draw(st.sampled_from(form.traps)).encode()
            content = content[:start] + trap + content[start:]
        elif kind == 7:
            old, new = draw(
                st.sampled_from([(b"\n", b" "), (b"\n", b"\r"), (b"\n", b"\r\n"), (b" ", b"")])
            )
            content = content.replace(old, new)
        elif kind == 8:
            marks = draw(st.text("\\$`[]{}|()*_\n:#<>&\"'/=+-.~^%@", max_size=6)).encode()
            content = content[:start] + marks + content[start:]
        elif kind == 9:
            encoding = draw(
                st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "utf-16-le", "latin-1"])
            )
            content = content.decode("utf-8", "replace").encode(encoding, "replace")
    return content[: 2 * max_bytes]
