"""Types: the code's event types against those that a log holds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from eventdocs import open_store
from tests.cli.conftest import Ended, Eventdocs
from tests.store.people import once

HOST = """
import attrs
from eventdocs import event
from eventdocs.store import Retired, Split


@event("Placed", version=2, upcasters={1: lambda payload: {**payload, "by": ""}})
@attrs.frozen
class Placed:
    of: str
    by: str


@event("Cancelled", renamed_from=["Withdrawn"])
@attrs.frozen
class Cancelled:
    why: str


@event("Shipped")
@attrs.frozen
class Shipped:
    pass


class Orders:
    EVENTS = [
        Placed,
        Cancelled,
        Shipped,
        Split(name="Swapped", into=[Placed, Cancelled], by=lambda payload: []),
        Retired("Printed"),
    ]
"""

READABLE: list[tuple[str, int, dict[str, Any]]] = [
    ("Placed", 1, {"of": "tea"}),
    ("Placed", 1, {"of": "salt"}),
    ("Placed", 2, {"of": "tea", "by": "Ada"}),
    ("Withdrawn", 1, {"why": "rain"}),
    ("Cancelled", 1, {"why": "rain"}),
    ("Swapped", 1, {}),
    ("Printed", 7, {"pages": 3}),
]


async def record(url: str, *events: tuple[str, int, dict[str, Any]]) -> None:
    for name, version, payload in events:
        cls, data = once(name, version, payload)
        async with open_store(url, events=[cls], migrate=True) as store:
            await store.append("order-1", [data])


@pytest.fixture
def host(folder: Path) -> None:
    """A module of an application's, in the current folder."""
    (folder / "orders.py").write_text(HOST, "utf-8")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of a database that the program is told, on each backend in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'orders.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def states(ended: Ended) -> list[tuple[str, int, int, str]]:
    return [
        (each["type"], each["schema_version"], each["events"], each["state"])
        for each in ended.json["types"]
    ]


@pytest.mark.usefixtures("host")
class TestChecking:
    def test_a_log_that_can_be_read(self, eventdocs: Eventdocs, url: str) -> None:
        """Counts by type and schema version, and how the code comes to read each."""
        asyncio.run(record(url, *READABLE))

        ended = eventdocs(
            *("types", "check", "--events", "orders:Orders.EVENTS", "--database", url, "--json")
        )

        assert (ended.status, ended.err) == (0, "")
        assert states(ended) == [
            ("Cancelled", 1, 1, "current"),
            ("Placed", 1, 2, "older"),
            ("Placed", 2, 1, "current"),
            ("Printed", 7, 1, "retired"),
            ("Swapped", 1, 1, "split"),
            ("Withdrawn", 1, 1, "renamed"),
        ]
        by_name = {each["type"]: each["reads_as"] for each in ended.json["types"]}
        assert by_name["Withdrawn"] == ["Cancelled"]
        assert by_name["Swapped"] == ["Placed", "Cancelled"]
        assert by_name["Printed"] == []
        assert "Shipped" in ended.json["unused"]
        assert "Placed" not in ended.json["unused"]
        assert ended.json["unreadable"] == 0

    def test_a_log_that_cannot(self, eventdocs: Eventdocs, url: str) -> None:
        """What is newer, unknown or damaged is told with its place, and fails the check."""
        asyncio.run(
            record(
                url,
                ("Placed", 1, {"of": "tea"}),
                ("Placed", 1, {"of": 7}),
                ("Placed", 3, {"of": "tea", "by": "Ada", "to": "Bob"}),
                ("Forgotten", 1, {}),
            )
        )

        ended = eventdocs("types", "check", "--events", "orders:Orders.EVENTS", "--database", url)

        assert ended.status == 1
        assert ended.problems == [
            "error: Forgotten version 1: the code does not know this type",
            (
                "error: Placed version 1: event 2 of type 'Placed' (schema version 1) cannot be "
                "decoded: invalid value for type, expected str @ data.of"
            ),
            "error: Placed version 3: newer code has written it",
        ]
        assert "--events MODULE:NAME" in ended.err
        assert ended.out.count("Placed") >= 2

    @pytest.mark.parametrize("samples", [1, 3, 9])
    def test_samples_from_both_ends(self, eventdocs: Eventdocs, folder: Path, samples: int) -> None:
        """The first and the last of a version are always among those decoded."""
        url = f"sqlite:///{folder / 'eventdocs.db'}"
        good, bad = ("Placed", 1, {"of": "tea"}), ("Placed", 1, {"of": 7})
        asyncio.run(record(url, *[good] * 3, bad))

        ended = eventdocs(
            *("types", "check", "--events", "orders:Orders.EVENTS"),
            *("--samples", str(samples), "--json"),
        )

        assert ended.status == 1
        assert states(ended) == [("Placed", 1, 4, "undecodable")]


class TestTheApplicationsModule:
    @pytest.mark.parametrize(
        ("where", "status", "told"),
        [
            ("orders", 2, "'orders' is not MODULE:NAME"),
            ("nowhere:EVENTS", 1, "nowhere:EVENTS: ModuleNotFoundError"),
            ("orders:NOTHING", 1, "orders:NOTHING: AttributeError"),
            ("orders:HOW", 1, "orders:HOW: 7 is no event class"),
            ("orders:MANY", 1, "orders:MANY: 'x' is no event class"),
            ("orders:PLAIN", 1, "not declared"),
            ("broken:EVENTS", 1, "broken:EVENTS: ZeroDivisionError"),
        ],
    )
    def test_that_cannot_be_used_is_told(
        self, eventdocs: Eventdocs, folder: Path, where: str, status: int, told: str
    ) -> None:
        """In one line, without a traceback."""
        asyncio.run(record(f"sqlite:///{folder / 'eventdocs.db'}", ("Placed", 1, {})))
        (folder / "orders.py").write_text("HOW, MANY = 7, 'x'\nclass PLAIN: pass\n", "utf-8")
        (folder / "broken.py").write_text("EVENTS = 1 / 0\n", "utf-8")

        ended = eventdocs("types", "check", "--events", where)

        assert ended.status == status
        assert len(ended.problems) == 1
        assert told in ended.problems[0]
        assert "Traceback" not in ended.err

    def test_may_name_a_single_class(self, eventdocs: Eventdocs, folder: Path) -> None:
        """And be asked for several times."""
        (folder / "orders.py").write_text(HOST, "utf-8")
        asyncio.run(record(f"sqlite:///{folder / 'eventdocs.db'}", ("Shipped", 1, {})))

        ended = eventdocs(
            *("types", "check", "--events", "orders:Shipped", "--events", "orders:Placed")
        )

        assert (ended.status, ended.err) == (0, "")
        assert "Shipped" in ended.out


def test_an_empty_log_can_be_read(in_process: Eventdocs, folder: Path) -> None:
    """Nothing is there, so nothing is wrong."""
    in_process("migrate", "up")

    ended = in_process("types", "check")

    assert ended.status == 0
    assert "the log is empty" in ended.out
    assert "not in the log: AnalysisCompleted" in ended.out
