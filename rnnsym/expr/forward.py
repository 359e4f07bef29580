"""Forward rules: the Jacobian of a column vector, given those of the arrays in it."""

from collections.abc import Callable
from functools import singledispatch
from typing import TypeAlias

from rnnsym.expr._sympy import Integer, Tuple
from rnnsym.expr.activations import derivative
from rnnsym.expr.build import (
    apply,
    concat,
    diag,
    fill_like,
    hadamard,
    matmul,
    minus,
    plus,
    scale,
    split,
    transpose,
)
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
    Slice,
    Softmax,
    Spread,
)

__all__ = ["Seeds", "chain", "identity", "jacobian"]

Seeds: TypeAlias = Callable[[Array], Node | None]
"""The Jacobian of each array; None stands for zero."""


def identity(node: Node) -> Diag:
    """Return the identity matrix, as wide as a column vector is high."""
    return diag(fill_like(1, node))


def _is_identity(node: Node) -> bool:
    return isinstance(node, Diag) and isinstance(node.arg, Fill)


def chain(left: Node, right: Node) -> Node:
    """Return left · right, with diag(a) diag(b) = diag(a ⊙ b) and I dropped."""
    if _is_identity(left):
        return right
    if _is_identity(right):
        return left
    if isinstance(right, Plus) and not _is_structured(right):
        return plus(*(chain(left, term) for term in right.children))
    if isinstance(right, Scale):
        return scale(right.factor, chain(left, right.arg))
    head, tail = (
        (right.children[0], right.children[1:]) if isinstance(right, Product) else (right, ())
    )
    if isinstance(left, Diag) and isinstance(head, Diag):
        return matmul(diag(hadamard(left.arg, head.arg)), *tail)
    return matmul(left, right)


def _is_structured(node: Plus) -> bool:
    """Tell whether a sum is one matrix made of parameters, such as W − Wᵀ − γI."""
    return all(array.time is None for array in node.atoms(Array))


def _sum(terms: list[Node]) -> Node | None:
    negative_last = sorted(terms, key=lambda t: isinstance(t, Scale) and bool(t.factor.is_negative))
    return plus(*negative_last) if terms else None


@singledispatch
def jacobian(node: Node, seeds: Seeds) -> Node | None:
    """Return ∂node/∂s, given ∂a/∂s for every array a in ``node``; None is zero."""
    raise TypeError(f"no forward rule for a {type(node).__name__}")


@jacobian.register
def _(node: Array, seeds: Seeds) -> Node | None:
    return seeds(node)


@jacobian.register
def _(node: Fill, seeds: Seeds) -> Node | None:
    return None


@jacobian.register
def _(node: Plus, seeds: Seeds) -> Node | None:
    found = (jacobian(c, seeds) for c in node.children)
    return _sum([f for f in found if f is not None])


@jacobian.register
def _(node: Scale, seeds: Seeds) -> Node | None:
    inner = jacobian(node.arg, seeds)
    if isinstance(inner, Plus):
        return plus(*(scale(node.factor, term) for term in inner.children))
    return None if inner is None else scale(node.factor, inner)


@jacobian.register
def _(node: Hadamard, seeds: Seeds) -> Node | None:
    terms: list[Node] = []
    for i, child in enumerate(node.children):
        inner = jacobian(child, seeds)
        others = [c for j, c in enumerate(node.children) if j != i]
        if inner is not None:
            terms.append(chain(diag(hadamard(*others)), inner))
    return _sum(terms)


@jacobian.register
def _(node: Product, seeds: Seeds) -> Node | None:
    *matrices, vector = node.children
    inner = jacobian(vector, seeds)
    return None if inner is None else chain(matmul(*matrices), inner)


@jacobian.register
def _(node: Map, seeds: Seeds) -> Node | None:
    inner = jacobian(node.arg, seeds)
    return None if inner is None else chain(diag(derivative(node)), inner)


@jacobian.register
def _(node: Maximum, seeds: Seeds) -> Node | None:
    a, b = node.children
    wins = apply("step", minus(a, b))
    weights = wins, minus(fill_like(1, a), wins)
    found = ((w, jacobian(c, seeds)) for w, c in zip(weights, (a, b), strict=True))
    return _sum([chain(diag(w), inner) for w, inner in found if inner is not None])


@jacobian.register
def _(node: Spread, seeds: Seeds) -> Node | None:
    inner = jacobian(node.arg, seeds)
    return None if inner is None else chain(fill_like(1, node), inner)


@jacobian.register
def _(node: Softmax, seeds: Seeds) -> Node | None:
    inner = jacobian(node.arg, seeds)
    return None if inner is None else chain(minus(diag(node), matmul(node, transpose(node))), inner)


@jacobian.register
def _(node: Concat, seeds: Seeds) -> Node | None:
    found = [jacobian(c, seeds) for c in node.children]
    width = next((f.shape[1] for f in found if f is not None), None)
    if width is None:
        return None
    zeros = (Fill(Integer(0), Tuple(c.shape[0], width)) for c in node.children)
    return concat(*(z if f is None else f for f, z in zip(found, zeros, strict=True)))


@jacobian.register
def _(node: Slice, seeds: Seeds) -> Node | None:
    inner = jacobian(node.arg, seeds)
    return None if inner is None else split(inner, node.start, node.length)
