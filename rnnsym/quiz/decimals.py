"""Expressions evaluated in decimal, 30 digits: the same figures on every processor.

It shares nothing with the oracle (complex floats) or with generated programs (NumPy).
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from decimal import Decimal, localcontext
from functools import lru_cache, reduce, singledispatch
from itertools import chain
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
from rnnsym.quiz.decimal_functions import FUNCTIONS
from rnnsym.quiz.numbers import Matrix
from rnnsym.record import record

__all__ = [
    "Evaluation", "Numbers", "Place", "Point", "evaluate", "evaluations", "kept", "number",
    "precise", "sized",
]  # fmt: skip

PRECISION = 30
Place: TypeAlias = tuple[str, str, int | None, int | None]
"""Where an array is kept: name, direction, layer, time."""
Numbers: TypeAlias = tuple[tuple[Expr, int], ...]
"""What each size and index is."""


Reader: TypeAlias = Callable[[Place, tuple[int, int]], Matrix]
"""The value of the array at a place, which has the shape given."""
Flat: TypeAlias = tuple[Decimal, ...]
"""A matrix row after row, quickly gone through: a program knows its shapes."""
Program: TypeAlias = Callable[[Reader], Flat]
Evaluation: TypeAlias = Callable[[Reader], Matrix]


@record
class Point:
    """Values for everything in an expression: sizes, indices, arrays."""

    numbers: Numbers
    read: Reader


@lru_cache(maxsize=4096)
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
    with precise():
        return evaluations(point.numbers)(node)(point.read)


def precise() -> AbstractContextManager[object]:
    """Return the context in which an evaluation is right in all its digits."""
    return localcontext(prec=PRECISION)


@lru_cache(maxsize=512)
def evaluations(numbers: Numbers) -> Callable[[Node], Evaluation]:
    """Return what walks a tree once for many evaluations: a question is drawn again and again.

    An evaluation raises as ``evaluate`` does, and is called where arithmetic is ``precise``.
    """

    @lru_cache(maxsize=4096)
    def compiled(node: Node) -> Evaluation:
        program, (rows, columns) = _compiled(node, numbers), sized(node.shape, numbers)
        if rows == 1:
            return lambda read: (program(read),)

        def run(read: Reader) -> Matrix:
            found = program(read)
            return tuple([found[i : i + columns] for i in range(0, len(found), columns)])

        return run

    return compiled


Operation: TypeAlias = Callable[[Decimal, Decimal], Decimal]
ZERO = Decimal(0)


def _joined(operation: Operation, parts: Iterable[Program]) -> Program:
    """Entry by entry, from left to right."""

    def both(a: Program, b: Program) -> Program:
        return lambda read: tuple(map(operation, a(read), b(read)))

    return reduce(both, parts)


def _children(node: Node, numbers: Numbers) -> list[Program]:
    return [_compiled(child, numbers) for child in node.children]


def _quotient(number: Expr) -> Decimal:
    exact = evaluated(number)
    return Decimal(exact.p) / Decimal(exact.q)


def kept(array: Array) -> str:
    """Return the name that an array is kept by: a gradient apart from what it is taken of."""
    return f"dL/d{array.name}" if array.family.role == "gradient" else array.name


@singledispatch
def _compiled(node: Node, numbers: Numbers) -> Program:
    raise TypeError(f"no decimal value for a {type(node).__name__}")


@_compiled.register
def _(node: Array, numbers: Numbers) -> Program:
    layer, time = (None if i is None else number(i, numbers) for i in (node.layer, node.time))
    place = kept(node), node.family.direction, layer, time
    return _reading(place, sized(node.shape, numbers))


@lru_cache(maxsize=4096)
def _reading(place: Place, shape: tuple[int, int]) -> Program:
    """One program for all lines that read an array."""
    if shape[0] == 1:
        return lambda read: read(place, shape)[0]
    return lambda read: tuple(chain.from_iterable(read(place, shape)))


@_compiled.register
def _(node: Fill, numbers: Numbers) -> Program:
    rows, columns = sized(node.shape, numbers)
    entries = (_quotient(node.value),) * rows * columns
    return lambda _read: entries


@_compiled.register
def _(node: Map, numbers: Numbers) -> Program:
    function, inner = FUNCTIONS[node.name], _compiled(node.arg, numbers)
    return lambda read: tuple(map(function, inner(read)))


@_compiled.register
def _(node: Softmax, numbers: Numbers) -> Program:
    inner = _compiled(node.arg, numbers)

    def run(read: Reader) -> Flat:
        powers = [entry.exp() for entry in inner(read)]
        total = sum(powers, ZERO)
        return tuple([power / total for power in powers])

    return run


@_compiled.register
def _(node: Hadamard, numbers: Numbers) -> Program:
    return _joined(mul, _children(node, numbers))


@_compiled.register
def _(node: Maximum, numbers: Numbers) -> Program:
    return _joined(max, _children(node, numbers))


@_compiled.register
def _(node: Spread, numbers: Numbers) -> Program:
    inner, rows = _compiled(node.arg, numbers), number(node.shape[0], numbers)
    return lambda read: inner(read) * rows


@_compiled.register
def _(node: Plus, numbers: Numbers) -> Program:
    return _joined(add, _children(node, numbers))


@_compiled.register
def _(node: Product, numbers: Numbers) -> Program:
    first, *others = node.children
    product, inner = _compiled(first, numbers), number(first.shape[1], numbers)
    for factor in others:
        columns = number(factor.shape[1], numbers)
        product = _product(product, inner, _compiled(factor, numbers), columns)
        inner = columns
    return product


def _product(a: Program, inner: int, b: Program, columns: int) -> Program:
    """The product of a matrix of ``inner`` columns and one of ``columns``."""

    def run(read: Reader) -> Flat:
        x, y = a(read), b(read)
        rows = [x[i : i + inner] for i in range(0, len(x), inner)]
        turned = [y[j::columns] for j in range(columns)]
        return tuple([sum(map(mul, row, column), ZERO) for row in rows for column in turned])

    def outer(read: Reader) -> Flat:
        y = b(read)
        return tuple([ZERO + e * f for e in a(read) for f in y])

    return outer if inner == 1 else run


@_compiled.register
def _(node: Scale, numbers: Numbers) -> Program:
    factor, inner = _quotient(node.factor), _compiled(node.arg, numbers)
    return lambda read: tuple([factor * entry for entry in inner(read)])


@_compiled.register
def _(node: Transpose, numbers: Numbers) -> Program:
    inner, columns = _compiled(node.arg, numbers), number(node.arg.shape[1], numbers)

    def run(read: Reader) -> Flat:
        entries = inner(read)
        return tuple(chain.from_iterable([entries[j::columns] for j in range(columns)]))

    return run


@_compiled.register
def _(node: Diag, numbers: Numbers) -> Program:
    inner = _compiled(node.arg, numbers)

    def run(read: Reader) -> Flat:
        entries = inner(read)
        places = range(len(entries))
        return tuple([entries[i] if i == j else ZERO for i in places for j in places])

    return run


@_compiled.register
def _(node: Concat, numbers: Numbers) -> Program:
    parts = _children(node, numbers)
    return lambda read: tuple(chain.from_iterable([part(read) for part in parts]))


@_compiled.register
def _(node: Slice, numbers: Numbers) -> Program:
    columns = number(node.shape[1], numbers)
    start, length = (columns * number(e, numbers) for e in (node.start, node.length))
    inner = _compiled(node.arg, numbers)
    return lambda read: inner(read)[start : start + length]


@_compiled.register
def _(node: Sigma, numbers: Numbers) -> Program:
    index, first, last = node.bounds
    steps = range(number(first, numbers), number(last, numbers) + 1)
    parts = [_compiled(node.body, (*numbers, (index, k))) for k in steps]
    return _joined(add, parts)
