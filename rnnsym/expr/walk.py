"""Walks over an expression's parts."""

from collections.abc import Iterator

from rnnsym.expr.nodes import Array, Node

__all__ = ["arrays_in"]


def arrays_in(node: Node) -> Iterator[Array]:
    """Yield the arrays in an expression, in textbook order, as often as they stand there."""
    if isinstance(node, Array):
        yield node
    for child in node.children:
        yield from arrays_in(child)
