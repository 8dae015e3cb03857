"""Changes in words, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from eventdocs.ir._canonical import kind_of
from eventdocs.ir._diff import Added, Changed, FieldChange, IRDiff, Moved, Removed
from eventdocs.ir._entities import Formula, Symbol
from eventdocs.ir._names import name_of, shorten
from eventdocs.ir._parameters import is_mention
from eventdocs.ir._symbols import spell
from eventdocs.types import JSONObject, JSONValue

Change: TypeAlias = Added | Removed | Changed | Moved
"""One change of meaning."""


_SAID_BY = {
    "number": frozenset({"title"}),
    "anchor": frozenset({"title"}),
    "text": frozenset({"raw_target"}),
    "columns": frozenset({"cells"}),
    "declared_widths": frozenset({"cells"}),
    "n_rows": frozenset({"cells"}),
    "n_cols": frozenset({"cells"}),
    "term_key": frozenset({"term"}),
    "uses": frozenset({"body"}),
}
"""Fields that change because others do."""


def summaries(change: IRDiff) -> tuple[str, ...]:
    """Say every change of meaning in one line: what was added, removed, changed, moved.

    A symbol in running text is no line of its own, nor is what only went along with its
    section.
    """
    changes: tuple[Change, ...] = (*change.added, *change.removed, *change.changed, *change.moved)
    return tuple(describe(each) for each in changes if not _goes_without_saying(each))


def _goes_without_saying(change: Change) -> bool:
    match change:
        case Added(entity=Formula() as formula) | Removed(entity=Formula() as formula):
            return is_mention(formula)
        case Moved():
            return change.along
        case _:
            return False


def describe(change: Change) -> str:
    """Say one change in one line, such as `formula W_i gained λ`."""
    match change:
        case Added(entity=entity):
            return f"{kind_of(entity)} {name_of(entity)} was added{_where(entity.section)}"
        case Removed(entity=entity):
            return f"{kind_of(entity)} {name_of(entity)} was removed{_where(entity.section)}"
        case Moved():
            if change.old_section == change.new_section:
                return f"{change.kind} {change.name} changed places{_where(change.new_section)}"
            old, new = _path(change.old_section), _path(change.new_section)
            return f"{change.kind} {change.name} moved from {old} to {new}"
        case Changed():
            fields = {each.field: each for each in change.fields}
            words = [
                word
                for name in sorted(fields, key=lambda name: name != "variables")
                if not _SAID_BY.get(name, frozenset()) & fields.keys()
                for word in _field(fields[name])
            ]
            unique = list(dict.fromkeys(words)) or ["changed"]
            return f"{change.kind} {change.name} {'; '.join(unique)}"


def _where(section: Sequence[str]) -> str:
    return f" in {_path(section)}" if section else ""


def _path(section: Sequence[str]) -> str:
    return f"“{shorten(section[-1])}”" if section else "the beginning"


def _field(change: FieldChange) -> Iterator[str]:
    match change.field:
        case "variables":
            yield from _variables(_objects(change.old), _objects(change.new))
        case "latex":
            yield f"now reads {shorten(str(change.new))}"
        case "cells":
            yield from _cells(_objects(change.old), _objects(change.new))
        case "resolution":
            yield from _resolution(change)
        case "uses":
            yield from _uses(_texts(change.old), _texts(change.new))
        case "columns" | "declared_widths":
            yield f"has other {change.field.replace('_', ' ')}"
        case "symbol" | "defines":
            yield f"{change.field} {_symbol(change.new)} instead of {_symbol(change.old)}"
        case field:
            label = field.replace("_", " ")
            yield f"has {label} {_shown(change.new)} instead of {_shown(change.old)}"


def _variables(old: Sequence[JSONObject], new: Sequence[JSONObject]) -> Iterator[str]:
    before = {_symbol(each["symbol"]): each for each in old}
    after = {_symbol(each["symbol"]): each for each in new}
    gained = [name for name in after if name not in before]
    lost = [name for name in before if name not in after]
    if gained:
        yield f"gained {', '.join(gained)}"
    if lost:
        yield f"lost {', '.join(lost)}"
    for name, each in after.items():
        if name in before:
            one, other = _state(before[name]["resolution"]), _state(each["resolution"])
            if one != other:
                yield f"has {name} {other} instead of {one}"


def _uses(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Say which defined terms a definition has begun or ceased to build on."""
    for verb, some, others in (("now uses", new, old), ("no longer uses", old, new)):
        terms = [f"“{each}”" for each in some if each not in others]
        if terms:
            yield f"{verb} {', '.join(terms)}"


def _resolution(change: FieldChange) -> Iterator[str]:
    old, new = _state(change.old), _state(change.new)
    yield f"is {new} instead of {old}" if old != new else "points at something else"


def _state(resolution: JSONValue) -> str:
    return str(cast("JSONObject", resolution)["state"])


def _cells(old: Sequence[JSONObject], new: Sequence[JSONObject]) -> Iterator[str]:
    """Compare tables row by row; a row is known by its first cell."""
    before, after = _rows(old), _rows(new)
    for label in after:
        if label not in before:
            yield f"gained the row {label}"
    for label in before:
        if label not in after:
            yield f"lost the row {label}"
    for label, cells in after.items():
        others = before.get(label, cells)
        for col, text in cells.items():
            if col in others and others[col] != text:
                yield f"has {shorten(text)} instead of {shorten(others[col])} in the row {label}"


def _rows(cells: Sequence[JSONObject]) -> Mapping[str, Mapping[int, str]]:
    rows: dict[int, dict[int, str]] = {}
    for cell in cells:
        row, col, text = cell["row"], cell["col"], str(cell["text"])
        if isinstance(row, int) and isinstance(col, int):
            rows.setdefault(row, {})[col] = text
    named: dict[str, dict[int, str]] = {}
    for number, texts in rows.items():
        label = shorten(next(iter(texts.values()), "")) or f"number {number + 1}"
        named[label if label not in named else f"{label} ({number + 1})"] = texts
    return named


def _symbol(value: JSONValue) -> str:
    if not isinstance(value, Mapping):
        return "nothing"
    return spell(
        Symbol(
            base=str(value["base"]),
            decoration=tuple(map(str, cast("Sequence[str]", value["decoration"]))),
            subscript=tuple(map(str, cast("Sequence[str]", value["subscript"]))),
        )
    )


def _texts(value: JSONValue) -> Sequence[str]:
    return cast("Sequence[str]", value)


def _objects(value: JSONValue) -> Sequence[JSONObject]:
    return cast("Sequence[JSONObject]", value)


def _shown(value: JSONValue) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, str):
        return f"“{shorten(value)}”"
    return shorten(str(value))
