"""A proxy before PostgreSQL that cuts a connection when an answer is on its way to the client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

import attrs
from sqlalchemy.engine import make_url

_MARK: Final = b'"cut '
_MARK_END: Final = b'"'
# The server's last word on a statement that has been committed: ready for the next one.
_COMMITTED: Final = b"Z\x00\x00\x00\x05I"


def cut_once(name: str | UUID) -> str:
    """Make a text that a recorded event has, and whose first answer is cut off."""
    return f"cut {name}"


@attrs.define
class CuttingProxy:
    """Passes everything on, but for the first answer to every request that bears a mark.

    The server has committed by then, and the client sees its connection die.

    Attributes:
        url: Where clients find the server.
        cuts: How many connections have been cut.
        marks: The marks whose answers were cut off.
    """

    url: str
    cuts: int = 0
    marks: set[bytes] = attrs.field(factory=set[bytes])


@contextlib.asynccontextmanager
async def cutting_proxy(url: str) -> AsyncGenerator[CuttingProxy]:
    """Stand between clients and the server at *url* for the length of the block."""
    target = make_url(url)
    host, port = target.host or target.query.get("host"), target.port or target.query.get("port")
    lines: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        lines.add(task)
        try:
            await _Line(proxy).run(reader, writer, str(host), int(str(port)))
        finally:
            lines.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**22)
    own_port = server.sockets[0].getsockname()[1]
    address = target.set(host="127.0.0.1", port=own_port, query={})
    proxy = CuttingProxy(address.render_as_string(hide_password=False))
    try:
        yield proxy
    finally:
        server.close()
        for line in [*lines]:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        await server.wait_closed()


class _Line:
    """One connection of a client's, and the one to the server that belongs to it."""

    def __init__(self, proxy: CuttingProxy) -> None:
        self._proxy = proxy
        self._is_to_be_cut = False

    async def run(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        if host.startswith("/"):
            server = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}", limit=2**22)
        else:
            server = await asyncio.open_connection(host, port, limit=2**22)
        pumps = [
            asyncio.ensure_future(self._pass_requests(reader, server[1])),
            asyncio.ensure_future(self._pass_answers(server[0], writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for each in (writer, server[1]):
                each.transport.abort()

    async def _pass_requests(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter
    ) -> None:
        rest = b""
        while chunk := await client.read(2**20):
            # A mark may stand across two chunks.
            fresh = _marks(rest + chunk) - self._proxy.marks
            rest = chunk[-100:]
            if fresh:
                self._proxy.marks |= fresh
                self._is_to_be_cut = True
            server.write(chunk)
            await server.drain()

    async def _pass_answers(
        self, server: asyncio.StreamReader, client: asyncio.StreamWriter
    ) -> None:
        held = b""
        while chunk := await server.read(2**20):
            if self._is_to_be_cut:
                held += chunk
                if held.endswith(_COMMITTED):
                    self._proxy.cuts += 1
                    return
                continue
            client.write(chunk)
            await client.drain()


def _marks(data: bytes) -> set[bytes]:
    found: set[bytes] = set()
    at = data.find(_MARK)
    while at >= 0:
        end = data.find(_MARK_END, at + len(_MARK))
        if end < 0:
            break
        found.add(data[at:end])
        at = data.find(_MARK, end)
    return found
