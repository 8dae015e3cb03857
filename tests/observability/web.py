"""Small applications, and a client that asks them without a network."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import orjson

from eventdocs.observability.asgi import ASGIApp, Receive, Scope, Send

ACCESS = "eventdocs.http.request"


async def ask(
    app: ASGIApp,
    path: str = "/",
    *,
    method: str = "GET",
    headers: dict[str, str] | list[tuple[bytes, bytes]] | None = None,
    json: object = None,
) -> httpx.Response:
    """Send one request; what *app* raises comes out."""
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://library.test") as client:
        return await client.request(method, path, headers=headers, json=json)


async def say(send: Send, body: object = "hello", *, status: int = 200) -> None:
    """Send a whole response."""
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request in the same way."""
    await say(send)


def accesses(records: list[logging.LogRecord]) -> list[dict[str, Any]]:
    """Give the facts of the access log's lines."""
    return [vars(each) for each in records if each.getMessage() == ACCESS]
