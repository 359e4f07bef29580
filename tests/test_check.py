"""The check passes on whatever is derived, and fails on whatever is broken."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsym.cell import cell_names, read_cell
from rnnsym.derivation import Derivation
from rnnsym.derive import derive
from rnnsym.equations import CONVENTIONS, LOSSES, PLACES, System
from rnnsym.expr import (
    Concat,
    Hadamard,
    Integer,
    Map,
    Node,
    Plus,
    Product,
    Scale,
    Slice,
    Softmax,
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
    assert report.entries > 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", cell_names())
def test_every_loss_place_and_truncation(
    name: str, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "MAX_ENTRIES", 0)  # two random directions over everything at once
    for loss, place, truncate in product(LOSSES, PLACES, (None, 2)):
        built = system(shape.format(name), loss=loss, loss_at=place)
        assert_passes(check_derivation(derive(built, truncate), seed=3))


@settings(max_examples=40)
@given(
    model_texts(), st.sampled_from(LOSSES), st.sampled_from(PLACES),
    st.sampled_from([None, 1, 2, 3]), st.booleans(), st.integers(0, 2**32 - 1), st.data(),
)  # fmt: skip  # one thing a line would hide what is drawn
def test_any_model_at_any_sizes(  # noqa: PLR0917 - hypothesis fills them in
    text: str,
    loss: str,
    place: str,
    truncate: int | None,
    bias: bool,
    seed: int,
    data: st.DataObject,
) -> None:
    built = system(text, loss=loss, loss_at=place, bias=bias)
    small = small_sizes(
        built, steps=data.draw(st.integers(1, 5)), depth=data.draw(st.integers(1, 3))
    )
    drawn = {
        k: {at: data.draw(st.integers(1, 3)) for at in v} if not isinstance(v, int)
        else data.draw(st.integers(1, 3))
        for k, v in small.values.items()
    }  # fmt: skip  # a free size for every layer
    sizes = Sizes(built, drawn, small.steps, small.depth)
    assert_passes(check_derivation(derive(built, truncate), seed, sizes))


def test_report_names_every_gradient_and_the_sizes() -> None:
    report = check_derivation(derive(system("bi(gru)*2, dense:3")), seed=5)
    assert {"W_r[1,fwd]", "U_h[2,bwd]", "b_V", "x", "all, one direction"} <= {
        k.replace("[l,", f"[{i},") for k in report.errors for i in (1, 2)
    }
    flat = [n for v in report.sizes.values() for n in (v.values() if isinstance(v, dict) else (v,))]
    assert len(flat) == len(set(flat))
    assert (report.steps, report.seed) == (4, 5)


# Breaking things. ``derive`` is cached, so broken rules are derived around the cache.

UNCACHED: Callable[..., Derivation] = getattr(derive, "__wrapped__")  # noqa: B009 - functools' own
Rule = Callable[[Any, Node], Iterator[Pulled]]


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


def with_transpose(tmp_path_factory: pytest.TempPathFactory) -> System:
    """Return the antisymmetric network, h + tanh((W − Wᵀ) h⁻ + V x)."""
    path = tmp_path_factory.mktemp("cells") / "antisymmetric.toml"
    rhs = "h[t-1] + 0.5 * tanh((W - W.T) @ h[t-1] + V @ x[t])"
    path.write_text(f'[states]\nh = "n"\n[equations]\nh = "{rhs}"\n', encoding="utf-8")
    assert read_cell(path).name == "antisymmetric"
    return system(str(path))


@contextmanager
def broken(kind: type[Node], rule: Callable[[Rule], Rule]) -> Iterator[None]:
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
            matrix, vector = (*pulled.value.children, None, None)[:2]
            square = isinstance(matrix, Transpose) and matrix.shape[0] == matrix.shape[1]
            turned = matmul(matrix.arg, vector) if square and vector is not None else pulled.value
            yield replace(pulled, value=turned)

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
    (Transpose, "antisymmetric", (*EVERY, turned)),
    (Diag, "diag and slice", EVERY),
    (Slice, "diag and slice", EVERY),
]


@pytest.mark.parametrize(
    ("kind", "text", "rule"), [(k, text, rule) for k, text, rules in BREAKABLE for rule in rules]
)
def test_a_broken_node_rule_fails(
    kind: type[Node], text: str, rule: Callable[[Rule], Rule],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip  # four arguments
    own = {
        "diag and slice": with_diag_and_slice,
        "antisymmetric": lambda: with_transpose(tmp_path_factory),
    }
    built = own[text]() if text in own else system(text)
    assert check_derivation(UNCACHED(built)).passed
    with broken(kind, rule):
        assert not check_derivation(UNCACHED(built)).passed
    assert check_derivation(UNCACHED(built)).passed
