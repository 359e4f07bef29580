"""Gradient flow measured: products of derived Jacobians against the complex step."""

from typing import Any

import numpy as np
import pytest

from rnnsym.cell import cell_names
from rnnsym.expr import text
from rnnsym.flow.depth import output_jacobians
from rnnsym.flow.measure import Decay, LayerDecay, Setting, measure, spectral_norm
from rnnsym.flow.paths import main_state
from rnnsym.flow.run import Run, keep_gates, random_runs
from rnnsym.jacobian import jacobians
from rnnsym.numeric.oracle import STEP, Key, Values, evaluate, forward
from rnnsym.numeric.sizes import Sizes, small_sizes, uniform_sizes
from tests.flows import T, near, run_of, system_of


@pytest.mark.parametrize("name", [*cell_names(), "gru*2", "bi(lstm)*2", "lstm, gru", "lstm*L"])
def test_products_of_derived_jacobians_are_the_complex_step(name: str) -> None:
    run = run_of(system_of(name))
    products = list(run.products())
    for lag in (1, 2, T):
        truth = complex_step(run, lag)
        error = np.abs(products[lag - 1] - truth).max() / max(1.0, np.abs(truth).max())
        assert error < 1e-13, lag


def complex_step(run: Run, lag: int) -> Any:
    """Run the last steps once more from the states at T − lag, each perturbed in turn."""
    old = run.values
    steps = T - lag
    sizes = Sizes(run.system, old.sizes.values, lag, old.sizes.depth)
    backward = run.chain.loop.order < 0
    assert not backward
    known: dict[Key, Any] = {}
    for key, value in old.known.items():
        name, direction, layer, time = key
        if time is None or direction == "bwd":
            known[key] = value
        elif time >= steps:
            known[name, direction, layer, time - steps] = value
    kept = dict(known)
    states = run.chain.states
    rows = [run.number(s, T).shape[0] for s in states]
    values = Values(sizes, None, known, states=old.states)
    start = 0
    for state, size in zip(states, rows, strict=True):
        values.layer, values.time = run.layer, 0
        key = values.key(state)
        step = np.zeros((sum(rows), size, 1), complex)
        step[np.arange(start, start + size), np.arange(size)] = 1j * STEP
        kept[key] = kept[key] + step
        start += size
    _only_the_chain(run, values, kept, lag)
    values.layer, values.time = run.layer, lag
    ends = [
        np.broadcast_to(values.read(s), (sum(rows), r, 1))
        for s, r in zip(states, rows, strict=True)
    ]
    found: Any = np.concatenate(ends, axis=1)
    return found[:, :, 0].imag.T / STEP


def _only_the_chain(run: Run, values: Values, kept: dict[Key, Any], lag: int) -> None:
    """Evaluate the chain's own equations; what it reads of other layers is there already."""
    own = {(e.lhs.name, e.lhs.family.direction) for e in run.chain.loop.equations}
    values.known = {
        k: v
        for k, v in kept.items()
        if k[:2] not in own or k[2] not in (None, run.layer) or k[3] in (0, None)
    }
    values.layer = run.layer
    for values.time in range(1, lag + 1):
        for equation in run.chain.loop.equations:
            values.known[values.key(equation.lhs)] = evaluate(equation.rhs, values)


def test_measured_norms_are_those_of_the_products() -> None:
    system = system_of("lstm", d=3, n=4)
    [layer] = measure(system, Setting(lags=6, seed=3)).layers
    [run] = random_runs(system, uniform_sizes(system, 6), seed=3)
    for lag, product in enumerate(run.products()):
        h = np.linalg.norm(product[:4, :4], 2)
        c = np.linalg.norm(product[4:, 4:], 2)
        assert near([x.norms[lag] for x in layer.curves], [h, c])


def only(decay: Decay) -> LayerDecay:
    [layer] = decay.layers
    return layer


def last(decay: Decay) -> float:
    value = only(decay).curves[0].norms[-1]
    assert value is not None
    return value


def test_every_layer_and_direction_is_measured() -> None:
    def titles(name: str, **sizes: int) -> list[str]:
        return [x.title for x in measure(system_of(name, **sizes), Setting(lags=2)).layers]

    assert titles("gru", d=2, n=3) == [""]
    assert titles("gru*L", d=2, n=3, L=2) == ["layer 1", "layer 2"]
    assert titles("lstm:3, dense:2, gru:3", d=2) == ["layer 1", "layer 2"]
    assert titles("bi(gru)*2", d=2, n=3) == [
        "layer 1 forward", "layer 1 backward", "layer 2 forward", "layer 2 backward"
    ]  # fmt: skip
    top = measure(system_of("gru*2", d=2, n=3), Setting(lags=4)).layers[1]
    assert top.to_output is not None
    assert near(top.to_output.norms, top.curves[0].norms)


@pytest.mark.parametrize(
    "name", ["lstm*3", "bi(gru)*2", "lstm:5, dense:3, gru:6", "bi(mgu,sum), lem"]
)
@pytest.mark.parametrize("lag", [1, 2, T])
def test_gradients_through_time_and_depth_are_those_of_the_forward_equations(
    name: str, lag: int
) -> None:
    """By the complex step: a state is moved, and all that follows from it computed again."""
    system = system_of(name)
    sizes = small_sizes(system, T)
    runs = random_runs(system, sizes, seed=2)
    states = [main_state(run.chain) for run in runs]
    found = output_jacobians(runs, states)
    for run, state, jacobians_ in zip(runs, states, found, strict=True):
        order = run.chain.loop.order
        end = T if order > 0 else 1
        key = (state.name, state.family.direction, run.layer_of(state), end - order * lag)
        columns = [moved(run, key, unit) for unit in np.eye(run.rows(state))]
        assert near(jacobians_[lag - 1], np.column_stack([c[end] for c in columns]))


def moved(run: Run, key: Key, unit: Any) -> dict[int, Any]:
    """Return the derivative of the output at every step, along a change of one state."""
    system, values = run.system, run.values
    step = 1j * STEP * unit[None, :, None]
    again = Values(values.sizes, None, _Moved(run.given, key, step), states=values.states)
    forward(system, again)
    output = system.output
    layer = None if output.layer is None else values.sizes.number(output.layer)
    place = output.name, output.family.direction, layer
    return {t: again.known[(*place, t)].imag[0, :, 0] / STEP for t in range(1, T + 1)}


class _Moved(dict[Key, Any]):
    """The arrays of a run in which one of them is changed as soon as it is there."""

    def __init__(self, given: Any, key: Key, step: Any) -> None:
        super().__init__()
        self.moved, self.step = key, step
        for place, value in given.items():
            self[place] = value

    def __setitem__(self, key: Key, value: Any) -> None:
        super().__setitem__(key, value + self.step if key == self.moved else value)


def test_a_forget_bias_and_orthogonal_weights_keep_gradients_alive() -> None:
    for name in ("lstm", "gru", "lstm-coupled", "ugrnn", "mgu"):
        system = system_of(name, d=8, n=8)
        plain, biased = (measure(system, Setting(forget_bias=b)) for b in (None, 3.0))
        assert last(biased) > 100 * last(plain), name
        assert biased.gates
    system = system_of("relu-rnn", d=16, n=16)
    weights = only(measure(system, Setting(init="orthogonal"))).weights
    assert near([w.largest_singular_value for w in weights], [1.0])
    assert near([w.spectral_radius for w in weights], [1.0])
    assert only(measure(system, Setting())).weights[0].largest_singular_value > 1.5


def test_the_gate_that_keeps_a_state_is_found_from_the_direct_edge() -> None:
    found = {
        name: [(text(g.gate), g.sign, [b.name for b in g.biases]) for g in keep_gates(chain)]
        for name in ("vanilla", "lstm", "gru", "ugrnn", "lstm-1997", "lstm-peephole", "mgu")
        for chain in jacobians(system_of(name))
    }
    assert found == {
        "vanilla": [],
        "lstm": [("fₜ", 1, ["b_f"])],
        "gru": [("zₜ", -1, ["b_z"])],
        "ugrnn": [("zₜ", 1, ["b_z"])],
        "lstm-1997": [],
        "lstm-peephole": [("fₜ", 1, ["b_f"])],
        "mgu": [("fₜ", -1, ["b_f"])],
    }


def test_a_bound_below_one_is_kept_to() -> None:
    system = system_of("jordan", d=4, n=4, p=4)
    decay = only(measure(system, Setting(lags=20, init="orthogonal")))
    assert near(decay.step_bound, 0.25)
    for lag, norm in enumerate(decay.curves[0].norms, 1):
        assert norm is not None
        assert norm <= 0.25**lag * (1 + 1e-9)


def test_numbers_beyond_floating_point_are_said_to_be() -> None:
    assert spectral_norm(np.full((2, 2), np.inf)) is None
    assert spectral_norm(np.zeros((2, 2))) == 0.0
    assert near(spectral_norm(np.full((2, 2), 1e-200)), 2e-200)
