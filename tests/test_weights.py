"""Weights of frameworks: there and back, from files, in other types, under masks."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnnsym
from rnnsym.cell import load_cell
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.numeric.check import TOLERANCE, relative_error
from rnnsym.numeric.conversion import convert_gradients, convert_weights
from rnnsym.numeric.gradients import Gradients, gradients
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.numeric.sizes import uniform_sizes
from rnnsym.numeric.weights import from_framework, load, to_framework
from tests.conftest import framework
from tests.packed import FRAMEWORKS, NUMBERS, SHAPES, system_of


def random_weights(system: System, seed: int = 1) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    return {k: 0.7 * draw.standard_normal(s) for k, s in parameter_shapes(system).items()}


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("convention", "name"), FRAMEWORKS)
def test_packing_is_an_exact_bijection(convention: str, name: str, shape: str, bias: bool) -> None:
    system = system_of(shape.format(name), convention, bias=bias)
    for kind in (np.float64, np.float32):
        packed = {k: w.astype(kind) for k, w in random_weights(system).items()}
        own = from_framework(system, packed)
        again = to_framework(system, own)
        assert list(again) == list(packed)
        for key, value in packed.items():
            assert again[key].dtype == kind
            assert np.array_equal(again[key], value)
        assert entries(own) == entries(packed)


def entries(arrays: dict[str, Any]) -> list[float]:
    return sorted(float(entry) for array in arrays.values() for entry in array.flat)


def outcome_of(system: System, weights: Any) -> Gradients:
    draw = np.random.default_rng(2)
    width = parameter_width(system)
    x = draw.standard_normal((6, 3, NUMBERS["d"]))
    return gradients(system, weights, x, draw.standard_normal((6, 3, width)))


def parameter_width(system: System) -> int:
    return uniform_sizes(system, steps=1).number(system.output.shape[0])


@pytest.mark.parametrize(("convention", "name"), FRAMEWORKS)
def test_a_cell_is_the_textbook_cell_it_says(convention: str, name: str) -> None:
    same = load_cell(name, convention).textbook["cell"]
    ours, theirs = system_of(f"bi({same})", "textbook"), system_of(f"bi({name})", convention)
    for source, target in ((ours, theirs), (theirs, ours)):
        weights = random_weights(source)
        moved = convert_weights(source, target, weights)
        one, other = outcome_of(source, weights), outcome_of(target, moved)
        assert relative_error(other.y, one.y) <= TOLERANCE
        assert relative_error(other.dx, one.dx) <= TOLERANCE
        for key, gradient in convert_gradients(source, target, one.weights).items():
            assert relative_error(other.weights[key], gradient) <= TOLERANCE, key


def test_the_update_gate_changes_its_sign() -> None:
    textbook, d2l = system_of("gru", "textbook"), system_of("gru", "d2l")
    weights = random_weights(textbook)
    moved = convert_weights(textbook, d2l, weights)
    assert np.array_equal(moved["W_xz"], -weights["W_z"].T)
    assert np.array_equal(moved["W_xr"], weights["W_r"].T)
    assert np.array_equal(moved["b_z"], -weights["b_z"])
    again = convert_weights(d2l, textbook, moved)
    assert all(np.array_equal(again[k], w) for k, w in weights.items())


def test_two_networks_do_not_share_weights() -> None:
    pytorch, d2l = system_of("gru", "pytorch"), system_of("gru", "d2l")
    with pytest.raises(InputError) as caught:
        convert_weights(pytorch, d2l, random_weights(pytorch))
    assert str(caught.value) == (
        "pytorch 'gru' is the textbook's 'gru-reset-after', d2l 'gru' its 'gru': two networks, so "
        "weights do not carry over"
    )
    with pytest.raises(InputError, match="differ in their layers, sizes or biases"):
        convert_weights(d2l, system_of("gru*2", "d2l"), random_weights(d2l))


def test_weights_from_files(tmp_path: Path) -> None:
    system = system_of("lstm", "pytorch")
    weights = random_weights(system)
    np.savez(tmp_path / "named.npz", **weights)
    found = load(tmp_path / "named.npz")
    assert list(found) == list(weights)
    assert outcome_of(system, found).loss == outcome_of(system, weights).loss


def test_keras_lists(tmp_path: Path) -> None:
    system = system_of("bi(gru)*2", "keras")
    weights = random_weights(system)
    np.savez(tmp_path / "list.npz", *weights.values())
    truth = outcome_of(system, weights)
    for given in (list(weights.values()), tuple(weights.values()), load(tmp_path / "list.npz")):
        assert outcome_of(system, given).loss == truth.loss
    with pytest.raises(InputError, match=r"^11 weights in the list, expected 12"):
        outcome_of(system, list(weights.values())[1:])


def test_safetensors(tmp_path: Path) -> None:
    numpy = framework("safetensors.numpy")
    weights = {
        k: w.astype(np.float32) for k, w in random_weights(system_of("gru", "pytorch")).items()
    }
    numpy.save_file(weights, tmp_path / "w.safetensors")
    found = load(tmp_path / "w.safetensors")
    assert all(np.array_equal(found[k], w) for k, w in weights.items())
    (tmp_path / "torn.safetensors").write_bytes(b"12345678901234567890")
    with pytest.raises(InputError, match=r"cannot read .*torn"):
        load(tmp_path / "torn.safetensors")


def test_files_that_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", W=np.array([{}, []], dtype=object))
    (tmp_path / "empty.npz").write_bytes(b"")
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}"
    with zipfile.ZipFile(tmp_path / "boast.npz", "w") as archive:
        archive.writestr("W.npy", b"\x93NUMPY\x01\0" + bytes([len(header), 0]) + header)
    np.savez_compressed(tmp_path / "rotten.npz", W=np.arange(1000.0))
    rotten = bytearray((tmp_path / "rotten.npz").read_bytes())
    rotten[60:400] = bytes(340)
    (tmp_path / "rotten.npz").write_bytes(rotten)
    (tmp_path / "weights.pt").write_bytes(b"")
    (tmp_path / "weights.h5").write_bytes(b"")
    for name, message in (
        ("objects.npz", "'W' in .* is a pickle or torn: it is not opened"),
        ("empty.npz", "is no .npz file"),
        ("boast.npz", "'W' in .* is a pickle or torn: it is not opened"),
        ("rotten.npz", "cannot read .*rotten.npz: Error -3 while decompressing"),
        ("weights.pt", "is a pickle, which could run anything when opened; save the arrays"),
        ("weights.h5", "weights are read from .npz or .safetensors files, not from"),
        ("absent.npz", "no weight file"),
    ):
        with pytest.raises(InputError, match=message):
            load(tmp_path / name)


def test_float32_in_is_float32_out_computed_in_float64() -> None:
    system = system_of("gru", "keras")
    weights = {k: w.astype(np.float32) for k, w in random_weights(system).items()}
    draw = np.random.default_rng(3)
    x, dy = (draw.standard_normal((6, 3, k)).astype(np.float32) for k in (4, 5))
    single = gradients(system, weights, x, dy)
    double = gradients(system, weights, x.astype(np.float64), dy)
    assert single.y.dtype == np.float32
    assert double.y.dtype == np.float64
    assert single.loss == double.loss
    for key, gradient in double.weights.items():
        assert np.array_equal(single.weights[key], gradient.astype(np.float32))


@pytest.mark.parametrize("model", ["gru", "bi(lstm)*2", "bi(jordan)"])
def test_a_masked_step_carries_the_state(model: str) -> None:
    system = system_of(model, "textbook")
    weights = random_weights(system)
    draw = np.random.default_rng(4)
    width = parameter_width(system)
    x, dy = draw.standard_normal((5, 4, 4)), draw.standard_normal((5, 4, width))
    mask = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 0, 0]], bool)
    found = gradients(system, weights, x, dy, mask=mask)
    assert not found.y[~mask].any()
    assert not found.dx[~mask].any()
    losses = 0.0
    total = {k: np.zeros_like(w) for k, w in weights.items()}
    for b in range(3):
        kept = mask[:, b]
        alone = gradients(system, weights, x[kept, b], dy[kept, b])
        losses += alone.loss
        assert relative_error(found.y[kept, b], alone.y) <= TOLERANCE
        assert relative_error(found.dx[kept, b], alone.dx) <= TOLERANCE
        for key, state in alone.final.items():
            assert relative_error(found.final[key][b], state) <= TOLERANCE
        for key, gradient in alone.weights.items():
            total[key] += gradient
    assert math.isclose(found.loss, losses, abs_tol=1e-12)
    for key, gradient in total.items():
        assert relative_error(found.weights[key], gradient) <= TOLERANCE


def test_a_sequence_without_steps_ends_as_it_starts() -> None:
    system = system_of("lstm", "pytorch")
    weights = random_weights(system)
    start, end = np.full((1, 2, 5), 0.5), np.full((1, 2, 5), 2.0)
    x, dy = np.ones((3, 2, 4)), np.ones((3, 2, 5))
    found = gradients(system, weights, x, dy, {"h": start}, {"h": end}, lengths=[0, 3])
    assert np.array_equal(found.final["h"][:, 0], start[:, 0])
    assert np.array_equal(found.initial["h"][:, 0], end[:, 0])
    assert not found.y[:, 0].any()


BAD_MASKS: list[tuple[dict[str, Any], str]] = [
    ({"lengths": [1, 2]}, "lengths must have shape (3,), one for every sequence, not (2,)"),
    ({"lengths": [1, 2, 9]}, "lengths must be whole numbers from 0 to 6, but hold 9"),
    ({"lengths": [1, 2, 1.5]}, "lengths must be whole numbers from 0 to 6, but hold 1.5"),
    (
        {"mask": np.ones((3, 6))},
        "mask must have shape (6, 3), that of x without its last axis, not (3, 6)",
    ),
    ({"mask": np.full((6, 3), 2)}, "mask must be whole numbers from 0 to 1, but hold 2"),
    ({"mask": np.ones((6, 3)), "lengths": [1, 1, 1]}, "give lengths or a mask, not both"),
]


@pytest.mark.parametrize(("given", "message"), BAD_MASKS, ids=[m for _, m in BAD_MASKS])
def test_masks_that_are_refused(given: dict[str, Any], message: str) -> None:
    system = system_of("gru", "textbook")
    with pytest.raises(InputError) as caught:
        gradients(system, random_weights(system), np.ones((6, 3, 4)), np.ones((6, 3, 5)), **given)
    assert str(caught.value) == message


def test_a_weight_file_gives_the_gradients_of_its_arrays(tmp_path: Path) -> None:
    network = rnnsym.model("lstm", "pytorch", d=3, n=2)
    weights = random_weights(network.system)
    path = tmp_path / "weights.npz"
    arrays: dict[str, Any] = dict(weights)
    np.savez(path, **arrays)
    x, dy = np.ones((4, 3)), np.ones((4, 2))
    one, two = network.gradients(weights, x, dy), network.gradients(str(path), x, dy)
    assert all(np.array_equal(one.weights[name], two.weights[name]) for name in weights)
    with pytest.raises(InputError, match="no weight file"):
        network.gradients(tmp_path / "other.npz", x, dy)
