"""Documents of every format, and the digests of what they mean.

`python -m tests.extraction.golden` writes the digests anew; `--print` only shows them.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs

from eventdocs.extraction import extract
from eventdocs.ir import DocumentIR, to_json
from tests.extraction.docx_builder import docx

FILE = Path(__file__).with_name("golden.json")

_HTML = """\
<!doctype html><html><head><title>Index</title></head><body>
<h1 id="rules">1 Rules</h1>
<p>The weight is <math><msub><mi>w</mi><mi>i</mi></msub><mo>=</mo>
<mfrac><msub><mi>M</mi><mi>i</mi></msub><mi>D</mi></mfrac></math>; see <a href="#caps">Caps</a>
and <a href="#nowhere">nothing</a>.</p>
<dl><dt>Divisor</dt><dd>What keeps the level comparable.</dd></dl>
<table id="caps"><caption>Table 1: Caps</caption>
<tr><th>Symbol</th><th>Value</th><th>Since</th></tr>
<tr><td>\\(D\\)</td><td>1,000.50</td><td>2024-02-29</td></tr>
<tr><td rowspan="2">\\(c\\)</td><td>5 %</td><td></td></tr><tr><td>8 %</td><td></td></tr>
</table></body></html>
"""

_RST = """\
Index
=====

.. glossary::

   Divisor
      What keeps the :term:`Level` comparable.

.. math:: L_t = \\frac{\\hat{\\sigma}_{i,t}}{D}
   :label: level

See :eq:`level` and :ref:`nowhere`.

+--------+-------+
| Symbol | Value |
+========+=======+
| c      | 5 %   |
+--------+-------+
"""

_LATEX = r"""\documentclass{article}
\newcommand{\weight}[1]{w_{#1}}
\begin{document}
\section{Rules}\label{sec:rules}
\begin{equation}\label{eq:weight} \weight{i} = \frac{M_i}{D} \end{equation}
where $M_i$ is the market value. See~\eqref{eq:weight}, Section~\ref{sec:rules} and \ref{none}.
\begin{description}\item[Divisor] What keeps the level comparable.\end{description}
\begin{tabular}{lr} Symbol & Value \\ \hline $D$ & 1.5 \end{tabular}
\end{document}
"""

_DOCX = docx(
    '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Rules</w:t></w:r></w:p>'
    "<w:p><w:r><w:t>“Divisor” means the number that keeps the level comparable.</w:t></w:r></w:p>"
    "<w:p><m:oMathPara><m:oMath><m:r><m:t>w=M/D</m:t></m:r></m:oMath></m:oMathPara></w:p>"
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Symbol</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
)


def documents() -> Mapping[str, bytes]:
    """The documents that the demo shows, and a small one of each other format."""
    demo = importlib.resources.files("eventdocs.cli").joinpath("demo")
    shipped = {each.name: each.read_bytes() for each in demo.iterdir()}
    return {
        **dict(sorted(shipped.items())),
        "small.docx": _DOCX,
        "small.html": _HTML.encode(),
        "small.rst": _RST.encode(),
        "small.tex": _LATEX.encode(),
    }


def meanings() -> dict[str, DocumentIR]:
    """What the documents mean."""
    return {name: extract(data, source_name=name).ir for name, data in documents().items()}


def digests() -> dict[str, str]:
    """The SHA-256 of each meaning's JSON, without the versions of parsers underneath."""
    return {
        name: hashlib.sha256(to_json(_without_libraries(ir))).hexdigest()
        for name, ir in meanings().items()
    }


def _without_libraries(ir: DocumentIR) -> DocumentIR:
    entities = [attrs.evolve(e, prov=attrs.evolve(e.prov, library="")) for e in ir.entities]
    return attrs.evolve(ir, entities=tuple(entities))


if __name__ == "__main__":
    written = json.dumps(digests(), indent=2) + "\n"
    if "--print" in sys.argv:
        sys.stdout.write(written)
    else:
        FILE.write_text(written)
