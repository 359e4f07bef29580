"""How many times the parameters of one layer another has: the factor, and what mistakes give."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice, product
from typing import TypeAlias

from rnnsym.blocks import Inline, Prose, prose
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.expr import Expr, Integer, arrays_in, expand, size
from rnnsym.item import Blank, WrongNumber
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import Given, parts_of, proven, value_of
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import plain, rounded
from rnnsym.quiz.slips import Work as Equations
from rnnsym.quiz.subject import cell_of
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = [
    "factor_blank", "factor_of_maps", "in_decimals", "maps_of", "surplus", "total_of",
    "wrong_factors",
]  # fmt: skip

PLACES = 3
Claim: TypeAlias = tuple[str, Fraction, Prose]


def maps_of(system: System) -> int:
    """Return how many equations of the cell read the input through parameters."""
    return len({part.block for part in parts_of(system) if part.reads == "x"})


def factor_of_maps(a: System, b: System) -> Fraction:
    """Return how many times the parameters of a has b, if all their affine maps are alike."""
    return Fraction(maps_of(b), maps_of(a))


def total_of(system: System, given: Given) -> int:
    """Return the number of parameters; raises as ``proven``."""
    return proven(Work(parts_of(system), given, 1), value_of(count(system).formula, given))


@lru_cache(maxsize=256)
def surplus(a: System, b: System) -> Expr:
    """Return what b has beyond its share for its maps: from the formulas, proven by arrays.

    Raises:
        Unfair: arrays of several sizes say something else.
    """
    factor = factor_of_maps(a, b)
    parts, whole = Integer(factor.numerator), Integer(factor.denominator)
    first, second = (count(system).formula.value for system in (a, b))
    found = expand(whole * second - parts * first)
    for d, n in product((3, 7), (5, 8)):
        one, two = (Work(parts_of(s), (("d", d), ("n", n)), 1).total for s in (a, b))
        if found.subs({size("d"): d, size("n"): n}) != whole * two - parts * one:
            raise Unfair("formulas and arrays disagree on what two layers have")
    return found / whole


def wrong_factors(a: System, b: System, key: Fraction) -> list[Claim]:
    """Return what mistakes make of the factor."""
    cells = [cell_of(system) for system in (a, b)]
    gates = [len(Equations(cell, cell.equations).gates) for cell in cells]
    maps = [maps_of(system) for system in (a, b)]
    only = [g or m for g, m in zip(gates, maps, strict=True)]
    more = [m + (g > 0) for g, m in zip(gates, maps, strict=True)]
    states = [len(cell.states) for cell in cells]
    candidate = prose("Beside the gates, the candidate is an affine map with parameters too.")
    both, second = Fraction(only[1], only[0]), Fraction(only[1], maps[0])
    return [
        *([("gates only of the second", second, candidate)] if second not in {both, key} else []),
        ("gates only", both, candidate),
        ("update of the state counted", Fraction(more[1], more[0]),
         _no_parameters(a, b)),
        ("layers taken for equally large", Fraction(1),
         prose("The sizes are equal, but not the numbers of affine maps.")),
        ("states counted", Fraction(states[1], states[0]),
         prose("It is affine maps that have parameters, not states.")),
        ("other way round", 1 / key,
         prose("The first layer is taken for the second, and the second for the first.")),
    ]  # fmt: skip


def _no_parameters(a: System, b: System) -> Prose:
    """Return which layer updates a state by an equation that has none: a vanilla layer does not."""
    found: list[Inline] = []
    for system, layer in ((a, "first"), (b, "second")):
        cell = cell_of(system)
        trained, states = {p.name for p in cell.parameters}, {s.name: s for s in cell.states}
        updates = (
            states[name] for name, rhs in cell.written.items()
            if name in states and not trained & {array.name for array in arrays_in(rhs)}
        )  # fmt: skip
        for update in islice(updates, 1):
            found += [", nor " if found else "No parameters stand ",
                      f"in the {layer} layer's equation for ", update]  # fmt: skip
    return prose(*found, ".")


def in_decimals(number: Fraction) -> Decimal:
    """Return a number to three decimals, zeros at the end dropped."""
    return plain(rounded(Decimal(number.numerator) / Decimal(number.denominator), PLACES))


def factor_blank(label: Prose, key: Fraction, claims: Iterable[Claim], apart: str = "0") -> Blank:
    """Return a blank for a factor, exact or to three decimals.

    Args:
        label: what it is.
        key: the answer.
        claims: the misconceptions by name, what they give and why that is wrong.
        apart: by how much what they give differs from the answer at least.

    Raises:
        Unfair: a mistake gives the answer, or nearly so.
    """
    value, least = in_decimals(key), Decimal(apart)
    wrong = [WrongNumber(in_decimals(k), name, why) for name, k, why in claims]
    for one in wrong:
        if abs(one.value - value) <= least:
            raise Unfair(f"'{one.misconception}' gives {one.value}, the key is {value}")
    return Blank(label, value, least / 5, told_apart(wrong))
