"""Expressions evaluated in decimal, 30 digits: the same figures on every processor.

It shares nothing with the oracle (complex floats) or with generated programs (NumPy), so each
can prove the other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cache, singledispatch
from operator import add, mul
from typing import TypeAlias

from rnnsym.expr import (
    BOUND,
    Array,
    Concat,
    Diag,
    Expr,
    Fill,
    Hadamard,
    Integer,
    Map,
    Node,
    Plus,
    Product,
    Scale,
    Shape,
    Sigma,
    Slice,
    Softmax,
    Transpose,
)
from rnnsym.quiz.numbers import Matrix, zeros

__all__ = ["Numbers", "Place", "Point", "evaluate", "number"]

PRECISION = 30
Place: TypeAlias = tuple[str, str, int | None, int | None]
"""Where an array is kept: name, direction, layer, time."""
Numbers: TypeAlias = tuple[tuple[Expr, int], ...]
"""What each size and index is."""


@dataclass(frozen=True, slots=True)
class Point:
    """Values for everything in an expression: sizes, indices, arrays."""

    numbers: Numbers
    read: Callable[[Place, tuple[int, int]], Matrix]

    def shape(self, shape: Shape) -> tuple[int, int]:
        """Return a shape as numbers."""
        return number(shape[0], self.numbers), number(shape[1], self.numbers)


@cache
def number(expr: Expr, numbers: Numbers) -> int:
    """Return a size or an index as a number."""
    values = {symbol: Integer(value) for symbol, value in numbers}
    return int(expr.xreplace(values))


def evaluate(node: Node, point: Point) -> Matrix:
    """Return the value of ``node``.

    Raises:
        ArithmeticError: a logarithm or a quotient that has none.
    """
    with localcontext(prec=PRECISION):
        return _value(node, point)


def _sigmoid(a: Decimal) -> Decimal:
    return 1 / (1 + (-a).exp())


def _tanh(a: Decimal) -> Decimal:
    small = (-2 * abs(a)).exp()
    return ((1 - small) / (1 + small)).copy_sign(a)


FUNCTIONS: dict[str, Callable[[Decimal], Decimal]] = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": lambda a: max(a, Decimal(0)),
    "step": lambda a: Decimal(int(a > 0)),
    "exp": Decimal.exp,
    "log": Decimal.ln,
    "reciprocal": lambda a: 1 / a,
    "square": lambda a: a * a,
}


def _entrywise(
    operation: Callable[[Decimal, Decimal], Decimal], matrices: Iterable[Matrix]
) -> Matrix:
    first, *others = matrices
    for other in others:
        pairs = zip(first, other, strict=True)
        first = tuple(tuple(map(operation, a, b)) for a, b in pairs)
    return first


def _times(a: Matrix, b: Matrix) -> Matrix:
    columns = tuple(zip(*b, strict=True))
    return tuple(tuple(sum(map(mul, row, col), Decimal(0)) for col in columns) for row in a)


@singledispatch
def _value(node: Node, point: Point) -> Matrix:
    raise TypeError(f"no decimal value for a {type(node).__name__}")


@_value.register
def _(node: Array, point: Point) -> Matrix:
    family = node.family
    layer, time = (None if i is None else number(i, point.numbers) for i in (node.layer, node.time))
    return point.read((family.name, family.direction, layer, time), point.shape(node.shape))


@_value.register
def _(node: Fill, point: Point) -> Matrix:
    rows, columns = point.shape(node.shape)
    return ((Decimal(node.value.p) / Decimal(node.value.q),) * columns,) * rows


@_value.register
def _(node: Map, point: Point) -> Matrix:
    function = FUNCTIONS[node.name]
    return tuple(tuple(map(function, row)) for row in _value(node.arg, point))


@_value.register
def _(node: Softmax, point: Point) -> Matrix:
    powers = [row[0].exp() for row in _value(node.arg, point)]
    return tuple((power / sum(powers, Decimal(0)),) for power in powers)


@_value.register
def _(node: Hadamard, point: Point) -> Matrix:
    return _entrywise(mul, (_value(c, point) for c in node.children))


@_value.register
def _(node: Plus, point: Point) -> Matrix:
    return _entrywise(add, (_value(c, point) for c in node.children))


@_value.register
def _(node: Scale, point: Point) -> Matrix:
    factor = Decimal(node.factor.p) / Decimal(node.factor.q)
    return tuple(tuple(factor * entry for entry in row) for row in _value(node.arg, point))


@_value.register
def _(node: Product, point: Point) -> Matrix:
    first, *others = (_value(c, point) for c in node.children)
    for other in others:
        first = _times(first, other)
    return first


@_value.register
def _(node: Transpose, point: Point) -> Matrix:
    return tuple(zip(*_value(node.arg, point), strict=True))


@_value.register
def _(node: Diag, point: Point) -> Matrix:
    entries = _value(node.arg, point)
    square = [list(row) for row in zeros(len(entries), len(entries))]
    for i, (entry,) in enumerate(entries):
        square[i][i] = entry
    return tuple(map(tuple, square))


@_value.register
def _(node: Concat, point: Point) -> Matrix:
    return tuple(row for c in node.children for row in _value(c, point))


@_value.register
def _(node: Slice, point: Point) -> Matrix:
    start, length = (number(e, point.numbers) for e in (node.start, node.length))
    return _value(node.arg, point)[start : start + length]


@_value.register
def _(node: Sigma, point: Point) -> Matrix:
    index, first, last = node.bounds
    steps = range(number(first, point.numbers), number(last, point.numbers) + 1)
    assert index == BOUND  # the only bound index there is
    return _entrywise(
        add, (_value(node.body, Point((*point.numbers, (index, k)), point.read)) for k in steps)
    )
