"""The reset gate before or after the matrix: two numbers from equations that look alike."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from rnnsym.blocks import Equations, Line, Paragraph, Relation, prose
from rnnsym.equations import Loop
from rnnsym.expr import Array, Family, Integer, Map, arrays_in, fill_like
from rnnsym.item import Choice, Item, Option, Part
from rnnsym.quiz.forward_items import by_model, forward_kind
from rnnsym.quiz.forward_net import Net, net_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import Slipped, cell_slips, transposed
from rnnsym.quiz.options import arranger, mixed
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.slips import Work
from rnnsym.quiz.subject import EXAMINED, cell_of, equation_note
from rnnsym.sheet.worked_lines import Row

__all__ = ["KIND"]

ENTRIES = 2
TURNED = ("reset after instead of before", "reset before instead of after")


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or EXAMINED
        if _pair(name) is not None
    ]


def _net(model: str) -> Net:
    return net_of(model, 1, n=ENTRIES)


@lru_cache(maxsize=256)
def _pair(model: str) -> tuple[Loop, tuple[Row, ...], Slipped] | None:
    """The lines of the candidate's pre-activation, and the same with the gate moved."""
    net = _net(model)
    for loop, layer, time, rows in net.passes():
        for slip in cell_slips(net, loop, layer, time, rows):
            if slip.name in TURNED:
                place = next(k for k, row in enumerate(rows) if slip.rows[k] != row)
                return loop, _with_inner(rows, place), replace(slip, rows=(slip.rows[place],))
    return None


def _with_inner(rows: Sequence[Row], place: int) -> tuple[Row, ...]:
    """The line at a place, after those it reads that make no gate: the U h + b of reset after."""
    read = rows[place].value.atoms(Array)
    inner = (r for r in rows[:place] if r.target in read and not isinstance(r.value, Map))
    return (*inner, rows[place])


@lru_cache(maxsize=256)
def _question(model: str) -> Question:
    whole = _net(model)
    found = _pair(model)
    assert found is not None, "a subject without a gate to move"
    loop, rows, moved = found
    own = rows[-1]
    other = Row(_renamed(own.target, whole), moved.rows[0].value)
    net = whole.only((*rows, other))
    mine = tuple(s for s in cell_slips(whole, loop, 0, 1, rows) if s.name not in TURNED)
    turned = Slipped(moved.name, moved.why, (*rows[:-1], Row(own.target, other.value)))
    back = Slipped("gate not moved", prose("In ", other.target, " the gate stands on the "
                   "other side of the matrix."), (Row(other.target, own.value),))  # fmt: skip
    cell = cell_of(whole.system)
    gates = {g.name for g in Work(cell, cell.equations).gates}
    gate = next(a for a in arrays_in(other.value) if a.name in gates)
    ungated = Slipped(
        "gate left out",
        prose("The factor ", gate, " is left out in ", other.target, "."),
        (Row(other.target, other.value.xreplace({gate: fill_like(1, gate)})),),
    )
    intro = (
        Paragraph(prose(f"In the cell “{cell.title}” the candidate is made of ", own.target,
                        "; in a variant with the gate on the other side of the matrix, of ",
                        other.target, ":")),
        Equations(tuple(Line(row.target, row.value, shape=row.target.shape)
                        for row in (*rows, other))),
        Paragraph(equation_note(whole.system, tuple(row.value for row in (*rows, other)))),
    )  # fmt: skip
    asks = (
        Ask(rows, (own.target,), (*mine, turned, *transposed(net, own))),
        Ask((other,), (other.target,), (back, ungated, *transposed(net, other))),
    )
    return Question("reset_placement", net, asks, intro, 3, whole=False)


def _renamed(array: Array, net: Net) -> Array:
    """The variant's line needs a name that the cell has not taken."""
    taken = {row.target.name for row in net.rows} | {a.name for a in net.given}
    name = next(letter for letter in "qvweks" if letter not in taken)
    return Array(Family(name, name), array.shape, array.layer, array.time)


# When the two agree

MATRICES: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "diagonal": ((2, 0), (0, -1)),
    "symmetric": ((1, 2), (2, -1)),
    "orthogonal": ((0.6, -0.8), (0.8, 0.6)),
    "triangular": ((1, 2), (0, 1)),
    "singular": ((1, 2), (2, 4)),
    "invertible": ((1, 2), (3, 4)),
}
GATE, STATE = np.array([0.2, 0.9]), np.array([0.7, -0.4])


@lru_cache(maxsize=8)
def _agrees(kind: str) -> bool:
    """Tell whether the gate may change places with a matrix of this kind."""
    matrix = np.array(MATRICES[kind])
    return bool(np.allclose(matrix @ (GATE * STATE), GATE * (matrix @ STATE)))


def _agreement(net: Net, parameters: Parameters) -> Part:
    matrix = next(a for a in net.given if a.name.startswith("U"))
    inside = [a for a in net.given if a.name == "b_u"]
    no_bias = (" and ", Relation((inside[0], Integer(0)))) if inside else ()
    mixes = prose("Such a matrix may mix entries: the gate of one then scales another.")
    bias = (" The gate scales ", inside[0], " on one side only, so it must be 0.") if inside else ()
    each = prose(
        "A diagonal matrix scales entry by entry, as the gate does: the order is free.", *bias
    )
    options = [
        Option(prose(matrix, f" is {kind}", *no_bias), *(("", each) if _agrees(kind) else
               (f"{kind} taken for diagonal", mixes)))
        for kind in MATRICES
    ]  # fmt: skip
    [right] = [option for option in options if option.correct]
    wrong = [option for option in options if not option.correct]
    asked = prose("When do the two agree, whatever the gate and the old state are?")
    return Part(
        (Paragraph(asked),),
        Choice(mixed(right, wrong, arranger("reset_placement", parameters))),
        1,
        (Paragraph(each),),
    )


def _make(parameters: Parameters) -> Item:
    item = _KIND.make(parameters)
    net = _question(dict(parameters)["model"]).net
    return replace(item, parts=(*item.parts, _agreement(net, parameters)))


_KIND = forward_kind("reset_placement", ((3, 3), (7, 8)), _subjects, by_model(_question))
KIND = replace(_KIND, make=_make)
