"""Settings: what an application says about its database and limits through the environment."""

from __future__ import annotations

import enum
import logging
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self, TypedDict

import attrs

from eventdocs.errors import ConfigurationError
from eventdocs.settings._declaring import Environment, JointRule, setting
from eventdocs.settings._reading import DEFAULT, problems_of, read, settings_of, warnings_of
from eventdocs.settings._rules import (
    Between,
    matching,
    not_more_than,
    off_in_production,
    required_in_production,
)
from eventdocs.settings._secrets import secrets_in, without_password

_logger: Final = logging.getLogger("eventdocs.settings")

_POOL: Final = Between(1, 1000)
_SECONDS: Final = Between(0.001, 86_400)
_COUNT: Final = Between(1, 2**31 - 1)


class StoreOptions(TypedDict):
    """Arguments of `open_store`."""

    schema: str | None
    direct_url: str | None
    pool_min_size: int
    pool_max_size: int
    connect_timeout: float
    statement_timeout: float


class RunnerOptions(TypedDict):
    """Arguments of `ProjectionRunner`."""

    batch_size: int
    poll_interval: float
    patience: float
    lease_seconds: float


class LimitOptions(TypedDict):
    """Arguments of `Limits`."""

    max_bytes: int
    max_lines: int
    max_entities: int
    max_cells: int
    max_nesting: int
    max_formula_length: int
    max_macro_depth: int
    max_pages: int
    max_page_characters: int
    max_zip_entries: int
    max_zip_entry_bytes: int
    max_zip_ratio: int


class LoggingOptions(TypedDict):
    """Arguments of `configure_logging`."""

    level: str
    form: Literal["json", "readable"]
    secrets: tuple[str, ...]


class RequestOptions(TypedDict):
    """Arguments of `RequestMiddleware`."""

    header: str
    slow_seconds: float


class HealthOptions(TypedDict):
    """Arguments of `Health`."""

    timeout: float
    cache_seconds: float


class LogLevel(enum.Enum):
    """The least level of log lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class LogForm(enum.Enum):
    """How log lines are written."""

    JSON = "json"
    READABLE = "readable"


@attrs.frozen(kw_only=True)
class SettingInForce:
    """One setting as it is, safe to be shown.

    Attributes:
        name: The field.
        variable: The environment variable that sets it.
        value: What is in force, a secret masked; empty if nothing is.
        source: Where it came from: `default`, `environment`, `file` with its path, or what
            the caller says.
        about: What it is for.
    """

    name: str
    variable: str
    value: str
    source: str
    about: str


@attrs.frozen(kw_only=True)
class Settings:
    """What can be set from outside; each field is read from `EVENTDOCS_` and its name.

    An application adds settings of its own in a subclass, with `setting` for each, and
    rules about several of them in `RULES`:

    ```python
    @attrs.frozen(kw_only=True)
    class LibrarySettings(Settings):
        session_key: str | None = setting(
            None,
            "Signs the cookies of sessions.",
            variable="LIBRARY_SESSION_KEY",
            mask=hidden,
            rules=[no_placeholder, minimum_length(32), required_in_production],
        )
    ```

    Raises:
        ConfigurationError: Values break rules; all of them are named.
    """

    RULES: ClassVar[tuple[JointRule, ...]] = (not_more_than("pool_min_size", "pool_max_size"),)

    environment: Environment = setting(
        Environment.DEVELOPMENT, "Where the application runs; some rules hold in production only."
    )
    database_url: str | None = setting(
        None,
        "Where the log is, in a form that `open_store()` takes.",
        mask=without_password,
        rules=[required_in_production],
    )
    direct_url: str | None = setting(
        None,
        "The same PostgreSQL database past a transaction pooler, to listen and migrate by.",
        mask=without_password,
    )
    schema: str | None = setting(
        None,
        "The PostgreSQL schema of the tables; the connection's own if not set.",
        rules=[
            matching(
                r"[A-Za-z_][A-Za-z0-9_]{0,62}",
                "a schema's name has 1 to 63 letters, digits and underscores and does not "
                "begin with a digit",
            )
        ],
    )
    pool_min_size: int = setting(
        5, "Connections that are kept to a PostgreSQL server.", rules=[_POOL]
    )
    pool_max_size: int = setting(20, "Connections to it at the same time, at most.", rules=[_POOL])
    connect_timeout: float = setting(
        10.0, "Seconds to wait for a connection to it.", rules=[_SECONDS]
    )
    statement_timeout: float = setting(
        60.0, "Seconds to wait for its answer to one statement of the store.", rules=[_SECONDS]
    )
    projection_batch_size: int = setting(
        500, "Events that one transaction of a projection applies, at most.", rules=[_COUNT]
    )
    projection_poll_interval: float = setting(
        0.1, "Seconds between two looks of projections at a silent log.", rules=[_SECONDS]
    )
    projection_patience: float = setting(
        30.0, "Seconds for which a busy or absent database is sat out.", rules=[_SECONDS]
    )
    projection_lease_seconds: float = setting(
        5.0, "Seconds after which another process takes over from a silent one.", rules=[_SECONDS]
    )
    log_level: LogLevel = setting(
        LogLevel.INFO, "The least level of log lines that `configure_logging()` lets through."
    )
    log_form: LogForm = setting(
        LogForm.JSON, "How it writes them: `json` for machines, `readable` for people."
    )
    correlation_header: str = setting(
        "X-Correlation-ID",
        "The header of requests and responses that carries the correlation id.",
        rules=[matching(r"[A-Za-z0-9-]{1,64}", "a header's name has letters, digits and hyphens")],
    )
    slow_request_seconds: float = setting(
        2.0, "A request that takes longer is logged as a warning.", rules=[_SECONDS]
    )
    health_timeout: float = setting(
        5.0, "Seconds that one check of health may take.", rules=[_SECONDS]
    )
    health_cache_seconds: float = setting(
        1.0, "Seconds for which a report on health is given again.", rules=[Between(0, 3600)]
    )
    health_details: bool = setting(
        False,
        "Show checks, facts and reasons to everybody who can reach the endpoints of health.",
        warnings=[off_in_production],
    )
    max_document_bytes: int = setting(
        64 * 1024 * 1024, "The largest document that is read, in bytes.", rules=[_COUNT]
    )
    max_document_lines: int = setting(
        1_000_000, "Lines of a document in a text format, at most.", rules=[_COUNT]
    )
    max_document_entities: int = setting(
        250_000, "Entities that are extracted from a document, at most.", rules=[_COUNT]
    )
    max_document_cells: int = setting(
        1_000_000, "Cells of all tables of a document, at most.", rules=[_COUNT]
    )
    max_document_nesting: int = setting(
        50, "Lists, quotes and directives inside one another that are looked into.", rules=[_COUNT]
    )
    max_document_formula_length: int = setting(
        10_000, "Characters of a formula that is looked into.", rules=[_COUNT]
    )
    max_document_macro_depth: int = setting(
        20, "Macros inside the bodies of macros that are expanded.", rules=[_COUNT]
    )
    max_document_pages: int = setting(10_000, "Pages of a PDF, at most.", rules=[_COUNT])
    max_document_page_characters: int = setting(
        200_000, "Characters on one of them, at most.", rules=[_COUNT]
    )
    max_document_zip_entries: int = setting(
        10_000, "Files in an archive, such as a Word document is, at most.", rules=[_COUNT]
    )
    max_document_zip_entry_bytes: int = setting(
        128 * 1024 * 1024, "Size of one of them, unpacked, at most.", rules=[_COUNT]
    )
    max_document_zip_ratio: int = setting(
        250, "How many times larger one may become by being unpacked.", rules=[_COUNT]
    )

    def __attrs_post_init__(self) -> None:
        problems = problems_of(type(self), self._values())
        if problems:
            raise ConfigurationError(problems)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, chosen: Mapping[str, Any] | None = None
    ) -> Self:
        """Read the settings from *environ*, such as `os.environ`.

        A variable that is empty counts as not set. What should better be set otherwise is
        logged as a warning.

        Args:
            environ: Variables with their values.
            chosen: Values of fields that come from elsewhere and count for more.

        Raises:
            ConfigurationError: Values are not of their type or break rules, or a variable
                has our prefix and a name that we do not know. All of them are named.
        """
        found = read(cls, environ)
        values = {**found.values, **(chosen or {})}
        defaults = {field.name: field.default for field in attrs.fields(cls)}
        problems = [*found.problems, *problems_of(cls, {**defaults, **values})]
        if problems:
            raise ConfigurationError(problems)
        settings = cls(**values)
        for warning in settings.warnings:
            _logger.warning("eventdocs.settings.questionable", extra={"warning": warning})
        return settings

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should better be set otherwise, such as a debugging aid in production."""
        return tuple(warnings_of(type(self), self._values()))

    def in_force(
        self, environ: Mapping[str, str], *, chosen: Mapping[str, str] | None = None
    ) -> tuple[SettingInForce, ...]:
        """Tell what holds and where it comes from, fit to be shown to anybody.

        Args:
            environ: What these settings were read from.
            chosen: Fields that were chosen elsewhere, and where.
        """
        sources = {**read(type(self), environ).sources, **(chosen or {})}
        return tuple(
            SettingInForce(
                name=name,
                variable=each.variable,
                value=each.shown(getattr(self, name)),
                source=sources.get(name, DEFAULT),
                about=each.about,
            )
            for name, each in settings_of(type(self)).items()
        )

    def store_options(self) -> StoreOptions:
        """Give what `open_store` takes besides the address and the events."""
        return {
            "schema": self.schema,
            "direct_url": self.direct_url,
            "pool_min_size": self.pool_min_size,
            "pool_max_size": self.pool_max_size,
            "connect_timeout": self.connect_timeout,
            "statement_timeout": self.statement_timeout,
        }

    def runner_options(self) -> RunnerOptions:
        """Give what `ProjectionRunner` takes besides the store and the projectors."""
        return {
            "batch_size": self.projection_batch_size,
            "poll_interval": self.projection_poll_interval,
            "patience": self.projection_patience,
            "lease_seconds": self.projection_lease_seconds,
        }

    def logging_options(self) -> LoggingOptions:
        """Give what `configure_logging` takes; no line then shows a secret of these settings."""
        return {
            "level": self.log_level.value,
            "form": self.log_form.value,
            "secrets": self._secrets(),
        }

    def request_options(self) -> RequestOptions:
        """Give what `RequestMiddleware` takes besides the application."""
        return {"header": self.correlation_header, "slow_seconds": self.slow_request_seconds}

    def health_options(self) -> HealthOptions:
        """Give what `Health` takes besides the checks."""
        return {"timeout": self.health_timeout, "cache_seconds": self.health_cache_seconds}

    def limit_options(self) -> LimitOptions:
        """Give what `Limits` of the extraction takes."""
        return {
            "max_bytes": self.max_document_bytes,
            "max_lines": self.max_document_lines,
            "max_entities": self.max_document_entities,
            "max_cells": self.max_document_cells,
            "max_nesting": self.max_document_nesting,
            "max_formula_length": self.max_document_formula_length,
            "max_macro_depth": self.max_document_macro_depth,
            "max_pages": self.max_document_pages,
            "max_page_characters": self.max_document_page_characters,
            "max_zip_entries": self.max_document_zip_entries,
            "max_zip_entry_bytes": self.max_document_zip_entry_bytes,
            "max_zip_ratio": self.max_document_zip_ratio,
        }

    def _secrets(self) -> tuple[str, ...]:
        return tuple(
            secret
            for name, each in settings_of(type(self)).items()
            if each.mask is not None
            for secret in secrets_in(
                str(getattr(self, name) or ""), each.shown(getattr(self, name))
            )
        )

    def _values(self) -> dict[str, Any]:
        return attrs.asdict(self, recurse=False)
