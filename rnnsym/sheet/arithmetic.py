"""Numbers put into an expression for its arrays: 0.5 · 1 + 0.3 · 0.2 + 0.1, as one writes it."""

from decimal import Decimal
from functools import lru_cache

from rnnsym.expr import (
    Array,
    Concat,
    Diag,
    Expr,
    Fill,
    Integer,
    Node,
    Plus,
    Product,
    Scale,
    Slice,
    Spread,
    Transpose,
    evaluated,
    literal,
)
from rnnsym.numeric.sizes import Sizes
from rnnsym.quiz.decimals import Point, evaluate
from rnnsym.quiz.numbers import Matrix, shown
from rnnsym.record import record

__all__ = ["Arithmetic", "is_data", "number"]

MINUS_ONE = Integer(-1)


def number(matrix: Matrix) -> Node:
    """Return a matrix written out; a negative number alone is put in brackets inside a product.

    >>> from rnnsym.expr import text
    >>> half = ((Decimal("-0.5"),),)
    >>> text(number(half)), text(Product(number(half), number(half)))
    ('−0.5', '(−0.5) · (−0.5)')
    """
    # A sum of one term: it has brackets wherever a sum has them.
    return Plus(_signed(matrix)) if _is_negative(matrix) else _plain(matrix)


def _signed(matrix: Matrix) -> Node:
    """The same, with a minus sign that a sum takes for its own."""
    if _is_negative(matrix):
        return Scale(MINUS_ONE, _plain(((-matrix[0][0],),)))
    return _plain(matrix)


def _plain(matrix: Matrix) -> Node:
    return _literal(tuple([tuple([shown(entry) for entry in row]) for row in matrix]))


@lru_cache(maxsize=1024)
def _literal(texts: tuple[tuple[str, ...], ...]) -> Node:
    """By text: 0.5 and 0.50 are equal numbers."""
    return literal(texts)


def _is_negative(matrix: Matrix) -> bool:
    return len(matrix) == len(matrix[0]) == 1 and matrix[0][0] < 0


def is_data(node: Node) -> bool:
    """Tell whether an expression only arranges arrays: its numbers are theirs."""
    if isinstance(node, Slice | Transpose | Concat | Diag | Spread):
        return all(map(is_data, node.children))
    return isinstance(node, Array)


@record
class Arithmetic:
    """Puts numbers into expressions.

    Attributes:
        sizes: what is a scalar, so that ⊙ and ᵀ are not written there.
        point: the numbers.
    """

    sizes: Sizes
    point: Point

    def of(self, node: Node) -> Node:
        """Return ``node`` with its arrays and constants written out."""
        if is_data(node):
            return number(self.value(node))
        match node:
            case Fill():
                return node if node.value.is_Integer else number(((_decimal(node.value),),))
            case Scale():
                return self._scaled(node)
            case Plus():
                return Plus(*map(self._term, node.children))
            case Transpose() | Diag() | Spread() if self._is_scalar(node):
                return self.of(node.arg)
            case _:
                return self._rebuilt(node)

    def value(self, node: Node) -> Matrix:
        """Return what an expression comes to."""
        return evaluate(node, self.point)

    def _is_scalar(self, node: Node) -> bool:
        return self.sizes.shape(node.shape) == (1, 1)

    def _term(self, node: Node) -> Node:
        return _signed(self.value(node)) if is_data(node) else self.of(node)

    def _scaled(self, node: Scale) -> Node:
        factor = _decimal(node.factor)
        inner = self.of(node.arg)
        size = abs(factor)
        factors = inner.children if isinstance(inner, Product) else (inner,)
        scaled = inner if size == 1 else Product(number(((size,),)), *factors)
        return Scale(MINUS_ONE, scaled) if factor < 0 else scaled

    def _rebuilt(self, node: Node) -> Node:
        made = (self.of(arg) if isinstance(arg, Node) else arg for arg in node.args)
        rebuilt: Node = node.func(*made)
        return rebuilt


def _decimal(expr: Expr) -> Decimal:
    exact = evaluated(expr)
    return Decimal(exact.p) / Decimal(exact.q)
