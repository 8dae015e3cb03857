"""Fingerprints: what tells that something that built a read model has changed since."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from types import CodeType, FunctionType
from typing import Final, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Table
from sqlalchemy.schema import CreateIndex, CreateTable

from eventdocs.projections._projector import Projector
from eventdocs.store import EventRegistry, Split

PARTS: Final = ("handlers", "tables", "upcasters", "ordering")
"""What a fingerprint is made of, in its order; only that of a divided projection has the last."""

# To find a class in its source takes milliseconds, and status is asked for every second.
_known: Final[WeakKeyDictionary[type, str]] = WeakKeyDictionary()
_known_orders: Final[WeakKeyDictionary[type, str]] = WeakKeyDictionary()

_SCOPES = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def fingerprint_of(cls: type[Projector], registry: EventRegistry) -> str:
    """Digest the code of *cls* and of its bases, its tables, and how its events are read.

    Layout, comments and docstrings do not count, nor does code outside of the classes and
    of the upcasters. It is the same on every version of Python as long as there is source
    code. A changed fingerprint is a hint that a rebuild could give other rows, not a proof.
    Into how many partitions a projection is divided makes no difference to its rows.

    Args:
        cls: The projector.
        registry: Of the store that reads its events.
    """
    upcasters = _digest(_readings(cls, registry))
    order = f"-{_ordering_digest(cls)}" if cls.partitions > 1 else ""
    return f"{_handlers_digest(cls)}-{_tables_digest(cls.tables)}-{upcasters}{order}"


def changes_between(before: str, after: str) -> tuple[str, ...]:
    """Name the `PARTS` in which two fingerprints differ."""
    old, new = before.split("-"), after.split("-")
    if not {len(old), len(new)} <= {len(PARTS) - 1, len(PARTS)}:
        return PARTS
    return tuple(part for part, a, b in zip_longest(PARTS, old, new) if a != b)


def is_ordered_by(fingerprint: str, cls: type[Projector]) -> bool:
    """Tell whether a divided projection was divided by the ordering key that *cls* has now."""
    return fingerprint.split("-")[3:] == [_ordering_digest(cls)]


def ordered_anew(fingerprint: str, cls: type[Projector]) -> str:
    """Give *fingerprint* with the ordering key, and the division, that *cls* has now."""
    order = [_ordering_digest(cls)] if cls.partitions > 1 else []
    return "-".join(fingerprint.split("-")[:3] + order)


def _ordering_digest(cls: type[Projector]) -> str:
    if (known := _known_orders.get(cls)) is None:
        known = _known_orders[cls] = _digest([_code_of(cls.ordering_key)])
    return known


def _handlers_digest(cls: type[Projector]) -> str:
    if (known := _known.get(cls)) is None:
        bases = cls.__mro__[: cls.__mro__.index(Projector)]
        known = _known[cls] = _digest(_code_of(base) for base in bases)
    return known


def _tables_digest(tables: tuple[Table, ...]) -> str:
    return _digest(text for table in tables for text in _definition_of(table))


def _definition_of(table: Table) -> Iterator[str]:
    yield str(CreateTable(table))
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        yield str(CreateIndex(index))


def _readings(cls: type[Projector], registry: EventRegistry) -> Iterator[str]:
    recorded = {name for each in cls.handlers for name in registry.recorded_as(each)}
    for name in sorted(recorded):
        declared = registry.named(name) or registry.bygone(name)
        yield name
        if isinstance(declared, Split):
            yield _code_of(declared.by)
        for version, upcaster in sorted(getattr(declared, "upcasters", {}).items()):
            yield f"{version}: {_code_of(upcaster)}"


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def _code_of(thing: object) -> str:
    if isinstance(thing, functools.partial):
        return _code_of(thing.func)
    if not isinstance(thing, type | FunctionType):
        thing = type(thing)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    except (OSError, TypeError, SyntaxError):
        # No source, as in a console or a frozen application: what was compiled must do.
        return _compiled(thing)
    for each in ast.walk(tree):
        if isinstance(each, _SCOPES) and ast.get_docstring(each, clean=False) is not None:
            del each.body[0]
        if isinstance(each, ast.ClassDef):
            each.body = [line for line in each.body if not _sets_partitions(line)]
    return _spelled(tree)


def _sets_partitions(line: ast.stmt) -> bool:
    match line:
        case ast.Assign(targets=[ast.Name(id="partitions")]):
            return True
        case ast.AnnAssign(target=ast.Name(id="partitions")):
            return True
        case _:
            return False


def _spelled(node: object) -> str:
    """Write a syntax tree without what is empty: newer versions of Python have more such fields."""
    match node:
        case ast.JoinedStr(values=[*parts, ast.Constant(value="")]):
            return _spelled(ast.JoinedStr(parts))  # Python 3.12 adds an empty text to some
        case ast.AST():
            fields = [(name, value) for name, value in ast.iter_fields(node) if value != []]
            inside = ",".join(f"{name}={_spelled(value)}" for name, value in fields)
            return f"{type(node).__name__}({inside})"
        case list():
            return f"[{','.join(map(_spelled, cast('list[object]', node)))}]"
        case _:
            return repr(node)


def _compiled(thing: type | FunctionType) -> str:
    if isinstance(thing, FunctionType):
        return _bytecode(thing.__code__)
    return "".join(
        f"{name}{_bytecode(value.__code__)}"
        for name, value in sorted(vars(thing).items())
        if isinstance(value, FunctionType)
    )


def _bytecode(code: CodeType) -> str:
    constants = [
        _bytecode(each) if isinstance(each, CodeType) else _constant(each)
        for each in code.co_consts
    ]
    return f"{code.co_code.hex()}{code.co_names}{constants}"


def _constant(value: object) -> str:
    # The order of a set is another one in every process.
    if isinstance(value, frozenset):
        return repr(sorted(map(repr, cast("frozenset[object]", value))))
    return repr(value)
