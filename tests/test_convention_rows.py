"""Conventions that print rows: the columns, transposed."""

from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnnsym
from rnnsym.derive import derive
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
from rnnsym.numeric.sizes import Sizes, small_sizes
from rnnsym.sheet.derivation import derivation_document
from rnnsym.system import build_system, read_model
from tests.packed import FRAMEWORKS
from tests.terminal import call


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
