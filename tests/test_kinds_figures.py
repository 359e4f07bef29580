"""Figures as questions: what they show says which name belongs where, and nothing gives it away."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnsym.api import generate_quiz
from rnnsym.blocks import Figure
from rnnsym.cell import load_cell
from rnnsym.diagram import cell_diagram
from rnnsym.diagram.cell_graph import cell_graph
from rnnsym.expr import Node, text
from rnnsym.item import Matching
from rnnsym.quiz.kinds.figure_blanks import KIND, is_unique

CELLS = ("lstm", "gru", "mgu", "lstm-coupled")


@pytest.mark.parametrize("cell", CELLS)
def test_numbers_stand_where_the_names_stood(cell: str) -> None:
    [item] = generate_quiz(1, 5, ["figure_blanks"], [cell])
    response = item.parts[0].response
    assert isinstance(response, Matching)
    [figure] = [block for block in item.stem if isinstance(block, Figure)]
    whole = cell_diagram(load_cell(cell))
    assert len(figure.diagram.marks) == len(whole.marks)
    restored = figure.diagram.description
    for prompt, answer in response.pairs:
        assert answer not in restored
        restored = restored.replace(str(prompt[0]), answer)
    assert restored == whole.description
    shown = {piece for mark in figure.diagram.marks for piece in mark.label}
    assert {prompt[0] for prompt, _ in response.pairs} <= shown
    assert not {text(x) for x in shown if isinstance(x, Node)} & {a for _, a in response.pairs}


def test_a_figure_that_can_be_labelled_in_two_ways_is_not_asked(
    cell_file: Callable[[str], Path],
) -> None:
    """Two gates that do the same thing cannot be told apart."""
    twins = cell_file(
        'title = "Twins"\nsource = "nobody"\n[states]\nh = "n"\n[equations]\n'
        'r = "sigmoid(W_r @ x[t] + U_r @ h[t-1])"\nz = "sigmoid(W_z @ x[t] + U_z @ h[t-1])"\n'
        'h = "r[t] * z[t] * h[t-1]"\n'
    )
    for name, unique in (("lstm", True), ("gru", True), (str(twins), False)):
        cell = load_cell(name)
        gates = tuple(e.lhs for e in cell.equations if e.lhs.name in ("f", "i", "o", "r", "z"))
        assert len(gates) > 1
        assert is_unique(cell_graph(cell), gates) is unique
    assert not KIND.subjects([str(twins)])


def test_cells_with_one_gate_are_no_subjects() -> None:
    asked = {dict(subject)["model"] for subject in KIND.subjects(())}
    assert {"lstm", "gru"} <= asked
    assert "vanilla" not in asked
