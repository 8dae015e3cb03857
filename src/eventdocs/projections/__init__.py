"""READ MODELS: built from the log exactly once per event, and built anew beside the old."""

from eventdocs.projections._checkpoints import Checkpoint, ProjectionState
from eventdocs.projections._dead_letters import DeadLetter, DeadLetterState
from eventdocs.projections._handlers import Handler, handles
from eventdocs.projections._projector import FailurePolicy, Projector
from eventdocs.projections._runner import ProjectionRunner
from eventdocs.projections._status import ProjectionStatus
from eventdocs.projections._tables import projection_metadata

__all__ = [
    "Checkpoint",
    "DeadLetter",
    "DeadLetterState",
    "FailurePolicy",
    "Handler",
    "ProjectionRunner",
    "ProjectionState",
    "ProjectionStatus",
    "Projector",
    "handles",
    "projection_metadata",
]
