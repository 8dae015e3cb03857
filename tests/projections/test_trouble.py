from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from eventdocs.errors import (
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
    WrongExpectedVersionError,
)
from eventdocs.observability import NullInstrumentation
from eventdocs.projections._patience import Patience
from eventdocs.projections._trouble import trouble_behind


def _driver_error(*, invalidated: bool = False, **facts: str) -> DBAPIError:
    original = Exception("what the driver said")
    for name, value in facts.items():
        setattr(original, name, value)
    return OperationalError("SELECT 1", {}, original, connection_invalidated=invalidated)


class TestTrouble:
    """The database's troubles are told from what an event is to blame for."""

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (_driver_error(sqlstate="40001"), StoreBusyError),
            (_driver_error(sqlstate="40P01"), StoreBusyError),
            (_driver_error(sqlstate="55P03"), StoreBusyError),
            (_driver_error(sqlstate="57014"), StoreBusyError),
            (_driver_error(sqlstate="57P01"), StoreUnavailableError),
            (_driver_error(sqlstate="08006"), StoreUnavailableError),
            (_driver_error(sqlstate="53300"), StoreUnavailableError),
            (_driver_error(sqlstate="53100"), StoreFullError),
            (_driver_error(sqlstate="25006"), StoreReadOnlyError),
            (_driver_error(sqlstate="42501"), StoreReadOnlyError),
            (_driver_error(invalidated=True), StoreUnavailableError),
            (_driver_error(sqlite_errorname="SQLITE_BUSY"), StoreBusyError),
            (_driver_error(sqlite_errorname="SQLITE_BUSY_SNAPSHOT"), StoreBusyError),
            (_driver_error(sqlite_errorname="SQLITE_LOCKED"), StoreBusyError),
            (_driver_error(sqlite_errorname="SQLITE_FULL"), StoreFullError),
            (_driver_error(sqlite_errorname="SQLITE_READONLY"), StoreReadOnlyError),
            (_driver_error(sqlite_errorname="SQLITE_IOERR_WRITE"), StoreUnavailableError),
            (PoolTimeoutError(), StoreBusyError),
            (ConnectionResetError(), StoreUnavailableError),
            (StoreBusyError("here", "there"), StoreBusyError),
        ],
    )
    def test_of_the_database_are_recognised(self, error: Exception, kind: type[StoreError]) -> None:
        """By code, never by their English; also behind a handler's own error."""
        wrapped = ValueError("the handler's own")
        wrapped.__cause__ = error

        assert type(trouble_behind(error, "db")) is kind
        assert type(trouble_behind(wrapped, "db")) is kind

    @pytest.mark.parametrize(
        "error",
        [
            ValueError("no"),
            FileNotFoundError("no"),
            _driver_error(sqlstate="23505"),
            _driver_error(sqlstate="42P01"),
            _driver_error(sqlite_errorname="SQLITE_CONSTRAINT_UNIQUE"),
            _driver_error(sqlite_errorname="SQLITE_ERROR"),
            WrongExpectedVersionError("stream", 1, 2),
        ],
    )
    def test_of_the_event_are_left_to_the_policy(self, error: Exception) -> None:
        """Trying again would not help."""
        assert trouble_behind(error, "db") is None


class _Retries(NullInstrumentation):
    def __init__(self) -> None:
        self.attempts: list[int] = []

    def retried(self, projection: str, *, attempt: int, error: str) -> None:
        """Remember the attempt."""
        self.attempts.append(attempt)


class TestPatience:
    """What is transient is tried again, with growing pauses."""

    async def test_tries_until_it_succeeds(self) -> None:
        """Pauses grow, and every retry is reported."""
        naps: list[float] = []
        seen = _Retries()
        outcomes: list[Any] = [*(StoreBusyError("db", "busy") for _ in range(4)), "done"]

        async def nap(seconds: float) -> None:
            naps.append(seconds)

        async def work() -> str:
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return str(outcome)

        patience = Patience(projection="p", database="db", instrumentation=seen, nap=nap)

        assert await patience.call(work) == "done"
        assert seen.attempts == [1, 2, 3, 4]
        assert naps == sorted(naps)
        assert len(naps) == 4

    async def test_keeps_those_apart_who_met(self) -> None:
        """No two pauses are the same, the first ones neither: there is chance in each."""
        naps: list[float] = []

        async def nap(seconds: float) -> None:
            naps.append(seconds)

        for _ in range(2):
            outcomes: list[Any] = [StoreBusyError("db", "busy"), StoreBusyError("db", "busy"), ""]

            async def work(outcomes: list[Any] = outcomes) -> None:
                outcome = outcomes.pop(0)
                if outcome:
                    raise outcome

            patience = Patience(
                projection="p", database="db", instrumentation=NullInstrumentation(), nap=nap
            )
            await patience.call(work)

        first, second = naps[:2], naps[2:]
        assert len(first) == len(second) == 2
        assert first[0] != second[0]
        assert first[1] != second[1]

    async def test_gives_up_in_time_with_a_typed_error(self) -> None:
        """A bounded patience ends in the database's trouble, not in the driver's words."""

        async def nap(_: float) -> None: ...

        async def work() -> None:
            raise _driver_error(sqlstate="57P03")

        patience = Patience(
            projection="p", database="db", instrumentation=NullInstrumentation(), limit=0, nap=nap
        )

        with pytest.raises(StoreUnavailableError, match="db"):
            await patience.call(work)

    async def test_does_not_wait_for_what_does_not_pass(self) -> None:
        """A full disk is reported at once."""
        calls = 0

        async def work() -> None:
            nonlocal calls
            calls += 1
            raise _driver_error(sqlite_errorname="SQLITE_FULL")

        patience = Patience(
            projection="p", database="db", instrumentation=NullInstrumentation(), limit=30
        )

        with pytest.raises(StoreFullError):
            await patience.call(work)
        assert calls == 1
