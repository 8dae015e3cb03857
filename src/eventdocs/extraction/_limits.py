"""Limits: how much of a document the extractors are willing to read."""

from __future__ import annotations

import attrs
from attrs.validators import ge

__all__ = ["Limits"]


@attrs.frozen(kw_only=True)
class Limits:
    """Bounds on what one document may cost; the defaults fit documents of thousands of pages.

    What exceeds `max_bytes`, `max_lines`, `max_entities`, `max_cells`, `max_pages`,
    `max_page_characters` or a limit of ZIP archives is refused as a whole, with an
    `ExtractionLimitError` that names the limit, because half a meaning is worse than none.
    What exceeds one of the others is kept as text and not looked into.

    Attributes:
        max_bytes: Size of the document in bytes.
        max_lines: Lines of a text format.
        max_entities: Sections, definitions, formulas, tables and references together.
        max_cells: Cells of all tables together.
        max_nesting: Depth of lists, quotes and directives inside one another.
        max_formula_length: Characters of one formula, before and after macro expansion.
        max_macro_depth: Macros inside the bodies of macros.
        max_pages: Pages of a PDF.
        max_page_characters: Characters on one of them.
        max_zip_entries: Files in an archive, such as a Word document is.
        max_zip_entry_bytes: Size of one of them, unpacked.
        max_zip_ratio: How many times larger one of more than a MiB is than its packed form.
    """

    max_bytes: int = attrs.field(default=64 * 1024 * 1024, validator=ge(1))
    max_lines: int = attrs.field(default=1_000_000, validator=ge(1))
    max_entities: int = attrs.field(default=250_000, validator=ge(1))
    max_cells: int = attrs.field(default=1_000_000, validator=ge(1))
    max_nesting: int = attrs.field(default=50, validator=ge(1))
    max_formula_length: int = attrs.field(default=10_000, validator=ge(1))
    max_macro_depth: int = attrs.field(default=20, validator=ge(1))
    max_pages: int = attrs.field(default=10_000, validator=ge(1))
    max_page_characters: int = attrs.field(default=200_000, validator=ge(1))
    max_zip_entries: int = attrs.field(default=10_000, validator=ge(1))
    max_zip_entry_bytes: int = attrs.field(default=128 * 1024 * 1024, validator=ge(1))
    max_zip_ratio: int = attrs.field(default=250, validator=ge(1))
