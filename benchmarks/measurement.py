"""Measurements: interleaved rounds of two subjects, and the medians of what they took."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable

import attrs

from benchmarks.subject import Subject

Work = Callable[[Subject], Awaitable[int]]
"""Does something with a subject and tells with how many events."""


@attrs.frozen(kw_only=True)
class Result:
    """What one kind of work took.

    Attributes:
        name: Database and work.
        rate: Events a second with eventdocs, the median of the rounds.
        floor_rate: The same with the bare driver.
        ratio: Time with eventdocs to time with the bare driver, the median over the rounds.
    """

    name: str
    rate: float
    floor_rate: float
    ratio: float


async def compare(
    name: str, work: Work, *, subject: Subject, floor: Subject, rounds: int
) -> Result:
    """Let both do the same work in turns, so that the machine's moods meet both."""
    rates: list[float] = []
    floor_rates: list[float] = []
    for turn in range(rounds):
        pair = [(subject, rates), (floor, floor_rates)]
        for each, into in pair if turn % 2 == 0 else reversed(pair):
            into.append(await _rate(work, each))
    ratios = [floor_rate / rate for rate, floor_rate in zip(rates, floor_rates, strict=True)]
    return Result(
        name=name,
        rate=statistics.median(rates),
        floor_rate=statistics.median(floor_rates),
        ratio=statistics.median(ratios),
    )


async def _rate(work: Work, subject: Subject) -> float:
    gc.collect()
    started = time.perf_counter()
    events = await work(subject)
    return events / (time.perf_counter() - started)


def table(results: Iterable[Result]) -> str:
    """Lay the results out for people."""
    head = f"{'events/s':36} {'eventdocs':>12} {'bare driver':>12} {'time, ratio':>12}"
    lines = [
        f"{each.name:36} {each.rate:12,.0f} {each.floor_rate:12,.0f} {each.ratio:11.2f}x"
        for each in results
    ]
    return "\n".join([head, "-" * len(head), *lines])
