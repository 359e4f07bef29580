"""Random expressions of every node type, random model texts, and numbers for both."""

import math
import random
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from hypothesis import strategies as st

from rnnsym.cell import cell_names
from rnnsym.expr import (
    BOUND,
    STEPS,
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
    Rational,
    Scale,
    Shape,
    Sigma,
    Slice,
    Softmax,
    Spread,
    Transpose,
    Tuple,
    apply,
    explicit,
    size,
)
from rnnsym.model_text import MERGES

sympy: Any = import_module("sympy")  # it has no types

ONE = Integer(1)
N, D = size("n"), size("d")
SIZES = {"n": 2, "d": 3, "T": 2}
# step jumps, log and reciprocal have poles: they are tested one by one, not at random.
SMOOTH = ("sigmoid", "tanh", "relu", "square", "exp", "softplus")


def array(name: str, shape: Shape, layer: Expr | None = None, time: Expr | None = None) -> Array:
    """Return an array whose LaTeX is its name."""
    base, _, sub = name.partition("_")
    return Array(Family(name, f"{base}_{{{sub}}}" if sub else base), shape, layer, time)


def vector(name: str, rows: Expr = N, time: Expr | None = None) -> Array:
    """Return a column vector."""
    return array(name, (rows, ONE), None, time)


def samples() -> dict[type[Node], Node]:
    """Return one expression of every node type."""
    a, b, x = vector("a"), vector("b"), vector("x", D)
    W = array("W", (N, D))  # noqa: N806 - a matrix
    return {
        Array: a,
        Fill: Fill(ONE, Tuple(N, ONE)),
        Map: apply("tanh", a),
        Softmax: Softmax(a),
        Hadamard: Hadamard(a, b),
        Plus: Plus(a, b),
        Maximum: Maximum(a, b),
        Spread: Spread(vector("s", ONE), N),
        Scale: Scale(Rational(1, 2), a),
        Product: Product(W, x),
        Transpose: Transpose(W),
        Diag: Diag(a),
        Concat: Concat(a, x),
        Slice: Slice(Concat(a, x), N, D),
        Sigma: Sigma(vector("a", N, BOUND), BOUND, ONE, STEPS),
    }


Draw = Callable[[st.SearchStrategy[Any]], Any]
_numbers = st.sampled_from([Integer(-2), Integer(-1), Integer(2), Rational(1, 2), Rational(-3, 4)])


def _leaf(draw: Draw, shape: Shape, bound: bool) -> Node:
    if draw(st.integers(0, 5)) == 0:
        return Fill(Integer(draw(st.integers(-1, 2))), Tuple(*shape))
    time = draw(st.sampled_from([None, BOUND, BOUND - 1])) if bound else None
    rows, cols = (str(s).replace(" + ", "") for s in shape)
    return array(f"{draw(st.sampled_from('abc'))}_{rows}{cols}", shape, None, time)


def _kinds(shape: Shape, bound: bool) -> list[type[Node]]:
    rows, cols = shape
    kinds: list[type[Node]] = [Hadamard, Plus, Maximum, Product, Map, Scale, Transpose, Slice]
    kinds += [Softmax, Spread] if cols == 1 and rows != 1 else []
    kinds += [Diag] if rows == cols != 1 else []
    kinds += [Concat] if rows.is_Add else []
    return kinds if bound else [*kinds, Sigma]


def _node(draw: Draw, shape: Shape, depth: int, bound: bool) -> Node:  # noqa: PLR0911 - per type
    rows, cols = shape

    def child(r: Expr = rows, c: Expr = cols, inside: bool = bound) -> Node:
        return _node(draw, (r, c), depth - 1, inside)

    if depth == 0:
        return _leaf(draw, shape, bound)
    kind = draw(st.sampled_from(_kinds(shape, bound)))
    if kind is Map:
        return apply(draw(st.sampled_from(SMOOTH)), child())
    if kind is Scale:
        return Scale(draw(_numbers), child())
    if kind is Product:
        inner = draw(st.sampled_from([N, D, ONE]))
        return Product(child(rows, inner), child(inner, cols))
    if kind is Transpose:
        return Transpose(child(cols, rows))
    if kind is Softmax:
        return Softmax(child())
    if kind is Maximum:
        return Maximum(child(), child())
    if kind is Spread:
        return Spread(child(ONE), rows)
    if kind is Diag:
        return Diag(child(rows, ONE))
    if kind is Concat:
        return Concat(*(child(r, cols) for r in (N, D)))
    if kind is Slice:
        other = draw(st.sampled_from([N, D]))
        blocks, start = (
            ((rows, other), Integer(0)) if draw(st.booleans()) else ((other, rows), other)
        )
        return Slice(Concat(*(child(r, cols) for r in blocks)), start, rows)
    if kind is Sigma:
        first, last = draw(st.sampled_from([(ONE, STEPS), (Integer(2), STEPS), (ONE, STEPS - 1)]))
        return Sigma(child(inside=True), BOUND, first, last)
    many: Node = kind(*(child() for _ in range(draw(st.integers(2, 3)))))
    return many


@st.composite
def expressions(draw: Draw, depth: int = 3) -> Node:
    """Draw an expression of any node type, not simplified in any way."""
    rows = draw(st.sampled_from([N, D, N + D]))
    cols = draw(st.sampled_from([ONE, N, D]))
    return _node(draw, (rows, cols), draw(st.integers(0, depth)), bound=False)


def value_of(name: str) -> float:
    """Return a number for a scalar symbol, always the same for the same name."""
    return random.Random(name).uniform(-1, 1)


def slope_of_relu(x: float, *_: float) -> float:
    """Return relu′, as PyTorch has it: 0 at 0."""
    return float(x > 0)


def evaluated(matrix: Any) -> Any:
    """Return a SymPy matrix of scalar symbols as an array of floats."""
    symbols = sorted(matrix.free_symbols, key=str)
    function = sympy.lambdify(symbols, list(matrix), [{"Heaviside": slope_of_relu}, "math"])
    values = function(*(value_of(str(s)) for s in symbols))
    return np.array(values, float).reshape(matrix.shape)


def numbers(node: Node, sizes: dict[str, int] | None = None) -> Any:
    """Evaluate an expression, through ``explicit``."""
    return evaluated(explicit(node, sizes or SIZES))


def close(a: Any, b: Any) -> bool:
    """Tell whether two arrays agree to rounding, in the scale of the larger numbers."""
    scale = max(1.0, float(np.max(np.abs(b), initial=0.0)))
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 1e-9 * scale))


def finite(values: Any) -> bool:
    """Tell whether every number is one, and none so large that rounding is all there is."""
    return all(math.isfinite(v) and abs(v) < 1e12 for v in np.ravel(values))


@cache
def cells_with_projection() -> frozenset[str]:
    """Return the cells that take a second size."""
    from rnnsym.cell import load_cell

    return frozenset(n for n in cell_names() if len(load_cell(n).size_names) > 1)


_sizes = st.integers(1, 5)


@st.composite
def _recurrent(draw: Draw, depths: list[str]) -> str:
    name = draw(st.sampled_from(cell_names()))
    text = str(name)
    if draw(st.booleans()):
        text += f":{draw(_sizes)}"
        if name in cells_with_projection() and draw(st.booleans()):
            text += f":{draw(_sizes)}"
    merge = draw(st.sampled_from([None, *MERGES]))
    if merge is not None:
        text = f"bi({text})" if merge == "concat" else f"bi({text},{merge})"
    return text + str(draw(st.sampled_from(depths)))


@st.composite
def model_texts(draw: Draw, layers: int = 3) -> str:
    """Draw a model text: embedding, recurrent layers of any kind, readouts."""
    parts = [f"embedding:{draw(_sizes)}:{draw(_sizes)}"] if draw(st.booleans()) else []
    deep = draw(st.integers(0, layers))  # which layer, if any, may have the depth L
    for place in range(draw(st.integers(1, layers))):
        depths = ["", "", "*2", "*L"] if place == deep else ["", "", "*2"]
        parts.append(draw(_recurrent(depths)))
        if draw(st.integers(0, 3)) == 0:
            activation = draw(st.sampled_from(["", ":tanh", ":relu", ":sigmoid", ":softmax"]))
            parts.append(f"dense:{draw(_sizes)}{activation}")
    return ", ".join(parts)
