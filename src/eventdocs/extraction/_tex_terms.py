"""TeX terms: entries of glossaries, acronyms and nomenclatures, and the mentions of them."""

from __future__ import annotations

from collections.abc import Sequence

from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._tex_options import options_of
from eventdocs.extraction._tex_stream import Argument
from eventdocs.extraction._tex_tokens import Token
from eventdocs.extraction._tex_walk import TexWalk
from eventdocs.extraction._units import unit_in_text
from eventdocs.ir import DefinitionForm, Symbol

__all__ = ["TexTerms"]

_MENTIONS = (
    *(f"{first}{rest}" for first in ("gls", "Gls", "GLS") for rest in
      ("", "pl", "symbol", "name", "text", "first", "plural", "desc", "xtrshort", "xtrlong", "xtrfull")),
    "acrshort", "acrlong", "acrfull", "Acrshort", "Acrlong", "Acrfull", "acrshortpl", "acrlongpl", "acrfullpl",
    "ac", "acs", "acl", "acf", "acp", "acsp", "aclp", "acfp", "Ac", "Acl", "Acf", "Acp", "acsu", "aclu", "iac", "Iac",
)  # fmt: skip
_LINKED = ("glslink", "glsdisp", "hyperlinkgls")


class TexTerms:
    """Reads what a document declares as its terms."""

    def __init__(self, walk: TexWalk, draft: Draft, formulas: FormulaReader) -> None:
        self._walk = walk
        self._draft = draft
        self._formulas = formulas
        self._names: dict[str, str] = {}
        self.declaring = frozenset(
            "newglossaryentry provideglossaryentry longnewglossaryentry newacronym newabbreviation newdualentry "
            "DeclareAcronym acrodef newacro nomenclature glsxtrnewsymbol".split()
        )
        walk.on(["newglossaryentry", "provideglossaryentry", "longnewglossaryentry"], self._entry)
        walk.on(["newacronym", "newabbreviation"], self._acronym)
        walk.on(["newdualentry"], self._acronym)
        walk.on(["acro", "acrodef", "newacro", "acrodefplural"], self._acro)
        walk.on(["DeclareAcronym"], self._declared)
        walk.on(["nomenclature", "nomenclatures"], self._nomenclature)
        walk.on(["glsxtrnewsymbol"], self._symbol_entry)

    def reads(self, command: Token) -> bool:
        """Read a mention of a term; whether the command is one."""
        name = command.text[1:]
        if name not in _MENTIONS:
            return False
        stream = self._walk.stream
        stream.takes("*")
        stream.option()
        key = stream.group()
        if key is not None and key.text:
            text = self._names.get(key.text, key.text)
            if name.startswith(("gls", "Gls", "GLS")) and name.endswith("pl"):
                text += "s"
            place = (command.start, max(command.end, key.end))
            self._walk.prose.mark("reference", text, key.text, place, r"\gls")
        return True

    def _entry(self, command: Token) -> None:
        stream = self._walk.stream
        key, given = stream.group(), stream.group()
        if key is None or given is None:
            return
        options = options_of(given.tokens)
        body = options.get("description")
        end = given.end
        if command.text == r"\longnewglossaryentry":
            described = stream.group()
            if described is not None:
                body, end = list(described.tokens), described.end
        name = options.get("name") or list(key.tokens)
        symbol = options.get("symbol")
        aliases = [
            options[each] for each in ("plural", "text", "first", "symbol") if each in options
        ]
        self._define(
            command,
            end,
            key.text,
            name,
            body or [],
            form="glossary",
            aliases=aliases,
            symbol=symbol,
        )

    def _symbol_entry(self, command: Token) -> None:
        stream = self._walk.stream
        option = stream.option()
        key, name = stream.group(), stream.group()
        if key is None or name is None:
            return
        given = options_of(option.tokens) if option is not None else {}
        body = given.get("description") or []
        self._define(command, name.end, key.text, name.tokens, body, form="glossary")

    def _acronym(self, command: Token) -> None:
        stream = self._walk.stream
        stream.option()
        key, short, long = stream.group(), stream.group(), stream.group()
        if key is None or short is None or long is None:
            return
        end = long.end
        if command.text == r"\newdualentry":
            described = stream.group()
            end = described.end if described is not None else end
        self._define(
            command, end, key.text, short.tokens, long.tokens, form="acronym", aliases=[long.tokens]
        )

    def _acro(self, command: Token) -> None:
        stream = self._walk.stream
        key = stream.group()
        option = stream.option()
        long = stream.group()
        if key is None or long is None or command.text == r"\acrodefplural":
            return
        short = option.tokens if option is not None else key.tokens
        self._define(
            command, long.end, key.text, short, long.tokens, form="acronym", aliases=[long.tokens]
        )

    def _declared(self, command: Token) -> None:
        stream = self._walk.stream
        key, given = stream.group(), stream.group()
        if key is None or given is None:
            return
        options = options_of(given.tokens)
        short = options.get("short") or list(key.tokens)
        long = options.get("long")
        if long is not None:
            self._define(command, given.end, key.text, short, long, form="acronym", aliases=[long])

    def _nomenclature(self, command: Token) -> None:
        stream = self._walk.stream
        stream.option()
        symbol, meaning = stream.group(), stream.group()
        if symbol is not None and meaning is not None:
            self._define(command, meaning.end, "", symbol.tokens, meaning.tokens, form="glossary")

    def _define(
        self,
        command: Token,
        end: int,
        key: str,
        name: Sequence[Token],
        body: Sequence[Token],
        *,
        form: DefinitionForm,
        aliases: Sequence[Sequence[Token]] = (),
        symbol: Sequence[Token] | None = None,
    ) -> None:
        walk = self._walk
        term, told = walk.inline_tokens(name), walk.inline_tokens(body)
        others = [walk.inline_tokens(each).text for each in aliases]
        place = (command.start, max(command.end, end))
        written = told.whole() if len(told) else (place[1], place[1])
        local = self._draft.definition(
            place,
            term=term.text,
            body=told.text,
            body_place=written,
            form=form,
            symbol=self._symbol(walk.inline_tokens(symbol) if symbol else term),
            aliases=others,
            unit=unit_in_text(told.text),
            anchor=key or None,
            method="markup",
        )
        walk.text.add(term)
        walk.text.add(told)
        if key:
            self._names.setdefault(key, " ".join(term.text.split()))
            if local is not None:
                walk.anchors.entity(key, local)

    def _symbol(self, prose: Prose) -> Symbol | None:
        formulas = [mark for mark in prose.marks if mark.kind == "formula"]
        if len(formulas) != 1:
            return None
        read = self._formulas.read(formulas[0].content.strip(), display=False)
        return read.symbol or read.called


def text_of(argument: Argument | None) -> str:
    """The content of an argument that may be missing."""
    return argument.text if argument is not None else ""
