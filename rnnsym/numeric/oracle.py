"""The oracle: the forward equations walked as a tree, differentiated by the complex step.

It shares nothing with the derivation. All perturbations are evaluated at once along a leading
axis: every array has shape (K, rows, 1), one slice for each of K perturbed copies of the net.
Source of the method: Squire and Trapp 1998, Using complex variables to estimate derivatives.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from typing import Any

import numpy as np

from rnnsym.equations import System
from rnnsym.expr import (
    LAYER,
    STEPS,
    TIME,
    Array,
    Concat,
    Diag,
    Expr,
    Fill,
    Hadamard,
    Map,
    Maximum,
    Node,
    Plus,
    Product,
    Scale,
    Slice,
    Softmax,
    Spread,
    Transpose,
    evaluated,
)
from rnnsym.numeric.sizes import Sizes

__all__ = ["STEP", "Values", "loss_of"]

STEP = 1e-30
Numbers = Any  # a NumPy array of complex numbers
Key = tuple[str, str, int | None, int | None]


def _relu(a: Numbers) -> Numbers:
    return np.where(a.real > 0, a, 0)


FUNCTIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "tanh": np.tanh,
    "relu": _relu,
    "step": lambda a: (a.real > 0) + 0j,
    "exp": np.exp,
    "softplus": lambda a: np.log(1 + np.exp(a)),
    "log": np.log,
    "reciprocal": lambda a: 1 / a,
    "square": lambda a: a * a,
}


@dataclass
class Values:
    """The arrays of one evaluation, by name, direction, layer and time."""

    sizes: Sizes
    truncate: int | None
    known: dict[Key, Numbers]
    layer: int = 0
    time: int = 0
    states: frozenset[str] = frozenset()

    def index(self, expr: Expr | None) -> int | None:
        """Return an index as a number, at the present layer and step."""
        if expr is None:
            return None
        base, offset = _parts(expr)
        if base is TIME:
            return self.time + offset
        if base is LAYER:
            return self.layer + offset
        return offset if base is None else self.sizes.number(expr, self.layer)

    def key(self, array: Array) -> Key:
        """Return where an array is kept."""
        family = array.family
        return family.name, family.direction, self.index(array.layer), self.index(array.time)

    def read(self, array: Array) -> Numbers:
        """Return an array's value; a state that truncation detaches loses its derivative."""
        key = self.key(array)
        if key not in self.known and self._is_before_the_start(array.name, key[3]):
            rows, cols = self.sizes.shape(array.shape, self.layer)
            return np.zeros((1, rows, cols), complex)
        value = self.known[key]
        return value.real + 0j if self._detached(array, key[3]) else value

    def _is_before_the_start(self, name: str, time: int | None) -> bool:
        """Tell whether this is an input of a step that is none: it is zero, unlike a state."""
        return name not in self.states and time in (0, self.sizes.steps + 1)

    def _detached(self, array: Array, time: int | None) -> bool:
        if self.truncate is None or array.name not in self.states or time is None:
            return False
        if array.time == TIME or not (array.time or TIME).has(TIME):
            return False
        steps = self.sizes.steps
        done = time if time < self.time else steps + 1 - time
        return done > 0 and done % self.truncate == 0


@lru_cache(maxsize=1024)
def _parts(expr: Expr) -> tuple[Expr | None, int]:
    """Split t − 1 into (t, −1), 3 into (None, 3); anything else is left to the caller."""
    for base in (TIME, LAYER):
        if expr.has(base) and (expr - base).is_number:
            return base, int(expr - base)
    return (None, int(expr)) if expr.is_number else (STEPS, 0)


@singledispatch
def evaluate(node: Node, values: Values) -> Numbers:
    """Return the value of ``node``, shape (K, rows, columns)."""
    raise TypeError(f"the oracle does not know a {type(node).__name__}")


@evaluate.register
def _(node: Array, values: Values) -> Numbers:
    return values.read(node)


@evaluate.register
def _(node: Fill, values: Values) -> Numbers:
    shape = values.sizes.shape(node.shape, values.layer)
    return np.full((1, *shape), complex(float(evaluated(node.value))))


@evaluate.register
def _(node: Map, values: Values) -> Numbers:
    return FUNCTIONS[node.name](evaluate(node.arg, values))


@evaluate.register
def _(node: Maximum, values: Values) -> Numbers:
    a, b = (evaluate(c, values) for c in node.children)
    first = np.asarray(a.real > b.real, float)
    return first * a + (1 - first) * b


@evaluate.register
def _(node: Spread, values: Values) -> Numbers:
    return evaluate(node.arg, values) * np.ones(
        (values.sizes.number(node.shape[0], values.layer), 1)
    )


@evaluate.register
def _(node: Softmax, values: Values) -> Numbers:
    a = evaluate(node.arg, values)
    powers = np.exp(a - a.real.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@evaluate.register
def _(node: Hadamard, values: Values) -> Numbers:
    product = evaluate(node.children[0], values)
    for child in node.children[1:]:
        product = product * evaluate(child, values)
    return product


@evaluate.register
def _(node: Plus, values: Values) -> Numbers:
    total = evaluate(node.children[0], values)
    for child in node.children[1:]:
        total = total + evaluate(child, values)
    return total


@evaluate.register
def _(node: Scale, values: Values) -> Numbers:
    return float(evaluated(node.factor)) * evaluate(node.arg, values)


@evaluate.register
def _(node: Product, values: Values) -> Numbers:
    product = evaluate(node.children[0], values)
    for child in node.children[1:]:
        product = product @ evaluate(child, values)
    return product


@evaluate.register
def _(node: Transpose, values: Values) -> Numbers:
    return np.swapaxes(evaluate(node.arg, values), 1, 2)


@evaluate.register
def _(node: Diag, values: Values) -> Numbers:
    entries = evaluate(node.arg, values)
    return entries * np.eye(entries.shape[1])


@evaluate.register
def _(node: Concat, values: Values) -> Numbers:
    blocks = [evaluate(c, values) for c in node.children]
    copies = max(b.shape[0] for b in blocks)
    whole = [b if len(b) == copies else np.broadcast_to(b, (copies, *b.shape[1:])) for b in blocks]
    return np.concatenate(whole, axis=1)


@evaluate.register
def _(node: Slice, values: Values) -> Numbers:
    start = values.sizes.number(node.start, values.layer)
    length = values.sizes.number(node.length, values.layer)
    return evaluate(node.arg, values)[:, start : start + length]


def forward(system: System, values: Values) -> None:
    """Evaluate every equation of the model into ``values``."""
    sizes = values.sizes
    for block in system.blocks:
        first = block.loops[0].equations[0]
        for values.layer in sizes.range(first.layer):
            for loop in block.loops:
                times = sizes.range(loop.equations[0].time)
                for values.time in times if loop.order >= 0 else reversed(times):
                    for equation in loop.equations:
                        value = evaluate(equation.rhs, values)
                        values.known[values.key(equation.lhs)] = value


def run(
    system: System, sizes: Sizes, known: Mapping[Key, Numbers], truncate: int | None = None
) -> Values:
    """Return the values of every array of every perturbed copy."""
    states = frozenset(s.array.name for s in system.states)
    values = Values(sizes, truncate, dict(known), states=states)
    forward(system, values)
    return values


def total_loss(system: System, values: Values) -> Numbers:
    """Return the loss of every perturbed copy that was run, shape (K,)."""
    sizes = values.sizes
    total: Numbers = 0
    for term in system.loss_terms:
        for values.layer in sizes.range(term.layer):
            for values.time in sizes.range(term.time):
                y, given = values.read(term.target), values.read(term.given)
                total = total + LOSSES[term.kind](y, given)
    return total


def loss_of(
    system: System, sizes: Sizes, known: Mapping[Key, Numbers], truncate: int | None = None
) -> Numbers:
    """Return the loss of every perturbed copy, shape (K,)."""
    return total_loss(system, run(system, sizes, known, truncate))


def _dot(a: Numbers, b: Numbers) -> Numbers:
    return (a * b).sum(axis=(1, 2))


def _cross_entropy(scores: Numbers, target: Numbers) -> Numbers:
    shifted = scores - scores.real.max(axis=1, keepdims=True)
    return -_dot(target, shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


LOSSES: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "free": _dot,
    "squared": lambda y, target: 0.5 * _dot(y - target, y - target),
    "cross-entropy": _cross_entropy,
}
