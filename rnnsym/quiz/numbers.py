"""Numbers for pencil and paper: in decimal, so that no processor's last bit is ever shown."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import TypeAlias

from rnnsym.blocks import NumberMatrix

__all__ = [
    "Matrix",
    "as_text",
    "distance_to_tie",
    "number_matrix",
    "plain",
    "read_matrix",
    "rounded",
    "shown",
]

Matrix: TypeAlias = tuple[tuple[Decimal, ...], ...]


def rounded(number: Decimal, places: int) -> Decimal:
    """Return ``number`` to so many decimals, a tie away from zero as pupils learn it.

    >>> rounded(Decimal("-0.00004"), 4), rounded(Decimal("0.12345"), 4)
    (Decimal('0.0000'), Decimal('0.1235'))
    """
    result = number.quantize(_unit(places), ROUND_HALF_UP)
    return result if result else abs(result)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def distance_to_tie(number: Decimal, places: int) -> Decimal:
    """Return how far ``number`` is from the nearest tie between two roundings.

    >>> distance_to_tie(Decimal("0.1234"), 3)
    Decimal('0.0001')
    """
    scaled = number.scaleb(places)
    fraction = abs(scaled) % 1
    return abs(fraction - Decimal("0.5")).scaleb(-places).normalize()


def shown(number: Decimal) -> str:
    """Return a number as it is printed, its decimals kept and 0 without a sign."""
    return f"{number:zf}"


def plain(number: Decimal) -> Decimal:
    """Drop zeros at the end: −2.5, not −2.500."""
    short = number.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


def number_matrix(matrix: Matrix) -> NumberMatrix:
    """Return a matrix for print."""
    return NumberMatrix(tuple(tuple(shown(entry) for entry in row) for row in matrix))


def as_text(matrix: Sequence[Sequence[Decimal]]) -> str:
    """Return a matrix as a parameter of an item holds it: ``1 -0.5; 2 1``."""
    return "; ".join(" ".join(shown(entry) for entry in row) for row in matrix)


def read_matrix(text: str) -> Matrix:
    """Read what ``as_text`` wrote.

    >>> as_text(read_matrix("1 -0.5; 2 1"))
    '1 -0.5; 2 1'
    """
    return tuple(tuple(Decimal(entry) for entry in row.split()) for row in text.split(";"))
