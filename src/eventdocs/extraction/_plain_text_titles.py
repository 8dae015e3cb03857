"""Titles: which lines of plain text head a section, and which number they bear."""

from __future__ import annotations

import re

import attrs

__all__ = [
    "Numbered",
    "is_capitals",
    "is_line_title",
    "is_phrase",
    "is_title",
    "is_title_case",
    "read_number",
    "run_in_title",
    "underline",
]

_LABEL = r"(?:ARTICLE|Article|CHAPTER|Chapter|PART|Part|SCHEDULE|Schedule|APPENDIX|Appendix|ANNEX(?:E)?|Annexe?|EXHIBIT|Exhibit|ATTACHMENT|Attachment)"
_LABELLED = re.compile(
    rf"{_LABEL}\s+(?P<number>\d{{1,3}}(?:\.\d{{1,3}})*|[IVXLC]+|[A-Z](?:\.?\d+)*)(?![\w-])"
    r"(?:(?P<mark>\s*[.:–—-])\s*(?P<titled>\S.*)?|\s+(?P<rest>\S.*))?"
)
_NUMBERED = re.compile(
    r"(?P<label>(?:SECTION|Section|Sec\.|CLAUSE|Clause|§)\s*)?"
    r"(?P<number>\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+)(?P<mark>[.:)]|\s[-–—])?\s+(?=\S)"
)
_LONGEST = 100
_SENTENCE = re.compile(
    r"\b(?:shall|must|may|will|is|are|was|were|has|have|can|cannot|should|you|we|it|this|means?)\b"
)
_DEFINES = re.compile(
    r"[\"”]\s+(?:of\s.*)?(?:shall\s+)?(?:means?|has|have|includes?|refers?)\b|\bmeans?:?$"
)
_SMALL = r"(?:of|and|or|the|to|for|in|on|by|a|an|with|from|as|at|its|not|no|&|/|–|-)"
_WORD = r"[A-Z0-9“\"(][\w'’”\"&/(),-]*"
_RUN_IN = re.compile(
    rf"(?P<title>{_WORD}(?:\s+(?:{_WORD}|{_SMALL})){{0,9}})(?<!\b[A-Z])[.:]\s+(?=[A-Z\"“(])"
)
_MARKS = frozenset("=-~^*#+_`'\"")
_LETTERS = re.compile(r"[^\W_]")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")


@attrs.frozen
class Numbered:
    """What a line begins with.

    Attributes:
        number: As it is written, such as `4.1` or `IV`.
        label: It is that of a part with a name of its own, such as an article.
        end: The characters that it takes, with what parts it from what it heads.
        mark: What stands directly behind it.
        labelled_section: The word “Section” or the like stands before it.
    """

    number: str
    label: bool
    end: int
    mark: str = ""
    labelled_section: bool = False

    @property
    def depth(self) -> int:
        """How many numbers it consists of."""
        return self.number.count(".") + 1


def read_number(text: str) -> Numbered | None:
    """Read the number that a line begins with; None without one."""
    if text[0] in "ACPSE":
        found = _LABELLED.fullmatch(text)
        if found is not None:
            rest, mark = found["rest"], found["mark"]
            # "Part A of the form" goes on as a sentence does.
            if rest is not None and rest[0].islower():
                return None
            behind = found["titled"] or rest
            end = len(text) - len(behind) if behind else len(text)
            return Numbered(found["number"], label=True, end=end, mark=(mark or "").strip())
    if not (text[0].isdigit() or text[0] in "SC§" or text[1:2] == "."):
        return None
    found = _NUMBERED.match(text)
    if found is None:
        return None
    return Numbered(
        found["number"],
        label=False,
        end=found.end(),
        mark=(found["mark"] or "").strip(),
        labelled_section=found["label"] is not None,
    )


def is_title(text: str, *, numbered: bool = False) -> bool:
    """Tell whether words can be a title: few of them, and no sentence.

    Args:
        text: The words.
        numbered: They stand behind a number; a colon behind them begins a list.
    """
    if (
        not text
        or len(text) > _LONGEST
        or not (text[0].isupper() or text[0] in "\"“‘'<[(" or text[0].isdigit())
    ):
        return False
    if text[-1] in ",;" or (text[-1] == ":" and numbered) or "  " in text.strip() or "=" in text:
        return False
    if _DEFINES.search(text):
        return False
    if text[-1] in ".!?":
        most = 12 if is_title_case(text) else 6
        return len(text.split()) <= most and _SENTENCE.search(text) is None
    return len(text.split()) <= 14 and not (len(text.split()) > 4 and _SENTENCE.search(text))


def is_phrase(text: str) -> bool:
    """Tell whether a title is no sentence, however short, and does not announce anything."""
    return text[-1] not in ":?!>" and _SENTENCE.search(text) is None


def is_line_title(text: str) -> bool:
    """Tell whether words that a line underlines are a title, which may be of any kind."""
    return len(text) <= 120 and "  " not in text.strip() and _LETTERS.search(text) is not None


def is_capitals(text: str) -> bool:
    """Tell whether a line is a title in capital letters."""
    return (
        text.isupper()
        and len(text) <= _LONGEST
        and text[-1] not in ".,;"
        and text[0].isalpha()
        and sum(map(str.isalpha, text)) >= max(4, len(text) * 6 // 10)
        and "  " not in text
        and "_" not in text
    )


def is_title_case(text: str) -> bool:
    """Tell whether the words of a title are capitalised, small ones apart."""
    words = _LONG_WORD.findall(text)
    return bool(words) and all(
        word[0].isupper() or word in {"with", "from", "into", "that", "this"} for word in words
    )


def run_in_title(text: str) -> int:
    """How many characters of a paragraph are a title on its first line: `Licence Grant. You may …`."""
    found = _RUN_IN.match(text)
    if found is None or not is_title_case(found["title"]):
        return 0
    return found.end("title")


def underline(text: str, title: str) -> str:
    """The character with which a line underlines a title; empty if it does not."""
    mark = text[:1]
    if mark not in _MARKS or len(text) < 3 or text.strip(mark):
        return ""
    return mark if len(text) * 2 >= len(title) else ""
