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
            ("The upper limit (“Weight Cap”) holds.", "Weight Cap", "The upper limit"),
            ("The code (“the Software”) is free.", "the Software", "The code"),
            ("The upper limit, which is called the **Cap**.", "Cap", "The upper limit"),
            ("A “Cap” is any upper limit.", "Cap", "any upper limit"),
            ("An index's “caps” are all upper limits.", "caps", "all upper limits"),
            ("“Caps” are limits that hold above.", "Caps", "limits that hold above"),
            (
                "“Title Page” means, for a book, its first page.",
                "Title Page",
                "for a book, its first page",
            ),
            ("“Cap” stands for the limit, e.g. $x$. More.", "Cap", "the limit, e.g. x"),
            ("- **caps**: upper limits of a weight", "caps", "upper limits of a weight"),
            (
                "An “App” is any work that makes use. The rest is made the same.",
                "App",
                "any work that makes use",
            ),
            (
                "We use *soft*^[Upper limits are also known as *caps* here.] ones.",
                "caps",
                "Upper limits",
            ),
            ("Upper limits denote the most there can be.", "Upper limits", "the most there can be"),
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

    def test_end_before_the_article_of_the_next_one(self) -> None:
        """“…, and a” belongs to the term that follows."""
        text = "The “Cap”, below, refers to the limit, and a “Floor” means the lower one.\n"

        assert _pairs(text) == [("Cap", "the limit"), ("Floor", "the lower one")]

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
            "Please refer to the manual.",
            "Does this mean the end?",
            "Suppose we refer to the limit as high.",
            "Weighted means are less robust.",
            "Weighted means summarize the weights.",
            "The “weighted” mean is not higher.",
            "If no “cap” is provided, none holds.",
            "**Cap** is used by the index.",
            "**Cap** is the best choice.",
            "**Cap** means that it ends.",
            "The section “Caps” describes broadly how to cap.",
            "Methods are called *synchronously*.",
            "The trick is what is called the *cap*.",
            "This is called the *cap*.",
            "The Cap Site refers to some pages.",
            "There is another guide ([“Upper Caps”](caps.md)).",
        ],
    )
    def test_are_not_seen_everywhere(self, text: str) -> None:
        """Pronouns, notes, averages, remarks and figures of speech define nothing."""
        assert find(text, Definition) == []

    @pytest.mark.parametrize(
        "text",
        [
            "See `help(“cap”)` for the upper limit.",
            'The call is `f("cap")`: means of weights.',
            "- **`cap`**: the upper limit",
            "**`cap`** is the upper limit.",
            "**weight_cap** means the upper limit.",
            "“index.cap” means the upper limit.",
            "[https://example.org](https://example.org) means the upper limit.",
        ],
    )
    def test_do_not_define_code(self, text: str) -> None:
        """What stands in code, or looks like it, is no term."""
        assert find(text, Definition) == []

    @pytest.mark.parametrize(
        "text",
        [
            "- **0.2 <= d < 0.5** - the small ones",
            "- **Version**: 1.0",
            "- **Fast**: no compile step",
            "- **Rounding**: a weight is rounded at last.",
            "- **Spread**: the weights across all groups (of a kind) of it are the same",
            "- **Passed**: the test matched the limit",
            "- **Failed**: the weight of the sum differs from the limit",
            "- **Enter your name**: the name of the user",
        ],
    )
    def test_need_a_name_and_what_it_is(self, text: str) -> None:
        """Conditions, settings, features and headings of clauses are no definitions."""
        assert find(text, Definition) == []

    @pytest.mark.parametrize(
        "text",
        [
            'Catch undeclared ("phantom") dependencies.',
            "Interest (*w*) is high.",
            "Some (_contains_) or none.",
            "For Markdown (“md”), change it.",
        ],
    )
    def test_need_more_than_a_parenthesis(self, text: str) -> None:
        """Quoted or slanted asides name nothing, unless they are written as names are."""
        assert find(text, Definition) == []

    def test_do_not_end_in_formulas(self) -> None:
        """A full stop in a formula or in code is not the end of a sentence."""
        text = "“Cap” means the limit for $i = 1, . . . , N$ and `a. b` alone. More.\n"

        assert [body for _, body in _pairs(text)] == [
            "the limit for i = 1, . . ., N and a. b alone"
        ]

    def test_are_as_sure_as_their_words(self) -> None:
        """Lists of definitions are certain, cues are nearly so, and “is” may be a remark."""
        texts = [
            "Cap\n: The upper limit.\n",
            "“Cap” means the upper limit.",
            "**Cap** refers to the upper limit.",
            "A Cap is defined as the upper limit.",
            "**Cap** is the upper limit.",
            "- **Cap**: the upper limit",
        ]

        sure = [only(text, Definition).prov.confidence for text in texts]

        assert sure == sorted(sure, reverse=True)
        assert len(set(sure)) == len(sure)


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
        ("text", "expected"),
        [
            (
                "where $d$ are the $l^{th}$ ($l = 1, . . . , L$) draws of it. More.",
                [("d", "the l^{th} (l = 1, . . ., L) draws of it")],
            ),
            ("where $x = 1$ and $y$ is the size.", [("y", "the size")]),
            ("where $x = 1$, $y$ and $z$ are sizes.", [("y", "sizes"), ("z", "sizes")]),
            ("where $x$ is the (group, sum ...) size. More.", [("x", "the (group, sum ...) size")]),
            ("where $x = f(u)$ where $u$ is the size.", [("u", "the size")]),
            ("where $x$ is the size (of $y$, the cap).", [("x", "the size (of y, the cap)")]),
            ("(where $x$ is the size) of all.", [("x", "the size")]),
            ("where $x$ is the size; for others, it is zero.", [("x", "the size")]),
        ],
    )
    def test_end_where_the_meaning_ends(self, text: str, expected: list[tuple[str, str]]) -> None:
        """Brackets stay whole, and a singular verb is about the last symbol alone."""
        assert _pairs(f"$$a = b$$\n\n{text}\n") == expected

    @pytest.mark.parametrize(
        "property_",
        [
            "positive",
            "estimated by the link",
            "close to zero",
            "normally distributed",
            "upper triangular",
            "full-rank",
            "the same as above",
            "in the set",
            "$f(z)$",
        ],
    )
    def test_do_not_take_properties_for_meanings(self, property_: str) -> None:
        """What a symbol is like does not say what it is."""
        text = f"$$a = b$$\n\nwhere $x$ is {property_}, and $y$ is the size.\n"

        assert _pairs(text) == [("y", "the size")]

    def test_may_be_lists_of_names(self) -> None:
        """A list that is announced as definitions explains names of any kind."""
        text = (
            "Definitions:\n\n- Net Asset Value: the value of all assets\n- `nav`: the code of it\n"
        )

        [definition] = find(text, Definition)

        assert (definition.term, definition.body) == ("Net Asset Value", "the value of all assets")
        assert definition.prov.confidence < 0.9

    @pytest.mark.parametrize(
        "items",
        [
            "- Inline math: $a + b$",
            "- file: the name of the file",
            "- `file`: the name of the file",
            "- A title page is constructed by it",
            "- As is the standard, it holds",
            "- scroll: `a`|`b`",
            "- An autolink: <https://example.org>",
        ],
    )
    def test_are_not_any_list(self, items: str) -> None:
        """Behind “the following:”, only symbols are explained."""
        assert find(f"It knows the following things:\n\n{items}\n", Definition) == []

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
