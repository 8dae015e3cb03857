"""The blocks of plain text: what each group of lines is, as its layout tells."""

from __future__ import annotations

import re

from eventdocs.extraction._captions import read_caption
from eventdocs.extraction._plain_text_clauses import read_clauses
from eventdocs.extraction._plain_text_contents import Contents, is_code, is_contents_title
from eventdocs.extraction._plain_text_enumerations import (
    Enumerations,
    end_of_items,
    row_with_words,
)
from eventdocs.extraction._plain_text_nodes import (
    Code,
    Entry,
    Heading,
    HeadingStyle,
    Item,
    Node,
    Paragraph,
    Term,
)
from eventdocs.extraction._plain_text_numbers import PartNumbers, begins_next
from eventdocs.extraction._plain_text_page import Page
from eventdocs.extraction._plain_text_tables import find_table
from eventdocs.extraction._plain_text_terms import side_by_side, term_at, term_follows
from eventdocs.extraction._plain_text_titles import (
    Numbered,
    is_capitals,
    is_line_title,
    is_phrase,
    is_title,
    is_title_case,
    read_number,
    run_in_title,
    underline,
)
from eventdocs.extraction._rst_enumerators import ENUMERATOR

__all__ = ["BlockParser"]

_BULLET = re.compile(r"(?:[-*+•‣◦▪–—·]|o(?= {2}))\s+(?=\S)")
_ENTRY = re.compile(r"\[(?P<key>\d{1,3}|[A-Za-z][\w.:+/ -]{0,30})\](?:\s+(?=\S)|$)")
_MEANS = re.compile(r"\bmeans?(?:\s[^.;]{0,80}:|:)?$")
_REFERS = re.compile(r"\b(?:sections?|clauses?|paragraphs?|articles?)\s+\d", re.IGNORECASE)
_CENTRED = 8
_MOST_TRIES = 10


class BlockParser:
    """Tells the blocks of a page.

    Args:
        page: The lines.
        text: All of the document's text.
    """

    def __init__(self, page: Page, text: str) -> None:
        self._page = page
        self._words = page.words
        self._indents = page.indents
        self._refers_to_numbers = _REFERS.search(text) is not None
        self._nodes: list[Node] = []
        self._lists = Enumerations(page.words, page.indents)
        self._bullets: set[int] = set()
        self._terms: set[int] = set()
        self._term_indent = -1
        self._numbers = PartNumbers()
        self._contents = Contents()
        self._end = 0

    def parse(self) -> list[Node]:
        """Read all lines."""
        words = self._words
        row = 0
        while row < len(words):
            if not words[row]:
                row += 1
                continue
            end = row + 1
            while end < len(words) and words[end]:
                end += 1
            self._end = end
            if not (self._contents.covers(words[row:end]) or self._code(row, end)):
                self._group(row, end)
            row = self._end
        return read_clauses(self._nodes, self._words) if self._refers_to_numbers else self._nodes

    def _group(self, first: int, end: int) -> None:
        self._term_indent = -1
        row = first
        tries = 0
        captioned = self._after_caption()
        while row < end:
            begins = row == first or captioned or isinstance(self._last(), Heading)
            if begins and tries < _MOST_TRIES:
                tries += 1
                table = find_table(self._page, row, end, captioned=captioned)
                if table is not None:
                    self._nodes.append(table)
                    row, captioned = table.end, False
                    self._end = max(self._end, row)
                    continue
            following = self._block(row, end, at_start=row == first)
            captioned = following - row == 1 and self._after_caption()
            row = following

    def _code(self, first: int, end: int) -> bool:
        if self._indents[first] <= self._page.body_indent and end - first < 3:
            return False
        if not is_code(self._words[first:end]):
            return False
        self._nodes.append(Code(first, end, self._indents[first]))
        return True

    def _last(self) -> Node | None:
        return self._nodes[-1] if self._nodes else None

    def _after_caption(self) -> bool:
        last = self._last()
        if not isinstance(last, Paragraph) or last.end - last.first > 3:
            return False
        text = " ".join(self._words[last.first : last.end])
        caption = read_caption(text) if text[:1] in "Tt" else None
        return caption is not None and caption.kind == "table"

    def _block(self, row: int, end: int, *, at_start: bool) -> int:
        """Add the block that begins on a line; returns the line behind it."""
        text = self._words[row]
        if text[0] not in "\"'(“" and not text[0].isalpha():
            after = self._marked(row, end, at_start=at_start)
            if after is not None:
                return after
        return (
            self._underlined(row, end)
            or self._numbered(row, end, at_start=at_start)
            or self._enumerated(row, end, at_start=at_start)
            or (self._heading(row, end) if at_start else None)
            or self._term(row, end)
            or self._paragraph(row, end)
        )

    # Marks

    def _marked(self, row: int, end: int, *, at_start: bool) -> int | None:
        """Read a line that begins with a sign."""
        text = self._words[row]
        if underline(text, ""):
            if row + 2 < end and underline(self._words[row + 2], self._words[row + 1]) == text[0]:
                return self._title(row + 1, row + 2, "underlined", text[0] * 2, (row, row + 3))
            return row + 1
        bullet = _BULLET.match(text)
        if bullet is not None:
            indent = self._indents[row]
            self._lists.end(indent)
            self._bullets.add(indent)
            self._nodes.append(Item(row, indent, cut=bullet.end()))
            return self._paragraph(row, end, cut=bullet.end())
        entry = _ENTRY.match(text)
        if entry is not None and (at_start or isinstance(self._before_text(), Entry)):
            indent = self._indents[row]
            last = row + 1
            while last < end and not _ENTRY.match(self._words[last]):
                last += 1
            self._nodes.append(Entry(entry["key"], row, indent))
            if entry.end() < len(text) or last > row + 1:
                cut = entry.end()
                first = row if cut < len(text) else row + 1
                self._nodes.append(Paragraph(first, last, indent + 1, cut if first == row else 0))
            return last
        return None

    def _before_text(self) -> Node | None:
        nodes = self._nodes
        if nodes and isinstance(nodes[-1], Paragraph):
            return nodes[-2] if len(nodes) > 1 else None
        return nodes[-1] if nodes else None

    # Headings

    def _title(
        self, row: int, end: int, style: HeadingStyle, mark: str, lines: tuple[int, int]
    ) -> int:
        text = self._words[row]
        found = read_number(text)
        number = found.number if found is not None else ""
        if found is not None and style != "underlined":
            style = "labelled" if found.label else "numbered"
        self._add_heading(
            Heading(row, 0, len(self._words[end - 1]), style, lines, number=number, mark=mark)
        )
        if is_contents_title(text):
            self._contents.expect()
        return lines[1]

    def _add_heading(self, heading: Heading) -> None:
        self._nodes.append(heading)
        self._bullets.clear()
        self._terms.clear()
        if heading.number:
            self._lists.clear()
            self._numbers.add(heading.number)

    def _underlined(self, row: int, end: int) -> int | None:
        if row + 1 >= end:
            return None
        text, below = self._words[row], self._words[row + 1]
        mark = underline(below, text)
        if (
            not mark
            or abs(self._indents[row] - self._indents[row + 1]) > 3
            or not is_line_title(text)
        ):
            return None
        return self._title(row, row + 1, "underlined", mark, (row, row + 2))

    def _heading(self, row: int, end: int) -> int | None:
        """Read a title that is set off from the text: in capitals, in the middle, or outdented."""
        text = self._words[row]
        indent = self._indents[row]
        alone = end - row == 1
        if (
            not is_title(text)
            or text[-1] == "."
            or text.startswith(("Copyright", "©", "(c)", "(C)"))
        ):
            return None
        if read_caption(text) is not None:
            return None
        style: HeadingStyle = "set off"
        body = self._page.body_indent
        if self._is_centred(row, end):
            if not (is_capitals(text) or is_title_case(text)):
                return None
            style = style if self._nodes else "title"
        elif is_capitals(text):
            if not alone or indent > body + 4:
                return None
            style = style if self._nodes else "title"
        elif not alone or not (
            (indent < body and text[0].isupper() and is_phrase(text)) or is_contents_title(text)
        ):
            return None
        if end == len(self._words):
            return None
        return self._title(row, row + 1, style, "", (row, row + 1))

    def _is_centred(self, row: int, end: int) -> bool:
        page = self._page
        return all(
            indent >= max(_CENTRED, page.body_indent + 4)
            and abs(indent + indent + len(self._words[each]) - page.width) <= 2 * _CENTRED
            for each in range(row, end)
            for indent in (self._indents[each],)
        )

    def _numbered(self, row: int, end: int, *, at_start: bool) -> int | None:
        """Read a numbered heading or clause."""
        text = self._words[row]
        found = read_number(text)
        if found is None or not (at_start or self._goes_on_with(found.number)):
            return None
        rest = text[found.end :]
        if found.label:
            return self._labelled(row, end, rest)
        if not (rest[0].isupper() or rest[0] in "\"“‘'([<" or rest[0].isdigit()):
            return None
        if not (found.labelled_section or self._numbers.allow(found.number)):
            return None
        single = row + 1 == end or begins_next(self._words[row + 1], found.number)
        after = row + 1
        if end - row == 2 and not single and self._hangs(row, found.end):
            joined = f"{text} {self._words[row + 1]}"
            if is_title(joined) and joined[-1] not in ".:":
                single, after = True, end
        titled = (
            single
            and is_title(rest, numbered=True)
            and self._indents[row] <= self._page.body_indent + 4
        )
        if found.depth == 1 and not found.labelled_section:
            if titled and self._is_heading(found, row, end):
                return self._title(row, after, "numbered", "", (row, after))
            if at_start and self._numbers.lead_to(found.number) and run_in_title(rest):
                return self._clause(row, end, found)
            return None
        if titled:
            return self._title(row, after, "numbered", "", (row, after))
        if found.depth == 1 and not found.mark:
            return None
        return self._clause(row, end, found)

    def _labelled(self, row: int, end: int, rest: str) -> int | None:
        alone = end - row == 1
        if rest and not (alone and is_title(rest)):
            return None
        after = row + 1
        if not rest and not alone:
            # The title stands on the next line.
            below = self._words[row + 1]
            if end - row > 2 or not (is_capitals(below) or is_title_case(below)):
                return None
            after = row + 2
        return self._title(row, after, "labelled", "", (row, after))

    def _clause(self, row: int, end: int, found: Numbered) -> int:
        """Begin a clause, whose text stands on the same line; a title may stand before it."""
        text = self._words[row]
        title = run_in_title(text[found.end :])
        last = found.end + title if title else text.index(found.number) + len(found.number)
        cut = found.end + title
        shown = len(text[:last].rstrip())
        self._add_heading(Heading(row, 0, shown, "numbered", (row, row + 1), number=found.number))
        return self._paragraph(row, end, cut=cut)

    def _hangs(self, row: int, width: int) -> bool:
        """Whether the line below a number is indented as far as what stands behind it."""
        return self._indents[row + 1] >= self._indents[row] + min(width, 3)

    def _goes_on_with(self, number: str) -> bool:
        """Whether a number in the middle of a group is that of the next clause."""
        return self._numbers.are_before(number) and isinstance(self._before_text(), Heading)

    def _is_heading(self, found: Numbered, row: int, end: int) -> bool:
        """Tell the heading `1. Scope` from the item `1. Apples` of a list, by what stands around."""
        number = int(found.number) if found.number.isdecimal() else -1
        continues = self._numbers.lead_to(found.number)
        indent = self._indents[row]
        if not found.mark:
            return (continues or number in {0, 1}) and self._words[row][-1] not in ".:"
        before = self._lists.row_before(row, number)
        if before is not None:
            # A line of its own goes on with a list only if the items before are such lines.
            return continues and bool(self._words[before - 1])
        if continues:
            return True
        if end - row > 1 or number > 1:
            return False
        below = row_with_words(self._words, end)
        if below is None:
            return False
        following = read_number(self._words[below])
        return not (
            following is not None
            and following.number == str(number + 1)
            and self._indents[below] == indent
        )

    # Lists

    def _enumerated(self, row: int, end: int, *, at_start: bool) -> int | None:
        text = self._words[row]
        head = text[:8]
        if ")" not in head and "." not in head:
            return None
        lists = self._lists
        found = lists.next_item(row) or (
            lists.first_item(row) if at_start or lists.are_announced(row) else None
        )
        if found is None or found.width >= len(text):
            return None
        indent = self._indents[row]
        self._lists.add(row, found)
        number = text[: found.width].strip(" .()") if found.sequence == "arabic" else ""
        self._nodes.append(Item(row, indent, number, cut=found.width))
        return self._paragraph(row, end, cut=found.width)

    # Text

    def _term(self, row: int, end: int) -> int | None:
        page = self._page
        indent = self._indents[row]
        if indent <= self._term_indent or self._term_indent < 0:
            aside = (
                side_by_side(page, row, end)
                if row == end - 1 or self._indents[row + 1] >= indent
                else ()
            )
            if aside:
                for first, last, width, cut in aside:
                    self._nodes.append(Term(first, 0, width, indent))
                    self._nodes.append(Paragraph(first, last, indent + 1, cut))
                return aside[-1][1]
        found = term_at(page, row, end)
        if found is None:
            return None
        if indent not in self._terms and not term_follows(page, row):
            return None
        self._terms.add(indent)
        self._term_indent = indent
        width, cut = found
        self._nodes.append(Term(row, 0, width, indent))
        if cut:
            return self._paragraph(row, end, cut=cut, indent=indent + 1)
        return row + 1

    def _paragraph(self, row: int, end: int, *, cut: int = 0, indent: int | None = None) -> int:
        after = row + 1
        while after < end and not self._ends_paragraph(after, end):
            after += 1
        if after == end and _MEANS.search(" ".join(self._words[max(row, after - 2) : after])):
            after = self._end = end_of_items(self._words, after)
        indent = self._indents[row] if indent is None else indent
        if cut:
            indent = self._indents[row] + 1
        self._nodes.append(Paragraph(row, after, indent, cut))
        return after

    def _ends_paragraph(self, row: int, end: int) -> bool:
        text = self._words[row]
        indent = self._indents[row]
        if indent <= self._term_indent:
            return True
        if self._words[row - 1][-1] == ":" and indent > self._indents[row - 1]:
            return True
        first = text[0]
        if first in "-*+•‣◦▪–—·o" and _BULLET.match(text):
            return indent in self._bullets or self._words[row - 1].endswith(":")
        if row + 1 < end and self._words[row + 1][0] in "=-~^*#+" and self._underlines(row):
            return True
        head = text[:8]
        lists = self._lists
        if ")" in head or "." in head:
            if ENUMERATOR.match(text) and (
                lists.next_item(row) is not None
                or (lists.are_announced(row) and lists.first_item(row) is not None)
            ):
                return True
            if first.isdigit():
                found = read_number(text)
                return found is not None and self._goes_on_with(found.number)
        return False

    def _underlines(self, row: int) -> bool:
        text, below = self._words[row], self._words[row + 1]
        return bool(underline(below, text)) and is_title(text) and len(below) <= len(text) + 4
