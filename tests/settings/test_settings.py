"""Settings come from the environment, are checked together, and keep secrets."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs import ProjectionRunner, open_store
from eventdocs.errors import ConfigurationError
from eventdocs.extraction import Limits
from eventdocs.observability import Health, configure_logging
from eventdocs.observability.asgi import RequestMiddleware
from eventdocs.settings import (
    Between,
    LogForm,
    LogLevel,
    Settings,
    at_least_one_of,
    hidden,
    minimum_length,
    no_placeholder,
    no_wildcard_in_production,
    off_in_production,
    required_in_production,
    setting,
    without_password,
)
from tests import settings_reference


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

        assert settings == Settings(
            database_url="postgresql://localhost/library",
            schema="archive",
            pool_min_size=1,
            pool_max_size=1000,
            max_document_bytes=1000,
        )

    @pytest.mark.parametrize("name", [field.name for field in attrs.fields(Settings)])
    def test_what_is_in_force_can_be_set_again(self, name: str) -> None:
        """Each variable takes the spelling in which its value is shown."""
        shown = {each.name: each for each in Settings(schema="s", direct_url="d").in_force({})}
        if not shown[name].value:
            return

        settings = Settings.from_environment({shown[name].variable: shown[name].value})

        assert getattr(settings, name) == getattr(Settings(schema="s", direct_url="d"), name)

    def test_what_is_chosen_elsewhere_counts_for_more(self) -> None:
        """As an option of the command line does."""
        settings = Settings.from_environment(
            {"EVENTDOCS_DATABASE_URL": "sqlite:///a.db", "EVENTDOCS_SCHEMA": "s"},
            chosen={"database_url": "sqlite:///b.db"},
        )

        assert (settings.database_url, settings.schema) == ("sqlite:///b.db", "s")

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


class TestSecretsInFiles:
    def test_a_secret_is_read_from_the_file_that_is_named(self, tmp_path: Path) -> None:
        """As orchestrators mount them; the line's end does not belong to it."""
        file = tmp_path / "url"
        file.write_text("postgresql://ada:secret@db/x\n")

        settings = Settings.from_environment({"EVENTDOCS_DATABASE_URL_FILE": str(file)})

        assert settings.database_url == "postgresql://ada:secret@db/x"

    def test_a_file_that_cannot_be_read_is_a_problem_with_its_reason(self, tmp_path: Path) -> None:
        """Missing, empty, or no text: each is told, and none of it is shown."""
        empty, junk = tmp_path / "empty", tmp_path / "junk"
        empty.touch()
        junk.write_bytes(b"\xff\xfe secret")

        found = [
            _problems({"EVENTDOCS_DATABASE_URL_FILE": str(each)})
            for each in (tmp_path / "missing", empty, junk)
        ]

        reasons = ("No such file or directory", "the file is empty", "it is not UTF-8 text")
        for (problem,), reason in zip(found, reasons, strict=True):
            assert problem.startswith(f"EVENTDOCS_DATABASE_URL_FILE is {tmp_path}")
            assert problem.endswith(reason)

    def test_a_secret_is_said_once(self, tmp_path: Path) -> None:
        """Of two values nobody could tell which one counts."""
        (problem,) = _problems(
            {"EVENTDOCS_DIRECT_URL": "postgresql://a", "EVENTDOCS_DIRECT_URL_FILE": "b"}
        )

        assert problem.endswith("are both set; set one of them")

    def test_what_is_no_secret_is_not_read_from_a_file(self) -> None:
        """Its variable with `_FILE` is unknown, and said to be."""
        (problem,) = _problems({"EVENTDOCS_SCHEMA_FILE": "/etc/schema"})

        assert "EVENTDOCS_SCHEMA_FILE is not a setting" in problem


class TestInForce:
    def test_tells_where_each_value_came_from(self, tmp_path: Path) -> None:
        """From a default, a variable, a file, or what the caller says; passwords are masked."""
        file = tmp_path / "url"
        file.write_text("postgresql://ada:secret@direct/x")
        environ = {"EVENTDOCS_SCHEMA": "archive", "EVENTDOCS_DIRECT_URL_FILE": str(file)}
        url = "postgresql://ada:secret@db/x"
        settings = Settings.from_environment(environ, chosen={"database_url": url})

        found = {
            each.name: each for each in settings.in_force(environ, chosen={"database_url": "--url"})
        }

        assert (found["schema"].value, found["schema"].source) == ("archive", "environment")
        assert found["pool_min_size"].source == "default"
        assert found["direct_url"].source == f"file {file}"
        assert found["database_url"].source == "--url"
        assert found["database_url"].value == "postgresql://ada:***@db/x"
        assert "secret" not in repr(found)

    def test_everything_is_there_once(self) -> None:
        """In the order in which the class declares it, each with what it is for."""
        found = Settings().in_force({})

        assert [each.name for each in found] == [each.name for each in attrs.fields(Settings)]
        assert all(each.about.endswith(".") for each in found)


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


@attrs.frozen(kw_only=True)
class HostSettings(Settings):
    RULES = (*Settings.RULES, at_least_one_of("mail_server", "mail_folder"))

    key: str | None = setting(
        None,
        "Signs.",
        variable="HOST_KEY",
        mask=hidden,
        rules=[no_placeholder, minimum_length(12), required_in_production],
    )
    origins: tuple[str, ...] = setting(
        (), "Who may call.", variable="HOST_ORIGINS", rules=[no_wildcard_in_production]
    )
    debug: bool = setting(False, "Say more.", variable="HOST_DEBUG", warnings=[off_in_production])
    colour: Colour = setting(Colour.RED, "What it looks like.", variable="HOST_COLOUR")
    share: float = setting(0.5, "How much.", variable="HOST_SHARE", rules=[Between(0, 1)])
    folder: Path = setting(Path(), "Where.", variable="HOST_FOLDER")
    mail_server: str | None = setting("mail", "Mail goes there.", variable="HOST_MAIL_SERVER")
    mail_folder: str | None = setting(None, "Or there.", variable="HOST_MAIL_FOLDER")


def _host_problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        HostSettings.from_environment(environ)
    return list(caught.value.problems)


PRODUCTION = {
    "EVENTDOCS_ENVIRONMENT": "production",
    "EVENTDOCS_DATABASE_URL": "postgresql://db/x",
    "HOST_KEY": "0123456789ab",
}


class TestSettingsOfAHost:
    def test_are_read_from_their_own_variables_by_type(self) -> None:
        """Numbers, switches, lists, paths and enumerations are written as people write them."""
        settings = HostSettings.from_environment(
            {
                "HOST_KEY": "0123456789ab",
                "HOST_ORIGINS": " https://a.example ,https://b.example, ",
                "HOST_DEBUG": "Yes",
                "HOST_COLOUR": "GREEN",
                "HOST_SHARE": "0.25",
                "HOST_FOLDER": "/srv",
                "EVENTDOCS_POOL_MAX_SIZE": "7",
            }
        )

        assert settings.origins == ("https://a.example", "https://b.example")
        assert (settings.debug, settings.colour, settings.share) == (True, Colour.GREEN, 0.25)
        assert (settings.folder, settings.pool_max_size) == (Path("/srv"), 7)

    def test_are_refused_all_at_once_in_words_that_help(self) -> None:
        """Ours and the host's, unreadable ones and such as break rules."""
        problems = _host_problems(
            {
                "HOST_DEBUG": "maybe",
                "HOST_COLOUR": "blue",
                "HOST_SHARE": "nan",
                "EVENTDOCS_POOL_MAX_SIZE": "0",
                "EVENTDOCS_ENVIRONMENT": "prod",
            }
        )

        assert set(problems) >= {
            "HOST_DEBUG is 'maybe', which is not true or false",
            "HOST_COLOUR is 'blue', which is not one of red, green",
            "HOST_SHARE is 'nan', which is not a number",
            "EVENTDOCS_POOL_MAX_SIZE is 0; it must be between 1 and 1000",
            (
                "EVENTDOCS_ENVIRONMENT is 'prod', which is not one of "
                "development, test, staging, production"
            ),
        }

    @pytest.mark.parametrize(
        ("environ", "problem"),
        [
            ({"HOST_KEY": ""}, "HOST_KEY is not set; production needs it"),
            ({"HOST_KEY": "short"}, "HOST_KEY has 5 characters; set one of at least 12"),
            (
                {"HOST_KEY": "<your secret>"},
                "HOST_KEY holds a placeholder; set a value of your own",
            ),
            ({"HOST_ORIGINS": "https://*"}, "HOST_ORIGINS allows https://*; in production, name"),
            ({"EVENTDOCS_DATABASE_URL": ""}, "EVENTDOCS_DATABASE_URL is not set; production needs"),
            ({"HOST_SHARE": "1.5"}, "HOST_SHARE is 1.5; it must be between 0 and 1"),
        ],
    )
    def test_in_production_nothing_is_left_open(
        self, environ: dict[str, str], problem: str
    ) -> None:
        """Each rule refuses what it is there for, and says what to set."""
        (found,) = _host_problems({**PRODUCTION, **environ})

        assert found.startswith(problem)

    def test_elsewhere_what_production_needs_may_be_missing(self) -> None:
        """A developer's machine starts without secrets, and with doors open."""
        settings = HostSettings.from_environment({"HOST_ORIGINS": "*", "HOST_DEBUG": "on"})

        assert (settings.key, settings.origins, settings.warnings) == (None, ("*",), ())

    def test_one_of_several_has_to_be_there(self) -> None:
        """Which one is the host's to choose."""
        with pytest.raises(ConfigurationError, match="HOST_MAIL_SERVER, HOST_MAIL_FOLDER"):
            HostSettings(mail_server=None)

        assert HostSettings(mail_server=None, mail_folder="/mail").mail_folder == "/mail"

    def test_a_debugging_aid_in_production_is_warned_of(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is allowed, and nobody can say that nothing was said."""
        settings = HostSettings.from_environment({**PRODUCTION, "HOST_DEBUG": "1"})

        assert settings.warnings == ("HOST_DEBUG is on in production; set it to false",)
        (record,) = caplog.records
        assert (record.message, vars(record)["warning"]) == (
            "eventdocs.settings.questionable",
            settings.warnings[0],
        )

    @given(secret=st.from_regex(r"[!-~]{4,11}", fullmatch=True))
    def test_a_hidden_value_is_never_shown(self, secret: str) -> None:
        """Not in the representation, not in what is in force, not in what is refused."""
        shown = repr(HostSettings(key=f"S{secret}012345S"))
        told = str(HostSettings(key=f"S{secret}012345S").in_force({}))
        with pytest.raises(ConfigurationError) as caught:
            HostSettings.from_environment({"HOST_KEY": f"S{secret}"[:11]})

        assert f"S{secret}" not in shown + told + str(caught.value)

    def test_a_field_that_is_no_setting_is_a_mistake(self) -> None:
        """Nobody would know its variable, or what it is for."""

        @attrs.frozen(kw_only=True)
        class Plain(Settings):
            other: int = 1

        with pytest.raises(TypeError, match="other is no setting"):
            Plain.from_environment({})

    def test_a_type_that_has_no_spelling_is_a_mistake(self) -> None:
        """It is told when it would have to be read."""

        @attrs.frozen(kw_only=True)
        class Odd(Settings):
            other: dict[str, int] | None = setting(None, "What not.")

        with pytest.raises(TypeError, match="cannot be read from text"):
            Odd.from_environment({"EVENTDOCS_OTHER": "{}"})


class TestWhatTheyAreFor:
    def test_the_reference_shows_every_setting(self) -> None:
        """`python -m tests.settings_reference` writes the table anew."""
        assert settings_reference.PAGE.read_text("utf-8") == settings_reference.page()

    def test_the_store_takes_its_options_and_has_the_same_defaults(self) -> None:
        """What is left out of the environment is as if it were left out of the code."""
        assert _defaults_of(open_store, Settings().store_options()) == Settings().store_options()

    def test_the_runner_takes_its_options_and_has_the_same_defaults(self) -> None:
        """What is left out of the environment is as if it were left out of the code."""
        options = Settings().runner_options()

        assert _defaults_of(ProjectionRunner, options) == options

    def test_every_limit_can_be_set(self) -> None:
        """Whether a document is too large does not depend on how it comes in."""
        assert Settings().limit_options() == attrs.asdict(Limits())

    def test_what_serves_requests_takes_its_options_and_has_the_same_defaults(self) -> None:
        """What is left out of the environment is as if it were left out of the code."""
        request, health = Settings().request_options(), Settings().health_options()

        assert _defaults_of(RequestMiddleware, request) == request
        assert _defaults_of(Health, health) == health

    def test_logging_takes_its_options_and_has_the_same_defaults(self) -> None:
        """What is left out of the environment is as if it were left out of the code."""
        options = Settings().logging_options()

        assert _defaults_of(configure_logging, options) == options

    def test_log_lines_are_to_leave_out_the_secrets_of_all_settings(self) -> None:
        """Passwords of addresses count as they are and as they are written there."""
        settings = HostSettings(
            key="0123456789ab",
            database_url="postgresql://app:p%40ss@db/library",
            direct_url="postgresql://app@db/library",
            log_form=LogForm.READABLE,
            log_level=LogLevel.DEBUG,
        )

        assert settings.logging_options() == {
            "level": "debug",
            "form": "readable",
            "secrets": ("p%40ss", "p@ss", "0123456789ab"),
        }

    def test_each_option_has_the_value_that_was_set(self) -> None:
        """No two of them are mixed up: here, every value is another."""
        numbers = [
            name for name, value in attrs.asdict(Settings()).items() if type(value) in {int, float}
        ]
        values = {name: 100 + number for number, name in enumerate(numbers)}
        settings = Settings(**values)  # type: ignore[arg-type]  # by the names of fields

        options = {
            **settings.store_options(),
            **{f"projection_{k}": v for k, v in settings.runner_options().items()},
            **{k.replace("max_", "max_document_"): v for k, v in settings.limit_options().items()},
            **{
                k.replace("slow_", "slow_request_"): v
                for k, v in settings.request_options().items()
            },
            **{f"health_{k}": v for k, v in settings.health_options().items()},
        }

        assert {name: options[name] for name in values} == values


def _defaults_of(function: Callable[..., object], names: Iterable[str]) -> dict[str, object]:
    parameters = inspect.signature(function).parameters
    return {name: parameters[name].default for name in names}
