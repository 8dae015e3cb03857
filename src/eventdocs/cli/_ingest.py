"""`eventdocs ingest`: files and folders become documents."""

from __future__ import annotations

import contextlib
import functools
import os
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._layout import one_line
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._paths import Found, find

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Executor

    from eventdocs.documents import Documents, Ingested

TURNS = 12  # about a minute of an SQLite file's patience


@attrs.frozen(kw_only=True)
class FileOutcome:
    """What became of one file.

    Attributes:
        path: As it was given or found.
        outcome: What the document's service says, or `failed`.
        document_id: The document; None if it was not recorded.
        revision: The revision that these bytes are.
        error: Why it failed.
    """

    path: str
    outcome: str
    document_id: UUID | None = None
    revision: int | None = None
    error: str | None = None


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--revises",
    metavar="DOCUMENT",
    help="The one file given is a new revision of this document, whatever its name.",
)
@click.option(
    "--jobs",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    default=1,
    help="Extract meanings in this many processes at once; 1, the default, needs none.",
)
@database_option
@common_options
@pass_app
def ingest(app: App, *, paths: tuple[str, ...], revises: str | None, jobs: int) -> None:
    """Bring in files and folders as documents.

    PATH is a file, a folder or a pattern such as 'docs/**/*.md'.

    A file that came in before is the same document: other bytes are its next revision,
    the same bytes change nothing. So an interrupted run goes on when it is repeated.
    A file that fails is reported with its reason, and the others go on, also if it
    takes the process that extracts its meaning down.
    """
    found = find(paths, is_document=is_document)
    if revises is not None and len(found.files) != 1:
        raise click.UsageError(f"--revises takes one file; these are {len(found.files)}")
    run = _Run(app, found, revises, jobs)
    try:
        app.run(run.ingest(), last_words=run.stop)
    finally:
        run.report()
    if any(each.outcome == "failed" for each in run.outcomes):
        raise click.exceptions.Exit(1)


def is_document(path: Path) -> bool:
    """Say whether a file in a folder has a name of a format that can be read."""
    from eventdocs.extraction import media_type_of_name

    return media_type_of_name(path.name) in _readable()


@functools.cache
def _readable() -> frozenset[str]:
    from eventdocs.extraction import default_extractors

    return frozenset(default_extractors().media_types)


def source_of(path: Path) -> str:
    """Name the source of a document that lies at *path*, the same from every folder."""
    return Path(os.path.realpath(path)).as_posix()  # Path.resolve() raises on a link to itself


class _Run:
    """One run over some files."""

    def __init__(self, app: App, found: Found, revises: str | None, jobs: int) -> None:
        self.app = app
        self.jobs = jobs
        self.found = found
        self.revises = revises
        self.outcomes: list[FileOutcome] = []
        self.total = len(found.files) + len(found.problems)

    async def ingest(self) -> None:
        for argument, reason in self.found.problems:
            self.conclude(FileOutcome(path=argument, outcome="failed", error=reason))
        if not self.total:
            raise click.ClickException(
                "no documents there: "
                f"{len(self.found.passed_over)} files are of no format that can be read"
            )
        if not self.found.files:
            return
        with self.workers() as workers:
            async with self.app.library(create=True, executor=workers) as library:
                if self.revises is not None:
                    await library.runner.catch_up()
                await self.ingest_all(library.documents)
                self.app.output.progress("bringing the read models up to date")
                await library.runner.catch_up()
                self.app.output.progress("")

    @contextlib.contextmanager
    def workers(self) -> Generator[Executor | None]:
        """Have processes for more than one job; who interrupts does not wait for them."""
        if self.jobs == 1:
            yield None
            return
        from eventdocs.extraction import IsolatedWorkers

        workers = IsolatedWorkers(self.jobs)
        try:
            yield workers
        finally:
            workers.shutdown(wait=False, cancel_futures=True)

    async def ingest_all(self, documents: Documents) -> None:
        """Ingest the files; they begin and are concluded in their order."""
        import asyncio

        # Twice the jobs: while one file's meaning is extracted, another's is recorded.
        at_once = 1 if self.jobs == 1 else 2 * self.jobs
        begun: deque[asyncio.Task[FileOutcome]] = deque()
        try:
            async with asyncio.TaskGroup() as group:
                for path in self.found.files:
                    if len(begun) == at_once:
                        self.conclude(await begun[0])
                        begun.popleft()
                    begun.append(group.create_task(self.ingest_one(documents, path)))
                    self.begin(begun)
                while begun:
                    self.begin(begun)
                    self.conclude(await begun[0])
                    begun.popleft()
        except BaseExceptionGroup as group_error:
            raise group_error.exceptions[0] from None  # what went wrong first ended the others

    async def ingest_one(self, documents: Documents, path: Path) -> FileOutcome:
        import asyncio

        from eventdocs.errors import ConfigurationError, DocumentError, ExtractionError
        from eventdocs.extraction import Limits, read_file

        limits = Limits(**self.app.settings.limit_options())
        source = source_of(path)
        try:
            content = await asyncio.to_thread(read_file, path, limits)
            document_id = None
            if self.revises is not None:
                view = await documents.find(self.revises)
                document_id = view.document_id
                if Path(view.source).suffix == path.suffix:
                    source = view.source  # its name stays what people know it by
            ingested = await patiently(
                lambda: documents.ingest(content, source=source, document_id=document_id)
            )
        except (ExtractionError, DocumentError, ConfigurationError) as error:
            return FileOutcome(path=str(path), outcome="failed", error=_reason(error, source, path))
        failure = ingested.error
        return FileOutcome(
            path=str(path),
            outcome="failed" if failure else ingested.outcome,
            document_id=ingested.document_id,
            revision=ingested.revision,
            error=_reason(failure, source, path) if failure else None,
        )

    def begin(self, begun: Sequence[object]) -> None:
        """Show the file that the next conclusion waits for, and how many are begun after it."""
        at = len(self.outcomes) + 1
        path = self.found.files[at - 1 - len(self.found.problems)]
        more = f" and {len(begun) - 1} more" if len(begun) > 1 else ""
        self.app.output.progress(f"[{at}/{self.total}] {path}{more}")

    def conclude(self, outcome: FileOutcome) -> None:
        self.outcomes.append(outcome)
        if self.app.output.as_json:
            return
        self.app.output.progress("")
        if outcome.outcome == "failed":
            self.app.output.error(f"{outcome.path}: {one_line(outcome.error or '')}")
        else:
            self.app.output.line(
                f"{outcome.outcome:<10}  {outcome.path}  (revision {outcome.revision})",
                wrapped=False,
            )

    def stop(self) -> None:
        """Say how far the run came that Ctrl-C ends."""
        self.report()
        self.app.output.note(
            f"interrupted after {len(self.outcomes)} of {self.total}; nothing is half done, "
            "and the same command goes on from here"
        )

    def report(self) -> None:
        """Sum up what was done, also when the run did not get to its end."""
        if self.app.output.as_json:
            self.app.output.json(
                {
                    "files": self.outcomes,
                    "passed_over": [str(path) for path in self.found.passed_over],
                }
            )
            return
        counts = Counter(each.outcome for each in self.outcomes)
        if self.total > 1 and counts:
            parts = [f"{count} {outcome}" for outcome, count in sorted(counts.items())]
            passed_over = len(self.found.passed_over)
            parts += [f"{passed_over} of other formats passed over"] if passed_over else []
            self.app.output.line(", ".join(parts))


async def patiently(ingest: Callable[[], Awaitable[Ingested]]) -> Ingested:
    """Repeat what another process keeps from the database; what was done is not done twice.

    The store has waited for its patience to end before it says that it is busy.
    """
    from eventdocs.errors import StoreBusyError

    for _ in range(TURNS - 1):
        try:
            return await ingest()
        except StoreBusyError:
            continue
    return await ingest()


def _reason(error: Exception, source: str, path: Path) -> str:
    """Tell why, without the file's name, which stands before it anyway."""
    text = str(error)
    for name in (source, str(path)):
        text = text.removeprefix(f"{name}: ")
    return text
