"""The normal form that decides equality: products expanded, commuting factors sorted.

Sound (equal normal forms are equal as mathematics) and idempotent, but not complete: tanh(x) and
2σ(2x) − 1 differ here, and are compared by evaluation instead.
"""

from functools import singledispatch
from itertools import pairwise, product

from rnnsym.expr._sympy import Expr, Integer, Tuple, default_sort_key, expand
from rnnsym.expr.build import (
    apply,
    concat,
    diag,
    hadamard,
    matmul,
    maximum,
    scale,
    sigma,
    split,
    spread,
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
    Sigma,
    Slice,
    Softmax,
    Spread,
    Transpose,
)

__all__ = ["equal", "normal"]

Terms = list[tuple[Expr, Node]]
ONE = Integer(1)


def normal(node: Node) -> Node:
    """Return the normal form of ``node``.

    >>> from rnnsym.expr import Array, Family, hadamard, plus, size
    >>> a, b, c = (Array(Family(s, s), (size("n"), ONE)) for s in "abc")
    >>> normal(hadamard(plus(a, b), c)) == normal(plus(hadamard(c, b), hadamard(a, c)))
    True
    """
    collected: dict[Node, Expr] = {}
    for number, monomial in _terms(node):
        collected[monomial] = collected.get(monomial, Integer(0)) + number
    kept = [(m, expand(k)) for m, k in collected.items() if expand(k) != 0]
    if not kept:
        return Fill(Integer(0), Tuple(*node.shape))
    kept.sort(key=lambda item: default_sort_key(item[0]))
    parts = [scale(k, m) for m, k in kept]
    return parts[0] if len(parts) == 1 else Plus(*parts)


def equal(a: Node, b: Node) -> bool:
    """Tell whether the normal forms agree (False means: not shown equal)."""
    return a.shape == b.shape and normal(a) == normal(b)


@singledispatch
def _terms(node: Node) -> Terms:
    raise TypeError(f"no normal form for a {type(node).__name__}")


@_terms.register
def _(node: Array) -> Terms:
    return [(ONE, node)]


@_terms.register
def _(node: Fill) -> Terms:
    return [] if node.value == 0 else [(node.value, Fill(ONE, Tuple(*node.shape)))]


@_terms.register
def _(node: Plus) -> Terms:
    return [term for child in node.children for term in _terms(child)]


@_terms.register
def _(node: Scale) -> Terms:
    return [(node.factor * k, m) for k, m in _terms(node.arg)]


@_terms.register
def _(node: Map) -> Terms:
    if node.name == "square":
        return _terms(Hadamard(node.arg, node.arg))
    return [(ONE, apply(node.name, normal(node.arg)))]


@_terms.register
def _(node: Maximum) -> Terms:
    return [(ONE, maximum(*sorted((normal(c) for c in node.children), key=default_sort_key)))]


@_terms.register
def _(node: Spread) -> Terms:
    rows = node.shape[0]
    return [
        (k, Fill(ONE, Tuple(*node.shape)) if isinstance(m, Fill) else spread(m, rows))
        for k, m in _terms(node.arg)
    ]


@_terms.register
def _(node: Softmax) -> Terms:
    return [(ONE, Softmax(normal(node.arg)))]


def _times(numbers: tuple[Expr, ...]) -> Expr:
    total: Expr = ONE
    for number in numbers:
        total = total * number
    return total


@_terms.register
def _(node: Hadamard) -> Terms:
    found: Terms = []
    for choice in product(*(_terms(c) for c in node.children)):
        numbers, monomials = zip(*choice, strict=True)
        found.append((_times(numbers), _sorted_hadamard(monomials)))
    return found


def _sorted_hadamard(factors: tuple[Node, ...]) -> Node:
    flat = [c for f in factors for c in (f.children if isinstance(f, Hadamard) else (f,))]
    return hadamard(*sorted(flat, key=default_sort_key))


@_terms.register
def _(node: Product) -> Terms:
    found: Terms = []
    for choice in product(*(_terms(c) for c in node.children)):
        numbers, monomials = zip(*choice, strict=True)
        joined = _joined(monomials)
        found += [(_times(numbers) * k, m) for k, m in joined]
    return found


def _joined(factors: tuple[Node, ...]) -> Terms:
    """Multiply monomials: diag(a) diag(b) = diag(a ⊙ b) and diag(a) v = a ⊙ v."""
    flat = [c for f in factors for c in (f.children if isinstance(f, Product) else (f,))]
    for i, (a, b) in enumerate(pairwise(flat)):
        merged: Node | None = None
        if isinstance(a, Diag) and isinstance(b, Diag):
            merged = diag(_sorted_hadamard((a.arg, b.arg)))
        elif isinstance(a, Diag) and b.shape[1] == 1:
            merged = _sorted_hadamard((a.arg, b))
        if merged is not None:
            return (
                _terms(Product(*flat[:i], merged, *flat[i + 2 :]))
                if len(flat) > 2
                else [(ONE, merged)]
            )
    return [(ONE, matmul(*flat))]


@_terms.register
def _(node: Transpose) -> Terms:
    return [(k * j, m) for k, part in _terms(node.arg) for j, m in _turned(part)]


def _turned(node: Node) -> Terms:
    if isinstance(node, Product):
        return _joined(tuple(_transposed(c) for c in reversed(node.children)))
    return [(ONE, _transposed(node))]


def _transposed(node: Node) -> Node:
    if isinstance(node, Transpose):
        return node.arg
    if isinstance(node, Diag):
        return node
    if isinstance(node, Fill):
        rows, cols = node.shape
        return Fill(node.value, Tuple(cols, rows))
    if isinstance(node, Hadamard):
        return _sorted_hadamard(tuple(_transposed(c) for c in node.children))
    if isinstance(node, Map):
        return apply(node.name, normal(_transposed(node.arg)))
    return Transpose(node)


@_terms.register
def _(node: Diag) -> Terms:
    return [(k, diag(m)) for k, m in _terms(node.arg)]


@_terms.register
def _(node: Concat) -> Terms:
    return [(ONE, concat(*(normal(c) for c in node.children)))]


@_terms.register
def _(node: Slice) -> Terms:
    return [(k * j, m) for k, part in _terms(node.arg) for j, m in _cut(part, node)]


def _cut(node: Node, cut: Slice) -> Terms:
    """Rows of a concatenation are a block of it when the ends match."""
    start: Expr = Integer(0)
    for block in node.children if isinstance(node, Concat) else ():
        if (start, block.shape[0]) == (cut.start, cut.length):
            return _terms(block)
        start = start + block.shape[0]
    return [(ONE, split(node, cut.start, cut.length))]


@_terms.register
def _(node: Sigma) -> Terms:
    index, first, last = node.bounds
    body = node.body.xreplace({index: index + (first - 1)})
    return [(k, sigma(m, index, ONE, last - first + 1)) for k, m in _terms(body)]
