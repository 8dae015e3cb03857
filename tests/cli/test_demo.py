"""The demo's answer, against facts that were read off the documents by eye."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ended, Eventdocs, run

METHODOLOGY = "Northlight Global Quality Index Methodology"
HANDBOOK = "Corporate Actions Handbook"

EQUATIONS = {
    "2.1": ("L_{i,t}", {"m", "M_{i,t}", "V_{i,d}"}),
    "3.1": ("F_{i,t}", {"H_{i,t}", "N_{i,t}"}),
    "3.2": ("M_{i,t}", {"f_{i,t}", "N_{i,t}", "P_{i,t}", "X_{i,t}"}),
    "4.1": ("z_{i,k}", {"s_k", "x_{i,k}", "μ_k", "σ_k"}),
    "4.2": ("ẑ_{i,k}", {"z_{max}", "z_{i,k}"}),
    "4.3": ("q_i", {"K", "ω_k", "ẑ_{i,k}"}),
    "4.4": ("S_i", {"q_i"}),
    "5.1": ("w_{i,t}", {"M_{i,t}", "S_i", "n", "M_{j,t}", "S_j"}),
    "5.2": ("w̃_{i,t}", {"c_{max}", "θ_t", "w_{i,t}"}),
    "5.3": ("τ_t", {"n", "w̃_{i,t}", "w̃_{i,t-1}"}),
    "5.4": ("w̄_{i,t}", {"w̃_{i,t-1}", "λ", "w̃_{i,t}"}),
    "6.1": ("A_{i,t}", {"w̄_{i,t}", "B", "P_{i,t}", "X_{i,t}"}),
    "6.2": ("I_t", {"D_t", "n", "A_{i,t}", "P_{i,t}", "X_{i,t}"}),
    "6.3": ("D_{t+1}", {"D_t", "n", "A_{i,t+1}", "P_{i,t}", "X_{i,t}", "A_{i,t}"}),
    "6.4": ("Y_t", {"D_t", "n", "A_{i,t}", "y_{i,t}", "ρ_i", "X_{i,t}"}),
    "6.5": ("G_t", {"G_{t-1}", "I_t", "Y_t", "I_{t-1}"}),
}
"""Number, what it defines, and what it uses, for every displayed formula of revision 1."""

GLOSSARY = {
    "Base Date",
    "Free Float",
    "Free-Float Market Capitalisation",
    "Index Business Day",
    "Index Shares",
    "Review Day",
}

PARAMETERS = {
    "M_{min}": ("500", "USD million"),
    "L_{min}": ("15", "%"),
    "F_{min}": ("15", "%"),
    "n": ("300", "securities"),
    "z_{max}": ("3", "standard deviations"),
    "c_{max}": ("5", "%"),
    "τ_{max}": ("20", "%"),
    "b_{in}": ("80", "%"),
    "b_{out}": ("120", "%"),
    "B": ("10,000,000,000", "USD"),
    "I_0": ("1,000", "points"),
}
"""What Tables 1 and 6 of revision 1 give."""

EXPLAINED = set(
    "V_{i,d} m H_{i,t} N_{i,t} f_{i,t} P_{i,t} X_{i,t} x_{i,k} μ_k σ_k s_k K".split()
) | {
    "ω_k",
    "θ_t",
    "D_t",
    "y_{i,t}",
    "ρ_i",
}
"""Symbols that revision 1 explains below its formulas."""

REFERENCES = [
    ("Section 4", "resolved", "4 Quality Score"),
    ("Section 5.2", "resolved", "5.2 Capping"),
    ("Section 6", "resolved", "6 Index Calculation"),
    ("glossary", "resolved", "9 Glossary"),
    ("Appendix A", "resolved", "Appendix A: Parameters"),
    ("Corporate Actions Handbook", "external", "corporate-actions-handbook.md"),
    ("Table 5", "resolved", "Table 5"),
    ("published online", "external", "https://northlight.example/governance"),
    ("Table 1", "resolved", "Table 1"),
    ("equation (3.1)", "resolved", "equation (3.1)"),
    ("Table 2", "resolved", "Table 2"),
    ("Table 2", "resolved", "Table 2"),
    ("Table 3", "resolved", "Table 3"),
    ("Section 2", "resolved", "2 Eligible Universe"),
    ("Table 3", "resolved", "Table 3"),
    ("Table 3", "resolved", "Table 3"),
    ("eq:score", "resolved", "equation (4.4)"),
    ("Table 6", "resolved", "Table 6"),
    ("eq:capped", "resolved", "equation (5.2)"),
    ("eq:blended", "resolved", "equation (5.4)"),
    ("Section 8", "resolved", "8 Corporate Actions"),
    ("Table 6", "resolved", "Table 6"),
    ("Section 8.4", "dangling", ""),
    ("equation (6.2)", "resolved", "equation (6.2)"),
    ("Table 4", "resolved", "Table 4"),
    ("equation (6.3)", "resolved", "equation (6.3)"),
    ("handbook", "external", "corporate-actions-handbook.md"),
    ("equation (3.2)", "resolved", "equation (3.2)"),
    ("equation (6.1)", "resolved", "equation (6.1)"),
]
"""Every reference of revision 1 in reading order, but for the citation and the footnote."""

TABLES = {
    "1": ("Eligibility screens", 3, 4),
    "2": ("Free-float bands", 6, 3),
    "3": ("Quality descriptors", 3, 5),
    "4": ("Review schedule", 2, 4),
    "5": ("Treatment of corporate actions", 5, 4),
    "6": ("Parameters", 8, 4),
    "7": ("Revisions of this document", 1, 3),
}


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return run(["demo", "--json"], tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def demo(answer: Ended) -> Any:
    assert (answer.status, answer.err) == (0, "")
    return answer.json


def meaning(demo: Any, title: str, revision: int) -> Any:
    [found] = [
        each for each in demo["meanings"] if (each["title"], each["revision"]) == (title, revision)
    ]
    return found


@pytest.fixture(scope="module")
def first(demo: Any) -> Any:
    return meaning(demo, METHODOLOGY, 1)


class TestTheMethodology:
    def test_defines_what_its_glossary_says(self, first: Any) -> None:
        """Every entry of section 9, and nothing else, stands in the glossary's form."""
        terms = {each["term"] for each in first["definitions"] if each["form"] == "deflist"}

        assert terms == GLOSSARY

    def test_defines_what_its_parameter_tables_say(self, first: Any) -> None:
        """Symbol, value and unit of every row of Tables 1 and 6."""
        rows = {
            each["symbol"]: (each["body"], each["unit"])
            for each in first["definitions"]
            if each["form"] == "table_row"
        }

        assert rows == PARAMETERS

    def test_defines_the_symbols_that_it_explains(self, first: Any) -> None:
        """Every clause after a “where”, in sentences and in lists."""
        symbols = {each["symbol"] for each in first["definitions"] if each["form"] == "where"}

        assert symbols == EXPLAINED

    def test_defines_nothing_else_but_its_short_names(self, first: Any) -> None:
        """What a reader would not call a definition is none."""
        rest = {
            each["term"]
            for each in first["definitions"]
            if each["form"] not in ("deflist", "table_row", "where")
        }

        assert rest == {"Index", "IOC"}

    def test_states_sixteen_equations(self, first: Any) -> None:
        """Number, left side and variables of each are what a reader sees."""
        displayed = {
            each["number"]: (each["defines"], {one["symbol"] for one in each["variables"]})
            for each in first["formulas"]
            if each["display"]
        }

        assert displayed == EQUATIONS

    @pytest.mark.parametrize(
        ("number", "symbol", "origin"),
        [
            ("2.1", "M_{i,t}", "equation (3.2)"),
            ("3.1", "N_{i,t}", "the number of shares outstanding"),
            ("4.2", "z_{max}", "Table 6, Limit for outliers = 3 standard deviations"),
            ("5.1", "S_j", "equation (4.4)"),
            ("5.2", "c_{max}", "Table 6, Maximum weight of a constituent = 5 %"),
            ("5.4", "w̃_{i,t-1}", "equation (5.2)"),
            ("6.1", "B", "Table 6, Notional amount = 10,000,000,000 USD"),
            ("6.3", "A_{i,t+1}", "equation (6.1)"),
            ("6.5", "I_{t-1}", "equation (6.2)"),
        ],
    )
    def test_tells_where_a_variable_comes_from(
        self, first: Any, number: str, symbol: str, origin: str
    ) -> None:
        """A formula, a clause or a row of a table with its value, wherever it stands."""
        [formula] = [each for each in first["formulas"] if each["number"] == number]
        [variable] = [each for each in formula["variables"] if each["symbol"] == symbol]

        assert (variable["state"], variable["origin"]) == ("resolved", origin)

    def test_leaves_one_variable_undefined(self, first: Any) -> None:
        """It is the λ of equation (5.4)."""
        undefined = [
            (formula["number"], variable["symbol"])
            for formula in first["formulas"]
            for variable in formula["variables"]
            if variable["state"] == "undefined"
        ]

        assert undefined == [("5.4", "λ")]

    def test_has_seven_tables(self, first: Any) -> None:
        """Captions, and rows and columns without the headings, as they are printed."""
        tables = {
            each["number"]: (each["caption"], len(each["rows"]), len(each["columns"]))
            for each in first["tables"]
        }

        assert tables == TABLES
        assert first["tables"][1]["rows"][0] == ["15", "20", "20"]

    def test_refers_to_what_is_there_with_one_exception(self, first: Any) -> None:
        """Every reference is found, and only Section 8.4 leads nowhere."""
        references = [
            (each["text"] or each["raw_target"], each["state"], each["points_at"])
            for each in first["references"]
            if each["type"] not in ("citation", "footnote")
        ]

        assert references == REFERENCES
        others = [
            (each["type"], each["state"])
            for each in first["references"]
            if each["type"] in ("citation", "footnote")
        ]
        assert others == [("citation", "ignored"), ("footnote", "ignored")]

    def test_has_two_findings(self, first: Any) -> None:
        """The two slips, and no false alarm."""
        findings = [(each["severity"], each["code"], each["section"]) for each in first["findings"]]

        assert findings == [
            ("error", "undefined-variable", "5.3 Turnover limit"),
            ("error", "dangling-reference", "6.3 Divisor adjustment"),
        ]

    def test_is_quoted_by_line(self, first: Any) -> None:
        """Each place is the line at which the shipped file says it."""
        lines = shipped("index-methodology.md").splitlines()
        [dangling] = [each for each in first["references"] if each["state"] == "dangling"]
        [level] = [each for each in first["formulas"] if each["number"] == "6.2"]

        assert "Section 8.4" in lines[dangling["line"] - 1]
        assert "I_{t} =" in lines[level["line"] - 1]


class TestTheSecondRevision:
    def test_leaves_the_undefined_variable(self, demo: Any) -> None:
        """The dangling reference is mended, the λ is not."""
        second = meaning(demo, METHODOLOGY, 2)

        assert [each["code"] for each in second["findings"]] == ["undefined-variable"]
        assert [each["code"] for each in demo["diff"]["findings_fixed"]] == ["dangling-reference"]
        assert demo["diff"]["findings_new"] == []

    def test_differs_in_what_was_edited(self, demo: Any) -> None:
        """Every edit is a change of that entity, and nothing else is one."""
        changes = {
            (each["change"], each["kind"], each["name"])
            for each in demo["diff"]["changes"]
            if each["within"] is None and not each["is_passing"]
        }

        assert changes == {
            ("added", "definition", "Ex-Date"),
            ("added", "definition", "Quality tilt"),
            ("added", "reference", "Section 7.3"),
            ("changed", "formula", "w_{i,t}"),
            ("changed", "reference", "Section 8.3"),
            ("changed", "definition", "y_{i,t}"),
            ("changed", "section", "7.3 Turnover limit"),
            ("changed", "formula", "τ_t"),
            ("changed", "formula", "w̄_{i,t}"),
            ("changed", "definition", "Free Float"),
            ("changed", "definition", "Maximum weight of a constituent"),
            ("changed", "table", "6: Parameters"),
            ("changed", "table", "7: Revisions of this document"),
            ("moved", "section", "7.3 Turnover limit"),
        }

    def test_adds_the_tilt_to_the_weight(self, demo: Any) -> None:
        """The formula is the same one, and gained γ, which Table 6 gives."""
        [change] = [each for each in demo["diff"]["changes"] if each["name"] == "w_{i,t}"]
        second = meaning(demo, METHODOLOGY, 2)
        [weight] = [each for each in second["formulas"] if each["number"] == "5.1"]
        [gamma] = [each for each in weight["variables"] if each["symbol"] == "γ"]

        assert change["id"] == weight["id"]
        assert "gained γ" in change["summary"]
        assert "γ" in change["now"]
        assert "γ" not in change["was"]
        assert gamma["origin"] == "Table 6, Quality tilt = 1.5 exponent"

    def test_takes_equations_along_when_a_section_moves(self, demo: Any) -> None:
        """They keep their identity under their new numbers."""
        first, second = (meaning(demo, METHODOLOGY, each) for each in (1, 2))
        before = {each["number"]: each["id"] for each in first["formulas"] if each["number"]}
        after = {each["number"]: each["id"] for each in second["formulas"] if each["number"]}

        assert (after["7.1"], after["7.2"]) == (before["5.3"], before["5.4"])
        unmoved = set(EQUATIONS) - {"5.3", "5.4"}
        assert {each: after[each] for each in unmoved} == {each: before[each] for each in unmoved}

    def test_would_change_from_the_cap_on(self, demo: Any) -> None:
        """Everything downstream of c_max, in an order in which it can be worked through."""
        affected = [each["name"] for each in demo["impact"]["affected"]]

        assert set(affected) == {
            "equation (5.2) w̃_{i,t}",
            "equation (7.1) τ_t",
            "equation (7.2) w̄_{i,t}",
            "equation (6.1) A_{i,t}",
            "equation (6.2) I_t",
            "equation (6.3) D_{t+1}",
            "equation (6.4) Y_t",
            "equation (6.5) G_t",
        }
        place = {name: at for at, name in enumerate(affected)}
        assert place["equation (5.2) w̃_{i,t}"] < place["equation (7.2) w̄_{i,t}"]
        assert place["equation (7.2) w̄_{i,t}"] < place["equation (6.1) A_{i,t}"]
        assert place["equation (6.1) A_{i,t}"] < place["equation (6.2) I_t"]
        assert place["equation (6.4) Y_t"] < place["equation (6.5) G_t"]


class TestTheHandbook:
    def test_is_understood_in_its_own_dialect(self, demo: Any) -> None:
        """MyST's directives and roles say the same things in other marks."""
        handbook = meaning(demo, HANDBOOK, 1)
        displayed = {
            each["anchor"]: (each["defines"], {one["symbol"] for one in each["variables"]})
            for each in handbook["formulas"]
            if each["display"]
        }

        assert displayed == {
            "eq-adjusted-price": ("P̂_{i,t}", {"P_{i,t}", "r_i", "u_i", "v_i"}),
            "eq-adjusted-shares": ("Â_{i,t}", {"A_{i,t}", "r_i"}),
            "eq-value-change": (
                "Δ_t",
                {"n", "Â_{i,t}", "P̂_{i,t}", "A_{i,t}", "P_{i,t}", "X_{i,t}"},
            ),
            "eq-adjusted-divisor": ("D̂_t", {"D_t", "Δ_t", "W_t"}),
        }
        glossary = {each["term"] for each in handbook["definitions"] if each["form"] == "glossary"}
        assert glossary == {"Ex-Date", "Index Shares", "Subscription Price"}
        assert [(each["caption"], len(each["rows"])) for each in handbook["tables"]] == [
            ("Quantities for each kind of event", 4),
            ("Notice periods", 4),
        ]
        assert [each["raw_target"] for each in handbook["references"]] == [
            "index-methodology.md",
            "Ex-Date",
            "Ex-Date",
            "Index Shares",
            "Index Shares",
            "Subscription Price",
            "tbl-events",
            "eq-adjusted-price",
            "eq-adjusted-shares",
            "eq-value-change",
            "eq-adjusted-divisor",
            "^split",
            "tbl-notice",
            "sec-principle",
            "sec-divisor",
            "sec-notice",
        ]
        assert {each["state"] for each in handbook["references"]} == {
            "resolved",
            "external",
            "ignored",
        }
        assert handbook["findings"] == []


class TestTheDemo:
    def test_lists_its_two_documents(self, demo: Any) -> None:
        """The methodology in its second revision, the handbook in its first."""
        assert [(each["title"], each["revision"]) for each in demo["documents"]] == [
            (METHODOLOGY, 2),
            (HANDBOOK, 1),
        ]

    def test_leaves_nothing_behind_unless_it_is_asked_to(
        self, eventdocs: Eventdocs, folder: Path
    ) -> None:
        """The folder, and a database that the environment names, stay as they were."""
        environ = {"EVENTDOCS_DATABASE_URL": f"sqlite:///{folder}/mine.db"}

        ended = eventdocs("demo", environ=environ)

        assert ended.status == 0
        assert list(folder.iterdir()) == []

    def test_changes_nothing_the_second_time(self, eventdocs: Eventdocs, demo: Any) -> None:
        """On a database that is kept, the answer is the same and the log does not grow."""
        kept = ("--database", "sqlite:///kept.db")

        once = eventdocs("demo", "--json", *kept)
        log = eventdocs("events", "--json", *kept).out
        twice = eventdocs("demo", "--json", *kept)

        assert once.json == twice.json
        assert eventdocs("events", "--json", *kept).out == log
        assert once.json["meanings"] == demo["meanings"]

    def test_says_the_same_on_postgresql(self, folder: Path, postgres_url: str, demo: Any) -> None:
        """Meanings, differences and effects do not depend on the database."""
        ended = run(["demo", "--json", "--database", postgres_url], folder)

        assert (ended.status, ended.err) == (0, "")
        for part in ("meanings", "diff", "impact"):
            assert ended.json[part] == demo[part]

    def test_fits_into_a_terminal(self, eventdocs: Eventdocs) -> None:
        """The text for people keeps to the width, and names what programs are told."""
        ended = eventdocs("demo", environ={"COLUMNS": "80"})

        too_wide = [line for line in ended.out.splitlines() if len(line) > 90]
        assert ended.status == 0
        assert too_wide == []
        for words in (METHODOLOGY, "UNDEFINED", "There is no Section 8.4", "gained γ", "If c_max"):
            assert words in ended.out


def shipped(name: str) -> str:
    import eventdocs.cli

    return (Path(eventdocs.cli.__file__).parent / "demo" / name).read_text(encoding="utf-8")
