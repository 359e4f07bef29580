"""Any expression as a SymPy matrix of scalar symbols, so that a user can go on in SymPy."""

from collections.abc import Callable, Mapping
from functools import singledispatch
from itertools import product
from typing import Any

from rnnsym.expr._sympy import Expr, Matrix, Max, Piecewise, Symbol, exp, log, sympify, tanh
from rnnsym.expr.indices import BOUND
from rnnsym.expr.nodes import (
    Array,
    Concat,
    Diag,
    Fill,
    Hadamard,
    Map,
    Maximum,
    Node,
    Plus,
    Product,
    Scale,
    Sigma,
    Slice,
    Softmax,
    Spread,
    Transpose,
)
from rnnsym.expr.text import source

__all__ = ["SCALAR_FUNCTIONS", "explicit"]


SCALAR_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "tanh": tanh,
    "relu": lambda x: Max(x, 0),
    "step": lambda x: Piecewise((1, x > 0), (0, True)),
    "exp": exp,
    "softplus": lambda x: log(1 + exp(x)),
    "log": log,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x**2,
}
"""Each activation as a function of one SymPy scalar."""

Sizes = Mapping[Expr, Expr | int]


def explicit(node: Node, sizes: Mapping[str, int] | Sizes) -> Any:
    """Return ``node`` as a SymPy Matrix with one scalar symbol per entry.

    Args:
        node: any expression.
        sizes: a number for every size and index in it, e.g. ``{"n": 2, "d": 1, "T": 3}``.

    >>> from rnnsym.expr import Array, Family, apply, size
    >>> a = Array(Family("a", "a"), (size("n"), sympify(1)))
    >>> explicit(apply("tanh", a), {"n": 2})
    Matrix([
    [tanh(a[1,1])],
    [tanh(a[2,1])]])
    """
    named = {str(k): sympify(v) for k, v in sizes.items()}
    rule = {s: named[str(s)] for s in node.free_symbols if s != BOUND and str(s) in named}
    rule |= {k: sympify(v) for k, v in sizes.items() if isinstance(k, Expr)}
    return _matrix(node.xreplace(rule))


@singledispatch
def _matrix(node: Node) -> Any:
    raise TypeError(f"no explicit form for a {type(node).__name__}")


@_matrix.register
def _(node: Array) -> Any:
    rows, cols = (int(s) for s in node.shape)
    name = source(node)
    entries = product(range(1, rows + 1), range(1, cols + 1))
    return Matrix(rows, cols, [Symbol(f"{name}[{i},{j}]") for i, j in entries])


@_matrix.register
def _(node: Fill) -> Any:
    rows, cols = (int(s) for s in node.shape)
    return Matrix(rows, cols, [node.value] * (rows * cols))


@_matrix.register
def _(node: Map) -> Any:
    return _matrix(node.arg).applyfunc(SCALAR_FUNCTIONS[node.name])


@_matrix.register
def _(node: Softmax) -> Any:
    powers = _matrix(node.arg).applyfunc(SCALAR_FUNCTIONS["exp"])
    return powers / sum(powers)


@_matrix.register
def _(node: Hadamard) -> Any:
    first, *rest = (_matrix(c) for c in node.children)
    for other in rest:
        first = first.multiply_elementwise(other)
    return first


@_matrix.register
def _(node: Maximum) -> Any:
    pairs = zip(*(_matrix(c) for c in node.children), strict=True)
    return Matrix(
        *(int(s) for s in node.shape), [Piecewise((a, a > b), (b, True)) for a, b in pairs]
    )


@_matrix.register
def _(node: Spread) -> Any:
    rows = int(node.shape[0])
    return Matrix(rows, 1, [_matrix(node.arg)[0]] * rows)


@_matrix.register
def _(node: Plus) -> Any:
    first, *rest = (_matrix(c) for c in node.children)
    return sum(rest, first)


@_matrix.register
def _(node: Scale) -> Any:
    return node.factor * _matrix(node.arg)


@_matrix.register
def _(node: Product) -> Any:
    first, *rest = (_matrix(c) for c in node.children)
    for other in rest:
        first = first * other
    return first


@_matrix.register
def _(node: Transpose) -> Any:
    return _matrix(node.arg).T


@_matrix.register
def _(node: Diag) -> Any:
    entries = _matrix(node.arg)
    return Matrix.diag(*entries)


@_matrix.register
def _(node: Concat) -> Any:
    return Matrix.vstack(*(_matrix(c) for c in node.children))


@_matrix.register
def _(node: Slice) -> Any:
    start, length = int(node.start), int(node.length)
    return _matrix(node.arg)[start : start + length, :]


@_matrix.register
def _(node: Sigma) -> Any:
    index, first, last = node.bounds
    steps = range(int(first), int(last) + 1)
    parts = [_matrix(node.body.xreplace({index: sympify(k)})) for k in steps]
    return sum(parts[1:], parts[0])
