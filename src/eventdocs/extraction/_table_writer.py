"""The table writer: adds the tables of a document with the captions around them."""

from __future__ import annotations

from collections.abc import Sequence

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._captions import Caption
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._table_terms import define_rows
from eventdocs.extraction._tables import RawTable, add_table

__all__ = ["TableWriter"]


class TableWriter:
    """Adds tables to a draft; a caption may stand before its table or after it."""

    def __init__(self, draft: Draft, anchors: Anchors) -> None:
        self._draft = draft
        self._anchors = anchors
        self._before: Caption | None = None
        self._uncaptioned: int | None = None

    def expect(self, caption: Caption) -> None:
        """Keep a caption for the table that comes next."""
        self._before = caption

    def forget(self) -> None:
        """Something else stands between a table and a caption."""
        if self._before is not None:
            # The caption of a table that is a picture, or written in another language.
            for name in (
                self._before.number and f"Table {self._before.number}",
                self._before.label,
            ):
                if name:
                    self._anchors.thing(name, "caption")
        self._before = self._uncaptioned = None

    def add(self, raw: RawTable, names: Sequence[str]) -> None:
        """Add a table with what its rows define.

        Args:
            raw: The table.
            names: The anchors given to it from outside.
        """
        caption, self._before = self._before, None
        anchors = [*names]
        if caption is not None and caption.label:
            anchors.insert(0, caption.label)
        index = add_table(
            self._draft,
            raw,
            caption=caption.title if caption else None,
            number=caption.number if caption else None,
            anchor=anchors[0] if anchors else None,
        )
        self._know(index, anchors)
        define_rows(self._draft, raw)
        self._uncaptioned = index if caption is None else None

    def caption(self, caption: Caption, names: Sequence[str], *, before_table: bool) -> bool:
        """Give a caption to the table it belongs to; whether *names* were used for that.

        Args:
            caption: Of a table.
            names: The anchors given to the caption from outside.
            before_table: A table comes next.
        """
        table, self._uncaptioned = self._uncaptioned, None
        if table is None or (before_table and caption.number):
            self._before = caption
            return False
        anchors = [*filter(None, [caption.label]), *names]
        self._draft.caption(
            table,
            caption=caption.title,
            number=caption.number,
            anchor=anchors[0] if anchors else None,
        )
        self._know(table, anchors)
        return True

    def _know(self, index: int, names: Sequence[str]) -> None:
        for name in names:
            self._anchors.entity(name, self._draft.entities[index].id.entity_id)
