from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

from eventdocs.store import NewEvent


def made(number: int) -> list[UUID]:
    return [NewEvent(data=None).id for _ in range(number)]


def test_ids_grow_within_a_process() -> None:
    """Each id is greater than the one before, also within one millisecond."""
    ids = made(5_000)

    assert ids == sorted(set(ids))


def test_ids_are_uuids_of_version_7() -> None:
    """They hold the time in milliseconds, the version and the variant of RFC 9562."""
    before = time.time_ns() // 1_000_000
    ids = made(100)
    after = time.time_ns() // 1_000_000

    assert {(each.version, each.variant) for each in ids} == {(7, RFC_4122)}
    assert before <= ids[0].int >> 80
    assert ids[-1].int >> 80 <= after + 1


def test_threads_never_share_an_id() -> None:
    """Ids of all threads differ, and grow in each of them."""
    start = threading.Barrier(4)

    def work(_: int) -> list[UUID]:
        start.wait()
        return made(2_000)

    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(work, range(4)))

    assert all(batch == sorted(batch) for batch in batches)
    assert len({each for batch in batches for each in batch}) == 8_000
