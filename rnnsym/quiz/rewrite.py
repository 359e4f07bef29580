"""Rewriting: a rule applied wherever it fits, or at one place at a time."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from rnnsym.errors import ShapeError
from rnnsym.expr import Hadamard, Node, Plus, Scale, fill_like, hadamard, rebuild

__all__ = ["Rule", "complement", "everywhere", "one_by_one", "subtrees", "without"]

Rule: TypeAlias = Callable[[Node], Node | None]
"""A node's replacement, or None where it stays."""


def everywhere(node: Node, rule: Rule) -> Node:
    """Return ``node`` with a rule applied wherever it fits, from the outside in.

    Raises:
        ShapeError: what is left does not fit together.
    """
    found = rule(node)
    if found is not None:
        return found
    return rebuild(node, tuple(everywhere(child, rule) for child in node.children))


def one_by_one(node: Node, rule: Rule) -> Iterator[Node]:
    """Yield ``node`` with a rule applied at one place, for each place where the result fits."""
    found = rule(node)
    if found is not None:
        yield found
    for i, child in enumerate(node.children):
        for changed in one_by_one(child, rule):
            try:
                yield rebuild(node, (*node.children[:i], changed, *node.children[i + 1 :]))
            except ShapeError:  # nobody can compute it, so nobody would choose it
                continue


def complement(node: Node) -> Node | None:
    """Return the g of 1 − g."""
    if isinstance(node, Plus) and len(node.children) == 2:
        one, other = node.children
        if one == fill_like(1, node) and isinstance(other, Scale) and other.factor == -1:
            return other.arg
    return None


def subtrees(node: Node) -> Iterator[Node]:
    """Yield a node and all that is in it."""
    yield node
    for child in node.children:
        yield from subtrees(child)


def without(node: Node, *gone: Node) -> Node | None:
    """Return an elementwise product without some factors; None where nothing would change."""
    kept = [child for child in node.children if child not in gone]
    if not isinstance(node, Hadamard) or not kept or len(kept) == len(node.children):
        return None
    return hadamard(*kept)
