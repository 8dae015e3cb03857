import re
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventdocs.errors import UnreadableDocumentError
from eventdocs.extraction import Extraction, Limits, RawDocument, default_extractors, extract
from eventdocs.extraction._html_tree import Element, inner_text, parse_html
from eventdocs.ir import CrossReference, Definition, Entity, Formula, Section, Table, to_json
from eventdocs.types import digest_of

BLOCKS = st.sampled_from(
    [
        "<h1>Heading {n}</h1>\n",
        "<section id='s{n}'><h2>{n}.1 Other <code>x</code> \\(h_{n}\\)</h2>",
        "</section>\n",
        "<p>Plain <em>text</em>\n with <b>marks</b>, <code>a &lt; b</code> and \\(x_{n} = y\\).",
        "<p>See Section {n}, <a href='#id{n}'>link</a>; “Term {n}” means\n it.</p>",
        "<div class=math id=eq{n}><span class=eqno>({n})</span>\\[a_{n} &lt; \\frac{{b}}{{c}}\\]</div>",
        "<p>where \\(a_{n}\\) is one, and \\(b\\) is another thing.",
        "<script type='math/tex; mode=display'>m = {n}</script>",
        "<math display=block><mi>x</mi><mo>=</mo><mfrac><mn>{n}</mn><mi>y</mi></mfrac></math>",
        "<table id=t{n}><caption>Table {n}: T</caption><tr><th>A<th colspan=2>B (bps)",
        "<tr><td rowspan=3>1,000<td>x &amp; \\(y\\)",
        "</table>",
        "<table><tr><th>Symbol<th>Meaning<tr><td>\\(s_{n}\\)<td>thing {n}</table>",
        "<dl><dt id=d{n}>Term {n}<dd>Body of \\(t\\)<dd><p>more",
        "</dl>",
        "<ul><li>item {n}<li>\\(q\\): the other",
        "<blockquote>quoted\t<q>it</q>",
        "<pre>code \\(c\\)</pre>",
        "<p>Weight {n} = Score / Sum<br>The Long Name Index (LNI) of &eacute;&#{n};",
        "<a name='h{n}'></a><div hidden>no</div>",
        "<p>A <dfn id=b{n}>word {n}</dfn> is a word; <abbr title='Long &amp; Form'>LF</abbr>",
        "é𝑥💡 \u2028 \u00a0 ΑΒΓ {n} = ∑ √ ≤\n",
        "<!-- {n} --></p></div></i><b>",
        "<figure><table><tr><td>1</table><figcaption>Figure {n}. Caption",
    ]
)
DOCUMENTS = st.lists(BLOCKS, max_size=12).map(
    lambda blocks: "".join(block.format(n=n) for n, block in enumerate(blocks))
)
ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])


def read(text: str) -> Extraction:
    return extract(text.encode(), source_name="a.html", media_type="text/html")


def check_places(extraction: Extraction) -> None:
    text = extraction.text
    for each in extraction.ir.entities:
        start, end = each.span.start, each.span.end
        assert start is not None
        assert end is not None
        assert 0 <= start <= end <= len(text)
        if isinstance(each, Formula):
            assert text[start:end] == each.raw
        elif isinstance(each, Section):
            assert text[start:end].lower().startswith("<h")
        elif isinstance(each, CrossReference) and each.raw_target.startswith("#"):
            assert text[start : start + 2].lower() == "<a"
        elif isinstance(each, Definition):
            body = each.body_span
            assert body.start is not None
            assert body.end is not None
            assert 0 <= body.start <= body.end <= len(text)
        elif isinstance(each, Table):
            assert text[start : start + 6].lower() == "<table"
            check_cells(each, text)


def check_cells(table: Table, text: str) -> None:
    for cell in table.cells:
        if cell.span is not None and cell.text.isalnum() and not cell.formulas:
            raw = text[cell.span.start : cell.span.end]
            assert cell.text in re.sub(r"<[^>]*>", "", raw)  # damage makes tags within words


def said(entity: Entity) -> tuple[str, str]:
    return type(entity).__name__, entity.id.content_key


class TestPlaces:
    @given(document=DOCUMENTS, ending=ENDINGS)
    @settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
    def test_are_exact_in_any_document(self, document: str, ending: str) -> None:
        """A span holds the raw text of its entity, whatever the text."""
        check_places(read(document.replace("\n", ending)))

    @given(document=DOCUMENTS)
    @settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    def test_do_not_depend_on_line_endings(self, document: str) -> None:
        """A document means the same with other line endings, byte for byte the same again."""
        one, again = read(document).ir, read(document).ir
        other = read(document.replace("\n", "\r\n")).ir

        assert to_json(one) == to_json(again)
        assert [said(each) for each in one.entities] == [said(each) for each in other.entities]


class TestAnyInput:
    @given(text=st.text(st.sampled_from("<>/!-='\"&;#aptdhr1 \n\\()[]$x"), max_size=120))
    @settings(deadline=None)
    def test_of_any_signs_is_read(self, text: str) -> None:
        """No sequence of tags, torn or whole, makes extraction fail."""
        check_places(read(text))

    @given(content=st.binary(max_size=200))
    @settings(deadline=None)
    def test_of_any_bytes_is_read_or_refused(self, content: bytes) -> None:
        """Junk is refused by a typed error and nothing else."""
        try:
            check_places(extract(content, source_name="a.html", media_type="text/html"))
        except UnreadableDocumentError as error:
            assert error.source == "a.html"  # noqa: PT017 - either outcome is right, not any error

    @given(document=DOCUMENTS, data=st.data())
    @settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
    def test_that_is_damaged_is_read(self, document: str, data: st.DataObject) -> None:
        """A document that was cut, spliced or bitten into is still read."""
        start = data.draw(st.integers(0, len(document)))
        end = data.draw(st.integers(start, len(document)))
        bite = data.draw(st.text("<>/='\"&\\$ \n", max_size=5))

        check_places(read(document[:start] + bite + document[end:]))


class TestTree:
    @given(document=DOCUMENTS)
    @settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
    def test_holds_every_character_once(self, document: str) -> None:
        """Elements lie in their parents, one behind the other, and no text is lost or doubled."""
        tree = parse_html(document, deepest=100)

        for element in (tree.root, *tree.elements):
            at = element.inner
            for child in element.children:
                start, end = (child.start, child.end) if isinstance(child, Element) else child
                assert at <= start <= end <= element.inner_end
                at = end

    def test_holds_what_stands_too_deep_as_neighbours(self) -> None:
        """Beyond the limit, elements are empty and what they hold follows them; no word is lost."""
        source = "<div>" * 30 + "<p>deep" + "</div>" * 30 + "after"

        tree = parse_html(source, deepest=10)

        assert inner_text(tree.root, source) == "deepafter"
        assert max(_depth(each) for each in tree.elements) == 11

    def test_keeps_the_text_of_a_tag_that_never_ends(self) -> None:
        """Where the document was cut in a tag, the rest is text."""
        source = "<p>one <a href='x"

        assert inner_text(parse_html(source, deepest=10).root, source) == "one <a href='x"


def _depth(element: Element) -> int:
    return 0 if element.parent is None else 1 + _depth(element.parent)


PATHOLOGICAL: dict[str, Callable[[int], str]] = {
    "open divs": lambda n: "<div>" * (n // 5),
    "open spans in a paragraph": lambda n: "<p>" + "<b>" * (n // 6) + "</i>" * (n // 8),
    "open paragraphs in buttons": lambda n: "<p><button>" * (n // 11),
    "ends of nothing": lambda n: "</p></b>" * (n // 8),
    "tags that never end": lambda n: "<a " * (n // 3),
    "attributes that never end": lambda n: "<a b='" * (n // 6),
    "comments that never end": lambda n: "<!-- " * (n // 5),
    "scripts that never end": lambda n: "<script>" * (n // 8),
    "titles that never end": lambda n: "<title>a</titl" * (n // 14),
    "open math": lambda n: "\\(a " * (n // 4),
    "open display math": lambda n: "\\[a\n" * (n // 4),
    "backslashes": lambda n: "\\" * n,
    "open environments": lambda n: "<script src=mathjax></script>" + "\\begin{align}a" * (n // 14),
    "dollars": lambda n: "<script src=mathjax>inlineMath: [['$', '$']]</script>" + "$a " * (n // 3),
    "nested math": lambda n: "<math>" + "<msup><mi>x</mi>" * (n // 16),
    "ampersands": lambda n: "&" * n,
    "references that never end": lambda n: "&abc" * (n // 4),
    "line breaks": lambda n: "a<br>" * (n // 5),
    "spaces": lambda n: " " * n + "x" + "\n" * n,
    "nested tables": lambda n: "<table><tr><td>" * (n // 15),
    "nested lists": lambda n: "<ul><li>" * (n // 8),
    "nested definitions": lambda n: "<dl><dt>a<dd>b" * (n // 14),
    "columns from above": lambda n: (
        "<table><tr>" + "<td rowspan=100>" * 100 + "<tr><td>" * ((n - 1600) // 8)
    ),
    "ids": lambda n: "".join(f"<a id=a{each} href=#a{each}>" for each in range(n // 22)),
    "links in a heading": lambda n: "<h1 id=x>" + "<a href=#x>y</a>" * (n // 16),
    "terms": lambda n: "<p>" + "<dfn>a</dfn> is b. " * (n // 19),
    "abbreviations": lambda n: "<p>" + "<abbr title=b>a</abbr>" * (n // 22),
    "attributes": lambda n: "<p " + "a " * (n // 2) + ">",
}


class TestPathologicalInput:
    @pytest.mark.parametrize("name", PATHOLOGICAL)
    def test_takes_no_more_than_linear_time(self, name: str) -> None:
        """Four times the text takes about four times the time, whatever it is made of."""
        small, large = (_seconds(PATHOLOGICAL[name](size)) for size in (4_000, 16_000))

        assert large < max(9 * small, 0.25)

    def test_never_nests_deeper_than_the_stack(self) -> None:
        """The limit on nesting may be raised, and the interpreter's stack still suffices."""
        text = "<ul><li><b><div>" * 2000 + "deep"
        limits = Limits(max_nesting=100_000)

        extract(text.encode(), source_name="a.html", media_type="text/html", limits=limits)


def _seconds(text: str) -> float:
    # The extractor alone, in time of this process: other processes take no part in it.
    content = text.encode()
    document = RawDocument(content=content, digest=digest_of(content), source_name="a.html")
    extractor = default_extractors().extractor_for("text/html", source_name="a.html")
    best = 1000.0
    for _ in range(2):
        begun = time.process_time()
        extractor.extract(document, Limits())
        best = min(best, time.process_time() - begun)
    return best
