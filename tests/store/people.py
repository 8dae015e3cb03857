"""Events about people, as they are now; tests/store/golden/people.json holds what they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from eventdocs import event
from eventdocs.store import Retired, Split


def _in_two(payload: dict[str, Any]) -> dict[str, Any]:
    given, _, family = payload["name"].rpartition(" ")
    return {"given": given, "family": family}


def _with_title(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "title": None}


@event(
    "PersonNamed",
    version=3,
    upcasters={1: _in_two, 2: _with_title},
    renamed_from=["PersonChristened"],
)
@attrs.frozen(kw_only=True)
class PersonNamed:
    given: str
    family: str
    title: str | None


@event("PersonMoved")
@attrs.frozen(kw_only=True)
class PersonMoved:
    town: str


def _rename_town(payload: dict[str, Any]) -> dict[str, Any]:
    return {"to": payload.pop("town"), **payload}


def _named_and_moved(payload: dict[str, Any]) -> Sequence[object]:
    named = PersonNamed(given=payload["given"], family=payload["family"], title=None)
    return [named] if payload["to"] is None else [named, PersonMoved(town=payload["to"])]


PEOPLE = (
    PersonNamed,
    PersonMoved,
    Split(
        name="PersonMarried",
        schema_version=2,
        upcasters={1: _rename_town},
        into=[PersonNamed, PersonMoved],
        by=_named_and_moved,
    ),
    Retired("PersonPhotographed"),
)


def once(name: str, version: int, payload: dict[str, Any]) -> tuple[type, object]:
    """Make the class that older code had for an event, and the event it recorded."""
    anything: Any = Any
    fields: dict[str, Any] = {key: attrs.field(type=anything, alias=key) for key in payload}
    cls = attrs.make_class("Once", fields)
    event(name, version=version, upcasters=dict.fromkeys(range(1, version), dict))(cls)
    return cls, cls(**payload)
