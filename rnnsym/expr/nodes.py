"""The closed set of matrix expressions, as SymPy trees, and the constructors that check shapes.

Nodes subclass ``Basic`` so that a tree keeps the order of a textbook; name, shape and indices are
arguments, so two nodes are equal exactly when they denote the same thing. ``node.func(*node.args)``
rebuilds any node. Build with the lower-case constructors: they check shapes and flatten.
"""

from collections.abc import Callable
from typing import TypeAlias

from rnnsym.errors import ShapeError
from rnnsym.expr._sympy import Basic, Expr, Integer, Str, Tuple, pretty_form, sympify

__all__ = [
    "Array", "Concat", "Diag", "Family", "Fill", "Hadamard", "Map", "Node", "Plus", "Product",
    "Scale", "Shape", "Sigma", "Slice", "Softmax", "Transpose", "apply", "concat", "diag",
    "fill_like", "hadamard", "matmul", "minus", "plus", "rebuild", "scale", "shape_text", "sigma",
    "softmax", "split", "transpose",
]  # fmt: skip

Shape: TypeAlias = tuple[Expr, Expr]
ONE = Integer(1)
# Filled by the printing modules, which stand above this one, so that SymPy's own
# ``latex``, ``str``, ``pretty`` and Jupyter's display work on our nodes.
PRINTERS: dict[str, Callable[["Node"], str]] = {}


class Family(Basic):
    """What arrays of one name have in common: name, printed label, direction and role.

    ``direction`` is "" or "fwd" / "bwd" in a bidirectional layer. ``role`` is "value", "adjoint"
    (∂L/∂ of what the label names, printed δ), or "gradient" (printed ∂L/∂…).
    """

    __slots__ = ()

    def __new__(
        cls, name: Str | str, label: Str | str, direction: Str | str = "", role: Str | str = "value"
    ) -> "Family":
        texts = (a if isinstance(a, Str) else Str(a) for a in (name, label, direction, role))
        return super().__new__(cls, *texts)

    @property
    def name(self) -> str:
        """The name, as in a cell file."""
        return str(self.args[0].name)

    @property
    def label(self) -> str:
        """The name in LaTeX, as ``base`` or ``base_subscript``."""
        return str(self.args[1].name)

    @property
    def direction(self) -> str:
        """Which chain of a bidirectional layer."""
        return str(self.args[2].name)

    @property
    def role(self) -> str:
        """Whether this is a value, an adjoint or a gradient."""
        return str(self.args[3].name)


class Node(Basic):
    """A matrix expression of known shape."""

    __slots__ = ()

    @property
    def shape(self) -> Shape:
        """Rows and columns."""
        raise NotImplementedError(type(self).__name__)

    @property
    def children(self) -> tuple["Node", ...]:
        """The sub-expressions."""
        return tuple(a for a in self.args if isinstance(a, Node))

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

    __slots__ = ()

    def __new__(
        cls, family: Family, shape: Tuple | Shape, layer: Tuple | Expr | None = None,
        time: Tuple | Expr | None = None,
    ) -> "Array":  # fmt: skip
        return super().__new__(cls, family, Tuple(*shape), _maybe(layer), _maybe(time))

    @property
    def family(self) -> Family:
        """Name, label, direction and role."""
        family: Family = self.args[0]
        return family

    @property
    def name(self) -> str:
        """The family's name."""
        return self.family.name

    @property
    def shape(self) -> Shape:
        """Rows and columns."""
        rows, cols = self.args[1]
        return rows, cols

    @property
    def layer(self) -> Expr | None:
        """The layer index, if any."""
        return self.args[2].args[0] if self.args[2].args else None

    @property
    def time(self) -> Expr | None:
        """The time index, if any."""
        return self.args[3].args[0] if self.args[3].args else None

    @property
    def key(self) -> str:
        """Name with layer and direction, e.g. ``U_f[2,fwd]``: unique in a model.

        >>> Array(Family("U", "U", "bwd"), (ONE, ONE), Integer(2)).key
        'U[2,bwd]'
        """
        marks = [str(self.layer)] if self.layer is not None else []
        marks += [self.family.direction] if self.family.direction else []
        return f"{self.name}[{','.join(marks)}]" if marks else self.name


def _maybe(index: Tuple | Expr | None) -> Tuple:
    if isinstance(index, Tuple):
        return index
    return Tuple() if index is None else Tuple(index)


class Fill(Node):
    """A matrix with every entry the same number: the 1 of ``1 - z``."""

    __slots__ = ()

    @property
    def value(self) -> Expr:
        """The number."""
        value: Expr = self.args[0]
        return value

    @property
    def shape(self) -> Shape:
        """Rows and columns."""
        rows, cols = self.args[1]
        return rows, cols


class Map(Node):
    """An elementwise function of one argument."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The function's name in the table of activations."""
        return str(self.args[0].name)

    @property
    def arg(self) -> Node:
        """What it is applied to."""
        arg: Node = self.args[1]
        return arg

    @property
    def shape(self) -> Shape:
        """The argument's shape."""
        return self.arg.shape


class Softmax(Node):
    """exp(x) divided by its sum, of a column vector."""

    __slots__ = ()

    @property
    def arg(self) -> Node:
        """What it is applied to."""
        arg: Node = self.args[0]
        return arg

    @property
    def shape(self) -> Shape:
        """The argument's shape."""
        return self.arg.shape


class Hadamard(Node):
    """The elementwise product of factors of one shape."""

    __slots__ = ()

    @property
    def shape(self) -> Shape:
        """The factors' shape."""
        return self.children[0].shape


class Plus(Node):
    """A sum of terms of one shape."""

    __slots__ = ()

    @property
    def shape(self) -> Shape:
        """The terms' shape."""
        return self.children[0].shape


class Scale(Node):
    """A number times an expression."""

    __slots__ = ()

    @property
    def factor(self) -> Expr:
        """The number."""
        factor: Expr = self.args[0]
        return factor

    @property
    def arg(self) -> Node:
        """What is multiplied."""
        arg: Node = self.args[1]
        return arg

    @property
    def shape(self) -> Shape:
        """The argument's shape."""
        return self.arg.shape


class Product(Node):
    """A matrix product."""

    __slots__ = ()

    @property
    def shape(self) -> Shape:
        """Rows of the first factor, columns of the last."""
        return self.children[0].shape[0], self.children[-1].shape[1]


class Transpose(Node):
    """A transpose."""

    __slots__ = ()

    @property
    def arg(self) -> Node:
        """What is transposed."""
        arg: Node = self.args[0]
        return arg

    @property
    def shape(self) -> Shape:
        """The argument's shape, turned round."""
        rows, cols = self.arg.shape
        return cols, rows


class Diag(Node):
    """The diagonal matrix of a column vector."""

    __slots__ = ()

    @property
    def arg(self) -> Node:
        """The diagonal."""
        arg: Node = self.args[0]
        return arg

    @property
    def shape(self) -> Shape:
        """Square."""
        rows = self.arg.shape[0]
        return rows, rows


class Concat(Node):
    """Blocks stacked on top of each other."""

    __slots__ = ()

    @property
    def shape(self) -> Shape:
        """Rows added, columns shared."""
        rows: Expr = sum((c.shape[0] for c in self.children), Integer(0))
        return rows, self.children[0].shape[1]


class Slice(Node):
    """``length`` rows of an expression from row ``start`` (counted from 0)."""

    __slots__ = ()

    @property
    def arg(self) -> Node:
        """What is sliced."""
        arg: Node = self.args[0]
        return arg

    @property
    def start(self) -> Expr:
        """The first row, counted from 0."""
        start: Expr = self.args[1]
        return start

    @property
    def length(self) -> Expr:
        """How many rows."""
        length: Expr = self.args[2]
        return length

    @property
    def shape(self) -> Shape:
        """The rows taken, all columns."""
        return self.length, self.arg.shape[1]


class Sigma(Node):
    """Σ over a bound index, from ``first`` to ``last``."""

    __slots__ = ()

    @property
    def body(self) -> Node:
        """The summand, written in the bound index."""
        body: Node = self.args[0]
        return body

    @property
    def bounds(self) -> tuple[Expr, Expr, Expr]:
        """Bound index, first and last value."""
        _, index, first, last = self.args
        return index, first, last

    @property
    def shape(self) -> Shape:
        """The summand's shape."""
        return self.body.shape


def shape_text(shape: Shape) -> str:
    """Return a shape as errors and JSON print it, e.g. ``n×d``."""
    return "×".join(str(size) for size in shape)


def _name(node: Node) -> str:
    return f"{node} ({shape_text(node.shape)})"


def _same_shape(nodes: tuple[Node, ...], operation: str) -> None:
    first = nodes[0]
    for other in nodes[1:]:
        if other.shape != first.shape:
            raise ShapeError(f"{_name(first)} {operation} {_name(other)}: shapes differ")


def _flat(kind: type[Node], nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(c for n in nodes for c in (n.children if isinstance(n, kind) else (n,)))


def fill_like(value: int, node: Node) -> Fill:
    """Return the constant matrix of ``node``'s shape."""
    return Fill(Integer(value), Tuple(*node.shape))


def _is_fill(node: Node, value: int) -> bool:
    return isinstance(node, Fill) and node.value == value


def plus(*terms: Node) -> Node:
    """Return the sum of ``terms``, in order, without zeros."""
    flat = _flat(Plus, terms)
    _same_shape(flat, "+")
    kept = tuple(term for term in flat if not _is_fill(term, 0)) or flat[:1]
    return kept[0] if len(kept) == 1 else Plus(*kept)


def minus(a: Node, b: Node) -> Node:
    """Return ``a − b``."""
    return plus(a, scale(-1, b))


def scale(number: Expr | int, node: Node) -> Node:
    """Return ``number`` times ``node``."""
    factor = sympify(number)
    if isinstance(node, Scale):
        factor, node = factor * node.factor, node.arg
    if factor == 1:
        return node
    if factor == 0:
        return fill_like(0, node)
    return Scale(factor, node)


def _without_numbers(nodes: tuple[Node, ...]) -> tuple[Expr, tuple[Node, ...]]:
    number: Expr = ONE
    for node in nodes:
        number = number * node.factor if isinstance(node, Scale) else number
    return number, tuple(n.arg if isinstance(n, Scale) else n for n in nodes)


def hadamard(*factors: Node) -> Node:
    """Return the elementwise product of ``factors``, in order; numbers move to the front."""
    _same_shape(factors, "⊙")
    number, bare = _without_numbers(factors)
    flat = _flat(Hadamard, bare)
    if any(_is_fill(f, 0) for f in flat):
        return fill_like(0, flat[0])
    kept = tuple(f for f in flat if not _is_fill(f, 1)) or flat[:1]
    return scale(number, kept[0] if len(kept) == 1 else Hadamard(*kept))


def matmul(*factors: Node) -> Node:
    """Return the matrix product of ``factors``; numbers move to the front.

    Raises:
        ShapeError: inner sizes differ.
    """
    number, bare = _without_numbers(factors)
    flat = _flat(Product, bare)
    for a, b in zip(flat, flat[1:], strict=False):
        if a.shape[1] != b.shape[0]:
            inner = f"inner sizes {a.shape[1]} and {b.shape[0]} differ"
            raise ShapeError(f"{_name(a)} times {_name(b)}: {inner}")
    return scale(number, flat[0] if len(flat) == 1 else Product(*flat))


def transpose(node: Node) -> Node:
    """Return the transpose, moved inside products and numbers."""
    if isinstance(node, Transpose):
        return node.arg
    if isinstance(node, Diag):
        return node
    if isinstance(node, Scale):
        return scale(node.factor, transpose(node.arg))
    if isinstance(node, Product):
        return matmul(*(transpose(c) for c in reversed(node.children)))
    return Transpose(node)


def apply(name: str, node: Node) -> Map:
    """Return the elementwise function ``name`` of ``node``."""
    return Map(Str(name), node)


def softmax(node: Node) -> Softmax:
    """Return the softmax of a column vector."""
    return Softmax(node)


def diag(node: Node) -> Diag:
    """Return the diagonal matrix of a column vector."""
    if node.shape[1] != 1:
        raise ShapeError(f"diag takes a column vector, not {_name(node)}")
    return Diag(node)


def concat(*blocks: Node) -> Node:
    """Return ``blocks`` stacked on top of each other."""
    return blocks[0] if len(blocks) == 1 else Concat(*blocks)


def split(node: Node, start: Expr | int, length: Expr) -> Node:
    """Return ``length`` rows from row ``start``."""
    return Slice(node, sympify(start), length)


def sigma(body: Node, index: Expr, first: Expr, last: Expr) -> Sigma:
    """Return Σ of ``body`` over ``index`` from ``first`` to ``last``."""
    return Sigma(body, index, first, last)


_REMAKE: dict[type[Node], Callable[..., Node]] = {
    Plus: plus, Hadamard: hadamard, Product: matmul, Transpose: transpose, Scale: scale,
}  # fmt: skip


def rebuild(node: Node, children: tuple[Node, ...]) -> Node:
    """Return ``node`` with other children, through the checking constructors."""
    if children == node.children:
        return node
    new = iter(children)
    args = tuple(next(new) if isinstance(a, Node) else a for a in node.args)
    return _REMAKE.get(type(node), type(node))(*args)



