"""Scenarios: given what has happened, when something happens, then these rows are there."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from eventdocs.backends import open_store
from eventdocs.projections import ProjectionRunner, Projector
from eventdocs.store import EventStore
from eventdocs.testing._rows import Rows, arranged, only, read_rows


@attrs.frozen
class Scenario:
    """An example of what a projector does, on a real store in memory; made by `scenario`.

    ```python
    await (
        scenario(Titles())
        .given("book-1", TitleGiven(title="On order"))
        .when("book-1", TitleGiven(title="In order"))
        .then({"titles": [{"book": "book-1", "title": "In order"}]})
    )
    ```
    """

    _projectors: Sequence[Projector]
    _given: Sequence[tuple[str, object]] = ()
    _when: Sequence[tuple[str, object]] = ()

    def given(self, stream: str, *events: object) -> Scenario:
        """Let *events* have been recorded in *stream*, and applied, before anything happens."""
        return attrs.evolve(self, given=[*self._given, *((stream, each) for each in events)])

    def when(self, stream: str, *events: object) -> Scenario:
        """Let *events* be recorded in *stream*, and applied, when all that is given was."""
        return attrs.evolve(self, when=[*self._when, *((stream, each) for each in events)])

    async def then(self, rows: Rows) -> None:
        """Let all of it happen, and expect the tables named to hold these rows and no others.

        Args:
            rows: By table, in any order. A column that none of a table's rows names may
                hold anything.

        Raises:
            AssertionError: The rows are others.
            ProjectionStoppedError: An event could not be applied.
        """
        history = [*self._given, *self._when]
        classes = dict.fromkeys([*handled_by(self._projectors), *(type(e) for _, e in history)])
        async with (
            open_store("sqlite:///:memory:", events=list(classes)) as store,
            ProjectionRunner(store, self._projectors) as runner,
        ):
            for part in (self._given, self._when):
                await append(store, part)
                await runner.catch_up()
            found = await read_rows(store, self._projectors)
        expected = {name: list(each) for name, each in rows.items()}
        compared = {
            name: only(found[name], {key for row in each for key in row}) if each else found[name]
            for name, each in expected.items()
        }
        assert arranged(compared) == arranged(expected)


def scenario(*projectors: Projector) -> Scenario:
    """Begin an example of what *projectors* do; with each, name those it depends on."""
    return Scenario(projectors)


def handled_by(projectors: Sequence[Projector]) -> list[type]:
    """List the event classes that *projectors* handle."""
    handlers = [handler for each in projectors for handler in each.handlers.values()]
    return list(dict.fromkeys(each for handler in handlers for each in handler.event_classes))


async def append(store: EventStore, history: Sequence[tuple[str, object]]) -> None:
    """Append each event to its stream, in order."""
    for stream, data in history:
        await store.append(stream, [data])
