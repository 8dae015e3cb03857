"""`python -m benchmarks.logging`: what a line costs, what a request costs, and what load loses.

Lines are formatted and written to a file in memory. Requests go through the middleware
without a network, beside the same application bare. The load comes over loopback from a
client of plain sockets, to one uvicorn process each: bare, served with logging off, and
served with every request's line written to a file. All take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from eventdocs.observability import (
    JSONFormatter,
    ReadableFormatter,
    configure_logging,
    correlate,
)
from eventdocs.observability.asgi import ASGIApp, Message, Receive, RequestMiddleware, Scope, Send

KINDS: Final = ("bare", "off", "on")
CONNECTIONS: Final = 16
REQUEST: Final = (
    b"GET /documents/7?page=2 HTTP/1.1\r\nHost: localhost\r\nX-Correlation-ID: request-1\r\n\r\n"
)


async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer at once."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


def made(kind: str, log: str = "") -> ASGIApp:
    """Make the application bare, or served with logging off or on."""
    if kind == "bare":
        return application
    if kind == "on":
        # For the life of the process that serves.
        configure_logging(stream=Path(log).open("w", encoding="utf-8"))  # noqa: SIM115
    return RequestMiddleware(application)


def serve(kind: str, port: int, log: str) -> None:
    """Serve until killed."""
    import uvicorn

    uvicorn.run(made(kind, log), port=port, access_log=False, log_level="error", lifespan="off")


def _per_call(work: Callable[[], object], *, calls: int) -> float:
    began_at = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - began_at) / calls


def lines(rounds: int) -> dict[str, float]:
    """Measure microseconds a line, by form."""
    facts = {"stream": "document-7", "expected": 3, "actual": 4, "database": "postgresql://a@b/c"}
    logger = logging.getLogger("benchmarks.lines")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    forms = {
        "plain": logging.Formatter("%(asctime)s %(levelname)s %(message)s"),
        "readable": ReadableFormatter(),
        "json": JSONFormatter(),
    }
    found: dict[str, list[float]] = {name: [] for name in forms}
    with correlate("request-1"):
        for _ in range(rounds):
            for name, formatter in forms.items():
                handler = logging.StreamHandler(io.StringIO())
                handler.setFormatter(formatter)
                logger.handlers[:] = [handler]
                seconds = _per_call(
                    lambda: logger.info("eventdocs.append.refused", extra=facts), calls=2_000
                )
                found[name].append(seconds * 1e6)
    return {name: statistics.median(each) for name, each in found.items()}


async def requests(rounds: int) -> dict[str, float]:
    """Measure microseconds a request without a network, by kind."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/documents/7",
        "query_string": b"page=2",
        "headers": [(b"x-correlation-id", b"request-1")],
        "client": ("192.0.2.7", 4711),
    }

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_: Message) -> None: ...

    library = logging.getLogger("eventdocs")
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(rounds):
        for kind, into in found.items():
            app = application if kind == "bare" else RequestMiddleware(application)
            handler = configure_logging(stream=io.StringIO()) if kind == "on" else None
            library.setLevel(logging.INFO if kind == "on" else logging.WARNING)
            began_at = time.perf_counter()
            for _ in range(2_000):
                await app(dict(scope), receive, send)
            into.append((time.perf_counter() - began_at) / 2_000 * 1e6)
            if handler is not None:
                library.removeHandler(handler)
    return {kind: statistics.median(each) for kind, each in found.items()}


@contextmanager
def _server(kind: str, folder: Path) -> Generator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.logging", "--serve", kind, "--port", str(port)]
    process = subprocess.Popen([*command, "--log", str(folder / f"{kind}.log")])
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"no server on port {port}")


async def _rate(port: int, seconds: float) -> float:
    ends_at = time.perf_counter() + seconds
    answered = 0

    async def ask() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < ends_at:
            writer.write(REQUEST)
            await reader.readuntil(b"\r\n\r\nhello")
            answered += 1
        writer.close()
        await writer.wait_closed()

    began_at = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(ask())
    return answered / (time.perf_counter() - began_at)


def load(rounds: int, seconds: float) -> dict[str, list[float]]:
    """Measure requests a second over loopback, by kind, in each round."""
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        ports = {kind: servers.enter_context(_server(kind, Path(folder))) for kind in KINDS}
        for _ in range(rounds):
            for kind, port in ports.items():
                found[kind].append(asyncio.run(_rate(port, seconds)))
    return found


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of load, each round")
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--log", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve, chosen.port, chosen.log)
        return
    print("a line                          µs")
    for name, cost in lines(chosen.rounds).items():
        print(f"  {name:24} {cost:8.1f}")
    print("a request, without a network    µs")
    for name, cost in asyncio.run(requests(chosen.rounds)).items():
        print(f"  {name:24} {cost:8.1f}")
    print("load over loopback    requests/s   of bare   of off")
    rates = load(chosen.rounds, chosen.seconds)
    for name, each in rates.items():
        of = [
            statistics.median(a / b for a, b in zip(each, rates[other], strict=True))
            for other in ("bare", "off")
        ]
        print(f"  {name:16} {statistics.median(each):13,.0f} {of[0]:9.2f} {of[1]:8.2f}")


if __name__ == "__main__":
    main()
