"""What a question about a backward pass tells: equations, loss, numbers, and how to round."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Relation, prose
from rnnsym.derive import derive
from rnnsym.equations import Equation, LossTerm, System
from rnnsym.expr import (
    BOUND,
    STEPS,
    Array,
    Constant,
    Integer,
    Node,
    Rational,
    apply,
    matmul,
    minus,
    scale,
    sigma,
    size,
    transpose,
)
from rnnsym.quiz.backward_guesses import GUESS, guesses
from rnnsym.quiz.backward_items import given_of, rounding_note, value_of
from rnnsym.quiz.backward_plan import Given, Plan, run
from rnnsym.quiz.by_hand import WORKED
from rnnsym.quiz.derivation_lines import LOSS, gradient_of, listed
from rnnsym.quiz.subject import logistic_note

__all__ = ["stem"]

PLACES = {"every": "with a term at every step", "last": "at the last step only"}


def stem(plans: tuple[Plan, ...], given: Given, note: Prose = ()) -> tuple[Block, ...]:
    """Return what all parts are told."""
    return (
        *_model_stem(plans),
        *((Paragraph(note),) if note else ()),
        Paragraph(prose("Given are")),
        Equations((*_constants(plans[0].system), *_lines(given, given_of(plans)))),
        *(_forward(plans[0], given) if plans[0].setting.shows_forward else ()),
        Paragraph(rounding_note(plans[0])),
    )


@lru_cache(maxsize=256)
def _constants(system: System) -> tuple[Line, ...]:
    """The numbers of a cell that have a name."""
    found = dict.fromkeys(c for e in system.equations for c in e.rhs.atoms(Constant))
    ranked = sorted(found, key=lambda constant: constant.name)
    return tuple(Line(c, value_of(((Decimal(str(float(c.value))),),))) for c in ranked)


def _lines(values: Given, arrays: Iterable[Array], *, exact: bool = True) -> tuple[Line, ...]:
    return tuple(Line(array, value_of(values[array], exact=exact)) for array in arrays)


@lru_cache(maxsize=256)
def _model_stem(plans: tuple[Plan, ...]) -> tuple[Block, ...]:
    system, setting = plans[0].system, plans[0].setting
    sizes = [Relation((size(name), Integer(value))) for name, value in setting.sizes]
    readout = len(system.blocks) > 1
    bias = "" if setting.bias else ", without biases,"
    linear = prose("a linear readout s, ") if readout else ()
    read = "inputs" if setting.steps > 1 else "input"
    losses = {p.setting.loss_at: Line(LOSS, _loss(p)) for p in plans}
    said = " and the loss ".join(PLACES[at] for at in losses)
    said += " are, in this order," if len(losses) > 1 else " is"
    asked = {line.target.family for plan in plans for line in plan.backward} if readout else ()
    meaning = tuple(
        Line(s.target, gradient_of(system, s.target))
        for s in derive(system).adjoints
        if not readout or s.target.family in asked
    )
    return (
        Paragraph(prose("A recurrent network with ", *linear, *listed(sizes), f"{bias} reads ",
                        Relation((STEPS, Integer(setting.steps))), f" {read}; at each step")),
        *_equations(plans[0]),
        Paragraph(prose("Convention: column vectors, as written here.", *logistic_note(system),
                        f" The loss {said}")),
        Equations(tuple(losses.values())),
        Paragraph(prose(*_target(plans[0]),
                        "and δ is short for a gradient that counts every path to the loss:")),
        Equations(meaning),
    )  # fmt: skip


def _equations(plan: Plan) -> Iterator[Block]:
    """The equations of each step, then those of the last one only."""
    each: list[Equation] = []
    once: list[Equation] = []
    for equation in (*plan.system.equations, *guesses(plan.system)):
        (once if equation.time is None else each).append(equation)
    yield Equations(tuple(Line(e.lhs, e.rhs, shape=e.lhs.shape) for e in each))
    if once:
        yield Paragraph(prose("and after the last step"))
        yield Equations(tuple(Line(e.lhs, e.rhs, shape=e.lhs.shape) for e in once))


def _loss(plan: Plan) -> Node:
    """The loss as a formula, its ½ and its sum over the steps in sight."""
    term = plan.system.loss_terms[0]
    index = BOUND if term.time is not None else STEPS
    y, given = (Array(a.family, a.shape, None, index) for a in (term.target, term.given))
    if term.kind == "cross-entropy":
        guess = Array(GUESS, y.shape, None, index)
        return scale(-1, _summed(term, matmul(transpose(given), apply("log", guess))))
    off = minus(y, given)
    square = apply("square", off) if plan.is_scalar else matmul(transpose(off), off)
    return _summed(term, scale(Rational(1, 2), square))


def _summed(term: LossTerm, each: Node) -> Node:
    return each if term.time is None else sigma(each, BOUND, term.time.first, term.time.last)


def _target(plan: Plan) -> Prose:
    if len(plan.system.blocks) == 1:
        return ()
    [term] = plan.system.loss_terms
    if term.kind == "cross-entropy":
        return prose("where ", term.given, " is 1 at the right class and 0 elsewhere, log is "
                     "the natural logarithm, ")  # fmt: skip
    return prose("where ", term.given, " is the target, ")


def _forward(plan: Plan, given: Given) -> tuple[Block, ...]:
    found = run(plan.forward, {a: given[a] for a in plan.given}, plan.numbers, plan.places)
    rounded = "" if plan.is_exact else f", to {WORKED} decimals,"
    lines = _lines(found, plan.seen, exact=plan.is_exact)
    return Paragraph(prose(f"The forward pass gave{rounded}")), Equations(lines)
