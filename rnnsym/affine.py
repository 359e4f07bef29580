"""The affine maps of a layer: which equations hold the parameters, and their matrix products."""

from collections.abc import Iterator
from dataclasses import dataclass

from rnnsym.expr import (
    Array,
    Diag,
    Expr,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    Scale,
    Softmax,
)
from rnnsym.model import Equation, Loop

__all__ = ["AffineMap", "affine_maps", "arrays", "products"]


@dataclass(frozen=True, slots=True)
class AffineMap:
    """One affine map, such as a gate's W x + U h + b.

    Attributes:
        equations: the one that gives its value, then those that are only added into it (the
            u = U h + b_u of a GRU that resets after the product).
        parameters: matrices first, then vectors; shared ones with the map that has them first.
        array: what it computes, behind its function: f for a_f.
    """

    equations: tuple[Equation, ...]
    parameters: tuple[Array, ...]
    array: Array


def affine_maps(loop: Loop, weights: frozenset[Array]) -> tuple[AffineMap, ...]:
    """Return the maps of a layer in the order of its equations, each parameter in one of them."""
    merged = {equation.lhs: [equation] for equation in loop.equations}
    for equation in loop.equations:
        reader = _only_reader(equation, loop, weights)
        if reader is not None:
            merged[reader.lhs] += merged.pop(equation.lhs)
    found: list[AffineMap] = []
    seen: set[Array] = set()
    for equations in merged.values():
        read = dict.fromkeys(a for e in equations for a in arrays(e.rhs) if a in weights - seen)
        seen |= set(read)
        if read or any(products(e.rhs) for e in equations):
            ordered = sorted(read, key=lambda array: array.shape[1] == 1)
            named = _named(equations[0], loop)
            found.append(AffineMap(tuple(equations), tuple(ordered), named))
    return tuple(found)


def _only_reader(equation: Equation, loop: Loop, weights: frozenset[Array]) -> Equation | None:
    """Return the affine map into which an equation's value goes, and nowhere else."""
    lhs = equation.lhs
    reads = [(e, a) for e in loop.equations for a in arrays(e.rhs) if a.family == lhs.family]
    if len(reads) != 1 or reads[0][1] != lhs:
        return None
    reader = reads[0][0]
    affine = not weights.isdisjoint(arrays(reader.rhs))
    return reader if affine and lhs in _added(reader.rhs) else None


def _added(node: Node) -> Iterator[Node]:
    """Yield what an expression is a sum of, the factors of elementwise products one by one."""
    if isinstance(node, Plus | Hadamard | Scale):
        for child in node.children:
            yield from _added(child)
    else:
        yield node


def _named(equation: Equation, loop: Loop) -> Array:
    """Return y where y = f(a) and the equation gives a; else what it gives."""
    for other in loop.equations:
        if isinstance(other.rhs, Map | Softmax) and other.rhs.arg == equation.lhs:
            return other.lhs
    return equation.lhs


def arrays(node: Node) -> Iterator[Array]:
    """Yield the arrays in an expression, in textbook order."""
    if isinstance(node, Array):
        yield node
    for child in node.children:
        yield from arrays(child)


def products(node: Node) -> list[tuple[Expr, ...]]:
    """Return the multiply–adds of the matrix products in an expression, taken from the right.

    A product of r×k and k×c has r k c of them; a diagonal matrix has one for each row.
    """
    found = [term for child in node.children for term in products(child)]
    if isinstance(node, Product):
        *factors, last = node.children
        for factor in factors:
            rows, inner = factor.shape
            diagonal = isinstance(factor, Diag)
            found.append((rows, last.shape[1]) if diagonal else (rows, inner, last.shape[1]))
    return found
