"""Samples: a share of the streams, the same ones every time."""

from __future__ import annotations

import hashlib

import attrs

from eventdocs.errors import ConfigurationError

_ALL = 1 << 64


@attrs.frozen(kw_only=True)
class Sample:
    """Which streams are looked at.

    Attributes:
        share: Of all streams, above 0 and at most 1.
        seed: Another seed chooses other streams; the same one always the same.

    Raises:
        ConfigurationError: The share is no share.
    """

    share: float
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        if not 0 < self.share <= 1:
            problem = f"the share of a sample must be above 0 and at most 1, not {self.share!r}"
            raise ConfigurationError([problem])

    def includes(self, stream: str) -> bool:
        """Tell whether *stream* is among them."""
        digest = hashlib.blake2b(f"{self.seed}/{stream}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) < self.share * _ALL
