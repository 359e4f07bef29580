"""The check passes on whatever is derived, and fails on whatever is broken."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rnnsym.cell import cell_names
from rnnsym.derivation import Derivation
from rnnsym.derive import derive
from rnnsym.equations import CONVENTIONS, LOSSES, PLACES, System
from rnnsym.expr import (
    ACTIVATIONS,
    Concat,
    Hadamard,
    Integer,
    Map,
    Maximum,
    Node,
    Plus,
    Product,
    Scale,
    Slice,
    Softmax,
    Spread,
    Transpose,
    adjoint,
    concat,
    diag,
    matmul,
    plus,
    scale,
    split,
    transpose,
)
from rnnsym.expr.adjoint import Pulled
from rnnsym.expr.nodes import Diag
from rnnsym.numeric import check
from rnnsym.numeric.check import TOLERANCE, CheckReport, check_derivation
from rnnsym.numeric.sizes import Sizes, small_sizes
from rnnsym.system import build_system, read_model
from tests.strategies import model_texts

SHAPES = ("{}", "{}*2", "bi({})", "bi({})*2", "{}*L")
CELLS = [(c, name) for c in CONVENTIONS for name in cell_names(c)]


def system(text: str, **choices: Any) -> System:
    return build_system(read_model(text, **choices))


def assert_passes(report: CheckReport) -> None:
    assert report.passed, report
    assert report.max_relative_error <= TOLERANCE


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("convention", "name"), CELLS)
def test_every_cell_in_every_shape(convention: str, name: str, shape: str) -> None:
    built = build_system(
        read_model(shape.format(name), convention=convention), final_gradients=True
    )
    report = check_derivation(derive(built))
    assert_passes(report)
    # Every gradient has a figure of its own, entry by entry in all but the widest nets.
    assert {w.array.key for w in built.weights} < set(report.errors)
    assert report.entries > 0 or "*2" in shape


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", cell_names())
def test_every_loss_place_and_truncation(
    name: str, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "MAX_ENTRIES", 0)  # two random directions over everything at once
    # Every cell meets every choice in one shape or another, and every shape in many cells.
    turn = (cell_names().index(name) + SHAPES.index(shape)) % 4
    for loss, place, truncate in list(product(LOSSES, PLACES, (None, 2)))[turn::4]:
        built = system(shape.format(name), loss=loss, loss_at=place)
        assert_passes(check_derivation(derive(built, truncate), seed=3))


@settings(max_examples=40, report_multiple_bugs=False)
@given(
    model_texts(),
    st.sampled_from(LOSSES),
    st.sampled_from(PLACES),
    st.sampled_from([None, 1, 2, 3]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.data(),
)
def test_any_model_at_any_sizes(  # noqa: PLR0917 - hypothesis fills them in
    text: str,
    loss: str,
    place: str,
    truncate: int | None,
    bias: bool,
    seed: int,
    data: st.DataObject,
) -> None:
    assume(not (text.endswith(":softmax") and loss == "cross-entropy"))  # that would be two
    built = system(text, loss=loss, loss_at=place, bias=bias)
    small = small_sizes(
        built, steps=data.draw(st.integers(1, 5)), depth=data.draw(st.integers(1, 3))
    )
    drawn = {
        k: {at: data.draw(st.integers(1, 3)) for at in v}
        if not isinstance(v, int)
        else data.draw(st.integers(1, 3))
        for k, v in small.values.items()
    }
    sizes = Sizes(built, drawn, small.steps, small.depth)
    assert_passes(check_derivation(derive(built, truncate), seed, sizes))


def test_report_names_every_gradient() -> None:
    report = check_derivation(derive(system("bi(gru)*2, dense:3")), seed=5)
    assert {"W_r[1,fwd]", "U_h[2,bwd]", "b_V", "x", "all, one direction"} <= {
        k.replace("[l,", f"[{i},") for k in report.errors for i in (1, 2)
    }
    assert (report.steps, report.seed) == (4, 5)


# Breaking things. ``derive`` is cached, so broken rules are derived around the cache.

UNCACHED: Callable[..., Derivation] = getattr(derive, "__wrapped__")  # noqa: B009 - functools' own
Rule = Callable[[Any, Node], Iterator[Pulled]]


OwnCell = Callable[[str], str]


@pytest.fixture
def own_cell(cell_file: Callable[[str], Path]) -> OwnCell:
    """Return the path of a cell h = … of one equation."""

    def write(rhs: str) -> str:
        scalars = 'scalars = ["s"]\n' if rhs.startswith("s *") else ""
        return str(cell_file(f'{scalars}[states]\nh = "n"\n[equations]\nh = "{rhs}"\n'))

    return write


def with_diag_and_slice() -> System:
    """Return a vanilla network with + diag(b) (rows of [h; x]): no cell file can say that."""
    built = system("vanilla")
    [block] = built.blocks
    [loop] = block.loops
    first = loop.equations[0]
    u_h, h = first.rhs.children[1].children
    extra = matmul(
        diag(first.rhs.children[2]), split(concat(h, built.input), Integer(0), u_h.shape[0])
    )
    changed = replace(first, rhs=plus(first.rhs, extra))
    loop = replace(loop, equations=(changed, *loop.equations[1:]))
    return replace(built, blocks=(replace(block, loops=(loop,)),))


OWN = {
    "transpose": "h[t-1] + 0.5 * tanh((W - W.T) @ h[t-1] + V @ x[t])",
    "maximum": "tanh(max(W @ x[t], U @ h[t-1]))",
    "scalar": "s * tanh(W @ x[t] + U @ h[t-1])",
}


@contextmanager
def broken(kind: type[Node], rule: Callable[[Rule], Rule]) -> Generator[None]:
    """Put a wrong rule in the place of a node type's, and the right one back."""
    right: Rule = adjoint.dispatch(kind)
    try:
        adjoint.register(kind)(rule(right))
        yield
    finally:
        adjoint.register(kind)(right)


def doubled(right: Rule) -> Rule:
    return lambda node, up: (replace(p, value=scale(2, p.value)) for p in right(node, up))


def negated(right: Rule) -> Rule:
    return lambda node, up: (replace(p, value=scale(-1, p.value)) for p in right(node, up))


def last_dropped(right: Rule) -> Rule:
    return lambda node, up: iter(list(right(node, up))[:-1])


def not_transposed(right: Rule) -> Rule:
    def wrong(node: Node, up: Node) -> Iterator[Pulled]:
        for pulled in right(node, up):
            match pulled.value.children:
                case (Transpose() as matrix, vector) if matrix.shape[0] == matrix.shape[1]:
                    yield replace(pulled, value=matmul(matrix.arg, vector))
                case _:
                    yield pulled

    return wrong


def turned(right: Rule) -> Rule:
    def wrong(node: Node, up: Node) -> Iterator[Pulled]:
        for pulled in right(node, up):
            rows, cols = pulled.value.shape
            yield replace(pulled, value=transpose(pulled.value) if rows == cols else pulled.value)

    return wrong


def swapped(right: Rule) -> Rule:
    def wrong(node: Node, up: Node) -> Iterator[Pulled]:
        pulled = list(right(node, up))
        for one, other in zip(pulled, reversed(pulled), strict=True):
            yield replace(one, value=other.value)

    return wrong


EVERY = (doubled, negated, last_dropped)
BREAKABLE: list[tuple[type[Node], str, tuple[Callable[[Rule], Rule], ...]]] = [
    (Plus, "vanilla", EVERY),
    (Scale, "gru", EVERY),
    (Hadamard, "lstm", (*EVERY, swapped)),
    (Product, "vanilla", (*EVERY, not_transposed, turned)),
    (Map, "lstm", EVERY),
    (Softmax, "vanilla, dense:5:softmax", EVERY),
    (Concat, "bi(vanilla)", (*EVERY, swapped)),
    (Transpose, "transpose", (*EVERY, turned)),
    (Maximum, "maximum", (*EVERY, swapped)),
    (Spread, "scalar", EVERY),
    (Diag, "diag and slice", EVERY),
    (Slice, "diag and slice", EVERY),
]


@pytest.mark.parametrize(
    ("kind", "text", "rule"), [(k, text, rule) for k, text, rules in BREAKABLE for rule in rules]
)
def test_a_broken_node_rule_fails(
    kind: type[Node], text: str, rule: Callable[[Rule], Rule], own_cell: OwnCell
) -> None:
    if text == "diag and slice":
        built = with_diag_and_slice()
    else:
        built = system(own_cell(OWN[text]) if text in OWN else text)
    assert check_derivation(UNCACHED(built)).passed
    with broken(kind, rule):
        assert not check_derivation(UNCACHED(built)).passed
    assert check_derivation(UNCACHED(built)).passed


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"step", "log", "reciprocal"}))
def test_a_broken_derivative_fails(
    name: str, own_cell: OwnCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = system(own_cell(f"0.3 * {name}(0.3 * (W @ x[t] + U @ h[t-1]))"))
    assert check_derivation(UNCACHED(built)).passed
    right = ACTIVATIONS[name]
    for factor in (0, -1, 2):

        def wrong(x: Node, y: Node, factor: int = factor) -> Node:
            return scale(factor, right.derivative(x, y))

        monkeypatch.setitem(ACTIVATIONS, name, replace(right, derivative=wrong))
        assert not check_derivation(UNCACHED(built)).passed
