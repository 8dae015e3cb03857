"""One id: from the header of a request to everything that the request leads to."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from eventdocs import EventStore, ProjectionRunner, open_store
from eventdocs.observability import configure_logging
from eventdocs.observability.asgi import ASGIApp, RequestMiddleware
from eventdocs.projections import FailurePolicy
from tests.observability.web import ACCESS, ask
from tests.projections.trails import EVENTS, Noted, make_trails

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What logging writes, as an application would set it up."""
    library = logging.getLogger("eventdocs")
    kept = list(library.handlers), library.level, library.propagate
    stream = io.StringIO()
    configure_logging(stream=stream)
    yield stream
    library.handlers[:], library.propagate = kept[0], kept[2]
    library.setLevel(kept[1])


def application(store: EventStore) -> ASGIApp:
    """Record the text of a request; then expect a version that the stream has not."""

    async def note(request: Request) -> JSONResponse:
        text = (await request.json())["text"]
        await store.append("notes", [Noted(text=text)])
        await store.append("notes", [Noted(text="late")], expected=0)
        raise AssertionError

    return RequestMiddleware(Starlette(routes=[Route("/notes", note, methods=["POST"])]))


async def test_one_id_leads_from_the_request_to_all_it_has_caused(
    database_url: str, written: io.StringIO
) -> None:
    """Header, access log, error body, event, projection log, dead letter, and header again."""
    trails = make_trails(policy=FailurePolicy.PARK)
    async with (
        open_store(database_url, events=EVENTS) as store,
        ProjectionRunner(store, [trails]) as runner,
    ):
        response = await ask(
            application(store),
            "/notes",
            method="POST",
            headers={"X-Correlation-ID": "request-1", "traceparent": TRACE},
            json={"text": "poison"},
        )
        events = [event async for event in store.read_all(correlation_id="request-1")]
        # As in a worker: nothing of the request is known to the task.
        await asyncio.create_task(runner.catch_up())
        (letter,) = await runner.dead_letters(trails.name)

    lines: list[dict[str, Any]] = [json.loads(line) for line in written.getvalue().splitlines()]
    of_request = [each for each in lines if each["correlation_id"] == "request-1"]
    assert {ACCESS, "eventdocs.projection.event_failed"} <= {each["message"] for each in of_request}
    assert response.status_code == 409
    assert response.json()["correlation_id"] == "request-1"
    assert response.headers["x-correlation-id"] == "request-1"
    assert [(event.data.text, event.metadata) for event in events] == [
        ("poison", {"traceparent": TRACE})
    ]
    assert letter.correlation_id == "request-1"
