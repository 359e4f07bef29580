"""Outputs and states against ONNX's reference evaluator, and gradients by central differences.

ONNX has a CI step of its own, so these tests are skipped where it is missing.
"""

import math
from typing import Any

import numpy as np
import pytest

from rnnsym.numeric.check import relative_error
from rnnsym.numeric.gradients import gradients
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.system import build_system, read_model
from tests.conftest import framework

onnx: Any = framework("onnx")
reference: Any = framework("onnx.reference")

SIZES = {"d": 5, "n": 4}
STEPS, BATCH = 6, 3
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "vanilla": ("RNN", {}),
    "gru": ("GRU", {"linear_before_reset": 0}),
    "gru-linear-before-reset": ("GRU", {"linear_before_reset": 1}),
    "lstm": ("LSTM", {}),
    "lstm-peephole": ("LSTM", {}),
}


def run(kind: str, attributes: dict[str, Any], inputs: dict[str, Any]) -> list[Any]:
    """Return what one operator computes: Y (T, directions, B, n), then the final states."""
    order = ["X", "W", "R", "B", "", "initial_h"]
    order += ["initial_c", "P"] if kind == "LSTM" else []
    names = [name if name in inputs else "" for name in order]
    results = ["Y", "Y_h", *(["Y_c"] if kind == "LSTM" else [])]
    node = onnx.helper.make_node(kind, names, results, hidden_size=SIZES["n"], **attributes)
    value = onnx.helper.make_tensor_value_info
    double = onnx.TensorProto.DOUBLE
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [value(name, double, array.shape) for name, array in inputs.items()],
        [value(name, double, None) for name in results],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 22)])
    found: list[Any] = reference.ReferenceEvaluator(model).run(None, inputs)
    return found


@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("cell", KINDS)
def test_operators(cell: str, both: bool) -> None:
    draw = np.random.default_rng(3)
    kind, attributes = KINDS[cell]
    directions = 2 if both else 1
    attributes = attributes | {"direction": "bidirectional" if both else "forward"}
    text = f"bi({cell})" if both else cell
    system = build_system(read_model(text, convention="onnx", sizes=SIZES))
    weights = {k: draw.standard_normal(s) * 0.7 for k, s in parameter_shapes(system).items()}
    x = draw.standard_normal((STEPS, BATCH, SIZES["d"]))
    states = ("H", "C") if kind == "LSTM" else ("H",)
    initial = {k: draw.standard_normal((directions, BATCH, SIZES["n"])) for k in states}
    given = {f"initial_{k.lower()}": value for k, value in initial.items()}
    truth = run(kind, attributes, {"X": x, **weights, **given})
    y = truth[0].swapaxes(1, 2).reshape(STEPS, BATCH, -1)
    like_y: tuple[int, ...] = y.shape
    dy: Any = draw.standard_normal(like_y)

    found = gradients(system, weights, x, dy, initial)
    assert relative_error(found.y, y) <= 1e-12
    for name, final in zip(states, truth[1:], strict=True):
        assert relative_error(found.final[name], final) <= 1e-12
    assert math.isclose(found.loss, float(np.sum(dy * y)), rel_tol=1e-12)

    # ONNX has no gradients: its loss along a direction, by central differences.
    along = {k: draw.standard_normal(w.shape) for k, w in weights.items()}
    step = 1e-5
    losses: list[Any] = [
        np.sum(
            dy
            * run(
                kind,
                attributes,
                {"X": x, **{k: w + s * along[k] for k, w in weights.items()}, **given},
            )[0]
            .swapaxes(1, 2)
            .reshape(y.shape)
        )
        for s in (step, -step)
    ]
    slope = sum(float(np.sum(found.weights[k] * a)) for k, a in along.items())
    assert math.isclose(slope, (losses[0] - losses[1]) / (2 * step), rel_tol=1e-7)
