"""What a piece of code asks of the world outside of its process, told by the interpreter itself."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Outside"]

_ASKING = (
    "open", "os.chmod", "os.exec", "os.fork", "os.link", "os.listdir", "os.mkdir", "os.posix_spawn",
    "os.putenv", "os.remove", "os.rename", "os.rmdir", "os.scandir", "os.symlink", "os.system",
    "os.truncate", "shutil", "socket", "sqlite3.connect", "subprocess.Popen", "tempfile", "urllib",
    "webbrowser",
)  # fmt: skip
_CODE = (".py", ".pyc", ".so", ".pyd", ".dylib")


class Outside:
    """Notes files, processes and connections that this thread asks for while it is watched.

    Modules that are imported meanwhile are no finding. There is no way to take a hook
    away, so one of these is for a whole process.
    """

    def __init__(self) -> None:
        self._watched: int | None = None
        self._asked: list[str] = []
        sys.addaudithook(self._note)

    @contextmanager
    def watched(self) -> Generator[list[str]]:
        """Watch this thread; the list that is given fills with what it asks for."""
        self._asked = []
        self._watched = threading.get_ident()
        try:
            yield self._asked
        finally:
            self._watched = None

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if threading.get_ident() != self._watched or not event.startswith(_ASKING):
            return
        subject = str(arguments[0]) if arguments else ""
        if event == "open" and subject.endswith(_CODE):
            return
        if event in ("os.listdir", "os.scandir") and _is_import_path(subject):
            return
        self._asked.append(f"{event}: {subject}")


def _is_import_path(folder: str) -> bool:
    return any(Path(folder).is_relative_to(each) for each in sys.path if each)
