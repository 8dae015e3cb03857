"""The floor on SQLite: the standard library's driver and nothing above it."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
from typing_extensions import override

from benchmarks.subject import PAGE, Row, Subject, rows

_INSERT = "INSERT INTO log (stream, version, id, payload) VALUES (?, ?, ?, ?)"


class SqliteFloor(Subject):
    """A plain table in a file, as durable as the log: write-ahead log, `synchronous=FULL`."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(
            "CREATE TABLE log (sequence INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, "
            "version INTEGER NOT NULL, id BLOB NOT NULL UNIQUE, payload TEXT NOT NULL, "
            "UNIQUE (stream, version))"
        )
        self._models = itertools.count(1)

    @override
    async def append_sequentially(self, count: int) -> None:
        for row in rows(count):
            self._write([row])

    @override
    async def append_concurrently(self, count: int, *, writers: int) -> None:
        # SQLite has one writer: more tasks would take turns.
        await self.append_sequentially(count)

    @override
    async def append_batches(self, count: int, *, size: int) -> None:
        made = rows(count, per_stream=size)
        for start in range(0, count, size):
            self._write(made[start : start + size])

    def _write(self, batch: Sequence[Row]) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(
            _INSERT, [(row.stream, row.version, row.id.bytes, row.payload) for row in batch]
        )
        self.connection.execute("COMMIT")

    def _pages(self) -> Iterator[list[tuple[int, str]]]:
        last = 0
        while page := self.connection.execute(
            "SELECT sequence, payload FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (last, PAGE),
        ).fetchall():
            last = page[-1][0]
            yield page

    @override
    async def scan(self) -> int:
        count = 0
        for page in self._pages():
            for _, payload in page:
                assert orjson.loads(payload)["text"]
                count += 1
        return count

    @override
    async def project(self) -> int:
        table = f"model_{next(self._models)}"
        self.connection.execute(f"CREATE TABLE {table} (sequence INTEGER PRIMARY KEY, text TEXT)")
        for page in self._pages():
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany(
                f"INSERT INTO {table} VALUES (?, ?)",
                [(sequence, orjson.loads(payload)["text"]) for sequence, payload in page],
            )
            self.connection.execute("COMMIT")
        count: int = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
