"""Gradient flow: paths counted, bounds that hold, decay measured and checked by other means."""

import json
import re
import sys
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnsym.cell import cell_names
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.export.plot import PLOT_FORMATS, plot_decay
from rnnsym.expr import ACTIVATIONS, SOURCE, Array, text
from rnnsym.flow.bounds import chain_bounds
from rnnsym.flow.depth import output_jacobians
from rnnsym.flow.examples import DIRECT_EDGE, counterexample
from rnnsym.flow.measure import MAX_LAGS, Decay, LayerDecay, Setting, measure, spectral_norm
from rnnsym.flow.paths import closed_form, count_paths, main_state, step_paths
from rnnsym.flow.ranges import RANGES, ranges
from rnnsym.flow.run import Run, keep_gates, random_runs, recurrent_weights
from rnnsym.jacobian import jacobians
from rnnsym.numeric.oracle import FUNCTIONS, STEP, Key, Values, evaluate, forward
from rnnsym.numeric.sizes import Sizes, small_sizes, uniform_sizes
from rnnsym.system import build_system, read_model
from tests.terminal import call

T = 5


def system_of(text_: str, **sizes: int) -> System:
    return build_system(read_model(text_, sizes=sizes))


def run_of(system: System, seed: int = 1, **options: Any) -> Run:
    """Return the last layer of a run, forward where there are two directions."""
    runs = random_runs(system, small_sizes(system, T), seed=seed, **options)
    return next(run for run in runs if run.layer == runs[-1].layer and run.chain.block is
                runs[-1].chain.block)  # fmt: skip


def near(a: Any, b: Any, relative: float = 1e-9) -> bool:
    return bool(np.allclose(a, b, rtol=relative, atol=0.0))


def flow(*arguments: str, folder: Path) -> Any:
    return call("flow", *arguments, folder=folder)


# Paths


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


# Ranges and bounds


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


# Decay


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


# The command


def test_the_command_side_by_side(tmp_path: Path) -> None:
    done = flow("vanilla", "gru", "lstm", "--set", "n=8", "--lags", "20", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"lag k +vanilla +gru +lstm h +lstm c\n", done.stdout)
    assert "‖U‖ < 1/γ = 1 is sufficient" in " ".join(done.stdout.split())
    assert max(len(line) for line in done.stdout.splitlines()) <= 84
    assert done.stdout == flow(
        "vanilla", "gru", "lstm", "--set", "n=8", "--lags", "20", folder=tmp_path
    ).stdout  # fmt: skip


def test_a_stack_is_shown_layer_by_layer(tmp_path: Path) -> None:
    done = flow("bi(lstm)*2", "--set", "n=3", "--lags", "5", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Largest singular value of ∂s_T/∂s_(T−k)") == 2
    assert done.stdout.count("Largest singular value of dy_T/ds_(T−k)") == 1
    assert "bi(lstm)*2 layer 2 backward h  bi(lstm)*2 layer 2 backward c" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 100


def test_options_change_what_is_measured(tmp_path: Path) -> None:
    texts = {
        flow("lstm", "--set", "n=8", *options, folder=tmp_path).stdout
        for options in ((), ("--seed", "1"), ("--init", "orthogonal"), ("--forget-bias", "1"))
    }
    assert len(texts) == 4
    assert any("b_f = 1, so that fₜ keeps more of cₜ" in t for t in texts)


@pytest.mark.parametrize("name", [*cell_names(), "gru*L", "bi(lstm)*2", "lstm*3, dense:4"])
def test_every_model_has_a_document_in_every_format(name: str, tmp_path: Path) -> None:
    for format_name in ("text", "latex", "markdown", "json"):
        done = flow(name, "--format", format_name, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    assert flow(name, "--ascii", folder=tmp_path).stdout.isascii()


def test_json_holds_the_curves(tmp_path: Path) -> None:
    done = flow("gru", "lstm", "--set", "n=4", "--lags", "3", "--format", "json", folder=tmp_path)
    data = json.loads(done.stdout)
    gru, lstm = data["models"]
    assert [len(c["norms"]) for c in lstm["measured"]["layers"][0]["curves"]] == [3, 3]
    assert gru["sizes"] == {"d": 4, "n": 4}
    assert gru["chains"][0]["bounds"][0]["terms"][0] == {"number": 1.0, "norms": [], "maxima": []}
    assert json.loads(flow("gru", "--format", "json", folder=tmp_path).stdout)["models"][0][
        "measured"
    ] is None  # fmt: skip


@pytest.mark.parametrize("ending", PLOT_FORMATS)
def test_a_plot_has_the_same_bytes_each_time(ending: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ("gru", "lstm", "--set", "n=4", "--lags", "5", "--plot", f"flow.{ending}")
    assert "written: flow" in flow(*arguments, folder=tmp_path).stderr
    first = (tmp_path / f"flow.{ending}").read_bytes()
    assert "unchanged: flow" in flow(*arguments, folder=tmp_path).stderr
    assert first == (tmp_path / f"flow.{ending}").read_bytes()
    other = flow(*arguments, "--seed", "1", folder=tmp_path)
    assert other.returncode == 2
    assert "--force" in other.stderr
    assert flow(*arguments, "--seed", "1", "--force", folder=tmp_path).returncode == 0
    assert first != (tmp_path / f"flow.{ending}").read_bytes()


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = flow("gru", "--set", "n=4", "--plot", "flow.svg", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "rnnsym: plots need matplotlib: pip install 'rnnsym[plot]'\n"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="plot"):
        plot_decay([measure(system_of("gru", d=2, n=2), Setting(lags=2))], "svg")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gruu",), "did you mean 'gru'?"),
        (("gru", "--set", "n=4", "--lags", "0"), f"lags are from 1 to {MAX_LAGS:,}, not 0"),
        (("gru", "--set", "n=4", "--lags", "100000000"), "not 100000000"),
        (("gru", "--set", "q=4"), "'gru' has no size 'q'"),
        (("gru", "lstm-projection", "--set", "n=4"), "p=…"),
        (("gru", "--set", "d=4"), "'gru' needs numbers for its sizes: n=…"),
        (("gru", "--lags", "5"), "needs numbers for its sizes"),
        (("gru", "--set", "n=0"), "must be at least 1"),
        (("gru", "--set", "n=100000"), "sizes up to"),
        (("gru", "--set", "n=4", "--seed", "-1"), "a seed is 0 or more"),
        (("gru", "--set", "n=4", "--init", "orthagonal"), "did you mean 'orthogonal'?"),
        (("gru", "--set", "n=4", "--forget-bias", "nan"), "a forget bias is from"),
        (("vanilla", "--set", "n=4", "--forget-bias", "1"), "no gate with a bias keeps a state"),
        (("gru", "--set", "n=4", "--plot", "flow.gif"), "unknown plot format 'gif'"),
        (("gru", "--set", "n=4", "--plot", "flow"), "unknown plot format 'flow'"),
        ((), "Missing argument"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = flow(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_step_or_an_unproven_edge_is_no_gate(tmp_path: Path) -> None:
    done = flow("slstm", folder=tmp_path)
    words = " ".join(done.stdout.split())
    assert "diag(f̂ₜ): no bound on its entries is proven here." in words
    assert "entries 0 or 1: each is passed whole or cut." in words


def test_the_closed_form_in_print(tmp_path: Path) -> None:
    words = " ".join(flow("gru*L", folder=tmp_path).stdout.split())
    assert "C(L+k−1, k) · 4ᵏ · 3ᴸ⁻¹ paths" in words


def test_ascii_is_the_cell_language(tmp_path: Path) -> None:
    done = flow("vanilla", "--set", "n=3", "--lags", "4", "--ascii", folder=tmp_path)
    assert done.stdout.isascii()
    [chain] = jacobians(system_of("vanilla"))
    assert SOURCE.array(main_state(chain)) in done.stdout
    assert "||U||" in done.stdout
