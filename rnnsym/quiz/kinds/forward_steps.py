"""Two or three steps of a cell in a row: the state after each, carried on to the next."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.blocks import Paragraph, Relation, prose
from rnnsym.expr import STEPS, Integer, Transpose
from rnnsym.quiz.forward_draws import STEEP
from rnnsym.quiz.forward_items import by_model, forward_kind
from rnnsym.quiz.forward_net import holds, net_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import again, state_slips
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import CURVED, cell_of, described, equation_note, equations_of

__all__ = ["KIND"]

TAUGHT = (*CURVED, "logistic-rnn")
SHORT = 2
"""Equations of a cell that is worked for three steps; longer ones get two."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or TAUGHT
        if not holds(name, Transpose)
    ]


@lru_cache(maxsize=256)
def _question(model: str) -> Question:
    one = net_of(model, 1)
    steps = 3 if len(one.rows) <= SHORT else 2
    net = net_of(model, steps)
    states = {s.name for s in cell_of(net.system).states}
    asks = tuple(
        Ask(
            rows,
            tuple(row.target for row in rows if row.target.name in states),
            (*state_slips(net, loop, layer, time, rows), *again(net, loop, layer, time, rows)),
        )
        for loop, layer, time, rows in net.passes()
        if {row.target.name for row in rows} & states
    )
    intro = (
        Paragraph(prose(*described(net.system), " is computed by")),
        equations_of(net.system),
        Paragraph(equation_note(net.system)),
        Paragraph(
            prose("The net reads a sequence of ", Relation((STEPS, Integer(steps))), " steps.")
        ),
    )
    return Question("forward_steps", net, asks, intro, 4, pool=STEEP)


KIND = forward_kind("forward_steps", ((4, 4), (4, 10)), _subjects, by_model(_question))
