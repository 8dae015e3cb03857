"""TeX commands: which stand for characters, which style text, and which say nothing to a reader."""

from __future__ import annotations

import unicodedata
from typing import Literal

__all__ = [
    "CHARACTERS",
    "DECLARED_STYLES",
    "DEFINING",
    "ENVIRONMENT_ARGUMENTS",
    "IGNORED",
    "STYLES",
    "TRANSPARENT",
    "UNREAD_ENVIRONMENTS",
    "VERBATIM_ENVIRONMENTS",
    "accented",
]

CHARACTERS = {
    "%": "%", "&": "&", "$": "$", "#": "#", "_": "_", "{": "{", "}": "}", " ": " ", "\\": " ", ",": " ", ";": " ",
    ":": " ", "/": "", "-": "", "!": "", "@": "", "quad": " ", "qquad": " ", "enspace": " ", "thinspace": " ",
    "newline": " ", "linebreak": " ", "space": " ", "nobreakspace": "\u00a0",
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "aa": "å",
    "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ",
    "S": "§", "P": "¶", "copyright": "©", "textcopyright": "©", "pounds": "£", "textsterling": "£",
    "dag": "†", "ddag": "‡", "textdagger": "†", "textdaggerdbl": "‡", "ldots": "…", "dots": "…",
    "textellipsis": "…", "textendash": "–", "textemdash": "—", "textquotedblleft": "“",
    "textquotedblright": "”", "textquoteleft": "‘", "textquoteright": "’", "lq": "‘", "rq": "’",
    "og": "« ", "fg": " »", "guillemotleft": "«", "guillemotright": "»", "LaTeX": "LaTeX",
    "LaTeXe": "LaTeX2e", "TeX": "TeX", "BibTeX": "BibTeX", "XeTeX": "XeTeX", "LuaTeX": "LuaTeX",
    "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<",
    "textgreater": ">", "textbar": "|", "textunderscore": "_", "textbraceleft": "{", "textbraceright": "}",
    "textdegree": "°", "degree": "°", "texttimes": "×", "textpm": "±", "textmu": "µ", "slash": "/",
    "textregistered": "®", "texttrademark": "™", "texteuro": "€", "euro": "€", "EUR": "€", "textdollar": "$",
    "textperiodcentered": "·", "textbullet": "•", "textsection": "§", "textparagraph": "¶", "textquotedbl": '"',
    "textordfeminine": "ª", "textordmasculine": "º", "textonehalf": "½", "textonequarter": "¼",
    "textnumero": "№", "ie": "i.e.", "eg": "e.g.", "lbrack": "[", "rbrack": "]", "textvisiblespace": "␣",
}  # fmt: skip
"""Commands, without their backslash, that are characters in text."""

_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331", "r": "\u030a",
    "k": "\u0328", "t": "\u0361",
}  # fmt: skip

STYLES: dict[str, Literal["strong", "emphasis", "code"]] = {
    "emph": "emphasis", "textit": "emphasis", "textsl": "emphasis", "defn": "emphasis", "term": "emphasis",
    "textbf": "strong", "strong": "strong", "alert": "strong",
    "texttt": "code", "code": "code", "nolinkurl": "code",
}  # fmt: skip
"""Commands that style their argument."""

DECLARED_STYLES: dict[str, Literal["strong", "emphasis", "code"]] = {
    "em": "emphasis", "it": "emphasis", "itshape": "emphasis", "sl": "emphasis", "slshape": "emphasis",
    "bf": "strong", "bfseries": "strong", "tt": "code", "ttfamily": "code",
}  # fmt: skip
"""Commands that style what follows them in their group."""

TRANSPARENT = {
    # Arguments are skipped as the letters say (s star, o option, m group); text in one follows.
    "textcolor": "om", "colorbox": "om", "fcolorbox": "omm", "parbox": "ooom", "makebox": "oo",
    "framebox": "oo", "raisebox": "moo", "rotatebox": "om", "scalebox": "mo", "resizebox": "smm",
    "foreignlanguage": "m", "hypertarget": "", "texorpdfstring": "", "footnotetext": "o", "adjustbox": "m",
    "savebox": "moo", "cellcolor": "om", "rowcolor": "omoo", "SetCell": "om", "makecell": "so",
    "shortstack": "o", "thead": "o", "phantomsection": "", "subcaptionbox": "", "subfloat": "o",
    "subfigure": "o", "dedication": "", "multirowcell": "mo", "todo": "om", "missingfigure": "om",
}  # fmt: skip
"""Commands whose first arguments concern only the page."""

IGNORED = {
    "vspace": "sm", "hspace": "sm", "addvspace": "m", "includegraphics": "soom", "setlength": "mm",
    "addtolength": "mm", "pagestyle": "m", "thispagestyle": "m", "bibliographystyle": "m", "usepackage": "omo",
    "RequirePackage": "omo", "PassOptionsToPackage": "mm", "hypersetup": "m", "geometry": "m", "color": "om",
    "definecolor": "mmm", "colorlet": "mm", "rule": "omm", "phantom": "m", "hphantom": "m", "vphantom": "m",
    "index": "om", "addcontentsline": "mmm", "addtocontents": "mm", "markboth": "mm", "markright": "m",
    "fontsize": "mm", "hyphenation": "m", "newcounter": "mo", "stepcounter": "m",
    "refstepcounter": "m", "newlength": "m", "settowidth": "mm", "settoheight": "mm", "graphicspath": "m",
    "DeclareGraphicsExtensions": "m", "theoremstyle": "m", "newtheoremstyle": "mmmmmmmmm",
    "captionsetup": "om", "lstset": "m", "tikzset": "m", "usetikzlibrary": "m", "pgfplotsset": "m",
    "author": "om", "date": "m", "affil": "om", "affiliation": "om", "address": "om", "email": "om",
    "institute": "m", "orcid": "m", "allowdisplaybreaks": "o", "pagenumbering": "m", "nocite": "m",
    "selectlanguage": "m", "typeout": "m", "PackageWarning": "mm", "footnotemark": "o", "newsavebox": "m",
    "usebox": "m", "sbox": "mm", "DeclareMathSizes": "mmmm", "fancyhf": "om", "fancyhead": "om",
    "fancyfoot": "om", "lhead": "om", "rhead": "om", "chead": "om", "lfoot": "om", "rfoot": "om",
    "cfoot": "om", "titleformat": "smommmm", "titlespacing": "smmmm", "setstretch": "m", "linespread": "m",
    "enlargethispage": "sm", "pagebreak": "o", "nopagebreak": "o", "needspace": "m", "PACS": "m",
    "keywords": "", "AtBeginDocument": "m", "AtEndDocument": "m", "AtBeginEnvironment": "mm",
    "sisetup": "m", "cline": "m", "cmidrule": "om", "addlinespace": "o", "specialrule": "mmm",
    "arrayrulecolor": "m", "columncolor": "om", "glsaddall": "o", "glsadd": "om", "makeglossaries": "",
    "setkomafont": "mm", "addtokomafont": "mm", "newfloat": "mmmo", "floatstyle": "m", "restylefloat": "m",
    "DeclareUnicodeCharacter": "mm", "DeclareCaptionLabelFormat": "mm", "bookmarksetup": "m", "pdfbookmark": "omm",
    "newif": "", "setitemize": "om", "setenumerate": "om", "setlist": "om", "newlist": "mmm", "crefname": "mmm",
    "Crefname": "mmm", "crefformat": "mm", "creflabelformat": "mm", "newcolumntype": "mom",
    "DeclareFontFamily": "mmm", "DeclareMathAlphabet": "mmmmm", "SetMathAlphabet": "mmmmmm", "DeclareMathSymbol": "mmmm",
    "numberline": "m", "hspacefill": "", "lstdefinestyle": "mm", "lstdefinelanguage": "omom", "newglossarystyle": "mm",
    "input@path": "m", "tcbset": "m", "newtcolorbox": "omoom", "newtcbtheorem": "omm", "mathchardef": "", "bibitemsep": "",
    "printglossary": "o", "printglossaries": "", "printacronyms": "o", "printnomenclature": "o",
    "printbibliography": "o", "printindex": "o", "tableofcontents": "", "listoftables": "", "listoffigures": "",
}  # fmt: skip
"""Commands whose arguments say nothing to a reader."""

DEFINING = {
    # Arguments after the name; d is the body of a plain TeX definition.
    "newcommand": "smoom", "renewcommand": "smoom", "providecommand": "smoom",
    "DeclareRobustCommand": "smoom", "DeclareMathOperator": "smm", "DeclarePairedDelimiter": "mmm",
    "NewDocumentCommand": "mmm", "RenewDocumentCommand": "mmm", "ProvideDocumentCommand": "mmm",
    "def": "d", "gdef": "d", "edef": "d", "xdef": "d", "let": "l", "futurelet": "l", "DeclarePairedDelimiterX": "mommm",
    "DeclareDocumentCommand": "mmm", "newrobustcmd": "smoom", "robustify": "m",
}  # fmt: skip
"""Commands that define others."""

VERBATIM_ENVIRONMENTS = frozenset(
    "verbatim verbatim* Verbatim Verbatim* BVerbatim LVerbatim SaveVerbatim VerbatimOut lstlisting minted "
    "comment filecontents filecontents* alltt Sinput Soutput Scode Schunk Rcode code codeblock pycode pyblock "
    "sagesilent sageblock luacode luacode* asy spverbatim semiverbatim verbatimtab boxedverbatim tcblisting "
    "CodeInput CodeOutput Shaded knitrout kframe listing".split()
) - {"alltt", "Schunk", "Shaded", "knitrout", "kframe", "listing"}  # fmt: skip
"""Environments whose content is no TeX."""

ENVIRONMENT_ARGUMENTS = {
    "minipage": "ooom", "multicols": "smo", "adjustbox": "m", "spacing": "m", "adjustwidth": "mm", "frame": "o",
    "block": "m", "otherlanguage": "m", "turn": "m", "rotate": "m", "addmargin": "om", "CJK": "mm", "CJK*": "mm",
    "wrapfigure": "omom", "wraptable": "omom", "subfigure": "om", "subtable": "om", "tabbing": "", "picture": "pp",
    "center": "", "quote": "", "quotation": "", "abstract": "", "sloppypar": "", "flushleft": "", "flushright": "",
    "verse": "", "small": "", "footnotesize": "",
}  # fmt: skip
"""Environments that concern only the page, and the arguments they take."""

UNREAD_ENVIRONMENTS = frozenset(
    "tikzpicture picture pgfpicture axis tikzcd forest pspicture CCSXML overpic circuitikz feynman "
    "prooftree alltt algorithmic@ tikzcd".split()
)
"""Environments that draw."""


def accented(command: str, letter: str) -> str | None:
    r"""Write `\'` and `e` as `é`; None if the command is no accent."""
    mark = _ACCENTS.get(command)
    if mark is None:
        return None
    base = {"ı": "i", "ȷ": "j"}.get(letter[:1], letter[:1])
    return unicodedata.normalize("NFC", base + mark) + letter[1:] if base else ""
