"""What misconceptions make of a number: each number once, with all that may be behind it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import chain

from rnnsym.blocks import Prose
from rnnsym.expr import Map, Plus, Product, arrays_in
from rnnsym.item import WrongNumber
from rnnsym.quiz.decimals import Place
from rnnsym.quiz.forward_net import Net, place_of
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.line_by_line import Line, ready, working
from rnnsym.quiz.numbers import Matrix

__all__ = ["all_bend", "none_cancels", "told_apart", "unlike_start"]

BEND = Decimal("0.2"), Decimal(2)
"""Where σ and tanh are neither nearly lines nor nearly flat, as sizes."""
TOLD = Decimal("0.4")
"""What a tanh makes of a smaller number is hardly another one."""
ALONE: Place = ("a term alone", "", None, None)
BENT = {"sigmoid", "tanh"}
"""Functions that are nearly lines at 0, and flat far from it."""


def told_apart(claims: Iterable[WrongNumber]) -> tuple[WrongNumber, ...]:
    """Return each number once; whoever writes it is told of every misconception that gives it.

    >>> a, b = (WrongNumber(Decimal(4), name, (why,)) for name, why in ("aA", "bB"))
    >>> told_apart((a, b))
    (WrongNumber(value=Decimal('4'), misconception='a, or b', why=('A', ' Or: ', 'B')),)
    """
    found = dict[Decimal, dict[Prose, str]]()
    for claim in claims:
        found.setdefault(claim.value, {}).setdefault(claim.why, claim.misconception)
    return tuple(
        WrongNumber(value, ", or ".join(dict.fromkeys(reasons.values())), _either(reasons))
        for value, reasons in found.items()
    )


def _either(reasons: Iterable[Prose]) -> Prose:
    first, *others = reasons
    return (*first, *(part for other in others for part in (" Or: ", *other)))


def unlike_start(known: Mapping[Place, Matrix]) -> None:
    """Look for a number of the first step that a state has before it, in that row, sign apart.

    Raises:
        Unfair: there is one; who swaps the two finds the answer, or its negative.
    """
    start, first = (
        {
            (i, abs(entry))
            for (*_, at), matrix in known.items()
            if at == time
            for i, row in enumerate(matrix)
            for entry in row
        }
        for time in (0, 1)
    )
    if start & first:
        raise Unfair("the first step has a number of an initial state again")


def all_bend(net: Net, place: Place, value: Matrix) -> None:
    """Look for what a function is taken of where it hardly differs from a line.

    A gate of about ½ does not show whether it or 1 less it was taken, either; and one that is
    flat there hides what stands in its argument. Nor is it asked twice for one number: σ(−a) is
    1 − σ(a). A small candidate that is but an affine map does not show whether somebody took its
    tanh.

    Raises:
        Unfair: there is one.
    """
    least, most = BEND
    bends, straight = place in _arguments(net), place in _candidates(net)
    sizes = [abs(e) for row in value for e in row] if bends or straight else []
    if bends and any(not least <= size <= most for size in sizes):
        raise Unfair("a function is taken where it is nearly a line, or flat")
    if bends and len(set(sizes)) < len(sizes):
        raise Unfair("a function is taken of one size twice")
    if straight and any(size < TOLD for size in sizes):
        raise Unfair("a candidate is too small to show whether its tanh was taken")


def none_cancels(net: Net, known: Mapping[Place, Matrix], place: Place) -> None:
    """Look for an entry of a sum that one of its terms makes alone: the others hide each other.

    Called where arithmetic is ``precise``.

    Raises:
        Unfair: there is one.
    """
    value = list(chain(*known[place]))
    alone = dict(known)
    for line in working(_terms(net).get(place, ()), alone):
        if any(a == b for a, b in zip(chain(*alone[line.place]), value, strict=True)):
            raise Unfair("the other terms of a sum cancel")


@lru_cache(maxsize=256)
def _arguments(net: Net) -> frozenset[Place]:
    maps = (f for row in net.rows for f in row.value.atoms(Map) if f.name in BENT)
    read = (a for f in maps for a in arrays_in(f))
    return frozenset(map(place_of, read))


@lru_cache(maxsize=256)
def _candidates(net: Net) -> frozenset[Place]:
    """Return where affine maps are kept that are no states, and that no function is taken of."""
    states = {s.array.name for s in net.system.states}
    affine = (
        row.target
        for row in net.rows
        if isinstance(row.value, Plus) and row.value.atoms(Product) and not row.value.atoms(Map)
    )
    return frozenset(place_of(a) for a in affine if a.name not in states) - _arguments(net)


@lru_cache(maxsize=256)
def _terms(net: Net) -> Mapping[Place, tuple[Line, ...]]:
    """Return the terms of each sum of more than two, as lines of places that nobody has."""
    sums = (row for row in net.rows if isinstance(row.value, Plus) and len(row.value.children) > 2)
    return {
        place_of(row.target): ready(
            ((ALONE, row.target, term) for term in row.value.children), net.numbers
        )
        for row in sums
    }
