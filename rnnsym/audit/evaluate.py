"""Values of expressions at a point, in numbers of many digits.

Whatever lies outside the model is absent, and counts as zero: an adjoint of step T + 1, the layer
above the last. So a term that a derivation restricts to t < T needs no restriction in a formula.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, singledispatch
from typing import Any, TypeAlias

import numpy as np

from rnnsym.derivation import Derivation
from rnnsym.expr import (
    LAYER,
    LAYERS,
    STEPS,
    TIME,
    Array,
    Concat,
    Diag,
    Expr,
    Family,
    Fill,
    Hadamard,
    Integer,
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
    evaluated,
)
from rnnsym.numeric.sizes import Sizes

__all__ = ["Numbers", "Point", "UndefinedError", "evaluate"]

LARGEST = 10_000  # of an exponent: exp of more is no number that a formula needs
Numbers: TypeAlias = Any  # a NumPy array of mpmath's numbers
Key: TypeAlias = tuple[Family, int | None, int | None]


class UndefinedError(ArithmeticError):
    """An expression has no real value at a point."""


@dataclass(frozen=True)
class Point:
    """Numbers for every array of a model, at the layer and step where an expression is read.

    Attributes:
        context: mpmath's arithmetic, with its number of digits.
        known: the values so far.
        indices: numbers of ℓ, t and of the bound indices of sums.
    """

    derivation: Derivation
    sizes: Sizes
    context: Any
    known: dict[Key, Numbers]
    indices: Mapping[Expr, int] = field(default_factory=dict[Expr, int])

    def at(self, **indices: int) -> "Point":
        """Return the same point, read at a layer ``l`` and a step ``t``."""
        names: dict[str, Expr] = {"l": LAYER, "t": TIME}
        return replace(self, indices={names[k]: v for k, v in indices.items()})

    def bind(self, index: Expr, value: int) -> "Point":
        """Return the same point with a bound index."""
        return replace(self, indices={**self.indices, index: value})

    def index(self, expr: Expr) -> int:
        """Return an index as a number."""
        base, offset = _parts(expr)
        if base is None:
            return offset
        if base in self.indices:
            return self.indices[base] + offset
        rule: dict[Expr, Expr] = {k: Integer(v) for k, v in self.indices.items()}
        rule |= {STEPS: Integer(self.sizes.steps), LAYERS: Integer(self.sizes.depth)}
        return int(expr.xreplace(rule))

    def scalar(self, expr: Expr) -> Any:
        """Return a number, which may hold sizes, in this point's arithmetic."""
        number = expr if expr.is_number else self.size(evaluated(expr))
        return self.context.mpf(number.p) / number.q

    def size(self, expr: Expr) -> Expr:
        """Return a size with every symbol in it replaced."""
        rule: dict[Expr, Expr] = {k: Integer(v) for k, v in self.indices.items()}
        return expr.xreplace(rule).xreplace(self.sizes.rule).xreplace(self.sizes.rule)

    def shape(self, node: Node) -> tuple[int, int]:
        """Return a shape as numbers."""
        rows, cols = (int(self.size(s)) for s in node.shape)
        return rows, cols

    def key(self, array: Array) -> Key:
        """Return where an array is kept."""
        layer, time = (None if i is None else self.index(i) for i in (array.layer, array.time))
        return array.family, layer, time

    def read(self, array: Array) -> Numbers | None:
        """Return an array's value, or None where the model has none."""
        return None if self._elsewhere(array) else self.known.get(self.key(array))

    def _elsewhere(self, array: Array) -> bool:
        """Δ_t of a stack reaches the layer that the loss sees, and no other."""
        if LAYER not in self.indices or array.family.name != "Delta":
            return False
        term = self.derivation.system.loss_terms[0]
        at = term.target.layer
        return at is not None and self.indices[LAYER] != self.index(at)


@lru_cache(maxsize=4096)
def _parts(expr: Expr) -> tuple[Expr | None, int]:
    """Split t − 1 into (t, −1), and 3 into (None, 3); anything else has no such parts."""
    if expr.is_number:
        return None, int(expr)
    symbols = list(expr.free_symbols)
    if len(symbols) == 1 and (expr - symbols[0]).is_number:
        return symbols[0], int(expr - symbols[0])
    return expr, 0


# Values of nodes


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
