"""Matrices written out in numbers: arrays whose name holds their entries, printed as these."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.expr._sympy import Integer
from rnnsym.expr.family import Family
from rnnsym.expr.nodes import Array, Node
from rnnsym.expr.walk import arrays_in

__all__ = ["NUMBER", "entries", "literal", "written_out"]

NUMBER = "number"


def literal(rows: Sequence[Sequence[str]]) -> Array:
    """Return a matrix of decimal numbers, each given as the text that is shown.

    >>> from rnnsym.expr import text
    >>> text(literal([["1", "-0.5"], ["2", "0"]])), text(literal([["0.668"]]))
    ('[1, −0.5; 2, 0]', '0.668')
    """
    return _named("; ".join(" ".join(row) for row in rows), len(rows), len(rows[0]))


@lru_cache(maxsize=512)
def _named(entries: str, rows: int, columns: int) -> Array:
    return Array(Family(entries, entries, "", NUMBER), (Integer(rows), Integer(columns)))


def entries(array: Array) -> list[list[str]]:
    """Return the entries of a matrix written out, row by row."""
    return [row.split() for row in array.name.split("; ")]


def written_out(node: Node) -> bool:
    """Tell whether an expression is one of numbers: its arrays, of which the first tells."""
    first = next(arrays_in(node), None)
    return first is not None and first.family.role == NUMBER
