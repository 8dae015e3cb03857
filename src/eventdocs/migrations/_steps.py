"""Steps: the SQL that leads from each version of the schema to the next."""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import attrs

DIALECTS: Final = ("postgresql", "sqlite")

_SCHEMA: Final = "@schema@."
_FILE_NAME: Final = re.compile(r"(?P<version>\d{4})_(?P<name>\w+)\.sql")
_TOKEN: Final = re.compile(
    r"""
      --[^\n]*                          # a comment
    | /\*.*?\*/
    | '(?:[^']|'')*'                    # a literal, or an identifier
    | "(?:[^"]|"")*"
    | (?P<tag>\$\w*\$).*?(?P=tag)       # a function's body
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)


@attrs.frozen(kw_only=True)
class Step:
    """One version of the schema.

    Attributes:
        version: The version the database has after it, from 1.
        name: What it is about.
        sql: Its statements, before a schema is chosen.
        checksum: SHA-256 of them.
    """

    version: int
    name: str
    sql: str = attrs.field(repr=False)
    checksum: str

    def statements(self, schema: str | None) -> Iterator[str]:
        """Give its statements one by one, the names in them qualified by *schema*."""
        qualifier = "" if schema is None else f'"{schema}".'
        yield from split(self.sql.replace(_SCHEMA, qualifier))


@cache
def steps(dialect: str) -> tuple[Step, ...]:
    """Read all steps for *dialect*, in order."""
    found: list[Step] = []
    for file in (
        importlib.resources.files("eventdocs.migrations").joinpath("sql", dialect).iterdir()
    ):
        match = _FILE_NAME.fullmatch(file.name)
        if match is not None:
            sql = file.read_text("utf-8")
            found.append(
                Step(
                    version=int(match["version"]),
                    name=match["name"],
                    sql=sql,
                    checksum=hashlib.sha256(sql.encode()).hexdigest(),
                )
            )
    return tuple(sorted(found, key=lambda step: step.version))


def split(script: str) -> Iterator[str]:
    """Split a script at the semicolons that end a statement, not at those within one."""
    start = 0
    for token in _TOKEN.finditer(script):
        if token["end"]:
            yield script[start : token.start()].strip()
            start = token.end()
    rest = script[start:].strip()
    if rest:
        yield rest


LATEST: Final = steps(DIALECTS[0])[-1].version
"""The version of the schema that this eventdocs works with."""
