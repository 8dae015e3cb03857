"""Clauses of plain text: numbered paragraphs that the text calls sections."""

from __future__ import annotations

from collections.abc import Sequence

from eventdocs.extraction._plain_text_nodes import Heading, Item, Node, Paragraph
from eventdocs.extraction._plain_text_titles import run_in_title

__all__ = ["read_clauses"]


def read_clauses(nodes: list[Node], words: Sequence[str]) -> list[Node]:
    """Read numbered paragraphs as clauses, in a document that has no other numbered parts.

    Args:
        nodes: The blocks of a document that refers to sections by their numbers.
        words: Its lines.
    """
    if any(
        isinstance(node, Heading) and node.number and node.style != "labelled" for node in nodes
    ):
        return nodes
    best: list[int] = []
    runs: dict[int, list[int]] = {}
    for at, node in enumerate(nodes):
        if not isinstance(node, Item) or not node.number.isdecimal() or words[node.row - 1]:
            continue
        run = runs.setdefault(node.indent, [])
        number = int(node.number)
        before = nodes[run[-1]] if run else None
        if isinstance(before, Item) and int(before.number) + 1 == number:
            run.append(at)
        elif number <= 1:
            runs[node.indent] = run = [at]
        if len(run) > len(best):
            best = run
    chosen = set(best) if len(best) > 2 and _are_long(nodes, best, words) else set[int]()
    result: list[Node] = []
    for at, node in enumerate(nodes):
        if at in chosen and isinstance(node, Item):
            text = words[node.row]
            title = run_in_title(text[node.cut :])
            end = node.cut + title if title else text.index(node.number) + len(node.number)
            shown = len(text[:end].rstrip())
            heading = Heading(
                node.row, 0, shown, "numbered", (node.row, node.row + 1), number=node.number
            )
            result.append(heading)
            following = nodes[at + 1]
            if title and isinstance(following, Paragraph):
                nodes[at + 1] = Paragraph(
                    following.first, following.end, following.indent, node.cut + title
                )
        else:
            result.append(node)
    return result


def _are_long(nodes: Sequence[Node], items: Sequence[int], words: Sequence[str]) -> bool:
    """Whether the texts of items are paragraphs, and not the points of a list."""
    texts = [node for at in items if isinstance(node := nodes[at + 1], Paragraph)]
    n_lines = sum(node.end - node.first for node in texts)
    length = sum(len(words[row]) for node in texts for row in range(node.first, node.end))
    return n_lines * 2 >= len(items) * 3 or length >= len(items) * 80
