"""Working by hand: how numbers are rounded on the way, and how long lines take."""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from math import prod

from rnnsym.expr import Map, Node, Product, Softmax
from rnnsym.quiz.decimals import Numbers, sized
from rnnsym.quiz.numbers import Matrix, rounded

__all__ = [
    "COUNTS", "EXACT_RULE", "LEAST", "RULE", "SHOWN", "UNIT", "UNITS", "WORKED", "at_display",
    "minutes_for", "tolerance",
]  # fmt: skip

WORKED, SHOWN = 4, 3
"""Decimals kept on the way, and decimals of the answers."""
UNIT = Decimal(1).scaleb(-SHOWN)
"""What the last decimal of an answer counts."""
UNITS = 2 * UNIT
"""How far off an answer may be, however small it is."""
LEAST = 10 * UNITS
"""A smaller answer is hardly more than its tolerance."""
COUNTS = f"An answer counts if it is off by at most 1 % or {UNITS}, whichever is larger."
RULE = f"Keep {WORKED} decimals on the way and give {SHOWN}; a 5 rounds away from zero. {COUNTS}"
EXACT_RULE = f"All values come out with at most {SHOWN} decimals: do not round."
"""Where there are but sums and products of short numbers."""


def at_display(matrix: Matrix) -> Matrix:
    """Return a matrix as answers show it."""
    return tuple(tuple(rounded(entry, SHOWN) for entry in row) for row in matrix)


def tolerance(value: Decimal) -> Decimal:
    """Return how far off an answer still counts: 1 %, and two units of the last decimal at least.

    Answers have so many decimals, so one within 1 % is no further off than 1 % rounded down.

    >>> tolerance(Decimal("0.463")), tolerance(Decimal("-0.020"))
    (Decimal('0.004'), Decimal('0.002'))
    """
    return max((abs(value) / 100).quantize(UNIT, ROUND_DOWN), UNITS)


def minutes_for(values: Iterable[Node], numbers: Numbers) -> int:
    """Return how long it takes to work these lines out, and to read what is asked."""
    return 2 + round(sum(_work(value, numbers) for value in values))


def _work(value: Node, numbers: Numbers) -> float:
    """A minute with a function in it, half of one without; a quarter for each entry more."""
    products = (node.children[0] for node in value.atoms(Product))
    more = (prod(sized(node.shape, numbers)) - 1 for node in (value, *products))
    return (1 if value.atoms(Map, Softmax) else 0.5) + sum(more) / 4
