from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from eventdocs.cli._ingest import TURNS, patiently
from eventdocs.documents import Ingested
from eventdocs.errors import StoreBusyError
from eventdocs.extraction import ExtractorRegistry
from tests.cli.conftest import Eventdocs, command, environment
from tests.extraction.test_many import Deadly

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2

NOTE = """# Note {number}

The weight $W_{number}$ is given by Table 1.

Table 1: Weights

| Symbol        | Value |
|:--------------|------:|
| $W_{number}$  |     5 |
"""


def write(folder: Path, *names: str) -> None:
    for number, name in enumerate(names, start=1):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTE.replace("{number}", str(number)), encoding="utf-8")


class TestFiles:
    def test_become_documents(self, in_process: Eventdocs, folder: Path) -> None:
        """Without any option, a file of the current folder holds what was brought in."""
        write(folder, "a.md", "b.md")

        ended = in_process("ingest", "a.md", "b.md")

        assert (ended.status, ended.err) == (0, "")
        assert "uploaded    a.md  (revision 1)" in ended.out
        assert "2 uploaded" in ended.out
        assert (folder / "eventdocs.db").exists()
        titles = [each["title"] for each in in_process("documents", "--json").json]
        assert titles == ["Note 1", "Note 2"]

    def test_that_did_not_change_change_nothing(self, in_process: Eventdocs, folder: Path) -> None:
        """Running the same command again adds no event to the log."""
        write(folder, "a.md")
        in_process("ingest", "a.md")
        before = in_process("events", "--json").out

        ended = in_process("ingest", "a.md", "./a.md", "--json")

        assert [each["outcome"] for each in ended.json["files"]] == ["unchanged"]
        assert in_process("events", "--json").out == before

    def test_that_changed_are_the_next_revision(self, in_process: Eventdocs, folder: Path) -> None:
        """The path names the document, the bytes its revision."""
        write(folder, "a.md")
        in_process("ingest", "a.md")
        (folder / "a.md").write_text("# Note 1\n\nOther words.\n")

        ended = in_process("ingest", "a.md", "--json")

        assert [(each["outcome"], each["revision"]) for each in ended.json["files"]] == [
            ("revised", 2)
        ]

    def test_can_revise_a_document_of_another_name(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """The document keeps its id and the name by which people know it."""
        write(folder, "a.md")
        first = in_process("ingest", "a.md", "--json").json["files"][0]
        (folder / "a-2025.md").write_text("# Note 1\n\nOther words.\n")

        second = in_process("ingest", "a-2025.md", "--revises", "a.md", "--json").json["files"][0]

        assert second["document_id"] == first["document_id"]
        assert second["revision"] == 2
        [view] = in_process("documents", "--json").json
        assert view["source"].endswith("/a.md")

    def test_that_would_revise_several_at_once_are_refused(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """One revision at a time, or nobody knows which comes first."""
        write(folder, "a.md", "b.md")

        ended = in_process("ingest", "a.md", "b.md", "--revises", "c.md")

        assert ended.status == 2
        assert not (folder / "eventdocs.db").exists()


class TestAFileThatFails:
    @pytest.fixture
    def bad(self, folder: Path) -> Path:
        """A folder of files that no reader can make sense of."""
        (folder / "bad").mkdir()
        (folder / "bad" / "junk.md").write_bytes(os.urandom(4096) + b"\x00\xff\xfe")
        (folder / "bad" / "picture.md").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        (folder / "bad" / "pipe.md").symlink_to("/dev/null")
        (folder / "bad" / "loop.md").symlink_to("loop.md")
        return folder / "bad"

    def test_is_reported_with_its_reason_and_the_others_go_on(
        self, in_process: Eventdocs, folder: Path, bad: Path
    ) -> None:
        """Everything readable comes in; the exit status tells that something did not."""
        write(folder, "bad/good.md", "last.md")
        names = ("missing.md", "junk.md", "picture.md", "pipe.md", "loop.md", "good.md")

        ended = in_process("ingest", *(f"bad/{name}" for name in names), "last.md")

        assert ended.status == 1
        assert "Traceback" not in ended.err
        reasons = dict(line.removeprefix("error: ").split(": ", 1) for line in ended.problems)
        assert set(reasons) == {f"bad/{name}" for name in names[:-1]}
        assert reasons["bad/missing.md"] == "no such file or folder"
        assert "PNG image" in reasons["bad/picture.md"]
        assert reasons["bad/pipe.md"] == "it is no regular file"
        assert {each["title"] for each in in_process("documents", "--json").json} == {
            "Note 1",
            "Note 2",
        }

    def test_is_part_of_the_answer_for_programs(
        self, in_process: Eventdocs, folder: Path, bad: Path
    ) -> None:
        """With --json, path, outcome and reason of every file stand in one object."""
        write(folder, "good.md")

        ended = in_process("ingest", "bad/picture.md", "good.md", "--json")

        assert ended.status == 1
        files = {each["path"]: each for each in ended.json["files"]}
        assert files["bad/picture.md"]["outcome"] == "failed"
        assert "PNG image" in files["bad/picture.md"]["error"]
        assert files["good.md"]["outcome"] == "uploaded"
        assert files["good.md"]["error"] is None

    def test_may_be_empty(self, in_process: Eventdocs, folder: Path) -> None:
        """An empty document says nothing, and that is no failure."""
        (folder / "empty.md").write_bytes(b"")

        ended = in_process("ingest", "empty.md")

        assert (ended.status, ended.problems) == (0, [])
        shown = in_process("show", "empty.md", "--json").json
        assert shown["formulas"] == shown["definitions"] == shown["references"] == []

    def test_may_be_of_a_format_that_nothing_reads(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """What it is instead is said."""
        (folder / "paper.odt").write_bytes(b"PK\x03\x04mimetypeapplication/vnd.oasis")

        ended = in_process("ingest", "paper.odt")

        assert ended.status == 1
        assert "a ZIP archive" in ended.problems[0]

    def test_may_be_too_big(self, in_process: Eventdocs, folder: Path) -> None:
        """The setting that would allow it is honoured, before anything is read."""
        write(folder, "a.md")

        ended = in_process("ingest", "a.md", environ={"EVENTDOCS_MAX_DOCUMENT_BYTES": "100"})

        assert ended.status == 1
        assert "max_bytes is 100, the document has" in ended.problems[0]

    def test_may_be_something_that_cannot_be_opened(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """A pipe would never end and a socket never open, so neither is tried."""
        os.mkfifo(folder / "pipe.md")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.path.relpath(folder / "socket.md"))

            ended = in_process("ingest", "pipe.md", "socket.md")

        assert ended.status == 1
        assert ended.problems == [
            "error: pipe.md: it is no regular file",
            "error: socket.md: it is no regular file",
        ]

    def test_may_be_out_of_bounds(self, folder: Path) -> None:
        """A file without the right to read it is told as the system tells it."""
        write(folder, "a.md", "b.md")
        (folder / "a.md").chmod(0)

        ended = subprocess.run(
            command("ingest", "a.md", "b.md"),
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=obey_permissions,
        )

        assert ended.returncode == 1
        assert ended.stderr == "error: a.md: Permission denied\n"
        assert "uploaded    b.md" in ended.stdout


def obey_permissions() -> None:
    """Give up root's right to read everything, for the program that is started next.

    A program of root gets the rights that its bounding set leaves it: capabilities(7).
    """
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "root keeps its rights")


class TestAFolder:
    def test_gives_its_documents_and_passes_over_the_rest(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """Pictures and spreadsheets among documents are no failure."""
        write(folder, "docs/a.md", "docs/deep/b.md")
        (folder / "docs" / "chart.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        (folder / "docs" / "data.csv").write_text("a,b\n1,2\n")

        ended = in_process("ingest", "docs", "--json")

        assert ended.status == 0
        assert [each["path"] for each in ended.json["files"]] == ["docs/a.md", "docs/deep/b.md"]
        assert sorted(ended.json["passed_over"]) == ["docs/chart.png", "docs/data.csv"]

    def test_without_documents_is_a_failure(self, in_process: Eventdocs, folder: Path) -> None:
        """Who asked for documents is told that there are none."""
        (folder / "docs").mkdir()

        ended = in_process("ingest", "docs")

        assert ended.status == 1
        assert "no documents there" in ended.problems[0]


class TestAPattern:
    def test_is_expanded_where_no_shell_has_done_it(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """Stars reach the program when they are quoted."""
        write(folder, "docs/a.md", "docs/deep/b.md")

        ended = in_process("ingest", "docs/**/*.md", "--json")

        assert [each["path"] for each in ended.json["files"]] == ["docs/a.md", "docs/deep/b.md"]


@pytest.mark.once
class TestJobs:
    def test_bring_in_the_same_as_one_does(self, eventdocs: Eventdocs, folder: Path) -> None:
        """Files are reported in their order, and mean what they mean without processes."""
        names = [f"{number}.md" for number in range(7)]
        write(folder, *names)
        (folder / "3.md").write_bytes(b"\x89PNG\r\n\x1a\n")

        ended = eventdocs("ingest", *names, "--jobs", "2", "--database", "sqlite:///two.db")
        alone = eventdocs("ingest", *names, "--database", "sqlite:///one.db")

        assert (ended.status, ended.out, ended.err) == (alone.status, alone.out, alone.err)
        assert (ended.status, len(ended.problems)) == (1, 1)
        assert "6 uploaded" in ended.out
        shown = [
            eventdocs("show", "5.md", "--json", "--database", f"sqlite:///{name}.db").json
            for name in ("one", "two")
        ]
        for each in shown:
            del each["document"]  # tells when it came in
        assert shown[0] == shown[1]

    def test_go_on_when_one_takes_its_process_down(
        self, in_process: Eventdocs, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The file is reported, its bytes are kept, and the same command tries again."""
        write(folder, "a.md", "b.md", "c.md")
        text = (folder / "b.md").read_text()
        (folder / "b.md").write_text(f"# die\n{text}")
        registry = ExtractorRegistry([Deadly()])
        with monkeypatch.context() as planted:
            planted.setattr("eventdocs.documents._extracting.default_extractors", lambda: registry)

            ended = in_process("ingest", "a.md", "b.md", "c.md", "--jobs", "2", "--json")

        files = {each["path"]: each for each in ended.json["files"]}
        assert [each["outcome"] for each in files.values()] == ["uploaded", "failed", "uploaded"]
        assert files["b.md"]["error"] == "the process that extracted it died"
        again = in_process("ingest", "b.md", "--json").json["files"]
        assert [each["outcome"] for each in again] == ["resumed"]

    def test_are_not_waited_for_when_interrupted(self, folder: Path) -> None:
        """Ctrl-C ends the run at once, says how far it came, and leaves no process behind."""
        write(folder, *(f"{number:03}.md" for number in range(150)))
        command_line = command("ingest", ".", "--jobs", "2")
        with subprocess.Popen(
            command_line,
            cwd=folder,
            env={**environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as ran:
            assert ran.stdout is not None
            assert ran.stdout.readline().startswith("uploaded")
            os.killpg(ran.pid, signal.SIGINT)
            # Workers hold the other ends of the pipes, too: this waits for their end.
            out, err = ran.communicate(timeout=60)

        assert ran.returncode == 130
        assert "Traceback" not in out + err
        assert "interrupted after" in err


class TestADatabaseThatOthersKeepBusy:
    async def test_is_asked_again(self) -> None:
        """Two runs beside each other both come to their end."""
        answer = Ingested(document_id=uuid4(), revision=1, outcome="uploaded")
        ahead = [StoreBusyError("library.db", "locked")] * (TURNS - 1)

        async def ingest() -> Ingested:
            if ahead:
                raise ahead.pop()
            return answer

        assert await patiently(ingest) is answer

    async def test_is_not_asked_for_ever(self) -> None:
        """A lock that nobody gives back is an error in the end."""
        asked = 0

        async def ingest() -> Ingested:
            nonlocal asked
            asked += 1
            raise StoreBusyError("library.db", "locked")

        with pytest.raises(StoreBusyError):
            await patiently(ingest)

        assert asked == TURNS
