"""Printing: one rule per node, one Notation per language (LaTeX, Unicode text, cell language)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache, singledispatch

from rnnsym.expr._sympy import Expr, Integer, Tuple
from rnnsym.expr.build import apply
from rnnsym.expr.literal import NUMBER, entries, written_out
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
    Sigma,
    Slice,
    Softmax,
    Spread,
    Transpose,
)

__all__ = ["Notation", "inside", "monomials", "render", "shaped"]

ONE = Integer(1)


class Notation(ABC):
    """How one language writes the pieces of an expression."""

    times: str
    """The elementwise product's sign."""
    dot: str
    """The matrix product's sign."""
    cdot: str = " · "
    """The sign between numbers, and between matrices written out."""
    by: str = " "
    """What stands between a number and what it multiplies."""
    minus: str = "-"

    @abstractmethod
    def array(self, node: Array) -> str:
        """A named array with its indices."""

    @abstractmethod
    def scalar(self, expr: Expr) -> str:
        """A size, an index or a number."""

    def multiplied(self, factors: list[str]) -> str:
        """Scalars multiplied: juxtaposed, with a dot before a number."""
        printed = ""
        for factor in factors:
            printed += f"·{factor}" if printed and factor[0].isdigit() else factor
        return printed

    def product(self, factors: Sequence[Node]) -> str:
        """Matrices multiplied."""
        return self.product_sign(factors).join(shaped(c, self) for c in factors)

    def product_sign(self, factors: Sequence[Node]) -> str:
        """The sign between matrices multiplied."""
        return self.cdot if any(map(written_out, factors)) else self.dot

    def entrywise(self, factors: Sequence[Node]) -> str:
        """Factors multiplied entry by entry."""
        return self.entrywise_sign(factors).join(inside(c, self, 3) for c in factors)

    def entrywise_sign(self, factors: Sequence[Node]) -> str:
        """The sign between factors multiplied entry by entry: numbers are just multiplied."""
        written = (c.shape for c in factors if written_out(c))
        return self.cdot if any(rows == columns == 1 for rows, columns in written) else self.times

    def numbers(self, rows: Sequence[Sequence[str]]) -> str:
        """A matrix written out; one number without brackets."""
        if len(rows) == len(rows[0]) == 1:
            return rows[0][0].replace("-", self.minus)
        printed = "; ".join(", ".join(row) for row in rows)
        return f"[{printed}]".replace("-", self.minus)

    def filled(self, node: Fill) -> str:
        """A constant matrix where its shape matters, as in a product: 1 1ᵀ for ones."""
        value, turned = self.scalar(node.value), Fill(ONE, Tuple(node.shape[1], ONE))
        return value if 1 in node.shape else f"{value}{self.dot}{render(Transpose(turned), self)}"

    def spread(self, node: Spread) -> str:
        """A scalar in every row where its shape matters, as in a product."""
        return inside(node.arg, self, 3)

    def identity(self, rows: Expr) -> str:
        """The identity matrix."""
        del rows  # NumPy writes it
        return "I"

    def quotient(self, over: Sequence[Node], under: Sequence[Node]) -> str:
        """Elementwise division of products."""
        above = self.entrywise(over) or "1"
        return " / ".join([above, *(inside(c, self, 3) for c in under)])

    def larger(self, a: str, b: str) -> str:
        """The larger of two, entry by entry."""
        return f"max({a}, {b})"

    @abstractmethod
    def call(self, name: str, arg: Node) -> str:
        """An elementwise function, ``diag`` or ``softmax`` of an argument."""

    @abstractmethod
    def transpose(self, inner: str) -> str:
        """A transpose of something already in brackets where it needs them."""

    @abstractmethod
    def rows(self, inner: str, first: Expr, last: Expr) -> str:
        """Rows ``first`` to ``last``, counted from 1."""

    @abstractmethod
    def stack(self, blocks: list[str]) -> str:
        """Blocks on top of each other."""

    def beside(self, blocks: list[str]) -> str:
        """Blocks of rows next to each other."""
        return f"[{', '.join(blocks)}]"

    @abstractmethod
    def total(self, node: Sigma) -> str:
        """A Σ."""


_STRENGTH: dict[type[Node], int] = {Sigma: 0, Plus: 1, Scale: 2, Hadamard: 3, Product: 3}
ATOM = 9


def inside(node: Node, notation: Notation, strength: int) -> str:
    """Return ``node`` in brackets unless it binds more strongly than ``strength``."""
    printed = render(node, notation)
    return printed if _strength(node) > strength else f"({printed})"


def _strength(node: Node) -> int:
    if isinstance(node, Spread):
        return _strength(node.arg)
    return _STRENGTH[Hadamard] if _divisor(node) else _STRENGTH.get(type(node), ATOM)


def _divisor(node: Node) -> Node | None:
    """Return x where the node is 1/x, x² where it is (1/x)²."""
    if not isinstance(node, Map):
        return None
    if node.name == "reciprocal":
        return node.arg
    inner = _divisor(node.arg) if node.name == "square" else None
    return None if inner is None else apply("square", inner)


@lru_cache(maxsize=4096)
def render(node: Node, notation: Notation) -> str:
    """Return ``node`` written in ``notation``: once, however many documents show it."""
    return _rendered(node, notation)


@singledispatch
def _rendered(node: Node, notation: Notation) -> str:
    raise TypeError(f"cannot print a {type(node).__name__}")


@_rendered.register
def _(node: Array, notation: Notation) -> str:
    if node.family.role == NUMBER:
        return notation.numbers(entries(node))
    return notation.array(node)


@_rendered.register
def _(node: Fill, notation: Notation) -> str:
    return notation.scalar(node.value)


@_rendered.register
def _(node: Map, notation: Notation) -> str:
    under = _divisor(node)
    if under is not None:
        return notation.quotient((), (under,))
    return notation.call(node.name, node.arg)


@_rendered.register
def _(node: Softmax, notation: Notation) -> str:
    return notation.call("softmax", node.arg)


@_rendered.register
def _(node: Diag, notation: Notation) -> str:
    if isinstance(node.arg, Fill) and node.arg.value == 1:
        return notation.identity(node.shape[0])
    return notation.call("diag", node.arg)


@_rendered.register
def _(node: Hadamard, notation: Notation) -> str:
    over = [c for c in node.children if _divisor(c) is None]
    under = [d for d in map(_divisor, node.children) if d is not None]
    if under:
        return notation.quotient(over, under)
    return notation.entrywise(over)


@_rendered.register
def _(node: Maximum, notation: Notation) -> str:
    return notation.larger(*(render(c, notation) for c in node.children))


@_rendered.register
def _(node: Spread, notation: Notation) -> str:
    return render(node.arg, notation)


def shaped(node: Node, notation: Notation, strength: int = 3) -> str:
    """Return ``node`` written with its shape, where broadcasting is not enough."""
    if isinstance(node, Spread):
        return notation.spread(node)
    return notation.filled(node) if isinstance(node, Fill) else inside(node, notation, strength)


@_rendered.register
def _(node: Product, notation: Notation) -> str:
    return notation.product(node.children)


@_rendered.register
def _(node: Plus, notation: Notation) -> str:
    first, *rest = node.children
    printed = inside(first, notation, 0)
    for term in rest:
        negative = isinstance(term, Scale) and _is_negative(term.factor)
        shown = Scale(-term.factor, term.arg) if negative and isinstance(term, Scale) else term
        if isinstance(shown, Scale) and shown.factor == 1:
            shown = shown.arg
        sign = notation.minus if negative else "+"
        printed += f" {sign} {inside(shown, notation, 1)}"
    return printed


@_rendered.register
def _(node: Scale, notation: Notation) -> str:
    inner = inside(node.arg, notation, 2)
    if node.factor == -1:
        return f"{notation.minus}{inner}"
    factor = notation.scalar(node.factor)
    return (
        f"({factor}){notation.by}{inner}" if node.factor.is_Add else f"{factor}{notation.by}{inner}"
    )


def _is_negative(factor: Expr) -> bool:
    return bool(factor.as_coeff_Mul()[0].is_negative)


@_rendered.register
def _(node: Transpose, notation: Notation) -> str:
    return notation.transpose(shaped(node.arg, notation, ATOM - 1))


@_rendered.register
def _(node: Slice, notation: Notation) -> str:
    inner = inside(node.arg, notation, ATOM - 1)
    return notation.rows(inner, node.start + 1, node.start + node.length)


@_rendered.register
def _(node: Concat, notation: Notation) -> str:
    blocks = [shaped(c, notation, -1) for c in node.children]
    in_rows = node.children[0].shape[0] == 1
    return notation.beside(blocks) if in_rows else notation.stack(blocks)


@_rendered.register
def _(node: Sigma, notation: Notation) -> str:
    return notation.total(node)


def body_of(node: Sigma, notation: Notation) -> str:
    """Return a Σ's summand, in brackets where it is a sum."""
    return inside(node.body, notation, 1)


def monomials(expr: Expr) -> list[tuple[Expr, list[Expr]]]:
    """Return a scalar's terms as (number, factors), the longest-lived order first.

    Indices put the symbol before the number (t − 1); sizes put squares after products (nd + n²).
    """
    found: list[tuple[Expr, list[Expr]]] = []
    for term in expr.as_ordered_terms():
        number, rest = term.as_coeff_Mul()
        found.append((number, [] if rest == 1 else rest.as_ordered_factors()))
    return found
