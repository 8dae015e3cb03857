"""Filters as people type them: times, and facts of the metadata."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click
from typing_extensions import override

if TYPE_CHECKING:
    from eventdocs.store import MetadataValue


class _Time(click.ParamType):  # type: ignore[type-arg]  # not generic in every click
    """A time with its offset from UTC, ISO 8601."""

    name = "time"

    @override
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write it as in 2026-03-01T14:30Z", param, ctx)
        if time.utcoffset() is None:
            self.fail(f"{value!r} has no offset from UTC; write {value}Z for UTC", param, ctx)
        return time


class _Fact(click.ParamType):  # type: ignore[type-arg]  # not generic in every click
    """A key and its value: a number, true, false or quoted text as in JSON, or any other text."""

    name = "key=value"

    @override
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, MetadataValue]:
        import orjson

        from eventdocs.store import check_metadata_key

        key, is_given, text = value.partition("=")
        if not is_given:
            self.fail(f"{value!r} is no key=value", param, ctx)
        try:
            check_metadata_key(key)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        try:
            fact = orjson.loads(text)
        except orjson.JSONDecodeError:
            fact = text
        return key, fact if isinstance(fact, str | int | float) else text


TIME: Final = _Time()
FACT: Final = _Fact()
