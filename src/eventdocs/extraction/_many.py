"""Many documents: extraction over an executor, in order, one bad document at a time."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import TypeAlias

import attrs

from eventdocs.errors import (
    ConfigurationError,
    ExtractionError,
    ExtractorFailedError,
    WorkerFailedError,
)
from eventdocs.extraction._extract import Extraction, extract
from eventdocs.extraction._files import read_file
from eventdocs.extraction._finders import Finder, provenances
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._registry import ExtractorRegistry

__all__ = ["FileExtraction", "extract_many"]

_Outcome: TypeAlias = Extraction | ExtractionError


@attrs.frozen(kw_only=True)
class FileExtraction:
    """What became of one file: an extraction or an error.

    Attributes:
        path: The file, as it was given.
        extraction: What it means; None if that could not be extracted.
        error: Why not; None if it could.
    """

    path: str | os.PathLike[str]
    extraction: Extraction | None = None
    error: ExtractionError | None = None


def extract_many(
    paths: Iterable[str | os.PathLike[str]],
    *,
    executor: Executor,
    in_flight: int | None = None,
    limits: Limits = Limits(),  # noqa: B008 - limits are a frozen value
    extractors: ExtractorRegistry | None = None,
    finders: Sequence[Finder] = (),
) -> Generator[FileExtraction]:
    """Extract what many files mean, on any executor, in the order of *paths*.

    Files are read where the executor works, so paths must lead to them there. Each path
    has one result, and what goes wrong with a document is in its result, as an error that
    names it. If a process of the executor dies, the files that were in flight have a
    `WorkerFailedError`. A `ProcessPoolExecutor` is of no use afterwards and cannot tell
    whose fault it was; `IsolatedWorkers` lose the one file and go on.

    Closing the iterator, or leaving it by an error, cancels what has not begun. The
    executor stays its owner's.

    Args:
        paths: May be a generator of any length; it is asked only for what fits in flight.
        executor: Threads, processes, or an engine for many machines. Where processes are
            involved, extractors and finders must be picklable.
        in_flight: How many files may be with the executor, results that wait for the
            result of an earlier file included; four for each processor here by default.
        limits: What each document may cost.
        extractors: Which formats can be read; by default those that eventdocs has.
        finders: Who else looks for definitions and formulas.

    Raises:
        ConfigurationError: Nothing may be in flight, or a finder does not say who it is.
        WorkerFailedError: While iterating: the executor takes no more work, because a
            process of it died; all results that it had were given before.
    """
    if in_flight is None:
        in_flight = 4 * (os.cpu_count() or 1)
    if in_flight < 1:
        raise ConfigurationError([f"in_flight is {in_flight}; it must be 1 or more"])
    provenances(finders)
    work = functools.partial(
        _read_and_extract, limits=limits, extractors=extractors, finders=tuple(finders)
    )
    return _in_order(paths, lambda path: executor.submit(work, path), in_flight)


def _in_order(
    paths: Iterable[str | os.PathLike[str]],
    submit: Callable[[str], Future[_Outcome]],
    in_flight: int,
) -> Generator[FileExtraction]:
    waiting: deque[tuple[str | os.PathLike[str], Future[_Outcome]]] = deque()

    def oldest() -> FileExtraction:
        result = _result(*waiting[0])
        waiting.popleft()
        return result

    try:
        for path in paths:
            if len(waiting) == in_flight:
                yield oldest()
            try:
                future = submit(os.fspath(path))
            except BrokenExecutor as error:
                while waiting:
                    yield oldest()
                raise WorkerFailedError(
                    os.fspath(path), "the executor takes no more work, for a process of it died"
                ) from error
            waiting.append((path, future))
        while waiting:
            yield oldest()
    finally:
        for _, future in waiting:
            future.cancel()


def _result(path: str | os.PathLike[str], future: Future[_Outcome]) -> FileExtraction:
    try:
        outcome = future.result()
    except BrokenExecutor:
        outcome = WorkerFailedError(
            os.fspath(path), "a process of the executor died while this was in flight"
        )
    except Exception as error:  # noqa: BLE001 - executors and what they pickle raise anything
        outcome = WorkerFailedError(os.fspath(path), f"{type(error).__name__}: {error}")
    if isinstance(outcome, ExtractionError):
        return FileExtraction(path=path, error=outcome)
    return FileExtraction(path=path, extraction=outcome)


def _read_and_extract(
    path: str,
    *,
    limits: Limits,
    extractors: ExtractorRegistry | None,
    finders: Sequence[Finder],
) -> _Outcome:
    """Do the work of one file, wherever that is; what goes wrong is returned."""
    try:
        return extract(
            read_file(Path(path), limits),
            source_name=path,
            limits=limits,
            extractors=extractors,
            finders=finders,
        )
    except ExtractionError as error:
        return error
    except Exception as error:  # noqa: BLE001 - extractors are the host's code, too
        return ExtractorFailedError(path, type(error).__name__)
