"""Constants of a cell: numbers with a name, which no training changes (α, ε, γ)."""

from fractions import Fraction
from typing import Any

from rnnsym.expr._sympy import Expr, Rational, Symbol

__all__ = ["Constant", "evaluated"]


class Constant(Symbol):
    r"""A named number: printed by its label, computed with by its value.

    >>> alpha = Constant("alpha", r"\alpha", Fraction(1, 2))
    >>> 1 - alpha, evaluated(1 - alpha)
    (1 - alpha, 1/2)
    """

    __slots__ = ("label", "value")
    label: str
    value: Fraction

    def __new__(cls, name: str, label: str, value: Fraction) -> "Constant":
        """Take the name in cell files, the LaTeX and the number."""
        made: Constant = cls.__xnew__(cls, name, real=True)
        made.label, made.value = label, value
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.name, self.label, self.value), {}

    def _hashable_content(self) -> tuple[Any, ...]:
        # Two cells may call two numbers by one name: these are not equal.
        return self.name, self.label, str(self.value)


def evaluated(expr: Expr) -> Expr:
    """Return a scalar with every constant replaced by its number."""
    found = expr.atoms(Constant)
    return expr.xreplace({c: Rational(c.value) for c in found}) if found else expr
