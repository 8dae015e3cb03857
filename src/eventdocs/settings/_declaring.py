"""Declaring: a setting is a field that says all there is to say about its variable."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

import attrs

PREFIX: Final = "EVENTDOCS_"
"""What the name of every variable of ours begins with; the field's name follows."""

_KEY: Final = "eventdocs.setting"


class Environment(enum.Enum):
    """Where an application runs. Some rules hold in production only."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


@attrs.frozen(kw_only=True)
class Given:
    """A setting's value, as rules see it.

    Attributes:
        variable: The environment variable that sets it.
        value: What is in force.
        shown: The value as it may be shown.
        environment: Where the application runs.
    """

    variable: str
    value: Any
    shown: str
    environment: Environment

    @property
    def is_production(self) -> bool:
        """Whether the strictest rules hold."""
        return self.environment is Environment.PRODUCTION


Rule: TypeAlias = Callable[[Given], str | None]
"""Says what is wrong with a value and what to set; None if nothing is."""

JointRule: TypeAlias = Callable[[Mapping[str, Given]], str | None]
"""Says what is wrong with several settings, by the names of their fields."""


@attrs.frozen(kw_only=True)
class Declared:
    """What a field says about its variable.

    Attributes:
        about: What it is for, a sentence.
        variable: Its name.
        mask: Shows what may be shown of a secret; None if the value is none.
        rules: What holds for its values.
        warnings: Rules that it is better to keep.
    """

    about: str
    variable: str
    mask: Callable[[str], str] | None
    rules: tuple[Rule, ...]
    warnings: tuple[Rule, ...]

    def shown(self, value: object) -> str:
        """Spell *value* as it may be shown, empty if there is none."""
        text = _spelled(value)
        return self.mask(text) if self.mask is not None and text else text

    def represented(self, value: object) -> str:
        """Give the representation of *value* as it may be shown."""
        return repr(value) if self.mask is None or value is None else repr(self.shown(value))


def setting(
    default: Any,
    about: str,
    *,
    variable: str | None = None,
    mask: Callable[[str], str] | None = None,
    rules: Sequence[Rule] = (),
    warnings: Sequence[Rule] = (),
) -> Any:
    """Declare a field of a settings class.

    Its type is one of `str`, `int`, `float`, `bool`, `Path`, an enumeration,
    `tuple[str, ...]` (written with commas), or one of them or None.

    Args:
        default: What holds if nothing is set.
        about: What it is for, a sentence.
        variable: The environment variable; ours and the field's name if not given.
        mask: Makes it a secret, of which only this is shown: `hidden` or
            `without_password`. A secret can be read from a file, too, which the variable
            with `_FILE` behind its name gives.
        rules: What must hold; a value that breaks one is refused.
        warnings: What should hold; a value that breaks one is warned of.
    """
    told = Declared(
        about=about,
        variable=variable or "",
        mask=mask,
        rules=tuple(rules),
        warnings=tuple(warnings),
    )
    return attrs.field(default=default, metadata={_KEY: told}, repr=told.represented)


def declared(field: attrs.Attribute[Any]) -> Declared:
    """Tell what *field* says about its variable.

    Raises:
        TypeError: It was not made by `setting`.
    """
    told: Declared | None = field.metadata.get(_KEY)
    if told is None:
        raise TypeError(f"the field {field.name} is no setting; declare it with setting()")
    return attrs.evolve(told, variable=told.variable or PREFIX + field.name.upper())


def _spelled(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case enum.Enum():
            return str(value.value)
        case tuple():
            return ",".join(cast("tuple[str, ...]", value))
        case float():
            return f"{value:g}"
        case _:
            return str(value)
