"""SCHEMA: ordered versions of the database's tables, and how a database comes to the latest."""

from eventdocs.migrations._drift import verify
from eventdocs.migrations._ledger import check
from eventdocs.migrations._metadata_index import index_metadata
from eventdocs.migrations._runner import current, plan, upgrade
from eventdocs.migrations._steps import LATEST, Step

__all__ = ["LATEST", "Step", "check", "current", "index_metadata", "plan", "upgrade", "verify"]
