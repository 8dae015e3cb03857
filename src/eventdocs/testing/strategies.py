"""Hypothesis strategies for streams, events and everything an event can hold."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from eventdocs.store import NewEvent
from eventdocs.testing._contract_events import Counted, Measured, Noted, Reading, Unit
from eventdocs.types import JSONValue

__all__ = ["counted", "json_values", "measured", "metadata", "new_events", "noted", "streams"]

_integers = st.integers(-(2**63), 2**63 - 1)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_times = st.datetimes(
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
)


def storable_text(*, max_size: int = 30) -> st.SearchStrategy[str]:
    """Any text that every database keeps: all of Unicode but U+0000 and lone surrogates."""
    return st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=max_size)


def streams(*, categories: int = 2, members: int = 2) -> st.SearchStrategy[str]:
    """Stream names in few categories, so that examples meet in one stream."""
    return st.builds("category{}-{}".format, st.integers(1, categories), st.integers(1, members))


def json_values() -> st.SearchStrategy[JSONValue]:
    """Any JSON value that every database keeps."""
    scalars = st.none() | st.booleans() | _integers | _floats | storable_text()
    values: st.SearchStrategy[Any] = st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(storable_text(), inner, max_size=3)
        ),
        max_leaves=6,
    )
    return values


def metadata() -> st.SearchStrategy[dict[str, JSONValue]]:
    """What a host may say about an event."""
    return st.dictionaries(storable_text(), json_values(), max_size=3)


def noted() -> st.SearchStrategy[Noted]:
    """Events that hold a text."""
    return st.builds(Noted, storable_text())


def counted() -> st.SearchStrategy[Counted]:
    """Events that hold a number."""
    return st.builds(Counted, _integers)


def measured() -> st.SearchStrategy[Measured]:
    """Events with every kind of value."""
    readings = st.builds(Reading, at=_times, value=_floats, unit=st.none() | st.sampled_from(Unit))
    return st.builds(
        Measured,
        instrument=st.uuids(),
        on=st.dates(),
        price=st.decimals(allow_nan=False, allow_infinity=False),
        valid=st.booleans(),
        count=_integers,
        readings=st.lists(readings, max_size=3).map(tuple),
        labels=st.frozensets(storable_text(), max_size=4),
        notes=st.dictionaries(storable_text(), storable_text(), max_size=3),
        checksum=st.binary(max_size=40),
        best=st.none() | readings,
        remark=st.none() | _integers | storable_text(),
    )


def new_events() -> st.SearchStrategy[NewEvent[Any]]:
    """Events ready to append, each with an id of its own."""
    data: st.SearchStrategy[object] = st.one_of(noted(), counted(), measured())
    return st.builds(
        NewEvent[Any],
        data=data,
        metadata=metadata(),
        correlation_id=st.none() | storable_text().filter(bool),
        causation_id=st.none() | st.uuids(),
    )
