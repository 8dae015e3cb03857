from __future__ import annotations

import subprocess
import sys

import attrs
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from eventdocs.backends import open_store
from eventdocs.errors import ConfigurationError, EventRegistrationError
from eventdocs.store import event
from tests.backends.sqlite_hosts import Noted, notes, texts


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "cannot be read"),
        ("library.db", "cannot be read"),
        ("::hunter2", "cannot be read"),
        ("postgresql://ada:hunter2@host:port/name", "cannot be read"),
        ("mysql://ada:hunter2@host/name", "'mysql' is no supported database"),
        ("sqlite+pysqlcipher://:hunter2@/library.db", "no supported driver"),
        ("sqlite://library.db", "three slashes: sqlite:///library.db"),
        ("sqlite:///library.db?mode=ro", "takes no parameters"),
    ],
)
def test_an_address_of_no_known_form_is_refused_at_once(address: str, problem: str) -> None:
    """The error says what is wrong or which forms there are, and shows no password."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(address, events=[])

    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_all_problems_of_an_address_are_named_at_once() -> None:
    """Nobody has to mend one problem to learn of the next."""
    with pytest.raises(ConfigurationError) as caught:
        open_store("sqlite://host/name?x=1", events=[], schema="library")

    assert len(caught.value.problems) == 3


def test_an_engine_in_memory_is_refused() -> None:
    """The log's own connections would open another memory than the host's."""
    engine = create_async_engine("sqlite+aiosqlite:///:memory:")

    with pytest.raises(ConfigurationError, match="in memory"):
        open_store(engine, events=[])


def test_contradicting_event_classes_are_refused_at_once() -> None:
    """Before any database is touched."""

    @event("Noted")
    @attrs.frozen
    class Other:
        text: str

    with pytest.raises(EventRegistrationError):
        open_store("sqlite:///nowhere/log.db", events=[Noted, Other])


async def test_a_store_is_awaited_or_entered() -> None:
    """Who awaits it closes it; a block closes it at its end."""
    store = await open_store("sqlite:///:memory:", events=[Noted])
    await store.append("a-1", notes("x"))
    assert await texts(store) == ["x"]
    await store.close()

    async with open_store("sqlite://", events=[Noted]) as other:
        assert await texts(other) == []


def test_sqlite_loads_no_driver_of_another_database() -> None:
    """A host that keeps its log in a file pays for nothing else."""
    script = """
import asyncio, sys
from eventdocs.backends import open_store
async def main():
    async with open_store("sqlite:///:memory:", events=[]) as store:
        assert await store.head() == 0
asyncio.run(main())
print([name for name in ("asyncpg", "alembic", "rich") if name in sys.modules])
"""

    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
