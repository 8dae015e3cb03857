"""Drivers: an engine for an address, and errors of ours for whatever its driver says."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from eventdocs.errors import ConfigurationError


def engine_for(address: str) -> AsyncEngine:
    """Make an engine for a `postgresql://` or `sqlite:///` address; dispose of it yourself.

    Raises:
        ConfigurationError: The address has neither form.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # a ValueError for a port that is no number
        # The text is not shown: what cannot be parsed may still hold a password.
        raise ConfigurationError(["the database address cannot be read"]) from None
    match url.get_backend_name():
        case "sqlite":
            from eventdocs.backends._sqlite_file import refuse_in_this_thread

            engine = create_async_engine(url.set(drivername="sqlite+aiosqlite"))
            refuse_in_this_thread(engine)
            return engine
        case "postgresql":
            from eventdocs.backends._postgres_engine import create_engine

            return create_engine(address, pool_min_size=1, pool_max_size=5)
        case other:
            raise ConfigurationError(
                [f"{other!r} is no supported database; use sqlite or postgresql"]
            )


def label_for(url: URL) -> str:
    """Name a database for people, without secrets."""
    return url.set(drivername=url.get_backend_name(), password=None, query={}).render_as_string()


def errors_translated(url: URL) -> AbstractContextManager[None]:
    """Raise what the driver of the database at *url* raises in the block as errors of ours."""
    if url.get_backend_name() == "sqlite":
        from eventdocs.backends._sqlite_errors import translated
    else:
        from eventdocs.backends._postgres_errors import translated
    return translated(label_for(url))
