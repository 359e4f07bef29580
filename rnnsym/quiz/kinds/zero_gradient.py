"""Which gradients are 0: a ReLU that is off, an input or a state of 0, a target that is met."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from rnnsym.blocks import Block, Equations, Line, Paragraph, Relation, prose
from rnnsym.expr import Array, Integer, Plus
from rnnsym.item import SEVERAL, Choice, Item, Mark, Option, Part, Proof
from rnnsym.quiz.backward_draws import label, read
from rnnsym.quiz.backward_items import given_of, slope_note, value_of
from rnnsym.quiz.backward_plan import Line as Worked
from rnnsym.quiz.backward_plan import Plan, plan_of, run
from rnnsym.quiz.backward_proof import METHOD, prove
from rnnsym.quiz.backward_sequence import Ask, Spec, stem_of, suits
from rnnsym.quiz.by_hand import SHOWN
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, as_text, rounded
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "zero_gradient"
ASKED = ("delta_h", "dW", "dU", "db", "dx", "dh_0")
OPTIONS, FEWEST = 5, 2
"""Options shown, and how many of them at least vanish, and do not: one zero must not settle all."""
POOL = tuple(map(Decimal, ("-2", "-1", "-0.5", "0.5", "1", "2")))
ZEROS = tuple(map(Decimal, ("-1", "0", "0", "1", "2")))
"""Zeros on purpose, for what has a time: inputs, states and targets."""
LEAST = Decimal("0.01")
SPECS = {
    at: Spec(NAME, (Ask(ASKED),), steps=(2,), level=3, loss_at=at, bias=True)
    for at in ("every", "last")
}


def _subjects(cells: Sequence[str]) -> list[Parameters]:
    found = [
        (("model", cell), ("convention", "textbook"), ("T", "2"), ("loss_at", at))
        for cell in cells or ("relu-rnn",)
        for at in SPECS
    ]
    return [subject for subject in found if suits(_spec(subject), subject)]


def _spec(parameters: Parameters) -> Spec:
    return SPECS[dict(parameters)["loss_at"]]


def _plan(parameters: Parameters) -> Plan:
    spec = _spec(parameters)
    return plan_of(spec.setting(parameters, spec.asks[0]))


def _variants(subject: Parameters) -> int:
    return int(4 ** len(_plan(subject).given))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    drawn = [
        (label(array), draw.choice(label(array), POOL if array.time is None else ZEROS))
        for array in given_of((_plan(subject),))
    ]
    return (*subject, *((name, as_text(((value,),))) for name, value in drawn))


def _make(parameters: Parameters) -> Item:
    plan, spec = _plan(parameters), _spec(parameters)
    given = read(given_of((plan,)), parameters)
    exact = run(plan.lines, given, plan.numbers)
    _clear(plan, {**given, **exact})
    shown = _shown(plan, exact, arranger(NAME, parameters))
    prove(plan, given, exact)
    options = tuple(_option(line, exact) for line in shown)
    scheme = (Mark(4, "B", prose(f"all that are 0, and no other; {SEVERAL}")),)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="backward",
        level=spec.level,
        minutes=6,
        convention="textbook",
        parameters=parameters,
        stem=_stem(spec, parameters),
        parts=(Part((), Choice(options, several=True), 4, _solution(plan, exact), scheme),),
        proof=Proof(METHOD, "≤ 1e-12"),
        tags=(dict(parameters)["model"],),
    )


def _clear(plan: Plan, exact: dict[Array, Matrix]) -> None:
    """Look for what is nearly 0, for terms that cancel, and for a ReLU at its kink.

    Raises:
        Unfair: there is such a thing.
    """
    for line in plan.lines:
        size = abs(exact[line.target][0][0])
        if line.step is not None and 0 < size < LEAST:
            raise Unfair(f"{line.target} is nearly 0")
        if plan.is_rectified and line.target.name == "a" and size == 0:
            raise Unfair("a ReLU is taken at 0")
        if line.time == 0 and size == 0 and isinstance(line.value, Plus):
            terms = (replace(line, value=term) for term in line.value.children)
            if any(run([x], exact, plan.numbers)[line.target][0][0] for x in terms):
                raise Unfair(f"the terms of {line.target} cancel")


def _shown(plan: Plan, exact: dict[Array, Matrix], arrange: Draw) -> list[Worked]:
    """Some of the gradients, in any order, among them some that vanish and some that do not."""
    asked = [x for x in plan.backward if x.step is not None and x.step.name in ASKED]
    ranked = arrange.ranked("options", asked, lambda line: label(line.target))
    zeros = [line for line in ranked if not exact[line.target][0][0]]
    others = [line for line in ranked if line not in zeros]
    if min(len(zeros), len(others)) < FEWEST:
        raise Unfair(f"{len(zeros)} of {len(asked)} gradients vanish")
    first = [*zeros[:FEWEST], *others[:FEWEST]]
    shown = [*first, *(line for line in ranked if line not in first)][:OPTIONS]
    return [line for line in ranked if line in shown]


def _option(line: Worked, exact: dict[Array, Matrix]) -> Option:
    value = exact[line.target]
    said = Relation((line.target, line.value, value_of(_rounded(value))))
    if value[0][0] == 0:
        return Option(_claim(line), "", prose(said, "."))
    return Option(_claim(line), "a zero taken to silence everything", prose(said, ", not 0."))


def _claim(line: Worked) -> tuple[Relation]:
    return (Relation((line.target, Integer(0))),)


def _stem(spec: Spec, parameters: Parameters) -> tuple[Block, ...]:
    *told, _ = stem_of(spec, parameters)
    return (*told, Paragraph(prose("Which of these gradients are exactly 0?")))


def _solution(plan: Plan, exact: dict[Array, Matrix]) -> tuple[Block, ...]:
    lines = (
        Line(x.target, Relation((x.value, value_of(_rounded(exact[x.target]))))) for x in plan.lines
    )
    rule = "" if plan.is_exact else f", to {SHOWN} decimals"
    return Paragraph(prose(f"Line by line{rule}{slope_note(plan)}:")), Equations(tuple(lines))


def _rounded(matrix: Matrix) -> Matrix:
    return tuple(tuple(rounded(entry, SHOWN) for entry in row) for row in matrix)


KIND = Kind(NAME, "backward", "analyse", (3, 3), (4, 4), _subjects, _variants, _draw, _make)
