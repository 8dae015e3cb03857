"""Reading settings from the environment, with everything that is wrong about them."""

from __future__ import annotations

import difflib
import enum
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from eventdocs.settings._declaring import PREFIX, Declared, Environment, Given, declared

_FILE: Final = "_FILE"
_SWITCHES: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

DEFAULT: Final = "default"
"""The source of a value that nobody has set."""


@attrs.frozen(kw_only=True)
class Reading:
    """What was read.

    Attributes:
        values: By the names of fields; only what was set.
        sources: Where these came from, in words.
        problems: What could not be read.
    """

    values: Mapping[str, Any]
    sources: Mapping[str, str]
    problems: tuple[str, ...]


class _UnfitError(Exception):
    """A text has not the form of its type; says what it should be."""


def settings_of(cls: type[attrs.AttrsInstance]) -> dict[str, Declared]:
    """Tell what a settings class declares, by the names of its fields."""
    return {field.name: declared(field) for field in attrs.fields(cls)}


def read(cls: type[attrs.AttrsInstance], environ: Mapping[str, str]) -> Reading:
    """Read the settings of *cls* from *environ*; what is empty counts as not set."""
    known = settings_of(cls)
    kinds = typing.get_type_hints(cls)
    names = {each.variable for each in known.values()}
    names |= {each.variable + _FILE for each in known.values() if each.mask is not None}
    problems = [
        _unknown(variable, names)
        for variable in sorted(environ)
        if variable.startswith(PREFIX) and variable not in names
    ]
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, each in known.items():
        try:
            found = _find(each, environ)
            if found is not None:
                values[name] = _parse(found[0], kinds[name], each)
                sources[name] = found[1]
        except _UnreadableError as error:
            problems.append(str(error))
    return Reading(values=values, sources=sources, problems=tuple(problems))


def problems_of(cls: type[attrs.AttrsInstance], values: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with *values*, of which there is one for each field."""
    given = _given(cls, values)
    known = settings_of(cls)
    single = [rule(given[name]) for name, each in known.items() for rule in each.rules]
    joint = [rule(given) for rule in getattr(cls, "RULES", ())]
    return [problem for problem in (*single, *joint) if problem is not None]


def warnings_of(cls: type[attrs.AttrsInstance], values: Mapping[str, Any]) -> list[str]:
    """Say what should better be set otherwise."""
    given = _given(cls, values)
    known = settings_of(cls)
    found = [rule(given[name]) for name, each in known.items() for rule in each.warnings]
    return [problem for problem in found if problem is not None]


def _given(cls: type[attrs.AttrsInstance], values: Mapping[str, Any]) -> dict[str, Given]:
    environment = values.get("environment")
    return {
        name: Given(
            variable=each.variable,
            value=values[name],
            shown=each.shown(values[name]),
            environment=environment
            if isinstance(environment, Environment)
            else Environment.DEVELOPMENT,
        )
        for name, each in settings_of(cls).items()
    }


class _UnreadableError(Exception):
    """A value cannot be found where it was said to be, or not be read."""


def _parse(text: str, kind: Any, each: Declared) -> Any:
    try:
        return _parser(kind)(text)
    except _UnfitError as unfit:
        told = repr(text[:80]) if each.mask is None else "something"
        raise _UnreadableError(f"{each.variable} is {told}, which is not {unfit}") from None


def _find(each: Declared, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Find the text of a setting, and say where."""
    text = environ.get(each.variable, "").strip()
    if each.mask is not None:
        variable = each.variable + _FILE
        path = environ.get(variable, "").strip()
        if path and text:
            raise _UnreadableError(f"{each.variable} and {variable} are both set; set one of them")
        if path:
            return _content_of(path, variable), f"file {path}"
    return (text, "environment") if text else None


def _content_of(path: str, variable: str) -> str:
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise _UnreadableError(f"{variable} is {path}: {reason}") from None
    if not text:
        raise _UnreadableError(f"{variable} is {path}: the file is empty")
    return text


def _unknown(variable: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(variable, sorted(known), n=1, cutoff=0)
    return f"{variable} is not a setting; did you mean {near[0]}?"


def _parser(kind: Any) -> Callable[[str], Any]:
    """Give what makes a value of a declared type from text."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = (each for each in typing.get_args(kind) if each is not type(None))
    if typing.get_origin(kind) is tuple and typing.get_args(kind) == (str, ...):
        return lambda text: tuple(each.strip() for each in text.split(",") if each.strip())
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return lambda text: _member(kind, text)
    parsers: Mapping[Any, Callable[[str], Any]] = {
        str: str,
        int: _whole_number,
        float: _number,
        bool: _switch,
        Path: Path,
    }
    try:
        return parsers[kind]
    except KeyError:
        raise TypeError(f"a setting of the type {kind} cannot be read from text") from None


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _UnfitError("a whole number") from None


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise _UnfitError("a number") from None
    if not math.isfinite(number):
        raise _UnfitError("a number")
    return number


def _switch(text: str) -> bool:
    try:
        return _SWITCHES[text.lower()]
    except KeyError:
        raise _UnfitError("true or false") from None


def _member(kind: type[enum.Enum], text: str) -> enum.Enum:
    for each in kind:
        if str(each.value) == text.lower():
            return each
    raise _UnfitError(f"one of {', '.join(str(each.value) for each in kind)}")
