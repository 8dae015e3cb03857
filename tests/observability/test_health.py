"""Health: checks are asked together, in time, and not by everybody who asks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from eventdocs.errors import ConfigurationError, StoreBusyError
from eventdocs.observability import Health, HealthCheck, HealthStatus, Observation
from eventdocs.observability.asgi import HealthEndpoints, Scope
from tests.observability.web import ask, hello

WARNED = Observation(status=HealthStatus.WARN, reasons=("slow",), facts={"lag": 7})
FAILED = Observation(status=HealthStatus.FAIL, reasons=("away",))


def check(name: str, seen: Observation | Exception) -> HealthCheck:
    async def observe() -> Observation:
        if isinstance(seen, Exception):
            raise seen
        return seen

    return HealthCheck(name=name, observe=observe)


class TestAReport:
    @pytest.mark.parametrize(
        ("seen", "status"),
        [
            ([], HealthStatus.PASS),
            ([Observation()], HealthStatus.PASS),
            ([Observation(), WARNED], HealthStatus.WARN),
            ([FAILED, WARNED, Observation()], HealthStatus.FAIL),
        ],
    )
    async def test_is_as_grave_as_its_gravest_check(
        self, seen: list[Observation], status: HealthStatus
    ) -> None:
        """The answers stand in the order of the questions."""
        checks = [check(f"check-{n}", each) for n, each in enumerate(seen)]

        report = await Health(checks).report()

        assert report.status is status
        assert [each.observation for each in report.checks] == seen
        assert [each.name for each in report.checks] == [each.name for each in checks]

    async def test_names_the_check_of_each_reason(self) -> None:
        """As text for people."""
        report = await Health([check("log", WARNED), check("mail", FAILED)]).report()

        assert report.reasons == ("log: slow", "mail: away")

    async def test_tells_what_our_errors_say_and_of_others_only_their_kind(self) -> None:
        """The text of a foreign error may hold anything."""
        ours, foreign = StoreBusyError("db", "deadlock"), ValueError("hunter2")

        report = await Health([check("ours", ours), check("foreign", foreign)]).report()

        assert report.reasons == (
            "ours: db is busy: deadlock",
            "foreign: the check failed with ValueError",
        )
        assert report.status is HealthStatus.FAIL

    async def test_does_not_wait_for_a_check_that_hangs(self) -> None:
        """It fails, is cancelled, and keeps nothing from the others."""
        ended = asyncio.Event()

        async def hang() -> Observation:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            raise AssertionError

        checks = [HealthCheck(name="hangs", observe=hang), check("well", Observation())]
        report = await Health(checks, timeout=0.01).report()

        assert report.reasons == ("hangs: no answer within 0.01 seconds",)
        assert [each.observation.status.value for each in report.checks] == ["fail", "pass"]
        assert ended.is_set()

    async def test_is_given_again_for_a_moment(self) -> None:
        """Probes and attackers cannot burden the database."""
        now = 0.0
        looks = 0

        async def look() -> Observation:
            nonlocal looks
            looks += 1
            return Observation()

        health = Health([HealthCheck(name="log", observe=look)], clock=lambda: now)
        await health.report()
        now = 0.99
        again = await health.report()
        assert looks == 1
        now = 1.01
        later = await health.report()

        assert looks == 2
        assert later is not again

    async def test_is_made_once_for_all_who_ask_at_the_same_time(self) -> None:
        """Also where nothing is remembered, and also if the first one gives up."""
        looks = 0
        may_answer = asyncio.Event()

        async def look() -> Observation:
            nonlocal looks
            looks += 1
            await may_answer.wait()
            return Observation()

        health = Health([HealthCheck(name="log", observe=look)], cache_seconds=0)
        first, *others = [asyncio.create_task(health.report()) for _ in range(5)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        may_answer.set()
        reports = await asyncio.gather(*others)

        assert looks == 2
        assert len({id(each) for each in reports}) == 1

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"checks": [check("a", WARNED), check("a", FAILED)]}, "two health checks are named"),
            ({"checks": [], "timeout": 0}, "timeout must be above 0"),
            ({"checks": [], "cache_seconds": -1}, "cache_seconds must be 0 or more"),
        ],
    )
    def test_is_not_promised_by_options_that_make_no_sense(
        self, options: dict[str, Any], problem: str
    ) -> None:
        """They are named when the application is put together."""
        with pytest.raises(ConfigurationError, match=problem):
            Health(**options)


def _details_for_operators(scope: Scope) -> bool:
    return (b"x-operator", b"yes") in scope["headers"]


class TestTheEndpoints:
    @pytest.mark.parametrize("path", ["/readyz", "/startupz"])
    @pytest.mark.parametrize(
        ("seen", "code", "status"),
        [(Observation(), 200, "pass"), (WARNED, 200, "warn"), (FAILED, 503, "fail")],
    )
    async def test_tell_orchestrators_by_status_code(
        self, path: str, seen: Observation, code: int, status: str
    ) -> None:
        """Only a failure takes traffic away; without permission there is nothing else to read."""
        app = HealthEndpoints(hello, health=Health([check("log", seen)]))

        response = await ask(app, path)

        assert (response.status_code, response.json()) == (code, {"status": status})
        assert response.headers["content-type"] == "application/health+json"
        assert response.headers["cache-control"] == "no-store"

    async def test_tell_that_the_process_lives_without_asking_anybody(self) -> None:
        """A database that is away is no reason to restart the application."""
        app = HealthEndpoints(hello, health=Health([check("log", FAILED)]))

        response = await ask(app, "/livez")

        assert (response.status_code, response.json()) == (200, {"status": "pass"})

    async def test_show_details_to_those_who_may_see_them(self) -> None:
        """To some by their request; nothing that is shown holds a password."""
        leaking = Observation(
            status=HealthStatus.WARN, reasons=("postgresql://app:hunter2@db is slow",)
        )
        health = Health([check("log", WARNED), check("mail", leaking)])
        app = HealthEndpoints(hello, health=health, details=_details_for_operators)

        stranger = await ask(app, "/readyz")
        operator = await ask(app, "/readyz", headers={"X-Operator": "yes"})

        assert stranger.json() == {"status": "warn"}
        (log,) = operator.json()["checks"]["log"]
        assert (log["status"], log["output"], log["facts"]) == ("warn", "slow", {"lag": 7})
        assert log["observedUnit"] == "ms"
        assert log["time"].endswith("Z")
        (mail,) = operator.json()["checks"]["mail"]
        assert mail["output"] == "postgresql://app:***@db is slow"

    async def test_show_details_to_everybody_if_told_to(self) -> None:
        """As in a network of one's own."""
        app = HealthEndpoints(hello, health=Health([check("log", FAILED)]), details=True)

        response = await ask(app, "/readyz")

        assert response.json()["checks"]["log"][0]["output"] == "away"

    async def test_answer_nothing_but_questions(self) -> None:
        """A HEAD has no body, and what would change something is refused."""
        app = HealthEndpoints(hello, health=Health([]))

        head = await ask(app, "/readyz", method="HEAD")
        post = await ask(app, "/readyz", method="POST")

        assert (head.status_code, head.content) == (200, b"")
        assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")

    @pytest.mark.parametrize("path", ["/", "/readyz/more", "/readyzz", "/documents/readyz"])
    async def test_leave_everything_else_to_the_application(self, path: str) -> None:
        """Only the whole path counts."""
        app = HealthEndpoints(hello, health=Health([check("log", FAILED)]))

        assert (await ask(app, path)).json() == "hello"

    async def test_are_found_below_a_mount(self) -> None:
        """A path that a server or framework has added before does not count."""
        seen: list[dict[str, Any]] = []
        app = HealthEndpoints(hello, health=Health([]))

        async def send(message: Any) -> None:
            seen.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "headers": [],
            "path": "/api/livez",
            "root_path": "/api",
        }
        await app(scope, _nothing, send)

        assert json.loads(seen[1]["body"]) == {"status": "pass"}


async def _nothing() -> dict[str, Any]:
    return {}
