from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from eventdocs.cli import main

FIRST = """# Rates

## 1 Weight

$$
w = r \\, k \\tag{1}
$$

where $r$ is the rate of Section 7, and $k$ is a constant from Table 1.

Table 1: Constants

| Symbol | Value | Unit |
|:-------|------:|:-----|
| $c$    |     5 | %    |
"""
SECOND = FIRST.replace("Section 7", "Section 1").replace("w = r", "w = b r")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two documents of one name, one of them in two revisions."""
    monkeypatch.chdir(tmp_path)
    for name in ("rates.md", "old/rates.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(FIRST)
    call("ingest", "rates.md", "old/rates.md")
    (tmp_path / "rates.md").write_text(SECOND)
    call("ingest", "rates.md")
    return tmp_path


def call(*arguments: str, status: int = 0) -> Result:
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == status, ended.output
    return ended


def answer(*arguments: str) -> Any:
    return json.loads(call(*arguments, "--json").stdout)


@pytest.fixture
def rates(library: Path) -> str:
    return str(library / "rates.md")


class TestDocuments:
    def test_are_listed_with_what_they_hold(self, library: Path) -> None:
        """Counts, state, revision and id stand there for programs and for people."""
        new, old = sorted(answer("documents"), key=lambda each: -each["revision"])

        assert (new["revision"], new["formulas"] > 0, new["tables"]) == (2, True, 1)
        assert (old["revision"], old["stage"], old["title"]) == (1, "extracted", "Rates")
        assert UUID(new["document_id"]) != UUID(old["document_id"])
        assert str(new["document_id"])[:8] in call("documents").stdout


class TestADocument:
    def test_is_shown_with_its_meaning(self, rates: str) -> None:
        """Each kind of entity, each with its place."""
        shown = answer("show", rates)

        assert shown["document"]["title"] == "Rates"
        assert shown["revision"] == 2
        [weight] = [each for each in shown["formulas"] if each["display"]]
        assert (weight["number"], weight["defines"], weight["section"]) == ("1", "w", "1 Weight")
        states = {each["symbol"]: each["state"] for each in weight["variables"]}
        assert states == {"b": "undefined", "r": "resolved", "k": "resolved"}
        assert {each["state"] for each in shown["references"]} == {"resolved"}
        assert [each["columns"] for each in shown["tables"]] == [["Symbol", "Value", "Unit"]]
        assert {"definitions", "findings"} <= set(shown)

    def test_is_shown_as_it_was(self, rates: str) -> None:
        """An older revision keeps its own meaning."""
        shown = answer("show", rates, "--revision", "1")

        assert shown["revision"] == 1
        assert "dangling" in {each["state"] for each in shown["references"]}

    def test_is_readable_for_people(self, rates: str) -> None:
        """Everything that is wrong is visible where it stands."""
        text = call("show", rates, "--inline").stdout

        assert "revision 2 of 2" in text
        assert "UNDEFINED" in text
        assert "Table 1: Constants" in text

    @pytest.mark.parametrize("command", ["show", "diff", "findings", "impact"])
    def test_that_nobody_knows_is_an_error(self, library: Path, command: str) -> None:
        """The name that was asked for is in the answer."""
        more = ("c",) if command == "impact" else ()

        ended = call(command, "nobody.md", *more, status=1)

        assert ended.stderr.startswith("error: there is no document 'nobody.md'")
        assert ended.stdout == ""

    def test_with_a_name_that_fits_several_is_an_error(self, library: Path) -> None:
        """All that it could mean are named, so that one can be chosen."""
        ended = call("show", "rates.md", status=1)

        assert "fits several documents" in ended.stderr
        assert f"{library}/rates.md" in ended.stderr
        assert f"{library}/old/rates.md" in ended.stderr

    def test_without_such_a_revision_is_an_error(self, rates: str) -> None:
        """The revisions that there are are named."""
        ended = call("show", rates, "--revision", "9", status=1)

        assert "there are revisions 1 to 2" in ended.stderr

    def test_tells_what_its_references_lead_to(self, tmp_path: Path) -> None:
        """Notes and sources are no failures, and are not passed over in silence either."""
        (tmp_path / "a.md").write_text(
            "# A\n\nSee it[^1] in [@smith2020], [there](https://a.example) and Figure 3.\n\n"
            "[^1]: A note.\n"
        )

        shown = call("extract", str(tmp_path / "a.md")).stdout

        lines = {
            tuple(line.split()[1:]) for line in shown.splitlines() if line.startswith("     3")
        }
        assert ("[^1]", "footnote", "resolved", "its", "note") in lines
        expected = (
            "@smith2020",
            "citation",
            "external",
            "smith2020,",
            "outside",
            "the",
            "document",
        )
        assert expected in lines
        assert ("there", "url", "external", "https://a.example") in lines
        assert ("Figure", "3", "figure", "unchecked", "a", "figure") in lines
        assert "ignored" not in shown

    def test_names_what_it_could_mean_once(self, tmp_path: Path) -> None:
        """Nine formulas of one name are a number and their places, and not nine times the name."""
        several = "".join(f"$$\nf_{{mq}} = {each}\n$$\n\n" for each in "abc")
        (tmp_path / "a.md").write_text(f"# A\n\n{several}$$\ng = f_{{mq}}\n$$\n")

        shown = call("extract", str(tmp_path / "a.md")).stdout

        assert "ambiguous: formula f_{mq} (3 of them, lines 4, 8, 12)\n" in shown


class TestReadModelsThatAreBehind:
    @pytest.fixture
    def behind(self, library: Path) -> str:
        """A database whose log is there, and nothing else yet."""
        url = "sqlite:///copy.db"
        call("log", "export", "log.jsonl")
        call("log", "import", "log.jsonl", "--database", url)
        return url

    @pytest.mark.parametrize(
        "arguments", [("documents",), ("findings",), ("documents", "--json")], ids=" ".join
    )
    def test_are_not_taken_for_empty_ones(self, behind: str, arguments: tuple[str, ...]) -> None:
        """It is said how many events wait and what to do; a program gets its JSON all the same."""
        waiting = len(call("events", "--json").stdout.splitlines())

        ended = call(*arguments, "--database", behind)

        assert f"the read models are {waiting} events behind the log" in ended.stderr
        if "--json" in arguments:
            assert json.loads(ended.stdout) == []
        else:
            catch_up = "`eventdocs projections catch-up`"
            assert f"none that is known yet: {waiting} events wait for {catch_up}" in ended.stdout

    @pytest.mark.parametrize("command", ["show", "diff", "impact"])
    def test_explain_that_a_document_is_not_known(self, behind: str, command: str) -> None:
        """The document may well be in the log."""
        more = ("c",) if command == "impact" else ()

        ended = call(command, "rates.md", *more, "--database", behind, status=1)

        assert "events behind the log" in ended.stderr
        assert "there is no document 'rates.md'" in ended.stderr

    def test_are_complete_after_catching_up(self, behind: str) -> None:
        """The command that was named is the one that helps."""
        call("projections", "catch-up", "--database", behind)

        assert answer("documents", "--database", behind) == answer("documents")


class TestFindings:
    def test_are_listed_for_one_document_or_for_all(self, rates: str) -> None:
        """Each is told with its document, its rule and its place."""
        of_one, of_all = answer("findings", rates), answer("findings")

        assert {each["code"] for each in of_one} == {"undefined-variable", "unused-definition"}
        assert {each["code"] for each in of_all} >= {"undefined-variable", "dangling-reference"}
        assert all(each["line"] and each["message"] for each in of_all)

    def test_are_narrowed_by_severity_and_rule(self, library: Path) -> None:
        """What is asked for is what is listed."""
        everything = answer("findings")

        by_code = answer("findings", "--code", "dangling-reference")
        by_severity = answer("findings", "--severity", "error")

        assert [each["code"] for each in by_code] == ["dangling-reference"]
        assert by_severity == [each for each in everything if each["severity"] == "error"]
        assert "no findings" in call("findings", "--code", "no-such-rule").stdout


class TestDifferences:
    def test_are_those_of_the_last_two_revisions(self, rates: str) -> None:
        """The formula that gained a symbol, the reference that was mended."""
        found = answer("diff", rates)["diff"]

        assert (found["before"], found["after"]) == (1, 2)
        [weight] = [each for each in found["changes"] if each["name"] == "w"]
        assert weight["change"] == "changed"
        assert "gained b" in weight["summary"]
        assert [each["code"] for each in found["findings_fixed"]] == ["dangling-reference"]
        assert [each["code"] for each in found["findings_new"]] == ["undefined-variable"]
        assert "gained b" in call("diff", rates).stdout

    def test_can_be_asked_for_in_any_order(self, rates: str) -> None:
        """Backward, what was gained is lost; from a revision to itself, nothing is."""
        backward = answer("diff", rates, "2", "1")["diff"]

        assert [each["code"] for each in backward["findings_fixed"]] == ["undefined-variable"]
        assert answer("diff", rates, "2", "2")["diff"]["changes"] == []
        assert "the meaning is the same" in call("diff", rates, "2", "2").stdout

    def test_need_two_revisions(self, library: Path) -> None:
        """A document that never changed says so."""
        ended = call("diff", f"{library}/old/rates.md", status=1)

        assert "there is one revision, so nothing to compare it with" in ended.stderr
        assert call("diff", f"{library}/rates.md", "1", status=2).stdout == ""


class TestImpact:
    def test_names_what_depends_on_a_parameter(self, rates: str) -> None:
        """By symbol, and the places at which it is set."""
        found = answer("impact", rates, "k")["impact"]

        assert [each["name"] for each in found["affected"]] == ["equation (1) w"]
        assert [each["kind"] for each in found["sources"]] == ["definition"]
        assert "equation (1) w" in call("impact", rates, "k").stdout

    def test_may_be_none(self, rates: str) -> None:
        """A parameter that nothing uses affects nothing, and that is no error."""
        found = answer("impact", rates, "c")["impact"]

        assert found["affected"] == []
        assert found["sources"]
        assert "nothing depends on it" in call("impact", rates, "c").stdout

    def test_of_an_unknown_name_is_an_error(self, rates: str) -> None:
        """A mistyped parameter is not taken for one without consequences."""
        ended = call("impact", rates, "c_mxa", status=1)

        assert "'c_mxa'" in ended.stderr
