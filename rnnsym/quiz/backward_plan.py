"""The lines of backpropagation through a few steps of one cell, every index a number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from rnnsym.derivation import Derivation, Step, Term
from rnnsym.derive import derive, needed
from rnnsym.equations import System
from rnnsym.expr import (
    STEPS,
    TIME,
    Array,
    Expr,
    Family,
    Integer,
    Map,
    Node,
    Plus,
    Softmax,
    arrays_in,
    fill_like,
)
from rnnsym.expr import size as symbol
from rnnsym.numeric.sizes import Sizes
from rnnsym.quiz.backward_descent import descended, new, rate
from rnnsym.quiz.backward_guesses import guessed, guesses
from rnnsym.quiz.by_hand import WORKED
from rnnsym.quiz.decimals import Numbers, Place, kept
from rnnsym.quiz.line_by_line import Line as Ready
from rnnsym.quiz.line_by_line import ready, rounding, worked
from rnnsym.quiz.numbers import Matrix
from rnnsym.record import record
from rnnsym.system import build_system, read_model

__all__ = ["Given", "Line", "Plan", "Setting", "place_of", "plan_of", "run", "truncated"]

Given = Mapping[Array, Matrix]


@record
class Setting:
    """What is worked: a model of one layer, perhaps with a readout, how long, and its loss.

    Attributes:
        asked: the lines that are wanted, by their names (``delta_h``, ``dU``).
        sizes: n, d … as numbers.
        truncate: states are detached every so many steps.
        numbers: from which pool numbers are drawn, "" for the one that suits the model.
        shows_forward: what the backward pass reads of the forward pass is told.
        descent: the gradients that a step of gradient descent follows.
        rate: the learning rate of that step.
    """

    model: str
    steps: int
    asked: tuple[str, ...]
    loss_at: str = "every"
    bias: bool = False
    sizes: tuple[tuple[str, int], ...] = (("d", 1), ("n", 1))
    truncate: int | None = None
    numbers: str = ""
    loss: str = "squared"
    shows_forward: bool = False
    descent: tuple[str, ...] = ()
    rate: str = ""


@record
class Line:
    """One line: ``target = value``, every index a number, terms that do not exist left out.

    Attributes:
        step: the line of the derivation with the terms that exist here, its index still t; None
            for an equation of the forward pass and for a step of gradient descent.
        time: which step this is, 0 for a gradient or a new value that belongs to none.
    """

    target: Array
    value: Node
    step: Step | None
    time: int

    def __hash__(self) -> int:
        return hash((self.target, self.value))


@dataclass(frozen=True)
class Plan:
    """All lines that lead to what is asked, in the order in which they are computed."""

    setting: Setting
    system: System
    numbers: Numbers
    lines: tuple[Line, ...]

    def __hash__(self) -> int:
        return hash(self.setting)

    @cached_property
    def given(self) -> tuple[Array, ...]:
        """What the lines read and do not define, in the order of reading."""
        defined = {line.target for line in self.lines}
        read = (a for line in self.lines for a in arrays_in(line.value))
        return tuple(dict.fromkeys(a for a in read if a not in defined))

    @cached_property
    def forward(self) -> tuple[Line, ...]:
        """The lines of the forward pass."""
        return tuple(line for line in self.lines if line.step is None and line.time)

    @cached_property
    def backward(self) -> tuple[Line, ...]:
        """The lines of the backward pass."""
        return tuple(line for line in self.lines if line.step is not None)

    @cached_property
    def descent(self) -> tuple[Line, ...]:
        """The lines of a step of gradient descent."""
        return tuple(line for line in self.lines if line.step is None and not line.time)

    def targets(self, name: str) -> tuple[Array, ...]:
        """Return what the lines of one name give, in the order of the lines."""
        return tuple(x.target for x in self.backward if x.step is not None and x.step.name == name)

    @cached_property
    def seen(self) -> tuple[Array, ...]:
        """What the backward pass reads of the forward pass."""
        read = {array for line in self.backward for array in arrays_in(line.value)}
        return tuple(line.target for line in self.forward if line.target in read)

    def renewed(self, name: str) -> tuple[Array, ...]:
        """Return the new values of what the lines of one name are gradients of."""
        read = set(self.targets(name))
        return tuple(x.target for x in self.descent if read.intersection(arrays_in(x.value)))

    @cached_property
    def asked(self) -> tuple[Array, ...]:
        """What the lines give that are wanted."""
        found = (t for name in self.setting.asked for t in self.targets(name))
        return (*found, *(line.target for line in self.descent))

    @cached_property
    def is_exact(self) -> bool:
        """Whether the lines hold nothing but sums and products, so that nothing is rounded."""
        maps = {f.name for line in self.lines for f in line.value.atoms(Map)}
        return maps <= {"relu", "step"} and not any(x.value.atoms(Softmax) for x in self.lines)

    @cached_property
    def is_rectified(self) -> bool:
        """Whether there is a ReLU."""
        return any(f.name == "relu" for line in self.forward for f in line.value.atoms(Map))

    @cached_property
    def is_scalar(self) -> bool:
        """Whether every size is 1."""
        return all(value == 1 for _, value in self.setting.sizes)

    @property
    def places(self) -> int | None:
        """Decimals kept on the way, None where nothing is rounded."""
        return None if self.is_exact else WORKED

    @cached_property
    def has_one_unit(self) -> bool:
        """Whether states have one entry, whatever is read or guessed."""
        return dict(self.setting.sizes)["n"] == 1

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes as the oracle takes them."""
        return Sizes(self.system, dict(self.setting.sizes), self.setting.steps, 1)


@lru_cache(maxsize=512)
def plan_of(setting: Setting) -> Plan:
    """Return the lines of a setting.

    Raises:
        InputError: the model has no line of a name that is asked.
    """
    model = read_model(
        setting.model, loss=setting.loss, loss_at=setting.loss_at, bias=setting.bias
    )  # fmt: skip
    system = build_system(model)
    derivation = derive(system, setting.truncate)
    lines = (
        *_forward(system, setting.steps),
        *_adjoints(derivation, setting),
        *_gradients(derivation, setting),
        *_descent(derivation, setting),
    )
    sizes = ((symbol(name), value) for name, value in setting.sizes)
    return Plan(setting, system, ((STEPS, setting.steps), *sizes), lines)


def _at(setting_steps: int, time: int) -> dict[Expr, Expr]:
    return {STEPS: Integer(setting_steps), TIME: Integer(time)}


def _forward(system: System, steps: int) -> Iterator[Line]:
    for time in range(1, steps + 1):
        rule = _at(steps, time)
        for equation in (*system.equations, *guesses(system)):
            if equation.time is not None or time == steps:
                yield Line(equation.lhs.xreplace(rule), equation.rhs.xreplace(rule), None, time)


def _adjoints(derivation: Derivation, setting: Setting) -> Iterator[Line]:
    """Yield the adjoint lines that what is asked rests on, the last step first."""
    asked = [step for name in setting.asked for step in derivation.find(name)]
    wanted = {s.target for step in asked for s in (step, *needed(derivation, step))}
    for time in range(setting.steps, 0, -1):
        for step in derivation.adjoints:
            if step.target in wanted and (step.time is not None or time == setting.steps):
                yield _line(guessed(derivation.system, step), setting, time)


def _gradients(derivation: Derivation, setting: Setting) -> Iterator[Line]:
    for name in setting.asked:
        for step in derivation.find(name):
            if step in derivation.weights:
                yield _weight(step, setting)
            elif step in derivation.inputs:
                for time in range(setting.steps, 0, -1):
                    yield _line(step, setting, time)
            elif step in derivation.initial:
                yield _line(step, setting, 0)


def _descent(derivation: Derivation, setting: Setting) -> Iterator[Line]:
    for name in setting.descent:
        for step in derivation.find(name):
            value = descended(step.of, step.target, rate(setting.rate))
            yield Line(new(step.of), value, None, 0)


def _line(step: Step, setting: Setting, time: int) -> Line:
    terms = tuple(t for t in step.terms if _exists(step, t, setting, time))
    here = replace(step, terms=terms)
    rule = _at(setting.steps, time)
    return Line(step.target.xreplace(rule), here.value().xreplace(rule), here, time)


def _exists(step: Step, term: Term, setting: Setting, time: int) -> bool:
    if term.detached and setting.truncate and time % setting.truncate == 0 and time > 0:
        return False
    if term.time is None or step.time is None:
        return True
    rule = _at(setting.steps, time)
    return int(term.time.first.xreplace(rule)) <= time <= int(term.time.last.xreplace(rule))


def _weight(step: Step, setting: Setting) -> Line:
    """The sum over the steps, written out."""
    times = range(1, setting.steps + 1) if step.summed is not None else (0,)
    parts = [t.value.xreplace(_at(setting.steps, time)) for time in times for t in step.terms]
    if setting.truncate:
        step = replace(step, target=truncated(step.target))
    total: Node = fill_like(0, step.target)
    if parts:
        total = parts[0] if len(parts) == 1 else Plus(*parts)
    return Line(step.target, total, step, 0)


def truncated(gradient: Array) -> Array:
    """Return what stands for a gradient that truncation cuts: it is no derivative of the loss."""
    name, label = gradient.family.name, gradient.family.label
    return Array(Family(f"g_{name}", f"g_{{{label}}}"), gradient.shape)


# Numbers


@lru_cache(maxsize=8192)
def place_of(array: Array) -> Place:
    """Return where an array is kept."""
    return kept(array), "", None, None if array.time is None else int(array.time)


def run(
    lines: Sequence[Line], given: Given, numbers: Numbers, places: int | None = None
) -> dict[Array, Matrix]:
    """Return the value of every line; with ``places``, each rounded before it is used.

    Raises:
        Unfair: a value lies between two roundings, or there is none.
        KeyError: a line reads what nobody has.
    """
    known = {place_of(array): value for array, value in given.items()}
    found = worked(_ready(tuple(lines), numbers), known, rounding(places))
    return {line.target: found[place_of(line.target)] for line in lines}


@lru_cache(maxsize=4096)
def _ready(lines: tuple[Line, ...], numbers: Numbers) -> tuple[Ready, ...]:
    return ready(((place_of(line.target), line.target, line.value) for line in lines), numbers)
