"""Requests: each gets one id, one line in the access log, and an answer also when it fails."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Collection, Mapping
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from eventdocs.errors import ConfigurationError
from eventdocs.observability._correlation import correlate, current_correlation, new_correlation_id
from eventdocs.observability._instrumentation import Instrumentation, NullInstrumentation
from eventdocs.observability._redaction import Redactor
from eventdocs.observability.asgi._problems import Problem, Problems
from eventdocs.observability.asgi._protocol import (
    ASGIApp,
    Message,
    Receive,
    Scope,
    Send,
    header_of,
    path_of,
    respond,
)
from eventdocs.observability.asgi._request import Request, attach, current_request
from eventdocs.types import JSONValue

_logger: Final = logging.getLogger("eventdocs.http")

# Here already, because handlers of the host may write every fact as it is.
_REDACTOR: Final = Redactor()
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# https://www.w3.org/TR/trace-context/: version, trace, parent and flags; zeros name nothing.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_TRACESTATE: Final = re.compile(r"[\x20-\x7e]{1,512}")
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_LONGEST: Final = 2_048
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500


class RequestMiddleware:
    """Wraps an ASGI application, outermost, in any framework.

    Every request gets a correlation id: that of its header if it is 1 to 128 printable ASCII
    characters, else a new one. Events that are appended carry it, log lines and error
    bodies show it, and the response has it in the same header. A valid `traceparent` goes
    into the metadata of events, with `tracestate`.

    Each request is one line of the logger `eventdocs.http`: `eventdocs.http.request` with
    method, path, query parameters, client, status code, duration in milliseconds, and user
    if `identify_user` was called. Lines of slow requests are warnings, those of server
    errors are errors, with the exception.

    What the application raises is answered with problem details. If it has begun to answer
    already, the error goes on to the server, which cuts the connection.

    Args:
        app: The application.
        header: The header that carries the correlation id.
        slow_seconds: A request that takes longer is warned of.
        quiet_paths: Requests for these are logged at level DEBUG, unless they fail. A
            health check that answers 503 does not count as failed.
        problems: How errors are answered.
        instrumentation: Is told of requests; nobody is by default.

    Raises:
        ConfigurationError: No header can be named so, or the duration is not above 0.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        header: str = "X-Correlation-ID",
        slow_seconds: float = 2.0,
        quiet_paths: Collection[str] = ("/livez", "/readyz", "/startupz", "/metrics"),
        problems: Problems | None = None,
        instrumentation: Instrumentation | None = None,
    ) -> None:
        wrong: list[str] = []
        if not _TOKEN.fullmatch(header):
            wrong.append(f"no header can be named {header[:80]!r}")
        if not slow_seconds > 0:
            wrong.append(f"slow_seconds must be above 0, not {slow_seconds!r}")
        if wrong:
            raise ConfigurationError(wrong)
        self._app = app
        self._header = header.lower().encode()
        self._slow_seconds = slow_seconds
        self._quiet_paths = frozenset(quiet_paths)
        self._problems = problems or Problems()
        self._instrumentation = instrumentation or NullInstrumentation()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = header_of(scope, self._header) or new_correlation_id()
        request = Request(problems=self._problems)
        attach(request, scope)
        token = current_request.set(request)
        try:
            with correlate(given, metadata=_trace_of(scope)):
                if scope["type"] == "http":
                    await self._serve(scope, receive, send, request)
                else:
                    await self._app(scope, receive, _Marking(send, self._id_header()))
        finally:
            current_request.reset(token)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, request: Request) -> None:
        answer = _Answer(_Marking(send, self._id_header()))
        # A stranger may send any word as a method, and each would be a series of its own.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._instrumentation.requested(method)
        began_at = time.perf_counter()
        try:
            try:
                await self._app(scope, receive, answer)
            except Exception as error:
                request.error = error
                if answer.has_begun:
                    raise
                await answer.replace(self._problems.of(error))
            else:
                await answer.release()
        finally:
            seconds = time.perf_counter() - began_at
            self._instrumentation.responded(
                method,
                route=_route_of(scope),
                status=answer.status or _SERVER_ERROR,
                seconds=seconds,
            )
            self._log(scope, request, answer.status, seconds)

    def _id_header(self) -> tuple[bytes, bytes]:
        return self._header, (current_correlation().correlation_id or "").encode()

    def _log(self, scope: Scope, request: Request, status: int | None, seconds: float) -> None:
        path: str = scope["path"]
        is_quiet = path_of(scope) in self._quiet_paths
        has_failed = status is not None and status >= _SERVER_ERROR and not is_quiet
        level = logging.DEBUG if is_quiet else logging.INFO
        if seconds > self._slow_seconds:
            level = logging.WARNING
        # One that was answered as the client's own fault has no place in a log of errors.
        is_clients = status is not None and _CLIENT_ERROR <= status < _SERVER_ERROR
        error = None if is_clients else request.error
        if has_failed or error is not None:
            level = logging.ERROR
        if not _logger.isEnabledFor(level):
            return
        client = scope.get("client")
        facts: dict[str, object] = {
            "method": scope["method"],
            "path": _REDACTOR.text(path[:_LONGEST]),
            "query_params": _query_of(scope),
            "client": client[0] if client else None,
            "status_code": status,
            "duration_ms": round(seconds * 1000, 3),
        }
        if request.user_id is not None:
            facts["user_id"] = request.user_id
        if seconds > self._slow_seconds:
            facts["is_slow"] = True
        _logger.log(level, "eventdocs.http.request", extra=facts, exc_info=error)


class _Marking:
    """Sends on, with the correlation id in the headers of the response."""

    def __init__(self, send: Send, header: tuple[bytes, bytes]) -> None:
        self._send = send
        self._header = header

    async def __call__(self, message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept"}:
            name = self._header[0]
            others = [each for each in message.get("headers", ()) if each[0].lower() != name]
            message = {**message, "headers": [*others, self._header]}
        await self._send(message)


class _Answer:
    """Sends on, but holds a server error back until it is known whether it is the last word.

    Frameworks answer an error with a few words of their own and raise it after that.

    Attributes:
        status: What was answered; None before.
        has_begun: Something was sent, so that it cannot be replaced any more.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []
        self.status: int | None = None
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        match message["type"]:
            case "http.response.start" if message["status"] == _SERVER_ERROR:
                self.status = _SERVER_ERROR
                self._held.append(message)
                return
            case "http.response.start":
                self.status = message["status"]
            case _ if self._held and not message.get("more_body"):
                self._held.append(message)
                return
            case _:
                pass
        await self.release()
        self.has_begun = True
        await self._send(message)

    async def release(self) -> None:
        """Send what was held back."""
        while self._held:
            self.has_begun = True
            await self._send(self._held.pop(0))

    async def replace(self, problem: Problem) -> None:
        """Send *problem* instead of what was held back."""
        self._held.clear()
        self.has_begun = True
        self.status = problem.status
        headers = [(key.encode(), value.encode()) for key, value in problem.headers().items()]
        await respond(self._send, problem.status, problem.body(), headers)


def _trace_of(scope: Scope) -> Mapping[str, JSONValue] | None:
    parent = header_of(scope, b"traceparent")
    if parent is None or not _TRACEPARENT.fullmatch(parent):
        return None
    state = header_of(scope, b"tracestate")
    if state is None or not _TRACESTATE.fullmatch(state):
        return {"traceparent": parent}
    return {"traceparent": parent, "tracestate": state}


def _route_of(scope: Scope) -> str:
    """Name the template that the framework has matched: Litestar's, else FastAPI's or Starlette's."""
    template = scope.get("path_template") or getattr(scope.get("route"), "path", "")
    return template if isinstance(template, str) else ""


def _query_of(scope: Scope) -> dict[str, Any]:
    query = bytes(scope.get("query_string", b""))[:_LONGEST].decode("latin-1")
    found: dict[str, Any] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in found:
            found[key] = value
        elif isinstance(found[key], list):
            found[key].append(value)
        else:
            found[key] = [found[key], value]
    return cast("dict[str, Any]", _REDACTOR.fact("query_params", found)) if found else found
