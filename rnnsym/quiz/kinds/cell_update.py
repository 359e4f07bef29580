"""The update of a state with ⊙ alone: gates given as vectors, no function, no matrix."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.blocks import Equations, Line, Paragraph, prose
from rnnsym.quiz.forward_items import by_model, forward_kind
from rnnsym.quiz.forward_net import GATED_UPDATE, net_of, update_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import as_dot, cell_slips
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import EXAMINED, cell_of

__all__ = ["KIND"]

ENTRIES = 3


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or EXAMINED
        if update_of(name) is not None
    ]


@lru_cache(maxsize=256)
def _question(model: str) -> Question:
    whole = net_of(model, 1, n=ENTRIES)
    update = update_of(model, n=ENTRIES)
    assert update is not None, "a subject without an update"
    loop, row = update
    net = whole.only([row])
    slips = (*cell_slips(whole, loop, 0, 1, [row]), *as_dot(whole, row))
    title = cell_of(whole.system).title
    intro = (
        Paragraph(prose(f"In the cell “{title}” a state is updated by")),
        Equations((Line(row.target, row.value, shape=row.target.shape),)),
        Paragraph(prose("Convention: column vectors.")),
    )
    ask = Ask((row,), (row.target,), slips)
    return Question("cell_update", net, (ask,), intro, 2, whole=False, theme=GATED_UPDATE)


KIND = forward_kind("cell_update", ((2, 2), (3, 3)), _subjects, by_model(_question))
