"""Requests: one id each, one line each, and an answer whatever happens."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs.errors import ConfigurationError, StoreBusyError
from eventdocs.observability import (
    Correlation,
    JSONFormatter,
    ReadableFormatter,
    current_correlation,
)
from eventdocs.observability.asgi import (
    Message,
    Problem,
    Problems,
    Receive,
    RequestMiddleware,
    Scope,
    Send,
    identify_user,
    problem_for,
)
from tests.observability.web import accesses, ask, hello, say

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(autouse=True)
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All lines that are written, whatever their level."""
    caplog.set_level(logging.DEBUG, logger="eventdocs")
    return caplog


async def correlated(headers: Mapping[str, str]) -> tuple[Correlation, httpx.Response]:
    """Tell what an application knows about a request with *headers*."""
    seen: list[Correlation] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(lambda: seen.append(current_correlation())))
        await say(send)

    response = await ask(RequestMiddleware(app), headers=dict(headers))
    return seen[0], response


class TestTheId:
    async def test_of_a_request_is_kept_and_given_back(self) -> None:
        """Everything that serves the request has it, in tasks and threads too."""
        seen, response = await correlated({"X-Correlation-ID": "request-1"})

        assert seen.correlation_id == "request-1"
        assert response.headers["x-correlation-id"] == "request-1"

    async def test_is_made_where_there_is_none(self) -> None:
        """Two requests never share it."""
        first, response = await correlated({})
        second, _ = await correlated({"X-Correlation-ID": ""})

        assert first.correlation_id == response.headers["x-correlation-id"]
        assert first.correlation_id
        assert first.correlation_id != second.correlation_id

    @pytest.mark.parametrize("forged", ["x" * 129, "é", "a\tb", "a\x7fb", "\x1b[31m"])
    async def test_is_made_anew_if_it_could_forge_or_flood_lines(self, forged: str) -> None:
        """At most 128 printable ASCII characters are taken over."""
        raw = [(b"x-correlation-id", forged.encode("latin-1"))]

        response = await ask(RequestMiddleware(hello), headers=raw)

        assert response.headers["x-correlation-id"] != forged
        assert len(response.headers["x-correlation-id"]) == 32

    @given(st.binary(max_size=200))
    async def test_in_the_response_is_always_fit_for_a_header(self, given_id: bytes) -> None:
        """Whatever bytes a request brings."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": [(b"x-correlation-id", given_id)],
        }
        await RequestMiddleware(hello)(scope, receive, send)

        ((name, value),) = sent[0]["headers"]
        assert name == b"x-correlation-id"
        assert 1 <= len(value) <= 128
        assert value.decode("ascii").isprintable()

    async def test_can_be_in_another_header(self) -> None:
        """A gateway may have a name of its own for it; what the application says is replaced."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"X-Request-Id", b"other"), (b"x-kept", b"1")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

        response = await ask(
            RequestMiddleware(app, header="X-Request-ID"), headers={"x-request-id": "mine"}
        )

        assert response.headers.get_list("x-request-id") == ["mine"]
        assert response.headers["x-kept"] == "1"

    async def test_ends_with_the_request(self) -> None:
        """Nothing of it is left for what comes next."""
        await ask(RequestMiddleware(hello), headers={"X-Correlation-ID": "request-1"})

        assert current_correlation().correlation_id is None

    async def test_is_there_for_websockets_too(self) -> None:
        """They have it from their handshake on, and it is in the answer to that."""
        seen: list[str | None] = []
        sent: list[Message] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(current_correlation().correlation_id)
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": "hello"})

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": "/", "headers": [(b"x-correlation-id", b"socket-1")]}
        await RequestMiddleware(app)(scope, _nothing, send)

        assert seen == ["socket-1"]
        assert sent[0]["headers"] == [(b"x-correlation-id", b"socket-1")]

    async def test_is_none_of_a_lifespan(self) -> None:
        """The start and end of a server are no request."""
        seen: list[str | None] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(current_correlation().correlation_id)

        await RequestMiddleware(app)({"type": "lifespan"}, _nothing, _silent)

        assert seen == [None]


class TestTheTrace:
    async def test_goes_into_the_metadata_of_events(self) -> None:
        """It is kept as it came, with the state of those who trace."""
        seen, _ = await correlated({"traceparent": TRACE, "tracestate": "vendor=1"})
        without, _ = await correlated({"traceparent": TRACE})

        assert seen.metadata == {"traceparent": TRACE, "tracestate": "vendor=1"}
        assert without.metadata == {"traceparent": TRACE}

    @pytest.mark.parametrize(
        "broken",
        [
            TRACE.upper(),
            TRACE[:-1],
            TRACE + "-x",
            "ff" + TRACE[2:],
            f"00-{'0' * 32}-00f067aa0ba902b7-01",
            f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
            "nonsense",
        ],
    )
    async def test_is_left_out_if_it_is_none(self, broken: str) -> None:
        """Nobody could follow it, and its state means nothing without it."""
        seen, _ = await correlated({"traceparent": broken, "tracestate": "vendor=1"})

        assert seen.metadata == {}


class TestTheLine:
    async def test_says_what_was_asked_and_answered(self, lines: pytest.LogCaptureFixture) -> None:
        """Every field is there, under the id of the request, and written as JSON too."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.to_thread(identify_user, "user-7")
            await say(send, status=201)

        await ask(
            RequestMiddleware(app),
            "/documents?tag=a&tag=b&page=&password=hunter2",
            method="POST",
            headers={"X-Correlation-ID": "request-1"},
        )

        (line,) = accesses(lines.records)
        assert (line["method"], line["path"], line["client"]) == ("POST", "/documents", "192.0.2.7")
        assert line["query_params"] == {"tag": ["a", "b"], "page": "", "password": "***"}
        assert (line["status_code"], line["user_id"]) == (201, "user-7")
        assert 0 < line["duration_ms"] < 60_000
        assert line["levelname"] == "INFO"

    async def test_comes_out_field_for_field(self, lines: pytest.LogCaptureFixture) -> None:
        """These are the fields of a request that failed, in their order."""
        written: list[str] = []

        class Keeping(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                written.append(JSONFormatter().format(record))

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            identify_user("user-7")
            raise ValueError("broken")

        handler = Keeping()
        logging.getLogger("eventdocs.http").addHandler(handler)
        await ask(RequestMiddleware(app), headers={"X-Correlation-ID": "request-1"})
        logging.getLogger("eventdocs.http").removeHandler(handler)

        line = json.loads(written[0])
        assert list(line) == [
            *("timestamp", "level", "logger", "message", "correlation_id"),
            *("method", "path", "query_params", "client"),
            *("status_code", "duration_ms", "user_id"),
            *("module", "function", "line", "exception"),
        ]
        assert line["correlation_id"] == "request-1"
        assert list(line["exception"]) == ["type", "message", "traceback"]
        assert line["exception"]["type"] == "builtins.ValueError"

    async def test_shows_no_secret_of_a_request_or_its_error(
        self, lines: pytest.LogCaptureFixture
    ) -> None:
        """Planted in address, headers, body, and in what is raised and what caused that."""
        secret = "hunter2-planted"

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            try:
                raise OSError(f"cannot reach postgresql://app:{secret}@db/library")
            except OSError as error:
                raise ValueError(f"no user for Authorization: Bearer {secret}") from error

        response = await ask(
            RequestMiddleware(app),
            f"/callback/password={secret}?access_token={secret}&api_key={secret}&next=%2F",
            method="POST",
            headers={"Authorization": f"Bearer {secret}", "Cookie": f"session={secret}"},
            json={"password": secret},
        )

        written = [
            formatter.format(each)
            for each in lines.records
            for formatter in (JSONFormatter(), ReadableFormatter())
        ]
        assert len(written) == 2
        assert all("ValueError" in each and "OSError" in each for each in written)
        assert not any(secret in each for each in [*written, response.text])

    async def test_of_a_slow_request_is_a_warning(self, lines: pytest.LogCaptureFixture) -> None:
        """What is slow is for the host to say."""
        await ask(RequestMiddleware(hello, slow_seconds=1e-9), "/slow")
        await ask(RequestMiddleware(hello, slow_seconds=60.0), "/fast")

        slow, fast = accesses(lines.records)
        assert (slow["path"], slow["levelname"], slow["is_slow"]) == ("/slow", "WARNING", True)
        assert (fast["levelname"], "is_slow" in fast) == ("INFO", False)

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz", "/metrics"])
    async def test_of_a_probe_is_quiet(self, lines: pytest.LogCaptureFixture, path: str) -> None:
        """They come every few seconds, and an ill answer is what they are for."""

        async def ill(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, status=503)

        await ask(RequestMiddleware(hello), path)
        await ask(RequestMiddleware(ill), path)

        assert [each["levelname"] for each in accesses(lines.records)] == ["DEBUG", "DEBUG"]

    async def test_of_a_probe_below_a_mount_is_quiet_too(
        self, lines: pytest.LogCaptureFixture
    ) -> None:
        """What a server or framework has put before the path does not count."""
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "headers": [],
            "query_string": b"",
            "path": "/api/livez",
            "root_path": "/api",
        }
        await RequestMiddleware(hello)(scope, _nothing, _silent)

        (line,) = accesses(lines.records)
        assert (line["path"], line["levelname"]) == ("/api/livez", "DEBUG")

    async def test_of_a_probe_that_breaks_down_is_loud(
        self, lines: pytest.LogCaptureFixture
    ) -> None:
        """An error is an error wherever it is raised."""

        async def broken(scope: Scope, receive: Receive, send: Send) -> None:
            raise ValueError("broken")

        await ask(RequestMiddleware(broken), "/livez")

        assert [each["levelname"] for each in accesses(lines.records)] == ["ERROR"]

    async def test_of_a_strangers_address_stays_short(
        self, lines: pytest.LogCaptureFixture
    ) -> None:
        """Nobody fills a disk with a long path or query."""
        await ask(RequestMiddleware(hello), f"/{'p' * 9_000}?{'q' * 9_000}=1")

        (line,) = accesses(lines.records)
        assert len(line["path"]) + len(str(line["query_params"])) < 5_000

    async def test_is_there_if_the_client_goes_away(self, lines: pytest.LogCaptureFixture) -> None:
        """A request that was cancelled has no status, and is no error."""
        reached = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            reached.set()
            await asyncio.Event().wait()

        asking = asyncio.create_task(ask(RequestMiddleware(app)))
        await reached.wait()
        asking.cancel()
        await asyncio.wait([asking])

        (line,) = accesses(lines.records)
        assert (line["status_code"], line["levelname"]) == (None, "INFO")


class TestTheAnswer:
    async def test_to_an_error_of_ours_says_what_to_do(
        self, lines: pytest.LogCaptureFixture
    ) -> None:
        """It is a problem with the request's id, and without a word about the database."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            raise StoreBusyError("postgresql://app@db-7/library", "deadlock detected")

        response = await ask(RequestMiddleware(app), headers={"X-Correlation-ID": "request-1"})

        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["retry-after"] == "1"
        assert response.json()["correlation_id"] == "request-1"
        assert "db-7" not in response.text
        assert "deadlock" not in response.text

    async def test_replaces_what_a_framework_says_before_it_raises(self) -> None:
        """A server error of a few words is held back, because it may not be the last word."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, "Internal Server Error", status=500)
            raise ValueError("broken")

        response = await ask(RequestMiddleware(app))

        assert response.status_code == 500
        assert response.json()["title"] == "Internal error"

    async def test_is_left_as_it_is_if_the_application_answers_itself(self) -> None:
        """A server error of its own, at once or in parts, reaches the client."""

        async def short(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, "mine", status=500)

        async def long(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            for part in (b"in ", b"parts"):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"."})

        assert (await ask(RequestMiddleware(short))).json() == "mine"
        assert (await ask(RequestMiddleware(long))).text == "in parts."

    async def test_cannot_be_taken_back(self, lines: pytest.LogCaptureFixture) -> None:
        """After half an answer the server has to cut the connection, so it gets the error."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ha", "more_body": True})
            raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            await ask(RequestMiddleware(app))

        (line,) = accesses(lines.records)
        assert (line["status_code"], line["levelname"]) == (200, "ERROR")
        assert isinstance(line["exc_info"][1], ValueError)

    async def test_of_a_handler_is_logged_with_its_error(
        self, lines: pytest.LogCaptureFixture
    ) -> None:
        """A framework that answers errors itself asks what to say, by the host's own rules."""
        rules = Problems({LookupError: lambda _: Problem(status=599, title="Lost")})

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            problem = problem_for(dict(scope), KeyError("x"))
            await say(send, problem.as_dict(), status=problem.status)

        response = await ask(RequestMiddleware(app, problems=rules))

        assert (response.status_code, response.json()["title"]) == (599, "Lost")
        (line,) = accesses(lines.records)
        assert isinstance(line["exc_info"][1], KeyError)

    async def test_to_a_clients_own_fault_is_no_error_of_ours(
        self, lines: pytest.LogCaptureFixture
    ) -> None:
        """The line says what was answered, at the level of any other request."""
        rules = Problems({LookupError: lambda _: Problem(status=404, title="Lost")})

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            raise KeyError("x")

        await ask(RequestMiddleware(app, problems=rules))

        (line,) = accesses(lines.records)
        assert (line["status_code"], line["levelname"], line["exc_info"]) == (404, "INFO", None)

    async def test_outside_of_requests_follows_our_rules(self) -> None:
        """A handler that nobody has wrapped still knows what to say."""
        identify_user("nobody")

        assert problem_for({}, ValueError("x")).status == 500


@pytest.mark.parametrize("options", [{"header": "no header"}, {"slow_seconds": 0}])
def test_refuses_options_that_make_no_sense(options: dict[str, Any]) -> None:
    """They are named when the application is put together."""
    with pytest.raises(ConfigurationError):
        RequestMiddleware(hello, **options)


def test_needs_no_framework() -> None:
    """Nothing is imported that a host has not chosen, and no logger gets a handler."""
    script = (
        "import logging, sys; import eventdocs.observability.asgi;"
        "frameworks = {'starlette', 'fastapi', 'litestar', 'httpx', 'uvicorn'};"
        "print(frameworks & set(sys.modules), logging.getLogger().handlers)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )

    assert ended.stdout == "set() []\n", ended.stderr


async def _nothing() -> Message:
    return {}


async def _silent(message: Message) -> None: ...
