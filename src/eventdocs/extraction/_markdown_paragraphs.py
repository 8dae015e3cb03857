"""Block rules: paragraphs and underlined headings, in one walk over their lines."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

__all__ = ["add_paragraph_rules"]

_INTERRUPTERS = frozenset("`~:$\\{}>#*-+_<|=%[(0123456789!")
"""What a line must begin with to end the paragraph before it, tables apart."""


def add_paragraph_rules(md: MarkdownIt) -> None:
    """Let *md* read paragraphs and underlined headings by one rule instead of two.

    The rules that this replaces ask a dozen others about every line, twice. Most lines
    begin with a letter, and no rule ends a paragraph at a letter except a table's, whose
    second line gives it away.
    """
    md.block.ruler.disable("lheading")
    md.block.ruler.at("paragraph", _paragraph)


def _paragraph(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if silent:
        return True
    underlines = not state.is_code_block(start_line)
    parent, state.parentType = state.parentType, "paragraph"
    rules = state.md.block.ruler.getRules("paragraph")
    src = state.src
    line = start_line + 1
    level = 0
    # A paragraph may go on behind the end of the container it stands in.
    while line < state.lineMax and not state.isEmpty(line):
        indent = state.sCount[line]
        if indent - state.blkIndent <= 3:
            first = src[state.bMarks[line] + state.tShift[line]]
            if underlines and first in "-=" and line < end_line and indent >= state.blkIndent:
                level = _underline(state, line, first)
                if level:
                    break
            if (
                indent >= 0
                and (first in _INTERRUPTERS or _table_begins(state, line))
                and any(rule(state, line, state.lineMax, True) for rule in rules)
            ):
                break
        line += 1
    content = state.getLines(start_line, line, state.blkIndent, False).strip(" \t\n\r\v\f")
    state.line = line + 1 if level else line
    tag = f"h{level}" if level else "p"
    kind = "heading" if level else "paragraph"
    token = state.push(f"{kind}_open", tag, 1)
    token.map = [start_line, state.line]
    token = state.push("inline", "", 0)
    token.content = content
    token.map = [start_line, line]
    token.children = []
    state.push(f"{kind}_close", tag, -1)
    state.parentType = parent
    return True


def _underline(state: StateBlock, line: int, marker: str) -> int:
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    if text.rstrip(" \t").strip(marker):
        return 0
    return 1 if marker == "=" else 2


def _table_begins(state: StateBlock, line: int) -> bool:
    below = line + 1
    if below >= state.lineMax:
        return False
    at = state.bMarks[below] + state.tShift[below]
    return at < state.eMarks[below] and state.src[at] in "|-:"
