"""Documents in files: their bytes, or a clear word why not."""

from __future__ import annotations

from pathlib import Path

from eventdocs.errors import ExtractionLimitError, UnreadableDocumentError
from eventdocs.extraction._limits import Limits

__all__ = ["read_file"]


def read_file(path: Path, limits: Limits) -> bytes:
    """Read a document's bytes, but never more than anything would accept.

    Raises:
        UnreadableDocumentError: There is no such file, it may not be read, or it is
            something else, such as a folder or a pipe.
        ExtractionLimitError: It is too big.
    """
    try:
        if path.exists() and not path.is_file():
            raise UnreadableDocumentError(str(path), "it is no regular file")
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise ExtractionLimitError(str(path), "max_bytes", limits.max_bytes, size)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UnreadableDocumentError(str(path), reason) from error
