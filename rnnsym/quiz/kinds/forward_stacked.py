"""Two layers over two steps: each reads the layer below now and itself a step before."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.blocks import Equations, Line, Paragraph, Relation, prose
from rnnsym.expr import LAYER, STEPS, Array, Constant, Integer, Transpose
from rnnsym.quiz.forward_draws import STEEP
from rnnsym.quiz.forward_items import by_model, forward_kind
from rnnsym.quiz.forward_net import Net, holds, net_of, place_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import Slipped, instead
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import described, equation_note
from rnnsym.sheet.worked_lines import Row, placed

__all__ = ["KIND"]

TAUGHT = ("vanilla", "mingru")
"""Cells short enough for four steps by hand."""
LONGEST = 4
"""Lines of one step of such a cell."""
STEP_COUNT = 2


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", f"{name}*2"), ("convention", "textbook"))
        for name in cells or TAUGHT
        if len(net_of(name, 1).rows) <= LONGEST and not holds(name, Transpose, Constant)
    ]


@lru_cache(maxsize=256)
def _question(model: str) -> Question:
    net = net_of(model, STEP_COUNT)
    states = {s.array.name for s in net.system.states}
    asks: list[Ask] = []
    copies: list[Row] = []
    for _, layer, time, rows in net.passes():
        if not {row.target.name for row in rows} & states:
            copies += rows
            continue
        asked = tuple(row.target for row in rows if row.target.name in states)
        now = tuple(row for row in copies if place_of(row.target)[-1] == time)
        copies = [row for row in copies if row not in now]
        asks.append(Ask((*now, *rows), asked, tuple(_slips(net, layer, time, rows))))
    system = net.system
    intro = (
        Paragraph(prose(*described(system), " is computed by")),
        Equations(tuple(Line(e.lhs, e.rhs) for e in system.equations)),
        Paragraph(equation_note(system)),
        Paragraph(prose("The net reads ", Relation((STEPS, Integer(STEP_COUNT))), " steps; every"
                        " layer ", LAYER, " has weights and an initial state of its own.")),
    )  # fmt: skip
    return Question("forward_stacked", net, tuple(asks), intro, 4, pool=STEEP)


def _slips(net: Net, layer: int, time: int, rows: Sequence[Row]) -> Iterator[Slipped]:
    """Yield what goes wrong between layers; the cell's own mistakes are other questions'."""
    states = [s.array for s in net.system.states]
    old = {placed(s, net.sizes, k, time - 1): k for s in states for k in (1, 2)}
    mine = [a for a, k in old.items() if k == layer]
    other = {place_of(a): place_of(placed(s, net.sizes, 3 - layer, time - 1))
             for a, s in zip(mine, states, strict=True)}  # fmt: skip
    why = prose(f"Layer {layer} starts from its own old state, ", mine[0], ".")
    yield instead("state of the other layer", why, rows, other)
    if layer == 1:
        return
    below = next(a for row in rows for a in row.value.atoms(Array)
                 if a.layer == 1 and a.time == time)  # fmt: skip
    x = placed(net.system.input, net.sizes, 0, time)
    why = prose("Layer 2 reads ", below, ", what layer 1 gives at this step, not ", x, ".")
    yield instead("upper layer reads the input", why, rows, {place_of(below): place_of(x)})
    before = (*place_of(below)[:3], time - 1)
    if time > 1:
        why = prose("Layer 2 reads layer 1 at its own step, ", below, ", not a step before.")
        yield instead("layer below read a step late", why, rows, {place_of(below): before})
    weights = [w.array for w in net.system.weights]
    lower = {place_of(placed(w, net.sizes, 2, 0)): place_of(placed(w, net.sizes, 1, 0))
             for w in weights}  # fmt: skip
    why = prose("Each layer has weights of its own: this is layer 2.")
    yield instead("weights of the layer below", why, rows, lower)


KIND = forward_kind("forward_stacked", ((4, 4), (8, 8)), _subjects, by_model(_question))
