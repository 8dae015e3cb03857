"""Extras: parsers that are installed only where somebody asked for their format."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from eventdocs.errors import MissingExtraError


@contextmanager
def comes_with(extra: str, *, source: str) -> Generator[None]:
    """Import a parser in the block.

    Args:
        extra: Brings the parser along.
        source: The document that is to be read.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "a library").partition(".")[0]
        raise MissingExtraError(source, extra, package) from error


def library(package: str) -> str:
    """Name an installed *package* and its version, without importing it."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} (not installed)"
