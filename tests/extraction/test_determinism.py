"""The same document means the same, byte for byte, wherever and whenever it is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from eventdocs.ir import to_json
from tests.extraction.golden import FILE, digests, meanings


class TestTheMeaningOfADocument:
    def test_is_the_same_on_every_python(self) -> None:
        """The digests were written once, and every Python that runs the tests finds them again.

        Where a change of an extractor means to change them, `python -m
        tests.extraction.golden` writes them anew, and the extractor's version goes up
        once it was released.
        """
        assert digests() == json.loads(FILE.read_text())

    @pytest.mark.parametrize("seed", ["0", "4711"])
    def test_is_the_same_in_every_process(self, seed: str) -> None:
        """Processes that hash text differently, and so order sets differently, agree."""
        ran = subprocess.run(
            [sys.executable, "-m", "tests.extraction.golden", "--print"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )

        assert json.loads(ran.stdout) == digests()

    def test_is_the_same_the_second_time(self) -> None:
        """What was read before leaves nothing behind that a later reading could notice."""
        first, again = meanings(), meanings()

        assert [to_json(each) for each in first.values()] == [
            to_json(each) for each in again.values()
        ]
