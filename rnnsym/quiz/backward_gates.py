"""The backward pass of one step of a gated cell, its gates and what comes back given in numbers."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Paragraph, Prose, Relation, prose
from rnnsym.blocks import Line as Shown
from rnnsym.derivation import Derivation, Step
from rnnsym.derive import derive
from rnnsym.expr import STEPS, TIME, Array, Expr, Integer, Map, arrays_in
from rnnsym.expr import size as symbol
from rnnsym.item import Item, Proof
from rnnsym.quiz.backward_draws import drawn, read
from rnnsym.quiz.backward_items import (
    Ask,
    Work,
    given_lines,
    given_of,
    noticed,
    part_of,
    rounding_note,
)
from rnnsym.quiz.backward_numbers import worked_out
from rnnsym.quiz.backward_plan import Line, Plan, Setting, run
from rnnsym.quiz.backward_slips import mistaken, mistakes
from rnnsym.quiz.backward_walk import METHOD, prove_step
from rnnsym.quiz.derivation_lines import gradient_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of, equation_note, equations_of
from rnnsym.record import record
from rnnsym.system import build_system, read_model

__all__ = ["ALONE", "HERE", "LONG", "GateSpec", "gate_kind", "gate_plan"]

ALONE = Relation((symbol("d"), symbol("n"), Integer(1)))
"""The sizes of one unit."""
HERE, LONG = 3, 9
"""The step that is asked about, of so many."""
INVERTIBLE = {"sigmoid", "tanh"}
MOST_GIVEN, MOST_PARTS = 12, 6


@record
class GateSpec:
    """A kind of question about one step.

    Attributes:
        carry: asks what reaches the output of step t through step t + 1, not what reaches the
            gates of step t.
        methods: what method marks are for.
    """

    name: str
    carry: bool
    cells: tuple[str, ...]
    methods: tuple[str, ...]
    level: int
    minutes: int


def gate_kind(spec: GateSpec) -> Kind:
    """Return the kind of a specification."""

    def make(parameters: Parameters) -> Item:
        return _item(spec, parameters)

    def draw(subject: Parameters, draw: Draw) -> Parameters:
        plan = _plan(spec, subject)
        return (*subject, *drawn(plan, given_of((plan,)), draw))

    def subjects(cells: Sequence[str]) -> list[Parameters]:
        found = ((("model", c), ("convention", "textbook")) for c in cells or spec.cells)
        return [subject for subject in found if _suits(spec, subject)]

    def variants(subject: Parameters) -> int:
        return int(4 ** len(_plan(spec, subject).given))

    counts = [len(_targets(spec, _plan(spec, s))) + len(spec.methods) for s in subjects(())]
    return Kind(
        spec.name, "backward", "apply", (spec.level, spec.level), (min(counts), max(counts)),
        subjects, variants, draw, make,
    )  # fmt: skip


def _plan(spec: GateSpec, subject: Parameters) -> Plan:
    return gate_plan(dict(subject)["model"], carry=spec.carry)


def _suits(spec: GateSpec, subject: Parameters) -> bool:
    plan = _plan(spec, subject)
    functions = {e.rhs.name for e in plan.system.equations if e.fused and isinstance(e.rhs, Map)}
    sizes = set(plan.system.size_names) <= {"d", "n"}
    asked = len(_targets(spec, plan))
    fits = 0 < asked <= MOST_PARTS and len(plan.given) <= MOST_GIVEN
    return sizes and fits and bool(functions) and functions <= INVERTIBLE and _provable(plan)


@lru_cache(maxsize=256)
def _provable(plan: Plan) -> bool:
    """Tell whether what is given tells all of the rest: one draw is proven."""
    try:
        given = read(plan.given, drawn(plan, plan.given, Draw(0, "trial")))
        prove_step(plan, given, run(plan.lines, given, plan.numbers))
    except (KeyError, Unfair):  # the lines read an input, or there are paths past what is given
        return False
    return True


@lru_cache(maxsize=256)
def gate_plan(model: str, *, carry: bool) -> Plan:
    """Return the lines of one step of a cell, its gates and the adjoint of its output given."""
    system = build_system(read_model(model))
    derivation = derive(system)
    asked = "carry" if carry else "gates"
    setting = Setting(model, LONG, (asked,), loss_at="free", numbers="gates")
    every = tuple(_lines(derivation, carry=carry))
    wanted = {x.target for x in every if x.step is not None and _is_asked(x.step, carry=carry)}
    kept: list[Line] = []
    for line in reversed(every):
        if line.target in wanted:
            kept.insert(0, line)
            wanted.update(arrays_in(line.value))
    numbers = ((STEPS, LONG), (symbol("d"), 1), (symbol("n"), 1))
    return Plan(setting, system, numbers, tuple(kept))


def _is_asked(step: Step, *, carry: bool) -> bool:
    """The carry, or the adjoints of what lies in front of a gate."""
    return carry or step.factor is not None


def _lines(derivation: Derivation, *, carry: bool) -> Iterator[Line]:
    """Yield the equations that the gates feed, then all adjoints but the output's."""
    affine = {e.rhs.arg for e in derivation.system.equations if e.fused and isinstance(e.rhs, Map)}
    time = HERE + carry
    for equation in derivation.system.equations:
        if not equation.fused and equation.lhs not in affine:
            rule = _rule(time)
            yield Line(equation.lhs.xreplace(rule), equation.rhs.xreplace(rule), None, time)
    output, *others = derivation.adjoints
    for step in others:
        yield _line(step, time)
    if carry:
        yield _line(output, HERE)


def _rule(time: int) -> dict[Expr, Expr]:
    return {TIME: Integer(time), STEPS: Integer(LONG)}


def _line(step: Step, time: int) -> Line:
    rule = _rule(time)
    return Line(step.target.xreplace(rule), step.value().xreplace(rule), step, time)


def _targets(spec: GateSpec, plan: Plan) -> tuple[Array, ...]:
    if spec.carry:
        return (plan.backward[-1].target,)
    return tuple(x.target for x in plan.backward if x.step and _is_asked(x.step, carry=False))


# The item


def _item(spec: GateSpec, parameters: Parameters) -> Item:
    plan = _plan(spec, parameters)
    given = read(given_of((plan,)), parameters)
    exact, worked = worked_out(plan, given)
    known = {**given, **worked}
    wrong = tuple((m.name, m.why, mistaken(plan, m, known, plan.places)) for m in mistakes(plan))
    names = tuple(x.step.name for x in plan.backward if x.step and x.target in _targets(spec, plan))
    work = Work(Ask(names, marks=spec.methods), plan, exact, worked, wrong)
    noticed([work])
    part = part_of([work], 0)
    prove_step(plan, given, exact)
    return Item(
        id=identifier(spec.name, parameters),
        kind=spec.name,
        topic="backward",
        level=spec.level,
        minutes=spec.minutes,
        convention="textbook",
        parameters=parameters,
        stem=(*_model_stem(spec, plan), given_lines(given), Paragraph(rounding_note(plan))),
        parts=(part,),
        proof=Proof(METHOD, "≤ 1e-12"),
        tags=(dict(parameters)["model"],),
    )


@lru_cache(maxsize=256)
def _model_stem(spec: GateSpec, plan: Plan) -> tuple[Block, ...]:
    """What the cell is, what each δ means, and which of them count every path already."""
    system = plan.system
    adjoints = [a for a in given_of((plan,)) if a.family.role == "adjoint"]
    shown = [*adjoints, *(x.target for x in plan.backward)]
    meaning = [
        Shown(a, gradient_of(system, a).xreplace({TIME: a.time}))
        for a in dict.fromkeys(shown)
        if a.time is not None
    ]
    title = cell_of(system).title
    return (
        Paragraph(prose(f"One unit of the cell “{title}”, with ", ALONE,
                        ": each step is computed by")),
        equations_of(system),
        Paragraph(prose(*equation_note(system), *_loss_note(plan))),
        Paragraph(prose("Every δ counts all paths to the loss; δ of a gate or of the candidate is "
                        "taken in front of its function, at its pre-activation a:")),
        Equations(tuple(meaning)),
        Paragraph(prose("Given are these values:")),
    )  # fmt: skip


def _loss_note(plan: Plan) -> Prose:
    term = plan.system.loss_terms[0]
    if all(a.name != term.given.name for a in plan.given):
        return ()
    reached = derive(plan.system).adjoints[0].target
    return prose(" ", term.given, " is what the loss of step ", TIME, " adds to ", reached,
                 " directly.")  # fmt: skip
