"""Finders: definitions and formulas that a host finds beside what extractors read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeAlias, get_args

import attrs
from attrs.validators import deep_iterable, in_, instance_of, optional

from eventdocs.errors import ConfigurationError
from eventdocs.extraction._registry import Extracted
from eventdocs.ir import DefinitionForm, Provenance, Scope, normalise_term

__all__ = ["Discarded", "Finder", "Found", "FoundDefinition", "FoundFormula", "provenances"]

_METHODS = ("model", "pattern")


def _text(_: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{attribute.name} is a {type(value).__name__}, not text")
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise ValueError(f"{attribute.name} holds U+0000 or half a surrogate pair")


def _term(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not normalise_term(value):
        raise ValueError(f"{attribute.name} is empty")


def _place(_: object, attribute: attrs.Attribute[tuple[int, int]], value: object) -> None:
    match value:
        case (int(start), int(end)) if type(value) is tuple and 0 <= start < end:
            return
        case _:
            raise ValueError(f"{attribute.name} is {value!r}, not (start, end) of some text")


def _confidence(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    if not isinstance(value, int | float):
        raise TypeError(f"{attribute.name} is a {type(value).__name__}, not a number")
    if not 0 <= value <= 1:
        raise ValueError(f"{attribute.name} is {value}, not from 0 to 1")


@attrs.frozen(kw_only=True)
class FoundDefinition:
    """A definition that a finder has found.

    Attributes:
        place: Where it stands: first character and end, in the text that was given.
        term: What is defined.
        body_place: Where the defining text stands, inside *place*.
        confidence: How sure the finder is, from 0 to 1.
        aliases: Other words for the term.
        symbol: LaTeX of the mathematical symbol it defines, if any.
        unit: Unit of the quantity, if stated.
        form: The way it is written.
        scope: How far it is valid.

    Raises:
        TypeError: A value is of another type.
        ValueError: A value cannot be meant, such as an end before its start.
    """

    place: tuple[int, int] = attrs.field(validator=_place)
    term: str = attrs.field(validator=[_text, _term])
    body_place: tuple[int, int] = attrs.field(validator=_place)
    confidence: float = attrs.field(validator=_confidence)
    aliases: tuple[str, ...] = attrs.field(
        default=(), validator=deep_iterable(_text, instance_of(tuple))
    )
    symbol: str | None = attrs.field(default=None, validator=optional(_text))
    unit: str | None = attrs.field(default=None, validator=optional(_text))
    form: DefinitionForm = attrs.field(default="sentence", validator=in_(get_args(DefinitionForm)))
    scope: Scope = attrs.field(default="document", validator=in_(get_args(Scope)))

    def __attrs_post_init__(self) -> None:
        (start, end), (first, last) = self.place, self.body_place
        if not start <= first < last <= end:
            raise ValueError(f"body_place is {self.body_place!r}, not inside {self.place!r}")


@attrs.frozen(kw_only=True)
class FoundFormula:
    """A formula that a finder has found.

    Attributes:
        place: Where it stands: first character and end, in the text that was given.
        confidence: How sure the finder is, from 0 to 1.
        latex: What the formula is in LaTeX; None if that is what stands at *place*.
        display: It stands on a line of its own.
        number: The number it is referred to by.

    Raises:
        TypeError: A value is of another type.
        ValueError: A value cannot be meant, such as an end before its start.
    """

    place: tuple[int, int] = attrs.field(validator=_place)
    confidence: float = attrs.field(validator=_confidence)
    latex: str | None = attrs.field(default=None, validator=optional(_text))
    display: bool = attrs.field(default=False, validator=instance_of(bool))
    number: str | None = attrs.field(default=None, validator=optional(_text))


Found: TypeAlias = FoundDefinition | FoundFormula


class Finder(Protocol):
    """Finds definitions or formulas that no markup gives, such as by a language model.

    It adds, and never overwrites: what overlaps a definition or formula that markup gives,
    or that is as sure, is discarded. So it may find what is known already. An extractor's
    guess that is less sure gives way.

    Attributes:
        name: Stands in the provenance of what it finds; an extractor's name is taken.
        version: Changes whenever the same document would give other results.
        library: The model or library underneath, with its version.
        method: Whether a model finds, or a pattern.
    """

    name: str
    version: str
    library: str
    method: Literal["model", "pattern"]

    def find(self, document: Extracted) -> Iterable[Found]:
        """Find in *document* what its extractor may have overlooked.

        Equal documents give equal results, in any order. An error loses what this finder
        has found in the document, and nothing else.

        Args:
            document: The text, which places refer to, and what is known of it: sections,
                and all else that was read.
        """
        ...


@attrs.frozen(kw_only=True)
class Discarded:
    """Something that a finder has found in vain.

    Attributes:
        finder: Its name.
        place: Where that is; None if the finder failed.
        reason: Why it was discarded.
    """

    finder: str
    place: tuple[int, int] | None
    reason: str


def provenances(finders: Sequence[Finder]) -> list[tuple[Finder, Provenance]]:
    """Say of every finder how what it finds is signed.

    Raises:
        ConfigurationError: Something that they must have is missing, or names are equal.
    """
    problems: list[str] = []
    signed: list[tuple[Finder, Provenance]] = []
    names: set[object] = set()
    for finder in finders:
        name = getattr(finder, "name", None)
        label = f"finder {name!r}" if name else f"a finder of {type(finder).__qualname__}"
        facts = {each: getattr(finder, each, None) for each in ("name", "version", "library")}
        problems += [
            f"{label}: its {each} is {value!r}; it must be text"
            for each, value in facts.items()
            if not isinstance(value, str) or not value.strip() or not value.isprintable()
        ]
        method = getattr(finder, "method", None)
        if method not in _METHODS:
            problems.append(f"{label}: its method is {method!r}; it must be 'model' or 'pattern'")
        if name and name in names:
            problems.append(f"{label}: another finder has this name")
        names.add(name)
        if not problems:
            prov = Provenance(
                extractor=finder.name,
                extractor_version=finder.version,
                library=finder.library,
                method=finder.method,
            )
            signed.append((finder, prov))
    if problems:
        raise ConfigurationError(problems)
    return signed
