"""From what was typed to the files that are meant: files, folders, patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import attrs


@attrs.frozen(kw_only=True)
class Found:
    """What the arguments stand for.

    Attributes:
        files: Each file once, in the order of the arguments, those of a folder by name.
        passed_over: Files in folders that are no documents.
        problems: Argument and reason, for arguments that stand for nothing.
    """

    files: tuple[Path, ...]
    passed_over: tuple[Path, ...]
    problems: tuple[tuple[str, str], ...]


def find(arguments: Iterable[str], *, is_document: Callable[[Path], bool]) -> Found:
    """Expand *arguments*, patterns also where no shell has done it.

    A file that is named, or matched by a pattern, is taken whatever it is. Of a folder,
    and of the folders in it, only files for which *is_document* holds are taken;
    hidden files and folders are not looked at, and links to folders not followed.
    """
    files: dict[str, Path] = {}
    passed_over: list[Path] = []
    problems: list[tuple[str, str]] = []
    for argument in arguments:
        places = _expanded(argument)
        if not places:
            reason = "no file matches" if glob.has_magic(argument) else "no such file or folder"
            problems.append((argument, reason))
        for place in places:
            if not place.is_dir():
                files.setdefault(os.path.realpath(place), place)
                continue
            for path in _inside(place, problems):
                if is_document(path):
                    files.setdefault(os.path.realpath(path), path)
                else:
                    passed_over.append(path)
    return Found(
        files=tuple(files.values()), passed_over=tuple(passed_over), problems=tuple(problems)
    )


def _expanded(argument: str) -> list[Path]:
    path = Path(argument).expanduser()
    if os.path.lexists(path):
        return [path]
    if not glob.has_magic(argument):
        return []
    matches = glob.glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return [Path(each) for each in sorted(matches)]


def _inside(folder: Path, problems: list[tuple[str, str]]) -> Iterator[Path]:
    def report(error: OSError) -> None:
        problems.append((str(error.filename), error.strerror or str(error)))

    for place, folders, names in os.walk(folder, onerror=report):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(".") and path.is_file():
                yield path
