"""The update of a state with ⊙ alone: gates given as vectors, no function, no matrix."""

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

from rnnsym.audit.rewrite import complement, everywhere, subtrees, without
from rnnsym.blocks import Equations, Line, Paragraph, prose
from rnnsym.expr import Node
from rnnsym.quiz.forward_items import by_model, forward_kind
from rnnsym.quiz.forward_net import GATED_UPDATE, net_of, update_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import Slipped, as_dot, cell_slips, exchanged
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import EXAMINED, cell_of
from rnnsym.sheet.worked_lines import Row

__all__ = ["KIND"]

ENTRIES = 3


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or EXAMINED
        if update_of(name) is not None
    ]


def _drop(factor: Node, node: Node) -> Node | None:
    return without(node, factor)


def _without(row: Row) -> Iterator[Slipped]:
    """Yield the line without a factor of 1 minus a gate, for each that it has."""
    for left_out in dict.fromkeys(n for n in subtrees(row.value) if complement(n) is not None):
        value = everywhere(row.value, partial(_drop, left_out))
        why = prose("The factor ", left_out, " is left out in ", row.target, ".")
        if value != row.value:
            yield Slipped("1 − z left out", why, (Row(row.target, value),))


@lru_cache(maxsize=256)
def _question(model: str) -> Question:
    whole = net_of(model, 1, n=ENTRIES)
    update = update_of(model, n=ENTRIES)
    assert update is not None, "a subject without an update"
    loop, row = update
    net = whole.only([row])
    cell = cell_of(whole.system)
    slips = (
        *cell_slips(whole, loop, 0, 1, [row]),
        *exchanged(cell, row),
        *_without(row),
        *as_dot(whole, row),
    )
    intro = (
        Paragraph(prose(f"In the cell “{cell.title}” a state is updated by")),
        Equations((Line(row.target, row.value, shape=row.target.shape),)),
        Paragraph(prose("Convention: column vectors.")),
    )
    ask = Ask((row,), (row.target,), slips)
    return Question("cell_update", net, (ask,), intro, 2, whole=False, theme=GATED_UPDATE)


KIND = forward_kind("cell_update", ((2, 2), (3, 3)), _subjects, by_model(_question))
