"""The numbers handed out in a worked example: small, of few digits, no two weights alike."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate, cycle

from rnnsym.equations import System
from rnnsym.expr import Array
from rnnsym.numeric.sizes import Sizes
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.numbers import Matrix
from rnnsym.sheet.worked_lines import placed

__all__ = ["drawn", "filled"]


WEIGHTS = (
    "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9",
    "0.15 0.25 0.35 0.45 0.55 0.65 0.75 0.85 0.95",
    "0.12 0.18 0.22 0.28 0.32 0.38 0.42 0.48 0.52 0.58 0.62 0.68 0.72 0.78 0.82 0.88 0.92 0.98",
)
"""Magnitudes of weights: the first few that suffice, so that no two weights are alike."""
ENDS = tuple(accumulate(len(group.split()) for group in WEIGHTS))
NEGATIVE = 3
"""One weight in so many is negative: each needs brackets."""
INPUTS, STATES, LOSSES = (
    tuple(map(Decimal, numbers.split()))
    for numbers in ("0.5 1.5 2 -1 -0.5 1", "0.2 0.3 0.4 0.6 -0.4 -0.2", "0.4 0.5 0.8 1.2 -0.4 -0.8")
)


def drawn(system: System, sizes: Sizes, draw: Draw) -> dict[Array, Matrix]:
    """Return weights, inputs, initial states and what the loss gives."""
    weights = [placed(w.array, sizes, k, 0) for w in system.weights for k in sizes.range(w.layer)]
    times = range(1, sizes.steps + 1)
    inputs = [placed(system.input, sizes, 0, t) for t in times]
    states = [
        (placed(s.array, sizes, k, sizes.number(s.initial)), s.domain)
        for s in system.states
        for k in sizes.range(s.layer)
    ]
    term = system.loss_terms[0]
    losses = [placed(term.given, sizes, 0, t) for t in sizes.range(term.time)]
    entries = sum(_size(a, sizes) for a in weights)
    pool = [Decimal(m) for group in WEIGHTS for m in group.split()]
    enough = next((k for k in ENDS if k >= entries), ENDS[-1])
    magnitudes = cycle(draw.ranked("weights", pool[:enough]))
    signed = (
        m if draw.integer(f"sign {i}", 1, NEGATIVE) > 1 else -m for i, m in enumerate(magnitudes)
    )
    found = {a: filled(signed, a, sizes) for a in weights}
    found |= _from_pool(inputs, INPUTS, sizes, draw, "inputs")
    numbers = _from_pool([a for a, _ in states], STATES, sizes, draw, "states")
    for a, domain in states:
        found[a] = _positive(numbers[a]) if domain == "positive" else numbers[a]
    if term.kind == "cross-entropy":
        return found | {a: _one_hot(a, sizes, draw) for a in losses}
    return found | _from_pool(losses, LOSSES, sizes, draw, "losses")


def _from_pool(
    arrays: Sequence[Array], pool: Sequence[Decimal], sizes: Sizes, draw: Draw, name: str
) -> dict[Array, Matrix]:
    """Fill arrays with numbers of a pool, each used once before one comes again."""
    numbers = cycle(draw.ranked(name, pool))
    return {a: filled(numbers, a, sizes) for a in arrays}


def filled(numbers: Iterator[Decimal], array: Array, sizes: Sizes) -> Matrix:
    """Return a matrix of an array's shape, its entries taken from ``numbers``."""
    rows, columns = sizes.shape(array.shape)
    return tuple(tuple(next(numbers) for _ in range(columns)) for _ in range(rows))


def _size(array: Array, sizes: Sizes) -> int:
    rows, columns = sizes.shape(array.shape)
    return rows * columns


def _positive(matrix: Matrix) -> Matrix:
    return tuple(tuple(map(abs, row)) for row in matrix)


def _one_hot(array: Array, sizes: Sizes, draw: Draw) -> Matrix:
    rows, _ = sizes.shape(array.shape)
    hot = draw.integer(f"class {array}", 0, rows - 1)
    return tuple((Decimal(int(i == hot)),) for i in range(rows))
