"""Words for LaTeX: whatever a user typed is text there, never a command."""

import re
import unicodedata

__all__ = ["escape", "escape_code"]

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "\"": r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "–": r"\textendash{}", "—": r"\textemdash{}", "’": "'", "‘": r"\textquoteleft{}",
    "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "\u00a0": "~", "•": r"\textbullet{}",
    **{sign: rf"\circled{{{i}}}" for i, sign in enumerate("①②③④⑤⑥⑦⑧⑨", 1)},
    "‖": r"$\|$", "…": r"\dots{}", "€": r"\texteuro{}", "\u2009": r"\,", "\u202f": r"\,",
}  # fmt: skip
_MATHS = {
    "−": "-", "×": r"\times", "⊙": r"\odot", "⊗": r"\otimes", "⊕": r"\oplus", "≤": r"\le",
    "≥": r"\ge", "→": r"\to", "←": r"\leftarrow", "⇒": r"\Rightarrow", "∂": r"\partial",
    "′": "'", "½": r"\tfrac12", "·": r"\cdot", "ℓ": r"\ell", "≈": r"\approx", "≠": r"\neq",
    "∈": r"\in", "∑": r"\sum", "√": r"\surd", "∞": r"\infty", "±": r"\pm", "∇": r"\nabla",
    "∘": r"\circ", "⊤": r"\top", "ᵀ": r"{}^{\top}", "∏": r"\prod", "≪": r"\ll", "≫": r"\gg",
    "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "↔": r"\leftrightarrow",
    "↑": r"\uparrow", "↓": r"\downarrow", "¬": r"\neg", "°": r"{}^{\circ}", "µ": r"\mu",
    "ε": r"\varepsilon", "ϵ": r"\epsilon", "φ": r"\varphi", "ϕ": r"\phi",
}  # fmt: skip
_ACCENTS = {"\u0304": "bar", "\u0303": "tilde", "\u0302": "hat", "\u0307": "dot", "\u20d7": "vec"}
_MACRON = "\u0304"
_PLAIN = "".join(re.escape(chr(i)) for i in range(32, 127) if chr(i) not in _ESCAPES)
_LETTERS = re.compile(f"(.)([{''.join(_ACCENTS)}])|[^{_PLAIN}]", re.DOTALL)
"""What is not printed as it stands."""
# Greek letters that look like Latin ones have no command of their own.
_LATIN_GREEK = {"omicron": "o", "Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H",
                "Iota": "I", "Kappa": "K", "Mu": "M", "Nu": "N", "Omicron": "O", "Rho": "P",
                "Tau": "T", "Chi": "X"}  # fmt: skip
LAST_LETTER = "\u017f"
"""The T1 fonts have the letters of Europe's languages up to here, but not these."""
_ABSENT = frozenset("\u00ad\u0108\u0109\u010a\u010b\u0114\u0115ĦħĬĭĸĿŀŉŌōŎŏŦŧſ")


def escape(text: str) -> str:
    r"""Return words for LaTeX: its own signs escaped, mathematical letters set as maths.

    A letter that the fonts lack is shown as its number in a frame, never left out.

    >>> escape("50 % of R_1")
    '50 \\% of R\\_1'
    >>> escape("ȳ ⊙ b")
    '$\\bar{y}$ $\\odot$ b'
    """
    composed = unicodedata.normalize("NFC", text)
    words = _LETTERS.sub(lambda found: _letter(found[0], found[1], found[2]), composed)
    return words.replace("--", "-{}-").replace(",,", ",{},").replace("''", "'{}'")


def escape_code(text: str) -> str:
    """Return program text for ``Verbatim`` with commands, where only three signs are special."""
    composed = unicodedata.normalize("NFC", text)
    return _LETTERS.sub(_verbatim, composed)


def _verbatim(found: re.Match[str]) -> str:
    if len(found[0]) == 1 and " " <= found[0] <= "~":
        return {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}"}.get(found[0], found[0])
    printed = _letter(found[0], found[1], found[2])
    if not printed.startswith("$"):
        return printed
    maths = printed.replace("$", "").replace("_", r"\sb").replace("^", r"\sp")
    return rf"\ensuremath{{{maths}}}"


def _letter(token: str, base: str | None = None, accent: str | None = None) -> str:
    if base is not None and accent is not None:
        plain = base.isascii() and base.isalnum()
        return rf"$\{_ACCENTS[accent]}{{{base}}}$" if plain else _letter(base) + _foreign(accent)
    if token.isspace():
        return "~" if token == "\u00a0" else " "
    if token in _ESCAPES:
        return _ESCAPES[token]
    if token in _MATHS:
        return f"${_MATHS[token]}$"
    return token if " " < token <= "~" else _foreign(token)


def _foreign(letter: str) -> str:
    """Return a letter beyond ASCII: with a macron, Greek, raised or lowered, of Europe, or none."""
    parts = unicodedata.normalize("NFD", letter)
    if len(parts) == 2 and parts[1] == _MACRON:
        return rf"$\bar{{{parts[0]}}}$"
    name = unicodedata.name(letter, "")
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)", name)
    if greek:
        return f"${_greek(greek[2], greek[1] == 'SMALL')}$"
    kind, _, rest = unicodedata.decomposition(letter).partition(" ")
    if kind in ("<super>", "<sub>"):
        inner = "".join(_letter(chr(int(code, 16))) for code in rest.split()).replace("$", "")
        return f"${{}}{'^' if kind == '<super>' else '_'}{{{inner}}}$"
    if "\u00a0" < letter <= LAST_LETTER and letter not in _ABSENT:
        return letter
    return rf"\unknownletter{{{ord(letter):04X}}}"


def _greek(name: str, small: bool) -> str:
    plain = name.lower() if small else name.capitalize()
    plain = {"lamda": "lambda", "Lamda": "Lambda", "final": "varsigma"}.get(plain, plain)
    return rf"\mathrm{{{_LATIN_GREEK[plain]}}}" if plain in _LATIN_GREEK else rf"\{plain}"
