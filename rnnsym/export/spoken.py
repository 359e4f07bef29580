"""Words for the maths of documents: a formula's text for those who hear it."""

from functools import singledispatch

from rnnsym.blocks import Math, NumberMatrix, Partial, Relation, Written
from rnnsym.export.written import written_words
from rnnsym.expr import Expr, Formula, Node
from rnnsym.expr.spoken import spoken_formula, spoken_node, spoken_scalar

__all__ = ["SIGNS", "spoken"]

SIGNS = {"=": "equals", "×": "by", "≤": "is at most", "≥": "is at least", "<": "is less than",
         ">": "is greater than", "→": "tends to", "≈": "is about", "≠": "is not equal to",
         "∈": "is in"}  # fmt: skip
_PARTIALS = {
    "∂": "the partial derivative",
    "∂⁺": "the direct partial derivative",
    "d": "the total derivative",
}


@singledispatch
def spoken(math: Math) -> str:
    """Return maths in words.

    >>> from rnnsym.expr import Integer
    >>> spoken(Relation((Integer(2), NumberMatrix((("1", "−0.5"),))), "≈"))
    '2 is about the row 1, minus 0.5'

    Raises:
        TypeError: something that has no words; names it.
    """
    raise TypeError(f"no words for a {type(math).__name__}")


@spoken.register
def _(math: Node) -> str:
    return spoken_node(math)


@spoken.register
def _(math: Expr) -> str:
    return spoken_scalar(math)


@spoken.register
def _(math: Formula) -> str:
    return spoken_formula(math)


@spoken.register
def _(math: Relation) -> str:
    return f" {SIGNS[math.sign]} ".join(spoken(side) for side in math.sides)


@spoken.register
def _(math: Partial) -> str:
    return f"{_PARTIALS[math.sign]} of {spoken(math.of)} with respect to {spoken(math.wrt)}"


@spoken.register
def _(math: Written) -> str:
    return written_words(math.text)


@spoken.register
def _(math: NumberMatrix) -> str:
    rows = [", ".join(row).replace("−", "minus ").replace("-", "minus ") for row in math.rows]
    if math.entry is not None:
        return rows[0]
    if len(rows) == 1:
        return f"the row {rows[0]}"
    if len(math.rows[0]) == 1:
        return f"the column {', '.join(rows)}"
    return f"the matrix with rows {'; '.join(rows)}"
