"""Ratios of counts: exact, in lowest terms, and told apart by whether sizes matter."""

from functools import cache
from typing import Any

from rnnsym.expr import Expr, Integer, expand, factor
from rnnsym.record import record

__all__ = ["Ratio", "ratio"]


@record
class Ratio:
    """``top`` : ``bottom``, polynomials in the sizes without a common factor.

    Attributes:
        constant: whether no size is in it.
        limit: what it tends to as all sizes grow together, if that is a number, as (top, bottom).
    """

    top: Expr
    bottom: Expr
    constant: bool
    limit: tuple[int, int] | None


def ratio(a: Expr, b: Expr) -> Ratio:
    """Return a : b in lowest terms.

    >>> from rnnsym.expr import size
    >>> n, d = size("n"), size("d")
    >>> found = ratio(3 * (n * d + n**2 + n), 4 * (n * d + n**2 + n))
    >>> found.top, found.bottom, found.constant
    (3, 4, True)
    >>> ratio(3 * (n + d) + 4, 4 * (n + d + 1)).limit
    (3, 4)
    """
    top, bottom = _lowest(a, b)
    highest = _lowest(_leading(expand(top)), _leading(expand(bottom)))
    numbers = all(part.is_number for part in highest)
    limit = (int(highest[0]), int(highest[1])) if numbers else None
    constant = bool(top.is_number) and bool(bottom.is_number)
    return Ratio(expand(top), expand(bottom), constant, limit)


@cache  # a comparison asks for the same ratios again and again
def _lowest(a: Expr, b: Expr) -> tuple[Expr, Expr]:
    quotient: Any = factor(a / b)
    top, bottom = quotient.as_numer_denom()
    return top, bottom


def _leading(polynomial: Expr) -> Expr:
    """Return the terms of the highest degree in all sizes together."""
    terms = polynomial.as_ordered_terms()
    highest = max(_degree(term) for term in terms)
    total: Expr = Integer(0)
    for term in terms:
        total = total + term if _degree(term) == highest else total
    return total


def _degree(term: Expr) -> int:
    powers = (f.as_base_exp() for f in term.as_ordered_factors())
    return sum(int(exponent) for base, exponent in powers if not base.is_number)
