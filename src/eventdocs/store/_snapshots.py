"""Snapshots: states kept beside the log, so that long streams need not be folded from zero.

Nothing depends on them: one that is missing, stale or damaged is passed over, and one
that cannot be written is missing.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID

import attrs
import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    delete,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from eventdocs.store._canonical_json import NotStorableError, canonical_json, check_text
from eventdocs.store._converter import converter

if TYPE_CHECKING:
    from eventdocs.store._port import EventStore

State = TypeVar("State")

_logger: Final = logging.getLogger("eventdocs.store")

snapshot_metadata: Final = MetaData()

snapshots: Final = Table(
    "eventdocs_snapshots",
    snapshot_metadata,
    Column("stream", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("schema_version", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)
"""The newest snapshot of each stream, kind of state, and schema version of the state."""


def _check_name(_: object, __: object, name: str) -> None:
    if not 0 < len(name) <= 255:
        raise ValueError(f"a name has 1 to 255 characters, not {len(name)}")
    try:
        check_text(name)
    except NotStorableError as error:
        raise ValueError(f"no snapshots are named {name!r}: {error.reason}") from error


@attrs.frozen(kw_only=True)
class Snapshots(Generic[State]):
    """When snapshots of a decider's states are taken, and which can be used.

    A state is encoded as events are, so it is made of the same kinds of values, and it
    compares equal to its copy. One that does not is never kept; the log says so.

    Attributes:
        name: Which states these are; deciders that share streams have different names.
        state: The class of the states.
        version: The schema version of the states. Raise it whenever `evolve` would give
            another state for the same events, or the class has another shape: snapshots
            of other versions are passed over, those of older ones removed.
        every: A snapshot is taken when a decision stands so many events, or more, behind
            the one that it was folded from.

    Raises:
        ValueError: The name cannot be stored, or a number is less than 1.
    """

    name: str = attrs.field(validator=_check_name)
    state: type[State]
    version: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    every: int = attrs.field(default=100, validator=attrs.validators.ge(1))


@attrs.frozen(kw_only=True)
class Snapshot(Generic[State]):
    """A state, and where in its stream it was.

    Attributes:
        state: After the events up to *version*.
        version: Of the last event.
        event_id: The event there: a stream that holds another one has another past.
    """

    state: State
    version: int
    event_id: UUID


class UnfitSnapshotError(Exception):
    """A snapshot cannot be used or kept; the message says why. It never leaves the package."""


async def find_snapshot(
    store: EventStore, stream: str, policy: Snapshots[State]
) -> Snapshot[State] | None:
    """Find the newest snapshot that *policy* can use, and that is as it was written."""
    try:
        async with store.connect() as connection:
            found = await connection.execute(
                select(snapshots).where(
                    snapshots.c.stream == stream,
                    snapshots.c.name == policy.name,
                    snapshots.c.schema_version == policy.version,
                ),
                execution_options=_options(store),
            )
            row = found.mappings().one_or_none()
        if row is None:
            return None
        if row["digest"] != _digest(**row):
            raise UnfitSnapshotError("it is not what was written")
        state = converter.structure(orjson.loads(row["state"]), policy.state)
        return Snapshot(state=state, version=row["version"], event_id=row["event_id"])
    except Exception as error:  # noqa: BLE001 - the events say the same, and tell of any trouble
        ignore_snapshot(stream, policy, error)
        return None


async def keep_snapshot(
    store: EventStore, stream: str, policy: Snapshots[State], snapshot: Snapshot[State]
) -> None:
    """Keep *snapshot* instead of the one before; those of older schema versions go."""
    try:
        row: dict[str, Any] = {
            "stream": stream,
            "name": policy.name,
            "schema_version": policy.version,
            "version": snapshot.version,
            "event_id": snapshot.event_id,
            "state": _written(snapshot.state, policy).decode(),
        }
        row["digest"] = _digest(**row)
        async with store.begin() as tx:
            options = _options(store)
            await tx.execute(
                delete(snapshots).where(
                    snapshots.c.stream == stream,
                    snapshots.c.name == policy.name,
                    snapshots.c.schema_version < policy.version,
                ),
                execution_options=options,
            )
            # Whatever stands there goes, a newer one too: it may be damaged, or of a past
            # that a restored log does not have.
            insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
            statement = insert(snapshots).values(row)
            await tx.execute(
                statement.on_conflict_do_update(index_elements=[*snapshots.primary_key], set_=row),
                execution_options=options,
            )
    except Exception as error:  # noqa: BLE001 - what was decided is recorded and stands
        _log("eventdocs.snapshot.not_taken", stream, policy, error)


def ignore_snapshot(stream: str, policy: Snapshots[Any], error: Exception) -> None:
    """Tell the log that a snapshot could not be used."""
    _log("eventdocs.snapshot.ignored", stream, policy, error)


def _log(message: str, stream: str, policy: Snapshots[Any], error: Exception) -> None:
    # Only our own reasons: a driver's message would quote the state.
    match error:
        case UnfitSnapshotError():
            reason = str(error)
        case NotStorableError():
            reason = f"state{error.path}: {error.reason}"
        case _:
            reason = ""
    _logger.warning(
        message,
        extra={
            "stream": stream,
            "snapshots": policy.name,
            "schema_version": policy.version,
            "error_type": type(error).__qualname__,
            "reason": reason,
        },
    )


def _written(state: State, policy: Snapshots[State]) -> bytes:
    payload = canonical_json(converter.unstructure(state))
    if converter.structure(orjson.loads(payload), policy.state) != state:
        raise UnfitSnapshotError(f"it is another {policy.state.__name__} when it is read again")
    return payload


def _digest(**row: object) -> bytes:
    facts = [str(row[column.name]) for column in snapshots.columns if column.name != "digest"]
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).digest()


def _options(store: EventStore) -> dict[str, Any]:
    return {"schema_translate_map": {None: store.schema}}
