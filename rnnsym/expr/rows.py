"""Row layout: what an equation between columns says of rows, v = x Wᵀ or v = x W for v = W x.

A vector is printed as the row that is its transpose, under the same name. A matrix is printed
either transposed, so that it stands on the right as it is (x W), or as it is, so that it stands
there transposed (x Wᵀ). Products turn round; nothing is computed, so shapes are not checked again.
"""

from collections.abc import Callable, Mapping
from dataclasses import field

from rnnsym.expr._sympy import Integer, Tuple
from rnnsym.expr.family import Family
from rnnsym.expr.literal import NUMBER, entries, literal
from rnnsym.expr.nodes import Array, Diag, Fill, Node, Product, Shape, Transpose
from rnnsym.record import record

__all__ = ["Rows", "rows_of"]

ONE = Integer(1)


def rows_of(product: str, labels: Mapping[str, str]) -> "Rows | None":
    """Return how a convention prints rows; None where it prints columns.

    Args:
        product: an affine map as it is printed: "W x", "x W" or "x W.T".
        labels: what is printed for the label of a name.
    """
    return None if product == "W x" else Rows(product == "x W", labels)


@record
class Rows:
    """How rows are printed.

    Attributes:
        turned: whether matrices are printed transposed, for x W.
        labels: what is printed for the label of a name, e.g. X for x.

    >>> from rnnsym.expr import TIME, matmul, size, text
    >>> d, n = size("d"), size("n")
    >>> x, W = (Array(Family(s, s), shape, None, t) for s, shape, t in
    ...         (("x", (d, 1), TIME), ("W", (n, d), None)))
    >>> text(Rows(turned=True).row(matmul(W, x))), text(Rows(turned=False).row(matmul(W, x)))
    ('xₜ W', 'xₜ Wᵀ')
    """

    turned: bool
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def of(self, node: Node) -> Node:
        """Return a vector as its row, and a matrix as it is printed alone."""
        return self.row(node) if self.flips(node) else self.same(node)

    def flips(self, node: Node) -> bool:
        """Tell whether an expression is printed transposed."""
        return self.turned or 1 in node.shape or (isinstance(node, Array) and node.time is not None)

    def shape(self, shape: Shape) -> Shape:
        """Return the shape of what is printed for something of ``shape``."""
        rows, cols = shape
        return (cols, rows) if self.turned or cols == 1 else shape

    def row(self, node: Node) -> Node:
        """Return what is printed for the transpose of ``node``."""
        return self._printed(node, flip=True)

    def same(self, node: Node) -> Node:
        """Return what is printed for ``node``."""
        return self._printed(node, flip=False)

    def _printed(self, node: Node, *, flip: bool) -> Node:
        match node:
            case Array() if node.family.role == NUMBER:
                return literal(list(zip(*entries(node), strict=True))) if flip else node
            case Array():
                shown = self._array(node)
                as_it_is = flip == self.flips(node) or node.shape == (ONE, ONE)
                return shown if as_it_is else Transpose(shown)
            case Fill():
                return Fill(node.value, Tuple(*reversed(node.shape))) if flip else node
            case Transpose():
                return self._printed(node.arg, flip=not flip)
            case Diag():
                return Diag(self.row(node.arg))
            case Product():
                factors = [self._printed(c, flip=flip) for c in node.children]
                return Product(*(reversed(factors) if flip else factors))
            case _ if node.shape[1] == 1 and not flip:
                return Transpose(self.row(node))
            case _:
                args = (
                    self._printed(a, flip=flip) if isinstance(a, Node) else a for a in node.args
                )
                made: Callable[..., Node] = type(node)
                return made(*args)

    def _array(self, array: Array) -> Array:
        family = array.family
        label = self.labels.get(family.label, family.label)
        name = self.labels.get(family.name, family.name)
        shown = Family(name, label, family.direction, family.role)
        shape = Tuple(*reversed(array.shape)) if self.flips(array) else Tuple(*array.shape)
        return Array(shown, shape, array.layer, array.time)
