"""Errors carried forward: no wrong number said to be a mistake may be a right one after another."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import TypeAlias

from rnnsym.audit.rewrite import Misconception
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import Given, claims_of
from rnnsym.quiz.guard import Unfair

__all__ = ["Numbers", "carried_apart", "total_at", "wrong_at"]

Numbers: TypeAlias = Callable[[Given], Sequence[int]]
"""Numbers in a fixed order, as the sizes give them."""
ELSEWHERE = (101, 211, 503, 1009, 2003)
"""Other sizes, where no two mistakes give the same number by chance."""


def total_at(work: Work, sizes: Given) -> int:
    """Return what a count comes to with other sizes."""
    return replace(work, sizes=sizes).total


def wrong_at(work: Work, slips: Sequence[Misconception[Work]], sizes: Given) -> Sequence[int]:
    """Return what the misconceptions make of a count with other sizes, in their order."""
    return [value for _, value, _ in claims_of(replace(work, sizes=sizes), slips)]


def carried_apart(given: Given, carried: Numbers, listed: Numbers) -> None:
    """Compare what follows rightly from wrong answers before with a part's own wrong numbers.

    Where they agree whatever the sizes are, they are one mistake.

    Raises:
        Unfair: they agree by chance, so an answer that has full marks is said to be a mistake.
    """
    other = dict(zip(dict.fromkeys(value for _, value in given), ELSEWHERE, strict=False))
    far = tuple((name, other[value]) for name, value in given)
    follows = zip(carried(given), carried(far), strict=True)
    mistakes = zip(listed(given), listed(far), strict=True)
    for (a, a_far), (b, b_far) in product(follows, mistakes):
        if a == b and a_far != b_far:
            raise Unfair(f"{a} follows from a wrong answer, and is said to be a mistake of its own")
