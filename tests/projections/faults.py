"""Faults at every point of a transaction: before and after each statement, around the commit."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.store import EventStore
from tests.projections.trails import engine_of


class Crash(BaseException):
    """The process ends here, as far as the code under test can tell."""


class Faults:
    """Raises at one point, counted from the moment it is armed.

    Args:
        make: Makes what is raised.
    """

    def __init__(self, make: Callable[[], BaseException]) -> None:
        self._make = make
        self._left: int | None = None

    def arm(self, point: int) -> None:
        """Raise at the point of this number, counted from 0."""
        self._left = point

    @property
    def has_struck(self) -> bool:
        """Whether the armed fault has been raised."""
        return self._left is None

    def pass_point(self, *_: Any) -> None:
        """Mark a point at which a fault can strike."""
        if self._left is None:
            return
        if self._left == 0:
            self._left = None
            raise self._make()
        self._left -= 1


@contextlib.asynccontextmanager
async def injected(
    store: EventStore, monkeypatch: pytest.MonkeyPatch, faults: Faults
) -> AsyncGenerator[None]:
    """Make every statement and every end of a transaction on *store* a point of *faults*."""
    engine = (await engine_of(store)).sync_engine
    begin = store.begin

    @contextlib.asynccontextmanager
    async def begin_with_faults() -> AsyncGenerator[AsyncConnection]:
        faults.pass_point()
        async with begin() as tx:
            with _listening(engine, faults):
                yield tx
            # Everything is done but the commit.
            faults.pass_point()
        # It has committed, and nobody has heard of it.
        faults.pass_point()

    with monkeypatch.context() as patch:
        patch.setattr(store, "begin", begin_with_faults)
        yield


@contextlib.contextmanager
def _listening(engine: Any, faults: Faults) -> Generator[None]:
    names = ("before_cursor_execute", "after_cursor_execute")
    if event.contains(engine, names[0], faults.pass_point):
        # A transaction beside this one, such as one that renews a lease, listens already.
        yield
        return
    for name in names:
        event.listen(engine, name, faults.pass_point)
    try:
        yield
    finally:
        for name in names:
            event.remove(engine, name, faults.pass_point)
