"""ADAPTERS: the log on PostgreSQL and on SQLite; the only place that knows a driver."""

from eventdocs.backends._bulk import BulkEvent, BulkLane, BulkRows, BulkStore, bulk_lane
from eventdocs.backends._diagnosis import Diagnosis, DiagnosisCode, Examination, diagnose
from eventdocs.backends._drivers import engine_for, errors_translated, label_for
from eventdocs.backends._health_checks import health_checks
from eventdocs.backends._open import StoreOpening, open_store

__all__ = [
    "BulkEvent",
    "BulkLane",
    "BulkRows",
    "BulkStore",
    "Diagnosis",
    "DiagnosisCode",
    "Examination",
    "StoreOpening",
    "bulk_lane",
    "diagnose",
    "engine_for",
    "errors_translated",
    "health_checks",
    "label_for",
    "open_store",
]
