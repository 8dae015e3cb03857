"""The tree of HTML: all of the text, whatever the tags, and never deeper than allowed."""

from hypothesis import HealthCheck, given, settings

from eventdocs.extraction import Limits, extract
from eventdocs.extraction._html_tree import Element, inner_text, parse_html
from tests.extraction.broken_documents import documents


class TestTree:
    @given(document=documents(".html"))
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

    def test_never_nests_deeper_than_the_stack(self) -> None:
        """The limit on nesting may be raised, and the interpreter's stack still suffices."""
        text = "<ul><li><b><div>" * 2000 + "deep"
        limits = Limits(max_nesting=100_000)

        extract(text.encode(), source_name="a.html", media_type="text/html", limits=limits)


def _depth(element: Element) -> int:
    return 0 if element.parent is None else 1 + _depth(element.parent)
