"""Mistakes as rewriting: a rule applied wherever it fits, or at one place at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar

from rnnsym.blocks import Prose
from rnnsym.errors import ShapeError
from rnnsym.expr import Hadamard, Node, Plus, Scale, fill_like, hadamard, rebuild
from rnnsym.record import record

__all__ = [
    "Misconception", "Rule", "complement", "everywhere", "one_by_one", "subtrees", "throughout",
    "without",
]  # fmt: skip

Work = TypeVar("Work")
Rule: TypeAlias = Callable[[Node], Node | None]
"""A node's replacement, or None where it stays."""


@record
class Misconception(Generic[Work]):
    """A mistake that students make, as an operator on the work that leads to the key.

    Attributes:
        name: what it is called in the key of a paper.
        apply: the work with this mistake in it, once for each place where it can be made, with
            the reason why that is wrong; nothing where the mistake cannot be made.
        needs_matrices: whether it changes nothing where states have one entry.
    """

    name: str
    apply: Callable[[Work], Sequence[tuple[Work, Prose]]]
    needs_matrices: bool = False


def throughout(misconception: Misconception[Work], work: Work) -> Iterator[tuple[Work, Prose]]:
    """Yield a mistake with all that its reason names gone wrong, not at one place of several."""
    told = set[Prose]()
    for slip, why in misconception.apply(work):
        if why in told:
            continue
        told.add(why)
        done, slips = [work], [slip]
        while slips:
            done.append(slips[0])
            slips = [
                s for s, said in misconception.apply(done[-1]) if said == why and s not in done
            ]
        yield done[-1], why


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
