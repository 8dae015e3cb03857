"""SCHEMA: ordered versions of the database's tables, and how a database comes to any of them."""

from eventdocs.migrations._alembic import include_name, include_object
from eventdocs.migrations._drift import drift, verify
from eventdocs.migrations._ledger import check
from eventdocs.migrations._looking import current, plan
from eventdocs.migrations._metadata_index import index_metadata
from eventdocs.migrations._older_log import TakenOver, compare_older, give_back, take_over
from eventdocs.migrations._older_rows import OlderDocumentTakenOver, StreamOf
from eventdocs.migrations._runner import downgrade, upgrade
from eventdocs.migrations._script import script
from eventdocs.migrations._steps import LATEST, Step
from eventdocs.migrations._target import (
    AlembicOperations,
    AsyncpgConnection,
    AsyncTarget,
    SyncTarget,
    Target,
)

__all__ = [
    "LATEST",
    "AlembicOperations",
    "AsyncTarget",
    "AsyncpgConnection",
    "OlderDocumentTakenOver",
    "Step",
    "StreamOf",
    "SyncTarget",
    "TakenOver",
    "Target",
    "check",
    "compare_older",
    "current",
    "downgrade",
    "drift",
    "give_back",
    "include_name",
    "include_object",
    "index_metadata",
    "plan",
    "script",
    "take_over",
    "upgrade",
    "verify",
]
