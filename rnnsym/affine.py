"""The affine maps of a layer: which equations hold the parameters, and their matrix products."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from rnnsym.equations import Equation, Loop
from rnnsym.expr import (
    Array,
    Diag,
    Expr,
    Family,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    Scale,
    Softmax,
    arrays_in,
)
from rnnsym.record import record

__all__ = ["AffineMap", "affine_maps", "multiply_adds"]

NodeT = TypeVar("NodeT", bound=Node)


@record
class AffineMap:
    """One affine map, such as a gate's W x + U h + b.

    Attributes:
        equations: the one that gives its value, then those that are only added into it (the
            u = U h + b_u of a GRU that resets after the product).
        parameters: matrices first, then vectors; shared ones with the map that has them first.
        products: its matrix products; one that an earlier map has computed is not among them.
        array: what it computes, behind its function: f for a_f.
    """

    equations: tuple[Equation, ...]
    parameters: tuple[Array, ...]
    products: tuple[Product, ...]
    array: Array


@lru_cache(maxsize=256)
def affine_maps(loop: Loop, weights: frozenset[Array]) -> tuple[AffineMap, ...]:
    """Return the maps of a layer in the order of its equations, each parameter in one of them."""
    merged = {equation.lhs: [equation] for equation in loop.equations}
    reads: dict[Family, list[tuple[Equation, Array]]] = {}
    for equation in loop.equations:
        for array in arrays_in(equation.rhs):
            reads.setdefault(array.family, []).append((equation, array))
    for equation in loop.equations:
        reader = _only_reader(equation.lhs, reads.get(equation.lhs.family, []))
        if reader is not None and not weights.isdisjoint(arrays_in(reader.rhs)):
            merged[reader.lhs] += merged.pop(equation.lhs)
    found: list[AffineMap] = []
    seen: set[Node] = set()
    for equations in merged.values():
        values = [e.rhs for e in equations]
        read = _unseen(seen, (a for value in values for a in arrays_in(value) if a in weights))
        products = _unseen(seen, (p for value in values for p in _products(value)))
        if read or products:
            read.sort(key=lambda array: array.shape[1] == 1)
            array = _named(equations[0], loop)
            found.append(AffineMap(tuple(equations), tuple(read), tuple(products), array))
    return tuple(found)


def _unseen(seen: set[Node], nodes: Iterable[NodeT]) -> list[NodeT]:
    new = [node for node in dict.fromkeys(nodes) if node not in seen]
    seen.update(new)
    return new


def _only_reader(array: Array, reads: list[tuple[Equation, Array]]) -> Equation | None:
    """Return the equation that adds an array into its value, where no other one reads it."""
    if len(reads) != 1:
        return None
    [(reader, read)] = reads
    return reader if read == array and array in _added(reader.rhs) else None


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


def _products(node: Node) -> Iterator[Product]:
    for child in node.children:
        yield from _products(child)
    if isinstance(node, Product):
        yield node


def multiply_adds(product: Product) -> list[tuple[Expr, ...]]:
    """Return how many multiply–adds a matrix product takes, multiplied out from the right.

    A product of r×k and k×c takes r k c; a diagonal matrix takes one for each row.
    """
    *factors, last = product.children
    cols = last.shape[1]
    return [
        (f.shape[0], cols) if isinstance(f, Diag) else (*f.shape, cols) for f in reversed(factors)
    ]
