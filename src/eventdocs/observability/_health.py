"""Health: several checks, asked together, within a time, and not more often than useful."""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

import attrs

from eventdocs.errors import ConfigurationError, EventdocsError
from eventdocs.types import JSONValue


class HealthStatus(enum.Enum):
    """How well something is, in the words of health responses."""

    PASS = "pass"  # noqa: S105 - a word of the field, no password
    """All is well."""

    WARN = "warn"
    """It works, and somebody should look at it."""

    FAIL = "fail"
    """It does not work."""


_BY_GRAVITY = (HealthStatus.PASS, HealthStatus.WARN, HealthStatus.FAIL)


@attrs.frozen(kw_only=True)
class Observation:
    """What a check has seen.

    Attributes:
        status: How well it is.
        reasons: Why it is not well, in words; they may name what only operators should know.
        facts: What was measured, such as connections in use.
    """

    status: HealthStatus = HealthStatus.PASS
    reasons: tuple[str, ...] = ()
    facts: Mapping[str, JSONValue] = attrs.field(factory=dict[str, JSONValue])


@attrs.frozen(kw_only=True)
class HealthCheck:
    """One question about health.

    Attributes:
        name: What it is about, such as `database`.
        observe: Looks. What it raises is a failure; it is cancelled when it takes too long.
    """

    name: str
    observe: Callable[[], Awaitable[Observation]]


@attrs.frozen(kw_only=True)
class CheckResult:
    """The answer to one question.

    Attributes:
        name: What it is about.
        observation: What was seen.
        seconds: How long that took.
    """

    name: str
    observation: Observation
    seconds: float


@attrs.frozen(kw_only=True)
class HealthReport:
    """How an application is.

    Attributes:
        checked_at: When that was found out, aware UTC.
        checks: The answers, in the order of the questions.
    """

    checked_at: datetime
    checks: tuple[CheckResult, ...]

    @property
    def status(self) -> HealthStatus:
        """The gravest of all answers."""
        found = (each.observation.status for each in self.checks)
        return max(found, key=_BY_GRAVITY.index, default=HealthStatus.PASS)

    @property
    def reasons(self) -> tuple[str, ...]:
        """All that is not well, in words, each with the name of its check."""
        return tuple(
            f"{each.name}: {reason}" for each in self.checks for reason in each.observation.reasons
        )


class Health:
    """Asks several checks at once, and remembers the answers for a moment.

    However many ask for a report at the same time, each check looks once.

    Args:
        checks: The questions, such as those of `eventdocs.backends.health_checks`.
        timeout: Seconds that a check may take; what takes longer fails.
        cache_seconds: For how long a report is given again.
        clock: Tells seconds that only grow.

    Raises:
        ConfigurationError: Two checks have one name, or a duration makes no sense.
    """

    def __init__(
        self,
        checks: Sequence[HealthCheck],
        *,
        timeout: float = 5.0,
        cache_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        names = [each.name for each in checks]
        problems = [
            f"two health checks are named {name!r}; give each a name of its own"
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        ]
        if not timeout > 0:
            problems.append(f"timeout must be above 0, not {timeout!r}")
        if not cache_seconds >= 0:
            problems.append(f"cache_seconds must be 0 or more, not {cache_seconds!r}")
        if problems:
            raise ConfigurationError(problems)
        self._checks = tuple(checks)
        self._timeout = timeout
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._turn = asyncio.Lock()
        self._last: tuple[float, HealthReport] | None = None

    async def report(self) -> HealthReport:
        """Tell how everything is; this raises nothing for what is ill."""
        asked_at = self._clock()
        async with self._turn:
            if self._last is not None:
                known_at, report = self._last
                # Somebody else may have asked meanwhile, for as long as a check may take.
                if known_at >= asked_at or self._clock() - known_at < self._cache_seconds:
                    return report
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._ask(each)) for each in self._checks]
            report = HealthReport(
                checked_at=datetime.now(UTC), checks=tuple(each.result() for each in tasks)
            )
            self._last = (self._clock(), report)
            return report

    async def _ask(self, check: HealthCheck) -> CheckResult:
        began_at = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                seen = await check.observe()
        except TimeoutError:
            seen = _failed(f"no answer within {self._timeout:g} seconds")
        except EventdocsError as error:
            seen = _failed(str(error))
        except Exception as error:  # noqa: BLE001 - a check is the host's own code: what it raises is its answer
            # Its text may hold anything, so only its kind is told.
            seen = _failed(f"the check failed with {type(error).__qualname__}")
        return CheckResult(
            name=check.name, observation=seen, seconds=time.perf_counter() - began_at
        )


def _failed(reason: str) -> Observation:
    return Observation(status=HealthStatus.FAIL, reasons=(reason,))
