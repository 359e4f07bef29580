"""Local adjoint rules: given ȳ for y = F(s, …), what each s̄ receives. One rule per node type."""

from collections.abc import Iterator
from functools import singledispatch

from rnnsym.expr._sympy import Expr, Integer, Tuple
from rnnsym.expr.activations import activation, derivative
from rnnsym.expr.build import (
    apply,
    concat,
    fill_like,
    hadamard,
    identity,
    matmul,
    minus,
    scale,
    split,
    transpose,
)
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
    Shape,
    Slice,
    Softmax,
    Spread,
    Transpose,
)
from rnnsym.record import record

__all__ = ["Contribution", "Pulled", "adjoint", "contributions", "map_rule"]


@record
class Pulled:
    """What one argument of a node receives, and the rule that says so."""

    child: Node
    value: Node
    rule: str


@record
class Contribution:
    """What one occurrence of an array in an expression receives, with the rules on the way."""

    leaf: Array
    value: Node
    rules: tuple[str, ...]


@singledispatch
def adjoint(node: Node, upstream: Node) -> Iterator[Pulled]:
    """Yield what each argument of ``node`` receives when ``node`` receives ``upstream``."""
    raise TypeError(f"no adjoint rule for a {type(node).__name__}")


def _rule(function: object) -> str:
    return str(function.__doc__)


@adjoint.register
def _fill(node: Fill, upstream: Node) -> Iterator[Pulled]:
    """y = 1: nothing"""
    yield from ()


@adjoint.register
def _plus(node: Plus, upstream: Node) -> Iterator[Pulled]:
    """y = u + v: ū = ȳ"""
    for child in node.children:
        yield Pulled(child, upstream, _rule(_plus))


@adjoint.register
def _scale(node: Scale, upstream: Node) -> Iterator[Pulled]:
    """y = k u: ū = k ȳ"""
    yield Pulled(node.arg, scale(node.factor, upstream), _rule(_scale))


@adjoint.register
def _hadamard(node: Hadamard, upstream: Node) -> Iterator[Pulled]:
    """y = u ⊙ v: ū = ȳ ⊙ v"""
    for i, child in enumerate(node.children):
        others = (c for j, c in enumerate(node.children) if j != i)
        yield Pulled(child, hadamard(upstream, *others), _rule(_hadamard))


@adjoint.register
def _product(node: Product, upstream: Node) -> Iterator[Pulled]:
    """y = A v: Ā = ȳ vᵀ, v̄ = Aᵀ ȳ"""
    for i, child in enumerate(node.children):
        before, after = node.children[:i], node.children[i + 1 :]
        left = [transpose(c) for c in reversed(before)]
        right = [transpose(c) for c in reversed(after)]
        yield Pulled(child, matmul(*left, upstream, *right), _rule(_product))


@adjoint.register
def _map(node: Map, upstream: Node) -> Iterator[Pulled]:
    """y = f(u): ū = ȳ ⊙ f′(u)"""
    yield Pulled(node.arg, hadamard(upstream, derivative(node)), map_rule(node.name))


def map_rule(name: str) -> str:
    """Return the rule of elementwise functions with the derivative of one of them."""
    return f"{_rule(_map)}, {activation(name).rule}"


@adjoint.register
def _maximum(node: Maximum, upstream: Node) -> Iterator[Pulled]:
    """y = max(u, v): ū = ȳ where u > v, v̄ = ȳ where not"""
    a, b = node.children
    wins = apply("step", minus(a, b))
    yield Pulled(a, hadamard(upstream, wins), _rule(_maximum))
    loses = minus(fill_like(1, a), wins)
    yield Pulled(b, hadamard(upstream, loses), _rule(_maximum))


@adjoint.register
def _spread(node: Spread, upstream: Node) -> Iterator[Pulled]:
    """y = s 1: s̄ = 1ᵀ ȳ"""
    yield Pulled(node.arg, matmul(transpose(fill_like(1, node)), upstream), _rule(_spread))


@adjoint.register
def _softmax(node: Softmax, upstream: Node) -> Iterator[Pulled]:
    """y = softmax(u): ū = y ⊙ (ȳ − 1 1ᵀ(y ⊙ ȳ))"""
    rows = node.shape[0]
    inner = matmul(Fill(Integer(1), Tuple(rows, rows)), hadamard(node, upstream))
    yield Pulled(node.arg, hadamard(node, minus(upstream, inner)), _rule(_softmax))


@adjoint.register
def _transpose(node: Transpose, upstream: Node) -> Iterator[Pulled]:
    """Y = Aᵀ: Ā = Ȳᵀ"""
    yield Pulled(node.arg, transpose(upstream), _rule(_transpose))


@adjoint.register
def _diag(node: Diag, upstream: Node) -> Iterator[Pulled]:
    """Y = diag(u): ū = (Ȳ ⊙ I) 1"""
    ones, unit = fill_like(1, node.arg), identity(node.shape[0])
    yield Pulled(node.arg, matmul(hadamard(upstream, unit), ones), _rule(_diag))


@adjoint.register
def _concat(node: Concat, upstream: Node) -> Iterator[Pulled]:
    """y = [u; v]: ū = the rows of ȳ that u fills"""
    start: Expr = Integer(0)
    for child in node.children:
        rows = child.shape[0]
        yield Pulled(child, split(upstream, start, rows), _rule(_concat))
        start = start + rows


@adjoint.register
def _slice(node: Slice, upstream: Node) -> Iterator[Pulled]:
    """y = rows of u: ū = ȳ in those rows, 0 in the others"""
    rows, cols = node.arg.shape
    after = rows - node.start - node.length
    blocks = [_zeros((node.start, cols)), upstream, _zeros((after, cols))]
    padded = concat(*(b for b in blocks if b.shape[0] != 0))
    yield Pulled(node.arg, padded, _rule(_slice))


def _zeros(shape: Shape) -> Node:
    return Fill(Integer(0), Tuple(*shape))


def contributions(
    node: Node, upstream: Node, rules: tuple[str, ...] = ()
) -> Iterator[Contribution]:
    """Yield what every array in ``node`` receives, occurrence by occurrence, in textbook order."""
    if isinstance(node, Array):
        yield Contribution(node, upstream, rules)
        return
    for pulled in adjoint(node, upstream):
        passed = rules if isinstance(node, Plus) else (*rules, pulled.rule)
        yield from contributions(pulled.child, pulled.value, passed)
