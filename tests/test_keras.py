"""Outputs, states and gradients against Keras itself on its PyTorch backend, in float64.

Keras has a CI step of its own, so these tests are skipped where it or PyTorch is missing.
"""

import os
from typing import Any

import numpy as np
import pytest

from rnnsym.numeric.check import relative_error
from rnnsym.numeric.gradients import gradients
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.system import build_system, read_model
from tests.conftest import framework

torch: Any = framework("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras: Any = framework("keras")

# Keras's PyTorch backend has no tensors that NumPy 2 can copy without a warning.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

D, N, STEPS, BATCH = 5, 4, 6, 3
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "vanilla": ("SimpleRNN", {}),
    "relu-rnn": ("SimpleRNN", {"activation": "relu"}),
    "gru": ("GRU", {"reset_after": True}),
    "gru-reset-before": ("GRU", {"reset_after": False}),
    "lstm": ("LSTM", {}),
}


@pytest.fixture(autouse=True)
def in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Keras multiply in float64: its own product on PyTorch is one of float32, cast back."""
    keras.config.set_floatx("float64")
    monkeypatch.setattr(keras.src.backend.numpy, "matmul", torch.matmul)


@pytest.mark.parametrize("masked", [False, True], ids=["equal", "masked"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("cell", KINDS)
def test_layers(cell: str, both: bool, layers: int, masked: bool) -> None:
    kind, options = KINDS[cell]
    draw = np.random.default_rng(5)
    stack = [
        getattr(keras.layers, kind)(N, return_sequences=True, dtype="float64", **options)
        for _ in range(layers)
    ]
    stack = (
        [keras.layers.Bidirectional(layer, dtype="float64") for layer in stack] if both else stack
    )
    text = (f"bi({cell})" if both else cell) + f"*{layers}"
    system = build_system(read_model(text, convention="keras", sizes={"d": D, "n": N}))
    x = torch.tensor(draw.standard_normal((BATCH, STEPS, D)), requires_grad=True)
    lengths = np.array([6, 2, 4])
    mask = np.arange(STEPS) < lengths[:, None]

    def forward() -> Any:
        value = x
        for layer in stack:
            value = layer(value, mask=torch.tensor(mask) if masked else None)
        return value

    forward()  # builds the weights
    for layer in stack:
        layer.set_weights([draw.standard_normal(w.shape) * 0.7 for w in layer.get_weights()])
    y = forward()
    like_y: tuple[int, ...] = y.shape
    dy: Any = draw.standard_normal(like_y)
    if masked:  # Keras repeats the last output at masked steps; the loss leaves them out
        dy = dy * mask[..., None]
    (torch.tensor(dy) * y).sum().backward()
    listed = [w for layer in stack for w in layer.get_weights()]
    truth = [v.value.grad.numpy() for layer in stack for v in layer.trainable_variables]

    time_first = x.detach().numpy().swapaxes(0, 1)
    found = gradients(
        system,
        listed,
        time_first,
        dy.swapaxes(0, 1),
        mask=mask.T if masked else None,
    )
    shown = y.detach().numpy() * (mask[..., None] if masked else 1)
    assert relative_error(found.y, shown.swapaxes(0, 1)) <= 1e-12
    assert relative_error(found.dx, x.grad.numpy().swapaxes(0, 1)) <= 1e-12
    assert list(found.weights) == list(parameter_shapes(system))
    for name, gradient in zip(found.weights, truth, strict=True):
        assert relative_error(found.weights[name], gradient) <= 1e-12, name
