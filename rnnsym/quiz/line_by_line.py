"""Lines worked in decimal one after the other: exactly, or as someone works who rounds each."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from rnnsym.expr import Array, Node
from rnnsym.quiz.decimals import Numbers, Place, evaluations, precise
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, distance_to_tie, rounded

__all__ = ["NONE", "TIE", "Placed", "Reads", "Shown", "rounding", "worked"]

TIE = Decimal("1e-9")
"""A value this near to a tie between two roundings is rounded either way."""
Placed: TypeAlias = tuple[Place, Array, Node]
"""A line: where its value is kept, what it is the value of, and its right-hand side."""
Reads: TypeAlias = Mapping[Place, Place]
"""Where a line looks instead of where it should."""
Shown: TypeAlias = Callable[[Node, Matrix], Matrix]
"""What is kept of the value of a right-hand side."""
NONE: Reads = {}


def worked(
    lines: Iterable[Placed],
    given: Mapping[Place, Matrix],
    numbers: Numbers,
    shown: Shown | None = None,
    reads: Reads = NONE,
) -> dict[Place, Matrix]:
    """Return what is given and the value of every line.

    Args:
        lines: in an order in which each finds what it reads.
        given: values by place.
        numbers: what sizes and indices are.
        shown: what is kept of a value: rounded, say.
        reads: where values are looked up instead.

    Raises:
        Unfair: a line has no value.
        KeyError: a line reads what nobody has.
    """
    known = dict(given)
    evaluation = evaluations(numbers)
    with precise():
        for place, target, node in lines:
            try:
                value = evaluation(node)(lambda at, _: known[reads.get(at, at)])
            except ArithmeticError as error:
                raise Unfair(f"{target} has no value: {error!r}") from None
            known[place] = value if shown is None else shown(node, value)
    return known


def rounding(places: int | None) -> Shown | None:
    """Return what rounds every line, or nothing where none is rounded.

    It raises Unfair where an entry lies on a tie between two roundings.
    """
    if places is None:
        return None

    def shown(_: Node, value: Matrix) -> Matrix:
        for row in value:
            for entry in row:
                if distance_to_tie(entry, places) < TIE:
                    raise Unfair(f"{entry:f} lies between two roundings")
        return tuple(tuple(rounded(entry, places) for entry in row) for row in value)

    return shown
