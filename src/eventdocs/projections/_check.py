"""Checks: whether a read model is one that the code, as it is now, would build."""

from __future__ import annotations

import attrs

from eventdocs.errors import StaleProjectionError
from eventdocs.projections._checkpoints import Checkpoint, least, read_checkpoints
from eventdocs.projections._fingerprint import changes_between, fingerprint_of
from eventdocs.projections._projector import Projector
from eventdocs.store import EventStore


@attrs.frozen(kw_only=True)
class ProjectionCheck:
    """What built a read model, compared with the code.

    Attributes:
        projection: Its name.
        built: The version of the projector that built it; 0 if none is known.
        version: The version of the projector in the code.
        changed: What has changed since it was built: "handlers", "tables", "upcasters", and
            "ordering" if it is divided into partitions.
            A change without a new version is a hint: the rows may come out as they are.
        problem: Why it cannot go on until it is rebuilt; None if it can.
    """

    projection: str
    built: int
    version: int
    changed: tuple[str, ...]
    problem: str | None

    @property
    def is_current(self) -> bool:
        """Whether the code is what built the read model."""
        return self.problem is None and not self.changed


async def check(
    store: EventStore, projector: Projector, broken: StaleProjectionError | None
) -> ProjectionCheck:
    """Compare the read model of *projector* with its code.

    Args:
        store: Whose database holds the read model.
        projector: The code.
        broken: What only a rebuild can mend.
    """
    async with store.connect() as connection:
        at = least(await read_checkpoints(connection, projector.name))
    return compare(store, projector, at, broken)


def compare(
    store: EventStore,
    projector: Projector,
    at: Checkpoint | None,
    broken: StaleProjectionError | None = None,
) -> ProjectionCheck:
    """Compare what *at* says with the code of *projector*."""
    built = at.version if at else 0
    problem = broken
    if problem is None and built != projector.version:
        problem = StaleProjectionError(projector.name, built, projector.version)
    now = fingerprint_of(type(projector), store.registry)
    return ProjectionCheck(
        projection=projector.name,
        built=built,
        version=projector.version,
        changed=changes_between(at.fingerprint, now) if at else (),
        problem=None if problem is None else str(problem),
    )
