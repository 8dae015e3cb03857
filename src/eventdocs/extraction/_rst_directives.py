"""Directives of reStructuredText: which of them hold what, and what stands in their heads."""

from __future__ import annotations

import re

import attrs

from eventdocs.extraction._rst_lines import Lines

__all__ = ["FIELD", "KEEPS_TITLES", "OPAQUE", "TITLED", "WITHOUT_ARGUMENT", "Head", "head"]

FIELD = re.compile(r":(?![: ])(?P<name>(?:[^:\\]|\\.|:(?!(?:[ `]|$)))*)(?<! ):(?: +|$)")

OPAQUE = frozenset(
    (
        "aafig actdiag alias autosummary bibliography blockdiag bokeh-plot code code-block code-cell "
        "command-output contents csv-table currentlibrary currentmodule cssclass date ditaa digraph doctest "
        "embed exec exec_code footbibliography function-index glossary graph graphviz highlight highlightlang "
        "image include index inheritance-diagram ipython jinja jupyter-execute kernel-doc kernel-feat "
        "kernel-figure kernel-include kernel-render literalinclude math mermaid meta nbplot nwdiag packetdiag "
        "parsed-literal plantuml plot productionlist program program-output prompt raw runblock sectnum "
        "sectionauthor seqdiag sourcecode tabularcolumns target-notes testcleanup testcode testoutput "
        "testsetup title toctree todolist try_examples uml unicode video youtube "
        "argparse click automodule autoclass autofunction autoexception automethod autoattribute autodata "
        "autodoc automodapi automodsumm autoprogram doxygenfunction doxygenstruct doxygenclass doxygenfile "
        "doxygenenum doxygentypedef doxygendefine doxygengroup doxygennamespace"
    ).split()
)
"""What these hold is read by itself, or is no text at all."""

WITHOUT_ARGUMENT = frozenset(
    (
        "attention caution danger error hint important note tip warning seealso glossary math epigraph "
        "highlights pull-quote compound parsed-literal hlist productionlist line-block legend header footer "
        "meta todo autosummary toctree centered acks replace unicode"
    ).split()
)
"""What stands behind the colons of these belongs to their content."""

TITLED = frozenset(
    (
        "admonition topic sidebar rubric table list-table csv-table flat-table versionadded versionchanged "
        "deprecated versionremoved deprecated-removed centered dropdown card tab tab-item tabbed collapse "
        "theorem lemma corollary definition remark conjecture algorithm axiom property observation "
        "proposition assumption criterion proof example exercise solution"
    ).split()
)
"""What stands behind the colons of these is text."""

KEEPS_TITLES = frozenset({"only", "ifconfig", "if-builder", "container", "class", "rst-class"})
"""Headings in these belong to the document."""


@attrs.frozen(eq=False)
class Head:
    """What stands in a directive.

    Attributes:
        argument: What stands behind the colons, and below them up to the options.
        options: The fields below that.
        fields: Their lines.
        content: What is left; may be empty.
    """

    argument: Lines | None
    options: dict[str, str]
    fields: Lines
    content: Lines


def head(name: str, lines: Lines, *, apart: bool) -> Head:
    """Part what stands in a directive.

    Args:
        name: The directive.
        lines: All of it, from what stands behind the colons on.
        apart: A blank line stands before it, so that all of it is content.
    """
    if apart:
        return Head(None, {}, lines.part(0, 0), lines)
    first = next((at for at, text in enumerate(lines.texts) if not text), len(lines))
    fields = next((at for at in range(first) if FIELD.match(lines.texts[at])), first)
    options: dict[str, str] = {}
    last = ""
    for text in lines.texts[fields:first]:
        found = FIELD.match(text)
        if found:
            last = found["name"].lower()
            options[last] = text[found.end() :].strip()
        elif last:
            options[last] = f"{options[last]} {text.strip()}".strip()
    if name in WITHOUT_ARGUMENT and not options:
        return Head(None, options, lines.part(0, 0), lines)
    return Head(
        lines.part(0, fields) if fields else None,
        options,
        lines.part(fields, first),
        lines.part(first, len(lines)).trimmed(),
    )
