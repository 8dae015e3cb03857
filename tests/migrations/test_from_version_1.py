"""From version 1: what the first schema holds is there after the upgrade, and goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import attrs
import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.schema import CreateTable

from eventdocs import event, open_store
from eventdocs.errors import SchemaTooOldError
from eventdocs.migrations import LATEST, current, drift, plan, upgrade
from eventdocs.migrations._declared import ledger
from eventdocs.migrations._steps import steps
from eventdocs.store import Decider, Snapshots

LITERALS = {
    "sqlite": ("'00000000000000000000000000000001'", "'00000000000000000000000000000002'", "x'00'"),
    "postgresql": (
        "'00000000-0000-0000-0000-000000000001'",
        "'00000000-0000-0000-0000-000000000002'",
        r"'\x00'",
    ),
}


@event("Filled")
@attrs.frozen
class Filled:
    what: str


def _decide(state: tuple[str, ...], command: str) -> Sequence[object]:
    return [Filled(command)]


def _evolve(state: tuple[str, ...], happened: Filled) -> tuple[str, ...]:
    return (*state, happened.what)


BOX: Decider[str, tuple[str, ...]] = Decider(
    initial=(),
    decide=_decide,
    evolve=_evolve,
    snapshots=Snapshots(name="box", state=tuple[str, ...], every=1),
)


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, sqlite_url: str, empty_postgres_url: str) -> str:
    """The address of a database as the first schema left it, with two events in it."""
    url = sqlite_url if request.param == "sqlite" else empty_postgres_url
    engine = create_async_engine(
        url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
    )
    step = steps(request.param)[0]
    first, second, digest = LITERALS[request.param]
    async with engine.begin() as connection:
        await connection.execute(CreateTable(ledger))
        for statement in step.statements(None):
            await connection.exec_driver_sql(statement)
        await connection.execute(
            insert(ledger).values(
                version=1, name=step.name, checksum=step.checksum, applied_at=datetime.now(UTC)
            )
        )
        await connection.exec_driver_sql(
            "INSERT INTO eventdocs_streams (stream, version) VALUES ('box-1', 2)"
        )
        await connection.exec_driver_sql(
            f"""
            INSERT INTO eventdocs_events (
                sequence, stream, version, category, id, type, schema_version, data, digest, metadata
            )
            VALUES
                (1, 'box-1', 1, 'box', {first}, 'Filled', 1, '{{"what":"tea"}}', {digest}, '{{}}'),
                (2, 'box-1', 2, 'box', {second}, 'Filled', 1, '{{"what":"salt"}}', {digest}, '{{}}')
            """
        )
        if request.param == "postgresql":
            await connection.execute(text("SELECT setval('eventdocs_sequence', 2)"))
    await engine.dispose()
    return url


async def test_the_database_is_refused_until_it_is_upgraded(url: str) -> None:
    """And the steps that it lacks are known."""
    with pytest.raises(SchemaTooOldError) as caught:
        await open_store(url, events=[Filled], migrate=False)

    assert (caught.value.found, caught.value.wanted) == (1, LATEST)
    assert [step.version for step in await plan(url)] == list(range(2, LATEST + 1))


async def test_the_upgrade_leads_to_the_declared_tables(url: str) -> None:
    """As it does from nothing."""
    await upgrade(url)

    assert await current(url) == LATEST
    assert await drift(url) == []


async def test_the_events_are_there_and_the_log_goes_on(url: str) -> None:
    """Same places, same ids; new events behind them, and snapshots of old streams."""
    async with open_store(url, events=[Filled], migrate=True) as store:
        before = [(each.sequence, each.id, each.data) async for each in store.read_all()]
        decided = await store.decide("box-1", BOX, "sugar")
        again = await store.fold("box-1", BOX)

    assert before == [(1, UUID(int=1), Filled("tea")), (2, UUID(int=2), Filled("salt"))]
    assert decided.appended is not None
    assert (decided.appended.sequence, decided.appended.version) == (3, 3)
    assert decided.state == again.state == ("tea", "salt", "sugar")


async def test_dead_letters_stay_in_the_order_of_their_streams(url: str) -> None:
    """They get their stream for a key, and those that were applied are called so."""
    first, second, _ = LITERALS["sqlite" if url.startswith("sqlite") else "postgresql"]
    engine = create_async_engine(
        url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
    )
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO eventdocs_projections "
            "(name, version, store_id, sequence, status, fingerprint, updated_at) "
            f"VALUES ('p', 1, {first}, 2, 'parked', '', CURRENT_TIMESTAMP)"
        )
        await connection.exec_driver_sql(
            f"""
            INSERT INTO eventdocs_dead_letters (
                projection, sequence, event_id, stream, type, state, attempts, recorded_at, resolved_at
            )
            VALUES
                ('p', 1, {first}, 'box-1', 'Filled', 'resolved', 1, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP),
                ('p', 2, {second}, 'box-1', 'Filled', 'failed', 3, CURRENT_TIMESTAMP, NULL)
            """
        )

    await upgrade(url)

    async with engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT ordering_key, state, attempts, repair FROM eventdocs_dead_letters "
            "ORDER BY sequence"
        )
        letters = [tuple(row) for row in found]
    await engine.dispose()
    assert letters == [("box-1", "applied", 1, None), ("box-1", "failed", 3, None)]
