"""Weights, states and gradients under a framework's names: shapes, numbers and error texts."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnsym.cell import cell_names, load_cell
from rnnsym.derive import derive
from rnnsym.equations import State, System
from rnnsym.errors import InputError
from rnnsym.expr import LAYER, Array, Integer
from rnnsym.numeric.check import check_derivation
from rnnsym.numeric.gradients import Gradients, gradients
from rnnsym.numeric.oracle import STEP, Key, loss_of
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.system import build_system, read_model

TOLERANCE = 1e-12
TRUTH: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "torch_gradients.json").read_text()
)
CELLS = {"rnn_tanh": "vanilla", "gru": "gru", "lstm": "lstm", "bilstm": "lstm", "gru2": "gru"}


def system_of(text: str, convention: str = "pytorch", **sizes: int) -> System:
    return build_system(read_model(text, convention=convention, sizes=sizes))


def error(found: Any, truth: Any) -> float:
    """Return max|a − b| / max(1, max|b|), of arrays of one shape."""
    expected = np.asarray(truth)
    assert np.shape(found) == expected.shape
    return float(np.max(np.abs(found - expected)) / max(1.0, float(np.max(np.abs(expected)))))


def random_weights(system: System, draw: np.random.Generator) -> dict[str, Any]:
    return {k: 0.7 * draw.standard_normal(shape) for k, shape in parameter_shapes(system).items()}


# The published nets


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


# Names and shapes


def test_pytorch_shapes_of_a_projected_stack() -> None:
    system = system_of("bi(lstm-projection)*2", d=5, n=4, p=3)
    one = {"weight_ih": (16, 5), "weight_hh": (16, 3), "bias_ih": (16,), "bias_hh": (16,)}
    one["weight_hr"] = (3, 4)
    two = one | {"weight_ih": (16, 6)}
    assert list(parameter_shapes(system).items()) == [
        (f"{part}_l{k}{reverse}", shape)
        for k, layer in enumerate((one, two))
        for reverse in ("", "_reverse")
        for part, shape in layer.items()
    ]


def test_pytorch_without_biases() -> None:
    sizes = {"d": 3, "n": 2}
    model = read_model("gru*2", convention="pytorch", bias=False, sizes=sizes)
    shapes = parameter_shapes(build_system(model))
    assert shapes == {
        "weight_ih_l0": (6, 3),
        "weight_hh_l0": (6, 2),
        "weight_ih_l1": (6, 2),
        "weight_hh_l1": (6, 2),
    }


def test_pytorch_prefixes_the_layers_of_a_longer_model_text() -> None:
    shapes = parameter_shapes(system_of("embedding:9:5, vanilla:4, dense:3"))
    assert shapes == {
        "0.weight": (9, 5),
        "1.weight_ih_l0": (4, 5),
        "1.weight_hh_l0": (4, 4),
        "1.bias_ih_l0": (4,),
        "1.bias_hh_l0": (4,),
        "2.weight": (3, 4),
        "2.bias": (3,),
    }


def test_keras_shapes_act_on_rows() -> None:
    assert parameter_shapes(system_of("gru", "keras", d=3, n=2)) == {
        "kernel_0": (3, 6),
        "recurrent_kernel_0": (2, 6),
        "bias_0": (2, 6),
    }
    assert parameter_shapes(system_of("bi(lstm)", "keras", d=3, n=2)) == {
        "kernel_0": (3, 8),
        "recurrent_kernel_0": (2, 8),
        "bias_0": (8,),
        "backward_kernel_0": (3, 8),
        "backward_recurrent_kernel_0": (2, 8),
        "backward_bias_0": (8,),
    }
    assert parameter_shapes(system_of("embedding:9:5, vanilla:4, dense:3", "keras")) == {
        "0.embeddings": (9, 5),
        "1.kernel_0": (5, 4),
        "1.recurrent_kernel_0": (4, 4),
        "1.bias_0": (4,),
        "2.kernel": (4, 3),
        "2.bias": (3,),
    }


def test_textbook_names_are_our_own() -> None:
    shapes = parameter_shapes(system_of("bi(mgu)*2", "textbook", d=3, n=2))
    assert list(shapes)[:3] == ["W_f[1,fwd]", "U_f[1,fwd]", "b_f[1,fwd]"]
    assert shapes["W_f[2,bwd]"] == (2, 4)
    assert shapes["b_f[2,bwd]"] == (2,)
    assert parameter_shapes(system_of("vanilla", "textbook", d=3, n=2)) == {
        "W": (2, 3),
        "U": (2, 2),
        "b": (2,),
    }


def test_a_vector_stays_a_vector_when_every_size_is_one() -> None:
    assert parameter_shapes(system_of("vanilla", "textbook", d=1, n=1)) == {
        "W": (1, 1),
        "U": (1, 1),
        "b": (1,),
    }


def test_symbolic_depth_needs_only_its_number() -> None:
    deep, written = system_of("gru*L", d=3, n=2, L=3), system_of("gru*3", d=3, n=2)
    assert parameter_shapes(deep) == parameter_shapes(written)


@pytest.mark.parametrize(
    ("convention", "name"),
    [(c, n) for c in ("pytorch", "keras") for n in cell_names(c)],
)
def test_every_shipped_cell_packs_every_parameter_once(convention: str, name: str) -> None:
    names = ("d", *load_cell(name, convention).size_names)
    system = system_of(name, convention, **{size: 7 - i for i, size in enumerate(names)})
    own = uniform_sizes(system, steps=1)
    count = sum(math.prod(own.shape(w.array.shape)) for w in system.weights)
    assert sum(map(math.prod, parameter_shapes(system).values())) == count


# Numbers, against the oracle's complex step and against each other

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


# Bad input


def call(**changes: Any) -> Gradients:
    """Run an LSTM of d = 3 and n = 2 on four steps, with something changed."""
    system: System = changes.pop("system", None) or system_of("lstm", d=3, n=2)
    given: dict[str, Any] = {"x": np.ones((4, 3)), "dy": np.ones((4, 2))}
    if "weights" not in changes:
        shapes = parameter_shapes(system)
        given["weights"] = {name: np.ones(shape) for name, shape in shapes.items()}
        for name, value in changes.pop("change", {}).items():
            given["weights"][name] = value
    return gradients(system, **(given | changes))


TOKENS = "embedding:6:3, gru:2"
NAMES = "weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0"
BAD: list[tuple[Callable[[], object], str]] = [
    (
        lambda: call(weights={}),
        "missing weight 'weight_ih_l0' of shape (8, 3)",
    ),
    (
        lambda: call(change={"weight_ih_10": 0}),
        f"unknown weight 'weight_ih_10'; did you mean 'weight_ih_l0'? (known: {NAMES})",
    ),
    (
        lambda: call(weights=[1, 2]),
        "weight: expected a mapping from names to arrays, not list",
    ),
    (
        lambda: call(change={"weight_ih_l0": np.ones((3, 8))}),
        "weight 'weight_ih_l0' must have shape (8, 3), not (3, 8)",
    ),
    (
        lambda: call(change={"bias_hh_l0": np.ones((8, 1))}),
        "weight 'bias_hh_l0' must have shape (8,), not (8, 1)",
    ),
    (
        lambda: call(change={"bias_hh_l0": [0, 1, 2, math.nan, 4, 5, 6, 7]}),
        "weight 'bias_hh_l0' must be finite, but holds nan at index [3]",
    ),
    (
        lambda: call(x=[[1, 2, 3], [1, -math.inf, 3]]),
        "x must be finite, but holds -inf at index [1, 1]",
    ),
    (
        lambda: call(x=[[1, 2, 3], [1, 2]]),
        "x is not an array of numbers: its rows differ in length",
    ),
    (lambda: call(x=[["a", "b", "c"]]), "x must hold real numbers, not values of type <U1"),
    (lambda: call(x=[[None] * 3]), "x must hold real numbers, not values of type object"),
    (
        lambda: call(dy=np.ones((4, 2)) * 1j),
        "dy must hold real numbers, not values of type complex128",
    ),
    (
        lambda: call(x=np.ones((4, 5))),
        "x must have shape (T, 3) or (T, B, 3), not (4, 5)",
    ),
    (lambda: call(x=np.ones(3)), "x must have shape (T, 3) or (T, B, 3), not (3,)"),
    (lambda: call(x=1.0), "x must have shape (T, 3) or (T, B, 3), not ()"),
    (
        lambda: call(x=np.ones((0, 3))),
        "x needs at least one step and one sequence, not shape (0, 3)",
    ),
    (
        lambda: call(x=np.ones((4, 0, 3))),
        "x needs at least one step and one sequence, not shape (4, 0, 3)",
    ),
    (
        lambda: call(dy=np.ones((4, 3))),
        "dy must have shape (4, 2), the shape of y, not (4, 3)",
    ),
    (
        lambda: call(initial={"s": 0}),
        "unknown initial state 's' (known: h, c)",
    ),
    (
        lambda: call(initial=(np.ones((1, 2)), np.ones((1, 2)))),
        "initial state: expected a mapping from names to arrays, not tuple",
    ),
    (
        lambda: call(initial={"h": np.ones(2)}),
        "initial state 'h' must have shape (1, 2), not (2,)",
    ),
    (
        lambda: call(final_gradients={"h[1]": 0}),
        "unknown gradient of the final state 'h[1]' (known: h, c)",
    ),
    (
        lambda: call(final_gradients={"c": np.ones((1, 3))}),
        "gradient of the final state 'c' must have shape (1, 2), not (1, 3)",
    ),
    (
        lambda: call(system=system_of(TOKENS), x=[0, 1, 6, 2]),
        "tokens x must be from 0 to 5, but hold 6",
    ),
    (
        lambda: call(system=system_of(TOKENS), x=[0, 1, -1, 2]),
        "tokens x must be from 0 to 5, but hold -1",
    ),
    (
        lambda: call(system=system_of(TOKENS), x=[0.0, 1.0]),
        "tokens x must be whole numbers, not values of type float64",
    ),
    (
        lambda: call(system=system_of(TOKENS)),
        "x must have whole numbers of shape (T,) or (T, B), or one-hot of shape (T, 6) or "
        "(T, B, 6), not (4, 3)",
    ),
    (
        lambda: parameter_shapes(system_of("gru", d=3)),
        "'gru' needs numbers for its sizes: n=…",
    ),
    (
        lambda: call(system=system_of("gru*L", d=3, n=2), weights={}),
        "'gru*L' needs numbers for its sizes: L=…",
    ),
    (
        lambda: parameter_shapes(system_of("gru*L", d=3, n=2, L=65)),
        "arrays of L = 65 layers are too many (at most 64)",
    ),
    (
        lambda: call(system=build_system(read_model("gru", loss="squared")), weights={}),
        "gradients take dy at every step, so they need the loss 'free' at 'every', "
        "not 'squared' at 'every'",
    ),
    (
        lambda: call(system=build_system(read_model("gru", loss_at="last")), weights={}),
        "gradients take dy at every step, so they need the loss 'free' at 'every', "
        "not 'free' at 'last'",
    ),
]


@pytest.mark.parametrize(("action", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input_says_what_was_expected(action: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        action()
    assert str(caught.value) == message


PACKS = {
    '[pack]\nweight = "W"': "[pack] weight must be a list of parameters, or a list of such lists",
    '[pack]\nweight = ["W_x", "Z"]': "[pack] weight names 'Z', which is no parameter",
    '[pack]\nweight = ["W_x", "U_h"]': "[pack] weight stacks arrays of different shapes",
    '[pack]\nweight = ["W_x"]\nagain = ["W_x"]\nu = ["U_h"]':
        "[pack] must name every parameter once, but W_x 2 times",
    '[pack]\nweight = ["W_x"]': "[pack] must name every parameter once, but U_h 0 times",
}  # fmt: skip


@pytest.mark.parametrize(("pack", "message"), PACKS.items())
def test_a_pack_that_does_not_fit_its_cell(tmp_path: Path, pack: str, message: str) -> None:
    file = tmp_path / "own.toml"
    cell = '[states]\nh = "n"\n[equations]\nh = "tanh(W_x @ x[t] + U_h @ h[t-1])"\n'
    file.write_text(cell + pack)
    with pytest.raises(InputError) as caught:
        parameter_shapes(system_of(str(file), d=3, n=2))
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("in cell 'own'")


def test_a_cell_without_a_pack_keeps_its_own_names(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[states]\nh = "n"\n[equations]\nh = "tanh(W @ x[t] + U @ h[t-1])"\n')
    shapes = parameter_shapes(system_of(str(file), d=3, n=2))
    assert shapes == {"W": (2, 3), "U": (2, 2)}
