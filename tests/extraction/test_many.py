"""Many documents: in order, a few at a time, and nobody pays for another's fault."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from typing_extensions import override

from eventdocs.errors import (
    ConfigurationError,
    ExtractionLimitError,
    ExtractorFailedError,
    UnreadableDocumentError,
    UnsupportedFormatError,
    WorkerFailedError,
)
from eventdocs.extraction import (
    Extracted,
    Extractor,
    ExtractorRegistry,
    FileExtraction,
    Finder,
    Found,
    FoundDefinition,
    IsolatedWorkers,
    Limits,
    RawDocument,
    default_extractors,
    extract,
    extract_many,
)
from eventdocs.ir import to_json
from eventdocs.types import digest_of


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.md" for number in range(9)]
    for number, path in enumerate(paths):
        path.write_text(f"# Note {number}\n\nThe weight $w_{number}$ is {number}.\n")
    return paths


def titles(results: Iterable[FileExtraction]) -> list[str]:
    return [each.extraction.ir.title if each.extraction else "" for each in results]


class ByHand(Executor):
    """An executor that does nothing before somebody waits for it.

    Attributes:
        last_first: Whether it then does everything, the last call first.
        calls: What it was given.
        most: How much of that was ever undone at once.
    """

    def __init__(self, *, last_first: bool = False) -> None:
        self.last_first = last_first
        self.calls: list[Waited] = []
        self.most = 0

    @override
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = Waited(self, functools.partial(fn, *args, **kwargs))
        self.calls.append(future)
        self.most = max(self.most, sum(not each.done() for each in self.calls))
        return future


class Waited(Future[Any]):
    """A future whose work is done when it is waited for."""

    def __init__(self, executor: ByHand, call: Callable[[], Any]) -> None:
        super().__init__()
        self._executor = executor
        self._call = call

    @override
    def result(self, timeout: float | None = None) -> Any:
        for each in reversed(self._executor.calls) if self._executor.last_first else [self]:
            each.work()
        return super().result(timeout)

    def work(self) -> None:
        """Do it, unless it is done."""
        if not self.done():
            self.set_result(self._call())


class TestManyFiles:
    def test_come_in_their_order_whatever_ends_first(self, files: list[Path]) -> None:
        """Results stand in the order of the paths, and are what `extract` returns."""
        executor = ByHand(last_first=True)

        results = list(extract_many(files, executor=executor, in_flight=4))

        assert [each.path for each in results] == files
        for path, result in zip(files, results, strict=True):
            assert result.error is None
            assert result.extraction == extract(path.read_bytes(), source_name=str(path))

    def test_are_the_same_on_every_executor(self, files: list[Path]) -> None:
        """Threads give the bytes that one call after another gives."""
        alone = [extract(path.read_bytes(), source_name=str(path)).ir for path in files]

        with ThreadPoolExecutor(4) as threads:
            results = list(extract_many(map(str, files), executor=threads))

        assert [to_json(each.extraction.ir) for each in results if each.extraction] == [
            to_json(ir) for ir in alone
        ]

    @pytest.mark.parametrize("in_flight", [1, 3])
    def test_are_asked_for_as_they_are_needed(self, files: list[Path], in_flight: int) -> None:
        """Of paths without end, no more are taken than there is room for."""
        taken = 0

        def endless() -> Iterator[Path]:
            nonlocal taken
            while True:
                yield files[taken % len(files)]
                taken += 1

        executor = ByHand()
        results = extract_many(endless(), executor=executor, in_flight=in_flight)

        assert taken == 0
        for number in range(20):
            assert titles([next(results)]) == [f"Note {number % len(files)}"]
            assert taken <= number + in_flight + 1
        assert executor.most == in_flight

    def test_are_cancelled_when_nobody_wants_them_any_more(self, files: list[Path]) -> None:
        """Who leaves early leaves nothing behind that has not begun."""
        executor = ByHand()
        results = extract_many(files, executor=executor, in_flight=4)
        next(results)

        results.close()

        assert [each.cancelled() for each in executor.calls] == [False, True, True, True]

    def test_are_cancelled_when_the_paths_end_in_an_error(self, files: list[Path]) -> None:
        """An error of whoever lists the files is not swallowed."""

        def paths() -> Iterator[Path]:
            yield from files[:2]
            raise PermissionError("that folder")

        executor = ByHand()

        with pytest.raises(PermissionError, match="that folder"):
            list(extract_many(paths(), executor=executor))

        assert [each.cancelled() for each in executor.calls] == [True, True]

    def test_need_room(self, files: list[Path]) -> None:
        """Nothing in flight would be nothing done; that is told before anything begins."""
        with pytest.raises(ConfigurationError, match="in_flight is 0"):
            extract_many(files, executor=ByHand(), in_flight=0)

    def test_may_be_none(self) -> None:
        """No paths, no results."""
        assert list(extract_many([], executor=ByHand())) == []


class _Failing(Extractor):
    name = "failing"
    version = "1"
    library = "none"
    media_types = ("text/markdown",)

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        raise ZeroDivisionError


class TestABadDocument:
    def test_is_an_error_in_its_place(self, files: list[Path], tmp_path: Path) -> None:
        """Each has the error that a single extraction would have, and the others go on."""
        (tmp_path / "junk.md").write_bytes(b"\xae\x00\xff")
        (tmp_path / "sheet.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
        (tmp_path / "big.md").write_bytes(b"x" * 200)
        (tmp_path / "folder.md").mkdir()
        (tmp_path / "paper.pdf").write_bytes(b"{\\rtf")
        names = ["junk.md", "sheet.csv", "big.md", "folder.md", "missing.md", "paper.pdf"]
        names.append("nul\0.md")
        mixed = [
            path
            for pair in zip(files, [tmp_path / n for n in names], strict=False)
            for path in pair
        ]

        results = list(
            extract_many(mixed, executor=ByHand(), limits=Limits(max_bytes=100), in_flight=5)
        )

        errors = [each.error for each in results[1::2]]
        assert [type(each) for each in errors] == [
            UnreadableDocumentError,
            UnreadableDocumentError,
            ExtractionLimitError,
            UnreadableDocumentError,
            UnreadableDocumentError,
            UnreadableDocumentError,
            UnreadableDocumentError,
        ]
        for error, path in zip(errors, mixed[1::2], strict=True):
            assert str(error).startswith(str(path))
        assert "No such file" in str(errors[4])
        assert all(each.extraction for each in results[::2])

    def test_may_be_one_that_an_extractor_fails_with(self, files: list[Path]) -> None:
        """Even a defect of an extractor is a value, named by its kind."""
        extractors = ExtractorRegistry([_Failing()])

        [result] = extract_many(files[:1], executor=ByHand(), extractors=extractors)

        assert isinstance(result.error, ExtractorFailedError)
        assert result.error.reason == "ZeroDivisionError"

    def test_may_be_of_a_format_that_nothing_reads(self, files: list[Path]) -> None:
        """The formats that can be read are named."""
        [result] = extract_many(files[:1], executor=ByHand(), extractors=ExtractorRegistry())

        assert isinstance(result.error, UnsupportedFormatError)

    def test_travels_between_processes(self, files: list[Path], tmp_path: Path) -> None:
        """Results can be pickled, with their errors and all."""
        results = list(extract_many([*files, tmp_path / "missing.md"], executor=ByHand()))

        copies = pickle.loads(pickle.dumps(results))

        assert copies[:-1] == results[:-1]
        assert str(copies[-1].error) == str(results[-1].error)


class Deadly(Extractor):
    """Reads Markdown; a document that says so takes its process down."""

    name = "deadly"
    version = "1"
    library = "none"
    media_types = ("text/markdown",)

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        if b"die" in document.content:
            os.kill(os.getpid(), signal.SIGKILL)
        extractor = default_extractors().extractor_for("text/markdown", source_name="")
        return extractor.extract(document, limits)


@attrs.frozen
class WeightFinder(Finder):
    """A finder that can be sent to other processes."""

    name: str = "weights"
    version: str = "1"
    library: str = "none"
    method: Literal["model", "pattern"] = "pattern"

    @override
    def find(self, document: Extracted) -> Iterable[Found]:
        for each in re.finditer(r"weight (\S+ is \d)", document.text):
            yield FoundDefinition(
                place=each.span(), term="weight", body_place=each.span(1), confidence=0.5
            )


@pytest.mark.once
class TestProcesses:
    def test_find_what_threads_find(self, files: list[Path]) -> None:
        """Another process, with another hash seed, gives the same bytes; finders go along."""
        finders = [WeightFinder()]
        alone = [
            extract(path.read_bytes(), source_name=str(path), finders=finders) for path in files
        ]

        with IsolatedWorkers(2) as workers:
            results = list(extract_many(files, executor=workers, finders=finders))

        assert [each.extraction for each in results] == alone
        assert all("weights/1" in each.extractor_version for each in alone)

    def test_that_die_alone_lose_one_file(self, files: list[Path]) -> None:
        """The file that took its process down is named; all others come out."""
        files[3].write_text("# die\n")

        with IsolatedWorkers(2) as workers:
            results = list(
                extract_many(files, executor=workers, extractors=ExtractorRegistry([Deadly()]))
            )

        assert titles(results) == [f"Note {n}" if n != 3 else "" for n in range(len(files))]
        assert isinstance(results[3].error, WorkerFailedError)
        assert results[3].error.source == str(files[3])

    def test_of_a_pool_die_together(self, files: list[Path]) -> None:
        """A broken pool ends it, once everything that was in flight has its result."""
        files[3].write_text("# die\n")
        seen: list[FileExtraction] = []

        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            extractors = ExtractorRegistry([Deadly()])
            results = extract_many(files, executor=pool, in_flight=2, extractors=extractors)
            with pytest.raises(WorkerFailedError, match="takes no more work"):
                seen.extend(results)

        assert titles(seen[:3]) == ["Note 0", "Note 1", "Note 2"]
        assert 4 <= len(seen) < len(files)
        assert [each.path for each in seen] == files[: len(seen)]
        assert all(isinstance(each.error, WorkerFailedError) for each in seen[3:])

    def test_end_with_their_parent(self, tmp_path: Path) -> None:
        """A program that is killed leaves no processes behind."""
        program = (
            "import os, sys, time\n"
            "from eventdocs.extraction import IsolatedWorkers\n"
            "if __name__ == '__main__':\n"
            "    workers = IsolatedWorkers(1)\n"
            "    print(workers.submit(os.getpid).result(), flush=True)\n"
            "    os.kill(os.getpid(), 9)\n"
        )
        script = tmp_path / "program.py"
        script.write_text(program)

        with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as ran:
            assert ran.stdout is not None
            worker = int(ran.stdout.readline())
            # The worker holds the other end of the pipe: it is gone when that is closed.
            assert ran.stdout.read() == b""

        assert worker > 0

    def test_refuse_what_comes_after_the_end(self) -> None:
        """As every executor does."""
        workers = IsolatedWorkers(1)
        workers.shutdown()

        with pytest.raises(RuntimeError, match="after shutdown"):
            workers.submit(print)


def beside(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", *arguments], stderr=subprocess.DEVNULL)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Path]:
    """A Dask scheduler and two workers, processes of their own; the file says where they are."""
    address = tmp_path / "scheduler.json"
    here = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(address))
    with contextlib.ExitStack() as stack:
        commands = [
            ("distributed.cli.dask_scheduler", *here, "--port", "0"),
            *[("distributed.cli.dask_worker", *here, "--nthreads", "1", "--no-nanny")] * 2,
        ]
        for command in commands:
            process = stack.enter_context(beside(*command))
            stack.callback(process.kill)
        yield address


@pytest.mark.once
class TestACluster:
    def test_gives_what_this_process_gives(self, files: list[Path], cluster: Path) -> None:
        """Dask's executor takes the same calls; the workers are other processes."""
        files[3].write_bytes(b"\x89PNG\r\n\x1a\n")
        alone = list(extract_many(files, executor=ByHand()))

        ran = subprocess.run(
            [sys.executable, "-m", "tests.extraction.dask_client", cluster, *files],
            stdout=subprocess.PIPE,
            timeout=60,
            check=True,
        )

        answer = json.loads(ran.stdout)
        assert answer["workers"] == 2
        assert answer["digests"] == [
            digest_of(to_json(each.extraction.ir)) if each.extraction else str(each.error)
            for each in alone
        ]
