"""Expressions as NumPy writes them."""

import re
from collections.abc import Sequence
from itertools import pairwise

from rnnsym.expr import (
    Array,
    Expr,
    Fill,
    Node,
    Spread,
    Transpose,
    arrays_in,
    evaluated,
    source_scalar,
)
from rnnsym.expr.printing import render, shaped
from rnnsym.expr.text import Source

__all__ = ["NumPy", "code", "identifier", "is_timed", "size_code", "wide"]

_FUNCTIONS = {
    "sigmoid": "sigmoid({})",
    "tanh": "np.tanh({})",
    "relu": "np.maximum({}, 0.0)",
    "step": "np.heaviside({}, 0.0)",
    "exp": "np.exp({})",
    "softplus": "np.logaddexp(0.0, {})",
    "log": "np.log({})",
    "square": "np.square({})",
    "softmax": "softmax({})",
    "diag": "np.diagflat({})",
}


class _SizeCode(Source):
    """Sizes as the program's variables: ``n_``, ``n_[l]``, so that no array's name can clash."""

    def scalar(self, expr: Expr) -> str:
        """A size or an index."""
        return re.sub(r"(?<![\w.])([A-Za-z]\w*?)(?![\w])", _size_variable, source_scalar(expr))


def _size_variable(match: re.Match[str]) -> str:
    name = match.group(1)
    return name if name in {"t", "l", "T", "L"} else f"{name}_"


size_code = _SizeCode().scalar


class NumPy(Source):
    """The cell language, with NumPy's functions and slices."""

    def scalar(self, expr: Expr) -> str:
        """An index or a number; a constant by its value."""
        return source_scalar(evaluated(expr))

    def filled(self, node: Fill) -> str:
        """A constant matrix with its shape."""
        rows, cols = (size_code(s) for s in node.shape)
        return f"np.full(({rows}, {cols}), {float(evaluated(node.value))})"

    def spread(self, node: Spread) -> str:
        """A scalar repeated in every row."""
        return f"np.repeat({render(node.arg, self)}, {size_code(node.shape[0])}, axis=0)"

    def identity(self, rows: Expr) -> str:
        """The identity matrix."""
        return f"np.eye({size_code(rows)})"

    def larger(self, a: str, b: str) -> str:
        """The larger of two, entry by entry."""
        return f"np.maximum({a}, {b})"

    def call(self, name: str, arg: Node) -> str:
        """A function of NumPy."""
        return _FUNCTIONS[name].format(shaped(arg, self, -1))

    def rows(self, inner: str, first: Expr, last: Expr) -> str:
        """A slice, counted from 0."""
        return f"{inner}[{size_code(first - 1)}:{size_code(last)}]"

    def stack(self, blocks: list[str]) -> str:
        """A concatenation of rows."""
        return f"np.concatenate([{', '.join(blocks)}])"


class _Batch(NumPy):
    """NumPy with a column for every sequence of a batch, B in all."""

    def product(self, factors: Sequence[Node]) -> str:
        """Matrices multiplied; δ vᵀ and v δᵀ sum over the batch, so a v of one column gets B."""
        parts = [shaped(f, self) for f in factors]
        for i, (left, right) in enumerate(pairwise(factors)):
            if _is_adjoint(left) and isinstance(right, Transpose):
                parts[i + 1] = f"{wide(right.arg)}.T"
            elif _is_adjoint(right) and isinstance(right, Transpose):
                parts[i] = wide(left)
        return self.dot.join(parts)


def _is_adjoint(node: Node) -> bool:
    return any(array.family.role == "adjoint" for array in arrays_in(node))


def is_timed(node: Node) -> bool:
    """Tell whether an expression holds anything that has a value of its own at each step."""
    return any(array.time is not None for array in arrays_in(node))


def wide(node: Node) -> str:
    """Return a column as NumPy writes it, as often beside itself as there are sequences."""
    if is_timed(node) or node.shape[1] != 1:
        return shaped(node, _BATCH, 8)
    return f"np.broadcast_to({code(node)}, ({size_code(node.shape[0])}, B))"


_BATCH = _Batch()


def code(node: Node) -> str:
    """Return ``node`` as the program writes it."""
    return render(node, _BATCH)


def identifier(array: Array) -> str:
    """Return the Python name under which a program keeps an array: name and direction."""
    direction = array.family.direction
    return f"{array.name}_{direction}" if direction else array.name
