from __future__ import annotations

import pytest

from eventdocs.errors import InvalidStreamNameError
from eventdocs.store import Selection, category_of, check_stream_name


@pytest.mark.parametrize(
    ("stream", "category"),
    [
        ("document-42", "document"),
        ("a-b-c", "a"),
        ("settings", "settings"),
        ("-1", ""),
        ("a-", "a"),
    ],
)
def test_a_category_is_what_stands_before_the_first_hyphen(stream: str, category: str) -> None:
    """Without a hyphen, the stream is alone in a category of its name."""
    assert category_of(stream) == category


@pytest.mark.parametrize("stream", ["a", "x" * 255, "größe-1", "a b/c:d", "\u2028", "𝔘"])
def test_any_text_names_a_stream(stream: str) -> None:
    """A name is 1 to 255 characters of all of Unicode."""
    assert check_stream_name(stream) == stream
    assert Selection(stream=stream).stream == stream


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ("", "at least one character"),
        ("x" * 256, "at most 255 characters, this one 256"),
        ("a\0", "character 1 (U+0000)"),
        ("\n", "character 0 (U+000A)"),
        ("ab\x7f", "character 2 (U+007F)"),
        ("a\ud800", "character 1 (U+D800)"),
    ],
)
def test_a_name_no_database_can_store_is_refused(stream: str, reason: str) -> None:
    """The reason tells which character is wrong, and survives being printed."""
    with pytest.raises(InvalidStreamNameError) as caught:
        check_stream_name(stream)

    assert reason in caught.value.reason
    assert str(caught.value).encode()
    with pytest.raises(InvalidStreamNameError):
        Selection(category=stream)
