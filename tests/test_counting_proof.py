"""The proof of a count: arrays of any other shape, one too few or one too many are refused."""

from dataclasses import replace

import pytest

from rnnsym.cell import cell_names
from rnnsym.convention import convention_names
from rnnsym.expr import size
from rnnsym.quiz.count_slips import Counted
from rnnsym.quiz.counting import parts_of, system_of
from rnnsym.quiz.counting_proof import check_arrays
from rnnsym.quiz.guard import Unfair
from tests.strategies import vector

FORMS = ("{}", "bi({})", "{}*2", "bi({})*2")
CELLS = [(cell, convention) for convention in convention_names() for cell in cell_names(convention)]
MODELS = ("vanilla", "gru", "lstm-peephole", "indrnn", "bi(lstm)*2", "embedding:9:8, gru, dense:7")


@pytest.mark.parametrize(("cell", "convention"), CELLS)
def test_a_net_runs_with_the_arrays_of_every_shipped_cell(cell: str, convention: str) -> None:
    for form in FORMS:
        system = system_of(form.format(cell), convention)
        check_arrays(system, parts_of(system))


def other_shapes(part: Counted) -> set[tuple[tuple[int, str], tuple[int, str]]]:
    """Return the array transposed, as a vector, square, on another input, and a row larger."""
    rows, columns = part.sides
    shapes = {
        (columns, rows), ((1, ""), columns), (rows, (1, "")), (rows, rows), (rows, (1, "d")),
        ((rows[0] + 1, rows[1]), columns), (rows, (columns[0] + 1, columns[1])),
    }  # fmt: skip
    return shapes - {part.sides}


@pytest.mark.parametrize("model", MODELS)
def test_other_arrays_are_refused(model: str) -> None:
    system = system_of(model)
    parts = parts_of(system)
    for i, part in enumerate(parts):
        unread = replace(part, array=vector("unread", size("n")))
        wrong = [(), (part, unread)]
        wrong += [(replace(part, sides=sides),) for sides in other_shapes(part)]
        for changed in wrong:
            with pytest.raises(Unfair, match=r"no net (runs|feels)"):
                check_arrays(system, (*parts[:i], *changed, *parts[i + 1 :]))
