"""The command line: `eventdocs …`."""

from eventdocs.cli._main import main

__all__ = ["main"]
