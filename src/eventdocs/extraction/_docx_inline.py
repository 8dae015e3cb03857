"""The text inside paragraphs of Word documents: runs, fields, links, formulas and notes as prose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Literal, TypeAlias

import attrs
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml names no public type

from eventdocs.extraction._docx_fields import begins_contents, read_field
from eventdocs.extraction._docx_names import COMPATIBILITY, MATH, RELATION, WORD
from eventdocs.extraction._docx_package import Relation
from eventdocs.extraction._docx_signs import script_sign, symbol_font
from eventdocs.extraction._docx_styles import Look, Styles, look_of
from eventdocs.extraction._docx_text import PlainText
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._omml import omml_latex
from eventdocs.extraction._prose import Mark, MarkKind, Prose

__all__ = ["Inline", "NoteKind", "Story", "chosen"]

NoteKind: TypeAlias = Literal["footnote", "endnote"]

_DROPPED = frozenset({f"{WORD}del", f"{WORD}moveFrom", f"{WORD}pPr", f"{WORD}rPr"})
_PROPERTIES = f"{WORD}rPr"
_TEXT = f"{WORD}t"
_SYMBOL = f"{WORD}sym"
_FIELD_CHARACTER = f"{WORD}fldChar"
_SIGNS = {f"{WORD}tab": "\t", f"{WORD}ptab": "\t", f"{WORD}noBreakHyphen": "-"}
_LOOKS: tuple[MarkKind, ...] = ("strong", "emphasis", "code")
_UNSTYLED = (False, False, False)
_OPAQUE_LINES = str.maketrans("\n\r\x0b\x0c\x85\u2028\u2029", "       ")


@attrs.define(eq=False)
class _OpenField:
    """A field whose end has not come yet."""

    instruction: list[str] = attrs.field(factory=list[str])
    shows: bool = False
    contents: bool = False
    where: Prose | None = None
    start: int = 0
    place: int = 0


@attrs.define(eq=False)
class Story:
    """What the paragraphs of one part have in common: fields, for one, reach over several.

    Attributes:
        text: Where the text goes.
        styles: The styles of the document.
        relations: Where the part points.
        formulas: Tells how formulas read.
        note: Counts a note that is referred to; None if there is none of that id.
        fields: Fields that are open.
        looks: How runs look that have such properties.
    """

    text: PlainText
    styles: Styles
    relations: dict[str, Relation]
    formulas: FormulaReader
    note: Callable[[NoteKind, str], str | None]
    fields: list[_OpenField] = attrs.field(factory=list[_OpenField])
    looks: dict[tuple[Look, str | None, bool | None], Look] = attrs.field(
        factory=dict[tuple[Look, "str | None", "bool | None"], Look]
    )

    @property
    def hides(self) -> bool:
        """Whether an instruction of a field is being read, which is no text."""
        return any(not field.shows for field in self.fields)

    @property
    def in_contents(self) -> bool:
        """Whether a table of contents, or of figures, is being read."""
        return bool(self.fields) and any(field.contents for field in self.fields)


class Inline:
    """Reads what stands in one paragraph.

    Attributes:
        lines: Its text; parts that are divided by line breaks apart.
        bookmarks: Names that begin in it.
        sequences: Counters in it, such as `Table` with `3`.
        notes: Notes that it refers to: kind, id and label.
        boxes: Text boxes that hang on it.
        contents: It belongs to a table of contents.
    """

    def __init__(self, story: Story, look: Look) -> None:
        self._story = story
        self._base = look
        self._prose = Prose()
        self._at = 0
        self._pending: list[str] = []
        self._pending_place = 0
        self._state = _UNSTYLED
        self._shown: Look | None = None
        self._since = [0, 0, 0]
        self._places = [0, 0, 0]
        self.lines: list[Prose] = [self._prose]
        self.bookmarks: list[str] = []
        self.sequences: list[tuple[str, str]] = []
        self.notes: list[tuple[NoteKind, str, str]] = []
        self.boxes: list[Element] = []
        self.contents = story.in_contents

    def read(self, elements: Iterable[Element]) -> None:
        """Read what stands in a paragraph, such as all that an element holds."""
        for child in elements:
            handler = self._HANDLERS.get(child.tag)
            if handler is not None:
                handler(self, child)
            elif child.tag not in _DROPPED and len(child):
                # Insertions, structured tags and the like: what they hold is text as ever.
                self.read(child)

    def finish(self) -> None:
        """The paragraph has ended."""
        self._restyle(_UNSTYLED)
        self._flush()
        self.contents = self.contents or self._story.in_contents
        for line in self.lines:
            line.marks.sort(key=lambda mark: (mark.start, mark.source[0]))

    # Text

    def _run(self, run: Element) -> None:
        look = self._base
        for child in run:
            tag = child.tag
            if tag == _PROPERTIES:
                look = self._look(child)
                if look.hidden and run.find(_FIELD_CHARACTER) is None:
                    return
            elif tag == _TEXT:
                self._text(child.text or "", look)
            elif tag in _SIGNS:
                self._text(_SIGNS[tag], look)
            elif tag == _SYMBOL:
                font, code = child.get(f"{WORD}font", ""), child.get(f"{WORD}char", "")
                self._text(symbol_font(font, code), look)
            else:
                handler = self._IN_RUN.get(tag)
                if handler is not None:
                    handler(self, child)

    def _look(self, properties: Element) -> Look:
        own, style = look_of(properties)
        key = own, style, self._base.hidden
        known = self._story.looks.get(key)
        if known is None:
            if style is not None:
                own = own.over(self._story.styles.look(style))
            known = self._story.looks[key] = own.over(self._base)
        return known

    def _text(self, text: str, look: Look) -> None:
        if not text or look.hidden or (self._story.fields and self._story.hides):
            return
        if not text.isprintable():
            text = text.translate(_OPAQUE_LINES)
        if look is not self._shown and not text.isspace():
            self._restyle((bool(look.bold), bool(look.italic), bool(look.code)))
            self._shown = look
        if look.raised is not None:
            text = script_sign(self._before(), text, look.raised)
        place = self._story.text.write(text)
        if not self._pending:
            self._pending_place = place[0]
        self._pending.append(text)
        self._at += len(text)

    def _before(self) -> str:
        if self._pending:
            return self._pending[-1]
        return self._prose.text[-12:]

    def _restyle(self, state: tuple[bool, bool, bool]) -> None:
        self._shown = None
        if state == self._state:
            return
        here = self._story.text.length
        for number, kind in enumerate(_LOOKS):
            if self._state[number] and not state[number] and self._at > self._since[number]:
                since = self._since[number]
                place = self._places[number], here
                content = ""
                if kind == "code":
                    self._flush()
                    content = self._prose.text[since : self._at]
                self._mark(kind, since, content, place)
            elif state[number] and not self._state[number]:
                self._since[number], self._places[number] = self._at, here
        self._state = state

    def _flush(self) -> None:
        if self._pending:
            text = "".join(self._pending)
            place = self._pending_place, self._pending_place + len(text)
            self._prose.add(text, place, verbatim=True)
            self._pending = []

    def _add(self, text: str, place: tuple[int, int]) -> int:
        """Add what is written otherwise than it reads; returns where it begins."""
        self._flush()
        start = self._at
        self._prose.add(text, place)
        self._at += len(text)
        return start

    def _mark(
        self, kind: MarkKind, start: int, content: str, place: tuple[int, int], detail: str = ""
    ) -> None:
        self._prose.marks.append(Mark(kind, start, self._at, content, place, detail))

    def _break(self, _: Element) -> None:
        if self._story.fields and self._story.hides:
            return
        state = self._state
        self._restyle(_UNSTYLED)
        self._flush()
        self._story.text.write("\n")
        self._prose = Prose()
        self._at = 0
        self.lines.append(self._prose)
        self._restyle(state)

    def _ruby(self, ruby: Element) -> None:
        base = ruby.find(f"{WORD}rubyBase")
        if base is not None:
            self.read(base)

    # Formulas

    def _formulas(self, paragraph: Element) -> None:
        for number, math in enumerate(paragraph.iterfind(f".//{MATH}oMath")):
            if number:
                self._add(" ", self._story.text.write(" "))
            self._math(math, display=True)

    def _formula(self, math: Element) -> None:
        self._math(math, display=False)

    def _math(self, math: Element, *, display: bool) -> None:
        latex = "" if self._base.hidden else omml_latex(math)
        if not latex or (self._story.fields and self._story.hides):
            return
        self._restyle(_UNSTYLED)
        text = self._story.text
        text.write("$")
        place = text.write(latex)
        text.write("$")
        start = self._add(self._story.formulas.read(latex, display=display).text, place)
        self._prose.marks.append(
            Mark(
                "formula",
                start,
                self._at,
                latex,
                place,
                "display" if display else "inline",
                notation="omml",
            )
        )

    # Names and references

    def _bookmark(self, element: Element) -> None:
        name = element.get(f"{WORD}name", "")
        if name and name != "_GoBack":
            self.bookmarks.append(name)
            here = self._story.text.length
            self._prose.marks.append(Mark("anchor", self._at, self._at, name, (here, here)))

    def _hyperlink(self, element: Element) -> None:
        relation = self._story.relations.get(element.get(f"{RELATION}id", ""))
        anchor = element.get(f"{WORD}anchor")
        target = relation.target if relation is not None and relation.external else ""
        if anchor:
            target = f"{target}#{anchor}"
        prose, start, place = self._prose, self._at, self._story.text.length
        self.read(element)
        if target and not (self._story.fields and self._story.hides):
            self._link(target, prose, start, place)

    def _link(self, target: str, prose: Prose, start: int, place: int) -> None:
        if prose is not self._prose:
            # It began on a line before.
            start = 0
        self._mark(
            "link", start, target, (min(place, self._story.text.length), self._story.text.length)
        )

    def _simple_field(self, element: Element) -> None:
        field = self._begin_field()
        field.instruction.append(element.get(f"{WORD}instr", ""))
        self._separate(field)
        self.read(element)
        self._end_field()

    def _field_character(self, element: Element) -> None:
        match element.get(f"{WORD}fldCharType"):
            case "begin":
                self._begin_field()
            case "separate" if self._story.fields:
                self._separate(self._story.fields[-1])
            case "end" if self._story.fields:
                self._end_field()
            case _:
                pass

    def _instruction(self, element: Element) -> None:
        if self._story.fields and not self._story.fields[-1].shows:
            self._story.fields[-1].instruction.append(element.text or "")

    def _begin_field(self) -> _OpenField:
        field = _OpenField()
        self._story.fields.append(field)
        return field

    def _separate(self, field: _OpenField) -> None:
        field.shows = True
        field.contents = begins_contents("".join(field.instruction))
        self.contents = self.contents or field.contents
        field.where, field.start, field.place = self._prose, self._at, self._story.text.length

    def _end_field(self) -> None:
        field = self._story.fields.pop()
        if self._story.fields and self._story.hides:
            return
        read = read_field("".join(field.instruction))
        if read is None:
            return
        end = self._story.text.length
        if field.where is None:
            field.where, field.start, field.place = self._prose, self._at, end
        if field.where not in self.lines:
            # It began in a paragraph before, so there is no one text that it shows.
            return
        if field.where is not self._prose:
            field.start = 0
        place = field.place, end
        match read.kind:
            case "reference":
                self._mark("link", field.start, f"#{read.targets[0]}", place)
            case "link":
                self._mark("link", field.start, read.targets[0], place)
            case "citation":
                for key in read.targets:
                    self._mark("reference", field.start, key, place, "{cite}")
            case "sequence":
                self._flush()
                self.sequences.append((read.targets[0], self._prose.text[field.start :]))

    # Notes and boxes

    def _footnote(self, element: Element) -> None:
        self._note("footnote", element)

    def _endnote(self, element: Element) -> None:
        self._note("endnote", element)

    def _note(self, kind: NoteKind, element: Element) -> None:
        note_id = element.get(f"{WORD}id", "")
        label = self._story.note(kind, note_id)
        if label is not None:
            self.notes.append((kind, note_id, label))
        self._flush()
        label = label or f"missing {kind} {note_id}"
        place = self._story.text.write(f"[^{label}]")
        self._mark("reference", self._at, label, place, "footnote")

    def _drawing(self, element: Element) -> None:
        self.boxes.extend(_boxes(element))

    def _alternative(self, element: Element) -> None:
        branch = chosen(element)
        if branch is not None:
            self.read(branch)

    def _alternative_in_run(self, element: Element) -> None:
        branch = chosen(element)
        for child in branch if branch is not None else ():
            handler = self._HANDLERS.get(child.tag) or self._IN_RUN.get(child.tag)
            if handler is not None:
                handler(self, child)
            elif child.tag == _TEXT:
                self._text(child.text or "", self._base)

    _HANDLERS: ClassVar[dict[str, Callable[[Inline, Element], None]]] = {
        f"{WORD}r": _run,
        f"{WORD}hyperlink": _hyperlink,
        f"{WORD}fldSimple": _simple_field,
        f"{WORD}bookmarkStart": _bookmark,
        f"{MATH}oMath": _formula,
        f"{MATH}oMathPara": _formulas,
        f"{COMPATIBILITY}AlternateContent": _alternative,
    }
    _IN_RUN: ClassVar[dict[str, Callable[[Inline, Element], None]]] = {
        f"{WORD}br": _break,
        f"{WORD}cr": _break,
        f"{WORD}fldChar": _field_character,
        f"{WORD}instrText": _instruction,
        f"{WORD}footnoteReference": _footnote,
        f"{WORD}endnoteReference": _endnote,
        f"{WORD}drawing": _drawing,
        f"{WORD}pict": _drawing,
        f"{WORD}object": _drawing,
        f"{COMPATIBILITY}AlternateContent": _alternative_in_run,
        f"{WORD}ruby": _ruby,
    }


def chosen(alternatives: Element) -> Element | None:
    """The one of several alternatives that is shown: the first that is not only a fallback."""
    return next(
        (
            each
            for name in ("Choice", "Fallback")
            for each in alternatives.iterfind(f"{COMPATIBILITY}{name}")
            if len(each)
        ),
        None,
    )


def _boxes(element: Element) -> Iterator[Element]:
    """The contents of text boxes in a drawing, outermost only, each alternative once."""
    waiting = [element]
    while waiting:
        current = waiting.pop()
        if current.tag == f"{WORD}txbxContent":
            yield current
        elif current.tag == f"{COMPATIBILITY}AlternateContent":
            branch = chosen(current)
            if branch is not None:
                waiting.append(branch)
        else:
            waiting.extend(reversed(current))
