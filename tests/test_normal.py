"""The normal form: idempotent, blind to order, and sound; found by search, not by example."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rnnsym.expr import (
    BOUND,
    STEPS,
    Concat,
    Hadamard,
    Integer,
    Node,
    Plus,
    Rational,
    Sigma,
    Slice,
    apply,
    concat,
    diag,
    equal,
    fill_like,
    hadamard,
    matmul,
    minus,
    normal,
    plus,
    scale,
    sigma,
    softmax,
    split,
    transpose,
)
from tests.strategies import ONE, D, N, array, close, expressions, finite, numbers, vector

A, B, C = (vector(name) for name in "abc")
U, W = array("U", (N, N)), array("W", (N, N))
ONES = fill_like(1, A)


@given(expressions())
def test_idempotent(node: Node) -> None:
    once = normal(node)
    assert normal(once) == once


@given(expressions())
def test_sound(node: Node) -> None:
    truth = numbers(node)
    assume(finite(truth))
    found = normal(node)
    assert found.shape == node.shape
    assert close(numbers(found), truth)


def shuffled(node: Node, dice: random.Random) -> Node:
    """Return the same mathematics with sums and elementwise products in another order."""
    args = [shuffled(a, dice) if isinstance(a, Node) else a for a in node.args]
    if isinstance(node, Plus | Hadamard):
        dice.shuffle(args)
    same: Node = node.func(*args)
    return same


@given(expressions(), st.randoms(use_true_random=False))
def test_blind_to_order(node: Node, dice: random.Random) -> None:
    other = shuffled(node, dice)
    assert normal(other) == normal(node)
    assert equal(other, node)


SAME = {
    "distributes": (hadamard(plus(A, B), C), plus(hadamard(C, B), hadamard(A, C))),
    "cancels": (minus(plus(A, B), A), B),
    "collects": (plus(A, scale(Rational(1, 2), A)), scale(Rational(3, 2), A)),
    "square": (apply("square", A), hadamard(A, A)),
    "one": (hadamard(minus(ONES, A), B), minus(B, hadamard(A, B))),
    "diag": (matmul(diag(A), B), hadamard(A, B)),
    "diags": (matmul(diag(A), diag(B), U, C), matmul(diag(hadamard(B, A)), U, C)),
    "transposed product": (
        transpose(matmul(U, plus(A, B))),
        plus(*(matmul(transpose(x), transpose(U)) for x in (B, A))),
    ),
    "inside a function": (apply("tanh", plus(A, B)), apply("tanh", plus(B, A))),
    "softmax": (softmax(plus(A, B)), softmax(plus(B, A))),
    "slice of a concatenation": (split(concat(A, vector("x", D)), N, D), vector("x", D)),
    "Σ renumbered": (
        sigma(vector("a", time=BOUND + 1), BOUND, Integer(0), STEPS - 1),
        sigma(vector("a", time=BOUND), BOUND, ONE, STEPS),
    ),
    "Σ of a sum": (
        sigma(plus(vector("a", time=BOUND), vector("b", time=BOUND)), BOUND, ONE, STEPS),
        plus(*(sigma(vector(x, time=BOUND), BOUND, ONE, STEPS) for x in "ba")),
    ),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_equal(pair: tuple[Node, Node]) -> None:
    assert equal(*pair)


DIFFERENT = {
    "order of a matrix product": (matmul(U, W), matmul(W, U)),
    "transpose": (U, transpose(U)),
    "shape": (fill_like(1, A), fill_like(1, vector("x", D))),
    "sign": (A, scale(-1, A)),
    "function": (apply("tanh", A), apply("sigmoid", A)),
    "order of blocks": (Concat(A, B), Concat(B, A)),
    "rows": (Slice(Concat(A, B), Integer(0), N), Slice(Concat(A, B), N, N)),
    "bounds": (
        Sigma(vector("a", time=BOUND), BOUND, ONE, STEPS),
        Sigma(vector("a", time=BOUND), BOUND, ONE, STEPS - 1),
    ),
    "time": (vector("a", time=STEPS), vector("a", time=STEPS - 1)),
    "product of functions": (
        hadamard(apply("tanh", A), apply("tanh", B)),
        apply("tanh", hadamard(A, B)),
    ),
}


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_not_equal(pair: tuple[Node, Node]) -> None:
    assert not equal(*pair)


def test_zero_has_one_form() -> None:
    zero = normal(minus(hadamard(A, B), hadamard(B, A)))
    assert zero == fill_like(0, A) == normal(Sigma(fill_like(0, A), BOUND, ONE, STEPS))
