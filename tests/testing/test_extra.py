"""The testing kit where its extra is not installed."""

from __future__ import annotations

import importlib
import sys

import pytest

from eventdocs.errors import ConfigurationError


@pytest.mark.parametrize("missing", ["hypothesis", "pytest"])
def test_without_its_extra_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who installed eventdocs alone is told the one command that helps."""
    for name in [each for each in sys.modules if each.startswith("eventdocs.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ConfigurationError, match=rf"{missing}: pip install 'eventdocs\[testing\]'"):
        importlib.import_module("eventdocs.testing")
