"""What misconceptions make of a number: each number once, with all that may be behind it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import chain

from rnnsym.blocks import Prose
from rnnsym.expr import Map, Plus, arrays_in
from rnnsym.item import WrongNumber
from rnnsym.quiz.decimals import Numbers, Place
from rnnsym.quiz.forward_net import place_of, run
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix
from rnnsym.sheet.worked_lines import Row

__all__ = ["none_at_zero", "none_cancels", "told_apart", "unlike_start"]


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


def none_at_zero(rows: tuple[Row, ...], known: Mapping[Place, Matrix]) -> None:
    """Look for a function of 0: a gate of ½ does not show whether it or 1 less it was taken.

    Raises:
        Unfair: there is one.
    """
    if any(entry == 0 for place in _arguments(rows) for line in known[place] for entry in line):
        raise Unfair("a function is taken of 0")


def none_cancels(rows: Iterable[Row], known: Mapping[Place, Matrix], numbers: Numbers) -> None:
    """Look for an entry of a sum that one of its terms makes alone: the others hide each other.

    Raises:
        Unfair: there is one.
    """
    for row in rows:
        if isinstance(row.value, Plus) and len(row.value.children) > 2:
            place = place_of(row.target)
            for term in row.value.children:
                alone = run((Row(row.target, term),), known, numbers)[place]
                pairs = zip(chain(*alone), chain(*known[place]), strict=True)
                if any(a == b for a, b in pairs):
                    raise Unfair("the other terms of a sum cancel")


@lru_cache(maxsize=1024)
def _arguments(rows: tuple[Row, ...]) -> frozenset[Place]:
    read = (a for row in rows for f in row.value.atoms(Map) for a in arrays_in(f))
    return frozenset(map(place_of, read))
