"""Questions with numbers about the backward pass of one cell, in parts that build on each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, NumberMatrix, Paragraph, Prose, Relation, prose
from rnnsym.derive import derive
from rnnsym.errors import InputError
from rnnsym.expr import (
    BOUND,
    STEPS,
    Array,
    Integer,
    Node,
    Rational,
    apply,
    arrays_in,
    matmul,
    minus,
    scale,
    sigma,
    transpose,
)
from rnnsym.item import Item, Mark, Numeric, Part, Proof
from rnnsym.quiz.backward_numbers import (
    Wrong,
    blanks_of,
    drawn,
    is_exact,
    plain,
    read,
    rectified,
    unnoticed,
    worked_out,
)
from rnnsym.quiz.backward_plan import Line as Worked
from rnnsym.quiz.backward_plan import Plan, Setting, plan_of
from rnnsym.quiz.backward_proof import METHOD, prove
from rnnsym.quiz.backward_slips import mistaken, mistakes
from rnnsym.quiz.derivation_lines import LOSS, gradient_of, listed
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.step import SHOWN, WORKED

__all__ = [
    "CARRIED",
    "SUMMED",
    "Ask",
    "Spec",
    "Work",
    "given_lines",
    "sequence_kind",
    "solve",
    "stem_of",
    "value_of",
]

TANH, RELU, LINEAR = "vanilla", "relu-rnn", "linear"
TAUGHT = (TANH, RELU, LINEAR)
MOST_LINES = 24
CARRIED = (
    "the states, from the equations",
    "each δ of h holds the loss's own term and what comes back from the next step",
)
SUMMED = ("a sum over all steps, each δ of a times what the matrix multiplies there",)
"""What method marks are for."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One part: the lines whose values are asked, under which loss and which truncation.

    Attributes:
        names: of lines, as a derivation calls them.
        under: said after what is asked, such as "with the loss at the last step only".
        marks: what the method marks of the part are for.
        first_only: of an adjoint, the first step alone is asked.
    """

    names: tuple[str, ...]
    under: str = ""
    loss_at: str = ""
    truncated: bool = False
    marks: tuple[str, ...] = ()
    first_only: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """A kind of question about a backward pass.

    Attributes:
        asks: its parts.
        steps: how many steps, one subject for each.
        sizes: n and d.
        truncations: k for parts that are truncated.
        note: said in the stem, with parameters in braces.
    """

    name: str
    asks: tuple[Ask, ...]
    steps: tuple[int, ...]
    level: int
    minutes: int
    cells: tuple[str, ...] = TAUGHT
    loss_at: str = "every"
    bias: bool = False
    sizes: tuple[tuple[str, int], ...] = (("d", 1), ("n", 1))
    truncations: tuple[int, ...] = (0,)
    note: str = ""

    def setting(self, subject: Parameters, ask: Ask) -> Setting:
        """Return what one part works with."""
        values = dict(subject)
        truncate = int(values["k"]) if ask.truncated else None
        return Setting(
            values["model"], int(values["T"]), self._names(), ask.loss_at or self.loss_at,
            self.bias, self.sizes, truncate,
        )  # fmt: skip

    def _names(self) -> tuple[str, ...]:
        """All parts work out the same lines, so that their values can be told apart."""
        return tuple(dict.fromkeys(name for ask in self.asks for name in ask.names))

    def plans(self, subject: Parameters) -> tuple[Plan, ...]:
        """Return the lines of each part."""
        return tuple(plan_of(self.setting(subject, ask)) for ask in self.asks)


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
        found = [t for name in self.ask.names for t in self.plan.targets(name)]
        return tuple(found[-1:]) if self.ask.first_only else tuple(found)


def sequence_kind(spec: Spec) -> Kind:
    """Return the kind of a specification."""

    def make(parameters: Parameters) -> Item:
        return _item(spec, parameters)

    def draw(subject: Parameters, draw: Draw) -> Parameters:
        plan = spec.plans(subject)[0]
        return (*subject, *drawn(plan, given_of(spec.plans(subject)), draw))

    marks = [_marks(spec, subject) for subject in _subjects(spec, ())]
    return Kind(
        spec.name, "backward", "apply", (spec.level, spec.level), (min(marks), max(marks)),
        lambda cells: _subjects(spec, cells), lambda subject: _variants(spec, subject), draw, make,
    )  # fmt: skip


def _subjects(spec: Spec, cells: Sequence[str]) -> list[Parameters]:
    return [
        subject
        for name in cells or spec.cells
        for steps in spec.steps
        for k in spec.truncations
        for subject in [_subject(name, steps, k)]
        if k < steps and _suits(spec, subject)
    ]


def _subject(model: str, steps: int, truncate: int) -> Parameters:
    cut = (("k", str(truncate)),) if truncate else ()
    return (("model", model), ("convention", "textbook"), ("T", str(steps)), *cut)


def _suits(spec: Spec, subject: Parameters) -> bool:
    """Tell whether a cell has the lines that are asked, and not too many."""
    try:
        plans = spec.plans(subject)
    except InputError:
        return False
    known = {name for name, _ in spec.sizes}
    needed = set(plans[0].system.size_names)
    return needed <= known and len(plans[0].lines) <= MOST_LINES and not _hides(plans[0])


def _hides(plan: Plan) -> bool:
    """Tell whether a ReLU has too few steps to be off at one that is neither first nor last."""
    scalar = dict(plan.setting.sizes)["n"] == 1
    return rectified(plan) and scalar and plan.setting.steps < 3


def given_of(plans: Sequence[Plan]) -> tuple[Array, ...]:
    """What the parts read: weights, then what has a time, by name and time."""
    found = dict.fromkeys(array for plan in plans for array in plan.given)
    weights = [array for array in found if array.time is None]
    names = dict.fromkeys(array.name for array in found if array.time is not None)
    timed = [[a for a in found if a.time is not None and a.name == name] for name in names]
    return (*weights, *(a for one in timed for a in sorted(one, key=lambda a: int(a.time or 0))))


def _variants(spec: Spec, subject: Parameters) -> int:
    """At most so many: every entry takes at least four values."""
    plans = spec.plans(subject)
    shapes = (plans[0].sizes.shape(array.shape) for array in given_of(plans))
    entries: int = sum(rows * columns for rows, columns in shapes)
    return int(4**entries)


# The item


def _item(spec: Spec, parameters: Parameters) -> Item:
    works = solve(spec, parameters)
    for plan in dict.fromkeys(work.plan for work in works):
        noticed([work for work in works if work.plan == plan])
    parts = tuple(part_of(works, place) for place in range(len(works)))
    for work in {work.plan: work for work in works}.values():
        prove(work.plan, read(work.plan.given, parameters), work.exact)
    return Item(
        id=identifier(spec.name, parameters),
        kind=spec.name,
        topic="backward",
        level=spec.level,
        minutes=spec.minutes,
        convention="textbook",
        parameters=parameters,
        stem=stem_of(spec, parameters),
        parts=parts,
        proof=Proof(METHOD, "≤ 1e-12"),
        tags=(dict(parameters)["model"],),
    )


def solve(spec: Spec, parameters: Parameters) -> tuple[Work, ...]:
    """Work out every part.

    Raises:
        Unfair: numbers that nobody wants to work with.
    """
    plans = spec.plans(parameters)
    given = read(given_of(plans), parameters)
    found: dict[Plan, Work] = {}
    works: list[Work] = []
    for ask, plan in zip(spec.asks, plans, strict=True):
        if plan not in found:
            own = {array: given[array] for array in plan.given}
            exact, worked = worked_out(plan, own)
            known = {**own, **exact}
            wrong = tuple((m.name, m.why, mistaken(plan, m, known)) for m in mistakes(plan))
            found[plan] = Work(ask, plan, exact, worked, wrong)
        works.append(replace(found[plan], ask=ask))
    return tuple(replace(w, wrong=(*_rivals(w, works), *w.wrong)) for w in works)


def noticed(works: Sequence[Work]) -> None:
    """Look for a misconception that nobody would notice in the answers.

    Raises:
        Unfair: there is one.
    """
    targets = {t: work.exact[t] for work in works for t in work.targets}
    if sum(not any(e for row in value for e in row) for value in targets.values()) > 1:
        raise Unfair("more than one answer is 0")
    name = unnoticed(targets, works[0].wrong)
    if name:
        raise Unfair(f"'{name}' gives every answer")


def _rivals(work: Work, works: Sequence[Work]) -> Iterator[Wrong]:
    """The answers of other parts: another loss, another truncation."""
    for other in works:
        if other.plan != work.plan:
            why = prose(f"That is the value {other.ask.under}.")
            yield f"taken {other.ask.under}", why, {t: other.exact[t] for t in work.targets}


def part_of(works: Sequence[Work], place: int) -> Part:
    work = works[place]
    blanks = tuple(
        blank
        for target in work.targets
        for blank in blanks_of(target, work.exact[target], work.worked[target], work.wrong)
    )
    under = f" {work.ask.under}" if work.ask.under else ""
    methods = tuple(Mark(1, "M", prose(text)) for text in work.ask.marks)
    right = tuple(Mark(1, "A", prose(t, " right")) for t in work.targets)
    earlier = tuple(i for i in range(place) if works[i].plan == work.plan)
    return Part(
        stem=(Paragraph(prose("Compute ", *listed(work.targets), f"{under}.")),),
        response=Numeric(blanks),
        marks=len(methods) + len(right),
        scheme=(*methods, *right),
        solution=_solution(works, place),
        hints=(prose("Work from the last step to the first."),),
        carries=earlier,
    )


def _marks(spec: Spec, subject: Parameters) -> int:
    plans = spec.plans(subject)
    targets = (
        1 if ask.first_only else sum(len(plan.targets(name)) for name in ask.names)
        for ask, plan in zip(spec.asks, plans, strict=True)
    )
    return sum(targets) + sum(len(ask.marks) for ask in spec.asks)


# Printing


def value_of(matrix: Matrix, *, exact: bool = True) -> NumberMatrix:
    """Return a matrix for print, without zeros at the end where nothing was rounded."""
    entries = (tuple(map(plain, row)) if exact else row for row in matrix)
    return NumberMatrix(tuple(tuple(map(shown, row)) for row in entries))


def given_lines(given: dict[Array, Matrix]) -> Equations:
    """Return what a question gives."""
    return Equations(tuple(Line(array, value_of(value)) for array, value in given.items()))


def stem_of(spec: Spec, parameters: Parameters) -> tuple[Block, ...]:
    """Return what all parts are told: equations, loss, numbers, and how to round."""
    plans = spec.plans(parameters)
    given = read(given_of(plans), parameters)
    note = spec.note.format(**dict(parameters))
    return (
        *_model_stem(plans),
        *((Paragraph(prose(note)),) if note else ()),
        Paragraph(prose("Given are")),
        given_lines(given),
        Paragraph(rounding_note(plans[0])),
    )


@lru_cache(maxsize=256)
def _model_stem(plans: tuple[Plan, ...]) -> tuple[Block, ...]:
    system, setting = plans[0].system, plans[0].setting
    forward = tuple(Line(e.lhs, e.rhs, shape=e.lhs.shape) for e in system.equations)
    sizes = ", ".join(f"{name} = {value}" for name, value in setting.sizes)
    bias = "" if setting.bias else ", and no biases,"
    losses = {p.setting.loss_at: Line(LOSS, _loss(p)) for p in plans}
    said = " or ".join(PLACES[at] for at in losses)
    meaning = tuple(Line(s.target, gradient_of(system, s.target)) for s in derive(system).adjoints)
    return (
        Paragraph(prose(f"A recurrent network with {sizes}{bias} reads ", STEPS, " = ",
                        Integer(setting.steps), " inputs; at each step")),
        Equations(forward),
        Paragraph(prose("Convention: column vectors, as written here. ", f"The loss {said} is")),
        Equations(tuple(losses.values())),
        Paragraph(prose("and δ is short for a gradient that counts every path to the loss:")),
        Equations(meaning),
    )  # fmt: skip


PLACES = {"every": "with a term at every step", "last": "at the last step only"}


def _loss(plan: Plan) -> Node:
    """The loss as a formula, its ½ and its sum over the steps in sight."""
    term = plan.system.loss_terms[0]
    index = BOUND if term.time is not None else STEPS
    y, given = (Array(a.family, a.shape, None, index) for a in (term.target, term.given))
    off = minus(y, given)
    scalar = all(value == 1 for _, value in plan.setting.sizes)
    half = scale(Rational(1, 2), apply("square", off) if scalar else matmul(transpose(off), off))
    return half if term.time is None else sigma(half, BOUND, term.time.first, term.time.last)


def rounding_note(plan: Plan) -> Prose:
    if is_exact(plan):
        return prose(f"All values come out with at most {SHOWN} decimals: do not round.")
    return prose(f"Keep {WORKED} decimals on the way; give {SHOWN}.")


def _solution(works: Sequence[Work], place: int) -> tuple[Block, ...]:
    """The lines that this part needs and no part before it has worked out."""
    work = works[place]
    before = [(w.plan == work.plan, lines_to(w.plan, w.targets)) for w in works[:place]]
    done = {x for same, lines in before for x in lines if same or x.step is None}
    lines = [x for x in lines_to(work.plan, work.targets) if x not in done]
    exact = is_exact(work.plan)
    seen = tuple(
        Line(x.target, Relation((x.value, value_of(work.worked[x.target], exact=exact))))
        for x in lines
    )
    rounded = "" if exact else f", each to {WORKED} decimals, as the next one uses it"
    return Paragraph(prose(f"Line by line{rounded}:")), Equations(seen)


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
