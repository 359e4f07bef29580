"""Words for LaTeX: whatever a user typed is text there, never a command."""

import re
import unicodedata

__all__ = ["escape"]

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "\"": "''",
}  # fmt: skip
_MATHS = {
    "−": "-", "×": r"\times", "⊙": r"\odot", "≤": r"\le", "≥": r"\ge", "…": r"\dots",
    "→": r"\to", "Σ": r"\Sigma", "δ": r"\delta", "Δ": r"\Delta", "∂": r"\partial", "σ": r"\sigma",
    "′": "'", "½": r"\tfrac12", "ᵀ": r"^{\top}", "·": r"\cdot", "‖": r"\|", "²": "^{2}",
    "τ": r"\tau", "⁺": "^{+}", "≈": r"\approx", "ℓ": r"\ell", "ε": r"\varepsilon", "γ": r"\gamma",
    "α": r"\alpha", "≠": r"\neq", "∈": r"\in",
}  # fmt: skip
_BARRED = re.compile("(\\w)\u0304")
_WORDS = {"–": "--", "—": "---", "’": "'", "“": "``", "”": "''", "\u00a0": "~"}


def escape(text: str) -> str:
    r"""Return words for LaTeX: its own signs escaped, mathematical letters set as maths.

    >>> escape("50 % of R_1")
    '50 \\% of R\\_1'
    >>> escape("ȳ ⊙ b")
    '$\\bar{y}$ $\\odot$ b'
    """
    marked = _BARRED.sub("\ue000\\1\ue001", unicodedata.normalize("NFD", text))
    composed = unicodedata.normalize("NFC", marked)
    pieces: list[str] = []
    for c in composed:
        if c in _MATHS:
            pieces.append(f"${_MATHS[c]}$")
        else:
            pieces.append(_ESCAPES.get(c, _WORDS.get(c, c)))
    return re.sub("\ue000(\\w)\ue001", r"$\\bar{\1}$", "".join(pieces)).replace("$$", "")
