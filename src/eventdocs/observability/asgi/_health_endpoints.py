"""Health over HTTP: probes that orchestrators ask, answered before the application is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from eventdocs.observability._health import CheckResult, Health, HealthReport, HealthStatus
from eventdocs.observability._redaction import Redactor
from eventdocs.observability.asgi._protocol import (
    ASGIApp,
    Receive,
    Scope,
    Send,
    path_of,
    respond,
)

# https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06
_TYPE: Final = b"application/health+json"
_LIVE: Final = "/livez"
_ASKING: Final = ("/readyz", "/startupz")


def _nobody(_: Scope) -> bool:
    return False


def _everybody(_: Scope) -> bool:
    return True


class HealthEndpoints:
    """Answers `/livez`, `/readyz` and `/startupz`, and hands everything else to the application.

    `/livez` tells that the process serves requests, and asks nobody: a database that is away
    is no reason to restart it. `/readyz` and `/startupz` ask the checks. The status is 200
    for `pass` and `warn`, 503 for `fail`.

    Args:
        app: The application.
        health: The checks.
        details: Whether the checks, their facts and reasons are shown, to everybody or to
            those whose scope pleases it. They name databases, people and versions.
    """

    def __init__(
        self, app: ASGIApp, *, health: Health, details: bool | Callable[[Scope], bool] = False
    ) -> None:
        self._app = app
        self._health = health
        self._shows_details = details if callable(details) else _everybody if details else _nobody
        self._redactor = Redactor()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = path_of(scope) if scope["type"] == "http" else None
        if path != _LIVE and path not in _ASKING:
            await self._app(scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await respond(send, 405, b"", [(b"allow", b"GET, HEAD")])
        elif path == _LIVE:
            await _answer(scope, send, HealthStatus.PASS, {})
        else:
            report = await self._health.report()
            told = self._details_of(report) if self._shows_details(scope) else {}
            await _answer(scope, send, report.status, told)

    def _details_of(self, report: HealthReport) -> dict[str, Any]:
        time = report.checked_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"checks": {each.name: [self._told(each, time)] for each in report.checks}}

    def _told(self, result: CheckResult, time: str) -> dict[str, Any]:
        seen = result.observation
        told: dict[str, Any] = {
            "status": seen.status.value,
            "time": time,
            "observedValue": round(result.seconds * 1000, 3),
            "observedUnit": "ms",
        }
        if seen.reasons:
            told["output"] = self._redactor.text("\n".join(seen.reasons))
        if seen.facts:
            told["facts"] = self._redactor.fact("facts", seen.facts)
        return told


async def _answer(scope: Scope, send: Send, status: HealthStatus, told: dict[str, Any]) -> None:
    body = orjson.dumps({"status": status.value, **told}, default=str)
    headers = [(b"content-type", _TYPE), (b"cache-control", b"no-store")]
    code = 503 if status is HealthStatus.FAIL else 200
    await respond(send, code, b"" if scope["method"] == "HEAD" else body, headers)
