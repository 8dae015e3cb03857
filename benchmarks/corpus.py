"""`python -m benchmarks.corpus`: F1 of extraction on real documents whose truth is known.

The documents, the truth and the scorer are a folder of their own, beside this project. Each
document is extracted through the public interface, written in the scorer's words and
compared; the status is 1 if a figure is below what can be reached. `--keep` keeps what was written.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import attrs

from eventdocs.extraction import Extraction, extract
from eventdocs.ir import CrossReference, Definition, Formula, Table

__all__ = ["FOLDER", "Figure", "predict", "score"]

FOLDER = Path(__file__).parent.parent.parent / "shared" / "corpus"
"""Where the documents are by default."""

Prediction: TypeAlias = dict[str, list[dict[str, Any]]]  # as the scorer reads it

_MARKUP = {
    ("formulas", "F1"): 0.99,
    ("definitions", "F1"): 0.99,
    ("tables", "F1"): 0.95,
    ("tables", "cells"): 0.95,
    ("xrefs", "F1"): 0.95,
    ("variables", "F1"): 0.99,
}
TARGETS: Mapping[str, Mapping[tuple[str, str], float]] = {
    "markdown": _MARKUP,
    "myst": _MARKUP,
    "rst": _MARKUP,
    "html": {
        ("formulas", "F1"): 0.98,
        ("definitions", "F1"): 0.99,
        ("tables", "F1"): 0.98,
        ("tables", "cells"): 0.98,
        ("xrefs", "F1"): 0.98,
    },
    "latex": {
        ("formulas", "F1"): 0.96,
        ("formulas", "softF1"): 0.98,
        ("definitions", "F1"): 0.99,
        ("tables", "F1"): 0.95,
        ("tables", "cells"): 0.90,
        ("xrefs", "F1"): 0.98,
        ("variables", "F1"): 0.99,
    },
    "docx": {
        ("formulas", "F1"): 0.96,
        ("definitions", "F1"): 0.98,
        ("tables", "F1"): 0.98,
        ("tables", "cells"): 0.98,
        ("xrefs", "F1"): 0.95,
    },
    "text": {("definitions", "F1"): 0.85, ("tables", "F1"): 0.70, ("xrefs", "F1"): 0.85},
    "pdf": {
        ("formulas", "softF1"): 0.40,
        ("definitions", "F1"): 0.50,
        ("tables", "F1"): 0.30,
        ("xrefs", "F1"): 0.90,
    },
}
"""What each format should reach, by kind and measure."""


CONCEDED: Mapping[tuple[str, str, str], tuple[float, str]] = {
    ("docx", "formulas", "F1"): (
        0.95,
        "LaTeXML lists the formulas of captions twice, and two labels of braces otherwise",
    ),
    ("myst", "definitions", "F1"): (
        0.90,
        "the truth lacks the definition list in a block with attributes",
    ),
    ("myst", "xrefs", "F1"): (
        0.85,
        "the truth takes three links to targets of the document for links to files",
    ),
    ("rst", "xrefs", "F1"): (
        0.93,
        "pandoc takes column specifications of `tabularcolumns` for substitutions",
    ),
}
"""Where the truth errs: what can be reached, and why no more."""


@attrs.frozen(kw_only=True)
class Figure:
    """How well one kind of entity is read from one format.

    Attributes:
        format: As the corpus calls it.
        kind: What is compared.
        measure: Exact or soft F1, or F1 over the cells of tables.
        truth: How many there are.
        value: What was reached.
        target: What should be; None where nothing was set.
        concession: Why the truth itself keeps the target out of reach; empty if it does not.
        reachable: What can be reached all the same.
    """

    format: str
    kind: str
    measure: str
    truth: int
    value: float
    target: float | None
    concession: str
    reachable: float | None

    @property
    def is_missed(self) -> bool:
        """Whether the value is below its target."""
        return self.target is not None and self.value < self.target

    @property
    def is_failure(self) -> bool:
        """Whether the value is below what can be reached."""
        return self.reachable is not None and self.value < self.reachable


def predict(extraction: Extraction, truth: Mapping[str, Any]) -> Prediction:
    """Write what a document means in the scorer's words.

    Args:
        extraction: The document.
        truth: How the truth writes formulas and tells references apart.
    """
    is_read = truth.get("formula_mode") == "plain" or truth["format"] == "text"
    # What only words tell has no place in a truth that was made from markup.
    told_by_words = is_read or extraction.media_type == "application/pdf"
    methods = {"markup", "layout", "pattern"} if told_by_words else {"markup"}
    forms = None if is_read else ("deflist", "glossary")
    formulas = {
        each.id.entity_id: each for each in extraction.ir.entities if isinstance(each, Formula)
    }
    prediction: Prediction = {"formulas": [], "definitions": [], "tables": [], "xrefs": []}
    for each in extraction.ir.entities:
        if isinstance(each, Table):
            prediction["tables"].append(_table(each, formulas))
        elif each.prov.method not in methods:
            continue
        elif isinstance(each, Formula):
            prediction["formulas"].append(_formula(each, plain=is_read))
        elif isinstance(each, Definition):
            if forms is None or each.form in forms:
                term = _term(each, formulas.values())
                prediction["definitions"].append({"term": term, "definition": each.body})
        elif isinstance(each, CrossReference) and _is_inside(each):
            prediction["xrefs"].append(_reference(each, truth))
    if extraction.media_type == "text/html":
        # Where there is no markup for references, the links within the page are meant.
        links = [each for each in prediction["xrefs"] if each["target"].startswith("#")]
        prediction["xrefs"] = links
    return prediction


def _is_inside(reference: CrossReference) -> bool:
    """Whether the corpus counts a reference: neither addresses nor notes are in its truth."""
    return reference.reference_type not in ("url", "footnote") and not reference.target_document


def _reference(reference: CrossReference, truth: Mapping[str, Any]) -> dict[str, Any]:
    # The anchors of terms, as the tool names them that the truth of MyST comes from.
    is_term = truth["format"] == "myst" and reference.reference_type == "definition"
    return {
        "target": f"term-{reference.raw_target}" if is_term else reference.raw_target,
        "text": reference.text,
        "kind": "citation" if reference.reference_type == "citation" else "internal",
    }


def _formula(formula: Formula, *, plain: bool) -> dict[str, Any]:
    symbols = [each.symbol for each in formula.variables]
    if formula.defines is not None:
        symbols.append(formula.defines)
    return {
        "latex": formula.raw if plain else formula.latex,
        "display": formula.display,
        "label": formula.id.anchor,
        # A base may begin with the name of its alphabet.
        "variables": [each.base.rpartition(":")[2] for each in symbols],
    }


def _term(definition: Definition, formulas: Iterable[Formula]) -> str:
    """The term, or its LaTeX where it is a symbol."""
    if definition.symbol is None:
        return definition.term
    start, end = definition.span.start or 0, definition.span.end or 0
    within = (each for each in formulas if start <= (each.span.start or 0) < end)
    first = min(within, key=lambda each: each.span.start or 0, default=None)
    return definition.term if first is None else f"${first.latex}$"


def _table(table: Table, formulas: Mapping[UUID, Formula]) -> dict[str, Any]:
    cells = [
        {
            "r": each.row,
            "c": each.col,
            "rs": each.row_span,
            "cs": each.col_span,
            "text": _cell(each.text, [formulas[number] for number in each.formulas]),
            "header": each.header != "none",
        }
        for each in table.cells
    ]
    # The truth fills rows that are too short; this library leaves them as they are.
    taken = {
        (row, column)
        for each in table.cells
        for row in range(each.row, each.row + each.row_span)
        for column in range(each.col, each.col + each.col_span)
    }
    cells += [
        {"r": row, "c": column, "rs": 1, "cs": 1, "text": "", "header": False}
        for row in range(table.n_rows)
        for column in range(table.n_cols)
        if (row, column) not in taken
    ]
    return {"rows": table.n_rows, "cols": table.n_cols, "cells": cells}


def _cell(text: str, formulas: Sequence[Formula]) -> str:
    """The text of a cell, its formulas as LaTeX."""
    at = 0
    for each in formulas:
        plain = " ".join(each.text.split())
        found = text.find(plain, at)
        if found >= 0:
            latex = f"${each.latex}$"
            text = text[:found] + latex + text[found + len(plain) :]
            at = found + len(latex)
    return text


def score(corpus: Path, predictions: Path) -> list[Figure]:
    """Extract all documents of the corpus, and let its scorer compare them with the truth."""
    for listed in json.loads((corpus / "manifest.json").read_text()):
        truth = json.loads((corpus / "truth" / f"{listed['doc_id']}.json").read_text())
        path = corpus / listed["file"]
        extraction = extract(path.read_bytes(), source_name=path.name)
        prediction = predict(extraction, truth)
        (predictions / f"{listed['doc_id']}.json").write_text(json.dumps(prediction))
    result = predictions / "scores.out"
    command = [sys.executable, str(corpus / "score.py"), str(predictions), "--json", str(result)]
    subprocess.run(command, check=True, capture_output=True)
    return [*_figures(json.loads(result.read_text())["aggregate"])]


def _figures(scores: Mapping[str, Mapping[str, Any]]) -> Iterable[Figure]:
    for name, values in sorted(scores.items()):
        form, kind = name.split("/")
        if form == "ALL":
            continue
        targets = TARGETS.get(form, {})
        measured: dict[str, Any] = {"F1": values["F1"], "softF1": values["softF1"]}
        if kind == "tables":
            measured["cells"] = float(values["extra"].partition("cellF1=")[2].split()[0])
        for measure, value in measured.items():
            target = targets.get((kind, measure))
            reachable, concession = CONCEDED.get((form, kind, measure), (target, ""))
            if value is not None and (measure != "softF1" or target is not None):
                yield Figure(
                    format=form,
                    kind=kind,
                    measure=measure,
                    truth=values["truth"],
                    value=math.floor(value * 1000) / 1000,
                    target=target,
                    concession=concession,
                    reachable=reachable,
                )


_CODES = {
    "dangling_reference": "dangling-reference",
    "duplicate_label": "duplicate-anchor",
    "inconsistent_table": "ragged-row",
    "undefined_variable": "undefined-variable",
}


def overlooked(corpus: Path) -> tuple[list[str], int]:
    """Name the planted defects that are not found, and say how many there are in all.

    A defect is found if it is a finding of its copy, and not of the document it is a copy of.
    """
    planted = json.loads((corpus / "validation" / "truth.json").read_text())
    missed: list[str] = []
    for each in planted:
        before, after = (
            extract((corpus / each[name]).read_bytes(), source_name=each[name]).ir.issues
            for name in ("base", "file")
        )
        known = {issue.fingerprint for issue in before}
        code = _CODES[each["defect"]]
        if not any(issue.code == code and issue.fingerprint not in known for issue in after):
            missed.append(each["id"])
    return missed, len(planted)


def table(figures: Iterable[Figure]) -> str:
    """Lay the figures out as a table of Markdown."""
    names = {"xrefs": "references"}
    lines = [
        "| format | kind | measure | in the truth | reached | target |",
        "|---|---|---|--:|--:|--:|",
    ]
    for each in figures:
        target = "" if each.target is None else f"{each.target:.2f}"
        reached = f"{each.value:.3f}" + (" (missed)" if each.is_missed else "")
        measure = {"F1": "exact", "softF1": "soft", "cells": "cells"}[each.measure]
        kind = names.get(each.kind, each.kind)
        kind += f" ({each.concession})" if each.is_missed and each.concession else ""
        lines.append(
            f"| {each.format} | {kind} | {measure} | {each.truth} | {reached} | {target} |"
        )
    return "\n".join(lines)


def _main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.corpus", description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--keep", type=Path, help="folder for the predictions")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        predictions = arguments.keep or Path(temporary)
        predictions.mkdir(parents=True, exist_ok=True)
        figures = score(arguments.corpus, predictions)
    print(table(figures))
    missed, planted = overlooked(arguments.corpus)
    print(f"\nPlanted defects found: {planted - len(missed)} of {planted}")
    for name in missed:
        print(f"- not found: {name}")
    return 1 if any(each.is_failure for each in figures) else 0


if __name__ == "__main__":
    sys.exit(_main())
