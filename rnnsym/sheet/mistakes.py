"""Common mistakes in a derivation: named misconceptions applied to its own lines."""

from collections.abc import Iterator

from rnnsym.audit.rewrite import Misconception
from rnnsym.audit.slips import MISCONCEPTIONS, SIGN, Row
from rnnsym.blocks import Block, Box, Emphasis, EquationRef, Listing, Prose, Relation, prose
from rnnsym.expr import Array, Node, arrays_in
from rnnsym.quiz.slips import MISCONCEPTIONS as FORWARD
from rnnsym.quiz.slips import Work
from rnnsym.record import record
from rnnsym.sheet.naming import tied
from rnnsym.sheet.study import Study

__all__ = ["Mistake", "mistakes", "mistakes_box"]

LEFT_OUT = {SIGN, "first step forgotten", "value for derivative"}
"""Mistakes backward that need no warning beside those that are shown."""
CARRIES = ("one path missing", "wrong step")
SHOWN = (
    "1 − z and z swapped",
    "function left out",
    "reset after instead of before",
    "reset before instead of after",
    "gates rounded to bits",
)
"""Mistakes forward that are worth a line; the others are slips of the pen."""


@record
class Mistake:
    """A line that a misconception gives, beside the number of the right one."""

    name: str
    number: str
    lhs: Array
    wrong: Node
    why: Prose


def mistakes(study: Study) -> Iterator[Mistake]:
    """Yield one wrong line for each misconception that can be made in this derivation."""
    seen: set[str] = set()
    for mistake in (*_forward(study), *_backwards(study)):
        if mistake.name not in seen:
            seen.add(mistake.name)
            yield mistake


def _backwards(study: Study) -> Iterator[Mistake]:
    for misconception in MISCONCEPTIONS:
        if misconception.name not in LEFT_OUT:
            found = list(_backward(study, misconception))
            if found:
                yield min(found, key=lambda mistake: _rank(study, mistake))


def _backward(study: Study, misconception: Misconception[Row]) -> Iterator[Mistake]:
    """The misconception in each line, made at its last place: carries stand at the end."""
    for step in study.derivation.steps:
        right = step.value()
        slips = [(r, why) for r, why in misconception.apply(Row(step, right)) if r.value != right]
        if slips:
            row, why = slips[-1]
            number = study.numbers.steps[step]
            yield Mistake(misconception.name, number, step.target, row.value, why)


def _rank(study: Study, mistake: Mistake) -> tuple[bool, bool, int]:
    """Carries are lost in the lines of states; any other mistake is seen best in a short line."""
    adjoints = [s for s in study.derivation.adjoints if s.target == mistake.lhs]
    states = {state.array.family for state in study.system.states}
    carries = mistake.name in CARRIES and any(s.of.family in states for s in adjoints)
    return not carries, not adjoints, sum(1 for _ in arrays_in(mistake.wrong))


def _forward(study: Study) -> Iterator[Mistake]:
    """The mistakes in one step of a cell; the last place is the output's, or the candidate's."""
    for block in study.system.blocks:
        equations = block.loops[0].equations
        if block.cell is None or equations[0].lhs != block.cell.equations[0].lhs:
            continue  # in a stack the arrays have indices that a cell's own equations lack
        work = Work(block.cell, block.cell.equations)
        for misconception in (m for m in FORWARD if m.name in SHOWN):
            slips = misconception.apply(work)
            for slip, why in slips[-1:]:
                rows = zip(equations, work.equations, slip.equations, strict=True)
                equation, _, wrong = next((e, a, b) for e, a, b in rows if a != b)
                number = study.numbers.forward[equation]
                yield Mistake(misconception.name, number, equation.lhs, wrong.rhs, why)


def mistakes_box(study: Study) -> Iterator[Block]:
    """Yield the box of common mistakes: each wrong line, where it goes wrong, and why."""
    found = [_item(study, mistake) for mistake in mistakes(study)]
    if found:
        yield Box("mistakes", "Common mistakes", (Listing(tuple(found)),))


def _item(study: Study, mistake: Mistake) -> Prose:
    wrong = Relation((mistake.lhs, tied(study.system, mistake.wrong)), "≠")
    head = Emphasis(mistake.name[0].upper() + mistake.name[1:])
    return prose(head, " in ", EquationRef(mistake.number), ": ", wrong, ". ", *mistake.why)
