"""Answers that a mistake leaves right by chance, told from those that it cannot change."""

from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

from rnnsym.expr import Array, source
from rnnsym.quiz.backward_plan import Given, Plan, run
from rnnsym.quiz.backward_slips import Mistake, mistaken
from rnnsym.quiz.draw import digest
from rnnsym.quiz.numbers import Matrix

__all__ = ["lucky"]

Entry: TypeAlias = tuple[Array, int, int]
"""An array, a row and a column."""


def lucky(plan: Plan, mistake: Mistake, exact: Given, found: Given) -> bool:
    """Tell whether a mistake leaves an entry of what is asked right that it could change.

    A ReLU that is off keeps what is behind it from every change: there, none is looked for.
    """
    right = _right(exact, {target: found[target] for target in plan.asked if target in found})
    return bool(right) and not right <= _safe(plan, mistake, _off(plan, exact))


def _off(plan: Plan, exact: Given) -> frozenset[Entry]:
    """Return where the forward pass gives 0, as a ReLU does that is off."""
    return frozenset(
        (line.target, i, j)
        for line in plan.forward
        for i, row in enumerate(exact[line.target])
        for j, entry in enumerate(row)
        if not entry
    )


@lru_cache(maxsize=1024)
def _safe(plan: Plan, mistake: Mistake, off: frozenset[Entry]) -> frozenset[Entry]:
    """Return what a mistake leaves right whatever the numbers: these meet nowhere by chance."""
    given = {array: _any(array, plan.sizes.shape(array.shape)) for array in plan.given}
    forward = run(plan.forward, given, plan.numbers)
    known = {**given, **{array: _without(off, array, m) for array, m in forward.items()}}
    exact = run((*plan.backward, *plan.descent), known, plan.numbers)
    return _right(exact, mistaken(plan, mistake, {**known, **exact}))


def _without(off: frozenset[Entry], array: Array, matrix: Matrix) -> Matrix:
    """Return a matrix with 0 at some entries of an array."""
    return tuple(
        tuple(Decimal(0) if (array, i, j) in off else entry for j, entry in enumerate(row))
        for i, row in enumerate(matrix)
    )


def _right(exact: Given, found: Given) -> frozenset[Entry]:
    """Return where two results agree."""
    return frozenset(
        (target, i, j)
        for target, matrix in found.items()
        for i, row in enumerate(matrix[: len(exact[target])])
        for j, (a, b) in enumerate(zip(row, exact[target][i], strict=False))
        if a == b
    )


def _any(array: Array, shape: tuple[int, int]) -> Matrix:
    """Return numbers in 0 … 1 with six decimals."""
    rows, columns = shape

    def entry(i: int, j: int) -> Decimal:
        drawn = int.from_bytes(digest(source(array), i, j), "big")
        return Decimal(drawn % 10**6).scaleb(-6)

    return tuple(tuple(entry(i, j) for j in range(columns)) for i in range(rows))
