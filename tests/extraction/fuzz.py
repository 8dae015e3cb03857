"""`python -m tests.extraction.fuzz`: damaged documents of every format until the time is up.

Each is extracted in another process, which is ended if it takes too long or too much
memory. What goes wrong is made smaller, shown with the bytes to do it again, and the next
format has its turn. `--again FILE` extracts what was kept of a failure.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import sys
import time
import traceback
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase

from tests.extraction.broken_documents import FORMATS, damaged
from tests.extraction.exactness import examine
from tests.extraction.outside import Outside

EXAMPLES = 150
"""Documents of one format before the next has its turn."""

SHRINKING = 60.0
"""Seconds for making a document smaller that fails."""


class FoundError(AssertionError):
    """A document that was not extracted as it should be."""


class Watchdog:
    """Extracts in a process that may crash, hang, or eat memory, and says what became of it.

    Args:
        seconds: How long two readings of one document may take.
        memory: How many bytes of address space the process may have.
    """

    def __init__(self, *, seconds: float, memory: int) -> None:
        self.seconds = seconds
        self.memory = memory
        self.documents = 0
        self.bytes = 0
        self.slowest = 0.0
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def examine(self, source_name: str, content: bytes) -> None:
        """Have a document extracted.

        Raises:
            FoundError: It was not read as it should be, or not in time.
        """
        connection = self._start()
        connection.send((source_name, content))
        started = time.perf_counter()
        if not connection.poll(self.seconds):
            self.stop()
            raise FoundError(f"not read within {self.seconds:g} s")
        try:
            problem = connection.recv()
        except EOFError:
            process = self._process
            assert process is not None
            process.join()
            self.stop()
            raise FoundError(f"the process died with status {process.exitcode}") from None
        self.slowest = max(self.slowest, time.perf_counter() - started)
        self.documents += 1
        self.bytes += len(content)
        if problem is not None:
            raise FoundError(problem)

    def stop(self) -> None:
        """End the process; the next document starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = None
        self._connection = None

    def _start(self) -> Connection:
        if self._connection is None:
            spawning = multiprocessing.get_context("spawn")
            self._connection, theirs = spawning.Pipe()
            process = spawning.Process(target=_work, args=(theirs, self.memory), daemon=True)
            process.start()
            self._process = process
            theirs.close()
        return self._connection


def _work(connection: Connection, memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    outside = Outside()
    for form in FORMATS.values():  # what is imported when a format is first read
        examine(form.source_name, form.examples[0])
    while True:
        try:
            source_name, content = connection.recv()
        except EOFError:
            return
        problem = None
        with outside.watched() as asked:
            try:
                examine(source_name, content)
            except Exception:  # noqa: BLE001 - whatever is raised is what is looked for
                problem = traceback.format_exc(limit=-6)
        if asked:
            problem = f"asked for {asked[:5]}\n{problem or ''}"
        connection.send(problem)


def fuzz(suffix: str, watchdog: Watchdog, *, seed: int, max_bytes: int) -> tuple[bytes, str] | None:
    """Try some documents of a format; give the smallest that fails, and how it fails."""
    failure: tuple[bytes, str] | None = None
    shrinks_until = math.inf

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=False,
        report_multiple_bugs=False,
        suppress_health_check=(
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ),
        phases=(Phase.generate, Phase.shrink),
    )
    @hypothesis.given(content=damaged(suffix, max_bytes=max_bytes))
    def attempt(content: bytes) -> None:
        nonlocal failure, shrinks_until
        if time.monotonic() > shrinks_until:
            return
        try:
            watchdog.examine(FORMATS[suffix].source_name, content)
        except FoundError as found:
            failure = (content, str(found))
            shrinks_until = min(shrinks_until, time.monotonic() + SHRINKING)
            raise

    try:
        attempt()
    except Exception:  # noqa: BLE001 - hypothesis tells of flaky failures by errors of its own
        return failure
    return None


def _main() -> int:
    parser = argparse.ArgumentParser(prog="tests.extraction.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--formats", nargs="*", default=[*FORMATS], choices=[*FORMATS])
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--seconds", type=float, default=30.0, help="for one document")
    parser.add_argument("--memory", type=int, default=2048, help="MiB for the process")
    parser.add_argument("--keep", type=Path, help="folder for documents that fail")
    parser.add_argument("--again", type=Path, help="extract this file and do nothing else")
    arguments = parser.parse_args()
    if arguments.again:
        examine(arguments.again.name, arguments.again.read_bytes())
        return 0
    watchdog = Watchdog(seconds=arguments.seconds, memory=arguments.memory * 2**20)
    ends_at = time.monotonic() + 60 * arguments.minutes
    seed, failures = arguments.seed, 0
    while time.monotonic() < ends_at:
        for suffix in arguments.formats:
            # Every fourth round has megabyte lines; there are few of them, for they take long.
            found = fuzz(suffix, watchdog, seed=seed, max_bytes=500_000 if seed % 4 == 3 else 5_000)
            if found is not None:
                failures += 1
                _tell(suffix, seed, *found, folder=arguments.keep)
            if time.monotonic() > ends_at:
                break
        seed += 1
    watchdog.stop()
    _say(
        f"{watchdog.documents:,} documents, {watchdog.bytes / 1e6:,.1f} MB, in {seed - arguments.seed} "
        f"rounds; the slowest took {watchdog.slowest:.1f} s; {failures} failures"
    )
    return 1 if failures else 0


def _tell(suffix: str, seed: int, content: bytes, problem: str, *, folder: Path | None) -> None:
    _say(f"\n{suffix}, round {seed}: {problem}")
    if len(content) <= 2_000 or folder is None:
        _say(
            f"{content[:4_000]!r}{f' and so on: {len(content):,} bytes' if len(content) > 4_000 else ''}"
        )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"round-{seed}{suffix}"
        kept.write_bytes(content)
        _say(f"python -m tests.extraction.fuzz --again {kept}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(_main())
