"""Neighbours: what the blocks of a Word document are, seen beside one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eventdocs.extraction._docx_blocks import Block, Paragraph, TableBlock
from eventdocs.extraction._docx_paragraphs import bold_label, caption_of, joined, sequence_kind

__all__ = [
    "all_blocks",
    "continues_definition",
    "holds_figure",
    "is_definition_part",
    "is_labelled",
    "kind_of",
    "role_of",
]


def all_blocks(blocks: Sequence[Block]) -> Iterator[tuple[Block, Sequence[Block], bool]]:
    """All blocks at any depth, what follows each, and whether a table stands beside it."""
    for at, block in enumerate(blocks):
        following = blocks[at + 1 : at + 2]
        beside = [*blocks[max(0, at - 1) : at], *following]
        yield block, following, any(isinstance(each, TableBlock) for each in beside)
        if isinstance(block, TableBlock):
            for row in block.rows:
                for cell in row.cells:
                    yield from all_blocks(cell.blocks)
        for note in block.notes:
            yield from all_blocks(note.blocks)


def kind_of(block: Paragraph, beside_table: bool) -> str:
    """What a bookmark in a paragraph stands at; empty for mere text."""
    if block.level is not None:
        return "section"
    if block.style.role == "term":
        return "definition"
    counted = sequence_kind(block)
    if counted is not None:
        return counted[0]
    if block.style.role in {"caption", "figure caption"} and block.names:
        caption = caption_of(block, joined(block.lines).text.strip(), beside_table=beside_table)
        return caption.kind if caption is not None else ""
    if block.names and any(mark.kind == "formula" for line in block.lines for mark in line.marks):
        return "formula"
    if block.label is not None and not block.label.bullet:
        return "section"
    return ""


def continues_definition(blocks: Sequence[Block]) -> list[bool]:
    """For each block, whether it belongs to a definition that stands before it.

    A list or code between two definitions does, and so it does where a definition ends in a colon.
    """
    continues = [False] * len(blocks)
    goes_on = False
    for at in range(len(blocks) - 1, -1, -1):
        block = blocks[at]
        if is_definition_part(block):
            goes_on = True
        elif not _may_belong(block):
            goes_on = False
        continues[at] = goes_on
    colon = False
    for at, block in enumerate(blocks):
        if isinstance(block, Paragraph) and block.style.role == "definition":
            colon = block.lines[-1].text.rstrip().endswith(":")
        elif colon and _may_belong(block):
            continues[at] = True
        else:
            colon = False
    return continues


def is_definition_part(block: Block) -> bool:
    """Whether a block is a term, or says what one means."""
    return isinstance(block, Paragraph) and block.style.role in {"term", "definition"}


def _may_belong(block: Block) -> bool:
    return isinstance(block, TableBlock) or block.is_list_item or block.style.role == "code"


def is_labelled(block: Block) -> bool:
    """Whether a paragraph begins with a bold label."""
    if not isinstance(block, Paragraph) or block.level is not None:
        return False
    return any(bold_label(line) is not None for line in block.lines[:1])


def role_of(block: Block) -> str:
    """The role of a paragraph; a table is one."""
    return block.style.role if isinstance(block, Paragraph) else "table"


def holds_figure(table: TableBlock, following: Sequence[Block]) -> bool:
    """Whether a table holds nothing but pictures, with their captions in it or below it."""
    blocks = [each for row in table.rows for cell in row.cells for each in cell.blocks]
    captions = [each for each in blocks if _is_figure_caption(each)]
    if len(captions) < len(blocks):
        return False
    return bool(captions) or any(map(_is_figure_caption, following))


def _is_figure_caption(block: Block) -> bool:
    if not isinstance(block, Paragraph):
        return False
    counted = sequence_kind(block)
    return block.style.role == "figure caption" or (counted is not None and counted[0] == "figure")
