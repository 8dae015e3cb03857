"""The places between which a time's events stand narrow a selection, and never widen it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eventdocs.backends import _postgres_reading, _sqlite_reading
from eventdocs.store import Selection

_PAST = datetime(2024, 1, 1, tzinfo=UTC)
_FUTURE = datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    ("selection", "span", "wanted"),
    [
        (Selection(since=_PAST), (4, 9), (3, None)),
        (Selection(since=_PAST, after=6, until=7), (4, 9), (6, 7)),
        (Selection(since=_PAST, until=40), (30, 40), (20, 40)),
        (Selection(since=_PAST), (None, None), (20, None)),
        (Selection(before=_PAST), (1, 9), (0, 9)),
        (Selection(before=_PAST, until=5), (1, 9), (0, 5)),
        (Selection(before=_PAST, until=12), (1, 9), (0, 9)),
        (Selection(before=_PAST), (None, None), (20, 0)),
        (Selection(before=_PAST, until=5), (None, None), (20, 0)),
        (Selection(before=_FUTURE), (1, 9), (0, None)),
        (Selection(before=_FUTURE, until=5), (1, 9), (0, 5)),
    ],
)
def test_a_time_narrows_what_was_asked_for(
    selection: Selection, span: tuple[int | None, int | None], wanted: tuple[int, int | None]
) -> None:
    """Of a log that could be read up to 20; a time that is not over yet has no last place."""
    is_past = selection.before == _PAST

    on_sqlite = _sqlite_reading.narrowed(selection, 20, span)
    on_postgres = _postgres_reading.narrowed(selection, (*span, is_past), 20)

    assert (on_sqlite.after, on_sqlite.until) == wanted
    assert (on_postgres.after, on_postgres.until) == wanted
