from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from eventdocs.cli import main
from eventdocs.cli._main import Program
from eventdocs.errors import StoreBusyError
from tests.cli.conftest import Eventdocs, command, environment

OF_THE_ENVIRONMENT = {
    "__main__",
    "_distutils_hack",
    "_virtualenv",
    "sitecustomize",
    "usercustomize",
}
"""What Python or an environment loads beside the program."""


MODULES = 300
"""More than this cannot be loaded in the blink of an eye."""


def on_a_terminal(arguments: list[str], folder: Path, environ: dict[str, str]) -> str:
    """Run the program on a terminal of 90 columns; return everything it wrote there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 90))
    with subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(environ),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:
            while part := terminal.read(4096):
                written += part
    return written.decode()


class TestHelp:
    def test_names_every_command(self, eventdocs: Eventdocs) -> None:
        """What can be done is found in one place, with the exit status explained."""
        ended = eventdocs("--help")

        assert ended.status == 0
        for name in main.commands:
            assert f"\n  {name} " in ended.out
        assert "Exit status: 0" in ended.out

    def test_is_there_before_a_person_waits_for_it(self) -> None:
        """It loads the library's commands, errors and nothing that takes time to load."""
        script = (
            "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
            "from eventdocs.cli import main; main(['--help'])"
        )

        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )

        loaded = set(ended.stderr.split())
        assert not loaded & {"asyncio", "ssl", "sqlite3", "importlib.metadata"}
        assert len(loaded) < MODULES
        packages = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
        assert packages - OF_THE_ENVIRONMENT == {
            "attr",
            "attrs",
            "click",
            "eventdocs",
            "typing_extensions",
        }
        ours = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("eventdocs.")}
        assert ours == {"eventdocs.cli", "eventdocs.errors", "eventdocs.types"}

    def test_of_every_command_is_whole(self, in_process: Eventdocs) -> None:
        """No sentence of the overview ends in dots, and each command explains its options."""
        for names in COMMANDS:
            ended = in_process(*names, "--help")

            assert ended.status == 0
            assert "..." not in ended.out.partition("Commands:")[2]
            assert names == () or "Commands:" in ended.out or "--json" in ended.out
            assert "RANGE" not in ended.out
            assert "TEXT" not in ended.out


def commands_of(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    for name, each in group.commands.items():
        yield (*before, name)
        if isinstance(each, click.Group):
            yield from commands_of(each, *before, name)


COMMANDS = [(), *commands_of(main)]


class TestTheVersion:
    def test_is_told_before_a_person_waits_for_it(self) -> None:
        """What is installed is looked up, and nothing of it is loaded."""
        script = (
            "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
            "from eventdocs.cli import main; main(['--version'])"
        )

        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )

        loaded = set(ended.stderr.split())
        assert not loaded & {"asyncio", "ssl", "sqlite3", "sqlalchemy", "asyncpg", "rich"}
        assert len(loaded) < MODULES

    def test_is_told_by_an_option_as_well(self, in_process: Eventdocs) -> None:
        """`--version` is what people try first; it says the same as the command."""
        ended = in_process("--version")

        assert ended.status == 0
        assert ended.out == f"eventdocs {in_process('version', '--json').json['eventdocs']}\n"


class TestWrongUsage:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("no-such-command",),
            ("events", "--no-such-option"),
            ("events", "--limit", "many"),
            ("events", "--follow", "--backward"),
            ("events", "--stream", "a-1", "--category", "a"),
            ("ingest",),
            ("extract",),
            ("show",),
        ],
        ids=" ".join,
    )
    def test_is_told_in_a_line_and_ends_with_2(
        self, in_process: Eventdocs, arguments: tuple[str, ...]
    ) -> None:
        """Scripts can tell a mistake in the command from a command that failed."""
        ended = in_process(*arguments)

        assert ended.status == 2
        assert len(ended.problems) == 1
        assert "Traceback" not in ended.err
        assert ended.out == ""


class TestACommandThatLacksItsCommand:
    @pytest.mark.parametrize(
        "arguments", [(), ("projections",), ("dead-letters",), ("log",)], ids=" ".join
    )
    def test_is_answered_with_the_help(
        self, in_process: Eventdocs, arguments: tuple[str, ...]
    ) -> None:
        """Who types only the name wants to know what there is, and sees no errors."""
        ended = in_process(*arguments)

        assert ended.status == 2
        assert ended.err.startswith("Usage: ")
        assert "Commands:" in ended.err
        assert ended.problems == []


READING = [
    ("documents",),
    ("show", "anything"),
    ("findings",),
    ("diff", "anything"),
    ("impact", "anything", "c"),
    ("events",),
    ("projections", "status"),
    ("projections", "catch-up"),
    ("migrate", "status"),
]


class TestADatabase:
    @pytest.mark.parametrize("arguments", READING, ids=" ".join)
    def test_that_is_not_there_is_not_made_by_reading(
        self, in_process: Eventdocs, folder: Path, arguments: tuple[str, ...]
    ) -> None:
        """The person is told what to do, and the folder stays as it was."""
        ended = in_process(*arguments)

        assert ended.status == 1
        [problem] = ended.problems
        assert problem.startswith("error: there is no database eventdocs.db; make one with")
        assert "EVENTDOCS_DATABASE_URL" in problem
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize(
        "url",
        [
            "mysql://me:hunter2@localhost/x",
            "eventdocs.db",
            "sqlite://me:hunter2@host/x.db",
            "postgresql://me:hunter2@localhost:1/nowhere",
            "postgresql://me:hunter2@localhost:notaport/x",
            "postgresql://me:hunter2@no-such-host.invalid/x",
            "",
        ],
    )
    def test_with_a_wrong_address_is_an_error_without_its_password(
        self, in_process: Eventdocs, folder: Path, url: str
    ) -> None:
        """Whatever is wrong with the address, the answer is clear and keeps the secret."""
        ended = in_process("events", "--database", url)

        assert ended.status == 1
        assert ended.problems
        assert "unexpected" not in ended.err
        assert "hunter2" not in ended.err + ended.out
        assert "Traceback" not in ended.err
        assert list(folder.iterdir()) == []

    def test_is_named_by_the_environment_unless_an_option_names_it(
        self, in_process: Eventdocs
    ) -> None:
        """The option wins over the environment, before and after the command's name."""
        environ = {"EVENTDOCS_DATABASE_URL": "sqlite:///from-environment.db"}

        by_environment = in_process("events", environ=environ)
        by_option = in_process("events", "--database", "sqlite:///after.db", environ=environ)
        by_early_option = in_process("--database", "sqlite:///before.db", "events", environ=environ)

        assert "from-environment.db" in by_environment.err
        assert "after.db" in by_option.err
        assert "before.db" in by_early_option.err

    def test_of_another_kind_is_refused_and_left_alone(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """A file that is no database is not touched."""
        path = folder / "notes.txt"
        path.write_text("not a database at all, just text\n" * 100)
        before = path.read_bytes()

        for arguments in (("events",), ("ingest", "notes.txt")):
            ended = in_process(*arguments, "--database", "sqlite:///notes.txt")

            assert ended.status == 1
            assert any("notes.txt is not an eventdocs database" in each for each in ended.problems)
        assert path.read_bytes() == before

    def test_that_another_program_writes_to_is_told_in_words_for_a_terminal(self) -> None:
        """What helps a programmer, such as another method to call, does not help here."""

        @click.command()
        def work() -> None:
            raise StoreBusyError("library.db", "append through store.using(tx)")

        ended = CliRunner().invoke(Program(commands={"work": work}), ["work"])

        assert ended.exit_code == 1
        assert ended.stderr == (
            "error: library.db is busy: another program is writing to it; "
            "when that has ended, repeat the command\n"
        )


class TestTheEnvironment:
    def test_with_a_mistyped_variable_is_an_error(self, in_process: Eventdocs) -> None:
        """A setting that would have no effect is named instead of ignored."""
        ended = in_process("events", environ={"EVENTDOCS_DATABSE_URL": "sqlite:///x.db"})

        assert ended.status == 1
        assert "EVENTDOCS_DATABSE_URL" in ended.problems[0]


class TestTheOutput:
    def test_is_plain_when_piped(self, eventdocs: Eventdocs) -> None:
        """No escape sequence reaches a file or a pipe."""
        ended = eventdocs("version")

        assert ended.status == 0
        assert "\x1b" not in ended.out + ended.err

    def test_ends_in_silence_when_the_reader_goes(self, folder: Path) -> None:
        """`eventdocs … | head` is no error worth a word."""
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as gone:
            ended = subprocess.run(
                command("version"),
                env=environment(),
                stdout=gone,
                stderr=subprocess.PIPE,
                check=False,
            )

        assert ended.stderr == b""
        assert ended.returncode == 141

    def test_is_drawn_on_a_terminal(self, folder: Path) -> None:
        """On a terminal of any width the tables fit, with colours unless NO_COLOR is set."""
        (folder / "a.md").write_text("# A\n\nSee Section 9, which says **what** $w$ is.\n")

        colored = on_a_terminal(["extract", "a.md"], folder, {"TERM": "xterm-256color"})
        plain = on_a_terminal(
            ["extract", "a.md"], folder, {"TERM": "xterm-256color", "NO_COLOR": "1"}
        )

        assert re.search(r"\x1b\[[0-9;]*3[0-9]m", colored)
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)
        bare = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", colored)
        assert "There is no Section 9" in " ".join(bare.split())
        assert max(len(line.rstrip("\r")) for line in re.split(r"[\r\n]", bare)) <= 90

    def test_survives_a_terminal_that_knows_ascii_only(self, eventdocs: Eventdocs) -> None:
        """A character that cannot be shown is spelled out."""
        ended = eventdocs("--help", environ={"PYTHONIOENCODING": "ascii"})

        assert ended.status == 0
