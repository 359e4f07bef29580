"""Rewritings of a line: the same in other words."""

from collections.abc import Callable

from rnnsym.audit.rewrite import complement, everywhere
from rnnsym.derivation import Derivation
from rnnsym.expr import (
    TIME,
    Array,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    Rational,
    Sigma,
    Transpose,
    apply,
    diag,
    fill_like,
    hadamard,
    matmul,
    minus,
    normal,
    plus,
    scale,
    sigma,
)

Rewriting = Callable[[Node, Derivation], Node]


def _substituted(node: Node, derivation: Derivation) -> Node:
    """Write δ of this step by its own line, once."""
    by_family = {s.target.family: s for s in derivation.adjoints}

    def definition(n: Node) -> Node | None:
        if not isinstance(n, Array) or n.family not in by_family or n.time is None:
            return None
        step = by_family[n.family]
        # Lines of one step only: a carry at the last step is a matter of ranges, tested elsewhere.
        if step.target.time != TIME:
            return None
        return step.value().xreplace({TIME: n.time})

    return everywhere(node, definition)


def _each(rule: Callable[[Node], Node | None]) -> Rewriting:
    return lambda node, derivation: everywhere(_substituted(node, derivation), rule)


def _gates_written_out(node: Node, derivation: Derivation) -> Node:
    fused = {e.lhs.family: e for e in derivation.system.equations if e.fused}

    def activation(n: Node) -> Node | None:
        if isinstance(n, Array) and n.family in fused and n.time is not None:
            return fused[n.family].rhs.xreplace({TIME: n.time})
        return None

    return everywhere(_substituted(node, derivation), activation)


def _tanh_by_sigmoid(n: Node) -> Node | None:
    if isinstance(n, Map) and n.name == "tanh":
        double = scale(2, apply("sigmoid", scale(2, n.arg)))
        return minus(double, fill_like(1, n))
    return None


def _sech(n: Node) -> Node | None:
    """1 − tanh² as (2 / (eˣ + e⁻ˣ))²."""
    inner = complement(n)
    if isinstance(inner, Map) and inner.name == "square":
        inner = inner.arg
        if isinstance(inner, Map) and inner.name == "tanh":
            both = plus(apply("exp", inner.arg), apply("exp", scale(-1, inner.arg)))
            return apply("square", scale(2, apply("reciprocal", both)))
    return None


def _sigmoid_by_exp(n: Node) -> Node | None:
    if isinstance(n, Map) and n.name == "sigmoid":
        return apply("reciprocal", plus(fill_like(1, n), apply("exp", scale(-1, n.arg))))
    return None


def _by_diag(n: Node) -> Node | None:
    if isinstance(n, Hadamard) and n.shape[1] == 1 and len(n.children) > 1:
        first, *rest = n.children
        return matmul(diag(first), hadamard(*rest))
    return None


def _turned_twice(n: Node) -> Node | None:
    return Transpose(Transpose(n)) if isinstance(n, Product | Array) else None


def _reversed(n: Node) -> Node | None:
    if isinstance(n, Plus | Hadamard):
        return type(n)(*(everywhere(c, _reversed) for c in reversed(n.children)))
    return None


def _halves(node: Node, derivation: Derivation) -> Node:
    del derivation
    half = scale(Rational(1, 2), node)
    return Plus(half, half)


def _moved(by: int) -> Rewriting:
    def moved(node: Node, derivation: Derivation) -> Node:
        del derivation
        if not isinstance(node, Sigma):
            return node
        index, first, last = node.bounds
        return sigma(node.body.xreplace({index: index + by}), index, first - by, last - by)

    return moved


def _first_apart(node: Node, derivation: Derivation) -> Node:
    del derivation
    if not isinstance(node, Sigma):
        return node
    index, first, last = node.bounds
    return plus(node.body.xreplace({index: first}), sigma(node.body, index, first + 1, last))


def _last_apart(node: Node, derivation: Derivation) -> Node:
    del derivation
    if not isinstance(node, Sigma):
        return node
    index, first, last = node.bounds
    return plus(sigma(node.body, index, first, last - 1), node.body.xreplace({index: last}))


def _too_long(node: Node, derivation: Derivation) -> Node:
    """Add a step after the last, where every adjoint is zero."""
    del derivation
    if not isinstance(node, Sigma):
        return node
    index, first, last = node.bounds
    return sigma(node.body, index, first, last + 1)


def _nothing_added(node: Node, derivation: Derivation) -> Node:
    del derivation
    return Plus(node, node, scale(-1, node))


def _divided(node: Node, derivation: Derivation) -> Node:
    positive = apply("exp", node)
    del derivation
    return Hadamard(node, positive, apply("reciprocal", positive))


def _complement_doubled(n: Node) -> Node | None:
    """Write a as 1 − (1 − a)."""
    if isinstance(n, Array) and n.family.role == "value" and n.time is not None:
        one = fill_like(1, n)
        return Plus(one, scale(-1, Plus(one, scale(-1, n))))
    return None


def _square_as_product(n: Node) -> Node | None:
    return Hadamard(n.arg, n.arg) if isinstance(n, Map) and n.name == "square" else None


def _sigma_of_terms(node: Node, derivation: Derivation) -> Node:
    """Write Σ of a sum as a sum of Σ."""
    return normal(_substituted(node, derivation))


REWRITINGS: tuple[tuple[str, Rewriting], ...] = (
    ("as derived", lambda node, _: node),
    ("δ written out", _substituted),
    ("δ written out twice", lambda n, d: _substituted(_substituted(n, d), d)),
    ("gates written out", _gates_written_out),
    ("tanh x = 2σ(2x) − 1", lambda n, d: everywhere(_gates_written_out(n, d), _tanh_by_sigmoid)),
    ("1 − tanh² as sech²", lambda n, d: everywhere(_gates_written_out(n, d), _sech)),
    ("σ by exp", lambda n, d: everywhere(_gates_written_out(n, d), _sigmoid_by_exp)),
    ("by diag", _each(_by_diag)),
    ("transposed twice", _each(_turned_twice)),
    ("reversed", _each(_reversed)),
    ("expanded", _sigma_of_terms),
    ("squares as products", _each(_square_as_product)),
    ("a = 1 − (1 − a)", _each(_complement_doubled)),
    ("two halves", _halves),
    ("index shifted back", _moved(1)),
    ("index shifted on", _moved(-1)),
    ("first step apart", _first_apart),
    ("last step apart", _last_apart),
    ("one step too long", _too_long),
    ("something added and taken away", _nothing_added),
    ("multiplied and divided", _divided),
    ("halves of δ written out", lambda n, d: _halves(_substituted(n, d), d)),
)
