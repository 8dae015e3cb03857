"""`python -m benchmarks.extraction`: how fast documents are read, beside their bare parsers.

MB of document per second of processor time, on one core, with a new document in every
round: formulas that were read before are remembered. The floor is, in the same rounds,
markdown-it-py alone for Markdown, docutils alone for reStructuredText, and lxml with one
visit to every element for HTML and Word documents. For LaTeX there is none.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document
from lxml import etree
from markdown_it import MarkdownIt

from benchmarks.documents import WRITERS, content
from eventdocs.extraction import extract

Read: TypeAlias = Callable[[bytes], object]


@attrs.frozen(kw_only=True)
class Result:
    """How fast one format is read.

    Attributes:
        suffix: Of its files.
        rate: MB a second, the median of the rounds.
        floor: The same with the bare parser; None without one.
    """

    suffix: str
    rate: float
    floor: float | None


def _markdown(document: bytes) -> object:
    return MarkdownIt("commonmark").enable("table").parse(document.decode())


def _rst(document: bytes) -> object:
    settings = get_default_settings(Parser)
    settings.report_level = 5
    settings.file_insertion_enabled = False
    tree = new_document("benchmark", settings)
    Parser().parse(document.decode(), tree)
    return tree


def _html(document: bytes) -> object:
    return _visited(etree.fromstring(document, etree.HTMLParser()))


def _docx(document: bytes) -> object:
    with zipfile.ZipFile(BytesIO(document)) as archive:
        parts = [name for name in archive.namelist() if name.endswith(".xml")]
        return [_visited(etree.fromstring(archive.read(name))) for name in parts]


def _visited(root: Any) -> object:  # lxml names no public type for an element
    return [(each.tag, each.text, each.tail) for each in root.iter()]


FLOORS: dict[str, Read] = {".html": _html, ".md": _markdown, ".rst": _rst, ".docx": _docx}


def measure(suffix: str, rounds: Sequence[Sequence[bytes]]) -> Result:
    """Let eventdocs and the bare parser read the documents of each round in turns."""

    def whole(document: bytes) -> object:
        return extract(document, source_name=f"benchmark{suffix}")

    # What is imported when a format is first read is no part of reading.
    whole(WRITERS[suffix](content(-1, 1)))
    floor = FLOORS.get(suffix)
    rates: list[float] = []
    floors: list[float] = []
    for number, documents in enumerate(rounds):
        turns: list[tuple[Read, list[float]]] = [(whole, rates)]
        if floor is not None:
            turns.append((floor, floors))
        for read, into in turns if number % 2 == 0 else reversed(turns):
            into.append(_rate(read, documents))
    return Result(
        suffix=suffix,
        rate=statistics.median(rates),
        floor=statistics.median(floors) if floors else None,
    )


def _rate(read: Read, documents: Iterable[bytes]) -> float:
    gc.collect()
    size = 0
    # Of the processor: what else the machine does is not counted.
    started = time.process_time()
    for document in documents:
        read(document)
        size += len(document)
    return size / 1e6 / (time.process_time() - started)


def table(results: Iterable[Result]) -> str:
    """Lay the results out for people."""
    head = f"{'MB/s':8} {'eventdocs':>10} {'bare parser':>12} {'of the floor':>13}"
    lines = [
        f"{each.suffix:8} {each.rate:10.2f} "
        + (f"{each.floor:12.2f} {each.rate / each.floor:13.2f}" if each.floor else f"{'-':>12}")
        for each in results
    ]
    return "\n".join([head, "-" * len(head), *lines])


def _documents(suffix: str, sections: int, rounds: int) -> list[list[bytes]]:
    """Write a new document for every round, beside those that the package brings for its tour."""
    demo = files("eventdocs.cli") / "demo"
    brought = [each.read_bytes() for each in demo.iterdir() if each.name.endswith(suffix)]
    write = WRITERS[suffix]
    return [[write(content(number, sections)), *brought] for number in range(rounds)]


def _main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.extraction", description=__doc__)
    parser.add_argument(
        "paths", type=Path, nargs="*", help="documents of your own; by default some are made up"
    )
    parser.add_argument("--sections", type=int, default=40, help="length of what is made up")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    results: list[Result] = []
    for suffix in WRITERS:
        own = [each.read_bytes() for each in arguments.paths if each.suffix == suffix]
        if own or not arguments.paths:
            made_up = _documents(suffix, arguments.sections, 0 if own else arguments.rounds)
            results.append(measure(suffix, [own] * arguments.rounds if own else made_up))
    print(f"Medians of {arguments.rounds} interleaved rounds.\n\n{table(results)}")


if __name__ == "__main__":
    _main()
