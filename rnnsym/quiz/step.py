"""One step worked in decimal: exactly, and as someone works who rounds every line."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from math import prod

from rnnsym.cell import CellEquation
from rnnsym.expr import TIME, Array, Expr, Integer, Map, Node, Product
from rnnsym.quiz.decimals import Numbers, Place, sized
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.line_by_line import rounding, worked
from rnnsym.quiz.numbers import Matrix, distance_to_tie, rounded

__all__ = [
    "AT_ONE", "EXACT_RULE", "RULE", "SHOWN", "WORKED", "answer", "at_display",
    "minutes_for", "place_of", "run",
]  # fmt: skip

WORKED, SHOWN = 4, 3
"""Decimals kept on the way, and decimals of the options."""
RULE = (
    f"Keep {WORKED} decimals on the way and give {SHOWN}; a 5 rounds away from zero. An answer "
    f"counts if it is at most 1 %, or {2 * Decimal(1).scaleb(-SHOWN)}, off."
)
EXACT_RULE = f"All values come out with at most {SHOWN} decimals: do not round."
"""Where there are but sums and products of short numbers."""
CLEAR = Decimal("0.00005")
"""How far the answer stays from a tie between two roundings."""
AT_ONE: dict[Expr, Expr] = {TIME: Integer(1)}


def run(
    equations: Sequence[CellEquation], given: Mapping[Place, Matrix], numbers: Numbers,
    places: int | None = None,
) -> dict[Place, Matrix]:  # fmt: skip
    """Return every array of the step; with ``places``, each rounded before it is used.

    Raises:
        Unfair: a value has no number, or lies on a tie between two roundings.
    """
    return worked(
        ((place_of(e.lhs), e.lhs, e.rhs) for e in equations), given, numbers, rounding(places)
    )


@lru_cache(maxsize=4096)
def place_of(array: Array) -> Place:
    """Return where an array of the first step is kept."""
    return array.name, "", None, None if array.time is None else int(array.time.xreplace(AT_ONE))


def answer(exact: Matrix, worked: Matrix) -> Matrix:
    """Return the answer as it is shown.

    Raises:
        Unfair: someone who rounds on the way would find another one.
    """
    entries = [e for matrix in (exact, worked) for row in matrix for e in row]
    if any(distance_to_tie(entry, SHOWN) <= CLEAR for entry in entries):
        raise Unfair("the answer is near a tie between two roundings")
    if at_display(exact) != at_display(worked):
        raise Unfair("rounding on the way changes the answer")
    return at_display(exact)


def at_display(matrix: Matrix) -> Matrix:
    """Return a matrix as options show it."""
    return tuple(tuple(rounded(entry, SHOWN) for entry in row) for row in matrix)


def minutes_for(values: Iterable[Node], numbers: Numbers) -> int:
    """Return how long it takes to work these lines out, and to read what is asked."""
    return 2 + round(sum(_work(value, numbers) for value in values))


def _work(value: Node, numbers: Numbers) -> float:
    """A minute with a function in it, half of one without; a quarter for each entry more."""
    products = (node.children[0] for node in value.atoms(Product))
    more = (prod(sized(node.shape, numbers)) - 1 for node in (value, *products))
    return (1 if value.atoms(Map) else 0.5) + sum(more) / 4
