"""The library of cells: published counts, sources, and what structured cells rest on."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rnnsym
from rnnsym.cell import cell_names, load_cell, read_cell
from rnnsym.cell_file import KEYS
from rnnsym.derive import derive
from rnnsym.errors import InputError
from rnnsym.expr import (
    ACTIVATIONS,
    Array,
    Constant,
    Integer,
    Maximum,
    Spread,
    equal,
    latex,
    plus,
    size,
    source,
    text,
)
from rnnsym.numeric.check import check_derivation
from rnnsym.system import build_system, read_model
from tests.terminal import call

Write = Callable[[str], Path]
CELLS = cell_names()
d, n, p = (size(name) for name in "dnp")
HEAD = '[states]\nh = "n"\n[equations]\n'


def test_at_least_thirty_cells() -> None:
    assert len(CELLS) >= 30


# As the papers print them, or as follows from their equations; one bias vector for each gate.
PUBLISHED = {
    "antisymmetric": n * (n + d + 1),
    "antisymmetric-gated": n**2 + 2 * n * (d + 1),
    "atr": n * (d + n),
    "brc": 3 * n * d + 2 * n,
    "cfn": 2 * n * (d + n + 1) + n * d,
    "cornn": 2 * n**2 + n * d + n,
    "fastgrnn": n * (d + n) + 2 * n + 2,
    "fastrnn": n * (d + n) + n + 2,
    "gru": 3 * n * (d + n + 1),
    "indrnn": n * d + 2 * n,
    "janet": 2 * n * (d + n + 1),
    "leaky": n * (d + n + 1),
    "lem": 4 * n * (d + n + 1),
    "ligru": 2 * n * (d + n + 1),
    "linear": n * (d + n + 1),
    "logistic-rnn": n * (d + n + 1),
    "lipschitz": 2 * n**2 + n * d + n,
    "lstm": 4 * n * (d + n + 1),
    "lstm-1997": 3 * n * (d + n + 1),
    "lstm-coupled": 3 * n * (d + n + 1),
    "lstm-coupled-peephole": 3 * n * (d + n + 1) + 2 * n,
    "lstm-multiplicative": 5 * n * (d + n) + 4 * n,
    "lstm-nfg": 3 * n * (d + n + 1) + 2 * n,
    "lstm-niaf": 4 * n * (d + n + 1) + 3 * n,
    "lstm-nig": 3 * n * (d + n + 1) + 2 * n,
    "lstm-noaf": 4 * n * (d + n + 1) + 3 * n,
    "lstm-nog": 3 * n * (d + n + 1) + 2 * n,
    "lstm-peephole": 4 * n * (d + n + 1) + 3 * n,
    "lstm-projection": 4 * n * (d + p) + 4 * n + p * n,
    "mgu": 2 * n * (d + n + 1),
    "mingru": 2 * n * (d + 1),
    "minimalrnn": n * d + 2 * n**2 + 2 * n,
    "minlstm": 3 * n * (d + 1),
    "mut1": 3 * n * d + 2 * n**2 + 3 * n,
    "mut3": 3 * n * (d + n + 1),
    "nbrc": 3 * n * d + 2 * n**2,
    "qrnn": 6 * n * d,
    "ran": 2 * n * (d + n + 1) + n * d,
    "scrn": p * d + n * p + n * d + n**2,
    "slstm": 4 * n * (d + n + 1),
    "sru": 4 * n * d + 4 * n,
    "star": n * (d + 1) + n * (d + n + 1),
    "trnn": 2 * n * d + n,
    "ugrnn": 2 * n * (d + n + 1),
    "vanilla": n * (d + n + 1),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_count_is_the_published_one(name: str) -> None:
    found = rnnsym.model(name).count().formula.value
    for sizes in ((2, 3, 5), (7, 4, 3), (1, 1, 1)):
        at = {s: Integer(k) for s, k in zip((d, n, p), sizes, strict=True)}
        assert found.xreplace(at) == PUBLISHED[name].xreplace(at)


@pytest.mark.parametrize("name", CELLS)
def test_source_and_purposes(name: str) -> None:
    cell = load_cell(name)
    assert re.search(r"\b(19|20)\d\d\b", cell.source) or "Dive into" in cell.source
    written = [e for e in cell.equations if e.lhs.name in cell.written]
    assert all(e.purpose for e in written)


@pytest.mark.parametrize("name", CELLS)
def test_constants_stay_as_they_are_and_constraints_name_them(name: str) -> None:
    cell = load_cell(name)
    constants = {c for rhs in cell.written.values() for c in rhs.atoms(Constant)}
    assert not {c.name for c in constants} & {q.name for q in cell.parameters}
    assert bool(constants) <= bool(cell.constraint)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("shape", ["{}*L", "bi({},mul)"])
def test_check_over_symbolic_depth_and_merged_directions(shape: str, name: str) -> None:
    report = check_derivation(derive(build_system(read_model(shape.format(name)))), seed=5)
    assert report.passed
    assert report.max_relative_error <= 1e-12


def test_the_library_uses_every_part_of_the_language() -> None:
    written = [rhs for name in CELLS for rhs in load_cell(name).written.values()]
    assert all(any(rhs.atoms(kind) for rhs in written) for kind in (Constant, Maximum, Spread))


def test_the_format_is_described() -> None:
    described = (Path(rnnsym.__file__).parent / "cells" / "README.md").read_text("utf-8")
    for word in (*KEYS, *ACTIVATIONS):
        assert word in described


# Constants, scalars, structured matrices


def test_constants_print_as_symbols_and_compute_as_numbers() -> None:
    leaky = load_cell("leaky").written["h"]
    assert source(leaky) == "(1-alpha) * h[t-1] + alpha * tanh(W @ x[t] + U @ h[t-1] + b)"
    assert text(leaky).startswith("(1−α) hₜ₋₁ + α tanh(")
    assert latex(leaky).startswith(r"(1-\alpha) h_{t-1} + \alpha \tanh(")


def test_written_equations_read_back(cell_file: Write) -> None:
    """What ``--ascii`` prints of an equation is the cell language."""
    for name in CELLS:
        cell = load_cell(name)
        table = (Path(rnnsym.__file__).parent / "cells" / f"{name}.toml").read_text("utf-8")
        for equation, rhs in cell.written.items():
            pattern = rf'^{equation} = ".*"$'
            start = table.index("[equations]")
            line = f'{equation} = "{source(rhs)}"'
            again = re.sub(pattern, line, table[start:], count=1, flags=re.MULTILINE)
            table = table[:start] + again
        same = read_cell(cell_file(table))
        for equation, rhs in cell.written.items():
            assert equal(same.written[equation], rhs), (name, equation)


def test_the_gradient_of_an_antisymmetric_matrix_is_one() -> None:
    system = build_system(read_model("antisymmetric"))
    [step] = derive(system).find("dW")
    assert source(step.value()) == "sum_t(delta_u[t] @ h[t-1].T - h[t-1] @ delta_u[t].T)"


def test_shared_parameters_are_counted_and_derived_once() -> None:
    system = build_system(read_model("fastgrnn"))
    assert [w.array.name for w in system.weights] == ["W", "U", "b_z", "b_h", "zeta", "nu"]
    [step] = derive(system).find("dW")
    assert source(step.value()) == "sum_t(delta_z[t] @ x[t].T + delta_g[t] @ x[t].T)"


def test_a_batch_of_scalars() -> None:
    """A scalar's gradient adds up over rows, steps and sequences."""
    model = rnnsym.model("fastrnn", d=2, n=3)
    draw = np.random.default_rng(1)
    weights = {k: draw.standard_normal(s) for k, s in model.parameter_shapes().items()}
    x, dy = draw.standard_normal((4, 2, 2)), draw.standard_normal((4, 2, 3))
    both = model.gradients(weights, x, dy).weights["alpha"]
    each = [model.gradients(weights, x[:, i], dy[:, i]).weights["alpha"] for i in (0, 1)]
    assert np.allclose(both, each[0] + each[1], rtol=1e-13)


def test_two_cells_may_call_two_numbers_alike(cell_file: Write) -> None:
    body = HEAD + 'h = "alpha * h[t-1] + V @ x[t]"\n'
    first = cell_file(body + "[constants]\nalpha = 0.25\n")
    report = rnnsym.model(f"leaky, {first}").check()
    assert report.passed
    equations = rnnsym.model(f"leaky, {first}").system.equations
    values = {c.value for e in equations for c in e.rhs.atoms(Constant)}
    assert len(values) == 2


BAD = {
    "unused constant": (
        HEAD + 'h = "tanh(U @ h[t-1])"\n[constants]\nalpha = 1\n',
        "'alpha' is declared, but stands in no equation",
    ),
    "unused scalar": (
        'scalars = ["alhpa"]\n' + HEAD + 'h = "tanh(alpha * h[t-1])"\n',
        "'alhpa' is declared, but stands in no equation; did you mean 'alpha'?",
    ),
    "constant that is no number": (
        HEAD + 'h = "alpha * h[t-1]"\n[constants]\nalpha = "much"\n',
        "constants.alpha must be a number",
    ),
    "constant that is not finite": (
        HEAD + 'h = "alpha * h[t-1]"\n[constants]\nalpha = nan\n',
        "constants.alpha must be a number",
    ),
    "scalars that are no list": (
        'scalars = "alpha"\n' + HEAD + 'h = "alpha * h[t-1]"\n',
        "scalars must be a list of names in quotes",
    ),
    "a scalar with an equation": (
        'scalars = ["h"]\n' + HEAD + 'h = "U @ h[t-1]"\n',
        "'h' has an equation, so it is neither a scalar nor a constant",
    ),
    "a scalar beside a matrix": (
        'scalars = ["s"]\n' + HEAD + 'h = "(s * U) @ h[t-1]"\n',
        "the trained scalar s stands beside a matrix",
    ),
    "an identity without a size": (
        HEAD + 'h = "U @ h[t-1] + 0 * (V @ (I @ W) @ h[t-1])"\n',
        "is not determined",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_bad_declarations(content: str, message: str, cell_file: Write) -> None:
    with pytest.raises(InputError) as error:
        read_cell(cell_file(content))
    assert message in str(error.value)


def test_a_gate_may_be_called_i(cell_file: Write) -> None:
    cell = read_cell(cell_file(HEAD + 'I = "sigmoid(U @ h[t-1])"\nh = "I[t] * h[t-1]"\n'))
    assert isinstance(cell.equations[1].lhs, Array)
    with pytest.raises(InputError, match="'I' needs its time index"):
        read_cell(cell_file(HEAD + 'I = "sigmoid(U @ h[t-1])"\nh = "I @ h[t-1]"\n'))


def test_sums_of_structured_matrices_stay_together() -> None:
    matrix = load_cell("antisymmetric").written["u"]
    assert source(plus(matrix)) == "(W - W.T - gamma * I) @ h[t-1]"


# A matrix times what is the same for every sequence of a batch: a parameter, an equation of
# parameters, a sum, on either side of the adjoint.
DATA_FREE = """
scalars = ["s"]
[states]
h = "n"
[sizes]
k = "n"
m = "k"
[equations]
k = "sigmoid(p + q)"
m = "P.T @ (V @ b) + s * (P.T @ p) + P.T @ h[t-1]"
h = "tanh(W @ x[t] + U @ b + V @ h[t-1] + Q @ k[t] + A @ (1 - b) + F @ m[t])"
"""


@pytest.mark.parametrize(("shape", "width"), [("{}", 3), ("bi({})*2", 6)])
def test_what_is_the_same_for_every_sequence(cell_file: Write, shape: str, width: int) -> None:
    network = rnnsym.model(shape.format(cell_file(DATA_FREE)), d=2, n=3, k=4)
    draw = np.random.default_rng(1)
    weights = {k: draw.standard_normal(s) for k, s in network.parameter_shapes().items()}
    x, dy = draw.standard_normal((4, 5, 2)), draw.standard_normal((4, 5, width))
    batch = network.gradients(weights, x, dy)
    singles = [network.gradients(weights, x[:, b], dy[:, b]) for b in range(5)]
    for name, gradient in batch.weights.items():
        total = sum(single.weights[name] for single in singles)
        assert np.max(np.abs(gradient - total)) <= 1e-12 * max(1.0, float(np.max(np.abs(total))))
    assert network.check().passed


def test_generated_code_of_what_is_the_same_for_every_sequence(cell_file: Write) -> None:
    equation = "tanh(W @ x[t] + U @ b + A @ (1 - b) + V @ h[t-1] + V @ b)"
    path = cell_file(f'{HEAD}h = "{equation}"\n')
    done = call("code", str(path), "--out", "made.py", folder=path.parent)
    assert done.returncode == 0, done.stderr
    errors = runpy.run_path(str(path.parent / "made.py"))["check"]()
    assert max(errors.values()) <= 1e-12
