"""Gradient flow: paths counted on the graph, and bounds that hold."""

from math import comb
from typing import Any

import numpy as np
import pytest

from rnnsym.cell import cell_names
from rnnsym.expr import ACTIVATIONS, Array
from rnnsym.flow.bounds import chain_bounds
from rnnsym.flow.examples import DIRECT_EDGE, counterexample
from rnnsym.flow.paths import closed_form, count_paths, main_state, step_paths
from rnnsym.flow.ranges import RANGES, ranges
from rnnsym.flow.run import Run, recurrent_weights
from rnnsym.jacobian import jacobians
from rnnsym.numeric.oracle import FUNCTIONS, STEP
from tests.flows import T, near, run_of, system_of


@pytest.mark.parametrize(
    ("name", "paths"),
    [("vanilla", ((1,),)), ("gru", ((4,),)), ("lstm", ((4, 1), (3, 1))), ("mingru", ((1,),))],
)
def test_paths_of_one_step(name: str, paths: tuple[tuple[int, ...], ...]) -> None:
    [chain] = jacobians(system_of(name))
    assert step_paths(chain).through_time == paths


def test_powers_of_one_step_count_what_the_graph_of_several_steps_holds() -> None:
    system = system_of("lstm-peephole")
    [chain] = jacobians(system)
    for steps in (1, 2, 4):
        table = step_paths(chain).over(steps)
        for i, of in enumerate(chain.states):
            for j, wrt in enumerate(chain.states):
                assert count_paths(system, wrt, of, steps, 1) == table[i][j]


@pytest.mark.parametrize("name", ["vanilla", "gru", "jordan", "ugrnn"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_closed_form_counts_paths_through_time_and_depth(name: str, depth: int) -> None:
    system = system_of(f"{name}*L")
    [chain] = jacobians(system)
    form = closed_form(system, chain)
    assert form is not None
    a, b = form
    state = main_state(chain)
    for k in (1, 2, 5):
        expected = comb(k + depth - 1, k) * a**k * b ** (depth - 1)
        assert count_paths(system, state, state, k, depth) == expected


@pytest.mark.parametrize("name", ["lstm*2", "bi(gru)", "gru, gru"])
def test_no_closed_form_is_claimed_where_there_is_none(name: str) -> None:
    system = system_of(name)
    assert closed_form(system, jacobians(system)[0]) is None


def test_ranges_of_functions_hold() -> None:
    points = np.concatenate([np.linspace(-40, 40, 1001), [-700.0, 700.0]])
    for name, (low, high) in RANGES.items():
        values = FUNCTIONS[name](points + 0j).real
        assert abs(values.min() - low) < 1e-12, name
        assert abs(values.max() - high) < 1e-12, name


def test_slopes_are_bounded_by_the_table() -> None:
    points = np.linspace(-8, 8, 2001)
    for name in RANGES:
        slope = FUNCTIONS[name](points + 1j * STEP).imag / STEP
        gamma = ACTIVATIONS[name].lipschitz
        assert gamma is not None
        assert np.abs(slope).max() <= gamma + 1e-15


@pytest.mark.parametrize("name", cell_names())
def test_states_said_to_stay_in_the_unit_interval_do(name: str) -> None:
    run = run_of(system_of(name))
    for state in ranges(run.chain.loop, run.chain.states).bounded:
        for time in range(1, T + 1):
            assert np.abs(run.number(state, time)).max() <= 1.0


@pytest.mark.parametrize("name", [*cell_names(), "gru*L", "bi(lstm)*2"])
@pytest.mark.parametrize("bias", [None, 2.0])
def test_bounds_hold_along_a_run(name: str, bias: float | None) -> None:
    run = run_of(system_of(name), forget_bias=bias)
    bounds = chain_bounds(run.chain)
    tight = 0.0
    for time in range(1, T + 1):
        run.jacobian(time)  # names the Jacobians that others are made of
        for bound in (*bounds.edges, *bounds.blocks):
            value = bound.jacobian.value
            norm = 0.0 if value is None else float(np.linalg.norm(run.number(value, time), 2))
            nodes = {n for t in bound.terms for n in (*t.norms, *t.maxima)}
            sizes = {n: _norm(run, n, time) for n in nodes}
            assert norm <= bound.value(sizes) * (1 + 1e-12)
            tight = max(tight, norm / (bound.value(sizes) or 1.0))
    assert tight > 0.05 or name in ("relu-rnn", "indrnn", "jordan")


def _norm(run: Run, node: Any, time: int) -> float:
    value = run.number(node, time)
    return float(np.max(np.abs(value)) if value.shape[1] == 1 else np.linalg.norm(value, 2))


@pytest.mark.parametrize(("name", "gamma"), [("vanilla", 1), ("relu-rnn", 1), ("jordan", 0.25)])
def test_pascanus_condition(name: str, gamma: float) -> None:
    [chain] = jacobians(system_of(name))
    term = chain_bounds(chain).simple
    assert term is not None
    assert float(term.number) == gamma
    assert {n.name for n in term.norms if isinstance(n, Array)} == {
        a.name for a in recurrent_weights(chain)
    }


def test_direct_edges_are_bounded_by_one() -> None:
    for name in ("lstm", "gru", "lstm-peephole", "mgu", "mingru", "lstm-1997"):
        [chain] = jacobians(system_of(name))
        assert chain_bounds(chain).edges[-1].constant == 1


def test_the_counterexample_of_the_largest_eigenvalue() -> None:
    found = counterexample()
    assert 0.96 <= found.spectral_radius < 0.97
    assert 2e5 < found.norm < 2.5e5
    # The same net, run: unit 2 saturated by its input, unit 1 at rest.
    states = np.zeros(2)
    product = np.eye(2)
    weights = np.array(found.matrix)
    for _ in range(found.steps):
        push = np.array([-(weights @ states)[0], 60.0])
        states = np.tanh(weights @ states + push)
        product = np.diag(1 - states**2) @ weights @ product
    assert near(np.linalg.norm(product, 2), found.norm, 1e-12)


def test_the_direct_edge_of_half_open_gates() -> None:
    kept, steps = DIRECT_EDGE
    assert f"{kept**steps:.1e}" == "8.9e-16"
