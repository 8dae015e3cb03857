"""READ MODELS: built from the log exactly once per event, and built anew beside the old."""

from eventdocs.projections._check import ProjectionCheck
from eventdocs.projections._checkpoints import ProjectionState
from eventdocs.projections._comparison import Difference, DifferenceKind
from eventdocs.projections._dead_letters import DeadLetter, DeadLetterState, Repair, RepairAction
from eventdocs.projections._handlers import Handler, handles
from eventdocs.projections._health import (
    FeedHealth,
    HealthLimits,
    ProjectionHealth,
    RunnerHealth,
)
from eventdocs.projections._leases import LeaseHolder
from eventdocs.projections._projector import FailurePolicy, Projector
from eventdocs.projections._rebuild import RebuildProgress
from eventdocs.projections._runner import ProjectionRunner
from eventdocs.projections._sample import Sample
from eventdocs.projections._shadow import Shadow
from eventdocs.projections._status import PartitionStatus, ProjectionStatus
from eventdocs.projections._tables import projection_metadata
from eventdocs.projections._trouble import trouble_behind
from eventdocs.projections._verify import VerificationReport

__all__ = [
    "DeadLetter",
    "DeadLetterState",
    "Difference",
    "DifferenceKind",
    "FailurePolicy",
    "FeedHealth",
    "Handler",
    "HealthLimits",
    "LeaseHolder",
    "PartitionStatus",
    "ProjectionCheck",
    "ProjectionHealth",
    "ProjectionRunner",
    "ProjectionState",
    "ProjectionStatus",
    "Projector",
    "RebuildProgress",
    "Repair",
    "RepairAction",
    "RunnerHealth",
    "Sample",
    "Shadow",
    "VerificationReport",
    "handles",
    "projection_metadata",
    "trouble_behind",
]
