"""Exact sums: questions that come to so many marks and minutes, out of those that are drawn."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from rnnsym.item import Item

__all__ = ["Target", "Worth", "chosen", "sums", "wanted"]

NEAR = 20
"""By so much a sum may be too large to be named as the nearest."""


@dataclass(frozen=True, slots=True)
class Target:
    """How many questions, their marks and minutes, and how many of each kind; None: any."""

    questions: int
    marks: int | None = None
    minutes: int | None = None
    each: int | None = None


Worth: TypeAlias = tuple[int, int]
"""Marks and minutes; 0 where any will do."""


def worth(target: Target, item: Item) -> Worth:
    return item.marks if target.marks else 0, item.minutes if target.minutes else 0


def sums(target: Target, pools: Sequence[Sequence[Item]]) -> set[Worth]:
    """Return what as many questions may come to, if there are enough of each worth: not far off."""
    worths = [{worth(target, item) for item in pool} for pool in pools]
    if target.each:
        slots = [choices for choices in worths for _ in range(target.each)]
    else:
        slots = [set[Worth]().union(*worths)] * target.questions
    marks, minutes = (limit + NEAR for limit in wanted(target))
    found: set[Worth] = {(0, 0)}
    for choices in slots:
        found = {(a + x, b + y) for a, b in found for x, y in choices
                 if a + x <= marks and b + y <= minutes}  # fmt: skip
    return found


State: TypeAlias = tuple[int, int, int]
"""Questions, marks, minutes of what is chosen so far."""
Reached: TypeAlias = dict[State, tuple[Item, ...]]


def chosen(target: Target, pools: Sequence[Sequence[Item]]) -> tuple[Item, ...] | None:
    """Return items that come to exactly what is asked, as even over the kinds as can be."""
    even = target.each or -(-target.questions // len(pools))
    for most in [even] if target.each else range(even, target.questions + 1):
        found = _evenly(target, [_useful(target, pool, most) for pool in pools], most)
        if found is not None:
            return found
    return None


def _useful(target: Target, pool: Sequence[Item], most: int) -> list[Item]:
    """Return a pool without those that are worth what ``most`` before them are."""
    seen: Counter[Worth] = Counter()
    found: list[Item] = []
    for item in pool:
        value = worth(target, item)
        seen[value] += 1
        found += [item] if seen[value] <= most else []
    return found


def _evenly(target: Target, pools: Sequence[Sequence[Item]], most: int) -> tuple[Item, ...] | None:
    """Return such items with at most (or with ``each``, exactly) so many of each kind."""
    reached: Reached = {(0, 0, 0): ()}
    for pool in pools:
        taken = _taken(target, reached, pool, most)
        reached = {}
        for layer in taken[most:] if target.each else reversed(taken):
            for state, items in layer.items():
                reached.setdefault(state, items)
    wanted = (target.questions, target.marks, target.minutes)
    for state, items in reached.items():
        if all(w is None or w == s for w, s in zip(wanted, state, strict=True)):
            return items
    return None


def _taken(
    target: Target, reached: Reached, pool: Sequence[Item], most: int
) -> tuple[Reached, ...]:
    """Return what is reached with 0, 1, … ``most`` more items, out of one kind's pool."""
    layers: tuple[Reached, ...] = (dict(reached), *({} for _ in range(most)))
    for item in pool:
        for below, layer in reversed(list(pairwise(layers))):
            for state, items in below.items():
                marks, minutes = worth(target, item)
                new = (state[0] + 1, state[1] + marks, state[2] + minutes)
                if _within(target, new):
                    layer.setdefault(new, (*items, item))
    return layers


def _within(target: Target, state: State) -> bool:
    limits = (target.questions, target.marks, target.minutes)
    return all(limit is None or s <= limit for limit, s in zip(limits, state, strict=True))


def wanted(target: Target) -> Worth:
    """Return what the questions are to come to."""
    return target.marks or 0, target.minutes or 0
