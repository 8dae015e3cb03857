"""What every command works with: where the database is, how to open it, how to answer."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from eventdocs.cli._output import Output

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from eventdocs.documents import Documents
    from eventdocs.projections import ProjectionRunner
    from eventdocs.settings import Settings
    from eventdocs.store import EventStore, Registrable

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells count it."""

DEFAULT_DATABASE = "sqlite:///eventdocs.db"

T = TypeVar("T")


class Library(NamedTuple):
    """Documents and what keeps their read models."""

    documents: Documents
    runner: ProjectionRunner


class App:
    """One invocation.

    Attributes:
        output: Where the answer goes.
        verbose: Whether log lines and tracebacks are shown.
        behind: By how many events the read models are behind the log, as far as known.
    """

    def __init__(self) -> None:
        self.output = Output()
        self.verbose = False
        self.behind = 0
        self.chosen_database: str | None = None
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """What the environment says, checked when it is first needed."""
        if self._settings is None:
            from eventdocs.settings import Settings

            chosen = {} if self.chosen_database is None else {"database_url": self.chosen_database}
            self._settings = Settings.from_environment(os.environ, chosen=chosen)
        return self._settings

    @property
    def database(self) -> str:
        """The database's URL: from the option, else the environment, else a file right here."""
        return self.settings.database_url or DEFAULT_DATABASE

    def run(
        self, work: Coroutine[Any, Any, T], *, last_words: Callable[[], None] | None = None
    ) -> T:
        """Run *work* to its end; everything it records carries one correlation id.

        Args:
            work: What to do.
            last_words: Says how far it came if Ctrl-C ends it. The process then ends at
                once, because a thread that reads a document cannot be stopped.
        """
        import asyncio

        from eventdocs.observability import correlate, new_correlation_id

        results: list[T] = []

        async def interruptible() -> None:
            try:
                # Not returned: putting the signal handler back, asyncio.run() has the text
                # of the whole task made, with its result, which takes seconds for a long IR.
                results.append(await work)
            except asyncio.CancelledError:
                if last_words is not None:
                    last_words()
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os._exit(INTERRUPTED)
                raise

        with correlate(new_correlation_id()):
            asyncio.run(interruptible())
        return results[0]

    @contextlib.asynccontextmanager
    async def store(
        self, *, create: bool = False, events: Iterable[Registrable] = ()
    ) -> AsyncGenerator[EventStore]:
        """Open the store.

        Args:
            create: Make an SQLite file that is not there; without it a missing file is
                an error, so that reading leaves nothing behind.
            events: What it can read besides the events of documents.
        """
        from eventdocs.backends import open_store
        from eventdocs.documents import DOCUMENT_EVENTS

        if not create:
            self.refuse_missing_file()
        async with open_store(
            self.database,
            events=(*DOCUMENT_EVENTS, *events),
            **self.settings.store_options(),
        ) as store:
            yield store

    @contextlib.asynccontextmanager
    async def library(
        self, *, create: bool = False, executor: Executor | None = None
    ) -> AsyncGenerator[Library]:
        """Open the store with its documents and their read models.

        Args:
            create: Make an SQLite file that is not there.
            executor: Where meanings are extracted; a thread by default.
        """
        from eventdocs.documents import (
            DocumentContents,
            Documents,
            DocumentViews,
            Findings,
            SemanticIR,
        )
        from eventdocs.extraction import Limits
        from eventdocs.projections import ProjectionRunner

        limits = Limits(**self.settings.limit_options())
        projectors = [DocumentViews(), DocumentContents(), SemanticIR(), Findings()]
        async with (
            self.store(create=create) as store,
            ProjectionRunner(store, projectors, **self.settings.runner_options()) as runner,
        ):
            yield Library(Documents(store, limits=limits, executor=executor), runner)

    @contextlib.asynccontextmanager
    async def documents(self) -> AsyncGenerator[Documents]:
        """Open the documents for reading; say so if the read models are behind the log."""
        async with self.library() as library:
            self.behind = max(status.lag for status in await library.runner.status())
            if self.behind:
                events = "1 event" if self.behind == 1 else f"{self.behind} events"
                self.output.note(
                    f"note: the read models are {events} behind the log; "
                    "`eventdocs projections catch-up` brings them up to date"
                )
            yield library.documents

    def nothing(self, text: str) -> str:
        """Say *text* of read models that are complete, and of others what they wait for."""
        if not self.behind:
            return text
        waiting = "1 event of the log waits" if self.behind == 1 else f"{self.behind} events wait"
        return f"none that is known yet: {waiting} for `eventdocs projections catch-up`"

    def refuse_missing_file(self) -> None:
        """Raise an error that says what to do if the database is a file that is not there."""
        from eventdocs.errors import ConfigurationError

        path = sqlite_path(self.database)
        if path is not None and not path.exists():
            problem = (
                f"there is no database {path}; make one with `eventdocs ingest PATH`, "
                "or name another with --database URL or EVENTDOCS_DATABASE_URL"
            )
            raise ConfigurationError([problem])

    def log_to_stderr(self) -> None:
        """Show the library's log lines."""
        from eventdocs.observability import ReadableFormatter

        handler = logging.StreamHandler()
        handler.setFormatter(ReadableFormatter())
        logger = logging.getLogger("eventdocs")
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)


def sqlite_path(url: str) -> Path | None:
    """Name the file behind an SQLite URL; None for any other database and for memory."""
    scheme, _, path = url.partition(":///")
    if scheme not in {"sqlite", "sqlite+aiosqlite"} or path in {"", ":memory:"}:
        return None
    return Path(path)
