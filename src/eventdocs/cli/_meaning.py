"""A document's meaning, laid out for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eventdocs.cli._output import Column, Output, grid

if TYPE_CHECKING:
    from eventdocs.cli._facts import (
        DefinitionFacts,
        Facts,
        FindingFacts,
        FormulaFacts,
        ReferenceFacts,
        TableFacts,
        VariableFacts,
    )

MOST_ROWS = 20

_LINE = Column(title="Line", right=True)
_FORMS = {"table_row": "table", "deflist": "list"}
_SEVERITIES = ("error", "warning", "info")


def show_facts(output: Output, facts: Facts, *, inline: bool = False) -> None:
    """Show everything; inline formulas only if *inline*, for there are many of them."""
    show_definitions(output, facts.definitions)
    show_formulas(output, facts.formulas, inline=inline)
    show_tables(output, facts.tables)
    show_references(output, facts.references)
    show_findings(output, facts.findings)


def show_definitions(output: Output, definitions: Sequence[DefinitionFacts]) -> None:
    """Show terms and symbols with their meanings."""
    output.heading(f"Definitions ({len(definitions)})")
    output.grid(
        grid(
            _LINE,
            "Term",
            "Meaning",
            "Form",
            rows=[
                (each.line, _term(each), _body(each), _FORMS.get(each.form, each.form))
                for each in definitions
            ],
        )
    )


def _term(definition: DefinitionFacts) -> str:
    symbol = definition.symbol
    if symbol is None or symbol == definition.term:
        return definition.term
    return f"{definition.term} ({symbol})" if definition.form == "table_row" else symbol


def _body(definition: DefinitionFacts) -> str:
    unit = definition.unit if definition.form == "table_row" else None
    return f"{definition.body} {unit}" if unit else definition.body


def show_formulas(output: Output, formulas: Sequence[FormulaFacts], *, inline: bool) -> None:
    """Show formulas, and below each its variables with where they come from."""
    displayed = [each for each in formulas if each.display]
    shown = formulas if inline else displayed
    hidden = len(formulas) - len(shown)
    beside = f", and {hidden} inline" if hidden else ""
    output.heading(f"Formulas ({len(shown)}{beside})")
    if not shown:
        output.line("  none", style="dim")
    for each in shown:
        number = f"({each.number})  " if each.number else ""
        output.line(f"  {number}{each.text}", style="cyan")
        output.line(f"    line {each.line}, {each.section}", style="dim")
        output.pairs([(variable.symbol, _origin(variable)) for variable in each.variables])


def _origin(variable: VariableFacts) -> str:
    match variable.state:
        case "resolved":
            return variable.origin
        case "ambiguous":
            return f"ambiguous: {variable.origin}"
        case "undefined":
            return "UNDEFINED: nothing in the document says what it is"
        case "unknown":
            return "not said"
        case other:
            return other


def show_tables(output: Output, tables: Sequence[TableFacts]) -> None:
    """Show tables with their cells; of long ones, the first rows."""
    output.heading(f"Tables ({len(tables)})")
    if not tables:
        output.line("  none", style="dim")
    for each in tables:
        number = f"Table {each.number}" if each.number else ""
        name = ": ".join(filter(None, (number, each.caption))) or "without a caption"
        output.line(f"  {name}", style="cyan")
        output.line(f"    line {each.line}, {each.section}", style="dim")
        columns = [
            Column(title=title, right=is_numeric)
            for title, is_numeric in zip(each.columns, each.is_numeric, strict=True)
        ]
        output.grid(grid(*columns, rows=each.rows[:MOST_ROWS]), empty="no rows")
        if len(each.rows) > MOST_ROWS:
            output.line(f"  … {len(each.rows) - MOST_ROWS} more rows", style="dim")
        output.line()


def show_references(output: Output, references: Sequence[ReferenceFacts]) -> None:
    """Show references with what they point at."""
    counts = Counter(_state(each) for each in references)
    summary = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    output.heading(f"References ({summary or 0})")
    output.grid(
        grid(
            _LINE,
            "Reference",
            "Kind",
            "State",
            "Points at",
            rows=[
                (each.line, each.text or each.raw_target, each.type, _state(each), _pointed(each))
                for each in references
            ],
        )
    )


def _state(reference: ReferenceFacts) -> str:
    if reference.state != "ignored":
        return reference.state
    return "unchecked" if reference.type == "figure" else "resolved"


def _pointed(reference: ReferenceFacts) -> str:
    return reference.points_at or (reference.raw_target if reference.state == "dangling" else "")


def show_findings(output: Output, findings: Sequence[FindingFacts]) -> None:
    """Show what is wrong, the worst first."""
    output.heading(f"Findings ({summary_of(findings)})")
    worst_first = sorted(findings, key=lambda each: _SEVERITIES.index(each.severity))
    output.grid(
        grid(
            "Severity",
            Column(title="Code", keep=True),
            _LINE,
            "Section",
            "What is wrong",
            rows=[
                (each.severity, each.code, each.line, each.section, with_suggestion(each))
                for each in worst_first
            ],
        )
    )


def summary_of(findings: Sequence[FindingFacts]) -> str:
    """Count findings by severity."""
    counts = Counter(each.severity for each in findings)
    plural = {"error": "errors", "warning": "warnings", "info": "infos"}
    parts = [
        f"{counts[each]} {each if counts[each] == 1 else plural[each]}"
        for each in _SEVERITIES
        if counts[each]
    ]
    return ", ".join(parts) or "none"


def with_suggestion(finding: FindingFacts) -> str:
    """Join what is wrong with what to do about it."""
    return f"{finding.message} {finding.suggestion}".strip()
