"""Health: whether projections do their work, and in words what keeps them from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from eventdocs.errors import ConfigurationError, StoreError
from eventdocs.projections._status import PartitionStatus, ProjectionStatus, obstacle_to
from eventdocs.store import EventStore, FeedStatus

_SHORTEST_SILENCE: Final = 1.0


def _check_positive(_: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not value > 0:
        raise ConfigurationError([f"{attribute.name} must be above 0, not {value!r}"])


@attrs.frozen(kw_only=True)
class HealthLimits:
    """From when on something counts as ill. Durations are in seconds.

    Attributes:
        stalled_seconds: A projection has had work for so long and has not moved.
        lag_seconds: The first event that a projection has not applied is so old, though
            the projection moves; None for any age.
        held_seconds: One open append has kept readers of the log waiting for so long.
        feed_seconds: The task that watches the log for `run` has not looked for so long;
            None for two poll intervals, but at least 1 second, so that a busy event loop
            is not taken for a dead one.
        answer_seconds: The database has not told all of this for so long.
        must_be_led: A projection that no runner leads is ill; False where read models are
            brought up to date by `catch_up` now and then.

    Raises:
        ConfigurationError: A duration is not above 0.
    """

    stalled_seconds: float = attrs.field(default=30.0, validator=_check_positive)
    lag_seconds: float | None = attrs.field(default=300.0, validator=_check_positive)
    held_seconds: float = attrs.field(default=30.0, validator=_check_positive)
    feed_seconds: float | None = attrs.field(default=None, validator=_check_positive)
    answer_seconds: float = attrs.field(default=5.0, validator=_check_positive)
    must_be_led: bool = True

    def feed_seconds_at(self, poll_interval: float) -> float:
        """Tell how long the feed may be silent that looks every *poll_interval* seconds."""
        if self.feed_seconds is not None:
            return self.feed_seconds
        return max(2 * poll_interval, _SHORTEST_SILENCE)


@attrs.frozen(kw_only=True)
class FeedHealth:
    """How the task is that watches the log for the `run` of this runner.

    Attributes:
        is_running: It is there; whether it does anything is another matter.
        seconds: How long ago it has seen the log last, or `run` began.
        error: What has ended `run`.
    """

    is_running: bool
    seconds: float
    error: str | None = None


@attrs.frozen(kw_only=True)
class ProjectionHealth:
    """Whether one projection does its work.

    Attributes:
        status: How it stands.
        is_stalled: It has work and has not moved for longer than the limit.
        problems: What is wrong with it, in words; nothing if it is healthy.
    """

    status: ProjectionStatus
    is_stalled: bool
    problems: tuple[str, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems


@attrs.frozen(kw_only=True)
class RunnerHealth:
    """Whether the projections of a runner are kept up to date, by whatever process.

    Attributes:
        checked_at: When this was found out, aware UTC.
        head: The last event of the log that can be read; None if the database did not tell.
        head_seconds: How long ago that was recorded; None without an event.
        feed: The task that watches the log here; None if `run` is not at work here, or
            was stopped on purpose.
        projections: Each one, those that others depend on first; none if the database did
            not tell.
        problems: What is wrong beyond single projections, in words.
    """

    checked_at: datetime
    head: int | None
    head_seconds: float | None
    feed: FeedHealth | None
    projections: tuple[ProjectionHealth, ...]
    problems: tuple[str, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong with any of it."""
        return not self.problems and all(each.is_healthy for each in self.projections)

    @property
    def reasons(self) -> tuple[str, ...]:
        """All that is wrong, in words; what concerns one projection begins with its name."""
        mine = (
            f"{each.status.name}: {what}" for each in self.projections for what in each.problems
        )
        return (*self.problems, *mine)


@attrs.frozen(kw_only=True)
class Findings:
    """What the database tells of a runner's projections.

    Attributes:
        feed: How far the log can be read.
        head_at: When the last event that can be read was recorded.
        statuses: How the projections stand.
    """

    feed: FeedStatus
    head_at: datetime | None
    statuses: Sequence[ProjectionStatus]


async def head_recorded_at(store: EventStore) -> datetime | None:
    """Tell when the last event of the log was recorded; None if there is none."""
    async for event in store.read_all(backward=True, limit=1):
        return event.recorded_at
    return None


async def examine(
    ask: Callable[[], Awaitable[Findings]],
    *,
    feed: FeedHealth | None,
    ahead: Mapping[str, Sequence[str]],
    limits: HealthLimits,
    poll_interval: float,
) -> RunnerHealth:
    """Find out whether a runner's projections do their work.

    Args:
        ask: Asks the database.
        feed: How the task is that watches the log here.
        ahead: The names of the projections that each one waits for.
        limits: What counts as ill.
        poll_interval: Seconds between two looks of the feed.
    """
    problems = _problems_of_feed(feed, limits.feed_seconds_at(poll_interval))
    found: Findings | None = None
    try:
        async with asyncio.timeout(limits.answer_seconds):
            found = await ask()
    except TimeoutError:
        problems.append(f"the database has not answered within {limits.answer_seconds:g} seconds")
    except StoreError as error:
        problems.append(str(error))
    now = datetime.now(UTC)
    if found is None:
        return RunnerHealth(
            checked_at=now,
            head=None,
            head_seconds=None,
            feed=feed,
            projections=(),
            problems=tuple(problems),
        )
    problems += _problems_of_log(found.feed, limits)
    at = {each.name: each for each in found.statuses}
    return RunnerHealth(
        checked_at=now,
        head=found.feed.settled,
        head_seconds=None if found.head_at is None else _seconds(found.head_at, now),
        feed=feed,
        projections=tuple(
            judge(each, [at[name] for name in ahead[each.name]], now=now, limits=limits)
            for each in found.statuses
        ),
        problems=tuple(problems),
    )


def judge(
    status: ProjectionStatus,
    ahead: Sequence[ProjectionStatus],
    *,
    now: datetime,
    limits: HealthLimits,
) -> ProjectionHealth:
    """Say what is wrong with the projection of *status*.

    Args:
        status: How it stands.
        ahead: How those stand that it waits for.
        now: When that was found out.
        limits: What counts as ill.
    """
    idle = max(_idle_seconds(each, now) for each in status.partitions or (status,))
    is_stalled = idle >= limits.stalled_seconds
    problems: list[str] = []
    if status.error is not None:
        problems.append(status.error)
    if status.dead_letters:
        problems.append(f"{_events(status.dead_letters)} set aside, to be retried or skipped")
    if is_stalled:
        why = obstacle_to(status, ahead) or "its handlers are slow, or hang"
        problems.append(
            f"{_events(status.lag)} to apply, and it has not moved for {idle:.0f} seconds: {why}"
        )
    elif limits.lag_seconds is not None and status.lag_seconds > limits.lag_seconds:
        problems.append(
            f"{_events(status.lag)} behind the log, the first of them for "
            f"{status.lag_seconds:.0f} seconds"
        )
    if limits.must_be_led and status.holder is None:
        alone = [str(each.number) for each in status.partitions if each.holder is None]
        what = f"its partition {', '.join(alone)}" if alone else "it"
        problems.append(f"no runner leads {what}")
    return ProjectionHealth(status=status, is_stalled=is_stalled, problems=tuple(problems))


def _idle_seconds(stand: ProjectionStatus | PartitionStatus, now: datetime) -> float:
    """Tell for how long it has had work and has not moved."""
    if not stand.lag:
        return 0.0
    if stand.moved_at is None:
        return stand.lag_seconds
    return min(stand.lag_seconds, _seconds(stand.moved_at, now))


def _problems_of_feed(feed: FeedHealth | None, silence: float) -> list[str]:
    if feed is None:
        return []
    if feed.error is not None:
        return [f"`run` has ended: {feed.error}"]
    if not feed.is_running:
        return ["the task that watches the log has ended, though `run` goes on"]
    if feed.seconds > silence:
        return [f"the log has not been looked at for {feed.seconds:.1f} seconds: the feed hangs"]
    return []


def _problems_of_log(feed: FeedStatus, limits: HealthLimits) -> list[str]:
    late = [each for each in feed.holders if (each.seconds or 0.0) >= limits.held_seconds]
    if not feed.is_held or not late:
        return []
    return [
        f"the log is held back at event {feed.settled} by {late[0]}; to end it: {late[0].remedy}"
    ]


def _seconds(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"
