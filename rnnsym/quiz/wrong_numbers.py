"""What misconceptions make of a number: each number once, with all that may be behind it."""

from collections.abc import Iterable
from decimal import Decimal

from rnnsym.blocks import Prose
from rnnsym.item import WrongNumber

__all__ = ["told_apart"]


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
