"""What holds of every extraction, whatever the document: its places, and that it comes out again."""

from __future__ import annotations

from eventdocs.errors import ExtractionLimitError, UnreadableDocumentError
from eventdocs.extraction import Extraction, Limits, detect, extract, media_type_of_name
from eventdocs.ir import Definition, Formula, Table, from_json, to_json

PAGED = ("application/pdf",)
"""Media types whose lines are those of pages."""


def examine(
    source_name: str,
    content: bytes,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Extraction | None:
    """Extract twice and check all that must hold; None if the document is refused.

    The format is that of the name, whatever the bytes look like.
    """
    try:
        detect(content, source_name)
    except UnreadableDocumentError as refusal:
        assert refusal.source == source_name  # noqa: PT017 - either outcome is right
    media_type = media_type_of_name(source_name)
    try:
        extraction = extract(content, source_name=source_name, media_type=media_type, limits=limits)
    except (UnreadableDocumentError, ExtractionLimitError) as refusal:
        assert refusal.source == source_name  # noqa: PT017 - either outcome is right
        return None
    check_places(extraction)
    written = to_json(extraction.ir)
    again = extract(content, source_name=source_name, media_type=media_type, limits=limits)
    assert to_json(again.ir) == written, "equal bytes give equal entities"
    assert from_json(written) == extraction.ir, "what is written is read back"
    return extraction


def check_places(extraction: Extraction) -> None:
    """Check that every place is in the text, and holds what the entity says it holds."""
    text = extraction.text
    starts = _line_starts(text)
    for each in extraction.ir.entities:
        start, end = each.span.start, each.span.end
        assert start is not None, each
        assert end is not None, each
        assert 0 <= start <= end <= len(text), each
        if each.span.line is not None and extraction.media_type not in PAGED:
            assert _is_line(each.span.line, start, starts), each
        if isinstance(each, Formula):
            assert text[start:end] == each.raw, each
        elif isinstance(each, Definition):
            body = each.body_span
            assert body.start is not None, each
            assert body.end is not None, each
            assert 0 <= body.start <= body.end <= len(text), each
        elif isinstance(each, Table):
            _check_cells(each, text)


def _check_cells(table: Table, text: str) -> None:
    for cell in table.cells:
        if cell.span is not None and cell.text.isalnum() and not cell.formulas:
            # Marks between its letters may be left out, as braces are, and nothing is added.
            written = iter(text[cell.span.start : cell.span.end])
            assert all(char in written for char in cell.text), cell


def _line_starts(text: str) -> list[int]:
    """Give the places where lines begin; line endings are LF, CR LF and CR."""
    starts = [0]
    for at, char in enumerate(text):
        if char == "\n" or (char == "\r" and text[at + 1 : at + 2] != "\n"):
            starts.append(at + 1)
    return starts


def _is_line(line: int, start: int, starts: list[int]) -> bool:
    ends = starts[line] if line < len(starts) else start + 1
    return 1 <= line <= len(starts) and starts[line - 1] <= start < ends
