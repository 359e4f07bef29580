"""Lines worked in decimal one after the other: exactly, or as someone works who rounds each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from rnnsym.expr import Array, Node
from rnnsym.quiz.decimals import Evaluation, Numbers, Place, evaluations, precise
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, distance_to_tie, rounded

__all__ = [
    "NONE", "TIE", "Line", "Placed", "Reads", "Shown", "ready", "rounding", "worked", "working",
]  # fmt: skip

TIE = Decimal("1e-9")
"""A value this near to a tie between two roundings is rounded either way."""
Placed: TypeAlias = tuple[Place, Array, Node]
"""A line: where its value is kept, what it is the value of, and its right-hand side."""
Reads: TypeAlias = Mapping[Place, Place]
"""Where a line looks instead of where it should."""
Shown: TypeAlias = Callable[[Node, Matrix], Matrix]
"""What is kept of the value of a right-hand side."""
NONE: Reads = {}


class Line(NamedTuple):
    """A line ready to be worked again and again."""

    place: Place
    target: Array
    node: Node
    value: Evaluation


def ready(lines: Iterable[Placed], numbers: Numbers) -> tuple[Line, ...]:
    """Return lines that can be worked; ``numbers`` says what sizes and indices are."""
    evaluation = evaluations(numbers)
    return tuple(Line(place, target, node, evaluation(node)) for place, target, node in lines)


def working(
    lines: Iterable[Line],
    known: dict[Place, Matrix],
    shown: Shown | None = None,
    reads: Reads = NONE,
) -> Iterator[Line]:
    """Put the value of one line after the other where it is kept, and yield the line then.

    Called where arithmetic is ``precise``.

    Args:
        lines: in an order in which each finds what it reads.
        known: values by place, of all that is given.
        shown: what is kept of a value: rounded, say.
        reads: where values are looked up instead.

    Raises:
        Unfair: a line has no value.
        KeyError: a line reads what nobody has.
    """

    def there(at: Place, _: tuple[int, int]) -> Matrix:
        return known[at]

    def elsewhere(at: Place, _: tuple[int, int]) -> Matrix:
        return known[reads.get(at, at)]

    read = elsewhere if reads else there
    for line in lines:
        try:
            value = line.value(read)
        except ArithmeticError as error:
            raise Unfair(f"{line.target} has no value: {error!r}") from None
        known[line.place] = value if shown is None else shown(line.node, value)
        yield line


def worked(
    lines: Iterable[Line],
    given: Mapping[Place, Matrix],
    shown: Shown | None = None,
    reads: Reads = NONE,
) -> dict[Place, Matrix]:
    """Return what is given and the value of every line, as ``working`` finds it.

    Raises:
        Unfair: a line has no value.
        KeyError: a line reads what nobody has.
    """
    known = dict(given)
    with precise():
        for _ in working(lines, known, shown, reads):
            pass
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
