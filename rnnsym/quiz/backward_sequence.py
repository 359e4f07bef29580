"""Questions about backpropagation through a few steps, in parts that build on each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.blocks import Block, Prose, prose
from rnnsym.errors import InputError
from rnnsym.item import Item, Proof
from rnnsym.quiz.backward_draws import drawn, read
from rnnsym.quiz.backward_items import (
    STATES,
    Ask,
    Work,
    entries_of,
    given_of,
    methods_of,
    noticed,
    part_of,
)
from rnnsym.quiz.backward_luck import lucky
from rnnsym.quiz.backward_numbers import Wrong, worked_out
from rnnsym.quiz.backward_plan import Given, Plan, Setting, plan_of
from rnnsym.quiz.backward_proof import METHOD, prove
from rnnsym.quiz.backward_slips import Mistake, mistaken, mistakes
from rnnsym.quiz.backward_stem import stem
from rnnsym.quiz.by_hand import minutes_for
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.record import record

__all__ = [
    "CARRIED", "STATES", "SUMMED", "Ask", "Spec", "sequence_kind", "solve", "stem_of", "suits",
]  # fmt: skip

TAUGHT = ("vanilla", "logistic-rnn", "relu-rnn", "linear")
MOST_LINES = 24
SUBJECT = frozenset(("model", "T", "k", "q", "loss", "loss at", "eta"))
"""The parameters that say which lines are worked; the others are numbers."""
CARRIED = (
    STATES,
    "each δ of h holds the loss's own term and what comes back from the next step",
)
SUMMED = ("a sum over all steps, each δ of a times what the parameter multiplies there",)
"""What method marks are for."""


@record
class Spec:
    """A kind of question about a backward pass.

    Attributes:
        asks: its parts.
        steps: how many steps, one subject for each.
        sizes: n and d.
        truncations: k for parts that are truncated.
        longest: so many lines at most.
        note: what the stem says of these parameters, beside the equations and the numbers.
        readouts: what a subject says of its readout, its loss and its learning rate, if any.
    """

    name: str
    asks: tuple[Ask, ...]
    steps: tuple[int, ...]
    level: int
    cells: tuple[str, ...] = TAUGHT
    loss_at: str = "every"
    bias: bool = False
    sizes: tuple[tuple[str, int], ...] = (("d", 1), ("n", 1))
    truncations: tuple[int, ...] = (0,)
    longest: int = MOST_LINES
    note: Callable[[Parameters], Prose] | None = None
    readouts: tuple[Parameters, ...] = ((),)

    def setting(self, subject: Parameters, ask: Ask) -> Setting:
        """Return what one part works with."""
        values = dict(subject)
        truncate = int(values["k"]) if ask.truncated else None
        setting = Setting(
            values["model"], int(values["T"]), self._names(), ask.loss_at or self.loss_at,
            self.bias, self.sizes, truncate,
        )  # fmt: skip
        return self._with_readout(setting, values) if "q" in values else setting

    def _with_readout(self, setting: Setting, values: Mapping[str, str]) -> Setting:
        return replace(
            setting,
            model=f"{setting.model}, dense:{values['q']}",
            sizes=(*self.sizes, ("q", int(values["q"]))),
            loss=values["loss"],
            loss_at=values["loss at"],
            shows_forward=True,
            descent=tuple(name for ask in self.asks if ask.new for name in ask.names),
            rate=values["eta"],
        )

    def _names(self) -> tuple[str, ...]:
        """All parts work out the same lines, so that their values can be told apart."""
        return tuple(dict.fromkeys(name for ask in self.asks for name in ask.names))

    def plans(self, subject: Parameters) -> tuple[Plan, ...]:
        """Return the lines of each part."""
        return _plans(self, tuple(pair for pair in subject if pair[0] in SUBJECT))


@lru_cache(maxsize=512)
def _plans(spec: Spec, subject: Parameters) -> tuple[Plan, ...]:
    return tuple(plan_of(spec.setting(subject, ask)) for ask in spec.asks)


def sequence_kind(spec: Spec) -> Kind:
    """Return the kind of a specification."""

    def make(parameters: Parameters) -> Item:
        return _item(spec, parameters)

    def draw(subject: Parameters, draw: Draw) -> Parameters:
        plans = spec.plans(subject)
        widest = max(plans, key=lambda plan: len(plan.given))
        return (*subject, *drawn(widest, given_of(plans), draw))

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
        for readout in spec.readouts
        for subject in [(*_subject(name, steps, k), *readout)]
        if k < steps and suits(spec, subject) and not _hides(spec.plans(subject)[0])
    ]


def _subject(model: str, steps: int, truncate: int) -> Parameters:
    cut = (("k", str(truncate)),) if truncate else ()
    return (("model", model), ("convention", "textbook"), ("T", str(steps)), *cut)


def suits(spec: Spec, subject: Parameters) -> bool:
    """Tell whether a cell has the lines that are asked, and not too many."""
    try:
        plans = spec.plans(subject)
    except InputError:
        return False
    known = {name for name, _ in plans[0].setting.sizes}
    return known >= set(plans[0].system.size_names) and len(plans[0].lines) <= spec.longest


def _hides(plan: Plan) -> bool:
    """Tell whether a ReLU has too few steps to be off at one that is neither first nor last."""
    return plan.is_rectified and plan.has_one_unit and plan.setting.steps < 3


def _variants(spec: Spec, subject: Parameters) -> int:
    """At most so many: every entry takes at least four values."""
    plans = spec.plans(subject)
    shapes = (plans[0].sizes.shape(array.shape) for array in given_of(plans))
    entries: int = sum(rows * columns for rows, columns in shapes)
    return int(4**entries)


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
        minutes=max(_minutes(spec.plans(parameters)), sum(part.marks for part in parts)),
        convention="textbook",
        parameters=parameters,
        stem=stem_of(spec, parameters),
        parts=parts,
        proof=Proof(METHOD, "≤ 1e-12"),
        tags=(dict(parameters)["model"], "bptt"),
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
            wrong = tuple(_wrong(plan, mistake, {**own, **worked}) for mistake in mistakes(plan))
            found[plan] = Work(ask, plan, exact, worked, wrong)
        works.append(replace(found[plan], ask=ask))
    return tuple(replace(w, wrong=(*_rivals(w, works), *w.wrong)) for w in works)


def _wrong(plan: Plan, mistake: Mistake, known: Given) -> Wrong:
    """Return what a mistake gives, worked as the answers are: a hint is told from them.

    Raises:
        Unfair: it leaves an entry right by chance, which would then earn its mark.
    """
    found = mistaken(plan, mistake, known, plan.places)
    if lucky(plan, mistake, known, found):
        raise Unfair(f"'{mistake.name}' leaves an answer right")
    return mistake.name, mistake.why, found


def _rivals(work: Work, works: Sequence[Work]) -> Iterator[Wrong]:
    """The answers of other parts: another loss, another truncation."""
    for other in works:
        if other.plan != work.plan:
            why = prose(f"That is the value {other.ask.under}.")
            there = zip(work.targets, work.ask.targets(other.plan), strict=True)
            yield f"taken {other.ask.under}", why, {t: other.worked[o] for t, o in there}


@lru_cache(maxsize=256)
def _minutes(plans: tuple[Plan, ...]) -> int:
    told = {x for plan in plans if plan.setting.shows_forward for x in plan.forward}
    lines = dict.fromkeys(
        (x.target, x.value) for plan in plans for x in plan.lines if x not in told
    )
    return minutes_for((value for _, value in lines), plans[0].numbers)


def _marks(spec: Spec, subject: Parameters) -> int:
    plans = spec.plans(subject)
    parts = zip(spec.asks, plans, strict=True)
    return sum(entries_of(ask, plan) + len(methods_of(ask, plan)) for ask, plan in parts)


def stem_of(spec: Spec, parameters: Parameters) -> tuple[Block, ...]:
    """Return what all parts are told: equations, loss, numbers, and how to round."""
    plans = spec.plans(parameters)
    given = read(given_of(plans), parameters)
    return stem(plans, given, spec.note(parameters) if spec.note else ())
