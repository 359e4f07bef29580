"""Expressions as NumPy writes them."""

import re

from rnnsym.expr import Array, Expr, Fill, Node, Spread, evaluated, source_scalar
from rnnsym.expr.printing import render, shaped
from rnnsym.expr.text import Source

__all__ = ["NumPy", "code", "identifier", "size_code"]

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


NUMPY = NumPy()


def code(node: Node) -> str:
    """Return ``node`` as NumPy writes it."""
    return render(node, NUMPY)


def identifier(array: Array) -> str:
    """Return the Python name under which a program keeps an array: name and direction."""
    direction = array.family.direction
    return f"{array.name}_{direction}" if direction else array.name
