"""The emitted PyTorch modules: autograd gives what the derived NumPy modules give."""

from typing import Any

import numpy as np
import pytest

from rnnsym.cell import cell_names
from rnnsym.code.module import module_source
from rnnsym.system import read_model
from tests.conftest import framework

torch: Any = framework("torch")

SHAPES = (
    "{0}",
    "bi({0})*2",
    "embedding:6:4, {0}, dense:3:tanh, {0}, dense:2:softmax",
)


def loaded(text: str, target: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(module_source(read_model(text), target), "emitted.py", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", cell_names())
def test_autograd_agrees_with_the_derived_gradients(cell: str, shape: str, masked: bool) -> None:
    torch.manual_seed(1)
    text = shape.format(cell)
    ours, theirs = loaded(text, "numpy"), loaded(text, "pytorch")
    net = theirs["Network"](dtype=torch.float64)
    weights = net.weights()
    p = {k: w.detach().numpy() for k, w in weights.items()}
    x = torch.randn(5, net.input_rows, 3, dtype=torch.float64, requires_grad=True)
    start = {
        k: torch.rand(n, 3, dtype=torch.float64).add(0.1).requires_grad_()
        for k, n in net.rows.items()
    }
    mask = np.arange(5)[:, None] < np.array([5, 4, 2]) if masked else None
    y, final = net(x, start, None if mask is None else torch.tensor(mask))
    dy = torch.randn_like(y)
    ends = {k: torch.randn_like(v) for k, v in final.items()}
    ((y * dy).sum() + sum((ends[k] * final[k]).sum() for k in ends)).backward()
    given = {k: v.detach().numpy() for k, v in start.items()}
    y_ours, _, cache = ours["forward"](p, x.detach().numpy(), given, mask)
    found, dx, dstart = ours["backward"](cache, dy.numpy(), {k: v.numpy() for k, v in ends.items()})
    assert np.max(np.abs(y_ours - y.detach().numpy())) <= 1e-12
    pairs = [("x", dx, x), *((k, found[k], w) for k, w in weights.items())]
    pairs += [(k, dstart[k], s) for k, s in start.items()]
    for name, value, tensor in pairs:
        truth = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy()
        assert np.max(np.abs(value - truth)) <= 1e-12 * max(1.0, np.max(np.abs(truth))), name


@pytest.mark.parametrize("text", ["lstm", "bi(gru)*2"])
def test_the_module_checks_itself(text: str) -> None:
    assert loaded(text, "pytorch")["check"]() <= 1e-6
