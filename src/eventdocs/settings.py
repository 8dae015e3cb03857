"""Settings: what an application says about its database and limits through the environment."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

import attrs

from eventdocs.errors import ConfigurationError

__all__ = ["PREFIX", "Settings", "without_password"]

PREFIX: Final = "EVENTDOCS_"
"""What the name of every environment variable begins with; the field's name follows."""

_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "pool_min_size": (1, 1000),
    "pool_max_size": (1, 1000),
    "max_document_bytes": (1, 2**31 - 1),
}
_SCHEMA_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def without_password(url: str) -> str:
    """Show *url* with three stars where a password is, also if it is otherwise malformed."""
    url = re.sub(r"^([^/?#]*//[^:@/?#]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"([?&][^=&]*password[^=&]*=)[^&]*", r"\1***", url, flags=re.IGNORECASE)


def _shown(url: str | None) -> str:
    return repr(url if url is None else without_password(url))


@attrs.frozen(kw_only=True)
class Settings:
    """What can be set from outside; each field is read from `EVENTDOCS_` and its name.

    Attributes:
        database_url: Where the log is, in a form that `open_store` takes. Its password
            is never shown.
        schema: The PostgreSQL schema of the tables; the connection's own if not given.
        pool_min_size: Connections that are kept open, 1 to 1000.
        pool_max_size: Connections that may be open at once, 1 to 1000.
        max_document_bytes: The largest document that is read, in bytes.

    Raises:
        ConfigurationError: Values are out of their bounds; all of them are named.
    """

    database_url: str | None = attrs.field(default=None, repr=_shown)
    schema: str | None = None
    pool_min_size: int = 5
    pool_max_size: int = 20
    max_document_bytes: int = 64 * 1024 * 1024

    def __attrs_post_init__(self) -> None:
        problems = _problems_of(attrs.asdict(self))
        if problems:
            raise ConfigurationError(problems)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from *environ*, such as `os.environ`.

        A variable that is empty counts as not set.

        Raises:
            ConfigurationError: Values are not of their type or out of their bounds, or
                a variable has our prefix and a name that we do not know. All of them
                are named.
        """
        known = {field.name: PREFIX + field.name.upper() for field in attrs.fields(cls)}
        problems = [
            _unknown(variable, known.values())
            for variable in sorted(environ)
            if variable.startswith(PREFIX) and variable not in known.values()
        ]
        values: dict[str, Any] = {}
        for name, variable in known.items():
            text = environ.get(variable, "").strip()
            if not text:
                continue
            try:
                values[name] = int(text) if name in _BOUNDS else text
            except ValueError:
                problems.append(f"{variable} is {text[:80]!r}, which is not a whole number")
        defaults = {field.name: field.default for field in attrs.fields(cls)}
        problems += _problems_of({**defaults, **values})
        if problems:
            raise ConfigurationError(problems)
        return cls(**values)


def _problems_of(values: Mapping[str, Any]) -> list[str]:
    problems = [
        f"{PREFIX}{name.upper()} is {values[name]}; it must be between {least} and {most}"
        for name, (least, most) in _BOUNDS.items()
        if not least <= values[name] <= most
    ]
    if values["pool_min_size"] > values["pool_max_size"]:
        problems.append(
            f"{PREFIX}POOL_MIN_SIZE is {values['pool_min_size']}, more than "
            f"{PREFIX}POOL_MAX_SIZE, which is {values['pool_max_size']}"
        )
    if values["schema"] is not None and not _SCHEMA_NAME.fullmatch(values["schema"]):
        problems.append(
            f"{PREFIX}SCHEMA is {values['schema'][:80]!r}; a schema's name has 1 to 63 letters, "
            "digits and underscores and does not begin with a digit"
        )
    return problems


def _unknown(variable: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(variable, known, n=1, cutoff=0)
    return f"{variable} is not a setting; did you mean {near[0]}?"
