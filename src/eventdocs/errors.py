"""Everything that eventdocs raises on purpose, as one tree.

```text
EventdocsError
├── ArchiveError
│   ├── ArchiveMismatchError
│   └── InvalidArchiveError
├── ConfigurationError
├── StoreError
│   ├── DataLossError
│   ├── EventIdConflictError
│   ├── InvalidStreamNameError
│   ├── MigrationChangedError
│   ├── NotAnEventStoreError
│   ├── OlderLogError
│   ├── SchemaDriftError
│   ├── SchemaError
│   │   ├── SchemaTooNewError
│   │   └── SchemaTooOldError
│   ├── StoreClosedError
│   ├── StoreDamagedError
│   ├── StoreFailedError
│   ├── StoreFullError
│   ├── StoreReadOnlyError
│   ├── TransientStoreError
│   │   ├── StoreBusyError
│   │   └── StoreUnavailableError
│   └── WrongExpectedVersionError
├── EventTypeError
│   ├── EventRegistrationError
│   ├── NewerSchemaVersionError
│   ├── UndecodableEventError
│   ├── UnencodableEventError
│   ├── UnknownEventTypeError
│   └── UnregisteredEventError
├── ProjectionError
│   ├── EventLostError
│   ├── ProjectionHeldError
│   ├── ProjectionStoppedError
│   ├── ProjectionTimeoutError
│   ├── ProjectorDefinitionError
│   ├── RebuildCancelledError
│   ├── RebuildFailedError
│   ├── StaleProjectionError
│   ├── StoreRewoundError
│   ├── UnknownDeadLetterError
│   └── UnknownProjectionError
├── ExtractionError
│   ├── ExtractionLimitError
│   ├── ExtractorFailedError
│   ├── MissingExtraError
│   ├── UnreadableDocumentError
│   ├── UnsupportedFormatError
│   └── WorkerFailedError
├── InvalidIRError
└── DocumentError
    ├── CommandRefusedError
    ├── ContentMissingError
    ├── RevisionUnavailableError
    └── UnknownDocumentError
```
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import attrs

from eventdocs.types import ExpectedVersion

__all__ = [
    "ArchiveError",
    "ArchiveMismatchError",
    "CommandRefusedError",
    "ConfigurationError",
    "ContentMissingError",
    "DataLossError",
    "DocumentError",
    "EventIdConflictError",
    "EventLostError",
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
    "MissingExtraError",
    "NewerSchemaVersionError",
    "NotAnEventStoreError",
    "OlderLogError",
    "ProjectionError",
    "ProjectionHeldError",
    "ProjectionStoppedError",
    "ProjectionTimeoutError",
    "ProjectorDefinitionError",
    "RebuildCancelledError",
    "RebuildFailedError",
    "RevisionUnavailableError",
    "SchemaDriftError",
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
    "WorkerFailedError",
    "WrongExpectedVersionError",
]


class EventdocsError(Exception):
    """The root: catch it to catch everything that eventdocs raises on purpose."""


@attrs.define(eq=False)
class ConfigurationError(EventdocsError):
    """A setting or an argument cannot work; the problems are all named at once.

    Attributes:
        problems: One sentence each: what is wrong, where, and what to do.
    """

    problems: Sequence[str]

    def __str__(self) -> str:
        return "\n".join(self.problems)


# ---- the log


class StoreError(EventdocsError):
    """The log could not do what was asked."""


@attrs.define(eq=False)
class WrongExpectedVersionError(StoreError):
    """The stream is not at the version the writer expected.

    Someone else appended first. Nothing was written: reload, decide again, retry.

    Attributes:
        stream: The stream that was appended to.
        expected: What the writer believed.
        actual: The version the stream has; 0 if it does not exist.
    """

    stream: str
    expected: ExpectedVersion
    actual: int

    def __str__(self) -> str:
        expected = self.expected if isinstance(self.expected, int) else self.expected.value
        return f"stream {self.stream!r}: expected {expected}, but its version is {self.actual}"


@attrs.define(eq=False)
class EventIdConflictError(StoreError):
    """An event id is already in the log with other content, in another stream, or with less.

    Less: it was recorded without others of the events it came with this time. Nothing was written. Ids name facts: give a new fact a new id.
    """

    event_id: UUID
    stream: str

    def __str__(self) -> str:
        return (
            f"event id {self.event_id} is already recorded, and not as in this append "
            f"to stream {self.stream!r}"
        )


@attrs.define(eq=False)
class InvalidStreamNameError(StoreError):
    """A stream name is empty, too long, or holds characters no database can store."""

    stream: str
    reason: str

    def __str__(self) -> str:
        return f"invalid stream name {self.stream[:80]!r}: {self.reason}"


class StoreClosedError(StoreError):
    """The store was closed before or during the call. Open it again."""

    def __str__(self) -> str:
        return "the store is closed"


@attrs.define(eq=False)
class StoreDamagedError(StoreError):
    """The database contradicts itself: a damaged file, or rows that another program changed.

    Nothing was written. Restore a backup, or have the database's own tools check it.
    """

    database: str
    reason: str

    def __str__(self) -> str:
        return f"{self.database} is damaged: {self.reason}"


@attrs.define(eq=False)
class StoreFailedError(StoreError):
    """The database refused for a reason that has no error of its own here.

    Nothing was written. The reason is the database's own; trying again will not help.
    """

    database: str
    reason: str

    def __str__(self) -> str:
        return f"{self.database} refused: {self.reason}"


@attrs.define(eq=False)
class StoreFullError(StoreError):
    """The disk or quota under the database is full. Nothing was written: free space, retry."""

    database: str
    reason: str

    def __str__(self) -> str:
        return f"{self.database}: no space left ({self.reason}); free some and try again"


@attrs.define(eq=False)
class StoreReadOnlyError(StoreError):
    """The database accepts no writes: a standby, a read-only file or a missing privilege."""

    database: str
    reason: str

    def __str__(self) -> str:
        return f"{self.database} is read-only: {self.reason}"


class TransientStoreError(StoreError):
    """Trying the same call again can succeed. Appends are idempotent, so repeat them as they are."""


@attrs.define(eq=False)
class StoreBusyError(TransientStoreError):
    """Another transaction was in the way: a lock timeout, a deadlock, a serialization failure."""

    database: str
    reason: str

    def __str__(self) -> str:
        return f"{self.database} is busy: {self.reason}"


@attrs.define(eq=False)
class StoreUnavailableError(TransientStoreError):
    """The database cannot be reached, or the connection was lost on the way.

    A write that ended so may or may not have happened; repeating it with the same
    event ids settles that.
    """

    database: str
    reason: str

    def __str__(self) -> str:
        return f"{self.database} cannot be reached: {self.reason}"


@attrs.define(eq=False)
class MigrationChangedError(StoreError):
    """A migration was applied with another text than this eventdocs has for it.

    The two would not agree about the schema. Find out which build of eventdocs
    upgraded the database, and open it with that one.
    """

    database: str
    version: int
    name: str

    def __str__(self) -> str:
        return (
            f"{self.database}: migration {self.version} ({self.name}) was applied with another "
            "content than this eventdocs has for it; use the build that upgraded the database"
        )


@attrs.define(eq=False)
class NotAnEventStoreError(StoreError):
    """The database exists and is not ours: a file of another kind or foreign tables."""

    database: str
    reason: str

    def __str__(self) -> str:
        return f"{self.database} is not an eventdocs database: {self.reason}"


@attrs.define(eq=False)
class DataLossError(StoreError):
    """Going back to an earlier schema would lose something for ever. Nothing was changed.

    Back the database up, then repeat the call with `allow_data_loss=True`.

    Attributes:
        database: Its address, without secrets.
        losses: One each: the version that is taken back, then what is lost with it.
    """

    database: str
    losses: Sequence[str]

    def __str__(self) -> str:
        return (
            f"{self.database}: going back would lose, for ever, {'; '.join(self.losses)}; "
            "back it up, then allow the loss of data explicitly"
        )


@attrs.define(eq=False)
class OlderLogError(StoreError):
    """The tables of an older event log cannot be taken over, or given back to. Nothing was changed.

    Attributes:
        database: Its address, without secrets.
        problems: One sentence each.
    """

    database: str
    problems: Sequence[str]

    def __str__(self) -> str:
        return f"{self.database}: {'; '.join(self.problems)}"


@attrs.define(eq=False)
class SchemaDriftError(StoreError):
    """The database's tables are not those that its version of the schema declares.

    Somebody has changed them by hand, or an index was left unfinished. Undo the changes,
    or restore a backup.

    Attributes:
        database: Its address, without secrets.
        differences: One sentence each.
    """

    database: str
    differences: Sequence[str]

    def __str__(self) -> str:
        return f"{self.database} has drifted: {'; '.join(self.differences)}"


@attrs.define(eq=False)
class SchemaError(StoreError):
    """The database's schema is not the one this version of eventdocs works with.

    Attributes:
        database: Its address, without secrets.
        found: Its schema version; 0 if it has none yet.
        wanted: The schema version of this code.
    """

    database: str
    found: int
    wanted: int


class SchemaTooNewError(SchemaError):
    """A newer eventdocs has upgraded this database. Upgrade the package, then open it again."""

    def __str__(self) -> str:
        return (
            f"{self.database} has schema version {self.found}, newer than version {self.wanted} "
            "of this eventdocs; upgrade eventdocs and try again"
        )


class SchemaTooOldError(SchemaError):
    """The database has not been upgraded yet. Run `eventdocs migrate up`."""

    def __str__(self) -> str:
        has = f"schema version {self.found}" if self.found else "no eventdocs schema yet"
        return (
            f"{self.database} has {has}, this eventdocs needs version {self.wanted}; "
            "run `eventdocs migrate up --database URL` or open the store with migrate=True"
        )


# ---- archives


class ArchiveError(EventdocsError):
    """A log could not be exported to an archive, or imported from one."""


@attrs.define(eq=False)
class ArchiveMismatchError(ArchiveError):
    """The archive and the store do not belong together. Neither was changed.

    Attributes:
        archive: The archive's name.
        database: The store's address, without secrets.
        reason: What does not fit, and what to do.
    """

    archive: str
    database: str
    reason: str

    def __str__(self) -> str:
        return f"{self.archive} does not fit {self.database}: {self.reason}"


@attrs.define(eq=False)
class InvalidArchiveError(ArchiveError):
    """A line of an archive is not what was exported; nothing of it and after it was imported.

    Attributes:
        archive: The archive's name.
        line: Which line, from 1.
        reason: What is wrong with it.
    """

    archive: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.archive}, line {self.line}: {self.reason}"


# ---- event types


class EventTypeError(EventdocsError):
    """Something is wrong with an event's type, shape or values."""


@attrs.define(eq=False)
class EventRegistrationError(EventTypeError):
    """Event classes contradict each other, or a chain of upcasters has a gap."""

    event_type: str
    reason: str

    def __str__(self) -> str:
        return f"event type {self.event_type!r}: {self.reason}"


@attrs.define(eq=False)
class UnregisteredEventError(EventTypeError):
    """An event of a class the store was not opened with. Nothing was written.

    A store that could write what it cannot read would lose data: pass the class
    in `open_store(..., events=[...])`.
    """

    event_class: str

    def __str__(self) -> str:
        return (
            f"{self.event_class} is not among the event classes this store was opened with; "
            "add it to open_store(..., events=[...])"
        )


@attrs.define(eq=False)
class UnencodableEventError(EventTypeError):
    """An event holds a value that the log refuses. Nothing was written.

    Attributes:
        event_type: The registered name.
        path: Where the value is, such as `data.items[3].price`.
        reason: What is wrong with it.
    """

    event_type: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"event type {self.event_type!r}, {self.path}: {self.reason}"


@attrs.define(eq=False)
class UnknownEventTypeError(EventTypeError):
    """A recorded event has a type that this store was not opened with.

    Its raw payload can still be read (`RecordedEvent.raw`).
    """

    event_type: str
    schema_version: int
    sequence: int

    def __str__(self) -> str:
        return (
            f"event {self.sequence} has type {self.event_type!r} "
            f"(schema version {self.schema_version}), which this store was not opened with"
        )


@attrs.define(eq=False)
class NewerSchemaVersionError(EventTypeError):
    """A recorded event has a newer shape than this code knows. Deploy the newer code here too."""

    event_type: str
    schema_version: int
    known: int
    sequence: int

    def __str__(self) -> str:
        return (
            f"event {self.sequence} has type {self.event_type!r} with schema version "
            f"{self.schema_version}; this code knows versions up to {self.known}"
        )


@attrs.define(eq=False)
class UndecodableEventError(EventTypeError):
    """A recorded payload does not fit its class. Its raw payload can still be read."""

    event_type: str
    schema_version: int
    sequence: int
    reason: str

    def __str__(self) -> str:
        return (
            f"event {self.sequence} of type {self.event_type!r} (schema version "
            f"{self.schema_version}) cannot be decoded: {self.reason}"
        )


# ---- projections


class ProjectionError(EventdocsError):
    """A read model could not be built, resumed or compared."""


@attrs.define(eq=False)
class ProjectorDefinitionError(ProjectionError):
    """A projector class, or the set of projectors given to a runner, contradicts itself."""

    projector: str
    reason: str

    def __str__(self) -> str:
        return f"projector {self.projector!r}: {self.reason}"


@attrs.define(eq=False)
class UnknownProjectionError(ProjectionError):
    """No projector of that name was given to the runner."""

    projection: str
    known: Sequence[str]

    def __str__(self) -> str:
        return f"no projection {self.projection!r}; known: {', '.join(self.known) or 'none'}"


@attrs.define(eq=False)
class ProjectionStoppedError(ProjectionError):
    """A projection stands before an event its handler cannot apply.

    Nothing was skipped: mend the handler, then `retry` the dead letter, or skip it on purpose.
    """

    projection: str
    sequence: int
    event_type: str
    reason: str

    def __str__(self) -> str:
        return (
            f"projection {self.projection!r} stopped at event {self.sequence} "
            f"({self.event_type}): {self.reason}"
        )


@attrs.define(eq=False)
class ProjectionHeldError(ProjectionError):
    """Another runner holds the lease of a projection, or of its rebuild, and keeps it.

    It does the work: leave it to it, or stop it. If its process is gone, the lease lapses
    at the time given here, by the database's clock.

    Attributes:
        projection: What is held.
        work: What is done with it: "held" by who leads it, or "being rebuilt".
        owner: Host, process id and a random part, which names the runner.
        since: When it took the lease, aware UTC.
        until: When the lease lapses unless it is renewed, aware UTC.
    """

    projection: str
    work: str
    owner: str
    since: datetime
    until: datetime

    def __str__(self) -> str:
        return (
            f"projection {self.projection!r} is {self.work} by {self.owner} since "
            f"{self.since.isoformat()}; its lease lasts until {self.until.isoformat()}"
        )


@attrs.define(eq=False)
class ProjectionTimeoutError(ProjectionError):
    """A projection did not apply an event in time. It may still do so: look at its status.

    Attributes:
        projection: What was waited for.
        sequence: The event that was waited for.
        at: The last event it had applied; None if the database did not tell.
        lag: How many events it was behind the log, at most; None if that is not known.
        seconds: How long it was waited for.
        blocked_by: What stands in its way, as far as that is known.
    """

    projection: str
    sequence: int
    at: int | None
    lag: int | None
    seconds: float
    blocked_by: str = ""

    def __str__(self) -> str:
        stood = (
            "" if self.at is None else f"stood at event {self.at}, {self.lag} behind the log, and "
        )
        cause = f": {self.blocked_by}" if self.blocked_by else ""
        return (
            f"projection {self.projection!r} {stood}had not applied event "
            f"{self.sequence} after {self.seconds:g} seconds{cause}"
        )


@attrs.define(eq=False)
class EventLostError(ProjectionError):
    """An event that was waited for is not in the log.

    Its transaction was rolled back, or the log was put back to an earlier moment, as from
    a backup or by a failover. Append it again if it still holds.

    Attributes:
        sequence: Where it had been recorded.
        event_id: The event.
    """

    sequence: int
    event_id: UUID

    def __str__(self) -> str:
        return (
            f"the log does not hold event {self.event_id} at {self.sequence}: its transaction was "
            "rolled back, or the log was put back to an earlier moment; append it again"
        )


@attrs.define(eq=False)
class UnknownDeadLetterError(ProjectionError):
    """There is no open dead letter at that place. `runner.dead_letters()` lists those there are."""

    projection: str
    sequence: int

    def __str__(self) -> str:
        return f"projection {self.projection!r} has no open dead letter at event {self.sequence}"


@attrs.define(eq=False)
class RebuildCancelledError(ProjectionError):
    """Somebody has cancelled a rebuild. The live tables are as they were.

    Attributes:
        projection: What was rebuilt.
        by: Host, process id and a random part, which names the runner that cancelled it.
    """

    projection: str
    by: str

    def __str__(self) -> str:
        return (
            f"the rebuild of projection {self.projection!r} was cancelled by {self.by}; "
            "its tables are unchanged"
        )


@attrs.define(eq=False)
class RebuildFailedError(ProjectionError):
    """A rebuild could not be carried through. The live tables are as they were."""

    projection: str
    reason: str

    def __str__(self) -> str:
        return (
            f"projection {self.projection!r} could not be rebuilt, its tables are unchanged: "
            f"{self.reason}"
        )


@attrs.define(eq=False)
class StaleProjectionError(ProjectionError):
    """The read model is not one that this version of its projector has built. Rebuild it.

    Attributes:
        projection: Its name.
        built: The version that built it; 0 if none is known.
        wanted: The version of the code.
        reason: What is wrong with it, if not the version.
    """

    projection: str
    built: int
    wanted: int
    reason: str = ""

    def __str__(self) -> str:
        reason = self.reason or (
            f"it was built by version {self.built} of its projector, "
            f"the code has version {self.wanted}"
        )
        return (
            f"projection {self.projection!r} is stale: {reason}; "
            f"run `eventdocs projections rebuild {self.projection}` or runner.rebuild()"
        )


@attrs.define(eq=False)
class StoreRewoundError(ProjectionError):
    """The log is not the one this checkpoint was taken on: it was restored or swapped.

    Nothing was applied. Rebuild the projection from the log as it is now, or restore
    the read model's database to the same moment as the log.
    """

    projection: str
    sequence: int
    reason: str

    def __str__(self) -> str:
        return (
            f"projection {self.projection!r} was at event {self.sequence}, but {self.reason}; "
            f"rebuild it: `eventdocs projections rebuild {self.projection}`"
        )


# ---- extraction and meaning


class ExtractionError(EventdocsError):
    """A document's meaning could not be extracted."""


@attrs.define(eq=False)
class UnsupportedFormatError(ExtractionError):
    """No extractor is registered for this kind of document."""

    source: str
    media_type: str
    supported: Sequence[str]

    def __str__(self) -> str:
        return (
            f"{self.source}: no extractor for {self.media_type}; "
            f"supported formats: {', '.join(self.supported)}"
        )


@attrs.define(eq=False)
class UnreadableDocumentError(ExtractionError):
    """The bytes are not a document of the format they claim: junk, or a broken encoding."""

    source: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


@attrs.define(eq=False)
class ExtractionLimitError(ExtractionError):
    """A document exceeds a limit. The limit is a setting; raise it if the document is right.

    Attributes:
        source: The document.
        limit: The setting's name.
        allowed: Its value.
        found: What the document has, in the same unit.
    """

    source: str
    limit: str
    allowed: int
    found: int

    def __str__(self) -> str:
        return f"{self.source}: {self.limit} is {self.allowed:,}, the document has {self.found:,}"


@attrs.define(eq=False)
class MissingExtraError(ExtractionError):
    """The library that reads this kind of document is not installed; it comes with an extra.

    Attributes:
        source: The document.
        extra: The extra's name.
        package: What is missing.
    """

    source: str
    extra: str
    package: str

    def __str__(self) -> str:
        return (
            f"{self.source} cannot be read without {self.package}: "
            f"pip install 'eventdocs[{self.extra}]'"
        )


@attrs.define(eq=False)
class ExtractorFailedError(ExtractionError):
    """An extractor broke down over a document: a defect of the extractor.

    Attributes:
        source: The document.
        reason: The kind of error it ended with; the error itself is the cause.
    """

    source: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source}: the extractor failed with {self.reason}"


@attrs.define(eq=False)
class WorkerFailedError(ExtractionError):
    """What carries out extractions broke down: a process died, or a result got lost.

    That can be the document's fault, where it needs more memory than there is, and need
    not be. Extract it again, alone.

    Attributes:
        source: The document.
        reason: What happened.
    """

    source: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


@attrs.define(eq=False)
class InvalidIRError(EventdocsError):
    """A semantic IR breaks its own rules, or JSON is not an IR; all problems are named.

    Attributes:
        problems: One each: the path, then what is wrong there.
    """

    problems: Sequence[str]

    def __str__(self) -> str:
        return "\n".join(self.problems)


# ---- documents


class DocumentError(EventdocsError):
    """A command on a document could not be carried out."""


@attrs.define(eq=False)
class UnknownDocumentError(DocumentError):
    """There is no such document, or its name fits several.

    Attributes:
        document: What was asked for.
        candidates: Names or ids it could have meant.
    """

    document: str
    candidates: Sequence[str] = ()

    def __str__(self) -> str:
        if self.candidates:
            return f"{self.document!r} fits several documents: {', '.join(self.candidates)}"
        return f"there is no document {self.document!r}"


@attrs.define(eq=False)
class CommandRefusedError(DocumentError):
    """The document is not in a state in which this command makes sense."""

    document_id: UUID
    command: str
    reason: str

    def __str__(self) -> str:
        return f"{self.command} refused for document {self.document_id}: {self.reason}"


@attrs.define(eq=False)
class ContentMissingError(DocumentError):
    """The content store holds no bytes under a digest that an event names."""

    digest: str

    def __str__(self) -> str:
        return f"no content with digest {self.digest}"


@attrs.define(eq=False)
class RevisionUnavailableError(DocumentError):
    """What was asked of a revision is not to be had: it is not there, not extracted, or erased.

    Attributes:
        document_id: The document.
        revision: The revision that was asked for.
        reason: Why not.
    """

    document_id: UUID
    revision: int
    reason: str

    def __str__(self) -> str:
        return f"document {self.document_id}, revision {self.revision}: {self.reason}"
