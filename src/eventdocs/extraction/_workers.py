"""Isolated workers: processes of which one that dies takes nothing but its own work along."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from typing import Any, ParamSpec, TypeVar

from typing_extensions import override

__all__ = ["IsolatedWorkers"]

P = ParamSpec("P")
T = TypeVar("T")


class IsolatedWorkers(Executor):
    """An executor whose processes live and die alone.

    In a `ProcessPoolExecutor`, one process that dies, of a crash or for want of memory,
    breaks the pool and all work in it. Here that one call ends with `BrokenExecutor`, and
    another process takes the place. Processes are spawned, so the main module must be
    importable without side effects. They leave Ctrl-C to their parent, and end with it.

    Args:
        workers: How many processes work at once; each is started when it is first needed.
    """

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="eventdocs-workers")
        self._lock = threading.Lock()
        self._idle: list[ProcessPoolExecutor] = []
        self._closed = False

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._threads.submit(self._call, fn, args, kwargs)

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for process in idle:
            process.shutdown(wait=wait)

    def _call(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        with self._lock:
            process = self._idle.pop() if self._idle else None
        if process is None:
            spawning = multiprocessing.get_context("spawn")
            process = ProcessPoolExecutor(1, mp_context=spawning, initializer=_settle_in)
        is_alive = True
        try:
            return process.submit(fn, *args, **kwargs).result()
        except BrokenExecutor:
            is_alive = False
            raise
        finally:
            with self._lock:
                is_needed = is_alive and not self._closed
                if is_needed:
                    self._idle.append(process)
            if not is_needed:
                process.shutdown(wait=False)


def _settle_in() -> None:
    """Prepare a process: Ctrl-C is its parent's to handle, and it ends when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="eventdocs-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
