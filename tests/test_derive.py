"""Derivations: published adjoints, as many terms as edges, and SymPy's own scalar derivatives."""

import re
from collections import Counter
from itertools import product
from typing import Any

import pytest

from rnnsym.cell import cell_names
from rnnsym.derive import Derivation, derive
from rnnsym.equation_nodes import build_expression
from rnnsym.equation_text import parse_equation
from rnnsym.errors import InputError
from rnnsym.expr import (
    BOUND,
    STEPS,
    TIME,
    Array,
    Map,
    Node,
    equal,
    sigma,
    source,
    source_scalar,
)
from rnnsym.numeric.sizes import Sizes, small_sizes
from rnnsym.system import build_system, read_model
from tests.strategies import ONE
from tests.unrolled import backward, forward, placed, point, slopes, slopes_in_one, valid

SHAPES = ("{}", "{}*2", "bi({})", "bi({})*2", "{}*L", "bi({},mul)*L, dense:4:softmax")
EVERY_CELL = dict.fromkeys(product(cell_names(), (SHAPES[0], SHAPES[-1])))
EVERY_SHAPE = dict.fromkeys(product(("gru", "lstm-projection", "jordan", "lstm-peephole"), SHAPES))


def derived(text: str, **choices: Any) -> Derivation:
    return derive(build_system(read_model(text, **choices)))


def read(text: str, derivation: Derivation) -> Node:
    """Read a line in the cell language with the arrays of a derivation; [t+1] is legal here."""
    arrays = {a.name: a for step in derivation.steps for a in (step.of, step.target)}
    for equation in derivation.system.equations:
        arrays |= {a.name: a for a in (equation.lhs, *equation.rhs.atoms(Array))}
    arrays |= {term.given.name: term.given for term in derivation.system.loss_terms}
    known = dict(arrays)
    for name, array in arrays.items():
        for shift, mark in ((-1, "before"), (0, "now"), (1, "after")):
            known[f"{name}_{mark}"] = Array(array.family, array.shape, None, TIME + shift)
    marks = {"t-1": "before", "t": "now", "t+1": "after"}
    plain = re.sub(r"(\w+)\[(t[-+1]*)\]", lambda m: f"{m[1]}_{marks[m[2]]}", text)
    total = plain.startswith("sum: ")
    node = build_expression(parse_equation(plain.removeprefix("sum: ")), known)
    return sigma(node.xreplace({TIME: BOUND}), BOUND, ONE, STEPS) if total else node


# Goodfellow, Bengio and Courville 2016, (10.18)–(10.28); their W, U, V, b, c: our U, W, V, b, b_V
GOODFELLOW = {
    "delta_h": "U.T @ ((1 - square(h[t+1])) * delta_h[t+1]) + V.T @ delta_s[t]",
    "dV": "sum: delta_s[t] @ h[t].T",
    "db_V": "sum: delta_s[t]",
    "dU": "sum: ((1 - square(h[t])) * delta_h[t]) @ h[t-1].T",
    "dW": "sum: ((1 - square(h[t])) * delta_h[t]) @ x[t].T",
    "db": "sum: (1 - square(h[t])) * delta_h[t]",
}
# Greff et al. 2017, section II.C
GREFF = {
    "delta_h": "Delta[t] + U_f.T @ delta_f[t+1] + U_i.T @ delta_i[t+1] + U_c.T @ delta_g[t+1]"
    " + U_o.T @ delta_o[t+1]",
    "delta_o": "delta_h[t] * tanh(c[t]) * o[t] * (1 - o[t])",
    "delta_c": "delta_h[t] * o[t] * (1 - square(tanh(c[t]))) + p_o * delta_o[t]"
    " + p_i * delta_i[t+1] + p_f * delta_f[t+1] + delta_c[t+1] * f[t+1]",
    "delta_f": "delta_c[t] * c[t-1] * f[t] * (1 - f[t])",
    "delta_i": "delta_c[t] * g[t] * i[t] * (1 - i[t])",
    "delta_g": "delta_c[t] * i[t] * (1 - square(g[t]))",
    "dp_o": "sum: delta_o[t] * c[t]",
    "dp_f": "sum: delta_f[t] * c[t-1]",
    "dU_i": "sum: delta_i[t] @ h[t-1].T",
    "dW_c": "sum: delta_g[t] @ x[t].T",
    "db_f": "sum: delta_f[t]",
    "dx": "W_f.T @ delta_f[t] + W_i.T @ delta_i[t] + W_c.T @ delta_g[t] + W_o.T @ delta_o[t]",
}
GRU = {
    "delta_g": "delta_h[t] * z[t] * (1 - square(g[t]))",
    "delta_z": "delta_h[t] * (g[t] - h[t-1]) * z[t] * (1 - z[t])",
    "delta_r": "(U_h.T @ delta_g[t]) * h[t-1] * r[t] * (1 - r[t])",
    "delta_h": "Delta[t] + delta_h[t+1] * (1 - z[t+1]) + U_r.T @ delta_r[t+1]"
    " + U_z.T @ delta_z[t+1] + r[t+1] * (U_h.T @ delta_g[t+1])",
    "dU_h": "sum: delta_g[t] @ (r[t] * h[t-1]).T",
}
AFTER = GRU | {
    "delta_u": "delta_g[t] * r[t]",
    "delta_r": "delta_g[t] * u[t] * r[t] * (1 - r[t])",
    "delta_h": "Delta[t] + delta_h[t+1] * (1 - z[t+1]) + U_r.T @ delta_r[t+1]"
    " + U_z.T @ delta_z[t+1] + U_h.T @ delta_u[t+1]",
    "dU_h": "sum: delta_u[t] @ h[t-1].T",
    "db_u": "sum: delta_u[t]",
}
PUBLISHED: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("vanilla, dense:3", {"loss": "cross-entropy"}, GOODFELLOW),
    ("lstm-peephole", {}, GREFF),
    ("gru", {}, GRU),
    ("gru-reset-after", {}, AFTER),
]


@pytest.mark.parametrize(
    ("text", "choices", "name", "line"),
    [(text, c, name, line) for text, c, lines in PUBLISHED for name, line in lines.items()],
)
def test_published_adjoint(text: str, choices: dict[str, str], name: str, line: str) -> None:
    derivation = derived(text, **choices)
    [step] = derivation.find(name)
    value = step.value()
    if text.startswith("vanilla"):  # Goodfellow has no name for δ_a = (1 − h²) ⊙ ∇_h
        inner = read("(1 - square(h[t])) * delta_h[t]", derivation)
        [delta_a] = derivation.find("delta_a")
        assert equal(delta_a.value(), inner)
        for index in (TIME, TIME + 1, BOUND):
            at = delta_a.target.xreplace({TIME: index})
            value = value.xreplace({at: inner.xreplace({TIME: index})})
    assert equal(value, read(line, derivation)), source(value)


def test_gradient_of_softmax_and_cross_entropy() -> None:
    [step] = derived("vanilla, dense:3", loss="cross-entropy").find("delta_s")
    assert source(step.value()) == "softmax(s[t]) - target[t]"


def test_gru_of_pytorch_keeps_where_the_notes_replace() -> None:
    """The z orientation is a relabelling: z ↔ 1 − z turns one adjoint into the other."""
    derivation = derived("gru", convention="pytorch")
    [candidate] = derivation.find("delta_n")
    line = "delta_h[t] * (1 - z[t]) * (1 - square(n[t]))"
    assert equal(candidate.value(), read(line, derivation))
    [gate] = derivation.find("delta_z")
    assert equal(gate.value(), read("delta_h[t] * (h[t-1] - n[t]) * z[t] * (1 - z[t])", derivation))


def test_two_biases_of_one_gate_have_one_gradient() -> None:
    derivation = derived("gru", convention="pytorch")
    for gate in "rz":
        [ih], [hh] = derivation.find(f"db_i{gate}"), derivation.find(f"db_h{gate}")
        assert equal(ih.value(), hh.value())
    [ih], [hh] = derivation.find("db_in"), derivation.find("db_hn")
    assert not equal(ih.value(), hh.value())


def occurrences(derivation: Derivation, sizes: Sizes) -> Counter[str]:
    """Count by brute force how often every array is read at a place, by equations and the loss."""
    system = derivation.system
    seen: Counter[str] = Counter()
    for equation in system.equations:
        for layer in sizes.range(equation.layer):
            for time in sizes.range(equation.time) if not equation.fused else ():
                for leaf in leaves(equation.rhs):
                    seen[source(placed(leaf, sizes, layer, time))] += 1
    for term in system.loss_terms:
        for layer in sizes.range(term.layer):
            for time in sizes.range(term.time):
                seen[source(placed(term.target, sizes, layer, time))] += 1
    return seen


def leaves(node: Node) -> list[Array]:
    if isinstance(node, Array):
        return [node]
    return [leaf for child in node.children for leaf in leaves(child)]


@pytest.mark.parametrize(("name", "shape"), EVERY_CELL | EVERY_SHAPE)
def test_as_many_terms_as_outgoing_edges(name: str, shape: str) -> None:
    derivation = derived(shape.format(name))
    sizes = small_sizes(derivation.system)
    seen = occurrences(derivation, sizes)
    maps = [(e.rhs, e.lhs) for e in derivation.system.equations if e.fused]
    fused = {rhs.arg: lhs for rhs, lhs in maps if isinstance(rhs, Map)}
    for step in derivation.steps:
        read_as = fused.get(step.of, step.of)
        for layer in sizes.range(step.layer):
            count = 0
            for time in sizes.range(step.time or step.summed):
                here = sum(1 for _ in valid(step, layer, time, sizes))
                if step.summed is None:
                    assert here == seen[source(placed(read_as, sizes, layer, time))], step.key
                count += here
            if step.summed is not None:
                assert count == seen[source(placed(step.of, sizes, layer, 0))], step.key


def test_recursion_over_depth() -> None:
    derivation = derived("vanilla*L")
    output, entry = derivation.find("delta_y")
    assert [(source(t.value), str(t.layer), str(t.time)) for t in output.terms] == [
        ("Delta[t]", "L..L", "1..T"),
        ("W[l+1].T @ delta_a[l+1,t]", "1..L - 1", "1..T"),
    ]
    assert source(entry.value()) == "W[1].T @ delta_a[1,t]"
    assert [source(s.value()) for s in derivation.inputs] == ["delta_y[0,t]"]


def test_boundaries_in_time() -> None:
    derivation = derived("bi(lstm)")
    [forward_h], [backward_h] = (derivation.find(f"delta_h[{d}]") for d in ("fwd", "bwd"))
    for step, shift, span in ((forward_h, "t+1", "1..T - 1"), (backward_h, "t-1", "2..T")):
        carried = [t for t in step.terms if source_scalar(t.index[1]) == shift]
        assert len(carried) == 4
        assert {str(t.time) for t in carried} == {span}
    assert [str(s.of.time) for s in derivation.initial] == ["0", "0", "T + 1", "T + 1"]


def size_of(derivation: Derivation) -> tuple[int, ...]:
    return tuple(len(source(s.value())) for s in derivation.steps)


def test_nothing_grows_with_sizes_steps_or_depth() -> None:
    for few, many in (("lstm:2", "lstm:4000"), ("bi(gru)*2", "bi(gru)*9"), ("gru*L", "gru:7*L")):
        assert size_of(derived(few)) == size_of(derived(many))
    assert derived("lstm:2").steps == derived("lstm:4000").steps


def test_unknown_step_names_the_nearest() -> None:
    derivation = derived("lstm")
    assert derivation.find("δ_f") == derivation.find("delta_f")
    assert derivation.find("∂L/∂U_f") == derivation.find("dL/dU_f") == derivation.find("dU_f")
    with pytest.raises(InputError, match="no step 'delta_ff'; did you mean 'delta_f'"):
        derivation.find("delta_ff")


def at_two_steps(text: str) -> tuple[Derivation, Sizes]:
    """Return a derivation, and sizes 1 and 2 with T = 2."""
    derivation = derived(text)
    system = derivation.system
    stacked = dict(system.layered_sizes)
    values = {k: {1: 2, 2: 1} if k in stacked else 2 - (k in "dpq") for k in system.size_names}
    return derivation, Sizes(system, values, steps=2, depth=int(system.depth))


@pytest.mark.parametrize(
    "text", ["lstm", "gru", "bi(vanilla)", "vanilla*2", "bi(lstm-peephole)*2", "jordan, dense:1"]
)
def test_against_sympys_scalar_derivatives(text: str) -> None:
    """Every entry at n ≤ 2, T = 2, the forward equations unrolled in scalars."""
    derivation, sizes = at_two_steps(text)
    at = point(derivation.system, sizes, seed=len(text))
    numbers = dict(at)
    forward(derivation.system, sizes, numbers)
    gradients = backward(derivation, sizes, numbers)
    truth = slopes(derivation.system, sizes, at)
    assert set(gradients) == set(truth)
    assert max(abs(gradients[s] - truth[s]) for s in truth) < 1e-20


def test_chained_slopes_are_the_derivatives_of_the_whole_loss() -> None:
    derivation, sizes = at_two_steps("vanilla")
    at = point(derivation.system, sizes, seed=1)
    chained = slopes(derivation.system, sizes, at)
    whole = slopes_in_one(derivation.system, sizes, at)
    assert set(chained) == set(whole)
    assert max(abs(chained[s] - whole[s]) for s in whole) < 1e-20
