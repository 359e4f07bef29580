"""Local adjoints and activations, against SymPy's scalar differentiation of the explicit form."""

from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given, settings

from rnnsym.errors import InputError
from rnnsym.expr import (
    ACTIVATIONS,
    Array,
    Fill,
    Integer,
    Maximum,
    Node,
    Sigma,
    Tuple,
    activation,
    adjoint,
    apply,
    concat,
    contributions,
    derivative,
    diag,
    explicit,
    hadamard,
    matmul,
    maximum,
    plus,
    scale,
    softmax,
    split,
    spread,
    transpose,
)
from tests.strategies import (
    ONE,
    SIZES,
    D,
    N,
    array,
    close,
    evaluated,
    expressions,
    numbers,
    samples,
    sympy,
    vector,
)

A, B, X = vector("a"), vector("b"), vector("x", D)
U, W = array("U", (N, N)), array("W", (N, D))


def explicit_gradient(node: Node, upstream: Node, leaf: Array) -> Any:
    """Differentiate Σ upstream ⊙ node by every entry of ``leaf``, as SymPy does it."""
    loss = sum(explicit(upstream, SIZES).multiply_elementwise(explicit(node, SIZES)))
    return explicit(leaf, SIZES).applyfunc(partial(sympy.diff, loss))


def received(node: Node, upstream: Node, leaf: Array) -> Node:
    """Add up what the rules hand to ``leaf``."""
    zero = Fill(Integer(0), Tuple(*leaf.shape))
    return plus(zero, *(c.value for c in contributions(node, upstream) if c.leaf == leaf))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_of_every_activation(name: str) -> None:
    """f′ written through value and argument is SymPy's derivative, as a function."""
    x = sympy.Symbol("x", positive=True)
    [entry] = explicit(vector("a", ONE), {}).free_symbols
    node = apply(name, vector("a", ONE))
    value = explicit(node, {})[0].subs(entry, x)
    found = explicit(derivative(node), {})[0].subs(entry, x)
    assert sympy.simplify(found - sympy.diff(value, x)) == 0


@pytest.mark.parametrize("name", ["relu", "step"])
@pytest.mark.parametrize(("at", "slope"), [(-1, 0), (0, 0), (1, 1)])
def test_kinks_are_those_of_pytorch(name: str, at: int, slope: int) -> None:
    [entry] = explicit(vector("a", ONE), {}).free_symbols
    found = explicit(derivative(apply(name, vector("a", ONE))), {})[0].subs(entry, at)
    assert found == (slope if name == "relu" else 0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_lipschitz_bound_is_the_largest_slope(name: str) -> None:
    x = sympy.Symbol("x", real=True)
    [entry] = explicit(vector("a", ONE), {}).free_symbols
    slope = explicit(derivative(apply(name, vector("a", ONE))), {})[0].subs(entry, x)
    at = [abs(float(slope.subs(x, k))) for k in (-20, -1, sympy.Rational(1, 10**9), 1, 20)]
    bound = activation(name).lipschitz
    if bound is None:
        assert max(at) > 4
    else:
        assert max(at) == pytest.approx(bound)


def test_unknown_activation_names_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown function 'sigmoit'; did you mean 'sigmoid'"):
        activation("sigmoit")


RULES: dict[str, Node] = {
    "array": A,
    "plus": plus(A, B, A),
    "scale": scale(-3, A),
    "hadamard": hadamard(A, B, A),
    "matrix times vector": matmul(W, X),
    "three factors": matmul(transpose(A), U, B),
    "outer product": matmul(A, transpose(X)),
    "transpose": matmul(transpose(W), A),
    "map": apply("tanh", hadamard(A, B)),
    "map of a matrix": apply("sigmoid", U),
    "scalar": hadamard(spread(apply("tanh", vector("s", ONE)), N), A),
    "division": hadamard(A, apply("reciprocal", B)),
    "softmax": softmax(matmul(W, X)),
    "diag": matmul(diag(A), U, diag(B)),
    "concat": concat(A, X, B),
    "slice": split(concat(A, X, B), N, D),
    "slice over an edge": split(concat(A, X, B), Integer(1), D),
}


@pytest.mark.parametrize("node", RULES.values(), ids=RULES)
def test_rule_against_scalar_differentiation(node: Node) -> None:
    upstream = array("ybar", node.shape)
    for leaf in sorted(node.atoms(Array), key=str):
        found = explicit(received(node, upstream, leaf), SIZES)
        difference = found - explicit_gradient(node, upstream, leaf)
        assert difference.applyfunc(sympy.simplify).is_zero_matrix


def test_every_node_type_is_among_the_rules() -> None:
    inside: set[type] = {
        type(part) for node in RULES.values() for part in sympy.preorder_traversal(node)
    }
    assert set(samples()) - inside <= {Sigma, Fill, Maximum}


@pytest.mark.parametrize("turned", [False, True])
def test_maximum_against_scalar_differentiation(turned: bool) -> None:
    """SymPy does not simplify the conditions, so that this rule is compared at points."""
    pair = (hadamard(A, A), apply("exp", B))
    node = maximum(*(pair[::-1] if turned else pair))
    for leaf in (A, B):
        found = explicit(received(node, vector("ybar"), leaf), SIZES)
        difference = found - explicit_gradient(node, vector("ybar"), leaf)
        symbols = sorted(difference.free_symbols, key=str)
        for at in (-2, -1, 1, 2):
            values = {s: at * (k + 1) * sympy.Rational(2, 3) for k, s in enumerate(symbols)}
            assert difference.subs(values).is_zero_matrix


@settings(max_examples=60)
@given(expressions(depth=2))
def test_any_expression_against_scalar_differentiation(node: Node) -> None:
    assume(not node.has(Sigma))  # a Σ stands in results, and is not differentiated again
    upstream = array("ybar", node.shape)
    for leaf in sorted(node.atoms(Array), key=str):
        found, truth = received(node, upstream, leaf), explicit_gradient(node, upstream, leaf)
        assert found.shape == leaf.shape
        assert close(numbers(found), evaluated(truth))


def test_rules_quote_their_formulas() -> None:
    [pulled] = adjoint(apply("tanh", A), B)
    assert pulled.rule == "y = f(u): ū = ȳ ⊙ f′(u), tanh′ = 1 − tanh²"
    sums, _, product = contributions(plus(A, matmul(U, B)), vector("ybar"))
    assert (sums.rules, sums.value) == ((), vector("ybar"))
    assert product.rules == ("y = A v: Ā = ȳ vᵀ, v̄ = Aᵀ ȳ",)
