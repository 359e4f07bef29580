"""Cells as data: the shipped ones, and every kind of bad file."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnsym.cell import Cell, cell_names, load_cell, read_cell
from rnnsym.equations import CONVENTIONS
from rnnsym.errors import InputError
from rnnsym.expr import Array, Map, Symbol, shape_text, source

SHIPPED = [(c, name) for c in CONVENTIONS for name in cell_names(c)]
Write = Callable[[str], Path]


def test_issue_2_cells_are_shipped() -> None:
    wanted = (
        "vanilla relu-rnn gru gru-reset-after lstm lstm-peephole lstm-coupled lstm-projection "
        "lstm-1997 mgu ugrnn indrnn mingru jordan"
    )
    assert set(wanted.split()) <= set(cell_names())


@pytest.mark.parametrize(("convention", "name"), SHIPPED)
def test_shipped_cells(convention: str, name: str) -> None:
    cell = load_cell(name, convention)
    assert cell.name == name
    assert cell.title
    assert cell.source
    defined = {e.lhs.name for e in cell.equations}
    assert {s.name for s in cell.states} | {cell.output.name} <= defined
    assert all(e.lhs.shape == e.rhs.shape for e in cell.equations)
    sizes = {s for p in cell.parameters for s in p.shape}
    assert all(isinstance(s, Symbol) or s == 1 for s in sizes)


@pytest.mark.parametrize(("convention", "name"), SHIPPED)
def test_equations_stand_in_an_order_of_computation(convention: str, name: str) -> None:
    cell = load_cell(name, convention)
    known = {"x", *(p.name for p in cell.parameters)}
    for equation in cell.equations:
        now = (a for a in equation.rhs.atoms(Array) if str(a.time) != "t - 1")
        assert {a.name for a in now} <= known
        known.add(equation.lhs.name)


@pytest.mark.parametrize(("convention", "name"), SHIPPED)
def test_functions_take_named_arguments(convention: str, name: str) -> None:
    """So nothing is printed twice: each f(…) has an array inside, the pre-activation."""
    for equation in load_cell(name, convention).equations:
        assert all(isinstance(m.arg, Array) for m in equation.rhs.atoms(Map))


@pytest.mark.parametrize(("convention", "name"), SHIPPED)
def test_biases(convention: str, name: str) -> None:
    cell = load_cell(name, convention)
    biases = {b.name for b in cell.biases}
    vectors = {p.name for p in cell.parameters if p.shape[1] == 1}
    assert {v for v in vectors if re.match("(b|v|Wb|Rb)(_|$)", v)} == biases
    bare = cell.without_biases()
    assert {p.name for p in cell.parameters} - {p.name for p in bare.parameters} == biases
    assert not bare.biases
    assert not any(a.name in biases for e in bare.equations for a in e.rhs.atoms(Array))


def sources(cell: Cell) -> dict[str, str]:
    return {name: source(rhs) for name, rhs in cell.written.items()}


def shapes(cell: Cell) -> dict[str, str]:
    return {p.name: shape_text(p.shape) for p in cell.parameters}


def test_shapes_are_inferred() -> None:
    peephole = shapes(load_cell("lstm-peephole"))
    assert (peephole["W_f"], peephole["U_f"]) == ("n×d", "n×n")
    assert (peephole["p_f"], peephole["b_f"]) == ("n×1", "n×1")
    assert shapes(load_cell("lstm-projection"))["W_r"] == "p×n"
    assert shapes(load_cell("lstm-projection"))["U_f"] == "n×p"
    assert shapes(load_cell("jordan"))["U_h"] == "n×p"
    assert shapes(load_cell("indrnn")) == {"W": "n×d", "u": "n×1", "b": "n×1"}
    assert load_cell("lstm-projection").size_names == ("p", "n")


def test_preactivations_are_named() -> None:
    lines = {e.lhs.name: source(e.rhs) for e in load_cell("gru").equations}
    assert lines["a_g"] == "W_h @ x[t] + U_h @ (r[t] * h[t-1]) + b_h"
    assert lines["g"] == "tanh(a_g[t])"
    assert load_cell("gru").equations[-1].purpose.startswith("state:")


def test_two_states_have_two_preactivations(cell_file: Write) -> None:
    states = 'states = {h="n", c="k"}\n'
    both = cell_file(states + '[equations]\nh = "tanh(U @ h[t-1])"\nc = "tanh(V @ c[t-1])"\n')
    names = [e.lhs.name for e in read_cell(both).equations]
    assert names == ["a", "h", "a_c", "c"]


EQUATIONS = [
    'r = "sigmoid(W_r @ x[t] + U_r @ h[t-1] + b_r)"',
    'g = "tanh(W_h @ x[t] + U_h @ (r[t] * h[t-1]) + b_h)"',
    'h = "(1 - z[t]) * h[t-1] + z[t] * g[t]"',
    'z = "sigmoid(W_z @ x[t] + U_z @ h[t-1] + b_z)"',
]


@pytest.mark.parametrize("turn", range(4))
def test_order_of_the_file_does_not_matter(turn: int, cell_file: Write) -> None:
    lines = EQUATIONS[turn:] + EQUATIONS[:turn]
    cell = read_cell(cell_file('[states]\nh = "n"\n[equations]\n' + "\n".join(lines)))
    gru = load_cell("gru")
    assert sources(cell) == sources(gru)
    assert shapes(cell) == shapes(gru)


HEAD = '[states]\nh = "n"\n[equations]\n'


def test_numbers_signs_and_transposes(cell_file: Write) -> None:
    path = cell_file(HEAD + 'h = "0.5 * h[t-1] - (1 - A.T) @ tanh(-h[t-1]) + relu(V @ x[t] - 2)"')
    cell = load_cell(str(path))
    written = source(cell.written["h"])
    assert written == "1/2 * h[t-1] - (1 - A.T) @ tanh(-h[t-1]) + relu(V @ x[t] - 2)"


def test_reading_evaluates_nothing(cell_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a cell file was evaluated")

    for name in ("eval", "exec", "compile"):
        if name != "compile":  # ast.parse itself compiles, to a tree and no further
            monkeypatch.setattr(f"builtins.{name}", refuse)
    assert read_cell(cell_file(HEAD + 'h = "tanh(W @ x[t])"')).parameters
    with pytest.raises(InputError, match="not part of the cell language"):
        read_cell(cell_file(HEAD + """h = "__import__('os').system('exit') + h[t-1]" """))
