"""What a diagnosis finds on real servers: each thing that can be wrong is made wrong here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url

from eventdocs import DOCUMENT_EVENTS, Documents, DocumentViews, ProjectionRunner, open_store
from eventdocs.backends import Diagnosis, diagnose
from eventdocs.errors import ConfigurationError
from eventdocs.testing import PostgresServer, postgres_server
from tests.backends.test_postgres_pooler import pooler

pytestmark = pytest.mark.once  # about the server, and it takes servers of its own

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
ROLE = "app"
CONNECTIONS = 30
FREE = 1 << 20
OF_THE_SERVER = {
    "server-fsync": "error",
    "server-full-page-writes": "error",
    "server-autovacuum": "warning",
}
"""What is found of a server that was made fast."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server with few connections, made fast at the cost of safety."""
    settings = {"autovacuum": "off", "max_connections": str(CONNECTIONS)}
    with postgres_server(own=True, settings=settings) as running:
        running.execute(f"CREATE ROLE {ROLE} LOGIN")
        yield running


@pytest.fixture(scope="module")
def template(server: PostgresServer) -> str:
    """A migrated database in which a role may do what it has to."""
    asyncio.run(_prepare(server.create_database("template")))
    return "template"


async def _prepare(url: str) -> None:
    async with open_store(url, events=(), migrate=True):
        pass
    await sql(url, f"GRANT CREATE ON SCHEMA public TO {ROLE}")
    for kind in ("TABLES", "SEQUENCES"):
        await sql(url, f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {ROLE}")


@pytest.fixture
def owner(server: PostgresServer, template: str) -> Iterator[str]:
    """The administrator's address of a copy."""
    name = f"diagnosed_{uuid4().hex[:12]}"
    yield server.create_database(name, template=template)
    server.drop_database(name)


@pytest.fixture
def address(owner: str) -> str:
    """The role's address of it."""
    return make_url(owner).set(username=ROLE).render_as_string(hide_password=False)


async def sql(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def name_of(url: str) -> str:
    return str(make_url(url).database)


async def found(address: str, **chosen: Any) -> Mapping[str, Diagnosis]:
    """Give what is found beside what is known of the server."""
    chosen.setdefault("min_free_bytes", FREE)
    examined = await diagnose(address, **chosen)
    assert all(each.remedy and each.message for each in examined.diagnoses)
    return {each.code: each for each in examined.diagnoses if OF_THE_SERVER.get(each.code) is None}


class TestAServerInOrder:
    async def test_has_nothing_to_be_said_of(self) -> None:
        """And tells its facts."""
        settings = {"fsync": "on", "full_page_writes": "on", "max_connections": str(CONNECTIONS)}
        with postgres_server(own=True, settings=settings) as careful:
            careful.execute(f"CREATE ROLE {ROLE} LOGIN", f"GRANT CREATE ON SCHEMA public TO {ROLE}")
            url = make_url(careful.url()).set(username=ROLE).render_as_string(hide_password=False)
            async with open_store(url, events=(), migrate=True):
                pass
            examined = await diagnose(url, min_free_bytes=FREE)

        assert examined.diagnoses == ()
        facts = examined.facts
        assert str(facts["server"]).startswith("PostgreSQL ")
        assert facts["schema_version"] == facts["schema_latest"]
        assert (facts["role"], facts["schema"], facts["pooled"]) == (ROLE, "public", False)
        assert facts["connections_limit"] == CONNECTIONS - 3
        assert (facts["fsync"], facts["encoding"]) == ("on", "UTF8")


class TestSettingsOfTheServer:
    async def test_that_can_lose_events_are_errors(self, address: str) -> None:
        """A server that was made fast for tests is not one to rely on."""
        told = (await diagnose(address, min_free_bytes=FREE)).diagnoses

        assert {each.code: each.severity for each in told} == OF_THE_SERVER
        assert "ALTER SYSTEM SET fsync = on" in told[0].remedy

    @pytest.mark.parametrize(
        ("setting", "code"),
        [
            ("synchronous_commit = off", "server-synchronous-commit"),
            ("default_transaction_read_only = on", "server-read-only"),
        ],
    )
    async def test_of_the_database_count_as_well(
        self, owner: str, address: str, setting: str, code: str
    ) -> None:
        """What counts is what holds for this role in this database."""
        await sql(owner, f"ALTER DATABASE {name_of(owner)} SET {setting}")

        assert (await found(address))[code].severity == "error"

    async def test_include_the_encoding(self, server: PostgresServer) -> None:
        """Not every text can be stored in every encoding."""
        name = f"ascii_{uuid4().hex[:12]}"
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING SQL_ASCII")

        told = await found(server.url(name))

        server.drop_database(name)
        assert "SQL_ASCII" in told["server-encoding"].message


class TestARole:
    async def test_that_may_do_everything_is_worth_a_warning(self, owner: str) -> None:
        """Least privilege bounds mistakes."""
        told = await found(owner)

        assert set(told) == {"role-superuser"}
        assert told["role-superuser"].severity == "warning"

    async def test_is_granted_by_the_remedies_what_it_needs(self, owner: str, address: str) -> None:
        """One statement for each thing that it lacks: with all of them it can work."""
        await sql(owner, f"REVOKE CREATE ON SCHEMA public FROM {ROLE}")
        for kind in ("TABLES", "SEQUENCES"):
            await sql(owner, f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {ROLE}")
        before = (await diagnose(address, min_free_bytes=FREE)).diagnoses

        lacking = [each for each in before if each.code not in OF_THE_SERVER]
        await sql(owner, "; ".join(each.remedy for each in lacking))

        assert {each.code for each in lacking} == {"role-privileges", "role-cannot-create"}
        assert await found(address) == {}
        async with open_store(address, events=DOCUMENT_EVENTS, migrate=False) as store:
            await Documents(store).ingest(b"# A\n\n$w = r$\n", source="a.md")
            async with ProjectionRunner(store, [DocumentViews()]) as runner:
                await runner.catch_up()
                [status] = await runner.status()
        assert (status.lag, status.error) == (0, None)

    async def test_may_lack_the_right_to_functions(self, owner: str, address: str) -> None:
        """Where an administrator has taken it from everybody."""
        await sql(owner, "REVOKE EXECUTE ON FUNCTION eventdocs_append FROM PUBLIC")

        told = await found(address)

        assert "EXECUTE on the function eventdocs_append" in told["role-privileges"].message

    async def test_may_lack_the_right_to_the_schema(self, owner: str, address: str) -> None:
        """Then nothing in it can be seen."""
        await sql(owner, "REVOKE USAGE ON SCHEMA public FROM PUBLIC")

        told = await found(address, schema="public")

        assert told["role-privileges"].remedy == f'GRANT USAGE ON SCHEMA "public" TO "{ROLE}"'


class TestTheTables:
    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("ALTER SEQUENCE eventdocs_sequence CACHE 10", "caches 10 numbers"),
            ("DROP INDEX eventdocs_events_category", "eventdocs_events_category is missing"),
        ],
        ids=["sequence cache", "index"],
    )
    async def test_must_be_as_they_were_made(
        self, owner: str, address: str, statement: str, said: str
    ) -> None:
        """What somebody has changed is named."""
        await sql(owner, statement)

        assert said in (await found(address))["schema-differs"].message

    async def test_may_be_a_newer_eventdocs_own(self, owner: str, address: str) -> None:
        """The package is to be upgraded."""
        await sql(
            owner,
            "INSERT INTO eventdocs_migrations SELECT version + 1, 'future', checksum, applied_at "
            "FROM eventdocs_migrations ORDER BY version DESC LIMIT 1",
        )

        assert (await found(address))["schema-version"].remedy == "upgrade eventdocs"


class TestConnections:
    async def test_are_fewer_than_a_pool_can_open(self, address: str) -> None:
        """Some are kept for administrators, and one listens beside the pool."""
        given = CONNECTIONS - 3

        exceeding = await found(address, pool_max_size=given)
        fitting = await found(address, pool_max_size=given // 2)

        assert exceeding["connections-too-few"].severity == "error"
        assert f"at most {given - 1}," in exceeding["connections-too-few"].remedy
        assert fitting == {}

    async def test_may_be_in_use_by_others(self, address: str) -> None:
        """A pool that would fit alone does not fit beside them."""
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(8):
                connection = await asyncpg.connect(address)
                stack.push_async_callback(connection.close)
            told = await found(address)

        assert told["connections-scarce"].severity == "warning"

    async def test_may_be_few_for_the_role(self, server: PostgresServer, address: str) -> None:
        """With one, nothing can be done beside anything."""
        server.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT 1")
        try:
            told = await found(address)
        finally:
            server.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")

        assert "too many connections" in told["database-unreachable"].message

    async def test_lead_nowhere(self, owner: str) -> None:
        """What is wrong with the address is told, but for its password."""
        url = make_url(owner).set(password="hunter2")

        away = await diagnose(url.set(port=1).render_as_string(hide_password=False))
        unknown = await diagnose(url.set(database="nowhere").render_as_string(hide_password=False))

        assert [each.code for each in away.diagnoses] == ["database-unreachable"]
        assert [each.code for each in unknown.diagnoses] == ["database-address"]
        assert "hunter2" not in f"{away}{unknown}"
        with pytest.raises(ConfigurationError):
            await diagnose("mysql://ada:hunter2@db/x")


class TestTheMachine:
    @pytest.mark.parametrize(("hours", "side"), [(1, "ahead of"), (-1, "behind")])
    async def test_has_a_clock_of_its_own(self, address: str, hours: int, side: str) -> None:
        """By how much it differs is told, and in which direction."""

        def clock() -> datetime:
            return datetime.now(UTC) + timedelta(hours=hours)

        told = await found(address, clock=clock)

        assert side in told["clock-differs"].message
        assert (
            "3600.0 s" in told["clock-differs"].message or "3599." in told["clock-differs"].message
        )

    async def test_has_a_disk_that_can_become_full(self, owner: str) -> None:
        """Where it is this machine's, what is free is known."""
        told = await found(owner, min_free_bytes=1 << 60)

        assert told["disk-space"].severity == "warning"
        assert "MiB free" in told["disk-space"].message


@pytest.mark.skipif(PGBOUNCER is None, reason="needs PgBouncer: apt-get install pgbouncer")
class TestAPoolerInTransactionMode:
    async def test_is_noticed(self, address: str) -> None:
        """By what it does with connections, whatever it is called."""
        with pooler(address) as pooled:
            told = await found(pooled)

        assert told["pooler-statement-cache"].severity == "error"
        assert "statement_cache_size=0" in told["pooler-statement-cache"].remedy
        assert told["pooler-without-direct-url"].severity == "warning"

    async def test_is_no_harm_with_a_way_past_it(self, address: str) -> None:
        """Then all is as the documentation has it."""
        with pooler(address) as pooled:
            examined = await diagnose(
                f"{pooled}?statement_cache_size=0", direct_url=address, min_free_bytes=FREE
            )

        assert {each.code for each in examined.diagnoses} == set(OF_THE_SERVER)
        assert examined.facts["pooled"] is True

    async def test_is_not_got_past_by_any_address(
        self, server: PostgresServer, owner: str, address: str
    ) -> None:
        """It has to lead to the same log, past the pooler, and to somewhere at all."""
        other = make_url(address).set(database="postgres").render_as_string(hide_password=False)
        nowhere = make_url(address).set(port=1).render_as_string(hide_password=False)
        with pooler(address) as pooled:
            url = f"{pooled}?statement_cache_size=0"
            found_by = {
                direct: list(await found(url, direct_url=direct))
                for direct in (pooled, other, nowhere)
            }

        assert found_by[pooled] == ["direct-url-pooled"]
        assert found_by[other] == ["direct-url-elsewhere"]
        assert found_by[nowhere] == ["direct-url"]
