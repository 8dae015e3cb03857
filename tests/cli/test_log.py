from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import attrs
import pytest

from eventdocs import event, open_store
from tests.cli.conftest import Eventdocs, command, environment

EVENTS = 7


@event("Kept")
@attrs.frozen(kw_only=True)
class Kept:
    text: str


@pytest.fixture
def log(folder: Path) -> Path:
    """A log of events that the program does not know, in the program's default database."""
    path = folder / "eventdocs.db"

    async def record() -> None:
        async with open_store(f"sqlite:///{path}", events=[Kept]) as store:
            for at in range(EVENTS):
                await store.append(f"note-{at % 2}", [Kept(text=f"number {at}")])

    asyncio.run(record())
    return path


def events_in(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


class TestStatus:
    @pytest.mark.usefixtures("log")
    def test_tells_how_far_the_log_is_settled(self, in_process: Eventdocs) -> None:
        """Nothing holds the readers of a file back."""
        said = in_process("log", "status")
        answered = in_process("log", "status", "--json").json

        assert said.out.splitlines() == [
            f"settled through {EVENTS}, given out through {EVENTS}",
            "  no open transaction holds readers back",
        ]
        assert answered == {"is_held": False, "last": EVENTS, "settled": EVENTS, "holders": []}

    async def test_names_who_holds_readers_back(
        self, postgres_url: str, in_process: Eventdocs
    ) -> None:
        """Whoever is on call sees which process it is, since when, and what ends it."""
        async with open_store(postgres_url, events=[Kept]) as store, store.begin() as tx:
            await store.using(tx).append("note-1", [Kept(text="kept to itself")])
            (holder,) = (await store.feed()).holders
            at = ("--database", postgres_url)
            said = await asyncio.to_thread(in_process, "log", "status", *at)
            answered = (await asyncio.to_thread(in_process, "log", "status", "--json", *at)).json

        assert said.out.startswith("settled through 0, given out through 1\n")
        assert f"SELECT pg_terminate_backend({holder.pid})" in said.out
        assert (answered["is_held"], len(answered["holders"])) == (True, 1)
        assert answered["holders"][0]["pid"] == holder.pid


@pytest.mark.usefixtures("log")
class TestExportAndImport:
    @pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst"])
    def test_move_a_log_to_another_database(
        self, in_process: Eventdocs, postgres_url: str, name: str
    ) -> None:
        """What the program shows of the copy is what it shows of the log."""
        exported = in_process("log", "export", name)
        imported = in_process("log", "import", name, "--database", postgres_url)

        assert exported.out == f"{EVENTS} events through {EVENTS}, 0 contents exported\n"
        assert imported.out == f"{EVENTS} events through {EVENTS}, 0 contents imported\n"
        there = in_process("events", "--json", "--database", postgres_url)
        assert events_in(there.out) == events_in(in_process("events", "--json").out)
        assert len(events_in(there.out)) == EVENTS

    def test_move_documents_with_their_contents(self, in_process: Eventdocs, folder: Path) -> None:
        """After catching up, the copy shows the same documents."""
        (folder / "terms.md").write_text("# Terms\n\nThe **divisor** means a number.\n")
        in_process("ingest", "terms.md")

        in_process("log", "export", "log.jsonl")
        in_process("log", "import", "log.jsonl", "--database", "sqlite:///copy.db")
        in_process("projections", "catch-up", "--database", "sqlite:///copy.db")

        copy = in_process("documents", "--json", "--database", "sqlite:///copy.db").json
        assert copy == in_process("documents", "--json").json
        assert len(copy) == 1

    @pytest.mark.once
    def test_go_through_a_pipe(self, folder: Path) -> None:
        """`-` is standard output and standard input; what is said goes elsewhere."""
        exported = subprocess.run(
            command("log", "export", "-"),
            cwd=folder,
            env=environment(),
            capture_output=True,
            check=True,
        )
        imported = subprocess.run(
            command("log", "import", "-", "--database", "sqlite:///copy.db", "--json"),
            cwd=folder,
            env=environment(),
            input=exported.stdout,
            capture_output=True,
            check=True,
        )

        assert len(exported.stdout.splitlines()) == EVENTS + 2
        assert f"{EVENTS} events through {EVENTS}" in exported.stderr.decode()
        assert json.loads(imported.stdout) == {
            "through": EVENTS,
            "events": EVENTS,
            "contents": 0,
            "found": 0,
        }

    def test_go_on_where_they_were(self, in_process: Eventdocs, folder: Path) -> None:
        """An archive that was cut is completed, and an import of it as well."""
        in_process("log", "export", "log.jsonl")
        lines = (folder / "log.jsonl").read_bytes().splitlines(keepends=True)
        (folder / "log.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:20])

        cut = in_process("log", "import", "log.jsonl", "--database", "sqlite:///copy.db")
        exported = in_process("log", "export", "log.jsonl")
        imported = in_process("log", "import", "log.jsonl", "--database", "sqlite:///copy.db")
        again = in_process("log", "import", "log.jsonl", "--database", "sqlite:///copy.db")

        assert (cut.status, cut.problems) == (
            1,
            ["error: log.jsonl, line 5: the file ends in the middle of a line"],
        )
        assert "3 of them before" in exported.out
        assert (folder / "log.jsonl").read_bytes() == b"".join(lines)
        assert imported.status == 0
        assert again.out.startswith("0 events")
        assert f"{EVENTS} events were there before" in again.out

    def test_add_what_is_new(self, in_process: Eventdocs) -> None:
        """An archive may begin where another one ends."""
        in_process("log", "export", "all.jsonl")
        in_process("log", "export", "new.jsonl", "--after", "4")
        alone = in_process("log", "import", "new.jsonl", "--database", "sqlite:///copy.db")
        in_process("log", "import", "all.jsonl", "--database", "sqlite:///copy.db")
        after = in_process("log", "import", "new.jsonl", "--database", "sqlite:///copy.db")

        assert alone.status == 1
        assert "goes on behind event 4" in alone.err
        assert after.status == 0

    @pytest.mark.parametrize(
        ("arguments", "status", "told"),
        [
            (("export", "eventdocs.db"), 1, "no archive of a log"),
            (("export", "missing/log.jsonl"), 1, "missing/log.jsonl: No such file or directory"),
            (("export", "."), 2, "is a directory"),
            (("export", "log.jsonl", "--after", "99"), 1, "the log ends at event 7"),
            (("export", "-", "--json"), 2, "leave out --json"),
            (("export", "log.jsonl", "--database", "sqlite:///no.db"), 1, "there is no database"),
            (("import", "missing.jsonl"), 2, "does not exist"),
            (("import", "eventdocs.db", "--database", "sqlite:///copy.db"), 1, "no archive"),
        ],
        ids=str,
    )
    def test_refuse_what_cannot_be(
        self, in_process: Eventdocs, log: Path, arguments: tuple[str, ...], status: int, told: str
    ) -> None:
        """The reason is told in a line, and nothing is overwritten."""
        before = log.read_bytes()

        ended = in_process("log", *arguments)

        assert ended.status == status
        assert told in ended.problems[0]
        assert log.read_bytes() == before

    def test_refuse_a_database_with_events_of_its_own(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """Two histories cannot become one."""
        in_process("log", "export", "log.jsonl")
        (folder / "other.md").write_text("# Other\n")
        in_process("ingest", "other.md", "--database", "sqlite:///other.db")

        ended = in_process("log", "import", "log.jsonl", "--database", "sqlite:///other.db")

        assert ended.status == 1
        assert "holds another log's events" in ended.problems[0]
