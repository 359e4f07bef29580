"""One part of a question with numbers about a backward pass: blanks, marks, worked solution."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, NumberMatrix, Paragraph, Prose, Relation, prose
from rnnsym.expr import Array, arrays_in
from rnnsym.item import Mark, Numeric, Part
from rnnsym.quiz.backward_descent import rate
from rnnsym.quiz.backward_fit import entries
from rnnsym.quiz.backward_numbers import Wrong, blanks_of, unnoticed
from rnnsym.quiz.backward_plan import Line as Worked
from rnnsym.quiz.backward_plan import Plan
from rnnsym.quiz.backward_slips import TURNED
from rnnsym.quiz.by_hand import EXACT_RULE, RULE, UNITS, WORKED, tolerance
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, plain, shown
from rnnsym.record import record

__all__ = [
    "STATES", "Ask", "Work", "entries_of", "given_lines", "given_of", "lines_to", "methods_of",
    "noticed", "part_of", "rounding_note", "slope_note", "value_of",
]  # fmt: skip

BACKWARDS, UPHILL = "Work from the last step to the first.", "The gradient points uphill."
STATES = "the states, from the equations"
"""What a method mark is for where states on the way are worked out first."""


@record
class Ask:
    """One part: the lines whose values are asked, under which loss and which truncation.

    Attributes:
        names: of lines, as a derivation calls them.
        under: said after what is asked, such as "with the loss at the last step only".
        marks: what the method marks of the part are for.
        first_only: of an adjoint, the first step alone is asked.
        new: what a step of gradient descent gives is asked, not the gradients themselves.
    """

    names: tuple[str, ...]
    under: str = ""
    loss_at: str = ""
    truncated: bool = False
    marks: tuple[str, ...] = ()
    first_only: bool = False
    new: bool = False

    def targets(self, plan: Plan) -> tuple[Array, ...]:
        """Return what is asked of a plan."""
        of = plan.renewed if self.new else plan.targets
        found = [t for name in self.names for t in of(name)]
        return tuple(found[-1:]) if self.first_only else tuple(found)


@dataclass(frozen=True)
class Work:
    """One part worked out."""

    ask: Ask
    plan: Plan
    exact: dict[Array, Matrix]
    worked: dict[Array, Matrix]
    wrong: tuple[Wrong, ...]

    @property
    def targets(self) -> tuple[Array, ...]:
        """What is asked."""
        return self.ask.targets(self.plan)


@lru_cache(maxsize=512)
def given_of(plans: tuple[Plan, ...]) -> tuple[Array, ...]:
    """What the parts read: weights, then what has a time, by name and time."""
    found = dict.fromkeys(array for plan in plans for array in plan.given)
    weights = [array for array in found if array.time is None]
    names = dict.fromkeys(array.name for array in found if array.time is not None)
    timed = [[a for a in found if a.time is not None and a.name == name] for name in names]
    return (*weights, *(a for one in timed for a in sorted(one, key=lambda a: int(a.time or 0))))


def noticed(works: Sequence[Work]) -> None:
    """Look for a misconception that nobody would notice in the answers, and for too many zeros.

    Raises:
        Unfair: there is one, or it turns the sign of an answer, or more than one answer is 0.
    """
    targets = {t: work.worked[t] for work in works for t in work.targets}
    if sum(not any(e for row in value for e in row) for value in targets.values()) > 1:
        raise Unfair("more than one answer is 0")
    if name := unnoticed(targets, works[0].wrong):
        raise Unfair(f"'{name}' gives every answer")
    for work in works:
        _no_turned_sign(work)


def _no_turned_sign(work: Work) -> None:
    """Look for an answer with the other sign: with the sign of the error turned too, it is right.

    Raises:
        Unfair: a mistake gives it.
    """
    for target in work.targets:
        right = entries(work.exact[target])
        far = [0 if work.plan.is_exact else tolerance(entry) for entry in right]
        for name, _, values in work.wrong if any(right) else ():
            found = entries(values.get(target, ()))
            pairs = zip(right, found, far, strict=False)
            if found and name != TURNED and all(abs(a + b) <= most for a, b, most in pairs):
                raise Unfair(f"'{name}' turns the sign of {target}")


def part_of(works: Sequence[Work], place: int) -> Part:
    """Return one part: what is asked, its blanks, its marks and its solution."""
    work = works[place]
    blanks = tuple(
        blank
        for target in work.targets
        for blank in blanks_of(
            target,
            work.exact[target],
            work.worked[target],
            work.wrong,
            is_plain=work.plan.is_exact,
            is_tight=work.ask.new,
        )
    )
    methods = tuple(Mark(1, "M", prose(text)) for text in methods_of(work.ask, work.plan))
    right = tuple(Mark(1, "A", prose(*blank.label, " right")) for blank in blanks)
    earlier = tuple(i for i in range(place) if works[i].plan == work.plan)
    return Part(
        stem=(Paragraph(_asked(work)),),
        response=Numeric(blanks),
        marks=len(methods) + len(right),
        scheme=(*methods, *right),
        solution=_solution(works, place),
        hints=(prose(UPHILL if work.ask.new else BACKWARDS),),
        carries=earlier,
    )


def _asked(work: Work) -> Prose:
    if not work.ask.new:
        under = f" {work.ask.under}" if work.ask.under else ""
        return prose("Compute ", *listed(work.targets), f"{under}.")
    setting = work.plan.setting
    said = Relation((rate(setting.rate), NumberMatrix(((setting.rate,),))))
    [line] = work.plan.descent
    old = next(arrays_in(line.value))
    tight = "" if work.plan.is_exact else f" Here an answer counts if it is off by at most {UNITS}."
    return prose("One step of gradient descent with learning rate ", said, " replaces ",
                 old, " by ", line.target, ". Compute ", line.target,
                 f".{tight}")  # fmt: skip


def methods_of(ask: Ask, plan: Plan) -> tuple[str, ...]:
    """Return what is marked besides the answers.

    Where these are short sums, the states alone; but not those for one answer, which they lead to.
    """
    if not plan.is_scalar or not plan.is_exact or plan.is_rectified:
        return ask.marks
    several = entries_of(ask, plan) > 1
    return tuple(text for text in ask.marks if (text == STATES) == several)


def entries_of(ask: Ask, plan: Plan) -> int:
    """Return how many numbers a part asks."""
    shapes = [plan.sizes.shape(t.shape) for t in ask.targets(plan)]
    return sum(rows * columns for rows, columns in shapes)


def value_of(matrix: Matrix, *, exact: bool = True) -> NumberMatrix:
    """Return a matrix for print, without zeros at the end where nothing was rounded."""
    entries = (tuple(map(plain, row)) if exact else row for row in matrix)
    return NumberMatrix(tuple(tuple(map(shown, row)) for row in entries))


def given_lines(given: dict[Array, Matrix]) -> Equations:
    """Return what a question gives."""
    return Equations(tuple(Line(array, value_of(value)) for array, value in given.items()))


def rounding_note(plan: Plan) -> Prose:
    """Return how to round, if at all."""
    if plan.is_exact:
        return prose(EXACT_RULE)
    return prose(RULE)


def _solution(works: Sequence[Work], place: int) -> tuple[Block, ...]:
    """The lines that this part needs and no part before it has worked out."""
    work = works[place]
    known = work.plan.forward if work.plan.setting.shows_forward else ()
    before = [(w.plan == work.plan, lines_to(w.plan, w.targets)) for w in works[:place]]
    done = {x for same, lines in before for x in lines if same or x.step is None} | {*known}
    lines = [x for x in lines_to(work.plan, work.targets) if x not in done]
    exact = work.plan.is_exact
    seen = tuple(
        Line(x.target, Relation((x.value, value_of(work.worked[x.target], exact=exact))))
        for x in lines
    )
    rounded = "" if exact else f", each to {WORKED} decimals, as the next one uses it"
    return Paragraph(prose(f"Line by line{rounded}{slope_note(work.plan)}:")), Equations(seen)


def slope_note(plan: Plan) -> str:
    """Return what is said of the slope of a ReLU, where there is one."""
    return "; step is 1 where its argument is above 0, else 0" if plan.is_rectified else ""


@lru_cache(maxsize=1024)
def lines_to(plan: Plan, targets: tuple[Array, ...]) -> tuple[Worked, ...]:
    """The lines that some results rest on, in order."""
    wanted = set(targets)
    kept: list[Worked] = []
    for line in reversed(plan.lines):
        if line.target in wanted:
            kept.insert(0, line)
            wanted.update(arrays_in(line.value))
    return tuple(kept)
