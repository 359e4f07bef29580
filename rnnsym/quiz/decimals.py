"""Expressions evaluated in decimal, 30 digits: the same figures on every processor.

It shares nothing with the oracle (complex floats) or with generated programs (NumPy), so each
can prove the other.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from functools import cache, lru_cache, partial, reduce, singledispatch
from operator import add, mul
from typing import TypeAlias

from rnnsym.expr import (
    Array,
    Concat,
    Diag,
    Expr,
    Fill,
    Hadamard,
    Integer,
    Map,
    Maximum,
    Node,
    Plus,
    Product,
    Scale,
    Shape,
    Sigma,
    Slice,
    Softmax,
    Spread,
    Transpose,
    evaluated,
)
from rnnsym.quiz.numbers import Matrix
from rnnsym.record import record

__all__ = ["Numbers", "Place", "Point", "evaluate", "number", "sized"]

PRECISION = 30
Place: TypeAlias = tuple[str, str, int | None, int | None]
"""Where an array is kept: name, direction, layer, time."""
Numbers: TypeAlias = tuple[tuple[Expr, int], ...]
"""What each size and index is."""


Reader: TypeAlias = Callable[[Place, tuple[int, int]], Matrix]
"""The value of the array at a place, which has the shape given."""
Program: TypeAlias = Callable[[Reader], Matrix]


@record
class Point:
    """Values for everything in an expression: sizes, indices, arrays."""

    numbers: Numbers
    read: Reader


@cache
def number(expr: Expr, numbers: Numbers) -> int:
    """Return a size or an index as a number."""
    values = {symbol: Integer(value) for symbol, value in numbers}
    return int(expr.xreplace(values))


def sized(shape: Shape, numbers: Numbers) -> tuple[int, int]:
    """Return a shape as numbers."""
    return number(shape[0], numbers), number(shape[1], numbers)


def evaluate(node: Node, point: Point) -> Matrix:
    """Return the value of ``node``.

    Raises:
        ArithmeticError: a logarithm or a quotient that has none.
    """
    with localcontext(prec=PRECISION):
        return _program(node, point.numbers)(point.read)


@lru_cache(maxsize=8192)
def _program(node: Node, numbers: Numbers) -> Program:
    """Walk the tree once for many evaluations: a question is drawn again and again."""
    return _compiled(node, numbers)


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
    "softplus": lambda a: (1 + a.exp()).ln(),
    "log": Decimal.ln,
    "reciprocal": lambda a: 1 / a,
    "square": lambda a: a * a,
}


def _entrywise(operation: Callable[[Decimal, Decimal], Decimal], a: Matrix, b: Matrix) -> Matrix:
    return tuple(tuple(map(operation, x, y)) for x, y in zip(a, b, strict=True))


_larger = partial(_entrywise, max)
_sum = partial(_entrywise, add)
_hadamard = partial(_entrywise, mul)


def _product(a: Matrix, b: Matrix) -> Matrix:
    columns = tuple(zip(*b, strict=True))
    return tuple(tuple(sum(map(mul, row, col), Decimal(0)) for col in columns) for row in a)


def _joined(
    operation: Callable[[Matrix, Matrix], Matrix], nodes: Iterable[Node], numbers: Numbers
) -> Program:
    parts = [_compiled(node, numbers) for node in nodes]
    return lambda read: reduce(operation, (part(read) for part in parts))


def _quotient(number: Expr) -> Decimal:
    exact = evaluated(number)
    return Decimal(exact.p) / Decimal(exact.q)


def _filled(entry: Decimal, shape: tuple[int, int]) -> Matrix:
    rows, columns = shape
    return ((entry,) * columns,) * rows


@singledispatch
def _compiled(node: Node, numbers: Numbers) -> Program:
    raise TypeError(f"no decimal value for a {type(node).__name__}")


@_compiled.register
def _(node: Array, numbers: Numbers) -> Program:
    layer, time = (None if i is None else number(i, numbers) for i in (node.layer, node.time))
    place, shape = (node.name, node.family.direction, layer, time), sized(node.shape, numbers)
    return lambda read: read(place, shape)


@_compiled.register
def _(node: Fill, numbers: Numbers) -> Program:
    matrix = _filled(_quotient(node.value), sized(node.shape, numbers))
    return lambda _read: matrix


@_compiled.register
def _(node: Map, numbers: Numbers) -> Program:
    function, inner = FUNCTIONS[node.name], _compiled(node.arg, numbers)
    return lambda read: tuple(tuple(map(function, row)) for row in inner(read))


@_compiled.register
def _(node: Softmax, numbers: Numbers) -> Program:
    inner = _compiled(node.arg, numbers)

    def run(read: Reader) -> Matrix:
        powers = [entry.exp() for row in inner(read) for entry in row]
        return tuple((power / sum(powers, Decimal(0)),) for power in powers)

    return run


@_compiled.register
def _(node: Hadamard, numbers: Numbers) -> Program:
    return _joined(_hadamard, node.children, numbers)


@_compiled.register
def _(node: Maximum, numbers: Numbers) -> Program:
    return _joined(_larger, node.children, numbers)


@_compiled.register
def _(node: Spread, numbers: Numbers) -> Program:
    inner, rows = _compiled(node.arg, numbers), number(node.shape[0], numbers)
    return lambda read: inner(read) * rows


@_compiled.register
def _(node: Plus, numbers: Numbers) -> Program:
    return _joined(_sum, node.children, numbers)


@_compiled.register
def _(node: Product, numbers: Numbers) -> Program:
    return _joined(_product, node.children, numbers)


@_compiled.register
def _(node: Scale, numbers: Numbers) -> Program:
    factor, inner = _quotient(node.factor), _compiled(node.arg, numbers)
    return lambda read: tuple(tuple(factor * entry for entry in row) for row in inner(read))


@_compiled.register
def _(node: Transpose, numbers: Numbers) -> Program:
    inner = _compiled(node.arg, numbers)
    return lambda read: tuple(zip(*inner(read), strict=True))


@_compiled.register
def _(node: Diag, numbers: Numbers) -> Program:
    inner = _compiled(node.arg, numbers)

    def run(read: Reader) -> Matrix:
        entries = [entry for row in inner(read) for entry in row]
        places = range(len(entries))
        return tuple(tuple(entries[i] if i == j else Decimal(0) for j in places) for i in places)

    return run


@_compiled.register
def _(node: Concat, numbers: Numbers) -> Program:
    return _joined(add, node.children, numbers)


@_compiled.register
def _(node: Slice, numbers: Numbers) -> Program:
    start, length = number(node.start, numbers), number(node.length, numbers)
    inner = _compiled(node.arg, numbers)
    return lambda read: inner(read)[start : start + length]


@_compiled.register
def _(node: Sigma, numbers: Numbers) -> Program:
    index, first, last = node.bounds
    steps = range(number(first, numbers), number(last, numbers) + 1)
    parts = [_compiled(node.body, (*numbers, (index, k))) for k in steps]
    return lambda read: reduce(_sum, (part(read) for part in parts))
