"""The closed set of matrix expressions, as SymPy trees.

Nodes subclass ``Basic`` so that a tree keeps the order of a textbook; name, shape and indices are
arguments, so two nodes are equal exactly when they denote the same thing. ``node.func(*node.args)``
rebuilds any node. Build with the constructors of ``build``: they check shapes and flatten.
"""

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from rnnsym.expr._sympy import Expr, Integer, Tuple, pretty_form
from rnnsym.expr.family import Family
from rnnsym.expr.interned import Interned

__all__ = [
    "Array",
    "Concat",
    "Diag",
    "Fill",
    "Hadamard",
    "Map",
    "Maximum",
    "Node",
    "Plus",
    "Product",
    "Scale",
    "Shape",
    "Sigma",
    "Slice",
    "Softmax",
    "Spread",
    "Transpose",
]

Shape: TypeAlias = tuple[Expr, Expr]
# Filled by the printing modules, which stand above this one, so that SymPy's own
# ``latex``, ``str``, ``pretty`` and Jupyter's display work on our nodes.
PRINTERS: dict[str, Callable[["Node"], str]] = {}


class Node(Interned):
    """A matrix expression of known shape."""

    @cached_property
    def shape(self) -> Shape:
        """Rows and columns: those of the first sub-expression, unless a node says otherwise."""
        return self.children[0].shape

    @cached_property
    def children(self) -> tuple["Node", ...]:
        """The sub-expressions."""
        return tuple([a for a in self.args if isinstance(a, Node)])

    def atoms(self, *types: Any) -> set[Any]:
        """Return the parts of these types: nodes are looked for among nodes, not inside shapes."""
        if not types or not all(isinstance(t, type) and issubclass(t, Node) for t in types):
            return set(super().atoms(*types))
        found: set[Any] = {self} if isinstance(self, types) else set()
        return found.union(*(child.atoms(*types) for child in self.children))

    def _latex(self, _printer: object) -> str:
        return PRINTERS["latex"](self)

    def _sympystr(self, _printer: object) -> str:
        return PRINTERS["source"](self)

    def _pretty(self, _printer: object) -> object:
        return pretty_form(PRINTERS["text"](self))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self._latex(None)}$"


class Array(Node):
    """A named vector or matrix, indexed by layer and time where it has these."""

    def __new__(
        cls,
        family: Family,
        shape: Tuple | Shape,
        layer: Tuple | Expr | None = None,
        time: Tuple | Expr | None = None,
    ) -> "Array":
        """Take the indices or None, or tuples of them, as ``func(*args)`` hands them over."""
        return super().__new__(cls, family, tupled(*shape), _maybe(layer), _maybe(time))

    @cached_property
    def family(self) -> Family:
        """Name, label, direction and role."""
        family: Family = self.args[0]
        return family

    @cached_property
    def name(self) -> str:
        """The family's name."""
        return self.family.name

    @cached_property
    def shape(self) -> Shape:
        """Rows and columns."""
        rows, cols = self.args[1]
        return rows, cols

    @cached_property
    def layer(self) -> Expr | None:
        """The layer index, if any."""
        return self.args[2].args[0] if self.args[2].args else None

    @cached_property
    def time(self) -> Expr | None:
        """The time index, if any."""
        return self.args[3].args[0] if self.args[3].args else None

    @cached_property
    def key(self) -> str:
        """Name with layer and direction, e.g. ``U_f[2,fwd]``: unique in a model.

        >>> Array(Family("U", "U", "bwd"), (Integer(1), Integer(1)), Integer(2)).key
        'U[2,bwd]'
        """
        marks = [str(self.layer)] if self.layer is not None else []
        marks += [self.family.direction] if self.family.direction else []
        return f"{self.name}[{','.join(marks)}]" if marks else self.name


def _maybe(index: Tuple | Expr | None) -> Tuple:
    if isinstance(index, Tuple):
        return index
    return tupled() if index is None else tupled(index)


@lru_cache(maxsize=4096)
def tupled(*items: Expr) -> Tuple:
    """Return items as SymPy's tuple, made once."""
    return Tuple(*items)


class Fill(Node):
    """A matrix with every entry the same number: the 1 of ``1 - z``."""

    @cached_property
    def value(self) -> Expr:
        """The number."""
        value: Expr = self.args[0]
        return value

    @cached_property
    def shape(self) -> Shape:
        """Rows and columns."""
        rows, cols = self.args[1]
        return rows, cols


class Unary(Node):
    """A node with one sub-expression."""

    @cached_property
    def arg(self) -> Node:
        """The sub-expression."""
        return self.children[0]


class Map(Unary):
    """An elementwise function of one argument."""

    @cached_property
    def name(self) -> str:
        """The function's name in the table of activations."""
        return str(self.args[0].name)


class Softmax(Unary):
    """exp(x) divided by its sum, of a column vector."""


class Hadamard(Node):
    """The elementwise product of factors of one shape."""


class Plus(Node):
    """A sum of terms of one shape."""


class Maximum(Node):
    """The larger of two expressions of one shape, entry by entry."""


class Spread(Unary):
    """A scalar in every row of a column vector."""

    @cached_property
    def shape(self) -> Shape:
        """As many rows as asked for, one column."""
        return self.args[1], Integer(1)


class Scale(Unary):
    """A number times an expression."""

    @cached_property
    def factor(self) -> Expr:
        """The number."""
        factor: Expr = self.args[0]
        return factor


class Product(Node):
    """A matrix product."""

    @cached_property
    def shape(self) -> Shape:
        """Rows of the first factor, columns of the last."""
        return self.children[0].shape[0], self.children[-1].shape[1]


class Transpose(Unary):
    """A transpose."""

    @cached_property
    def shape(self) -> Shape:
        """The argument's shape, turned round."""
        rows, cols = self.arg.shape
        return cols, rows


class Diag(Unary):
    """The diagonal matrix of a column vector."""

    @cached_property
    def shape(self) -> Shape:
        """Square."""
        rows = self.arg.shape[0]
        return rows, rows


class Concat(Node):
    """Blocks stacked on top of each other."""

    @cached_property
    def shape(self) -> Shape:
        """Rows added, columns shared."""
        rows: Expr = sum((c.shape[0] for c in self.children), Integer(0))
        return rows, self.children[0].shape[1]


class Slice(Unary):
    """``length`` rows of an expression from row ``start`` (counted from 0)."""

    @cached_property
    def start(self) -> Expr:
        """The first row, counted from 0."""
        start: Expr = self.args[1]
        return start

    @cached_property
    def length(self) -> Expr:
        """How many rows."""
        length: Expr = self.args[2]
        return length

    @cached_property
    def shape(self) -> Shape:
        """The rows taken, all columns."""
        return self.length, self.arg.shape[1]


class Sigma(Node):
    """Σ over a bound index, from ``first`` to ``last``."""

    @cached_property
    def body(self) -> Node:
        """The summand, written in the bound index."""
        body: Node = self.args[0]
        return body

    @cached_property
    def bounds(self) -> tuple[Expr, Expr, Expr]:
        """Bound index, first and last value."""
        _, index, first, last = self.args
        return index, first, last
