"""Interruptions strike at the await that was named, and change nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from eventdocs.testing import Interruption


class StruckError(Exception):
    """What is raised."""


def strike() -> None:
    raise StruckError


async def _answer(log: list[str], name: str) -> str:
    log.append(name)
    await asyncio.sleep(0)
    return name


async def _three(log: list[str]) -> list[str]:
    return [await _answer(log, name) for name in "abc"]


async def test_work_that_is_not_struck_is_as_without() -> None:
    """Its awaits are answered, its value is given back, and its errors are its own."""
    interruption = Interruption(3, strike)

    assert await interruption.of(_three([])) == ["a", "b", "c"]
    assert not interruption.has_struck
    with pytest.raises(ZeroDivisionError):
        await Interruption(3, strike).of(_fail())


async def _fail() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError


@pytest.mark.parametrize("at", range(3))
async def test_strikes_in_place_of_the_answer(at: int) -> None:
    """What was asked for has happened, and nothing that would have come after."""
    log: list[str] = []
    interruption = Interruption(at, strike)

    with pytest.raises(StruckError):
        await interruption.of(_three(log))

    assert interruption.has_struck
    assert log == ["a", "b", "c"][: at + 1]


async def test_strikes_once() -> None:
    """Work that survives is let go on."""

    async def stubborn() -> list[str]:
        try:
            return await _three(log)
        except StruckError:
            return await _three(log)

    log: list[str] = []

    assert await Interruption(1, strike).of(stubborn()) == ["a", "b", "c"]
    assert log == ["a", "b", "a", "b", "c"]


async def test_cancels_a_request_that_is_on_its_way() -> None:
    """In flight, the await itself is cancelled."""

    async def wait(future: Awaitable[None]) -> None:
        await future

    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    work = asyncio.create_task(
        Interruption(0, lambda: work.cancel(), in_flight=True).of(wait(never))
    )
    await asyncio.wait([work])

    assert work.cancelled()
    assert never.cancelled()


async def test_watches_tasks_that_are_begun_meanwhile() -> None:
    """Awaits are counted over all of them; those of others are not."""
    log: list[str] = []
    interruption = Interruption(4, strike)
    other = asyncio.create_task(_three([]))
    with interruption.of_new_tasks():
        tasks = [asyncio.create_task(_three(log)) for _ in range(2)]
    found = await asyncio.gather(*tasks, other, return_exceptions=True)

    assert [type(each) for each in found] == [StruckError, list, list]
    assert log == ["a", "a", "b", "b", "c", "c"]
