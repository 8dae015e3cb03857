"""Fingerprints: what tells that a projector's code or tables have changed since it built."""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from types import FunctionType

from sqlalchemy.schema import CreateIndex, CreateTable

from eventdocs.projections._projector import Projector


def fingerprint_of(cls: type[Projector]) -> str:
    """Digest the code of *cls* and of its bases, and its tables.

    Layout and comments do not count, nor does code outside of the classes. A changed
    fingerprint is a hint that a rebuild could give other rows, not a proof.
    """
    digest = hashlib.sha256()
    for base in cls.__mro__:
        if base is Projector:
            break
        digest.update(_code_of(base).encode())
    for table in cls.tables:
        digest.update(str(CreateTable(table)).encode())
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            digest.update(str(CreateIndex(index)).encode())
    return digest.hexdigest()[:32]


def _code_of(cls: type) -> str:
    try:
        return ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(cls))))
    except (OSError, TypeError, SyntaxError):
        # No source, as in a console or a frozen application: what was compiled must do.
        return "".join(
            f"{name}{value.__code__.co_code.hex()}{value.__code__.co_names}"
            for name, value in sorted(vars(cls).items())
            if isinstance(value, FunctionType)
        )
