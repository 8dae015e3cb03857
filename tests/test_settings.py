"""Settings come from the environment, are checked together, and keep secrets."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs.errors import ConfigurationError
from eventdocs.extraction import Limits
from eventdocs.settings import PREFIX, Settings, without_password


def _problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment(environ)
    return list(caught.value.problems)


class TestReading:
    def test_an_empty_environment_gives_the_defaults(self) -> None:
        """Nothing has to be set; variables of other programs do not matter."""
        settings = Settings.from_environment({"HOME": "/root", "DATABASE_URL": "mysql://x"})

        assert settings == Settings()
        assert (settings.pool_min_size, settings.pool_max_size) == (5, 20)

    def test_every_field_is_read_from_the_variable_of_its_name(self) -> None:
        """The prefix and the field's name in capitals are the variable."""
        settings = Settings.from_environment(
            {
                "EVENTDOCS_DATABASE_URL": "postgresql://localhost/library",
                "EVENTDOCS_SCHEMA": "archive",
                "EVENTDOCS_POOL_MIN_SIZE": "1",
                "EVENTDOCS_POOL_MAX_SIZE": "1000",
                "EVENTDOCS_MAX_DOCUMENT_BYTES": " 1000 ",
            }
        )

        assert attrs.astuple(settings) == (
            "postgresql://localhost/library",
            "archive",
            1,
            1000,
            1000,
        )

    def test_an_empty_variable_counts_as_not_set(self) -> None:
        """A template that leaves a value empty does not break the application."""
        assert Settings.from_environment({"EVENTDOCS_SCHEMA": "  "}) == Settings()


class TestProblems:
    def test_all_of_them_are_named_at_once(self) -> None:
        """One start of the application shows everything that is wrong."""
        problems = _problems(
            {
                "EVENTDOCS_POOL_MIN_SIZE": "many",
                "EVENTDOCS_POOL_MAX_SIZE": "1001",
                "EVENTDOCS_SCHEMA": "drop table; --",
                "EVENTDOCS_MAX_DOCUMENT_BYTES": "1e6",
            }
        )

        assert len(problems) == 4
        assert "EVENTDOCS_POOL_MIN_SIZE is 'many', which is not a whole number" in problems
        assert "EVENTDOCS_POOL_MAX_SIZE is 1001; it must be between 1 and 1000" in problems

    def test_an_unknown_variable_is_named_with_the_nearest_one(self) -> None:
        """A misspelt setting is never ignored in silence."""
        (problem,) = _problems({"EVENTDOCS_DATABSE_URL": "postgresql://localhost/x"})

        assert problem == (
            "EVENTDOCS_DATABSE_URL is not a setting; did you mean EVENTDOCS_DATABASE_URL?"
        )

    def test_the_pool_cannot_be_smaller_than_its_smallest_size(self) -> None:
        """The two bounds are compared, also when only one of them is set."""
        (problem,) = _problems({"EVENTDOCS_POOL_MIN_SIZE": "21"})

        assert "more than EVENTDOCS_POOL_MAX_SIZE, which is 20" in problem

    @pytest.mark.parametrize("size", [0, -1, 1001])
    def test_a_value_given_in_code_is_held_to_the_same_bounds(self, size: int) -> None:
        """The class checks itself, wherever its values come from."""
        with pytest.raises(ConfigurationError, match="EVENTDOCS_POOL_MAX_SIZE"):
            Settings(pool_max_size=size, pool_min_size=1)


class TestSecrets:
    @given(
        password=st.text(
            st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=20
        ).map(lambda text: f"S{text}S")
    )
    def test_no_password_is_ever_shown(self, password: str) -> None:
        """Not in the representation, whatever characters stand in it unescaped."""
        settings = Settings(database_url=f"postgresql://ada:{password}@db.example/library")

        assert password not in repr(settings)
        assert "postgresql://ada:***@db.example/library" in repr(settings)

    def test_a_password_among_the_parameters_is_masked_too(self) -> None:
        """PostgreSQL's own URL form has a place for it behind the question mark."""
        shown = without_password("postgresql://db.example/x?user=ada&password=secret&ssl=on")

        assert shown == "postgresql://db.example/x?user=ada&password=***&ssl=on"

    def test_an_address_without_a_password_is_left_as_it_is(self) -> None:
        """Colons and at-signs elsewhere mean nothing."""
        for url in (
            "sqlite:///a:b@c.db",
            "postgresql://db.example:5432/x",
            "postgresql://ada@db/x",
        ):
            assert without_password(url) == url


def test_the_reference_shows_every_variable_with_its_default() -> None:
    """Nobody has to read the code to know what can be set."""
    page = Path(__file__).parents[1] / "docs" / "reference" / "configuration.md"
    rows = [
        line.split("|") for line in page.read_text("utf-8").splitlines() if "`EVENTDOCS" in line
    ]
    documented = {row[1].strip(" `"): row[2].strip(" `") for row in rows}

    assert documented == {
        PREFIX + field.name.upper(): "" if field.default is None else str(field.default)
        for field in attrs.fields(Settings)
    }


def test_the_largest_document_is_the_extractors_own_limit() -> None:
    """Whether a document is too large does not depend on how it comes in."""
    assert Settings().max_document_bytes == Limits().max_bytes
