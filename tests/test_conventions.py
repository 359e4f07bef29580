"""Conventions: their list, their rows, counts side by side, and weights there and back."""

import json
import math
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnnsym
from rnnsym.cell import cell_names, load_cell
from rnnsym.convention import convention_names, read_convention
from rnnsym.count import count
from rnnsym.derive import derive
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.export.derivation_json import derivation_json
from rnnsym.export.text import TEXT
from rnnsym.expr import (
    TIME,
    Array,
    Family,
    Fill,
    Hadamard,
    Integer,
    Map,
    Node,
    Plus,
    Product,
    Scale,
    Sigma,
    Slice,
    Transpose,
    concat,
    hadamard,
    matmul,
    size,
    text,
    transpose,
)
from rnnsym.expr.rows import Rows
from rnnsym.numeric.check import TOLERANCE, check_derivation, relative_error
from rnnsym.numeric.conversion import convert_gradients, convert_weights
from rnnsym.numeric.gradients import Gradients, gradients
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.numeric.sizes import Sizes, small_sizes, uniform_sizes
from rnnsym.numeric.weights import from_framework, load, to_framework
from rnnsym.sheet.conventions import conventions_document, conventions_json, forms, traits
from rnnsym.sheet.derivation import derivation_document
from rnnsym.system import build_system, read_model
from tests.terminal import call

SHAPES = ("{}", "{}*2", "bi({})", "bi({})*2")
FRAMEWORKS = [(c, n) for c in convention_names() if c != "textbook" for n in cell_names(c)]
NUMBERS = {"d": 4, "n": 5, "p": 3}


def system_of(model: str, convention: str, *, bias: bool = True, **sizes: int) -> System:
    names = set(load_cell(_cell(model), convention).size_names) | {"d"}
    given = {name: value for name, value in (NUMBERS | sizes).items() if name in names}
    return build_system(read_model(model, convention=convention, bias=bias, sizes=given))


def _cell(model: str) -> str:
    return model.removeprefix("bi(").partition(")")[0].partition("*")[0]


def random_weights(system: System, seed: int = 1) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    return {k: 0.7 * draw.standard_normal(s) for k, s in parameter_shapes(system).items()}


# The folders


def test_the_folder_is_the_list() -> None:
    assert convention_names() == ("textbook", "d2l", "flax", "keras", "onnx", "pytorch")
    for name in convention_names():
        convention = read_convention(name)
        assert convention.product in ("W x", "x W", "x W.T")
        for cell, others in convention.variants.items():
            assert {cell, *others} <= set(cell_names(name))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("convention", "name"), FRAMEWORKS)
def test_every_cell_passes_its_check(convention: str, name: str, shape: str) -> None:
    model = read_model(shape.format(name), convention=convention)
    report = check_derivation(derive(build_system(model, final_gradients=True)))
    assert report.max_relative_error <= TOLERANCE


def test_an_unknown_convention_or_cell_says_what_there_is(tmp_path: Path) -> None:
    lacks = "keras has no cell 'gru-reset-after' (it has: gru, gru-reset-before, lstm"
    for cell, convention, message in (
        ("gru", "kears", "unknown convention 'kears'; did you mean 'keras'?"),
        ("gru-reset-after", "keras", lacks),
        ("grux", "onnx", "unknown cell 'grux'; did you mean 'gru'?"),
    ):
        outcome = call("derive", cell, "--convention", convention, folder=tmp_path)
        assert outcome.returncode == 2
        assert message in outcome.stderr
        assert outcome.stderr.count("\n") == 1


# Counts side by side


def test_a_gru_from_4_to_5_has_150_155_or_165_parameters() -> None:
    found = {
        (name, form): count(system_of(form, name)).total
        for name, form in forms("gru")
        if form is not None
    }
    assert found == {
        ("textbook", "gru"): 150,
        ("textbook", "gru-reset-after"): 155,
        ("d2l", "gru"): 150,
        ("flax", "gru"): 155,
        ("keras", "gru"): 165,
        ("keras", "gru-reset-before"): 150,
        ("onnx", "gru"): 165,
        ("onnx", "gru-linear-before-reset"): 165,
        ("pytorch", "gru"): 165,
    }
    for (name, form), total in found.items():
        shapes = parameter_shapes(system_of(form, name))
        assert sum(map(math.prod, shapes.values())) == total


TRAITS = {
    ("textbook", "gru"): ("before", "z", False, 3),
    ("textbook", "gru-reset-after"): ("after", "z", False, 4),
    ("d2l", "gru"): ("before", "Z", True, 3),
    ("pytorch", "gru"): ("after", "z", True, 6),
    ("keras", "gru"): ("after", "z", True, 6),
    ("keras", "gru-reset-before"): ("before", "z", True, 3),
    ("onnx", "gru"): ("before", "z", True, 6),
    ("onnx", "gru-linear-before-reset"): ("after", "z", True, 6),
    ("flax", "gru"): ("after", "z", True, 4),
    ("textbook", "lstm"): ("", "f", True, 4),
    ("pytorch", "lstm"): ("", "f", True, 8),
    ("textbook", "vanilla"): ("", None, False, 1),
}


@pytest.mark.parametrize(("convention", "name"), TRAITS)
def test_traits_are_read_from_the_equations(convention: str, name: str) -> None:
    found = traits(load_cell(name, convention))
    gate = None if found.gate is None else found.gate.name
    assert (found.reset, gate, found.keeps, found.biases) == TRAITS[convention, name]


def test_the_table_of_all_conventions(tmp_path: Path) -> None:
    systems = [(c, None if f is None else system_of(f, c)) for c, f in forms("gru")]
    printed = TEXT.document(conventions_document("gru", systems))
    assert "pytorch gru" in printed
    assert "z replaces" in printed
    assert max(map(len, printed.splitlines())) <= 80
    rows = conventions_json("gru", systems)["conventions"]
    assert [r["total"] for r in rows] == [150, 155, 150, 155, 165, 150, 165, 165, 165]
    options = ("--convention", "all", "--set", "d=4", "--set", "n=5", "--format", "json")
    outcome = call("params", "gru", *options, folder=tmp_path)
    assert json.loads(outcome.stdout)["conventions"] == rows


def test_a_convention_without_the_cell_is_a_row_that_says_so(tmp_path: Path) -> None:
    outcome = call("params", "mgu", "--convention", "all", folder=tmp_path)
    assert outcome.returncode == 0
    assert "pytorch has no such cell" in outcome.stdout
    outcome = call("params", "mgx", "--convention", "all", folder=tmp_path)
    assert outcome.returncode == 2
    assert "unknown cell 'mgx'; did you mean 'mgu'?" in outcome.stderr


# Rows


def lines_of(model: str, convention: str) -> list[str]:
    document = derivation_document(
        derive(build_system(read_model(model, convention=convention))), None
    )
    return [" ".join(line.split()) for line in TEXT.document(document).splitlines()]


def test_d2l_prints_rows() -> None:
    lines = lines_of("gru", "d2l")
    for wanted in (
        "(1) a_Rₜ = Xₜ W_xr + Hₜ₋₁ W_hr + b_r 1×n",
        "(5) a_H̃ₜ = Xₜ W_xh + (Rₜ ⊙ Hₜ₋₁) W_hh + b_h 1×n",
        "(7) Hₜ = Zₜ ⊙ Hₜ₋₁ + (1 − Zₜ) ⊙ H̃ₜ 1×n",
        "(12) ∂L/∂W_xr = Σₜ Xₜᵀ δ_Rₜ d×n",
        "(19) ∂L/∂W_hh = Σₜ (Rₜ ⊙ Hₜ₋₁)ᵀ δ_H̃ₜ n×n",
        "(21) ∂L/∂Xₜ = δ_Rₜ W_xrᵀ + δ_Zₜ W_xzᵀ + δ_H̃ₜ W_xhᵀ 1×d",
        "W_xr, W_xz, W_xh d×n matrix, trained",
    ):
        assert wanted in lines


def test_every_command_prints_rows(tmp_path: Path) -> None:
    product = "dHₜ/dHₖ = J_HHₖ₊₁ … J_HHₜ₋₁ J_HHₜ: the product"
    for arguments, line in (
        (("flow", "gru"), product),
        (("compare", "gru", "lstm"), "Iₜ = σ(Xₜ W_xi + Hₜ₋₁ W_hi + b_i)"),
        (("diff", "gru", "lstm"), "a_Iₜ = Xₜ W_xi + Hₜ₋₁ W_hi + b_i"),
    ):
        done = call(*arguments, "--convention", "d2l", folder=tmp_path)
        assert line in done.stdout, arguments


def test_json_and_notebooks_have_rows() -> None:
    network = rnnsym.model("lstm", "d2l")
    data = derivation_json(network.derive(), None)
    forward = {line["name"]: line for line in data["forward"]}
    steps = {line["name"]: line for line in data["steps"]}
    assert data["layout"] == "rows"
    assert forward["a_I[t]"]["formula"] == "X[t] @ W_xi + H[t-1] @ W_hi + b_i"
    assert forward["a_I[t]"]["shape"] == ["1", "n"]
    assert (steps["dW_xi"]["formula"], steps["dW_xi"]["shape"]) == (
        "sum_t(X[t].T @ delta_I[t])",
        ["d", "n"],
    )
    [block] = [j for j in data["jacobians"] if j["name"] == "J_CH[t]"]
    assert block["formula"].startswith("W_hf @ diag(")
    assert "a_{I,t} &= X_t W_{xi} + H_{t-1} W_{hi} + b_i" in network._repr_latex_()  # pyright: ignore[reportPrivateUsage] - as Jupyter calls it
    assert derivation_json(rnnsym.model("lstm").derive(), None)["layout"] == "columns"


def test_onnx_prints_rows_with_the_matrices_of_columns() -> None:
    lines = lines_of("lstm-peephole", "onnx")
    for wanted in (
        "(1) a_iₜ = Xₜ W_iᵀ + Hₜ₋₁ R_iᵀ + P_i ⊙ Cₜ₋₁ + Wb_i + Rb_i 1×n",
        "(8) a_oₜ = Xₜ W_oᵀ + Hₜ₋₁ R_oᵀ + P_o ⊙ Cₜ + Wb_o + Rb_o 1×n",
    ):
        assert wanted in lines
    assert any(line.endswith("∂L/∂W_i = Σₜ δ_iₜᵀ Xₜ n×d") for line in lines)


def test_rows_stand_beside_one_another() -> None:
    n, m = size("n"), size("m")
    a, b = (Array(Family(s, s), (k, Integer(1)), None, TIME) for s, k in (("a", n), ("b", m)))
    weight = Array(Family("W", "W"), (n, n + m))
    stacked = matmul(weight, concat(a, b))
    assert text(Rows(turned=True).row(stacked)) == "[aₜ, bₜ] W"
    assert text(Rows(turned=False).row(stacked)) == "[aₜ, bₜ] Wᵀ"
    outer = matmul(hadamard(a, a), transpose(b))
    assert text(Rows(turned=True).row(outer)) == "bₜᵀ (aₜ ⊙ aₜ)"
    assert text(Rows(turned=False).same(outer)) == "(aₜ ⊙ aₜ)ᵀ bₜ"


@pytest.mark.parametrize("turned", [True, False], ids=["x W", "x W.T"])
@pytest.mark.parametrize(("convention", "name"), FRAMEWORKS)
def test_the_printed_rows_are_the_columns_transposed(
    convention: str, name: str, turned: bool
) -> None:
    system = build_system(read_model(f"bi({name})", convention=convention))
    sizes = small_sizes(system)
    rows = Rows(turned)
    draw = np.random.default_rng(6)
    columns: dict[Array, Any] = {}
    printed: dict[Array, Any] = {}
    for step in derive(system).steps:
        for node in (step.value(), *(term.value for term in step.terms)):
            for array in node.atoms(Array):
                columns.setdefault(array, draw.standard_normal(sizes.shape(array.shape)))
                [shown] = rows.of(array).atoms(Array)
                printed[shown] = columns[array].T if rows.flips(array) else columns[array]
            truth = value_of(node, columns, sizes)
            assert np.allclose(value_of(rows.row(node), printed, sizes), truth.T)
            assert np.allclose(value_of(rows.same(node), printed, sizes), truth)


def value_of(node: Node, arrays: dict[Array, Any], sizes: Sizes) -> Any:
    """Return the value of a printed expression, reading it from its signs alone."""
    if isinstance(node, Array):
        return arrays[node]
    if isinstance(node, Fill):
        return np.full(sizes.shape(node.shape), float(node.value))
    parts = [value_of(child, arrays, sizes) for child in node.children]
    if isinstance(node, Map):
        return {"square": np.square, "step": np.sign, "tanh": np.tanh}[node.name](parts[0])
    if isinstance(node, Slice):
        first, length = (sizes.number(e) for e in (node.start, node.length))
        axis = 1 if parts[0].shape[0] == 1 else 0
        return np.take(parts[0], range(first, first + length), axis=axis)
    if isinstance(node, Scale):
        return float(node.factor) * parts[0]
    if isinstance(node, Transpose):
        return parts[0].T
    signs: dict[type[Node], Any] = {
        Product: np.matmul,
        Hadamard: np.multiply,
        Plus: np.add,
        Sigma: np.add,
    }
    return reduce(signs[type(node)], parts)


# Weights there and back


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


# Files


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
    numpy = pytest.importorskip("safetensors.numpy", reason="safetensors is optional")
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
    (tmp_path / "weights.pt").write_bytes(b"")
    (tmp_path / "weights.h5").write_bytes(b"")
    for name, message in (
        ("objects.npz", "'W' in .* is a pickle or torn: it is not opened"),
        ("empty.npz", "is no .npz file"),
        ("weights.pt", "is a pickle, which could run anything when opened; save the arrays"),
        ("weights.h5", "weights are read from .npz or .safetensors files, not from"),
        ("absent.npz", "no weight file"),
    ):
        with pytest.raises(InputError, match=message):
            load(tmp_path / name)


# Types and masks


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
