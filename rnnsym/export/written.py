"""Maths that is written, not computed: the letters and signs of a rule, as LaTeX and in words."""

import re
import unicodedata
from collections.abc import Iterator

from rnnsym.expr import ACTIVATIONS

__all__ = ["written_latex", "written_words"]

_FUNCTIONS = {
    **{name: entry.latex for name, entry in ACTIVATIONS.items()},
    **{name: rf"\operatorname{{{name}}}" for name in ("diag", "softmax")},
    "max": r"\max",
}
# Each sign in LaTeX and in words.
_SIGNS = {
    "⊙": (r"\odot ", "elementwise times"), "ᵀ": (r"^\top ", "transpose"), "²": ("^2", "squared"),
    "−": ("- ", "minus"), "′": ("'", "prime"), "σ": (r"\sigma ", "sigma"),
    "γ": (r"\gamma ", "gamma"), "=": ("= ", "equals"), "+": ("+ ", "plus"), "/": ("/", "over"),
    ">": ("> ", "is greater than"), ",": (r",\; ", ","), ":": (r":\; ", ":"),
    ";": (r";\, ", ";"), " ": (" ", ""), "(": ("(", "bracket"), ")": (")", ", end bracket"),
    "[": ("[", "the stack"), "]": ("]", ", end stack"),
}  # fmt: skip
_MACRON = "\u0304"
_PIECE = re.compile(
    rf"(?P<barred>\w){_MACRON}|_(?P<below>\w+)|(?P<words>[A-Za-z]{{2,}}(?: [a-z]{{2,}})*)|."
)


def written_latex(text: str) -> str:
    r"""Return written maths in LaTeX.

    >>> written_latex("y = A b: Ā = ȳ bᵀ")
    'y = A b:\\; \\bar{A} = \\bar{y} b^\\top'
    >>> written_latex("σ_max")
    '\\sigma _{\\max}'

    Raises:
        KeyError: a sign that has no LaTeX here.
    """
    printed = "".join(_latex(piece) for piece in _pieces(text))
    return re.sub(" +", " ", printed).strip()


def _latex(piece: re.Match[str]) -> str:
    if piece["barred"]:
        return rf"\bar{{{piece['barred']}}}"
    if piece["below"]:
        return f"_{{{_FUNCTIONS.get(piece['below'], piece['below'])}}}"
    if words := piece["words"]:
        return f"{_FUNCTIONS[words]} " if words in _FUNCTIONS else rf"\text{{ {words} }}"
    return piece[0] if _is_plain(piece[0]) else _SIGNS[piece[0]][0]


def written_words(text: str) -> str:
    """Return written maths as one says it.

    >>> written_words("y = A b: Ā = ȳ bᵀ")
    'y equals A b: A bar equals y bar b transpose'
    """
    said = " ".join(_said(piece) for piece in _pieces(text))
    return re.sub(r" ([,:;])", r"\1", " ".join(said.split()))


def _said(piece: re.Match[str]) -> str:
    if piece["barred"]:
        return f"{piece['barred']} bar"
    if piece["below"] or piece["words"]:
        return piece["below"] or piece["words"]
    return piece[0] if _is_plain(piece[0]) else _SIGNS[piece[0]][1]


def _pieces(text: str) -> Iterator[re.Match[str]]:
    return _PIECE.finditer(unicodedata.normalize("NFD", text))


def _is_plain(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()
