"""Values of expressions at a point, in numbers of many digits; None for what is absent there."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from rnnsym.audit.place import Numbers, Point
from rnnsym.expr import (
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

__all__ = ["UndefinedError", "evaluate"]

LARGEST = 10_000  # of an exponent: exp of more is no number that a formula needs


class UndefinedError(ArithmeticError):
    """An expression has no real value at a point."""


@singledispatch
def evaluate(node: Node, at: Point) -> Numbers | None:
    """Return the value of ``node`` as a matrix, or None where it is absent.

    Raises:
        UndefinedError: a division by zero, a logarithm of what is not positive, an overflow.
    """
    raise TypeError(f"no value for a {type(node).__name__}")


@evaluate.register
def _(node: Array, at: Point) -> Numbers | None:
    return at.read(node)


@evaluate.register
def _(node: Fill, at: Point) -> Numbers | None:
    return np.full(at.shape(node), at.scalar(node.value), object)


@evaluate.register
def _(node: Map, at: Point) -> Numbers | None:
    inner = evaluate(node.arg, at)
    return None if inner is None else _mapped(node.name, inner, at.context)


@evaluate.register
def _(node: Softmax, at: Point) -> Numbers | None:
    inner = evaluate(node.arg, at)
    if inner is None:
        return None
    powers = _mapped("exp", inner, at.context)
    return powers / powers.sum()


@evaluate.register
def _(node: Maximum, at: Point) -> Numbers | None:
    a, b = (evaluate(c, at) for c in node.children)
    if a is None or b is None:
        return None
    larger = np.asarray(a > b, dtype=object)
    return larger * a + (1 - larger) * b


@evaluate.register
def _(node: Spread, at: Point) -> Numbers | None:
    inner = evaluate(node.arg, at)
    return None if inner is None else np.full(at.shape(node), inner[0, 0], object)


@evaluate.register
def _(node: Hadamard, at: Point) -> Numbers | None:
    return _folded(node, at, lambda a, b: a * b)


@evaluate.register
def _(node: Product, at: Point) -> Numbers | None:
    return _folded(node, at, lambda a, b: a @ b)


def _folded(node: Node, at: Point, times: Callable[[Numbers, Numbers], Numbers]) -> Numbers | None:
    values: list[Numbers] = []
    for child in node.children:
        value = evaluate(child, at)
        if value is None:
            return None
        values.append(value)
    # A chain that ends in a column is cheapest from its end.
    column = values[-1].shape[1] == 1
    total = values.pop() if column else values.pop(0)
    while values:
        total = times(values.pop(), total) if column else times(total, values.pop(0))
    return total


@evaluate.register
def _(node: Plus, at: Point) -> Numbers | None:
    found = [v for v in (evaluate(c, at) for c in node.children) if v is not None]
    return sum(found[1:], found[0]) if found else None


@evaluate.register
def _(node: Scale, at: Point) -> Numbers | None:
    inner = evaluate(node.arg, at)
    return None if inner is None else inner * at.scalar(node.factor)


@evaluate.register
def _(node: Transpose, at: Point) -> Numbers | None:
    inner = evaluate(node.arg, at)
    return None if inner is None else inner.T


@evaluate.register
def _(node: Diag, at: Point) -> Numbers | None:
    inner = evaluate(node.arg, at)
    return None if inner is None else np.diagflat(inner)


@evaluate.register
def _(node: Concat, at: Point) -> Numbers | None:
    blocks = [evaluate(c, at) for c in node.children]
    if all(b is None for b in blocks):
        return None
    zero = at.context.mpf(0)
    pairs = zip(blocks, node.children, strict=True)
    return np.concatenate([np.full(at.shape(c), zero) if b is None else b for b, c in pairs])


@evaluate.register
def _(node: Slice, at: Point) -> Numbers | None:
    inner = evaluate(node.arg, at)
    start, length = int(at.size(node.start)), int(at.size(node.length))
    return None if inner is None else inner[start : start + length]


@evaluate.register
def _(node: Sigma, at: Point) -> Numbers | None:
    index, first, last = node.bounds
    steps = range(at.index(first), at.index(last) + 1)
    found = [v for v in (evaluate(node.body, at.bind(index, k)) for k in steps) if v is not None]
    return sum(found[1:], found[0]) if found else None


# Elementwise functions


def _exp(x: Any, context: Any) -> Any:
    if abs(x) > LARGEST:
        raise UndefinedError("exp of a huge number")
    return context.exp(x)


def _log(x: Any, context: Any) -> Any:
    if x <= 0:
        raise UndefinedError("the logarithm of a number that is not positive")
    return context.log(x)


def _reciprocal(x: Any, context: Any) -> Any:
    if x == 0:
        raise UndefinedError("a division by zero")
    return 1 / x


_FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "sigmoid": lambda x, context: 1 / (1 + _exp(-x, context)),
    "tanh": lambda x, context: context.tanh(x),
    "relu": lambda x, context: x if x > 0 else context.mpf(0),
    "step": lambda x, context: context.mpf(x > 0),
    "exp": _exp,
    "log": _log,
    "reciprocal": _reciprocal,
    "square": lambda x, context: x * x,
    "softplus": lambda x, context: context.log(1 + _exp(x, context)),
}


def _mapped(name: str, inner: Numbers, context: Any) -> Numbers:
    function = _FUNCTIONS[name]
    entries = [function(x, context) for x in inner.ravel()]
    return np.array(entries, object).reshape(inner.shape)
