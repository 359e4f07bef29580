"""The closed set of nodes: every operation on every type, printing, shapes, equality.

Over 300 lines: one table of samples serves every operation.
"""

import gc
import pickle
import weakref
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from rnnsym.errors import ShapeError
from rnnsym.expr import (
    BOUND,
    LATEX,
    LAYER,
    SOURCE,
    STEPS,
    TIME,
    UNICODE,
    Array,
    Family,
    Fill,
    Integer,
    Node,
    Rational,
    Sigma,
    Span,
    Tuple,
    adjoint,
    apply,
    concat,
    diag,
    explicit,
    fill_like,
    hadamard,
    latex,
    matmul,
    minus,
    normal,
    plus,
    rebuild,
    render,
    scale,
    shape_text,
    sigma,
    softmax,
    source,
    split,
    text,
    transpose,
)
from rnnsym.expr.forward import jacobian
from rnnsym.expr.indices import LAYERS
from rnnsym.expr.nodes import Unary
from rnnsym.numeric.notation import code
from rnnsym.numeric.oracle import Values, evaluate
from rnnsym.numeric.sizes import Sizes
from rnnsym.system import build_system, read_model
from tests.strategies import ONE, SIZES, D, N, array, expressions, numbers, samples, sympy, vector

SAMPLES = samples()
UNKNOWN = Node(vector("a"))


def oracle(node: Node) -> Any:
    """Evaluate by the oracle, every array at hand being the one that ``numbers`` takes."""
    system = build_system(read_model("vanilla"))
    values = Values(Sizes(system, {"n": 2, "d": 3}, 2, 1), None, {})
    for leaf in node.atoms(Array) if not node.has(Sigma) else ():
        values.known[values.key(leaf)] = numbers(leaf)[None] + 0j
    return evaluate(node, values)[0].real


def no_seed(_: Array) -> None:
    """Nothing depends on anything."""


def upstream(node: Node) -> Node:
    return array("ybar", node.shape)


OPERATIONS: dict[str, Callable[[Node], object]] = {
    "LaTeX": lambda node: render(node, LATEX),
    "text": lambda node: render(node, UNICODE),
    "source": lambda node: render(node, SOURCE),
    "NumPy": code,
    "explicit": lambda node: explicit(node, SIZES),
    "normal": normal,
    "adjoint": lambda node: list(adjoint(node, upstream(node))),
    "jacobian": lambda node: jacobian(node, no_seed),
    "oracle": oracle,
    "rebuild": lambda node: rebuild(node, tuple(scale(2, c) for c in node.children)),
    "transpose": transpose,
}
# An array is where adjoints end up; a Σ, a diagonal or a transpose stand in results only.
NO_RULE = {("adjoint", Array), ("adjoint", Sigma), ("jacobian", Sigma), ("oracle", Sigma)}


def test_samples_hold_every_node_type() -> None:
    def leaves(kind: type[Node]) -> set[type[Node]]:
        below = [k for k in kind.__subclasses__() if k.__module__.startswith("rnnsym")]
        return {leaf for k in below for leaf in leaves(k)} or {kind}

    assert set(SAMPLES) == leaves(Node)
    assert Unary not in SAMPLES


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_knows_every_node(operation: str, kind: type[Node]) -> None:
    act = OPERATIONS[operation]
    known = (operation, kind) not in NO_RULE
    if operation == "jacobian" and SAMPLES[kind].shape[1] != 1:
        known = False  # the Jacobian of a column vector, and of nothing else
    if known:
        act(SAMPLES[kind])
    else:
        with pytest.raises(TypeError, match=kind.__name__):
            act(SAMPLES[kind])


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"rebuild", "transpose"}))
def test_unknown_node_is_named(operation: str) -> None:
    with pytest.raises(TypeError, match="a Node"):
        OPERATIONS[operation](UNKNOWN)


@pytest.mark.parametrize("node", SAMPLES.values(), ids=lambda node: type(node).__name__)
def test_func_and_args_rebuild_every_node(node: Node) -> None:
    assert node.func(*node.args) == node
    assert rebuild(node, node.children) is node


@given(expressions())
def test_trees_rebuild_and_print(node: Node) -> None:
    assert node.func(*node.args) == node
    assert numbers(node).shape == tuple(
        int(s.xreplace({N: Integer(2), D: Integer(3)})) for s in node.shape
    )
    assert all(isinstance(render(node, n), str) for n in (LATEX, UNICODE, SOURCE))


def test_equal_names_of_other_shape_layer_time_or_direction_differ() -> None:
    a = Family("a", "a")
    column = (N, ONE)
    different = [
        Array(a, column),
        Array(a, (D, ONE)),
        Array(a, (ONE, N)),
        Array(a, column, LAYER),
        Array(a, column, None, TIME),
        Array(a, column, None, TIME - 1),
        Array(Family("a", "a", "fwd"), column),
        Array(Family("a", "a", "", "adjoint"), column),
        Array(Family("a", "b"), column),
    ]
    assert len(set(different)) == len(different)
    assert Fill(ONE, Tuple(N, ONE)) != Fill(ONE, Tuple(D, ONE))


def test_sympy_prints_our_nodes() -> None:
    e = hadamard(vector("a"), apply("tanh", vector("b", time=TIME)))
    assert str(e) == "a * tanh(b[t])"
    assert sympy.latex(e) == latex(e) == r"a \odot \tanh(b_t)"
    assert sympy.pretty(e) == text(e) == "a ⊙ tanh(bₜ)"
    assert getattr(e, "_repr_latex_")() == rf"$\displaystyle {latex(e)}$"  # noqa: B009 - Jupyter


def test_substitution_leaves_a_bound_index_alone() -> None:
    total = sigma(
        matmul(vector("a", time=BOUND), transpose(vector("x", D, TIME))), BOUND, ONE, STEPS
    )
    assert source(total.xreplace({TIME: STEPS})) == "sum_t(a[t] @ x[T].T)"


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: plus(vector("a"), vector("x", D)), "a (n×1) + x (d×1): shapes differ"),
        (lambda: hadamard(vector("a"), vector("x", D)), "a (n×1) ⊙ x (d×1): shapes differ"),
        (
            lambda: matmul(array("U", (N, N)), vector("x", D)),
            "U (n×n) times x (d×1): inner sizes n and d differ",
        ),
        (lambda: diag(array("U", (N, N))), "diag takes a column vector, not U (n×n)"),
    ],
    ids=["+", "⊙", "@", "diag"],
)
def test_shapes_are_checked(act: Callable[[], Node], message: str) -> None:
    with pytest.raises(ShapeError) as error:
        act()
    assert str(error.value) == message


def test_constructors_flatten_and_drop_neutral_elements() -> None:
    a, b, c = (vector(name) for name in "abc")
    zero, one = fill_like(0, a), fill_like(1, a)
    assert plus(a, plus(b, c)).args == (a, b, c)
    assert plus(zero, a) == hadamard(one, a) == scale(1, a) == concat(a) == a
    assert hadamard(zero, a) == scale(0, a) == zero
    assert hadamard(scale(2, a), scale(3, b)) == scale(6, hadamard(a, b))
    assert transpose(transpose(a)) == a
    assert transpose(diag(a)) == diag(a)
    assert source(transpose(matmul(array("W", (D, N)), a))) == "a.T @ W.T"
    assert shape_text(concat(a, vector("x", D)).shape) == "d + n×1"


def test_spans() -> None:
    steps, layers = Span(ONE, STEPS), Span(ONE, LAYERS)
    assert str(steps.shifted(-1).meet(steps)) == "1..T - 1"
    assert steps.meet(Span(STEPS + 1, STEPS + 1)) is None
    assert layers.has(LAYERS)
    assert not layers.has(LAYERS + 1)
    assert steps.has(Integer(2))
    assert not steps.has(Integer(0))


A, B, X = vector("a"), vector("b"), vector("x", D)
H, Z = vector("h", time=TIME - 1), vector("z", time=TIME)
W, U = array("W_f", (N, D)), array("U", (N, N))
CANDIDATE = Array(Family("g", r"\tilde{h}"), (N, ONE), None, TIME)
DELTA = Array(Family("delta_f", "f", "", "adjoint"), (N, ONE), LAYER, TIME + 1)
ABOVE = array("U_f", (N, N), LAYER + 1)
ONES = fill_like(1, A)
GOLDEN = [
    (
        apply("sigmoid", plus(matmul(W, vector("x", D, TIME)), matmul(U, H), B)),
        r"\sigma(W_f x_t + U h_{t-1} + b)",
        "σ(W_f xₜ + U hₜ₋₁ + b)",
        "sigmoid(W_f @ x[t] + U @ h[t-1] + b)",
    ),
    (
        plus(hadamard(minus(ONES, Z), H), hadamard(Z, CANDIDATE)),
        r"(1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t",
        "(1 − zₜ) ⊙ hₜ₋₁ + zₜ ⊙ h̃ₜ",
        "(1 - z[t]) * h[t-1] + z[t] * g[t]",
    ),
    (
        matmul(transpose(ABOVE), DELTA),
        r"U_f^{(\ell+1)\top} \delta_{f,t+1}^{(\ell)}",
        "U_f⁽ˡ⁺¹⁾ᵀ δ_f⁽ˡ⁾ₜ₊₁",
        "U_f[l+1].T @ delta_f[l,t+1]",
    ),
    (
        minus(ONES, apply("square", apply("tanh", A))),
        r"1 - \tanh^{2}(a)",
        "1 − tanh²(a)",
        "1 - square(tanh(a))",
    ),
    (apply("square", plus(A, B)), "(a + b)^{2}", "(a + b)²", "square(a + b)"),
    (
        Array(Family("h", "h", "bwd"), (N, ONE), Integer(2), TIME - 1),
        r"\overleftarrow{h}_{t-1}^{(2)}",
        "h←⁽²⁾ₜ₋₁",
        "h_bwd[2,t-1]",
    ),
    (
        sigma(matmul(vector("d", time=BOUND), transpose(vector("x", D, BOUND))), BOUND, ONE, STEPS),
        r"\sum_{t=1}^{T} d_t x_t^\top",
        "Σₜ dₜ xₜᵀ",
        "sum_t(d[t] @ x[t].T)",
    ),
    (
        sigma(plus(vector("d", time=BOUND), vector("h", time=BOUND - 1)), BOUND, Integer(2), STEPS),
        r"\sum_{t=2}^{T} (d_t + h_{t-1})",
        "Σₜ₌₂…T (dₜ + hₜ₋₁)",
        "sum_t(d[t] + h[t-1], 2, T)",
    ),
    (
        Array(Family("U", "U", "", "gradient"), (N, N)),
        r"\frac{\partial L}{\partial U}",
        "∂L/∂U",
        "dL/dU",
    ),
    (scale(Rational(1, 2), plus(A, B)), r"\tfrac{1}{2} (a + b)", "½ (a + b)", "1/2 * (a + b)"),
    (minus(scale(-1, A), scale(2, B)), "-a - 2 b", "−a − 2 b", "-a - 2 * b"),
    (
        split(concat(A, X), N, D),
        r"[[a;\,x]]_{n+1:d+n}",
        "[a; x][n+1:d+n]",
        "rows(concat(a, x), n+1, d+n)",
    ),
    (
        matmul(diag(hadamard(A, B)), U),
        r"\operatorname{diag}(a \odot b) U",
        "diag(a ⊙ b) U",
        "diag(a * b) @ U",
    ),
    (softmax(matmul(U, A)), r"\operatorname{softmax}(U a)", "softmax(U a)", "softmax(U @ a)"),
    (transpose(plus(matmul(W, X), A)), r"(W_f x + a)^\top", "(W_f x + a)ᵀ", "(W_f @ x + a).T"),
]


@pytest.mark.parametrize(("node", "in_latex", "in_text", "in_source"), GOLDEN)
def test_exact_print(node: Node, in_latex: str, in_text: str, in_source: str) -> None:
    assert (latex(node), text(node), source(node)) == (in_latex, in_text, in_source)


@given(expressions())
def test_the_oracle_agrees_with_the_explicit_form(node: Node) -> None:
    if not node.has(Sigma):
        assert abs(oracle(node) - numbers(node)).max() <= 1e-9 * max(1, abs(numbers(node)).max())


@given(expressions())
def test_equal_expressions_are_one_object(node: Node) -> None:
    copies = (node.func(*node.args), deepcopy(node), pickle.loads(pickle.dumps(node)))
    assert all(copy is node for copy in copies)


def test_expressions_that_nobody_holds_are_forgotten() -> None:
    node = array("forgotten_soon", (N, ONE))
    known = weakref.ref(node)
    del node
    gc.collect()
    assert known() is None


@given(expressions())
def test_parts_of_a_type_are_found_as_by_sympys_own_walk(node: Node) -> None:
    for kind in (Array, Fill, Node, sympy.Symbol):
        assert node.atoms(kind) == sympy.Basic.atoms(node, kind)
