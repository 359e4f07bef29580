"""Counts as a textbook writes them: sums of groups such as 4(nd + n² + n), never multiplied out."""

from dataclasses import dataclass
from math import prod

from rnnsym.expr._sympy import Expr, Integer
from rnnsym.expr.printing import Notation

__all__ = ["Formula", "Group", "formula_in"]


@dataclass(frozen=True, slots=True)
class Group:
    """``times`` multiplied, times the sum of ``terms``; every term is a product of factors."""

    times: tuple[Expr, ...]
    terms: tuple[tuple[Expr, ...], ...]

    @property
    def value(self) -> Expr:
        """The group as one SymPy expression."""
        total: Expr = Integer(0)
        for term in self.terms:
            total = total + prod(term, start=Integer(1))
        return total * prod(self.times, start=Integer(1))


@dataclass(frozen=True, slots=True)
class Formula:
    """A sum of groups, printed in their order."""

    groups: tuple[Group, ...]

    @property
    def value(self) -> Expr:
        """The formula as one SymPy expression."""
        total: Expr = Integer(0)
        for group in self.groups:
            total = total + group.value
        return total


def formula_in(formula: Formula, notation: Notation) -> str:
    """Return a formula in LaTeX, text or Python."""
    printed = (_group(g, notation) for g in formula.groups)
    return " + ".join(printed) or notation.scalar(Integer(0))


def _group(group: Group, notation: Notation) -> str:
    inner = " + ".join(_term(t, notation) for t in group.terms)
    times = [t for t in group.times if t != 1]
    if not times:
        return inner
    if len(group.terms) == 1:
        return _term((*times, *group.terms[0]), notation)
    outer = [_factor(t, notation) for t in times]
    return notation.multiplied([*outer, f"({inner})"])


def _term(factors: tuple[Expr, ...], notation: Notation) -> str:
    """A product, with equal neighbours as powers: n n d is n²d."""
    powers: list[tuple[Expr, int]] = []
    for factor in (f for f in factors if f != 1):
        if powers and powers[-1][0] == factor:
            powers[-1] = (factor, powers[-1][1] + 1)
        else:
            powers.append((factor, 1))
    printed = [
        _factor(base, notation) if n == 1 else notation.scalar(base**n) for base, n in powers
    ]
    return notation.multiplied(printed or ["1"])


def _factor(factor: Expr, notation: Notation) -> str:
    printed = notation.scalar(factor)
    return f"({printed})" if factor.is_Add else printed
