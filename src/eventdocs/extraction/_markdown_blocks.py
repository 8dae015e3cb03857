"""Block rules: front matter, directives, displayed math and attribute lines in Markdown."""

from __future__ import annotations

import re

import attrs
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock

from eventdocs.extraction._markdown_inline_rules import ATTRIBUTES, LOOKS_LIKE_MATH

__all__ = ["Directive", "add_block_rules", "line_of"]

_FENCE = re.compile(r"(?P<fence>`{3,}|~{3,}|:{3,})(?P<rest>.*)$")
_DIRECTIVE = re.compile(r"\{(?P<name>[A-Za-z][\w:+.-]*)\}[ \t]*(?P<argument>.*)$")
_DIV = re.compile(r"(?:\{(?P<attributes>[^{}]*)\}|(?P<name>[A-Za-z][\w-]*))(?P<argument>[^`]*)$")
_OPTION = re.compile(r":(?P<name>[\w-]+):(?P<value>.*)$")
_YAML_OPTION = re.compile(r"(?P<name>[\w-]+):(?P<value>.*)$")
_ENVIRONMENT = re.compile(
    r"\\begin\{(?P<name>equation|multline|gather|alignat|align|flalign|eqnarray|displaymath"
    r"|[pbBvV]?matrix|cases|subequations)(?P<star>\*?)\}"
)
_LABEL = re.compile(r"[ \t]*\((?P<label>[^()$\n]+)\)[ \t]*$")

_MARKDOWN_INSIDE = frozenset(
    (
        "admonition attention aside card caution container danger definition-list deprecated details "
        "div dropdown epigraph error exercise exercise-end exercise-start example figure figure-md "
        "footer glossary grid grid-item grid-item-card header highlights hint important landscape "
        "list-table margin myst-example note only pull-quote question quote seealso sidebar solution "
        "solution-end solution-start subfigure tab tab-item tab-set table tabbed tip todo topic "
        "versionadded versionchanged versionremoved warning proof theorem lemma corollary definition "
        "remark conjecture algorithm axiom property observation proposition assumption criterion"
    ).split()
)
_RAW_INSIDE = frozenset(
    (
        "math code code-block code-cell sourcecode literalinclude eval-rst raw mermaid graphviz toctree "
        "bibliography include image iframe embed csv-table plantuml parsed-literal prompt"
    ).split()
)


@attrs.frozen
class Directive:
    """A directive, as `{name} argument` with its options.

    Attributes:
        name: Such as `table`; `div` for pandoc's fenced divs.
        argument: The rest of the opening line.
        options: The `:key: value` lines below it.
        start: Its first line.
        first: First line of the content.
        end: The line after the last line of the content.
        after: The line after the directive.
    """

    name: str
    argument: str
    options: dict[str, str]
    start: int
    first: int
    end: int
    after: int

    @property
    def label(self) -> str | None:
        """The name by which it is referred to."""
        return self.options.get("name") or self.options.get("label") or self.options.get("#")


def line_of(state: StateBlock, line: int) -> str:
    """The text of a line without what the blocks around it prefix it with."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def add_block_rules(md: MarkdownIt) -> None:
    """Teach *md* front matter, directives, displayed math and attribute lines."""
    interrupts: RuleOptionsType = {
        "alt": ["paragraph", "reference", "blockquote", "list", "footnote_def"]
    }
    ruler = md.block.ruler
    ruler.before("table", "front_matter", _front_matter)
    ruler.before("fence", "directive", _directive, interrupts)
    ruler.before("fence", "math", _math, interrupts)
    ruler.before("fence", "attributes", _attributes, interrupts)


def _front_matter(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Read the metadata between `---` and `---` or `...` at the very beginning."""
    if start_line or silent or state.level or line_of(state, 0).rstrip() != "---":
        return False
    if end_line < 2 or state.isEmpty(1):
        return False
    for line in range(1, end_line):
        if state.src[state.bMarks[line] : state.eMarks[line]].rstrip() in {"---", "..."}:
            token = state.push("front_matter", "", 0)
            token.map = [0, line + 1]
            token.content = state.getLines(1, line, 0, False)
            state.line = line + 1
            return True
    return False


def _is_code(state: StateBlock, line: int) -> bool:
    return state.sCount[line] - state.blkIndent >= 4


def _directive(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    at = state.bMarks[start_line] + state.tShift[start_line]
    if state.src[at : at + 1] not in {"`", "~", ":"} or _is_code(state, start_line):
        return False
    found = _FENCE.match(line_of(state, start_line))
    if found is None:
        return False
    fence, rest = found["fence"], found["rest"].strip()
    if fence[0] == ":":
        return _colon_directive(state, start_line, end_line, silent, fence, rest)
    named = _DIRECTIVE.match(rest)
    if named is None:
        return False
    name = named["name"].lower()
    if (
        name != "math"
        and name.rpartition(":")[2] not in _MARKDOWN_INSIDE
        and (not name.startswith("prf:"))
    ):
        return False
    if silent:
        return True
    close = _closing_fence(state, start_line, end_line, fence)
    _push_directive(state, name, named["argument"], {}, start_line, close, end_line)
    return True


def _colon_directive(
    state: StateBlock, start_line: int, end_line: int, silent: bool, fence: str, rest: str
) -> bool:
    rest = rest.rstrip(": \t")
    if not rest:
        # The end of a div that was never begun, or was ended before: nothing to read.
        if not silent:
            state.line = start_line + 1
        return True
    named = _DIRECTIVE.match(rest)
    options: dict[str, str] = {}
    if named is not None:
        name, argument = named["name"].lower(), named["argument"]
    else:
        div = _DIV.match(rest)
        if div is None:
            return False
        name, argument = "div", div["argument"].strip()
        attributes = ATTRIBUTES.match("{" + (div["attributes"] or "") + "}")
        if attributes is not None and attributes["id"]:
            options["#"] = attributes["id"]
        if "glossary" in (div["name"] or div["attributes"] or ""):
            name = "glossary"
    if silent:
        return True
    close = _closing_colons(state, start_line, end_line, len(fence), nested=named is None)
    _push_directive(state, name, argument, options, start_line, close, end_line)
    return True


def _closing_fence(state: StateBlock, start_line: int, end_line: int, fence: str) -> int:
    for line in range(start_line + 1, end_line):
        at = state.bMarks[line] + state.tShift[line]
        if at < state.eMarks[line] and state.sCount[line] < state.blkIndent:
            return line
        is_fence = state.src.startswith(fence, at, state.eMarks[line])
        if (
            is_fence
            and not _is_code(state, line)
            and not line_of(state, line).strip(fence[0] + " \t")
        ):
            return line
    return end_line


def _closing_colons(
    state: StateBlock, start_line: int, end_line: int, length: int, *, nested: bool
) -> int:
    """Find the end of a directive in colons.

    MyST ends it at the first bare line with enough colons, pandoc lets divs of equal
    length nest; a bare line ends the innermost one that is open.
    """
    opened: list[int] = []
    for line in range(start_line + 1, end_line):
        at = state.bMarks[line] + state.tShift[line]
        if at < state.eMarks[line] and state.sCount[line] < state.blkIndent:
            return line
        if not state.src.startswith(":::", at, state.eMarks[line]) or _is_code(state, line):
            continue
        text = state.src[at : state.eMarks[line]].strip()
        colons = len(text) - len(text.lstrip(":"))
        if len(text) > colons:
            if nested or colons < length:
                opened.append(colons)
        elif opened and colons >= opened[-1] and (nested or colons < length):
            opened.pop()
        elif colons >= length:
            return line
    return end_line


def _push_directive(
    state: StateBlock,
    name: str,
    argument: str,
    options: dict[str, str],
    start_line: int,
    close: int,
    end_line: int,
) -> None:
    ended = close < end_line and not line_of(state, close).strip("`~: \t")
    after = close + 1 if ended else close
    first = _read_options(state, start_line + 1, close, options)
    directive = Directive(name, argument, options, start_line, first, close, after)
    raw = name in _RAW_INSIDE
    token = state.push("directive" if raw else "directive_open", "div", 0 if raw else 1)
    token.map = [start_line, after]
    token.meta = {"directive": directive}
    if raw:
        token.content = state.getLines(first, close, state.sCount[start_line], False)
    else:
        parent, line_max = state.parentType, state.lineMax
        state.parentType, state.lineMax = "directive", close
        state.md.block.tokenize(state, first, close)
        state.parentType, state.lineMax = parent, line_max
        token = state.push("directive_close", "div", -1)
        token.meta = {"directive": directive}
    state.line = after


def _read_options(state: StateBlock, line: int, close: int, options: dict[str, str]) -> int:
    """Read the option lines of a directive; returns the first line of its content."""
    if line < close and line_of(state, line).rstrip() == "---":
        for end in range(line + 1, min(close, line + 100)):
            text = line_of(state, end)
            if text.rstrip() == "---":
                return end + 1
            found = _YAML_OPTION.match(text)
            if found:
                options.setdefault(found["name"], found["value"].strip().strip("\"'"))
        return line
    while line < close:
        found = _OPTION.match(line_of(state, line))
        if found is None:
            break
        options.setdefault(found["name"], found["value"].strip())
        line += 1
    return line


def _math(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    r"""Read `$$…$$`, `\[…\]` and `\begin{align}…\end{align}` that begin a line.

    They may interrupt a paragraph, and what stands behind the end on its line may only
    be a label.
    """
    start = state.bMarks[start_line] + state.tShift[start_line]
    two = state.src[start : start + 2]
    if two not in {"$$", "\\[", "\\b"} or _is_code(state, start_line):
        return False
    if two == "\\b":
        found = _ENVIRONMENT.match(state.src, start, state.eMarks[start_line])
        if found is None:
            return False
        closing = f"\\end{{{found['name']}{found['star']}}}"
        content = start
    else:
        closing = "$$" if two == "$$" else "\\]"
        content = start + 2
    place = _closing_line(state, start_line, end_line, content, closing)
    if place is None:
        return False
    line, at = place
    end = at + len(closing) if two == "\\b" else at
    label = _suffix_label(state.src[at + len(closing) : state.eMarks[line]])
    if label is None or not state.src[content:end].strip():
        return False
    if two == "\\[" and not LOOKS_LIKE_MATH.search(state.src, content, end):
        return False
    if silent:
        return True
    token = state.push("math_block", "math", 0)
    token.map = [start_line, line + 1]
    token.content = _lines_between(state, start_line, line, content, end)
    token.meta = {"content": _trimmed(state, start_line, line, content, end), "label": label}
    state.line = line + 1
    return True


def _suffix_label(text: str) -> str | None:
    """Read what may follow a formula on its last line: nothing, `(label)` or `{#label}`."""
    text = text.strip()
    if text in {"", ".", ",", ";"}:
        return ""
    found = _LABEL.match(text)
    if found:
        return found["label"]
    attributes = ATTRIBUTES.fullmatch(text)
    return (attributes["id"] or "") if attributes else None


def _closing_line(
    state: StateBlock, start_line: int, end_line: int, content: int, closing: str
) -> tuple[int, int] | None:
    """Find where a formula ends that begins at *content*: the line, and the place in it."""
    # Lines that were searched in vain are not searched again: many unclosed beginnings
    # would each walk to the end of the document.
    searched: dict[str, tuple[int, int]] = state.env.setdefault("searched", {})
    known_from, known_to = searched.get(closing, (0, 0))
    line = start_line
    if known_from <= start_line < known_to:
        line = known_to
    while line < end_line:
        at = content
        if line > start_line:
            at = state.bMarks[line] + state.tShift[line]
            blank = at >= state.eMarks[line]
            if (blank and closing == "\\]") or (not blank and state.sCount[line] < state.blkIndent):
                break
        found = state.src.find(closing, at, state.eMarks[line])
        while found > 0 and closing == "$$" and state.src[found - 1] == "\\":
            found = state.src.find(closing, found + 2, state.eMarks[line])
        if found >= 0:
            return line, found
        line += 1
    searched[closing] = (start_line, line)
    return None


def _trimmed(state: StateBlock, first: int, last: int, start: int, end: int) -> tuple[int, int]:
    """Leave out blank lines at either end, with what the blocks around prefix them with."""
    while first < last and not state.src[start : state.eMarks[first]].strip():
        first += 1
        start = state.bMarks[first] + state.tShift[first]
    while last > first and not state.src[state.bMarks[last] : end].strip():
        last -= 1
        end = state.eMarks[last]
    return start, end


def _lines_between(state: StateBlock, first: int, last: int, start: int, end: int) -> str:
    if first == last:
        return state.src[start:end]
    parts = [state.src[start : state.eMarks[first]]]
    parts += [state.src[state.bMarks[line] : state.eMarks[line]] for line in range(first + 1, last)]
    parts.append(state.src[state.bMarks[last] : end])
    return "\n".join(parts)


def _attributes(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Read a line of attributes, which belong to the block below it."""
    at = state.bMarks[start_line] + state.tShift[start_line]
    if state.src[at : at + 1] != "{" or _is_code(state, start_line):
        return False
    found = ATTRIBUTES.fullmatch(line_of(state, start_line).rstrip())
    if found is None or start_line >= end_line:
        return False
    if not silent:
        token = state.push("attributes", "", 0)
        token.content = found["id"] or ""
        token.meta = {"glossary": ".glossary" in found[0]}
        token.map = [start_line, start_line + 1]
        state.line = start_line + 1
    return True
