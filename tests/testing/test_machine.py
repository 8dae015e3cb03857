"""Both backends agree with the model, whatever is done to them."""

from __future__ import annotations

import pytest

from eventdocs.backends import open_store
from eventdocs.testing import check_log
from eventdocs.testing._machine import SETTINGS


@pytest.mark.once
def test_a_store_does_what_the_model_does(database_url: str) -> None:
    """Random appends, repeats, races, cancellations, rollbacks and reopenings: no difference."""
    progress = check_log(lambda events: open_store(database_url, events=events))

    assert progress["recorded"] > SETTINGS.max_examples
