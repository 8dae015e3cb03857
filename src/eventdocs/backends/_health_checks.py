"""Health of an open store: what a probe asks of it, and of the projections beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from eventdocs.observability import HealthCheck, HealthStatus, Observation
from eventdocs.types import JSONValue

if TYPE_CHECKING:
    from eventdocs.projections import HealthLimits, ProjectionHealth, ProjectionRunner
    from eventdocs.store import EventStore


def health_checks(
    store: EventStore,
    runner: ProjectionRunner | None = None,
    *,
    limits: HealthLimits | None = None,
) -> tuple[HealthCheck, ...]:
    """Give the checks of an application that works with *store*, for `Health`.

    They are `pool`, `database`, which reads the log's head, `schema`, and with a runner
    `projections`. A pool without a free connection warns; if none becomes free in time,
    `database` fails. A feed that is dead or held back and a projection that stands still
    fail. Lag, events set aside, stale read models and projections that nobody leads warn,
    because the application can serve with them.

    Args:
        store: The log.
        runner: What keeps read models up to date, here or in another process.
        limits: From when on projections count as ill.
    """
    checks = [
        # First, before the others take connections themselves.
        HealthCheck(name="pool", observe=partial(_pool, store)),
        HealthCheck(name="database", observe=partial(_database, store)),
        HealthCheck(name="schema", observe=partial(_schema, store)),
    ]
    if runner is not None:
        checks.append(
            HealthCheck(name="projections", observe=partial(_projections, runner, limits))
        )
    return tuple(checks)


async def _pool(store: EventStore) -> Observation:
    seen = store.statistics()
    limit = seen.connections_limit
    is_exhausted = limit is not None and seen.connections_in_use >= limit
    return Observation(
        status=HealthStatus.WARN if is_exhausted else HealthStatus.PASS,
        reasons=(f"all {limit} connections are in use",) if is_exhausted else (),
        facts={
            "connections_in_use": seen.connections_in_use,
            "connections_open": seen.connections_open,
            "connections_limit": limit,
            "appends_waiting": seen.appends_waiting,
        },
    )


async def _database(store: EventStore) -> Observation:
    return Observation(facts={"head": await store.head()})


async def _schema(store: EventStore) -> Observation:
    from eventdocs.migrations import check

    async with store.connect() as connection:
        await check(connection, store.schema, database=store.database)
    return Observation()


async def _projections(runner: ProjectionRunner, limits: HealthLimits | None) -> Observation:
    found = await runner.health(limits)
    has_failed = found.problems or any(each.is_stalled for each in found.projections)
    ill = HealthStatus.FAIL if has_failed else HealthStatus.WARN
    return Observation(
        status=HealthStatus.PASS if found.is_healthy else ill,
        reasons=found.reasons,
        facts={
            "head": found.head,
            "feed_seconds": None if found.feed is None else round(found.feed.seconds, 3),
            "projections": {each.status.name: _facts_of(each) for each in found.projections},
        },
    )


def _facts_of(health: ProjectionHealth) -> dict[str, JSONValue]:
    status = health.status
    return {
        "state": status.state.value,
        "lag": status.lag,
        "lag_seconds": round(status.lag_seconds, 3),
        "dead_letters": status.dead_letters,
        "is_stalled": health.is_stalled,
    }
