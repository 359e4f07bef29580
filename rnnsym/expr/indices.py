"""Scalars: the time and layer indices, symbolic sizes, and the spans over which equations hold."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from rnnsym.expr._sympy import Expr, Function, Integer, Symbol
from rnnsym.record import record

__all__ = ["BOUND", "LAYER", "LAYERS", "STEPS", "TIME", "Span", "size", "size_of_layer"]

TIME = Symbol("t", integer=True)
LAYER = Symbol("l", integer=True)
STEPS = Symbol("T", integer=True, positive=True)
LAYERS = Symbol("L", integer=True, positive=True)
# The t under a Σ is another symbol than the free t, so no substitution can ever touch it.
BOUND = Symbol("t", integer=True, positive=True)


@cache
def size(name: str) -> Symbol:
    """Return the symbolic size called ``name`` (n, d, p, …)."""
    return Symbol(name, integer=True, positive=True)


@cache
def _size_family(name: str) -> Any:
    return Function(name, integer=True, positive=True)


def size_of_layer(name: str, layer: Expr) -> Expr:
    """Return the size ``name`` of one layer, e.g. n(l): free for every layer."""
    family = _size_family(name)
    result: Expr = family(layer)
    return result


def _certainly_less(a: Expr, b: Expr) -> bool:
    """Decide a < b for spans' ends, reading T and L as larger than any number written down."""
    difference = b - a
    if difference.is_number:
        return int(difference) > 0
    large = difference.xreplace({STEPS: Integer(10**6), LAYERS: Integer(10**4)})
    return bool(large.is_number) and int(large) > 0


@record
class Span:
    """The indices from ``first`` to ``last``, both included.

    >>> str(Span(Integer(1), STEPS).shifted(-1))
    '0..T - 1'
    """

    first: Expr
    last: Expr

    def shifted(self, by: int) -> "Span":
        """Return the span moved by ``by``."""
        return Span(self.first + by, self.last + by)

    def meet(self, other: "Span") -> "Span | None":
        """Return what two spans share, or None."""
        first = other.first if _certainly_less(self.first, other.first) else self.first
        last = other.last if _certainly_less(other.last, self.last) else self.last
        return None if _certainly_less(last, first) else Span(first, last)

    def has(self, index: Expr) -> bool:
        """Tell whether ``index`` lies in the span."""
        return not _certainly_less(index, self.first) and not _certainly_less(self.last, index)

    def at(self, rule: Mapping[Expr, Expr]) -> "Span":
        """Return the span with symbols replaced, e.g. L by 3."""
        return Span(self.first.xreplace(rule), self.last.xreplace(rule))

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"
