"""Series: a bound on the combinations of label values of each metric."""

from __future__ import annotations

from typing import Final

from eventdocs.observability._metrics import OTHER

SERIES_LIMIT: Final = 1_000


class SeriesBound:
    """Lets so many combinations of label values of each metric through, the first that come.

    Args:
        limit: How many; what comes on top is `other`.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[str, set[tuple[str, ...]]] = {}

    def within(self, metric: str, values: tuple[str, ...]) -> tuple[str, ...]:
        """Return *values* if they are among those of *metric* or may join them, else `other`."""
        known = self._known.setdefault(metric, set())
        if values not in known:
            if len(known) >= self._limit:
                return (OTHER,) * len(values)
            known.add(values)
        return values
