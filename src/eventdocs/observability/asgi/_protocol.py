"""ASGI: what applications and servers say to one another, as types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
"""What a server says about a connection."""

Message: TypeAlias = MutableMapping[str, Any]
"""One event of a connection."""

Receive: TypeAlias = Callable[[], Awaitable[Message]]
"""Waits for what the client says next."""

Send: TypeAlias = Callable[[Message], Awaitable[None]]
"""Says something to the client."""

ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An application, or what is wrapped around one."""


def header_of(scope: Scope, name: bytes) -> str | None:
    """Give the first header of this *name*, in lower case; None if there is none."""
    for key, value in scope.get("headers", ()):
        if key.lower() == name:
            return bytes(value).decode("latin-1").strip()
    return None


def path_of(scope: Scope) -> str:
    """Give the path as the application knows it, without what it is mounted below."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root)


async def respond(
    send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> None:
    """Send a whole response."""
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status, "headers": [*headers, length]}
    await send(start)
    await send({"type": "http.response.body", "body": body})
