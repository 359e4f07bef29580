"""Scalars in print: indices (t − 1), sizes (2n), and nothing cleverer than that."""

from collections.abc import Callable

from rnnsym.expr._sympy import AppliedUndef, Expr, Integer
from rnnsym.expr.printing import monomials

__all__ = ["join_terms", "scalar"]


def join_terms(terms: list[tuple[bool, str]], plus: str, minus: str) -> str:
    """Join (is negative, text) pairs with their signs."""
    printed = ""
    for negative, body in terms:
        sign = minus if negative else (plus if printed else "")
        printed += f"{sign}{body}"
    return printed or "0"


def scalar(
    expr: Expr,
    atom: Callable[[Expr], str],
    power: Callable[[str, str], str],
    times: str,
    signs: tuple[str, str] = ("+", "-"),
) -> str:
    """Return a polynomial in sizes or indices, its atoms and powers written by the caller."""
    if isinstance(expr, Integer):  # most are: nothing to put in order
        return join_terms([(expr.p < 0, str(abs(expr.p)))], *signs)

    def factor(part: Expr) -> str:
        base, exponent = part.as_base_exp()
        if exponent != 1:
            return power(factor(base), str(exponent).replace(" ", ""))
        if base.is_Add:
            return f"({scalar(base, atom, power, times, signs)})"
        return atom(base)

    terms: list[tuple[bool, str]] = []
    for number, factors in monomials(expr):
        negative = bool(number.is_negative)
        size = -number if negative else number
        shown = [str(size)] if size != 1 or not factors else []
        terms.append((negative, times.join([*shown, *(factor(f) for f in factors)])))
    return join_terms(terms, *signs)


def is_size_of_layer(expr: Expr) -> bool:
    """Tell whether a scalar is a size of one layer, such as n(l)."""
    return isinstance(expr, AppliedUndef)
