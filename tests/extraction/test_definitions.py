import pytest

from eventdocs.ir import Definition, Formula
from tests.extraction.reading import find, only, raw, read


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(each.term, each.body) for each in find(text, Definition)]


class TestDefinitionLists:
    def test_define_each_term(self) -> None:
        """A term and what stands behind its colon make a definition, places included."""
        extraction = read("# Terms\n\nFree *Float*\n:   Shares that `can` be bought.\n")

        [_, definition] = extraction.ir.entities
        assert isinstance(definition, Definition)
        assert (definition.term, definition.body) == ("Free Float", "Shares that can be bought.")
        assert (definition.form, definition.section) == ("deflist", ("Terms",))
        assert raw(extraction, definition).startswith("Free *Float*\n:")
        body = definition.body_span
        assert extraction.text[body.start : body.end] == "Shares that `can` be bought."

    def test_join_the_blocks_of_a_body(self) -> None:
        """Several paragraphs, lists and code of one term are one body."""
        text = "Cap\n: First.\n\n  Second:\n\n  - third\n\n      code\n: Fourth.\n"

        assert _pairs(text) == [("Cap", "First. Second: third code Fourth.")]

    def test_may_stand_in_lists_and_in_each_other(self) -> None:
        """Definition lists nest like all blocks do."""
        text = "- Outer\n  : Around.\n\n    Inner\n    : Inside.\n"

        assert sorted(_pairs(text)) == [("Inner", "Inside."), ("Outer", "Around. Inner Inside.")]

    def test_define_symbols(self) -> None:
        """A term that is a formula is a symbol."""
        definition = only("$f_{i}$\n: The factor, expressed in percent.\n", Definition)

        assert definition.symbol is not None
        assert (definition.symbol.key, definition.unit) == ("f_{i}", "%")

    def test_know_short_forms(self) -> None:
        """A short form in a term is another name of it."""
        definition = only("Total Return Index (TRI)\n: With dividends.\n", Definition)

        assert definition.aliases == ("tri", "total return index")

    @pytest.mark.parametrize(
        "text",
        [
            "```{glossary}\nCap\n: The limit.\n```",
            "```{glossary}\nCap\n  The limit.\n```",
            ":::{glossary}\nCap\n: The limit.\n:::",
            "{.glossary}\nCap\n: The limit.\n",
        ],
    )
    def test_may_be_glossaries(self, text: str) -> None:
        """A glossary is a definition list that says what it is for."""
        definition = only(text, Definition)

        assert (definition.term, definition.body) == ("Cap", "The limit.")
        assert (definition.form, definition.prov.method) == ("glossary", "markup")

    @pytest.mark.parametrize(
        "text",
        ["A ratio of\n\n    : code\n", "Text: more text.\n", "`a`\n\n:not a body\n"],
    )
    def test_need_a_colon_of_their_own(self, text: str) -> None:
        """A colon inside text or code begins no definition."""
        assert find(text, Definition) == []


class TestSentences:
    @pytest.mark.parametrize(
        ("text", "term", "body"),
        [
            ("“Cap” means the upper limit.", "Cap", "the upper limit"),
            ('The term "Cap" refers to the upper limit.', "Cap", "the upper limit"),
            ("„Cap“ shall mean the limit, i.e. the most.", "Cap", "the limit, i.e. the most"),
            ("**Cap** is defined as the limit. More.", "Cap", "the limit"),
            ("The *cap* denotes the limit.", "cap", "the limit"),
            ("**Cap** is the upper limit.", "Cap", "the upper limit"),
            ("- **Cap**: the upper limit", "Cap", "the upper limit"),
            ("- **Cap** – the upper limit", "Cap", "the upper limit"),
            ("First. The Index Level is defined as the sum.", "Index Level", "the sum"),
            ("The upper limit is called the **Cap**.", "Cap", "The upper limit"),
            ("The upper limit (the “Cap”) holds.", "Cap", "The upper limit"),
            ("The upper limit (the **Cap**) holds.", "Cap", "The upper limit"),
        ],
    )
    def test_define_by_a_cue(self, text: str, term: str, body: str) -> None:
        """Sentences that say what something means define it, with less than certainty."""
        definition = only(f"Before.\n\n{text}\n", Definition)

        assert (definition.term, definition.body) == (term, body)
        assert definition.form == "sentence"
        assert 0.4 < definition.prov.confidence < 1

    def test_end_where_the_next_one_begins(self) -> None:
        """Two definitions in one sentence do not swallow each other."""
        text = "“Cap” means the upper limit and “Floor” means the lower one.\n"

        assert _pairs(text) == [("Cap", "the upper limit"), ("Floor", "the lower one")]

    def test_have_exact_bodies(self) -> None:
        """The body's place is where its words stand, markup included."""
        extraction = read("“Cap” means the *upper* limit of `w`.\n")

        [definition] = extraction.ir.entities
        assert isinstance(definition, Definition)
        assert definition.body == "the upper limit of w"
        body = definition.body_span
        assert extraction.text[body.start : body.end] == "the *upper* limit of `w"

    @pytest.mark.parametrize(
        "text",
        [
            "This means that nothing happens.",
            "It is defined as nothing.",
            "- **Note**: be careful",
            "**Important:** be careful",
            "What this means is open.",
            "He said “hello” and left.",
            "By all means do.",
        ],
    )
    def test_are_not_seen_everywhere(self, text: str) -> None:
        """Pronouns, notes and figures of speech define nothing."""
        assert find(text, Definition) == []


class TestWhereClauses:
    def test_explain_the_symbols_of_a_formula(self) -> None:
        """Each symbol of a clause gets its own meaning, up to the next symbol."""
        text = (
            "$$\nV = P N\n$$\n\n"
            "where $P$ is the price on day $t$, $N$ the number of shares, and $V$ denotes the value.\n"
        )

        definitions = find(text, Definition)

        assert [(each.term, each.body) for each in definitions] == [
            ("P", "the price on day t"),
            ("N", "the number of shares"),
            ("V", "the value"),
        ]
        assert {(each.form, each.scope) for each in definitions} == {("where", "section")}
        assert all(each.symbol is not None for each in definitions)

    def test_may_share_a_meaning(self) -> None:
        """Symbols that are listed together mean what is said about them together."""
        text = "$$a = b$$\n\nwhere $a$ and $b$ are the sides of the square.\n"

        assert _pairs(text) == [("a", "the sides of the square"), ("b", "the sides of the square")]

    @pytest.mark.parametrize(
        "items",
        [
            "- $P$ is the price,\n- $N$ is the number of shares.\n",
            "- $P$: the price\n- $N$: the number of shares\n",
            "* $P$ – the price; and\n* $N$ – the number of shares\n",
            "1. $P$ = the price\n2. $N$ = the number of shares\n",
        ],
    )
    def test_may_be_lists(self, items: str) -> None:
        """Behind “where:”, each item of a list explains a symbol."""
        text = f"$$V = P N$$\n\nwhere:\n\n{items}"

        assert _pairs(text) == [("P", "the price"), ("N", "the number of shares")]

    def test_explain_names_in_words(self) -> None:
        """Names of an equation in words are explained like symbols."""
        text = (
            "Weight = Score / Total\n\n"
            "where Score is the quality score in bps, and Total is the sum of all scores.\n"
        )

        definitions = find(text, Definition)

        assert [(each.term, each.body, each.unit) for each in definitions] == [
            ("Score", "the quality score in bps", "bps"),
            ("Total", "the sum of all scores", None),
        ]

    @pytest.mark.parametrize(
        ("text", "term", "body"),
        [
            ("Let $x$ be the size of the set.", "x", "the size of the set"),
            ("Here, $x$ denotes the size.", "x", "the size"),
            ("We use $w = s$, where $s$ is the score.", "s", "the score"),
            ("$x$ is the size.", "x", "the size"),
        ],
    )
    def test_stand_in_running_text_too(self, text: str, term: str, body: str) -> None:
        """A symbol can be explained without a displayed formula before it."""
        assert _pairs(text) == [(term, body)]

    @pytest.mark.parametrize(
        "text",
        ["We know that $x$ is positive.", "where the sun is, $x$ shines", "Take $x$ and $y$."],
    )
    def test_are_not_seen_where_nothing_is_explained(self, text: str) -> None:
        """A property of a symbol is not what it means."""
        assert find(text, Definition) == []


class TestAcronyms:
    @pytest.mark.parametrize(
        ("text", "short", "long"),
        [
            ("The Total Return Index (TRI) rose.", "TRI", "Total Return Index"),
            ("The TRI (Total Return Index) rose.", "TRI", "Total Return Index"),
            ("the volume-weighted average price (VWAP)", "VWAP", "volume-weighted average price"),
            ("the Committee of Index Rules (CIR)", "CIR", "Committee of Index Rules"),
            ("the return on equity (“ROE”)", "ROE", "return on equity"),
        ],
    )
    def test_stand_next_to_what_they_stand_for(self, text: str, short: str, long: str) -> None:
        """A short form in parentheses, or before them, is defined by its long form."""
        [definition] = [each for each in find(text, Definition) if each.form == "acronym"]

        assert (definition.term, definition.body) == (short, long)
        assert definition.aliases == (long.lower(),)

    @pytest.mark.parametrize(
        "text", ["The index (USD) rose.", "See the note (NB) here.", "(ABC)", "A word (A)."]
    )
    def test_need_the_right_initials(self, text: str) -> None:
        """Capitals in parentheses that do not spell the words before them are no acronym."""
        assert find(text, Definition) == []

    def test_are_defined_once(self) -> None:
        """Spelling the same acronym out again is no second definition; another meaning is one."""
        text = "Total Return Index (TRI).\n\nTotal Return Index (TRI).\n\nTax Rate Input (TRI).\n"

        assert [body for _, body in _pairs(text)] == ["Total Return Index", "Tax Rate Input"]


class TestCycles:
    def test_do_not_come_from_extraction(self) -> None:
        """Formulas that define each other are each read as they are."""
        formulas = find("$$A = B$$\n\n$$B = A$$\n\n$$C = A$$\n", Formula)

        assert [
            (each.defines and each.defines.key, [v.symbol.key for v in each.variables])
            for each in formulas
        ] == [("A", ["B"]), ("B", ["A"]), ("C", ["A"])]
