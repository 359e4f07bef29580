"""A common factor taken out for display: δ ⊙ a − δ ⊙ b is printed δ ⊙ (a − b)."""

from rnnsym.expr.build import hadamard, plus, scale
from rnnsym.expr.nodes import Hadamard, Node, Plus, Scale

__all__ = ["collected"]


def collected(node: Node) -> Node:
    """Return a sum of elementwise products with the first factor they share taken out."""
    if not isinstance(node, Plus):
        return node
    bare = [c.arg if isinstance(c, Scale) else c for c in node.children]
    products = [c for c in bare if isinstance(c, Hadamard)]
    if len(products) < len(bare) or len({p.children[0] for p in products}) > 1:
        return node
    rest = [hadamard(*p.children[1:]) for p in products]
    numbered = [
        scale(c.factor, r) if isinstance(c, Scale) else r
        for c, r in zip(node.children, rest, strict=True)
    ]
    numbered.sort(key=lambda term: isinstance(term, Scale) and bool(term.factor.is_negative))
    return hadamard(products[0].children[0], plus(*numbered))
