"""Partitions: the parts of one projection, among which its events are spread by their keys."""

from __future__ import annotations

import zlib

import attrs

from eventdocs.projections._projector import Projector


@attrs.frozen(kw_only=True)
class Partition:
    """A part of a projection that is moved on its own; all of it where it is not divided.

    Attributes:
        projection: The projection's name.
        number: Which of its parts, from 1.
        count: How many there are.
    """

    projection: str
    number: int = 1
    count: int = 1

    @property
    def name(self) -> str:
        """What it is called in the bookkeeping: as the projection where it is not divided."""
        if self.count == 1:
            return self.projection
        return f"{self.projection}#{self.number}/{self.count}"

    def includes(self, key: str) -> bool:
        """Tell whether the events of this ordering key belong to the part."""
        return _number_of(key, self.count) == self.number

    def __str__(self) -> str:
        return f"partition {self.number} of {self.count}"


def partition_named(name: str) -> Partition:
    """Read the *name* of a part."""
    # A projection's own name never contains the sign.
    projection, _, part = name.partition("#")
    number, _, count = part.partition("/")
    return Partition(projection=projection, number=int(number or 1), count=int(count or 1))


def partitions_of(projector: Projector | type[Projector]) -> tuple[Partition, ...]:
    """List the parts into which the projection of *projector* is divided."""
    count = projector.partitions
    return tuple(
        Partition(projection=projector.name, number=number, count=count)
        for number in range(1, count + 1)
    )


def home_of(key: str, projector: Projector) -> Partition:
    """Tell to which part of a projection the events of this ordering key belong."""
    count = projector.partitions
    return Partition(projection=projector.name, number=_number_of(key, count), count=count)


def _number_of(key: str, count: int) -> int:
    # Never `hash`, which is another one in every process.
    return zlib.crc32(key.encode()) % count + 1
