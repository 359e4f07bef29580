"""The emitted NumPy modules: against the generated program, against themselves, and as scripts."""

import inspect
import re
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from rnnsym.api import model
from rnnsym.code.module import module_source
from rnnsym.convention import convention_names
from rnnsym.derive import derive
from rnnsym.expr import LAYER, Integer
from rnnsym.numeric.program import identifier, run
from rnnsym.numeric.sizes import uniform_sizes
from rnnsym.system import build_system, read_model
from tests.code_models import GRID, loaded

STEPS, BATCH = 5, 3
Arrays: TypeAlias = dict[str, Any]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.standard_normal(shape)


def drawn(module: dict[str, Any]) -> tuple[Any, ...]:
    """Return weights, input and initial states."""
    rng = np.random.default_rng(1)
    shapes, states, rows = module["shapes"]()
    p: Arrays = {k: 0.5 * rng.standard_normal(s) for k, s in shapes.items()}
    start: Arrays = {k: abs(rng.standard_normal((n, BATCH))) + 0.1 for k, n in states.items()}
    return p, rng.standard_normal((STEPS, rows, BATCH)), start


def program(text: str, numbers: dict[str, int], arrays: tuple[Any, ...]) -> Any:
    """Return what the generated program of rnnsym gives for the same numbers, by key."""
    p, x, start, dy, ends = arrays
    bound = build_system(read_model(text)).bound
    names = {k: v for k, v in numbers.items() if k not in bound}
    system = build_system(read_model(text, sizes=names), final_gradients=True)
    sizes = uniform_sizes(system, STEPS, BATCH)
    env: dict[str, Any] = {"T": STEPS, "L": sizes.depth, "B": BATCH}
    env |= {f"{name}_": value for name, value in sizes.tables().items()}

    def put(array: Any, layer: int, time: int | None, value: Any) -> None:
        name = identifier(array)
        index = [] if array.layer is None else [sizes.number(array.layer, layer)]
        index += [] if time is None else [time]
        if index:
            env.setdefault(name, {})[index[0] if len(index) == 1 else tuple(index)] = value
        else:
            env[name] = value

    def layers(span: Any) -> list[int]:
        return sizes.range(span)

    def key(array: Any, layer: int) -> str:
        return str(array.xreplace({LAYER: Integer(layer)}).key)

    for weight in system.weights:
        for layer in layers(weight.layer):
            put(weight.array, layer, None, p[key(weight.array, layer)])
    for state in system.states:
        for layer in layers(state.layer):
            put(state.array, layer, sizes.number(state.initial), start[key(state.array, layer)])
    for state, term in zip(system.states, system.loss_terms[1:], strict=True):
        for layer in layers(state.layer):
            put(term.given, layer, sizes.number(state.final), ends[key(state.array, layer)])
    steps = range(1, STEPS + 1)
    env[identifier(system.input)] = {t: x[t - 1] for t in steps}
    env[identifier(system.loss_terms[0].given)] = {t: dy[t - 1] for t in steps}
    found = run(derive(system), env)
    gradients: dict[str, Any] = {}
    for weight in system.weights:
        for layer in layers(weight.layer):
            value = found[f"d{identifier(weight.array)}"]
            if weight.array.layer is not None:
                value = value[sizes.number(weight.array.layer, layer)]
            gradients[key(weight.array, layer)] = value
    for state in system.states:
        for layer in layers(state.layer):
            value = found[f"d{identifier(state.array)}_0"]
            if state.array.layer is not None:
                value = value[sizes.number(state.array.layer, layer)]
            gradients[f"initial {key(state.array, layer)}"] = value
    dx = found[f"d{identifier(system.input)}"]
    return gradients, np.stack([dx[t] for t in steps])


def error(a: Any, b: Any) -> float:
    assert np.shape(a) == np.shape(b)
    return float(np.max(np.abs(a - b)) / max(1.0, float(np.max(np.abs(b)))))


@pytest.mark.parametrize(("cell", "shape"), GRID)
def test_gradients_are_those_of_the_generated_program(cell: str, shape: str) -> None:
    text = re.sub(r"embedding:6:4", "embedding:2:3", shape.format(cell))
    module = loaded(text)
    sizes = _bound(text, module)
    shapes, states, rows = module["shapes"](**sizes)
    rng = np.random.default_rng(2)
    p: Arrays = {k: 0.5 * rng.standard_normal(s) for k, s in shapes.items()}
    start: Arrays = {k: abs(rng.standard_normal((n, BATCH))) + 0.1 for k, n in states.items()}
    x = rng.standard_normal((STEPS, rows, BATCH))
    y, final, cache = module["forward"](p, x, start)
    dy = normal(rng, y.shape)
    ends: Arrays = {k: rng.standard_normal(s.shape) for k, s in final.items()}
    found, dx, dstart = module["backward"](cache, dy, ends)
    gradients, truth = program(text, sizes, (p, x, start, dy, ends))
    assert error(dx, truth) <= 1e-12
    for name, value in found.items():
        assert error(value, gradients[name]) <= 1e-12, name
    for name, value in dstart.items():
        assert error(value, gradients[f"initial {name}"]) <= 1e-12, name

    low = np.float32
    _, _, cache = module["forward"](
        {k: v.astype(low) for k, v in p.items()},
        x.astype(low),
        {k: v.astype(low) for k, v in start.items()},
    )
    found, dx32, _ = module["backward"](
        cache, dy.astype(low), {k: v.astype(low) for k, v in ends.items()}
    )
    assert dx32.dtype == low
    rounding = 4 * np.finfo(low).eps * STEPS * max(max(s) for s in shapes.values())
    assert error(dx32, truth) <= rounding
    for name, value in found.items():
        assert value.dtype == low
        assert error(value, gradients[name]) <= rounding, name


def _bound(text: str, module: dict[str, Any]) -> dict[str, int]:
    """Return the sizes of a test: those the text gives, small distinct ones for the others."""
    given = build_system(read_model(text)).bound
    parameters = inspect.signature(module["shapes"]).parameters.values()
    return {p.name: given.get(p.name, p.default) for p in parameters}


@pytest.mark.parametrize(("cell", "shape"), GRID)
def test_the_module_checks_itself(cell: str, shape: str) -> None:
    module = loaded(shape.format(cell))
    errors = module["check"]()
    assert max(errors.values()) <= 1e-12, errors
    rounding, allowed = module["check_float32"]()
    assert 0 < rounding <= allowed


def test_float32_that_loses_digits_is_found() -> None:
    source = module_source(read_model("lstm"))
    broken = source.replace(
        "half = np.array(0.5, dtype)",
        "half = np.array(0.5 if dtype != np.float32 else 0.5001, dtype)",
    )
    assert broken != source
    namespace: dict[str, Any] = {"__name__": "broken"}
    exec(compile(broken, "broken.py", "exec"), namespace)
    rounding, allowed = namespace["check_float32"]()
    assert rounding > allowed


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("text", ["gru", "lstm", "bi(gru)*2", "embedding:6:4, gru, dense:3"])
@pytest.mark.parametrize("convention", convention_names()[1:])
def test_every_convention_has_code(convention: str, text: str, bias: bool) -> None:
    network = model(text, convention=convention, bias=bias)
    module: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(module_source(network.specification), "emitted.py", "exec"), module)
    errors = module["check"]()
    assert max(errors.values()) <= 1e-12, errors
    sizes, given = _bound(text, module), build_system(read_model(text)).bound
    numbers: Arrays = {k: v for k, v in sizes.items() if k not in given}
    total = sum(rows * columns for rows, columns in module["shapes"](**sizes)[0].values())
    assert total == model(text, convention=convention, bias=bias, **numbers).count().total


def test_products_with_one_vector_are_one_product() -> None:
    for text, count in (("lstm", 1), ("gru", 2), ("gru-reset-after", 1)):
        source = module_source(read_model(text))
        forward = source[source.index("_forward(params") : source.index("_backward(params")]
        assert forward.count(" = product(") == count, text


def test_products_of_what_is_the_same_for_every_sequence(tmp_path: Path) -> None:
    cell = tmp_path / "own.toml"
    cell.write_text(
        'title = "Own"\nsource = "none"\nscalars = ["s"]\n[states]\nh = "n"\n[equations]\n'
        'm = "P.T @ (V.T @ b) + s * (P.T @ c) + P.T @ h[t-1]"\n'
        'h = "tanh(W @ x[t] + V @ h[t-1] + F @ m[t] + V @ b)"\n[sizes]\nm = "k"\n'
    )
    assert max(loaded(str(cell))["check"]().values()) <= 1e-12


def test_names_that_the_code_needs_itself(tmp_path: Path) -> None:
    cell = tmp_path / "own.toml"
    cell.write_text(
        'title = "Own"\nsource = "none"\n[states]\nh = "n"\n[equations]\n'
        'n = "sigmoid(at @ x[t] + work @ h[t-1] + half)"\nh = "n[t] * h[t-1]"\n'
    )
    module = loaded(str(cell))
    assert set(module["shapes"]()[0]) == {"at", "work", "half"}
    assert max(module["check"]().values()) <= 1e-12


def test_names_of_what_is_kept_do_not_hide_a_cells_own(tmp_path: Path) -> None:
    cell = tmp_path / "own.toml"
    cell.write_text(
        'title = "Own"\nsource = "none"\n[states]\nh = "n"\n[equations]\n'
        'r = "sigmoid(k @ x[t] + few @ h[t-1])"\ns = "sigmoid(row @ x[t] + U @ h[t-1])"\n'
        'r_h = "tanh(W @ x[t] + k_r @ (r[t] * h[t-1]))"\nr_s = "tanh(h[t-1]) * r[t]"\n'
        'h = "s[t] * r_h[t] + (1 - s[t]) * r_s[t]"\n'
    )
    assert max(loaded(str(cell))["check"]().values()) <= 1e-12


@pytest.mark.parametrize("text", ["{0}", "bi({0})"])
def test_a_function_of_a_state_before_and_after_a_step(text: str, tmp_path: Path) -> None:
    cell = tmp_path / "own.toml"
    cell.write_text(
        'title = "Own"\nsource = "none"\n[states]\nh = "n"\nc = "n"\n[equations]\n'
        'f = "sigmoid(W @ x[t] + U @ h[t-1])"\nc = "f[t] * tanh(c[t-1]) + (1 - f[t]) * h[t-1]"\n'
        'h = "f[t] * tanh(c[t]) + V @ tanh(c[t-1])"\n'
    )
    assert max(loaded(text.format(cell))["check"]().values()) <= 1e-12


@pytest.mark.parametrize("n", [120, 181])
def test_large_products_in_blocks_are_those_of_each_sequence(n: int) -> None:
    module = loaded("gru")
    rng = np.random.default_rng(5)
    shapes = module["shapes"](d=n + 1, n=n)[0]
    p: Arrays = {k: rng.standard_normal(s) / n**0.5 for k, s in shapes.items()}
    x, start = rng.standard_normal((2, n + 1, 64)), {"h": rng.standard_normal((n, 64))}
    y, _, cache = module["forward"](p, x, start)
    _, dx, dstart = module["backward"](cache, y)
    for b in (0, 63):
        column = slice(b, b + 1)
        y1, _, cache = module["forward"](p, x[:, :, column], {"h": start["h"][:, column]})
        _, dx1, dstart1 = module["backward"](cache, y1)
        assert error(y[:, :, column], y1) <= 1e-13
        assert error(dx[:, :, column], dx1) <= 1e-13
        assert error(dstart["h"][:, column], dstart1["h"]) <= 1e-13


@pytest.mark.parametrize("options", [{"loss": "squared"}, {"loss": "cross-entropy"}])
@pytest.mark.parametrize("text", ["gru", "bi(lstm), dense:3", "lstm*2"])
@pytest.mark.parametrize("place", ["every", "last"])
def test_losses(text: str, options: dict[str, str], place: str) -> None:
    errors = loaded(text, loss_at=place, **options)["check"]()
    assert max(errors.values()) <= 1e-12, errors


@pytest.mark.parametrize("text", ["lstm", "gru*2", "bi(gru)*2", "bi(mgu,mul)", "jordan", "qrnn"])
def test_a_masked_sequence_is_the_shorter_one_alone(text: str) -> None:
    module = loaded(text)
    p, x, start = drawn(module)
    x[3:, :, 1] = np.nan  # what lies beyond a sequence's end is never looked at
    mask = np.arange(STEPS)[:, None] < np.array([STEPS, 3, STEPS])
    y, final, cache = module["forward"](p, x, start, mask)
    rng = np.random.default_rng(3)
    dy = normal(rng, y.shape)
    ends: Arrays = {k: rng.standard_normal(v.shape) for k, v in final.items()}
    _, dx, dstart = module["backward"](cache, dy, ends)
    one = {k: v[:, 1:2] for k, v in start.items()}
    y1, final1, cache1 = module["forward"](p, x[:3, :, 1:2], one)
    _, dx1, dstart1 = module["backward"](
        cache1, dy[:3, :, 1:2], {k: v[:, 1:2] for k, v in ends.items()}
    )
    assert error(y[:3, :, 1:2], y1) <= 1e-14
    assert not y[3:, :, 1].any()
    assert not dx[3:, :, 1].any()
    assert error(dx[:3, :, 1:2], dx1) <= 1e-13
    for name in final:
        assert error(final[name][:, 1:2], final1[name]) <= 1e-14, name
        assert error(dstart[name][:, 1:2], dstart1[name]) <= 1e-13, name


def test_weight_gradients_of_masked_sequences_add_up() -> None:
    module = loaded("bi(lstm)*2")
    p, x, start = drawn(module)
    lengths = [5, 3, 1]
    mask = np.arange(STEPS)[:, None] < np.array(lengths)
    y, _, cache = module["forward"](p, x, start, mask)
    dy = normal(np.random.default_rng(4), y.shape)
    together = module["backward"](cache, dy)[0]
    total = {k: np.zeros_like(v) for k, v in together.items()}
    for b, n in enumerate(lengths):
        one = {k: v[:, b : b + 1] for k, v in start.items()}
        _, _, cache = module["forward"](p, x[:n, :, b : b + 1], one)
        for k, v in module["backward"](cache, dy[:n, :, b : b + 1])[0].items():
            total[k] += v
    for name, value in together.items():
        assert error(value, total[name]) <= 1e-13, name
