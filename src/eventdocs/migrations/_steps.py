"""Steps: the SQL that leads from each version of the schema to its neighbours."""

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
_FILE_NAME: Final = re.compile(r"(?P<version>\d{4})_(?P<name>\w+)(?P<down>\.down)?\.sql")
_LOSES: Final = re.compile(r"-- Loses: (?P<what>.*)\.\n")
_COMMENT: Final = re.compile(r"\A(?:--[^\n]*(?:\n|\Z)|\s+)*")
_INDEX: Final = re.compile(r"(?P<verb>CREATE|DROP) INDEX (?P<name>\S+)(?P<rest>.*)", re.DOTALL)
_TABLE_OF_INDEX: Final = re.compile(r"\A ON (?P<qualifier>\S+\.)?\w+ ")
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
    """The way from one version of the schema to the next, or back.

    Attributes:
        version: The version that has come into being with it, from 1.
        name: What it is about.
        is_down: Whether it takes that version back instead.
        loses: What is lost with it for ever; empty if nothing is.
        sql: Its statements, before a schema is chosen.
        checksum: SHA-256 of them.
    """

    version: int
    name: str
    is_down: bool = False
    loses: str = ""
    sql: str = attrs.field(repr=False)
    checksum: str

    @property
    def leads_to(self) -> int:
        """The version that the database has after it."""
        return self.version - self.is_down

    @property
    def is_online(self) -> bool:
        """Whether it makes and drops indexes only, which PostgreSQL can do beside writers."""
        found = [_COMMENT.sub("", each) for each in split(self.sql)]
        return bool(found) and all(not each or _INDEX.match(each) for each in found)

    def statements(self, schema: str | None, *, concurrently: bool = False) -> Iterator[str]:
        """Give its statements one by one.

        Args:
            schema: Qualifies the names in them.
            concurrently: Make and drop indexes beside writers, if it does nothing else;
                PostgreSQL takes such statements outside of transactions only.
        """
        qualifier = "" if schema is None else f'"{schema}".'
        is_online = self.is_online
        for statement in split(self.sql.replace(_SCHEMA, qualifier)):
            if is_online:
                yield from _healing(statement, "CONCURRENTLY " if concurrently else "")
            elif _COMMENT.sub("", statement):
                yield statement


@cache
def steps(dialect: str) -> tuple[Step, ...]:
    """Read all steps up for *dialect*, in order."""
    return tuple(step for step in _read(dialect) if not step.is_down)


@cache
def steps_down(dialect: str) -> tuple[Step, ...]:
    """Read all steps down for *dialect*, in the order in which they are taken."""
    return tuple(step for step in reversed(_read(dialect)) if step.is_down)


def route(dialect: str, since: int, to: int) -> list[Step]:
    """List the steps that lead from one version to another, up or down."""
    if since <= to:
        return [step for step in steps(dialect) if since < step.version <= to]
    return [step for step in steps_down(dialect) if to < step.version <= since]


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


def _read(dialect: str) -> list[Step]:
    found: list[Step] = []
    for file in (
        importlib.resources.files("eventdocs.migrations").joinpath("sql", dialect).iterdir()
    ):
        match = _FILE_NAME.fullmatch(file.name)
        if match is not None:
            sql = file.read_text("utf-8")
            loses = _LOSES.match(sql)
            found.append(
                Step(
                    version=int(match["version"]),
                    name=match["name"],
                    is_down=match["down"] is not None,
                    loses="" if loses is None else loses["what"],
                    sql=sql,
                    checksum=hashlib.sha256(sql.encode()).hexdigest(),
                )
            )
    return sorted(found, key=lambda step: step.version)


def _healing(statement: str, how: str) -> Iterator[str]:
    """Make and drop an index whatever an interruption has left of it."""
    match = _INDEX.match(_COMMENT.sub("", statement))
    if match is None:
        return
    name, rest = match["name"], match["rest"]
    if match["verb"] == "CREATE":
        table = _TABLE_OF_INDEX.match(rest.replace("\n", " "))
        qualifier = (table and table["qualifier"]) or ""
        yield f"DROP INDEX {how}IF EXISTS {qualifier}{name}"
        yield f"CREATE INDEX {how}{name}{rest}"
    else:
        yield f"DROP INDEX {how}IF EXISTS {name}{rest}"


LATEST: Final = steps(DIALECTS[0])[-1].version
"""The version of the schema that this eventdocs works with."""
