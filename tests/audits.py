"""What the tests of the judge share: lines, mutants, rewritings, and a second evaluator."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from rnnsym.api import model
from rnnsym.audit.points import point
from rnnsym.audit.rewrite import complement, everywhere, subtrees
from rnnsym.derivation import Derivation, Step
from rnnsym.errors import ShapeError
from rnnsym.expr import (
    BOUND,
    STEPS,
    TIME,
    Array,
    Expr,
    Hadamard,
    Integer,
    Map,
    Node,
    Plus,
    Product,
    Rational,
    Scale,
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
    rebuild,
    scale,
    sigma,
    transpose,
)
from rnnsym.numeric.notation import code, identifier
from rnnsym.numeric.program import run

ONE = Integer(1)


@cache
def derived(text: str) -> Derivation:
    return model(text).derive()


# A second evaluator: the generated program in float64, and NumPy source of the line itself.


class _Steps(dict[Any, Any]):
    """An array by its indices; outside the model an adjoint is zero, a value anything."""

    outside = 0.5

    def __missing__(self, key: Any) -> Any:
        return np.full_like(next(iter(self.values())), self.outside)


class _Adjoints(_Steps):
    outside = 0.0


@cache
def program_values(derivation: Derivation, seed: int) -> dict[str, Any]:
    """Run the program on the inputs of a random point."""
    at = point(derivation, seed)
    system = derivation.system
    env: dict[str, Any] = {"T": at.sizes.steps, "L": at.sizes.depth, "B": 1}
    env |= {f"{name}_": value for name, value in at.sizes.tables().items()}
    given = {a.family for a in (system.input, *(w.array for w in system.weights))}
    given |= {term.given.family for term in system.loss_terms}
    starts = {(s.array.family, at.index(s.initial)) for s in system.states}
    for (family, layer, time), value in at.known.items():
        if family in given or (family, time) in starts:
            where = tuple(i for i in (layer, time) if i is not None)
            name, array = identifier(Array(family, (ONE, ONE))), value.astype(float)
            if where:
                env.setdefault(name, {})[where[0] if len(where) == 1 else where] = array
            else:
                env[name] = array
    found: dict[str, Any] = {}
    for k, v in run(derivation, env).items():
        steps: type[dict[Any, Any]] = _Adjoints if k.startswith("delta") else _Steps
        untyped: Any = v
        found[k] = steps(untyped) if isinstance(v, dict) else untyped
    return found


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _softmax(a: Any) -> Any:
    return np.exp(a) / np.exp(a).sum(axis=0)


FUNCTIONS: dict[str, Any] = {
    "np": np,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}


def program_value(derivation: Derivation, seed: int, node: Node, time: int, layer: int = 0) -> Any:
    """Evaluate an expression in the program's arithmetic."""
    values = FUNCTIONS | program_values(derivation, seed)
    if isinstance(node, Sigma):
        index, first, last = node.bounds
        total: Any = 0.0
        for step in range(_number(first), _number(last) + 1):
            body = node.body.xreplace({index: Integer(step)})
            total = total + program_value(derivation, seed, body, time, layer)
        return total
    with np.errstate(all="ignore"):  # a mutant may take the logarithm of zero
        return eval(code(node), values | {"t": time, "l": layer})  # our own printer's NumPy


def _number(expr: Expr) -> int:
    return int(expr.xreplace({STEPS: Integer(4)}))


# Lines


def lines(derivation: Derivation) -> list[tuple[Array, Node]]:
    """Every line of the derivation and of the forward pass."""
    found = [(s.target, s.value()) for s in derivation.steps]
    return found + [(e.lhs, e.rhs) for e in derivation.system.equations]


def gradients(derivation: Derivation) -> list[Step]:
    return [*derivation.weights, *derivation.inputs, *derivation.initial]


# Mutants: one change at one place


def mutants(lhs: Array, node: Node) -> Iterator[tuple[str, Node]]:
    """Yield every mutant of a line, with the operator that made it."""
    seen = {node}
    for name, operator in OPERATORS:
        for changed in _at_each_place(node, operator):
            if changed not in seen and changed.shape == lhs.shape:
                seen.add(changed)
                yield name, changed


def _at_each_place(node: Node, operator: Callable[[Node], Iterator[Node]]) -> Iterator[Node]:
    yield from operator(node)
    for i, child in enumerate(node.children):
        for changed in _at_each_place(child, operator):
            try:
                yield rebuild(node, (*node.children[:i], changed, *node.children[i + 1 :]))
            except ShapeError:  # nobody can compute it
                continue


def _drop_term(node: Node) -> Iterator[Node]:
    for i in range(len(node.children)) if isinstance(node, Plus) else ():
        yield plus(*(c for j, c in enumerate(node.children) if j != i))


def _drop_factor(node: Node) -> Iterator[Node]:
    for i in range(len(node.children)) if isinstance(node, Hadamard) else ():
        yield hadamard(*(c for j, c in enumerate(node.children) if j != i))
    if isinstance(node, Product) and len(node.children) == 2:
        yield from (c for c in node.children if c.shape == node.shape)
    if isinstance(node, Scale):
        yield node.arg
    if isinstance(node, Map):
        yield node.arg


def _turn(node: Node) -> Iterator[Node]:
    rows, cols = node.shape
    if rows == cols and isinstance(node, Array | Transpose | Product):
        yield Transpose(node) if isinstance(node, Array) else transpose(node)


def _shift(node: Node) -> Iterator[Node]:
    if isinstance(node, Array) and node.time is not None:
        for by in (-1, 1):
            yield Array(node.family, node.shape, node.layer, node.time + by)


def _swap_complement(node: Node) -> Iterator[Node]:
    inner = complement(node)
    if inner is not None:
        yield inner
    elif isinstance(node, Array) and node.time is not None and node.family.role == "value":
        yield minus(fill_like(1, node), node)


def _sign(node: Node) -> Iterator[Node]:
    if isinstance(node, Plus):
        for i, term in enumerate(node.children):
            yield plus(*(scale(-1, c) if j == i else c for j, c in enumerate(node.children)))
            del term


OPERATORS: tuple[tuple[str, Callable[[Node], Iterator[Node]]], ...] = (
    ("drop a term", _drop_term),
    ("drop a factor", _drop_factor),
    ("transpose", _turn),
    ("shift t", _shift),
    ("swap z and 1 - z", _swap_complement),
    ("turn a sign", _sign),
)


def exchanged(lhs: Array, node: Node, others: list[Array]) -> Iterator[tuple[str, Node]]:
    """Yield the line with one gate, adjoint or matrix in place of another."""
    arrays = dict.fromkeys(n for n in subtrees(node) if isinstance(n, Array))
    for one in arrays:
        for other in others:
            new = Array(other.family, one.shape, one.layer, one.time)
            same = (other.shape, other.family.role, other.time is None) == (
                one.shape,
                one.family.role,
                one.time is None,
            )
            if same and new not in (one, lhs):
                yield "swap gates", everywhere(node, _exchange(one, new))


def _exchange(one: Node, new: Node) -> Callable[[Node], Node | None]:
    return lambda node: new if node == one else None


# Rewritings: the same in other words

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


def squeezed(text: str) -> str:
    """The same text without spaces beside signs."""
    return re.sub(r"\s*([@*+])\s*", r"\1", text)


def relative(a: Any, b: Any) -> float:
    return float(np.max(np.abs(a - b)) / max(1e-3, float(np.max(np.abs(b)))))


__all__ = [
    "BOUND",
    "REWRITINGS",
    "derived",
    "exchanged",
    "gradients",
    "lines",
    "mutants",
    "program_value",
    "relative",
    "squeezed",
]
