"""The page on security: each role can do its work, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from eventdocs import DOCUMENT_EVENTS, Documents, ProjectionRunner, open_store
from eventdocs.documents import DocumentViews, SemanticIR
from eventdocs.projections import ProjectionState
from eventdocs.testing import PostgresServer, postgres_server
from tests.backends.postgres_hosts import Noted, notes, sql
from tests.operations.procedures import Desk, with_programs_of_the_server

PAGE = "secure.md"
GRANTS = "Make the tables and grant what is needed"


def as_role(server: PostgresServer, role: str) -> str:
    return make_url(server.url("library")).set(username=role).render_as_string(False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server on which the page has been followed."""
    with postgres_server(own=True) as server:
        environ = {"ADMIN_URL": server.url(), "OWNER_URL": as_role(server, "library_owner")}
        desk = Desk(folder=tmp_path_factory.mktemp("roles"), environ=environ)
        desk.follow(PAGE, "Create the roles")
        desk.follow(PAGE, GRANTS)
        yield server


class TestRoles:
    pytestmark = with_programs_of_the_server

    async def test_the_application_appends_and_keeps_read_models(
        self, server: PostgresServer
    ) -> None:
        """The library works with the rights of its role, leases and notifications included."""
        url = as_role(server, "library_app")
        async with open_store(url, events=[*DOCUMENT_EVENTS, Noted]) as store:
            await Documents(store).ingest(b"# A\n\n$w = r$\n", source="a.md")
            async with ProjectionRunner(store, [DocumentViews(), SemanticIR()]) as runner:
                await runner.catch_up()
                states = {status.state for status in await runner.status()}
            async with store.begin() as tx:
                await store.using(tx).append("a", notes("in the host's transaction"))

        assert states == {ProjectionState.RUNNING}

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE eventdocs_events SET data = '{}'",
            "TRUNCATE eventdocs_events",
            "UPDATE eventdocs_store SET store_id = gen_random_uuid()",
            "DELETE FROM eventdocs_migrations",
            "ALTER TABLE eventdocs_events ADD COLUMN more text",
            "CREATE TABLE more (id integer)",
            "SELECT setval('eventdocs_sequence', 1)",
        ],
    )
    async def test_the_application_cannot_rewrite_history(
        self, server: PostgresServer, statement: str
    ) -> None:
        """Nor the schema, nor what the log is called."""
        async with sql(as_role(server, "library_app")) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)

    async def test_a_reader_reads_and_appends_nothing(self, server: PostgresServer) -> None:
        """It sees who holds readers back, and cannot do so itself."""
        app, reader = as_role(server, "library_app"), as_role(server, "library_reader")
        async with (
            open_store(app, events=[Noted]) as writing,
            open_store(reader, events=[Noted]) as reading,
        ):
            async with writing.begin() as tx:
                await writing.using(tx).append("held", notes("1"))
                [holder] = (await reading.feed()).holders
            assert holder.application == "eventdocs"
            assert [each.data.text async for each in reading.read_stream("held")] == ["1"]
        async with sql(reader) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("DELETE FROM eventdocs_events")

    async def test_the_owner_rebuilds_and_the_application_goes_on(
        self, server: PostgresServer, tmp_path: Path
    ) -> None:
        """New tables have the grants of the old ones."""
        desk = Desk(
            folder=tmp_path, environ={"EVENTDOCS_DATABASE_URL": as_role(server, "library_owner")}
        )
        desk.run("eventdocs projections rebuild semantic-ir")

        url = as_role(server, "library_app")
        async with open_store(url, events=DOCUMENT_EVENTS) as store:
            await Documents(store).ingest(b"# B\n\n$v = r$\n", source="b.md")
            async with ProjectionRunner(store, [DocumentViews(), SemanticIR()]) as runner:
                await runner.catch_up()
        async with sql(url) as connection:
            assert await connection.fetchval("SELECT count(*) FROM eventdocs_semantic_ir") > 0


def test_a_secret_is_read_from_a_file_and_shown_nowhere(tmp_path: Path) -> None:
    """What is in force can be looked at by anybody."""
    Path(tmp_path, "database-url").write_text("postgresql://app:s3cret@db/library\n")
    desk = Desk(folder=tmp_path, environ={"SECRETS": str(tmp_path)})

    said = desk.follow(PAGE, "Check what is in force")

    assert "s3cret" not in said
    assert "file " in said
