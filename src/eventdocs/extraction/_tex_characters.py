r"""Characters as LaTeX: what `≤`, `α` or `∑` is called there."""

from __future__ import annotations

__all__ = ["ACCENTS", "FUNCTION_COMMANDS", "escaped_text", "latex_of"]

_GREEK = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau "
    "upsilon varphi chi psi omega"
)
_GREEK_CAPITALS = (
    "A B Gamma Delta E Z H Theta I K Lambda M N Xi O Pi P ? Sigma T Upsilon Phi X Psi Omega"
)


def _greek() -> dict[str, str]:
    found: dict[str, str] = {}
    for first, names in ((0x03B1, _GREEK), (0x0391, _GREEK_CAPITALS)):
        for offset, name in enumerate(names.split()):
            if name != "?":
                found[chr(first + offset)] = name if len(name) == 1 else "\\" + name
    return found


_COMMANDS = {
    # Letters
    "ϵ": "epsilon", "ϑ": "vartheta", "ϕ": "phi", "ϖ": "varpi", "ϱ": "varrho", "ϰ": "varkappa", "ϝ": "digamma",
    "µ": "mu", "ℓ": "ell", "ℏ": "hbar", "ħ": "hbar", "ℑ": "Im", "ℜ": "Re", "℘": "wp", "ℵ": "aleph",
    "ℶ": "beth", "ℷ": "gimel", "ı": "imath", "ȷ": "jmath", "𝚤": "imath", "𝚥": "jmath",
    "∂": "partial", "∇": "nabla", "∞": "infty", "∅": "emptyset", "∆": "Delta", "Ω": "Omega",
    # Operators
    "±": "pm", "∓": "mp", "×": "times", "÷": "div", "·": "cdot", "⋅": "cdot", "∙": "bullet", "•": "bullet",
    "∘": "circ", "⋆": "star", "∗": "ast", "⊕": "oplus", "⊖": "ominus", "⊗": "otimes", "⊘": "oslash",
    "⊙": "odot", "∩": "cap", "∪": "cup", "⊎": "uplus", "⊓": "sqcap", "⊔": "sqcup", "∧": "wedge", "∨": "vee",
    "∖": "setminus", "†": "dagger", "‡": "ddagger", "⋄": "diamond", "△": "triangle", "≀": "wr", "⨿": "amalg",
    "⊺": "intercal", "⊤": "top", "⊥": "perp", "¬": "neg", "√": "surd", "∠": "angle", "⋉": "ltimes",
    "⋊": "rtimes", "⊞": "boxplus", "⊠": "boxtimes", "⊡": "boxdot", "∁": "complement",
    # Large operators
    "∑": "sum", "∏": "prod", "∐": "coprod", "∫": "int", "∬": "iint", "∭": "iiint", "∮": "oint",
    "⋂": "bigcap", "⋃": "bigcup", "⋀": "bigwedge", "⋁": "bigvee", "⨀": "bigodot", "⨁": "bigoplus",
    "⨂": "bigotimes", "⨄": "biguplus", "⨆": "bigsqcup",
    # Relations
    "≤": "le", "≥": "ge", "⩽": "leqslant", "⩾": "geqslant", "≦": "leqq", "≧": "geqq", "≠": "ne", "≡": "equiv",
    "≈": "approx", "≅": "cong", "≃": "simeq", "∼": "sim", "≍": "asymp", "≐": "doteq", "∝": "propto",
    "≪": "ll", "≫": "gg", "≺": "prec", "≻": "succ", "⪯": "preceq", "⪰": "succeq", "≼": "preccurlyeq",
    "≽": "succcurlyeq", "≲": "lesssim", "≳": "gtrsim", "≜": "triangleq", "≔": "coloneqq", "⊢": "vdash", "⊣": "dashv",
    "⊨": "models", "⊧": "models", "∈": "in", "∉": "notin", "∋": "ni", "⊂": "subset", "⊃": "supset",
    "⊆": "subseteq", "⊇": "supseteq", "⊊": "subsetneq", "⊋": "supsetneq", "⊄": "not\\subset",
    "⊈": "nsubseteq", "⊏": "sqsubset", "⊑": "sqsubseteq", "⊒": "sqsupseteq", "∥": "parallel",
    "∦": "nparallel", "∣": "mid", "∤": "nmid", "⋈": "bowtie", "⌢": "frown", "⌣": "smile",
    "∀": "forall", "∃": "exists", "∄": "nexists", "∴": "therefore", "∵": "because",
    # Arrows
    "→": "to", "←": "leftarrow", "↔": "leftrightarrow", "⇒": "Rightarrow", "⇐": "Leftarrow",
    "⇔": "Leftrightarrow", "↦": "mapsto", "⟶": "longrightarrow", "⟵": "longleftarrow", "⟷": "longleftrightarrow",
    "⟹": "Longrightarrow", "⟸": "Longleftarrow", "⟺": "Longleftrightarrow", "⟼": "longmapsto",
    "↑": "uparrow", "↓": "downarrow", "↕": "updownarrow", "⇑": "Uparrow", "⇓": "Downarrow", "↗": "nearrow",
    "↘": "searrow", "↙": "swarrow", "↖": "nwarrow", "↪": "hookrightarrow", "↩": "hookleftarrow",
    "⇀": "rightharpoonup", "⇁": "rightharpoondown", "⇌": "rightleftharpoons", "↠": "twoheadrightarrow",
    "↣": "rightarrowtail", "⇝": "rightsquigarrow",
    # Dots
    "…": "ldots", "⋯": "cdots", "⋮": "vdots", "⋱": "ddots",
    # Brackets
    "⟨": "langle", "⟩": "rangle", "〈": "langle", "〉": "rangle", "⌊": "lfloor", "⌋": "rfloor", "⌈": "lceil",
    "⌉": "rceil", "‖": "|", "{": "{", "}": "}",
    # Signs
    "%": "%", "#": "#", "&": "&", "_": "_", "$": "$", "§": "S", "□": "square", "■": "blacksquare",
    "◻": "square", "∎": "blacksquare", "♯": "sharp", "♭": "flat", "♮": "natural",
    # Spaces
    "\u2003": "quad", "\u2001": "quad", "\u2009": ",", "\u2006": ",", "\u202f": ",", "\u205f": ":", "\u2005": ":",
    "\u2004": ";", "\u00a0": " ", "\u2002": ";", "\u2000": ";",
}  # fmt: skip
_PLAIN = {
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2215": "/", "\u2044": "/", "\u2217": "*", "\u2236": ":",
    "\u2032": "'", "\u2033": "''", "\u2034": "'''", "\u2057": "''''", "\u2019": "'", "\u00b0": "^{\\circ}",
    "\\": "\\backslash ", "~": "\\sim ", "^": "\\hat{}", "\u200b": "", "\u2061": "", "\u2062": "", "\u2063": "",
    "\u2064": "", "\u200a": "", "\u2060": "", "\ufeff": "", "\u00ad": "", "\u226e": "\\not<", "\u226f": "\\not>",
    "\u2270": "\\not\\le ", "\u2271": "\\not\\ge ", "\u2262": "\\not\\equiv ", "\u2249": "\\not\\approx ",
}  # fmt: skip


def _table() -> dict[str, str]:
    table = _greek()
    for character, name in _COMMANDS.items():
        # A command that ends in a letter would swallow one that follows.
        table[character] = f"\\{name} " if name[-1].isalpha() else f"\\{name}"
    table.update((key, f"{value} ") for key, value in _greek().items() if len(value) > 1)
    table.update(_PLAIN)
    return table


_TABLE = _table()

ACCENTS = {
    "\u0302": "hat", "^": "hat", "\u02c6": "hat", "\u0303": "tilde", "~": "tilde", "\u02dc": "tilde",
    "\u0304": "bar", "\u00af": "bar", "\u02c9": "bar", "\u0305": "overline", "\u203e": "overline",
    "\u0307": "dot", "\u02d9": "dot", "\u0308": "ddot", "\u00a8": "ddot", "\u20db": "dddot", "\u20dc": "ddddot",
    "\u030c": "check", "\u02c7": "check", "\u0306": "breve", "\u02d8": "breve", "\u0301": "acute",
    "\u00b4": "acute", "\u0300": "grave", "`": "grave", "\u030a": "mathring", "\u02da": "mathring",
    "\u20d7": "vec", "\u20d1": "overset{\\rightharpoonup}", "\u20d0": "overset{\\leftharpoonup}",
    "\u20d6": "overleftarrow", "\u20e1": "overleftrightarrow", "\u2192": "vec", "\u2190": "overleftarrow",
    "\u0332": "underline", "\u0333": "underline", "\u033f": "overline",
    "\u23de": "overbrace", "\u23df": "underbrace", "_": "underline",
}  # fmt: skip
"""The commands, without their backslash, that set a combining or standing accent over something."""

FUNCTION_COMMANDS = frozenset(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log "
    "max min Pr sec sin sinh sup tan tanh".split()
)
"""Functions that have a command of their own."""


def latex_of(text: str) -> str:
    r"""Write plain characters of a formula as LaTeX: `α ≤ β` as `\alpha \le \beta`."""
    return "".join(_TABLE.get(character, character) for character in text)


_TEXT_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "%": r"\%",
        "#": r"\#",
        "&": r"\&",
        "_": r"\_",
        "$": r"\$",
    }
)


def escaped_text(text: str) -> str:
    r"""Write plain words so that they can stand in `\text{…}`."""
    return text.translate(_TEXT_ESCAPES)
