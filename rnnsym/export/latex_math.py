"""Maths and running text in LaTeX, and about how wide they come out."""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache

from rnnsym.blocks import (
    Emphasis,
    EquationRef,
    Inline,
    Math,
    NumberMatrix,
    Partial,
    Prose,
    Relation,
    Written,
)
from rnnsym.export.latex_width import formula_width
from rnnsym.export.latex_words import escape
from rnnsym.export.written import written_latex
from rnnsym.expr import LATEX, Array, Formula, Node, formula_in, render

__all__ = ["inline_latex", "math_latex", "math_width", "prose_latex", "prose_width"]

LETTER = 5.3
"""Points that a letter of running text takes at 11 pt, on the average."""

GRADIENT = re.compile(r"^\\frac\{\\partial L\}\{(.*)\}$")
SIGNS = {"=": "=", "×": r"\times", "≤": r"\le", "≥": r"\ge", "<": "<", ">": ">", "→": r"\to",
         "≈": r"\approx", "≠": r"\neq", "∈": r"\in"}  # fmt: skip


@lru_cache(maxsize=4096)
def math_latex(math: Math) -> str:
    """Return maths in LaTeX, without dollars."""
    if isinstance(math, Node):
        return render(math, LATEX)
    if isinstance(math, Formula):
        return formula_in(math, LATEX)
    if isinstance(math, Relation):
        return f" {SIGNS[math.sign]} ".join(math_latex(side) for side in math.sides)
    if isinstance(math, Partial):
        return _partial(math)
    if isinstance(math, Written):
        return written_latex(math.text)
    if isinstance(math, NumberMatrix) and math.entry is not None:
        return math.entry.replace("−", "-")
    if isinstance(math, NumberMatrix):
        rows = r" \\ ".join(" & ".join(row) for row in math.rows).replace("−", "-")
        return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"
    return LATEX.scalar(math)


def _partial(math: Partial) -> str:
    above, below = _sides(math)
    return rf"\frac{{{above}}}{{{below}}}"


def _sides(math: Partial) -> tuple[str, str]:
    top = {"∂": r"\partial ", "∂⁺": r"\partial^{+} ", "d": r"\mathrm{d} "}[math.sign]
    bottom = r"\mathrm{d} " if math.sign == "d" else r"\partial "
    return f"{top}{math_latex(math.of)}", f"{bottom}{math_latex(math.wrt)}"


def inline_latex(math: Math) -> str:
    """Return maths within running text, without dollars: derivatives are set with a slash."""
    if isinstance(math, Relation):
        return f" {SIGNS[math.sign]} ".join(inline_latex(side) for side in math.sides)
    if isinstance(math, Partial):
        return " / ".join(_sides(math))
    if isinstance(math, Array) and math.family.role == "gradient":
        return GRADIENT.sub(r"\\partial L / \1", math_latex(math))
    # Any other fraction is set at its full size, or its subscripts cannot be read.
    return math_latex(math).replace(r"\frac", r"\dfrac")


def prose_latex(content: Prose, linked: AbstractSet[str] = frozenset()) -> str:
    """Return prose in LaTeX; references to the equations ``linked`` are links."""
    return "".join(_inline(part, linked) for part in content)


def _inline(part: Inline, linked: AbstractSet[str]) -> str:
    if isinstance(part, str):
        return escape(part)
    if isinstance(part, Emphasis):
        return rf"\emph{{{escape(part.text)}}}"
    if isinstance(part, EquationRef):
        shown = f"({part.number})"
        return rf"\hyperlink{{eq:{part.number}}}{{{shown}}}" if part.number in linked else shown
    return f"${inline_latex(part)}$"


def prose_width(content: Prose) -> float:
    """Return about how many points wide a text is."""
    return sum(_width(part) for part in content)


def _width(part: Inline) -> float:
    if isinstance(part, str):
        return LETTER * len(part)
    if isinstance(part, Emphasis):
        return LETTER * len(part.text)
    return 4 * LETTER if isinstance(part, EquationRef) else formula_width(inline_latex(part))


def math_width(math: Math) -> float:
    """Return about how many points wide a formula is."""
    return formula_width(math_latex(math))
