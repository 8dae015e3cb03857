from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import RecordedEvent, open_store
from eventdocs.errors import ProjectorDefinitionError
from eventdocs.projections import ProjectionRunner, Projector, handles
from tests.projections.trails import EVENTS, Marked, Noted


def _handler(*event_classes: Any) -> Any:
    async def note(self: Projector, event: RecordedEvent[Noted], tx: AsyncConnection) -> None: ...

    decorator: Any = handles
    return decorator(*event_classes)(note)


def _not_async() -> Any:
    def method(*_: object) -> None: ...

    return method


def _define(**body: Any) -> type[Projector]:
    complete = {"name": "sample", "version": 1, "note": _handler(Noted), **body}
    given = {name: value for name, value in complete.items() if value is not None}
    return type("Sample", (Projector,), given)


class TestDefinition:
    """A projector class that contradicts itself is refused when it is written."""

    def test_finds_its_handlers_by_event_type(self) -> None:
        """Every event type that `handles` names leads to its method."""

        class Both(Projector):
            name = "both"
            version = 1

            @handles(Noted)
            async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None: ...

            @handles(Marked, batch=True)
            async def mark(
                self, events: Sequence[RecordedEvent[Marked]], tx: AsyncConnection
            ) -> None: ...

        found = {name: (each.method, each.batch) for name, each in Both.handlers.items()}

        assert found == {"Noted": ("note", False), "Marked": ("mark", True)}

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ({"name": None}, "name must be"),
            ({"name": "white space"}, "name must be"),
            ({"name": ""}, "name must be"),
            ({"version": None}, "version must be"),
            ({"version": 0}, "version must be"),
            ({"version": True}, "version must be"),
            ({"note": None}, "handles no event"),
            ({"tables": ["notes"]}, "tables must be"),
            (
                {"tables": (Table("t", MetaData(), Column("a", Integer), schema="s"),)},
                "names a schema",
            ),
            ({"depends_on": ("other",)}, "depends_on must be"),
            ({"on_failure": "stop"}, "on_failure must be"),
            ({"again": handles(Noted)(_not_async())}, "must be an async method"),
            ({"note": _handler()}, "needs an event class"),
            ({"note": _handler(str)}, "no event"),
        ],
    )
    def test_is_refused_with_the_reason(self, body: dict[str, Any], reason: str) -> None:
        """The error says what is wrong."""
        with pytest.raises(ProjectorDefinitionError, match=reason):
            _define(**body)

    def test_refuses_two_handlers_of_one_event_class(self) -> None:
        """Which of them should come first would be a guess."""

        async def other(self: Projector, event: Any, tx: AsyncConnection) -> None: ...

        with pytest.raises(ProjectorDefinitionError, match="both note and other handle"):
            _define(other=handles(Noted)(other))

    def test_refuses_to_lose_a_class_by_decorating_twice(self) -> None:
        """The classes belong into one decorator."""
        with pytest.raises(ProjectorDefinitionError, match="decorated twice"):
            handles(Marked)(_handler(Noted))

    def test_refuses_a_handler_of_another_shape(self) -> None:
        """A handler takes the event and a transaction."""

        async def method(self: Projector, event: Any) -> None: ...

        narrow: Any = method
        with pytest.raises(ProjectorDefinitionError, match="must take self"):
            _define(note=handles(Noted)(narrow))

    def test_refuses_to_lose_a_handler_by_overriding(self) -> None:
        """A method that replaces a handler in a subclass must be a handler too."""
        parent = _define()

        async def note(self: Projector, event: Any, tx: AsyncConnection) -> None: ...

        with pytest.raises(ProjectorDefinitionError, match="overrides a handler"):
            type("Child", (parent,), {"name": "child", "note": note})

    def test_refuses_to_depend_on_itself(self) -> None:
        """A projector that takes the name of one it depends on would wait for itself."""
        parent = _define()

        with pytest.raises(ProjectorDefinitionError, match="depends on itself"):
            _define(depends_on=(parent,))

    def test_a_base_class_needs_no_name(self) -> None:
        """A class without name and handlers serves as a base of others."""

        class Base(Projector):
            """Shared by others."""

        class Child(Base):
            name = "child"
            version = 1
            note = _handler(Noted)

        assert set(Child.handlers) == {"Noted"}


class TestSet:
    """Projectors that contradict each other are refused when a runner is made."""

    async def test_refuses_two_of_one_name(self, sqlite_url: str) -> None:
        """Both would move one checkpoint."""
        async with open_store(sqlite_url, events=EVENTS) as store:
            with pytest.raises(ProjectorDefinitionError, match="two projectors"):
                ProjectionRunner(store, [_define()(), _define()()])

    async def test_refuses_two_owners_of_one_table(self, sqlite_url: str) -> None:
        """A rebuild of one would throw away the rows of the other."""
        table = Table("shared", MetaData(), Column("a", Integer))
        one, two = _define(tables=(table,)), _define(tables=(table,), name="two")

        async with open_store(sqlite_url, events=EVENTS) as store:
            with pytest.raises(ProjectorDefinitionError, match="table shared is also 'sample'"):
                ProjectionRunner(store, [one(), two()])

    async def test_refuses_a_missing_dependency(self, sqlite_url: str) -> None:
        """Nobody would keep the dependency ahead."""
        two = _define(name="two", depends_on=(_define(),))

        async with open_store(sqlite_url, events=EVENTS) as store:
            with pytest.raises(ProjectorDefinitionError, match="'sample', which was not given"):
                ProjectionRunner(store, [two()])

    async def test_refuses_a_cycle(self, sqlite_url: str) -> None:
        """A cycle made after the classes were is found too."""
        one = _define(name="one")
        two = _define(name="two", depends_on=(one,))
        one.depends_on = (two,)

        async with open_store(sqlite_url, events=EVENTS) as store:
            with pytest.raises(ProjectorDefinitionError, match="depends on itself"):
                ProjectionRunner(store, [two(), one()])

    async def test_refuses_an_event_class_unknown_to_the_store(self, sqlite_url: str) -> None:
        """Its events could not be decoded."""
        async with open_store(sqlite_url, events=[Marked]) as store:
            with pytest.raises(ProjectorDefinitionError, match="add it to open_store"):
                ProjectionRunner(store, [_define()()])
