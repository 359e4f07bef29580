"""Expressions as the text of NumPy, and long lines wrapped."""

from collections.abc import Callable, Iterable
from typing import Final

from rnnsym.expr import (
    Array,
    Diag,
    Expr,
    Family,
    Fill,
    Node,
    Product,
    Spread,
    Transpose,
    evaluated,
    rebuild,
    source_scalar,
)
from rnnsym.expr.printing import inside, render
from rnnsym.numeric.notation import NumPy

__all__ = [
    "TEXT",
    "Columns",
    "is_fixed_matrix",
    "printed",
    "size_text",
    "tuple_text",
    "wrapped",
    "wrapped_sum",
]

TEXT: Final = "text"
WIDTH: Final = 100


def size_text(expr: Expr) -> str:
    """Return a size in a unit's own variables: n for n(ℓ) too."""
    printed = source_scalar(expr)
    while "[" in printed:
        head, _, rest = printed.partition("[")
        printed = head + rest.partition("]")[2]
    return printed


class Columns(NumPy):
    """NumPy on arrays whose last axis is the batch, and whose first is time where there is one."""

    def __init__(self, name: Callable[[Array], str], all_steps: bool) -> None:
        self.name, self.all_steps = name, all_steps

    def array(self, node: Array) -> str:
        """What the array is called where this is printed."""
        return node.name if node.family.role == TEXT else self.name(node)

    def filled(self, node: Fill) -> str:
        """A constant matrix with its shape."""
        rows, cols = (size_text(s) for s in node.shape)
        return f"np.full(({rows}, {cols}), {float(evaluated(node.value))}, dtype)"

    def spread(self, node: Spread) -> str:
        """A scalar repeated in every row."""
        return f"np.repeat({inside(node.arg, self, 3)}, {size_text(node.shape[0])}, axis=-2)"

    def identity(self, rows: Expr) -> str:
        """The identity matrix."""
        return f"np.eye({size_text(rows)}, dtype=dtype)"

    def call(self, name: str, arg: Node) -> str:
        """A function; one that complex numbers go through as well, for the check."""
        if name == "softplus":
            return f"softplus({render(arg, self)})"
        return super().call(name, arg)

    def rows(self, inner: str, first: Expr, last: Expr) -> str:
        """Rows, counted from 0."""
        start = size_text(first - 1)
        cut = f"{'' if start == '0' else start}:{size_text(last)}"
        return f"{inner}[:, {cut}]" if self.all_steps else f"{inner}[{cut}]"

    def stack(self, blocks: list[str]) -> str:
        """Blocks on top of each other."""
        return f"np.concatenate([{', '.join(blocks)}], axis=-2)"

    def transpose(self, inner: str) -> str:
        """A matrix turned round."""
        return f"{inner}.T"


def printed(node: Node, notation: Columns) -> str:
    """Return ``node`` as Python, matrix products over all steps as one product each."""
    return render(_with_products(node, notation), notation)


def _with_products(node: Node, notation: Columns) -> Node:
    """Put the text of every matrix product in its place."""
    if not isinstance(node, Product) or not _timed(node):
        return rebuild(node, tuple(_with_products(c, notation) for c in node.children))
    *matrices, vector = node.children
    text = printed(vector, notation)
    for matrix in reversed(matrices):
        if isinstance(matrix, Diag):
            text = f"({inside(matrix.arg, notation, 3)} * {text})"
        elif notation.all_steps and not _timed(matrix):
            if isinstance(matrix, Fill):
                factor = notation.filled(matrix)
            else:
                factor = printed(matrix, notation)
            text = f"times({factor}, {text})"
        else:
            text = f"({inside(matrix, notation, 3)} @ {_bracketed(text)})"
    return Array(Family(text, text, "", TEXT), node.shape)


def _bracketed(text: str) -> str:
    return text if text.replace("_", "").isalnum() else f"({text})"


def is_fixed_matrix(node: Node) -> bool:
    """Tell whether a matrix is the same at every step, and is more than a diagonal."""
    bare = node.arg if isinstance(node, Transpose) else node
    return not _timed(bare) and not isinstance(bare, Diag | Fill)


def _timed(node: Node) -> bool:
    if isinstance(node, Array):
        return node.time is not None
    return any(_timed(c) for c in node.children)


def wrapped(indent: str, head: str, parts: list[str], tail: str, width: int = WIDTH) -> list[str]:
    """Return a call or signature on one line, or on several."""
    line = f"{indent}{head}{', '.join(parts)}{tail}"
    if len(line) <= width:
        return [line]
    lines, inner = [indent + head], ""
    for part in parts:
        if inner and len(indent) + 6 + len(inner) + len(part) > width:
            lines.append(f"{indent}    {inner.rstrip()}")
            inner = ""
        inner += f"{part}, "
    return [*lines, f"{indent}    {inner.rstrip().rstrip(',')}", f"{indent}{tail}"]


def wrapped_sum(head: str, text: str, width: int = 96) -> list[str]:
    """Return an equation on one line, or broken before its plus signs."""
    lines = [head]
    for place, term in enumerate(text.split(" + ")):
        part = term if place == 0 else f" + {term}"
        if len(lines[-1]) + len(part) > width and lines[-1].strip():
            lines.append(f"{' ' * (len(head) - len(head.lstrip()) + 4)}{part.strip()}")
        else:
            lines[-1] += part
    return lines


def tuple_text(names: Iterable[str]) -> str:
    """Return a tuple's text."""
    listed = list(names)
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"
