"""READ MODELS: built from the log exactly once per event, and built anew beside the old."""

from eventdocs.projections._handlers import Handler, handles
from eventdocs.projections._projector import FailurePolicy, Projector
from eventdocs.projections._tables import projection_metadata

__all__ = ["FailurePolicy", "Handler", "Projector", "handles", "projection_metadata"]
