"""One step of a cell with all its gates: a number for each equation, in order."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.blocks import Paragraph, Prose, prose
from rnnsym.expr import Transpose
from rnnsym.quiz.forward_items import by_model, forward_kind
from rnnsym.quiz.forward_net import holds, net_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import cell_slips
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import EXAMINED, cell_of, described, equation_note, equations_of
from rnnsym.sheet.worked_lines import Row

__all__ = ["KIND"]


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or EXAMINED
        if len(cell_of(net_of(name, 1).system).written) > 1 and not holds(name, Transpose)
    ]


@lru_cache(maxsize=256)
def _question(model: str) -> Question:
    net = net_of(model, 1)
    [(loop, layer, time, rows)] = [p for p in net.passes() if len(p[3]) > 1]
    written = tuple(cell_of(net.system).written)
    asks = tuple(
        Ask(
            lines,
            (lines[-1].target,),
            tuple(cell_slips(net, loop, layer, time, lines)),
            hints=_hints(lines),
        )
        for lines in _grouped(rows, written)
    )
    intro = (
        Paragraph(prose(*described(net.system), " is computed by")),
        equations_of(net.system),
        Paragraph(equation_note(net.system)),
    )
    return Question("forward_gates", net, asks, intro)


def _grouped(rows: Sequence[Row], written: Sequence[str]) -> Iterator[tuple[Row, ...]]:
    """Yield the lines of each equation that the cell's file writes, pre-activations with it."""
    lines: list[Row] = []
    for row in rows:
        lines.append(row)
        if row.target.name in written:
            yield tuple(lines)
            lines = []


def _hints(lines: Sequence[Row]) -> tuple[Prose, ...]:
    *inner, last = lines
    return tuple(prose("Work out ", row.target, ", then ", last.target, ".") for row in inner[:1])


KIND = forward_kind("forward_gates", ((3, 3), (4, 12)), _subjects, by_model(_question))
