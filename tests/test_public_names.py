"""The public names: a promise, so that each change of it is made on purpose."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Mapping

import pytest

import eventdocs

PUBLIC: Mapping[str, tuple[str, ...]] = {
    "eventdocs": (
        "DOCUMENT_EVENTS",
        "DocumentContents",
        "DocumentViews",
        "Documents",
        "EventStore",
        "EventdocsError",
        "Expect",
        "NewEvent",
        "ProjectionRunner",
        "Projector",
        "RecordedEvent",
        "SemanticIR",
        "correlate",
        "event",
        "handles",
        "open_store",
    ),
    "eventdocs.archive": (
        "ArchiveProgress",
        "Exported",
        "Imported",
        "export_log",
        "import_log",
    ),
    "eventdocs.backends": (
        "BulkEvent",
        "BulkLane",
        "BulkStore",
        "StoreOpening",
        "bulk_lane",
        "engine_for",
        "errors_translated",
        "label_for",
        "open_store",
    ),
    "eventdocs.backends.postgres": ("PostgresEventStore",),
    "eventdocs.backends.sqlite": ("SqliteEventStore",),
    "eventdocs.backends.tables": (
        "events",
        "log_metadata",
        "store_identity",
        "streams",
    ),
    "eventdocs.cli": ("main",),
    "eventdocs.documents": (
        "AcceptFeedback",
        "AddEntity",
        "Analysis",
        "AnalysisCompleted",
        "AnalysisFailed",
        "AnalysisRequested",
        "AnalysisReset",
        "ArchiveDocument",
        "ChangeEntity",
        "Command",
        "CompleteAnalysis",
        "Content",
        "Contents",
        "ConversionFailed",
        "CurateSemantics",
        "Curation",
        "CurationUndone",
        "DOCUMENT_EVENTS",
        "Document",
        "DocumentArchived",
        "DocumentContents",
        "DocumentConverted",
        "DocumentErased",
        "DocumentEvent",
        "DocumentExported",
        "DocumentGrouped",
        "DocumentQueries",
        "DocumentRelabelled",
        "DocumentRestored",
        "DocumentRevised",
        "DocumentUngrouped",
        "DocumentUploaded",
        "DocumentView",
        "DocumentViews",
        "Documents",
        "EntityView",
        "ExportDocument",
        "ExtractionFailed",
        "FailAnalysis",
        "Feedback",
        "FeedbackAccepted",
        "FeedbackGenerated",
        "FeedbackModified",
        "FeedbackRejected",
        "FindingView",
        "Findings",
        "GenerateFeedback",
        "GroupDocument",
        "Ingested",
        "Label",
        "Lifecycle",
        "Meaning",
        "ModifyFeedback",
        "Patch",
        "Proposal",
        "RecordConversion",
        "RecordConversionFailure",
        "RecordErasure",
        "RecordExtraction",
        "RecordExtractionFailure",
        "RejectFeedback",
        "RelabelDocument",
        "RemoveEntity",
        "RequestAnalysis",
        "ResetAnalysis",
        "RestoreDocument",
        "ReviseDocument",
        "Revision",
        "SemanticIR",
        "SemanticsCurated",
        "SemanticsExtracted",
        "Stage",
        "UndoCuration",
        "UngroupDocument",
        "UploadDocument",
        "content_metadata",
        "content_references",
        "contents",
        "decide",
        "document_contents",
        "document_groups",
        "document_id_of",
        "document_views",
        "evolve",
        "findings",
        "fold",
        "read_model_metadata",
        "semantic_ir",
    ),
    "eventdocs.errors": (
        "ArchiveError",
        "ArchiveMismatchError",
        "CommandRefusedError",
        "ConfigurationError",
        "ContentMissingError",
        "DocumentError",
        "EventIdConflictError",
        "EventRegistrationError",
        "EventTypeError",
        "EventdocsError",
        "ExtractionError",
        "ExtractionLimitError",
        "ExtractorFailedError",
        "InvalidArchiveError",
        "InvalidIRError",
        "InvalidStreamNameError",
        "MigrationChangedError",
        "NewerSchemaVersionError",
        "NotAnEventStoreError",
        "ProjectionError",
        "ProjectionStoppedError",
        "ProjectionTimeoutError",
        "ProjectorDefinitionError",
        "RebuildFailedError",
        "RevisionUnavailableError",
        "SchemaError",
        "SchemaTooNewError",
        "SchemaTooOldError",
        "StaleProjectionError",
        "StoreBusyError",
        "StoreClosedError",
        "StoreDamagedError",
        "StoreError",
        "StoreFailedError",
        "StoreFullError",
        "StoreReadOnlyError",
        "StoreRewoundError",
        "StoreUnavailableError",
        "TransientStoreError",
        "UndecodableEventError",
        "UnencodableEventError",
        "UnknownDeadLetterError",
        "UnknownDocumentError",
        "UnknownEventTypeError",
        "UnknownProjectionError",
        "UnreadableDocumentError",
        "UnregisteredEventError",
        "UnsupportedFormatError",
        "WrongExpectedVersionError",
    ),
    "eventdocs.extraction": (
        "Extracted",
        "Extraction",
        "Extractor",
        "ExtractorRegistry",
        "Limits",
        "RawDocument",
        "decode",
        "default_extractors",
        "detect",
        "extract",
    ),
    "eventdocs.ir": (
        "Added",
        "Affected",
        "Cell",
        "Change",
        "Changed",
        "Column",
        "ColumnType",
        "CrossReference",
        "DEPENDENCIES",
        "Definition",
        "DefinitionForm",
        "DocumentIR",
        "Edge",
        "EdgeKind",
        "Entity",
        "EntityKind",
        "FieldChange",
        "Formula",
        "Graph",
        "IRDiff",
        "IR_SCHEMA",
        "Identity",
        "Impact",
        "Issue",
        "Lineage",
        "Link",
        "MatchRule",
        "Matching",
        "Method",
        "Moved",
        "Notation",
        "Origin",
        "OriginKind",
        "Parameter",
        "Provenance",
        "ReferenceType",
        "Relaid",
        "Removed",
        "Resolution",
        "ResolutionState",
        "Role",
        "Scope",
        "Section",
        "Severity",
        "SourceSpan",
        "Symbol",
        "Table",
        "UNCHECKED",
        "Variable",
        "amend",
        "apply",
        "assemble",
        "check",
        "content_key",
        "dependency_graph",
        "describe",
        "diff",
        "diff_from_dict",
        "diff_to_dict",
        "entity_from_dict",
        "entity_to_dict",
        "from_dict",
        "from_json",
        "impact",
        "kind_of",
        "lineage",
        "match",
        "name_of",
        "normalise_term",
        "parameters_of",
        "spell",
        "summaries",
        "to_dict",
        "to_json",
        "validate",
    ),
    "eventdocs.migrations": (
        "LATEST",
        "Step",
        "check",
        "current",
        "plan",
        "upgrade",
        "verify",
    ),
    "eventdocs.observability": (
        "Correlation",
        "Instrumentation",
        "NullInstrumentation",
        "ReadableFormatter",
        "correlate",
        "current_correlation",
        "new_correlation_id",
    ),
    "eventdocs.projections": (
        "DeadLetter",
        "DeadLetterState",
        "Difference",
        "DifferenceKind",
        "FailurePolicy",
        "Handler",
        "ProjectionRunner",
        "ProjectionState",
        "ProjectionStatus",
        "Projector",
        "RebuildProgress",
        "Shadow",
        "VerificationReport",
        "handles",
        "projection_metadata",
        "trouble_behind",
    ),
    "eventdocs.settings": (
        "PREFIX",
        "Settings",
        "without_password",
    ),
    "eventdocs.store": (
        "Appended",
        "Bell",
        "Codec",
        "Decided",
        "Decider",
        "EncodedEvent",
        "EventRegistry",
        "EventStore",
        "EventType",
        "Expect",
        "ExpectedVersion",
        "FeedHolder",
        "FeedStatus",
        "FeedWatch",
        "Folded",
        "GroupCommit",
        "NewEvent",
        "Page",
        "Place",
        "RawEvent",
        "RecordedEvent",
        "Registrable",
        "Retired",
        "Selection",
        "Snapshots",
        "Split",
        "StreamAppend",
        "StreamEvents",
        "Subscription",
        "Together",
        "Upcaster",
        "category_of",
        "check_stream_name",
        "digest_of_event",
        "event",
        "event_type_of",
        "snapshot_metadata",
    ),
    "eventdocs.testing": (
        "CONTRACT_EVENTS",
        "EventStoreContract",
        "Fact",
        "LogMachine",
        "LogModel",
        "Opening",
        "PostgresServer",
        "Refusal",
        "check_log",
        "postgres_server",
        "strategies",
    ),
    "eventdocs.testing.strategies": (
        "counted",
        "json_values",
        "measured",
        "metadata",
        "new_events",
        "noted",
        "streams",
    ),
    "eventdocs.types": (
        "Digest",
        "Expect",
        "ExpectedVersion",
        "JSONObject",
        "JSONValue",
        "digest_of",
    ),
}

HEAVY = {
    "aiosqlite",
    "alembic",
    "asyncpg",
    "click",
    "hypothesis",
    "latex2mathml",
    "markdown_it",
    "mdit_py_plugins",
    "pytest",
    "rich",
    "sqlite3",
}
"""What costs time or opens doors, and is loaded only by those who use it."""


def _public_modules() -> list[str]:
    """Find every module whose path has no underscore name in it."""
    return ["eventdocs"] + [
        module.name
        for module in pkgutil.walk_packages(eventdocs.__path__, "eventdocs.")
        if "._" not in module.name
    ]


def _loaded_by(statement: str) -> set[str]:
    """Run *statement* in a new interpreter and name the packages it loads."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in ran.stdout.split()}


def test_the_table_names_every_public_module() -> None:
    """A module without an underscore is public, so it stands in the table."""
    assert _public_modules() == sorted(PUBLIC)


@pytest.mark.parametrize("module", PUBLIC)
def test_a_module_offers_exactly_these_names(module: str) -> None:
    """Adding a name is a promise, and removing one breaks somebody."""
    imported = importlib.import_module(module)

    assert tuple(sorted(imported.__all__)) == PUBLIC[module]
    for name in imported.__all__:
        assert getattr(imported, name) is not None


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    """Loading names on first use changes nothing about those that are not there."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = eventdocs.nothing


def test_importing_the_package_loads_nothing_but_the_standard_library() -> None:
    """Programs that only might need the log start as fast as without it."""
    loaded = _loaded_by("import eventdocs")

    assert "eventdocs" in loaded
    assert not (loaded & HEAVY)
    assert not (loaded & {"attrs", "cattrs", "orjson", "sqlalchemy", "tenacity"})


def test_typing_against_the_port_loads_no_driver_and_no_parser() -> None:
    """Drivers and parsers come with the first store that is opened and document that is read."""
    loaded = _loaded_by(
        "from eventdocs import EventStore, Projector, ProjectionRunner, Documents, open_store"
    )

    assert "sqlalchemy" in loaded
    assert not (loaded & HEAVY)
