"""Constructors of expressions: they check shapes, flatten, and keep the order of a textbook."""

from collections.abc import Callable
from itertools import pairwise

from rnnsym.errors import ShapeError
from rnnsym.expr._sympy import Expr, Integer, Str, Tuple, sympify
from rnnsym.expr.nodes import (
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
    Shape,
    Sigma,
    Slice,
    Softmax,
    Spread,
    Transpose,
)

__all__ = [
    "apply",
    "concat",
    "diag",
    "fill_like",
    "hadamard",
    "identity",
    "matmul",
    "maximum",
    "minus",
    "plus",
    "rebuild",
    "scale",
    "shape_text",
    "sigma",
    "softmax",
    "split",
    "spread",
    "transpose",
]

ONE = Integer(1)


def shape_text(shape: Shape) -> str:
    """Return a shape as errors and JSON print it, e.g. ``n×d``."""
    return "×".join(str(size) for size in shape)


def _name(node: Node) -> str:
    return f"{node} ({shape_text(node.shape)})"


def _same_shape(nodes: tuple[Node, ...], operation: str) -> None:
    first = nodes[0]
    for other in nodes[1:]:
        if other.shape != first.shape:
            raise ShapeError(f"{_name(first)} {operation} {_name(other)}: shapes differ")


def _flat(kind: type[Node], nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(c for n in nodes for c in (n.children if isinstance(n, kind) else (n,)))


def fill_like(value: int, node: Node) -> Fill:
    """Return the constant matrix of ``node``'s shape."""
    return Fill(Integer(value), Tuple(*node.shape))


def _is_fill(node: Node, value: int) -> bool:
    return isinstance(node, Fill) and node.value == value


def plus(*terms: Node) -> Node:
    """Return the sum of ``terms``, in order, without zeros."""
    flat = _flat(Plus, terms)
    _same_shape(flat, "+")
    kept = tuple(term for term in flat if not _is_fill(term, 0)) or flat[:1]
    return kept[0] if len(kept) == 1 else Plus(*kept)


def minus(a: Node, b: Node) -> Node:
    """Return ``a − b``."""
    return plus(a, scale(-1, b))


def scale(number: Expr | int, node: Node) -> Node:
    """Return ``number`` times ``node``."""
    factor = sympify(number)
    if isinstance(node, Scale):
        factor, node = factor * node.factor, node.arg
    if factor == 1:
        return node
    if factor == 0:
        return fill_like(0, node)
    return Scale(factor, node)


def _without_numbers(nodes: tuple[Node, ...]) -> tuple[Expr, tuple[Node, ...]]:
    number: Expr = ONE
    for node in nodes:
        number = number * node.factor if isinstance(node, Scale) else number
    return number, tuple(n.arg if isinstance(n, Scale) else n for n in nodes)


def hadamard(*factors: Node) -> Node:
    """Return the elementwise product of ``factors``, in order; numbers move to the front."""
    _same_shape(factors, "⊙")
    number, bare = _without_numbers(factors)
    flat = _flat(Hadamard, bare)
    if any(_is_fill(f, 0) for f in flat):
        return fill_like(0, flat[0])
    kept = tuple(f for f in flat if not _is_fill(f, 1)) or flat[:1]
    return scale(number, kept[0] if len(kept) == 1 else Hadamard(*kept))


def matmul(*factors: Node) -> Node:
    """Return the matrix product of ``factors``; numbers move to the front.

    Raises:
        ShapeError: inner sizes differ.
    """
    number, bare = _without_numbers(factors)
    flat = _flat(Product, bare)
    for a, b in pairwise(flat):
        if a.shape[1] != b.shape[0]:
            inner = f"inner sizes {a.shape[1]} and {b.shape[0]} differ"
            raise ShapeError(f"{_name(a)} times {_name(b)}: {inner}")
    return scale(number, flat[0] if len(flat) == 1 else Product(*flat))


def transpose(node: Node) -> Node:
    """Return the transpose, moved inside products and numbers."""
    if isinstance(node, Transpose):
        return node.arg
    if isinstance(node, Diag):
        return node
    if isinstance(node, Scale):
        return scale(node.factor, transpose(node.arg))
    if isinstance(node, Product):
        return matmul(*(transpose(c) for c in reversed(node.children)))
    return Transpose(node)


def apply(name: str, node: Node) -> Map:
    """Return the elementwise function ``name`` of ``node``."""
    return Map(Str(name), node)


def softmax(node: Node) -> Softmax:
    """Return the softmax of a column vector."""
    return Softmax(node)


def diag(node: Node) -> Diag:
    """Return the diagonal matrix of a column vector."""
    if node.shape[1] != 1:
        raise ShapeError(f"diag takes a column vector, not {_name(node)}")
    return Diag(node)


def identity(rows: Expr) -> Diag:
    """Return the identity matrix."""
    return Diag(Fill(ONE, Tuple(rows, ONE)))


def maximum(a: Node, b: Node) -> Maximum:
    """Return the larger of two expressions, entry by entry."""
    _same_shape((a, b), "max")
    return Maximum(a, b)


def spread(scalar: Node, rows: Expr) -> Node:
    """Return a column vector with ``scalar`` in every row."""
    if scalar.shape != (ONE, ONE):
        raise ShapeError(f"{_name(scalar)} is no scalar")
    return scalar if rows == 1 else Spread(scalar, rows)


def concat(*blocks: Node) -> Node:
    """Return ``blocks`` stacked on top of each other."""
    return blocks[0] if len(blocks) == 1 else Concat(*blocks)


def split(node: Node, start: Expr | int, length: Expr) -> Node:
    """Return ``length`` rows from row ``start``."""
    return Slice(node, sympify(start), length)


def sigma(body: Node, index: Expr, first: Expr, last: Expr) -> Sigma:
    """Return Σ of ``body`` over ``index`` from ``first`` to ``last``."""
    return Sigma(body, index, first, last)


_REMAKE: dict[type[Node], Callable[..., Node]] = {
    Plus: plus,
    Hadamard: hadamard,
    Product: matmul,
    Transpose: transpose,
    Scale: scale,
}


def rebuild(node: Node, children: tuple[Node, ...]) -> Node:
    """Return ``node`` with other children, through the checking constructors."""
    if children == node.children:
        return node
    new = iter(children)
    args = tuple(next(new) if isinstance(a, Node) else a for a in node.args)
    return _REMAKE.get(type(node), type(node))(*args)
