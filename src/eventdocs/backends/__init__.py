"""ADAPTERS: the log on PostgreSQL and on SQLite; the only place that knows a driver."""

from eventdocs.backends._open import StoreOpening, open_store

__all__ = ["StoreOpening", "open_store"]
