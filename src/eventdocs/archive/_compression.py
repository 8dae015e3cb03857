"""Compression: an archive is a series of frames, each of whole lines, so that it can be cut."""

from __future__ import annotations

import gzip
import importlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import attrs

from eventdocs.errors import ConfigurationError

_CHUNK: Final = 1 << 18
_GZIP_LEVEL: Final = 6
_GZIP_WINDOW: Final = 31  # of zlib: the largest, with gzip's header


class DamagedFrameError(Exception):
    """Compressed bytes are damaged, or end before they should; the text says which."""


class Decompressor(Protocol):
    """Takes one frame apart; the three drivers spell it alike."""

    @property
    def eof(self) -> bool:
        """The frame has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""
        ...

    def decompress(self, data: bytes, /) -> bytes:
        """Take the next bytes of the frame."""
        ...


@attrs.frozen(kw_only=True)
class Compression:
    """A way to write frames and to read them.

    Attributes:
        magic: How every frame begins.
        compress: Makes one frame.
        decompressor: Begins to read one frame.
        error: What it raises when a frame is damaged.
    """

    magic: bytes
    compress: Callable[[bytes], bytes]
    decompressor: Callable[[], Decompressor]
    error: type[Exception]


_GZIP: Final = Compression(
    magic=b"\x1f\x8b",
    compress=lambda data: gzip.compress(data, _GZIP_LEVEL, mtime=0),
    decompressor=lambda: zlib.decompressobj(_GZIP_WINDOW),
    error=zlib.error,
)
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"


def compression_for(path: Path) -> Compression | None:
    """Choose by the end of the file's name; None for plain text.

    Raises:
        ConfigurationError: It is .zst and nothing here can write that.
    """
    match path.suffix:
        case ".gz":
            return _GZIP
        case ".zst":
            return _zstd()
        case _:
            return None


def _zstd() -> Compression:
    """Load zstd: of the standard library since Python 3.14, else of the package zstandard."""
    try:
        standard: Any = importlib.import_module("compression.zstd")
    except ImportError:
        standard = None
    if standard is not None:
        return Compression(
            magic=_ZSTD_MAGIC,
            compress=standard.compress,
            decompressor=standard.ZstdDecompressor,
            error=standard.ZstdError,
        )
    try:
        import zstandard
    except ImportError:
        raise ConfigurationError(
            ["archives in .zst need the package zstandard: pip install 'eventdocs[zstd]'"]
        ) from None
    return Compression(
        magic=_ZSTD_MAGIC,
        compress=lambda data: zstandard.ZstdCompressor().compress(data),
        decompressor=lambda: zstandard.ZstdDecompressor().decompressobj(),
        error=zstandard.ZstdError,
    )


def _compression_of(head: bytes) -> Compression | None:
    if head.startswith(_GZIP.magic):
        return _GZIP
    return _zstd() if head.startswith(_ZSTD_MAGIC) else None


def read_pieces(file: BinaryIO, size: int | None = None) -> Iterator[bytes]:
    """Read *file* to its end, decompressed if it is compressed.

    Args:
        file: At its beginning.
        size: How many bytes of it to read; None for all.

    Raises:
        DamagedFrameError: Compressed bytes are damaged, or end before they should.
        ConfigurationError: They are zstd and nothing here can read that.
    """
    chunks = _chunks(file, size)
    data = next(chunks, b"")
    compression = _compression_of(data)
    if compression is None:
        yield data
        yield from chunks
        return
    frame: Decompressor | None = None
    while data:
        frame = frame or compression.decompressor()
        yield _next_piece(compression, frame, data)
        data, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
        data = data or next(chunks, b"")
    if frame is not None:
        raise DamagedFrameError("the file ends in the middle of a compressed frame")


def whole_size(file: BinaryIO) -> int:
    """Tell how many bytes of *file* are whole lines, or whole frames if it is compressed.

    Raises:
        DamagedFrameError: Compressed bytes are damaged.
        ConfigurationError: They are zstd and nothing here can read that.
    """
    whole = 0
    chunks = _chunks(file, None)
    data = next(chunks, b"")
    compression = _compression_of(data)
    frame: Decompressor | None = None
    while data:
        if compression is None:
            if b"\n" in data:
                whole = file.tell() - len(data) + data.rindex(b"\n") + 1
            data = next(chunks, b"")
            continue
        frame = frame or compression.decompressor()
        _next_piece(compression, frame, data)
        if frame.eof:
            whole = file.tell() - len(frame.unused_data)
        data, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
        data = data or next(chunks, b"")
    return whole


def _chunks(file: BinaryIO, size: int | None) -> Iterator[bytes]:
    left = size
    while data := file.read(_CHUNK if left is None else min(_CHUNK, left)):
        yield data
        if left is not None:
            left -= len(data)


def _next_piece(compression: Compression, frame: Decompressor, data: bytes) -> bytes:
    try:
        return frame.decompress(data)
    except compression.error as error:
        raise DamagedFrameError(f"the compressed bytes are damaged: {error}") from error
