"""Outputs, states and gradients against PyTorch itself, in float64.

PyTorch has a CI step of its own, so these tests are skipped where it is missing, even when
RNNSYM_REQUIRE_ENGINES=1 asks for every other engine; RNNSYM_REQUIRE_FRAMEWORKS=1 asks for it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnsym.derive import derive
from rnnsym.errors import InputError
from rnnsym.numeric.gradients import Gradients, gradients
from rnnsym.numeric.packing import packed_arrays, parameter_shapes
from rnnsym.numeric.program import run
from rnnsym.numeric.sizes import uniform_sizes
from rnnsym.numeric.weights import load, own_arrays
from rnnsym.system import build_system, read_model
from tests.conftest import framework

torch: Any = framework("torch")

SIZES = {"d": 5, "n": 4}
STEPS, BATCH = 6, 7
KINDS: dict[str, tuple[str, dict[str, Any], dict[str, int]]] = {
    "vanilla": ("RNN", {}, {}),
    "relu-rnn": ("RNN", {"nonlinearity": "relu"}, {}),
    "gru": ("GRU", {}, {}),
    "lstm": ("LSTM", {}, {}),
    "lstm-projection": ("LSTM", {"proj_size": 3}, {"p": 3}),
}


def error(found: Any, truth: Any) -> float:
    """Return max|a − b| / max(1, max|b|), of arrays of one shape."""
    expected = truth.detach().numpy()
    assert np.shape(found) == expected.shape
    return float(np.max(np.abs(found - expected)) / max(1.0, float(np.max(np.abs(expected)))))


def numbers(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def normal(*shape: int) -> Any:
    return torch.randn(*shape, dtype=torch.float64)


def leaf(*shape: int) -> Any:
    return normal(*shape).requires_grad_()


@pytest.mark.parametrize("batched", [True, False], ids=["batch", "single"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", KINDS)
def test_recurrent_layers(
    cell: str, layers: int, bidirectional: bool, bias: bool, batched: bool
) -> None:
    torch.manual_seed(1)
    kind, options, sizes = KINDS[cell]
    net = getattr(torch.nn, kind)(
        SIZES["d"], SIZES["n"], layers, bias=bias, bidirectional=bidirectional, **options
    ).double()
    text = (f"bi({cell})" if bidirectional else cell) + f"*{layers}"
    model = read_model(text, convention="pytorch", bias=bias, sizes=SIZES | sizes)
    system = build_system(model)
    weights = dict(net.named_parameters())
    assert list(parameter_shapes(system).items()) == [
        (k, tuple(w.shape)) for k, w in weights.items()
    ]

    lead = (BATCH,) if batched else ()
    chains = layers * (2 if bidirectional else 1)
    width = sizes.get("p", SIZES["n"])
    x = leaf(STEPS, *lead, SIZES["d"])
    initial = {"h": leaf(chains, *lead, width)}
    if kind == "LSTM":
        initial["c"] = leaf(chains, *lead, SIZES["n"])
    y, states = net(x, (initial["h"], initial["c"]) if "c" in initial else initial["h"])
    final = dict(zip(initial, states if "c" in initial else [states], strict=True))
    dy = normal(*y.shape)
    received = {name: normal(*state.shape) for name, state in final.items()}
    loss = (dy * y).sum() + sum((received[k] * final[k]).sum() for k in final)
    loss.backward()

    found = gradients(
        system,
        numbers(weights),
        x.detach().numpy(),
        dy.numpy(),
        initial=numbers(initial),
        final_gradients=numbers(received),
    )
    assert list(found.weights) == list(weights)
    assert error(found.loss, loss) <= 1e-12
    for name, value in compared(found, y, x, weights, final, initial):
        assert value <= 1e-12, name


def compared(
    found: Gradients,
    y: Any,
    x: Any,
    weights: Mapping[str, Any],
    final: Mapping[str, Any],
    initial: Mapping[str, Any],
) -> Iterator[tuple[str, float]]:
    yield "y", error(found.y, y)
    yield "dx", error(found.dx, x.grad)
    for name, weight in weights.items():
        yield name, error(found.weights[name], weight.grad)
    for name, state in final.items():
        yield f"final {name}", error(found.final[name], state)
    for name, state in initial.items():
        yield f"initial {name}", error(found.initial[name], state.grad)


@pytest.mark.parametrize("batched", [True, False], ids=["batch", "single"])
def test_a_model_of_several_layers_is_named_as_nn_sequential(batched: bool) -> None:
    torch.manual_seed(2)
    layers = torch.nn.Sequential(
        torch.nn.Embedding(9, 5),
        torch.nn.GRU(5, 4, 2, bidirectional=True),
        torch.nn.LSTM(8, 3),
        torch.nn.Linear(3, 6),
    ).double()
    text = "embedding:9:5, bi(gru:4)*2, lstm:3, dense:6:tanh"
    system = build_system(read_model(text, convention="pytorch"))
    weights = dict(layers.named_parameters())
    assert list(parameter_shapes(system).items()) == [
        (k, tuple(w.shape)) for k, w in weights.items()
    ]

    lead = (BATCH,) if batched else ()
    tokens = torch.randint(0, 9, (STEPS, *lead))
    embedding, gru, lstm, linear = layers
    start, cell = leaf(4, *lead, 4), leaf(1, *lead, 3)
    inner, end = gru(embedding(tokens), start)
    inner, (last, memory) = lstm(inner, (torch.zeros(1, *lead, 3).double(), cell))
    y = torch.tanh(linear(inner))
    dy, dend = normal(*y.shape), normal(*end.shape)
    loss = (dy * y).sum() + (dend * end).sum()
    loss.backward()

    chains = ["h[1,fwd]", "h[1,bwd]", "h[2,fwd]", "h[2,bwd]"]
    found = gradients(
        system,
        numbers(weights),
        tokens.numpy(),
        dy.numpy(),
        initial=numbers({"c[3]": cell[0], **dict(zip(chains, start, strict=True))}),
        final_gradients=numbers(dict(zip(chains, dend, strict=True))),
    )
    assert error(found.y, y) <= 1e-12
    assert error(found.loss, loss) <= 1e-12
    for name, weight in weights.items():
        assert error(found.weights[name], weight.grad) <= 1e-12, name
    for i, name in enumerate(chains):
        assert error(found.initial[name], start.grad[i]) <= 1e-12, name
        assert error(found.final[name], end[i]) <= 1e-12, name
    assert error(found.initial["c[3]"], cell.grad[0]) <= 1e-12
    assert error(found.final["h[3]"], last[0]) <= 1e-12
    assert error(found.final["c[3]"], memory[0]) <= 1e-12


LENGTHS = [6, 1, 4, 6, 3, 2, 5]


@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", KINDS)
def test_sequences_of_unequal_length(cell: str, layers: int, bidirectional: bool) -> None:
    torch.manual_seed(3)
    kind, options, sizes = KINDS[cell]
    net = getattr(torch.nn, kind)(
        SIZES["d"], SIZES["n"], layers, bidirectional=bidirectional, **options
    ).double()
    text = (f"bi({cell})" if bidirectional else cell) + f"*{layers}"
    system = build_system(read_model(text, convention="pytorch", sizes=SIZES | sizes))
    x = leaf(STEPS, BATCH, SIZES["d"])
    chains = layers * (2 if bidirectional else 1)
    initial = {"h": leaf(chains, BATCH, sizes.get("p", SIZES["n"]))}
    if kind == "LSTM":
        initial["c"] = leaf(chains, BATCH, SIZES["n"])
    utils = torch.nn.utils.rnn
    packed = utils.pack_padded_sequence(x, torch.tensor(LENGTHS), enforce_sorted=False)
    out, states = net(packed, (initial["h"], initial["c"]) if "c" in initial else initial["h"])
    y, _ = utils.pad_packed_sequence(out, total_length=STEPS)
    final = dict(zip(initial, states if "c" in initial else [states], strict=True))
    dy = normal(*y.shape)
    received = {name: normal(*state.shape) for name, state in final.items()}
    loss = (dy * y).sum() + sum((received[k] * final[k]).sum() for k in final)
    loss.backward()

    weights = dict(net.named_parameters())
    given = (system, numbers(weights), x.detach().numpy(), dy.numpy())
    states = {"initial": numbers(initial), "final_gradients": numbers(received)}
    found = gradients(*given, **states, lengths=LENGTHS)
    assert error(found.loss, loss) <= 1e-12
    for name, value in compared(found, y, x, weights, final, initial):
        assert value <= 1e-12, name
    mask = np.arange(STEPS)[:, None] < np.array(LENGTHS)
    same = gradients(*given, **states, mask=mask)
    assert same.loss == found.loss


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("cell", KINDS)
def test_a_saved_state_dict_in_float32(cell: str, tmp_path: Path) -> None:
    torch.manual_seed(4)
    kind, options, sizes = KINDS[cell]
    net = getattr(torch.nn, kind)(SIZES["d"], SIZES["n"], 2, bidirectional=True, **options)
    system = build_system(read_model(f"bi({cell})*2", convention="pytorch", sizes=SIZES | sizes))
    np.savez(tmp_path / "weights.npz", **numbers(net.state_dict()))
    x = torch.randn(STEPS, BATCH, SIZES["d"], requires_grad=True)
    y, _ = net(x)
    dy = torch.randn(*y.shape)
    (dy * y).sum().backward()
    weights = load(tmp_path / "weights.npz")
    found = gradients(system, weights, x.detach().numpy(), dy.numpy())
    # PyTorch rounds every step and every sum of it, so its error grows with both.
    bound = float(np.finfo(np.float32).eps) * STEPS * SIZES["n"]
    assert {a.dtype for a in (found.y, found.dx, *found.weights.values())} == {np.dtype("float32")}
    assert error(found.y, y) <= bound
    assert error(found.dx, x.grad) <= bound
    for name, weight in net.named_parameters():
        assert error(found.weights[name], weight.grad) <= bound, name


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    net = torch.nn.GRU(3, 2)
    for name in ("weights.pt", "weights.npz"):
        torch.save(net.state_dict(), tmp_path / name)
        with pytest.raises(InputError, match=r"is a pickle|is no array"):
            load(tmp_path / name)


@pytest.mark.parametrize("every", [1, 2, 3, 6])
@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_truncation_is_detaching(cell: str, every: int) -> None:
    """States detached after every so many steps, as one trains in practice."""
    torch.manual_seed(every)
    net = getattr(torch.nn, cell)(5, 4, dtype=torch.float64)
    x, dy, states = normal(STEPS, 1, 5), normal(STEPS, 1, 4), None
    for t in range(STEPS):
        y, states = net(x[t : t + 1], states)
        (dy[t] * y[0]).sum().backward(retain_graph=True)
        if (t + 1) % every == 0:
            states = tuple(s.detach() for s in states) if cell == "LSTM" else states.detach()
    system = build_system(read_model(cell.lower(), convention="pytorch", sizes=SIZES))
    packed = packed_arrays(system, uniform_sizes(system, STEPS))
    env: dict[str, Any] = {"T": STEPS, "L": 1, "B": 1, "d_": 5, "n_": 4}
    env |= {name: {0: np.zeros((4, 1))} for name in "hc"}
    env |= {a: {t + 1: v[t].T.numpy() for t in range(STEPS)} for a, v in (("x", x), ("Delta", dy))}
    weights = numbers(dict(net.named_parameters()))
    env |= {own.store: value for own, value in own_arrays(packed, weights).items()}
    found = run(derive(system, every), env)
    for array in packed:
        gradient = array.join(lambda own: found[f"d{own.store}"])
        assert error(gradient, net.get_parameter(array.name).grad) < 1e-12
