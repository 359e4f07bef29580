"""Mutants of a line: one change at one place."""

from collections.abc import Callable, Iterator

from rnnsym.audit.rewrite import complement, everywhere, subtrees
from rnnsym.errors import ShapeError
from rnnsym.expr import (
    Array,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    Scale,
    Transpose,
    fill_like,
    hadamard,
    minus,
    plus,
    rebuild,
    scale,
    transpose,
)


def mutants(lhs: Array, node: Node) -> Iterator[tuple[str, Node]]:
    """Yield every mutant of a line, with the operator that made it."""
    seen = {node}
    for name, operator in OPERATORS:
        for changed in _at_each_place(node, operator):
            if changed not in seen and changed.shape == lhs.shape:
                seen.add(changed)
                yield name, changed


def _at_each_place(node: Node, operator: Callable[[Node], Iterator[Node]]) -> Iterator[Node]:
    yield from operator(node)
    for i, child in enumerate(node.children):
        for changed in _at_each_place(child, operator):
            try:
                yield rebuild(node, (*node.children[:i], changed, *node.children[i + 1 :]))
            except ShapeError:  # nobody can compute it
                continue


def _drop_term(node: Node) -> Iterator[Node]:
    for i in range(len(node.children)) if isinstance(node, Plus) else ():
        yield plus(*(c for j, c in enumerate(node.children) if j != i))


def _drop_factor(node: Node) -> Iterator[Node]:
    for i in range(len(node.children)) if isinstance(node, Hadamard) else ():
        yield hadamard(*(c for j, c in enumerate(node.children) if j != i))
    if isinstance(node, Product) and len(node.children) == 2:
        yield from (c for c in node.children if c.shape == node.shape)
    if isinstance(node, Scale):
        yield node.arg
    if isinstance(node, Map):
        yield node.arg


def _turn(node: Node) -> Iterator[Node]:
    rows, cols = node.shape
    if rows == cols and isinstance(node, Array | Transpose | Product):
        yield Transpose(node) if isinstance(node, Array) else transpose(node)


def _shift(node: Node) -> Iterator[Node]:
    if isinstance(node, Array) and node.time is not None:
        for by in (-1, 1):
            yield Array(node.family, node.shape, node.layer, node.time + by)


def _swap_complement(node: Node) -> Iterator[Node]:
    inner = complement(node)
    if inner is not None:
        yield inner
    elif isinstance(node, Array) and node.time is not None and node.family.role == "value":
        yield minus(fill_like(1, node), node)


def _sign(node: Node) -> Iterator[Node]:
    if isinstance(node, Plus):
        for i, term in enumerate(node.children):
            yield plus(*(scale(-1, c) if j == i else c for j, c in enumerate(node.children)))
            del term


OPERATORS: tuple[tuple[str, Callable[[Node], Iterator[Node]]], ...] = (
    ("drop a term", _drop_term),
    ("drop a factor", _drop_factor),
    ("transpose", _turn),
    ("shift t", _shift),
    ("swap z and 1 - z", _swap_complement),
    ("turn a sign", _sign),
)


def exchanged(lhs: Array, node: Node, others: list[Array]) -> Iterator[tuple[str, Node]]:
    """Yield the line with one gate, adjoint or matrix in place of another."""
    arrays = dict.fromkeys(n for n in subtrees(node) if isinstance(n, Array))
    for one in arrays:
        for other in others:
            new = Array(other.family, one.shape, one.layer, one.time)
            same = (other.shape, other.family.role, other.time is None) == (
                one.shape,
                one.family.role,
                one.time is None,
            )
            if same and new not in (one, lhs):
                yield "swap gates", everywhere(node, _exchange(one, new))


def _exchange(one: Node, new: Node) -> Callable[[Node], Node | None]:
    return lambda node: new if node == one else None
