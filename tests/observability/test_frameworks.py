"""Frameworks: with the real Starlette, FastAPI and Litestar, requests are served alike."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeAlias, cast

import fastapi
import litestar
import litestar.exceptions
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from typing_extensions import override

from eventdocs.errors import WrongExpectedVersionError
from eventdocs.observability import Health, NullInstrumentation, current_correlation
from eventdocs.observability.asgi import (
    ASGIApp,
    HealthEndpoints,
    Problem,
    Problems,
    RequestMiddleware,
    identify_user,
    problem_for,
)
from tests.observability.web import accesses, ask

ID = {"X-Correlation-ID": "request-1"}


class Counting(NullInstrumentation):
    """Remembers what it is told about requests."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []

    @override
    def responded(self, method: str, *, route: str, status: int, seconds: float) -> None:
        self.seen.append((method, route, status))


COUNTING = Counting()


def told() -> dict[str, Any]:
    """What every application answers."""
    identify_user("user-7")
    return {"id": current_correlation().correlation_id}


def conflict() -> None:
    raise WrongExpectedVersionError("document-7", 3, 4)


def broken() -> None:
    raise ValueError("hunter2")


def starlette_app(middleware: list[Middleware] | None = None) -> ASGIApp:
    def serving(work: Callable[[], Any]) -> Callable[[Request], JSONResponse]:
        # Not asynchronous: Starlette calls it in a thread.
        return lambda _: JSONResponse(work())

    routes = [
        Route("/told/{name}", serving(told)),
        Route("/conflict", serving(conflict)),
        Route("/broken", serving(broken)),
    ]
    return cast("ASGIApp", Starlette(routes=routes, middleware=middleware))


def fastapi_app(middleware: list[Middleware] | None = None) -> ASGIApp:
    app = fastapi.FastAPI(middleware=middleware)
    app.add_api_route("/told/{name}", told)
    app.add_api_route("/conflict", conflict, response_model=None)
    app.add_api_route("/broken", broken, response_model=None)
    return cast("ASGIApp", app)


def litestar_app() -> ASGIApp:
    @litestar.get("/told/{name:str}", sync_to_thread=True)
    def tell() -> dict[str, Any]:
        return told()

    @litestar.get("/conflict", sync_to_thread=True)
    def refuse() -> None:
        conflict()

    @litestar.get("/broken", sync_to_thread=True)
    def fail() -> None:
        broken()

    def answer(request: litestar.Request[Any, Any, Any], error: Exception) -> Any:
        problem = problem_for(request.scope, error)  # type: ignore[arg-type]  # a TypedDict of theirs
        return litestar.Response(
            problem.as_dict(), status_code=problem.status, headers=problem.headers()
        )

    return cast(
        "ASGIApp",
        litestar.Litestar(
            [tell, refuse, fail], exception_handlers={Exception: answer}, logging_config=None
        ),
    )


def of_http(error: Any) -> Problem:
    return Problem(
        status=error.status_code, title=HTTPStatus(error.status_code).phrase, detail=error.detail
    )


RULES = Problems({HTTPException: of_http, litestar.exceptions.HTTPException: of_http})

Make: TypeAlias = Callable[[], ASGIApp]

APPS: dict[str, Make] = {
    "starlette": lambda: RequestMiddleware(
        starlette_app(), problems=RULES, instrumentation=COUNTING
    ),
    "starlette, as its middleware": lambda: starlette_app(
        [Middleware(RequestMiddleware, problems=RULES, instrumentation=COUNTING)]
    ),
    "fastapi": lambda: RequestMiddleware(fastapi_app(), problems=RULES, instrumentation=COUNTING),
    "fastapi, as its middleware": lambda: fastapi_app(
        [Middleware(RequestMiddleware, problems=RULES, instrumentation=COUNTING)]
    ),
    "litestar": lambda: RequestMiddleware(litestar_app(), problems=RULES, instrumentation=COUNTING),
}


@pytest.fixture(params=APPS, autouse=True)
def app(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> ASGIApp:
    """An application of each framework, wrapped in each way that it knows."""
    caplog.set_level(logging.DEBUG, logger="eventdocs")
    COUNTING.seen.clear()
    return APPS[request.param]()


async def test_a_request_has_one_id_and_one_line(
    app: ASGIApp, caplog: pytest.LogCaptureFixture
) -> None:
    """The id is known in a thread of the framework, and the user that is named there is known."""
    response = await ask(app, "/told/me?a=1", headers=ID)

    assert response.json() == {"id": "request-1"}
    assert response.headers["x-correlation-id"] == "request-1"
    (line,) = accesses(caplog.records)
    assert (line["path"], line["query_params"]) == ("/told/me", {"a": "1"})
    assert (line["status_code"], line["user_id"]) == (200, "user-7")


async def test_an_error_of_ours_is_a_problem(
    app: ASGIApp, caplog: pytest.LogCaptureFixture
) -> None:
    """It says what a client can do, under the id of the request."""
    response = await ask(app, "/conflict", headers=ID)

    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:eventdocs:problem:version-conflict",
        "title": "Version conflict",
        "status": 409,
        "detail": "Somebody else was first, and nothing was changed. "
        "Read again, decide again, send again.",
        "expected": 3,
        "actual": 4,
        "correlation_id": "request-1",
    }
    assert [each["levelname"] for each in accesses(caplog.records)] == ["INFO"]


async def test_any_other_error_tells_nothing_and_is_logged(
    app: ASGIApp, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets the id to quote, and those who run the application the error."""
    response = await ask(app, "/broken", headers=ID)

    assert (response.status_code, response.json()["correlation_id"]) == (500, "request-1")
    assert "hunter2" not in response.text
    (line,) = accesses(caplog.records)
    assert (line["levelname"], line["exc_info"][0]) == ("ERROR", ValueError)


async def test_what_a_framework_refuses_is_refused_under_the_id(
    app: ASGIApp, caplog: pytest.LogCaptureFixture
) -> None:
    """A path that leads nowhere is the client's own fault."""
    response = await ask(app, "/nowhere", headers=ID)

    assert (response.status_code, response.headers["x-correlation-id"]) == (404, "request-1")
    assert [each["levelname"] for each in accesses(caplog.records)] == ["INFO"]


async def test_health_is_told_before_the_application_is_asked(app: ASGIApp) -> None:
    """Its routes and authentication do not matter to a probe."""
    response = await ask(HealthEndpoints(app, health=Health([])), "/readyz")

    assert response.json() == {"status": "pass"}


async def test_metrics_know_the_template_and_never_the_path(app: ASGIApp) -> None:
    """A path that leads nowhere has none, and a method that there is not is one of many."""
    await ask(app, "/told/me")
    await ask(app, "/told/you")
    await ask(app, "/nowhere")
    await ask(app, "/nowhere", method="BREW")

    *found, missing, strange = COUNTING.seen
    assert found == [("GET", "/told/{name}", 200)] * 2
    assert missing == ("GET", "", 404)
    assert strange[:2] == ("other", "")
