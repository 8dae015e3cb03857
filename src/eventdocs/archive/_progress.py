"""Progress: how far an export or an import has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs


@attrs.frozen(kw_only=True)
class ArchiveProgress:
    """How far an export or an import has come.

    Attributes:
        sequence: The last event that is done.
        through: The last event of all.
    """

    sequence: int
    through: int


OnProgress: TypeAlias = Callable[[ArchiveProgress], None]
"""Is told now and then."""
