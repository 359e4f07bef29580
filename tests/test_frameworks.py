"""Gradients under a framework's names: published nets, the complex step, and each other."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnsym.derive import derive
from rnnsym.equations import State, System
from rnnsym.expr import LAYER, Array, Integer
from rnnsym.numeric.check import check_derivation
from rnnsym.numeric.gradients import Gradients, gradients
from rnnsym.numeric.oracle import STEP, Key, loss_of
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.system import build_system, read_model
from tests.framework_nets import system_of

TOLERANCE = 1e-12
TRUTH: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "torch_gradients.json").read_text()
)
CELLS = {"rnn_tanh": "vanilla", "gru": "gru", "lstm": "lstm", "bilstm": "lstm", "gru2": "gru"}


def error(found: Any, truth: Any) -> float:
    """Return max|a − b| / max(1, max|b|), of arrays of one shape."""
    expected = np.asarray(truth)
    assert np.shape(found) == expected.shape
    return float(np.max(np.abs(found - expected)) / max(1.0, float(np.max(np.abs(expected)))))


def random_weights(system: System, draw: np.random.Generator) -> dict[str, Any]:
    return {k: 0.7 * draw.standard_normal(shape) for k, shape in parameter_shapes(system).items()}


@pytest.mark.parametrize("name", TRUTH)
def test_published_torch_gradients(name: str) -> None:
    net = TRUTH[name]
    cell, options = CELLS[name], net["kw"]
    text = f"bi({cell})" if options.get("bidirectional") else cell
    system = system_of(f"{text}*{options.get('num_layers', 1)}", d=net["d"], n=net["h"])
    shapes = parameter_shapes(system)
    count: int = net["n_params"]
    assert sum(map(math.prod, shapes.values())) == count
    values = iter(0.5 * np.sin(np.arange(1, count + 1)))
    weights = {
        key: np.reshape([next(values) for _ in range(math.prod(shape))], shape)
        for key, shape in shapes.items()
    }
    like_x: tuple[int, int] = (net["T"], net["d"])
    x = np.cos(np.arange(math.prod(like_x))).reshape(like_x)
    y = np.array(net["y"])
    found = gradients(system, weights, x, np.sin(2 + np.arange(y.size)).reshape(y.shape))
    assert abs(found.loss - net["L"]) <= TOLERANCE
    assert error(found.y, y) <= TOLERANCE
    assert error(found.dx, net["dx"]) <= TOLERANCE
    assert list(found.weights) == list(net["grads"])
    for key, gradient in net["grads"].items():
        assert error(found.weights[key], gradient) <= TOLERANCE, key


OWN_NAMES: list[tuple[str, dict[str, int]]] = [
    ("lstm-peephole", {"d": 3, "n": 2}),
    ("bi(gru)*2", {"d": 3, "n": 2}),
    ("jordan", {"d": 3, "n": 4, "p": 2}),
    ("gru*L", {"d": 3, "n": 2, "L": 3}),
    ("lstm:4, bi(vanilla:3,sum), dense:2:tanh", {"d": 5}),
    ("embedding:6:3, indrnn:4, dense:2:softmax", {}),
]


@pytest.mark.parametrize(("text", "given"), OWN_NAMES, ids=[text for text, _ in OWN_NAMES])
def test_own_names_against_the_complex_step(text: str, given: dict[str, int]) -> None:
    draw = np.random.default_rng(5)
    system = system_of(text, "textbook", **given)
    steps, batch = 4, 3
    sizes = uniform_sizes(system, steps)
    width, outputs = (sizes.number(a.shape[0]) for a in (system.input, system.output))
    x = draw.standard_normal((steps, batch, width))
    dy = draw.standard_normal((steps, batch, outputs))
    weights = random_weights(system, draw)
    initial = {
        key: draw.standard_normal((batch, sizes.number(state.array.shape[0], layer)))
        for key, state, layer in states_of(system, sizes)
    }
    received = {key: draw.standard_normal(value.shape) for key, value in initial.items()}
    found = gradients(system, weights, x, dy, initial, received)
    gained = {"x": found.dx, **found.weights, **found.initial}

    start = {"x": x, **weights, **initial}
    along = {name: draw.standard_normal(value.shape) for name, value in start.items()}
    moved = {name: value + 1j * STEP * along[name] for name, value in start.items()}
    given_adjoints = {"Delta": dy, **{f"Delta {key}": value for key, value in received.items()}}
    losses = [oracle(system, sizes, moved | given_adjoints, b) for b in range(batch)]
    derivative = sum(np.sum(gained[name] * along[name]) for name in along)
    assert error(found.loss, sum(losses).real) <= TOLERANCE
    assert error(derivative, sum(losses).imag / STEP) <= TOLERANCE
    ends = sum(np.sum(received[key] * found.final[key]) for key in received)
    assert error(np.sum(dy * found.y) + ends, found.loss) <= TOLERANCE


def states_of(system: System, sizes: Sizes) -> Iterator[tuple[str, State, int]]:
    for state in system.states:
        for layer in sizes.range(state.layer):
            yield state.array.xreplace({LAYER: Integer(layer)}).key, state, layer


def oracle(system: System, sizes: Sizes, arrays: dict[str, Any], b: int) -> complex:
    """Return the loss of sequence ``b`` by a walk of the forward equations."""
    system = build_system(system.model, final_gradients=True)
    known: dict[Key, Any] = {}

    def put(array: Array, layer: int, time: int | None, value: Any) -> None:
        index = None if array.layer is None else sizes.number(array.layer, layer)
        column = np.reshape(value, (1, *sizes.shape(array.shape, layer)))
        known[array.name, array.family.direction, index, time] = column + 0j

    for weight in system.weights:
        for layer in sizes.range(weight.layer):
            key = weight.array.xreplace({LAYER: Integer(layer)}).key
            put(weight.array, layer, None, arrays[key])
    outer, *terms = system.loss_terms
    for t in range(1, sizes.steps + 1):
        put(system.input, 0, t, arrays["x"][t - 1, b])
        put(outer.given, 0, t, arrays["Delta"][t - 1, b])
    adjoints = dict(zip(system.states, terms, strict=True))
    for key, state, layer in states_of(system, sizes):
        put(state.array, layer, sizes.number(state.initial), arrays[key][b])
        put(adjoints[state].given, layer, sizes.number(state.final), arrays[f"Delta {key}"][b])
    return complex(loss_of(system, sizes, known)[0])


def test_keras_gru_is_the_pytorch_gru_with_other_blocks() -> None:
    draw = np.random.default_rng(6)
    torch, keras = (system_of("bi(gru)*2", c, d=3, n=2) for c in ("pytorch", "keras"))
    weights = random_weights(torch, draw)
    x, dy = draw.standard_normal((4, 5, 3)), draw.standard_normal((4, 5, 4))
    one = gradients(torch, weights, x, dy)
    two = gradients(keras, _as_keras(weights), x, dy)
    assert error(two.y, one.y) <= TOLERANCE
    assert error(two.dx, one.dx) <= TOLERANCE
    for name, gradient in _as_keras(one.weights).items():
        assert error(two.weights[name], gradient) <= TOLERANCE, name


def _as_keras(arrays: dict[str, Any]) -> dict[str, Any]:
    """Turn r, z, n on top of one another into z, r, h side by side."""

    def turned(array: Any) -> Any:
        r, z, n = np.split(array, 3)
        return np.concatenate([z, r, n]).T

    found: dict[str, Any] = {}
    for layer in (0, 1):
        for reverse, backward in (("", ""), ("_reverse", "backward_")):
            end = f"_l{layer}{reverse}"
            found[f"{backward}kernel_{layer}"] = turned(arrays[f"weight_ih{end}"])
            found[f"{backward}recurrent_kernel_{layer}"] = turned(arrays[f"weight_hh{end}"])
            biases = [turned(arrays[f"bias_{which}{end}"]) for which in ("ih", "hh")]
            found[f"{backward}bias_{layer}"] = np.stack(biases)
    return found


def one_sequence(found: Gradients, b: int) -> list[Any]:
    states = [*found.final.values(), *found.initial.values()]
    return [found.y[:, b], found.dx[:, b], *(state[:, b] for state in states)]


def test_a_batch_is_its_sequences_side_by_side() -> None:
    draw = np.random.default_rng(7)
    system = system_of("bi(lstm)*2", d=3, n=2)
    weights = random_weights(system, draw)
    x, dy = draw.standard_normal((4, 5, 3)), draw.standard_normal((4, 5, 4))
    initial = {name: draw.standard_normal((4, 5, 2)) for name in ("h", "c")}
    received = {name: draw.standard_normal((4, 5, 2)) for name in ("h", "c")}
    batch = gradients(system, weights, x, dy, initial, received)
    singles = [
        gradients(
            system,
            weights,
            x[:, b],
            dy[:, b],
            {name: value[:, b] for name, value in initial.items()},
            {name: value[:, b] for name, value in received.items()},
        )
        for b in range(5)
    ]
    assert error(batch.loss, sum(s.loss for s in singles)) <= TOLERANCE
    for name, gradient in batch.weights.items():
        assert error(gradient, sum(s.weights[name] for s in singles)) <= TOLERANCE
    for b, single in enumerate(singles):
        states = [*single.final.values(), *single.initial.values()]
        for one, other in zip(one_sequence(batch, b), [single.y, single.dx, *states], strict=True):
            assert error(one, other) <= TOLERANCE


def test_pytorch_stacks_states_layer_by_layer_forward_before_backward() -> None:
    draw = np.random.default_rng(11)
    stack, layers = system_of("bi(gru)*2", d=3, n=2), system_of("bi(gru:2), bi(gru:2)", d=3)
    weights = random_weights(stack, draw)
    by_layer = dict(zip(parameter_shapes(layers), weights.values(), strict=True))
    x, dy = draw.standard_normal((4, 5, 3)), draw.standard_normal((4, 5, 4))
    h, dh = draw.standard_normal((2, 4, 5, 2))
    keys = ["h[1,fwd]", "h[1,bwd]", "h[2,fwd]", "h[2,bwd]"]
    one = gradients(stack, weights, x, dy, {"h": h}, {"h": dh})
    two = gradients(layers, by_layer, x, dy, *(dict(zip(keys, a, strict=True)) for a in (h, dh)))
    assert list(two.final) == list(two.initial) == keys
    assert error(one.y, two.y) <= TOLERANCE
    assert error(one.final["h"], np.stack(list(two.final.values()))) <= TOLERANCE
    assert error(one.initial["h"], np.stack(list(two.initial.values()))) <= TOLERANCE


def test_tokens_are_their_one_hot_vectors() -> None:
    draw = np.random.default_rng(8)
    system = system_of("embedding:6:3, gru:2")
    weights = random_weights(system, draw)
    tokens = draw.integers(0, 6, (4, 6))
    for x, lead in ((tokens[:, 0], (4,)), (tokens, (4, 6))):
        dy = draw.standard_normal((*lead, 2))
        by_token = gradients(system, weights, x, dy)
        by_vector = gradients(system, weights, np.eye(6)[x], dy)
        assert by_token.dx.shape == (*lead, 6)
        for one, other in (
            (by_token.y, by_vector.y),
            (by_token.dx, by_vector.dx),
            (by_token.weights["0.weight"], by_vector.weights["0.weight"]),
        ):
            assert error(one, other) == 0


def test_states_that_are_not_given_are_zero() -> None:
    draw = np.random.default_rng(9)
    system = system_of("lstm", d=3, n=2)
    weights = random_weights(system, draw)
    x, dy, h = (draw.standard_normal(s) for s in ((4, 3), (4, 2), (1, 2)))
    some = gradients(system, weights, x, dy, initial={"h": h})
    every = gradients(system, weights, x, dy, {"h": h, "c": np.zeros((1, 2))}, {"c": [[0, 0]]})
    assert some.loss == every.loss
    assert all(np.array_equal(g, every.weights[k]) for k, g in some.weights.items())


def test_a_single_step() -> None:
    system = system_of("bi(vanilla)", "textbook", d=1, n=1)
    weights = {"W": [[0.5]], "U": [[0.25]], "b": [0.0]}
    given = {f"{k}[{way}]": v for way in ("fwd", "bwd") for k, v in weights.items()}
    found = gradients(system, given, [[1.0]], [[1.0, 1.0]], {"h[bwd]": [2.0]})
    forward, backward = math.tanh(0.5), math.tanh(1.0)
    assert error(found.y, [[forward, backward]]) <= TOLERANCE
    assert error(found.initial["h[bwd]"], [0.25 * (1 - backward**2)]) <= TOLERANCE
    assert error(found.weights["U[fwd]"], [[0.0]]) <= TOLERANCE
    assert error(found.weights["U[bwd]"], [[2 * (1 - backward**2)]]) <= TOLERANCE
    assert error(found.final["h[fwd]"], [forward]) <= TOLERANCE


def test_an_input_before_the_first_step_is_zero(cell_file: Callable[..., Path]) -> None:
    head = '[states]\nh = "n"\n[equations]\n'
    late = cell_file(head + 'h = "tanh(W @ x[t-1] + U @ h[t-1])"', "late.toml")
    now = cell_file(head + 'h = "tanh(W @ x[t] + U @ h[t-1])"', "now.toml")
    draw = np.random.default_rng(10)
    one, two = (system_of(str(file), "textbook", d=3, n=2) for file in (late, now))
    weights = random_weights(one, draw)
    x, dy = draw.standard_normal((4, 5, 3)), draw.standard_normal((4, 5, 2))
    shifted = np.concatenate([np.zeros((1, 5, 3)), x[:-1]])
    found, truth = gradients(one, weights, x, dy), gradients(two, weights, shifted, dy)
    assert error(found.y, truth.y) <= TOLERANCE
    assert error(found.dx, np.concatenate([truth.dx[1:], np.zeros((1, 5, 3))])) <= TOLERANCE
    assert error(found.weights["W"], truth.weights["W"]) <= TOLERANCE
    for text in (f"{late}*2", f"bi({late})*L"):
        assert check_derivation(derive(build_system(read_model(text)))).passed


def test_arguments_are_left_as_they_were() -> None:
    system = system_of("gru", d=3, n=2)
    weights = {name: np.ones(shape) for name, shape in parameter_shapes(system).items()}
    x, dy = np.ones((4, 3)), np.ones((4, 2))
    first, second = (gradients(system, weights, x, dy) for _ in range(2))
    assert first.loss == second.loss
    assert all(np.all(array == 1) for array in (*weights.values(), x, dy))
