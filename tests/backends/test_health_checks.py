"""Health of a store: each way in which it can fall ill is brought about, and seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import text

from eventdocs import EventStore, ProjectionRunner, open_store
from eventdocs.backends import health_checks
from eventdocs.observability import Health, HealthReport, HealthStatus
from eventdocs.observability.asgi import HealthEndpoints
from eventdocs.projections import FailurePolicy, HealthLimits
from eventdocs.testing._postgres_server import postgres_server
from tests.observability.web import ask, hello
from tests.projections.trails import EVENTS, Noted, append_all, make_trails, some_history

ON_DEMAND = HealthLimits(must_be_led=False)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


async def report_on(
    store: EventStore,
    runner: ProjectionRunner | None = None,
    *,
    limits: HealthLimits | None = ON_DEMAND,
    within: float = 5.0,
) -> HealthReport:
    return await Health(health_checks(store, runner, limits=limits), timeout=within).report()


def statuses(report: HealthReport) -> dict[str, str]:
    return {each.name: each.observation.status.value for each in report.checks}


@asynccontextmanager
async def at_work(runner: ProjectionRunner) -> AsyncGenerator[None]:
    running = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_a_store_that_is_well_passes(store: EventStore) -> None:
    """What was measured is told with it."""
    await append_all(store, some_history(3))
    trails = make_trails()
    async with ProjectionRunner(store, [trails]) as runner:
        await runner.catch_up()
        report = await report_on(store, runner)

    assert report.reasons == ()
    facts = {each.name: each.observation.facts for each in report.checks}
    assert facts["database"] == {"head": 3}
    assert facts["pool"]["connections_limit"] == 20
    assert facts["projections"]["projections"] == {
        trails.name: {
            "state": "running",
            "lag": 0,
            "lag_seconds": 0.0,
            "dead_letters": 0,
            "is_stalled": False,
        }
    }


@pytest.mark.once
async def test_a_server_that_is_down_fails_and_comes_back() -> None:
    """The process lives on, and is ready again by itself."""
    with postgres_server() as server:
        url = server.create_database("probed")
        async with open_store(url, events=EVENTS, migrate=True, pool_min_size=1) as store:
            health = Health(health_checks(store), timeout=5.0, cache_seconds=0)
            app = HealthEndpoints(hello, health=health)
            before = await ask(app, "/readyz")
            with server.down():
                down, live = await ask(app, "/readyz"), await ask(app, "/livez")
            after = await ask(app, "/readyz")

    assert (before.status_code, down.status_code, live.status_code) == (200, 503, 200)
    assert after.status_code == 200


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM eventdocs_migrations WHERE version > 1", "eventdocs migrate"),
        ("UPDATE eventdocs_migrations SET version = version + 1000 WHERE version > 1", "schema"),
    ],
)
async def test_a_schema_of_another_version_fails(
    store: EventStore, statement: str, reason: str
) -> None:
    """Somebody has upgraded or restored the database under a running application."""
    async with store.begin() as tx:
        await tx.execute(text(statement))

    report = await report_on(store)

    assert statuses(report) == {"pool": "pass", "database": "pass", "schema": "fail"}
    assert reason in report.reasons[0]


async def test_an_exhausted_pool_warns_and_then_fails(postgres_url: str) -> None:
    """Without a free connection there is a warning; if none becomes free, nothing works."""
    async with (
        open_store(postgres_url, events=EVENTS, pool_min_size=1, pool_max_size=2) as store,
        AsyncExitStack() as held,
    ):
        for _ in range(2):
            await held.enter_async_context(store.connect())
        exhausted = await report_on(store, within=0.2)
        await held.aclose()
        relieved = await report_on(store)

    assert statuses(exhausted) == {"pool": "warn", "database": "fail", "schema": "fail"}
    assert "pool: all 2 connections are in use" in exhausted.reasons
    assert relieved.status is HealthStatus.PASS


async def test_a_dead_feed_fails(store: EventStore) -> None:
    """The lag is 0, and nothing new would be heard of."""
    async with (
        ProjectionRunner(store, [make_trails()], poll_interval=0.01) as runner,
        at_work(runner),
        asyncio.timeout(20),
    ):
        while (await report_on(store, runner)).status is not HealthStatus.PASS:  # noqa: ASYNC110 - health rings no bell
            await asyncio.sleep(0.005)
        (feed,) = (each for each in asyncio.all_tasks() if each.get_name() == "eventdocs-log-watch")
        feed.cancel()
        await asyncio.wait([feed])
        report = await report_on(store, runner)

    assert statuses(report)["projections"] == "fail"
    assert "the task that watches the log has ended" in report.reasons[0]


async def test_parked_events_warn(store: EventStore) -> None:
    """The other streams go on, so the application can serve."""
    await append_all(store, [("a", Noted(text="poison")), ("b", Noted(text="fine"))])
    async with ProjectionRunner(store, [make_trails(policy=FailurePolicy.PARK)]) as runner:
        await runner.catch_up()
        report = await report_on(store, runner)

    assert statuses(report)["projections"] == "warn"
    assert "1 event set aside" in report.reasons[-1]


async def test_lag_warns_and_a_standstill_fails(store: EventStore) -> None:
    """How old the first event is that was not applied decides, by limits of one's own."""
    await append_all(store, some_history(3))
    lagging = HealthLimits(must_be_led=False, lag_seconds=1e-9, stalled_seconds=1e9)
    stalled = HealthLimits(must_be_led=False, stalled_seconds=1e-9)
    async with ProjectionRunner(store, [make_trails()]) as runner:
        behind = await report_on(store, runner, limits=lagging)
        still = await report_on(store, runner, limits=stalled)

    assert statuses(behind)["projections"] == "warn"
    assert "3 events behind the log" in behind.reasons[0]
    assert statuses(still)["projections"] == "fail"
    assert "3 events to apply" in still.reasons[0]


async def test_a_projection_that_nobody_leads_warns(store: EventStore) -> None:
    """As it is by default, where runners are to keep read models up to date."""
    async with ProjectionRunner(store, [make_trails()]) as runner:
        report = await report_on(store, runner, limits=None)

    assert statuses(report)["projections"] == "warn"
