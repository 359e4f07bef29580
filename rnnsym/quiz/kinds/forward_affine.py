"""The affine map of a gate in two entries, and the gate: W x + U h + b with pencil and paper."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from rnnsym.blocks import Equations, Line, Paragraph, prose
from rnnsym.equations import Loop
from rnnsym.expr import Array, Product
from rnnsym.quiz.forward_items import forward_kind
from rnnsym.quiz.forward_net import Net, net_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import cell_slips, crossed, transposed
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import EXAMINED, cell_of, equation_note
from rnnsym.sheet.worked_lines import Row

__all__ = ["KIND"]

TAUGHT = tuple(name for name in EXAMINED if name not in {"indrnn", "relu-rnn"})
"""Without those whose ReLU would leave every answer as it is."""
ENTRIES = 2
MAPPED = 2
"""Matrices of a map worth asking: the input's and the state's."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("asked", rows[-1].target.name))
        for name in cells or TAUGHT
        for _, rows in _maps(name)
    ]


def _net(model: str) -> Net:
    return net_of(model, 1, n=ENTRIES, d=ENTRIES)


@lru_cache(maxsize=256)
def _maps(model: str) -> tuple[tuple[Loop, tuple[Row, Row]], ...]:
    """The pre-activations that read nothing made in this step, each with what is made of it."""
    net = _net(model)
    given = set(net.given)
    return tuple(
        (loop, (row, then))
        for loop, _, _, rows in net.passes()
        for row, then in pairwise(rows)
        if len(row.value.atoms(Product)) == MAPPED
        and row.value.atoms(Array) <= given
        and then.value.atoms(Array) == {row.target}
    )


@lru_cache(maxsize=512)
def _question(model: str, asked: str) -> Question:
    whole = _net(model)
    loop, rows = next(pair for pair in _maps(model) if pair[1][-1].target.name == asked)
    net = whole.only(rows)
    inner, outer = rows
    title = cell_of(whole.system).title
    intro = (
        Paragraph(prose(f"In the cell “{title}”, ", outer.target, " is computed by")),
        Equations(tuple(Line(row.target, row.value, shape=row.target.shape) for row in rows)),
        Paragraph(equation_note(whole.system, (inner.value, outer.value))),
    )
    asks = (
        Ask(
            (inner,),
            (inner.target,),
            (
                *cell_slips(whole, loop, 0, 1, (inner,)),
                *transposed(net, inner),
                *crossed(net, inner),
            ),
        ),
        Ask((outer,), (outer.target,), tuple(cell_slips(whole, loop, 0, 1, (outer,)))),
    )
    return Question("forward_affine", net, asks, intro, 2, whole=False)


def _about(parameters: Parameters) -> Question:
    values = dict(parameters)
    return _question(values["model"], values["asked"])


KIND = forward_kind("forward_affine", ((2, 2), (5, 5)), _subjects, _about)
