"""Both backends agree with the model, whatever is done to them."""

from __future__ import annotations

from eventdocs.backends import open_store
from eventdocs.testing import check_log


def test_a_store_does_what_the_model_does(database_url: str) -> None:
    """Random appends, repeats, races, cancellations, rollbacks and reopenings: no difference."""
    progress = check_log(lambda events: open_store(database_url, events=events))

    assert progress["recorded"] > 100
