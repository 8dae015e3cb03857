"""Formulas: from the LaTeX in a document to what is known about it."""

from __future__ import annotations

import re
from functools import lru_cache

import attrs

from eventdocs.extraction._latex import convertible, plain_letters
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._linear import linear
from eventdocs.extraction._macros import ExpansionLimitError, Macros
from eventdocs.extraction._math_tree import Node, parse_latex
from eventdocs.extraction._statements import Statement, called_symbol
from eventdocs.extraction._symbols import symbol_of
from eventdocs.extraction._units import known_unit
from eventdocs.extraction._variables import usage
from eventdocs.ir import Formula, Identity, Notation, Provenance, SourceSpan, Symbol, Variable

__all__ = ["FormulaReader", "ReadFormula", "read_symbol"]

_NESTING = re.compile(r"[{}]|\\(?:begin|left|end|right)(?![A-Za-z])")
_DEEPEST = 60


@attrs.frozen
class ReadFormula:
    """What is known about a formula apart from its place.

    Attributes:
        latex: Without the document's own macros, letters in their plain form.
        mathml: None if it could not be read.
        text: Linear plain text.
        tree: What it is made of; None if it could not be read.
        statements: Its equations.
        variables: Its symbols.
        macros: Names of the macros that were expanded.
        understood: Whether every command in it is known.
        unit: The unit it ends in, if any.
    """

    latex: str
    mathml: str | None
    text: str
    tree: Node | None = None
    statements: tuple[Statement, ...] = ()
    variables: tuple[Variable, ...] = ()
    macros: tuple[str, ...] = ()
    understood: bool = False
    unit: str | None = None

    @property
    def defines(self) -> Symbol | None:
        """The symbol that its first equation defines."""
        return self.statements[0].defines if self.statements else None

    @property
    def relation(self) -> str | None:
        """The relation sign of its first equation."""
        return self.statements[0].relation if self.statements else None

    @property
    def symbol(self) -> Symbol | None:
        """The symbol it consists of; None if it is more than one."""
        return symbol_of(self.tree) if self.tree is not None else None

    @property
    def called(self) -> Symbol | None:
        """The function it names with its arguments, such as `f(x)`; None if it is more."""
        return called_symbol(self.tree) if self.tree is not None else None

    def entity(
        self,
        *,
        identity: Identity,
        span: SourceSpan,
        prov: Provenance,
        section: tuple[str, ...],
        raw: str,
        notation: Notation,
        display: bool,
        number: str | None,
    ) -> Formula:
        """Make an entity of it; the arguments say where it stands and who has found it."""
        return Formula(
            id=identity,
            span=span,
            prov=prov,
            section=section,
            raw=raw,
            notation=notation,
            display=display,
            number=number,
            latex=self.latex.strip(),
            mathml=self.mathml,
            text=self.text,
            defines=self.defines,
            relation=self.relation,
            variables=self.variables,
            unit=self.unit,
            macros=self.macros,
            parsed="opaque" if self.mathml is None else "tree" if self.understood else "tokens",
        )


class FormulaReader:
    """Reads the formulas of one document, which share its macros."""

    def __init__(self, limits: Limits) -> None:
        self.macros = Macros(max_depth=limits.max_macro_depth, max_length=limits.max_formula_length)
        self._longest = limits.max_formula_length
        self._read: dict[tuple[str, bool], ReadFormula] = {}

    def read(self, latex: str, *, display: bool) -> ReadFormula:
        """Read LaTeX without delimiters; what cannot be read comes back as it is."""
        known = self._read.get((latex, display))
        if known is None:
            known = self._read[latex, display] = self._fresh(latex, display=display)
        return known

    def _fresh(self, latex: str, *, display: bool) -> ReadFormula:
        if len(latex) > self._longest:
            return ReadFormula(latex=latex, mathml=None, text=" ".join(latex.split()))
        try:
            expanded, used = self.macros.expand(latex)
        except ExpansionLimitError:
            return ReadFormula(latex=latex, mathml=None, text=" ".join(latex.split()))
        read = _read(plain_letters(expanded), display=display)
        return attrs.evolve(read, macros=used) if used else read


def read_symbol(latex: str) -> Symbol | None:
    """Read LaTeX that is one symbol; None if it is anything else."""
    return _read(latex, display=False).symbol


@lru_cache(maxsize=4096)
def _read(latex: str, *, display: bool) -> ReadFormula:
    opaque = ReadFormula(latex=latex, mathml=None, text=" ".join(latex.split()))
    if _too_deep(latex):
        return opaque
    try:
        mathml, tree = parse_latex(convertible(latex), display=display)
        used = usage(tree)
        text = linear(tree)
    except Exception:  # noqa: BLE001 - broken LaTeX makes the converter raise anything
        return opaque
    if not text:
        return opaque
    understood = not any(
        node.kind == "operator" and node.text.startswith("\\") for node in tree.walk()
    )
    return ReadFormula(
        latex=latex,
        mathml=mathml,
        text=text,
        tree=tree,
        statements=used.statements,
        variables=used.variables,
        understood=understood,
        unit=_unit(tree),
    )


def _too_deep(latex: str) -> bool:
    depth = 0
    for found in _NESTING.finditer(latex):
        depth += -1 if found[0] in {"}", r"\end", r"\right"} else 1
        if depth > _DEEPEST:
            return True
    return False


def _unit(tree: Node) -> str | None:
    last = tree.children[-1] if tree.kind == "row" and tree.children else tree
    return (
        known_unit(last.text)
        if last.kind in {"text", "operator", "identifier"}
        and len(last.text) > (last.kind == "identifier")
        else None
    )
