from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections import Projector, handles
from eventdocs.projections._fingerprint import PARTS, changes_between, fingerprint_of
from eventdocs.store import EventRegistry, RecordedEvent, Registrable, Retired, Split, event
from tests.projections.trails import EVENTS, Noted, make_trails

REGISTRY = EventRegistry(EVENTS)


@event("Priced", version=2, upcasters={1: lambda data: {**data, "cents": 0}})
@attrs.frozen(kw_only=True)
class Priced:
    cents: int


class Prices(Projector):
    """Handles what has an upcaster."""

    name = "prices"
    version = 1

    @handles(Priced)
    async def add(self, event: RecordedEvent[Priced], tx: AsyncConnection) -> None:
        """Write what every version of Python reads alike, or not at all."""
        count, text = 0, f"{event.data.cents!r:>{len('x')}}"
        await tx.exec_driver_sql(f"SELECT {count} -- {text}")


def changed(
    before: type[Projector], after: type[Projector], *declarations: Registrable
) -> tuple[str, ...]:
    """Name the parts that tell two projectors apart."""
    registry = EventRegistry([*EVENTS, *declarations])
    return changes_between(fingerprint_of(before, registry), fingerprint_of(after, registry))


def with_tables(*tables: Table) -> type[Projector]:
    return type("WithTables", (make_trails(name="t").__class__,), {"tables": tables})


def of_console(body: str) -> type[Projector]:
    """Make a projector whose source code nobody has kept."""
    text = (
        "class Typed(Projector):\n    name = 'p'\n    version = 1\n    @handles(Noted)\n"
        f"    async def note(self, event, tx):\n        {body}\n"
    )
    names: dict[str, Any] = {"Projector": Projector, "handles": handles, "Noted": Noted}
    exec(text, names)
    made: type[Projector] = names["Typed"]
    return made


class First(Projector):
    name = "p"
    version = 1

    @handles(Noted)
    async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Do something."""
        await tx.close()


class TestFingerprint:
    """A changed projector is told from an unchanged one."""

    def test_is_the_same_for_the_same_code(self) -> None:
        """Making the class again changes nothing."""
        one, two = (make_trails(name="trails") for _ in range(2))

        assert changed(type(one), type(two)) == ()

    def test_is_the_same_on_every_version_of_python(self) -> None:
        """A newer Python alone makes no read model stale."""
        found = fingerprint_of(Prices, EventRegistry([Priced]))

        assert found.split("-")[0] == "6a80c935e031"

    def test_changes_with_the_tables(self) -> None:
        """Another column or index is another read model."""
        plain = Table("a", MetaData(), Column("x", Integer))
        wider = Table("a", MetaData(), Column("x", Integer), Column("y", Integer))
        indexed = Table("a", MetaData(), Column("x", Integer), Index("a_x", "x"))

        assert changed(with_tables(plain), with_tables(wider)) == ("tables",)
        assert changed(with_tables(plain), with_tables(indexed)) == ("tables",)

    def test_changes_with_the_code(self) -> None:
        """Another handler may give other rows."""

        class Second(Projector):
            name = "p"
            version = 1

            @handles(Noted)
            async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                await tx.rollback()

        assert changed(First, Second) == ("handlers",)

    def test_changes_with_a_base(self) -> None:
        """A handler that is inherited is the projector's own."""

        class Other(First):
            pass

        class Base(First):
            limit = 7

        class Another(Base):
            pass

        assert changed(Other, Another) == ("handlers",)

    def test_does_not_change_with_words(self) -> None:
        """Comments, docstrings and layout give no other rows."""

        def spoken() -> type[Projector]:
            class Second(Projector):
                """Says much."""

                name = "p"
                version = 1

                @handles(Noted)
                async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                    """Say more."""
                    # And more.
                    await tx.close()

            return Second

        def silent() -> type[Projector]:
            class Second(Projector):
                name = "p"
                version = 1

                @handles(Noted)
                async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                    await tx.close()

            return Second

        assert changed(spoken(), silent()) == ()

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("await tx.close()", "await tx.rollback()"),
            ("await tx.scalar('a')", "await tx.scalar('b')"),
            ("return 1 in {1, 2}", "return 1 in {1, 3}"),
            ("return [lambda: 1]", "return [lambda: 2]"),
        ],
    )
    def test_of_code_without_source_is_that_of_what_was_compiled(
        self, before: str, after: str
    ) -> None:
        """Names and constants count, as deep as they are."""
        assert changed(of_console(before), of_console(before)) == ()
        assert changed(of_console(before), of_console(after)) == ("handlers",)


def _cents(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "cents": 0}


def _tens(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "cents": 10}


def _priced(version: int, *upcasters: Callable[[dict[str, Any]], dict[str, Any]]) -> type:
    @event("Priced", version=version, upcasters=dict(enumerate(upcasters, 1)))
    @attrs.frozen(kw_only=True)
    class Now:
        cents: int

    return Now


def _prices(cls: type) -> type[Projector]:
    class PricesNow(Projector):
        name = "prices"
        version = 1

        @handles(cls)
        async def add(self, event: RecordedEvent[Any], tx: AsyncConnection) -> None:
            await tx.close()

    return PricesNow


class TestUpcasters:
    """The same handlers give other rows if events are read in another way."""

    def _fingerprint(self, cls: type, *declarations: Registrable) -> str:
        return fingerprint_of(_prices(cls), EventRegistry([cls, *declarations]))

    def test_that_are_new_or_others_change_the_fingerprint(self) -> None:
        """Their code counts, and so does how many there are."""
        first = self._fingerprint(_priced(1))
        second = self._fingerprint(_priced(2, _cents))
        again = self._fingerprint(_priced(2, _cents))
        other = self._fingerprint(_priced(2, _tens))

        assert second == again
        assert changes_between(first, second) == ("upcasters",)
        assert changes_between(second, other) == ("upcasters",)

    def test_of_other_types_do_not_matter(self) -> None:
        """A projector is built by the events that it handles."""
        priced = _priced(2, _cents)

        assert self._fingerprint(priced) == self._fingerprint(priced, Noted, Retired("Old"))

    def test_of_a_type_that_is_split_change_it(self) -> None:
        """Its parts come to the handlers, too."""
        priced = _priced(1)
        one = Split(name="Both", into=(priced,), by=lambda data: [priced(cents=data["a"])])
        two = Split(name="Both", into=(priced,), by=lambda data: [priced(cents=data["b"])])

        found = [self._fingerprint(priced, *each) for each in ((), (one,), (two,))]

        assert changes_between(found[0], found[1]) == ("upcasters",)
        assert changes_between(found[1], found[2]) == ("upcasters",)


def test_a_fingerprint_of_another_make_has_changed_altogether() -> None:
    """What cannot be compared is not called equal."""
    assert changes_between("0123", fingerprint_of(First, REGISTRY)) == PARTS
