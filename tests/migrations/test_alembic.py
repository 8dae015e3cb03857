"""In a host's Alembic: its own revisions call ours, and its autogenerate leaves ours alone."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from textwrap import dedent

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, make_url

from eventdocs.migrations import LATEST, current, drift, include_name, include_object
from eventdocs.migrations._steps import steps

MODELS = """
from sqlalchemy import Column, Integer, MetaData, String, Table

metadata = MetaData()
customers = Table("customers", metadata, Column("id", Integer, primary_key=True))
"""

SYNC_ENV = """
from alembic import context
from sqlalchemy import create_engine
from eventdocs.migrations import include_name, include_object
from host_models import metadata

options = dict(target_metadata=metadata, include_name=include_name, include_object=include_object)
url = context.config.get_main_option("sqlalchemy.url")

if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(url)
    with engine.connect() as connection:
        context.configure(
            connection=connection, transaction_per_migration=True, compare_type=True, **options
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
"""

ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from eventdocs.migrations import include_name, include_object
from host_models import metadata


def migrate(connection):
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=include_name,
        include_object=include_object,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main():
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url"))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
"""

REVISION = """
import sqlalchemy as sa
from alembic import op
from eventdocs import migrations

revision, down_revision = {number!r}, {before!r}


def upgrade():
    {up}


def downgrade():
    {down}
"""

REVISIONS = (
    (
        'op.create_table("customers", sa.Column("id", sa.Integer, primary_key=True))',
        'op.drop_table("customers")',
    ),
    (
        "migrations.upgrade(op, version=3, since=0)",
        "migrations.downgrade(op, version=0, since=3, allow_data_loss=True)",
    ),
    (
        "migrations.upgrade(op, version={latest}, since=3, concurrently={concurrently})",
        "migrations.downgrade(op, version=3, since={latest}, allow_data_loss=True)",
    ),
)


class Host:
    """An application with three revisions, the second and third of which are ours."""

    def __init__(self, folder: Path, url: str, *, env: str, concurrently: bool = False) -> None:
        versions = folder / "migrations" / "versions"
        versions.mkdir(parents=True)
        (folder / "host_models.py").write_text(MODELS)
        (folder / "migrations" / "env.py").write_text(env)
        (folder / "migrations" / "script.py.mako").write_text(
            '"""${message}"""\nrevision, down_revision = ${repr(up_revision)}, ${repr(down_revision)}\n'
            "def upgrade():\n    ${upgrades if upgrades else 'pass'}\n"
            "def downgrade():\n    ${downgrades if downgrades else 'pass'}\n"
        )
        before: str | None = None
        for number, (up, down) in enumerate(REVISIONS, 1):
            facts = {"latest": LATEST, "concurrently": concurrently}
            text = dedent(REVISION).format(
                number=str(number), before=before, up=up.format(**facts), down=down.format(**facts)
            )
            (versions / f"{number}.py").write_text(text)
            before = str(number)
        self.output = StringIO()
        self.versions = versions
        self.config = Config(output_buffer=self.output)
        self.config.set_main_option("script_location", str(folder / "migrations"))
        self.config.set_main_option("sqlalchemy.url", url)
        self.config.set_main_option("path_separator", "os")
        self.config.set_main_option("prepend_sys_path", str(folder))


@pytest.fixture(autouse=True)
def _own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    yield
    sys.modules.pop("host_models", None)


def _with_driver(url: str, kind: str) -> str:
    drivers = {
        "sync": {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"},
        "async": {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"},
    }
    address = make_url(url)
    name = drivers[kind][address.get_backend_name()]
    return address.set(drivername=name).render_as_string(hide_password=False)


@pytest.mark.parametrize(("kind", "env"), [("sync", SYNC_ENV), ("async", ASYNC_ENV)])
def test_a_host_goes_up_and_down_by_its_own_revisions(
    tmp_path: Path, empty_url: str, kind: str, env: str
) -> None:
    """One head, the host's; ours are calls in it, and `alembic check` finds nothing to do."""
    host = Host(tmp_path, _with_driver(empty_url, kind), env=env)
    engine = create_engine(_with_driver(empty_url, "sync"))

    command.upgrade(host.config, "2")
    assert current(engine) == 3
    command.upgrade(host.config, "head")
    command.check(host.config)

    assert (current(engine), drift(engine)) == (LATEST, [])

    command.downgrade(host.config, "1")
    assert current(engine) == 0
    assert set(inspect(engine).get_table_names()) == {"customers", "alembic_version"}
    command.upgrade(host.config, "head")
    assert drift(engine) == []
    engine.dispose()


@pytest.mark.parametrize(("kind", "env"), [("sync", SYNC_ENV), ("async", ASYNC_ENV)])
def test_a_revision_may_build_indexes_beside_writers(
    tmp_path: Path, empty_postgres_url: str, kind: str, env: str
) -> None:
    """Outside of Alembic's transaction, which goes on afterwards."""
    host = Host(tmp_path, _with_driver(empty_postgres_url, kind), env=env, concurrently=True)

    command.upgrade(host.config, "head")
    command.check(host.config)

    engine = create_engine(_with_driver(empty_postgres_url, "sync"))
    assert (current(engine), drift(engine)) == (LATEST, [])
    engine.dispose()


def test_autogenerate_sees_the_hosts_tables_only(tmp_path: Path, empty_url: str) -> None:
    """A change of the host's own is found, and nothing of ours is dropped."""
    host = Host(tmp_path, _with_driver(empty_url, "sync"), env=SYNC_ENV)
    command.upgrade(host.config, "head")
    (tmp_path / "host_models.py").write_text(
        MODELS + 'orders = Table("orders", metadata, Column("id", Integer, primary_key=True))\n'
    )
    sys.modules.pop("host_models", None)

    command.revision(host.config, "more", autogenerate=True, rev_id="4")

    (written,) = host.versions.glob("4_*.py")
    assert "orders" in written.read_text()
    assert "eventdocs" not in written.read_text()


def test_read_models_that_a_host_declares_are_not_its_own_to_make(
    tmp_path: Path, empty_url: str
) -> None:
    """A host that joins ours in its queries keeps them in its metadata."""
    host = Host(tmp_path, _with_driver(empty_url, "sync"), env=SYNC_ENV)
    (tmp_path / "host_models.py").write_text(
        MODELS + 'Table("eventdocs_document_views", metadata, Column("id", Integer))\n'
    )
    command.upgrade(host.config, "head")

    command.check(host.config)


def test_a_script_is_written_without_a_database(tmp_path: Path) -> None:
    """Offline, with what the revisions say of the version that is there."""
    host = Host(tmp_path, "postgresql+psycopg://nowhere/none", env=SYNC_ENV, concurrently=True)

    command.upgrade(host.config, "head", sql=True)

    written = host.output.getvalue()
    assert "CREATE TABLE customers" in written
    for step in steps("postgresql"):
        assert f"'{step.checksum}'" in written
    before, _, after = written.partition("CREATE INDEX CONCURRENTLY eventdocs_events_actor")
    assert before.count("BEGIN;") == before.count("COMMIT;") > 0
    assert after.count("BEGIN;") == after.count("COMMIT;") > 0
    assert "%%" not in written


def test_filters_know_our_things_from_others() -> None:
    """By the prefix that all our tables bear."""
    own: dict[str, str | None] = {"table_name": "eventdocs_events"}
    hosts: dict[str, str | None] = {"table_name": "customers"}

    assert not include_name("eventdocs_events", "table", {})
    assert not include_name("eventdocs_events_type", "index", own)
    assert include_name("customers", "table", {})
    assert include_name("eventdocs_like", "column", hosts)
    assert include_name(None, "schema", {})
    assert not include_object(None, "eventdocs_events", "table", True, None)
    assert include_object(None, "customers", "table", False, None)
    assert include_object(None, "eventdocs_number", "column", True, None)
