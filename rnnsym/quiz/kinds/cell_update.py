"""The update of a state with ⊙ alone: gates given as vectors, no function, no matrix."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.audit.rewrite import everywhere
from rnnsym.blocks import Equations, Line, Paragraph, prose
from rnnsym.errors import ShapeError
from rnnsym.expr import Hadamard, Node, matmul, spread, transpose
from rnnsym.quiz.forward_items import Ask, Question, by_model, forward_kind
from rnnsym.quiz.forward_net import net_of, row_of, update_of
from rnnsym.quiz.forward_slips import Slipped, cell_slips
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import EXAMINED, cell_of, convention_note
from rnnsym.sheet.worked_lines import Row

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
    slips = (*cell_slips(whole, loop, 0, 1, [row]), *_as_dot(row))
    title = cell_of(whole.system).title
    intro = (
        Paragraph(prose(f"In the cell “{title}” a state is updated by")),
        Equations((Line(row.target, row.value, shape=row.target.shape),)),
        Paragraph(convention_note(whole.system)),
    )
    ask = Ask((row,), (row.target,), slips)
    return Question("cell_update", net, (ask,), intro, 2, whole=False)


def _as_dot(row: Row) -> Iterator[Slipped]:
    """Yield the line with every ⊙ of two vectors read as their product, the same in each row."""

    def dot(node: Node) -> Node | None:
        if not isinstance(node, Hadamard) or len(node.children) != 2:
            return None
        a, b = node.children
        return spread(matmul(transpose(a), b), node.shape[0])

    try:
        value = everywhere(row.value, dot)
    except ShapeError:
        return
    why = prose("⊙ multiplies entry by entry: it sums nothing up and leaves a vector.")
    yield Slipped("⊙ read as a matrix product", why, (row_of(row.target, value),))


KIND = forward_kind("cell_update", ((2, 2), (3, 3)), _subjects, by_model(_question))
