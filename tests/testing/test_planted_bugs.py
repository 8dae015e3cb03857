"""The kit can fail: every planted bug is caught by the contract, the model, or both."""

from __future__ import annotations

import pytest
from hypothesis import Phase
from hypothesis import settings as Settings  # noqa: N812 - it is a class
from hypothesis.errors import Flaky

from eventdocs.testing import EventStoreContract, check_log
from eventdocs.testing._machine import SETTINGS
from tests.testing import broken_stores as broken
from tests.testing.broken_stores import FaithfulStore, opening

pytestmark = pytest.mark.once

# The first failure is enough, and always the same examples find it.
QUICK = Settings(
    SETTINGS,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    database=None,
    derandomize=True,
    max_examples=200,
)

CAUGHT_BY_THE_CONTRACT = {
    broken.ForgetsExpectations: "refuses_an_outdated_writer",
    broken.TakesExistingForAny: "judges_every_expectation",
    broken.RaisesTheDriversError: "lets_one_of_many_racing_writers_win",
    broken.RecordsRepeatsTwice: "a_repeat_settles_a_lost_acknowledgement",
    broken.JudgesRepeatsByExpectation: "answers_a_repeat_with_the_first_places",
    broken.MisplacesRepeats: "answers_a_repeat_with_the_first_places",
    broken.TakesConflictsForRepeats: "refuses_an_id_with_other_content",
    broken.RecordsTheFirstStreamAndLosesTheRest: "tells_where_the_events_of_every_stream_stand",
    broken.JudgesEveryStreamOnItsOwn: "units_leave_their_neighbours_alone",
    broken.ReversesAppends: "tells_where_the_events_stand",
    broken.AppendsOneByOne: "records_all_of_many_concurrent_appends",
    broken.DropsMetadata: "keeps_metadata_correlation_and_causation",
    broken.DropsCausation: "keeps_metadata_correlation_and_causation",
    broken.AcceptsAnything: "refuses_what_no_database_keeps",
    broken.SkipsBetweenPages: "pages_join_without_gap_or_overlap",
    broken.RepeatsBetweenPages: "pages_join_without_gap_or_overlap",
    broken.EndsOnePageEarly: "long_reads_cross_pages",
    broken.LosesTheFirstBackward: "reads_a_stream_from_any_place_in_both_directions",
    broken.IgnoresUntil: "reads_a_stream_from_any_place_in_both_directions",
    broken.ReadsOneTypeOnly: "reads_by_category_and_type",
    broken.TakesCategoriesForPrefixes: "reads_by_category_and_type",
    broken.ForgetsTheActor: "every_filter_gives_what_it_says",
    broken.TakesTheTimeForALimit: "filters_combine_with_everything",
    broken.ComparesMetadataAsText: "every_filter_gives_what_it_says",
    broken.CommitsTheHostsTransaction: "rolls_events_back_with_the_hosts_rows",
    broken.ReadsPastItsTransaction: "reads_its_own_writes",
    broken.CountsTheHeadOneTooFar: "tells_the_head_and_the_versions",
    broken.AnswersBeforeItIsSafe: "keeps_the_log_when_it_is_closed",
    broken.FailsItsNeighbours: "one_refused_append_leaves_its_neighbours_alone",
}

# The model keeps to events that can be recorded, logs of less than a page, and
# concurrent appends that are all accepted; it reads without filters.
BEYOND_THE_MODEL = {
    broken.ComparesMetadataAsText,
    broken.ForgetsTheActor,
    broken.TakesTheTimeForALimit,
    broken.AcceptsAnything,
    broken.EndsOnePageEarly,
    broken.FailsItsNeighbours,
    broken.TakesCategoriesForPrefixes,
}


def test_every_planted_bug_is_accounted_for() -> None:
    """No broken store stands about without a check that catches it."""
    planted = {
        each for each in FaithfulStore.__subclasses__() if each.__module__ == broken.__name__
    }

    assert planted == CAUGHT_BY_THE_CONTRACT.keys()
    assert planted > BEYOND_THE_MODEL


@pytest.mark.parametrize(("bug", "promise"), CAUGHT_BY_THE_CONTRACT.items())
async def test_the_contract_catches(
    bug: type[FaithfulStore], promise: str, sqlite_url: str
) -> None:
    """The promise that the bug breaks fails, and a store without the bug keeps it."""
    keeps = getattr(EventStoreContract(), f"test_{promise}")

    await keeps(opening(FaithfulStore, f"{sqlite_url}.faithful"))
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - some raise what pytest does
        await keeps(opening(bug, sqlite_url))

    assert isinstance(caught.value, Exception | pytest.fail.Exception)


@pytest.mark.parametrize("bug", sorted(CAUGHT_BY_THE_CONTRACT.keys() - BEYOND_THE_MODEL, key=str))
def test_the_model_catches(bug: type[FaithfulStore], sqlite_url: str) -> None:
    """Random steps come upon the bug, whatever it takes to show."""
    # A race need not end in the same way when hypothesis tries it again: that is Flaky.
    with pytest.raises((AssertionError, RuntimeError, Flaky)) as caught:
        check_log(opening(bug, sqlite_url), settings=QUICK)

    assert "never happened" not in str(caught.value)
