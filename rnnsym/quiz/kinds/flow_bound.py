"""What is left of a gradient at most, whatever the inputs are: γ|U| to the power of the steps."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from rnnsym.blocks import Paragraph, Partial, Prose, Relation, prose
from rnnsym.expr import TIME, Array, Expr, Integer, Map, Node, Symbol, arrays_in
from rnnsym.flow.bounds import chain_bounds
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.quiz.derivation_flow import cell_blocks, one_unit, power, scientific, ten_to
from rnnsym.quiz.derivation_paths import chain_of, has_chain
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import INPUT
from rnnsym.quiz.wrong_numbers import told_apart
from rnnsym.record import record

__all__ = ["KIND", "MISCONCEPTIONS"]

NAME = "flow_bound"
CELLS = ("logistic-rnn", "vanilla")
SQUASHING = ("sigmoid", "tanh")
"""Functions that are steepest at 0, and nearly flat far from it."""
FACTORS = ("0.2", "0.3", "0.4", "0.6", "0.7", "0.8", "0.9", "1.2", "1.5")
SIGNS = (1, -1)
STEPS = ("10", "15", "20", "25", "30", "40", "50")
TOLERANCE = Decimal("0.1")
ONE = Decimal(1)
A, B, K = (Symbol(name) for name in "abk")
TAKEN = {
    "σ": (("slope left out", Fraction(1)), ("value taken for slope", Fraction(1, 2))),
    "tanh": (("slope of σ taken", Fraction(1, 4)),),
}
"""What is taken for the largest slope of a function."""
RISE, EXACT = Decimal("1e-8"), Decimal("1e-12")
AROUND = tuple(map(Decimal, ("-3", "-1", "-0.4", "0.4", "1", "3")))
"""Pre-activations at which the slope is looked at too."""
MISCONCEPTIONS = {
    "slope left out": "The slope of {function} at each step is a factor too, at most {gamma}.",
    "value taken for slope": "At 0 the value of {function} is 1/2; its slope there is {gamma}.",
    "slope of σ taken": "The largest slope of σ is 1/4; that of {function} is {gamma}.",
    "weight left out": "The recurrent weight is a factor of each step too.",
    "sign kept": "An absolute value is asked for: the sign of the weight does not matter.",
    "multiplied, not raised": "The factors are multiplied with each other, not added up.",
    "bound turned round": "{gamma} times the value is to be 1: divide 1 by {gamma}.",
}


@record
class Unit:
    """A cell with one unit, whose state is a function of an affine map.

    Attributes:
        rule: the state's equation as its file writes it.
        gamma: the largest slope of the function.
        weight: multiplies the old state.
        reads: multiplies the input.
        jacobian: of the state by the one before.
    """

    rule: Map
    gamma: Fraction
    weight: Array
    reads: Array
    state: Array
    jacobian: Node

    @property
    def function(self) -> str:
        """The function as it is printed."""
        return "σ" if self.rule.name == "sigmoid" else self.rule.name

    def bound(self, weight: Decimal, gamma: Fraction | None = None) -> Decimal:
        """Return γ|U|, with this γ or another one."""
        return _times(gamma or self.gamma, abs(weight))


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or CELLS
        if _found(name) is not None
    ]


@lru_cache(maxsize=256)
def _found(model: str) -> Unit | None:
    """Return what a model's bound γ|U| is made of, None where it has no such bound."""
    chain = chain_of(model) if has_chain(model) else None
    bound = chain_bounds(chain).simple if chain else None
    cell = chain.block.cell if chain else None
    if chain is None or cell is None or bound is None:
        return None
    [block] = chain.blocks
    rule, jacobian = cell.written[block.of.name], block.value
    given = [a for a in arrays_in(rule) if a.time is None and a not in cell.biases]
    match rule, list(bound.norms), [a for a in given if a not in bound.norms]:
        case Map(), [Array() as weight], [reads] if rule.name in SQUASHING and jacobian is not None:
            return Unit(rule, bound.number, weight, reads, block.of, jacobian)
        case _:
            return None


def _unit(model: str) -> Unit:
    unit = _found(model)
    if unit is None:
        raise Unfair(f"{model} has no bound γ|U|")
    return unit


def _variants(_subject: Parameters) -> int:
    return len(FACTORS) * len(SIGNS) * len(STEPS)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    factor = Decimal(draw.choice("factor", FACTORS)) * draw.choice("sign", SIGNS)
    weight = _times(1 / _unit(dict(subject)["model"]).gamma, factor)
    return (*subject, ("U", f"{weight:f}"), ("steps", draw.choice("steps", STEPS)))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, weight, steps = values["model"], Decimal(values["U"]), int(values["steps"])
    unit = _unit(model)
    factor = unit.bound(weight)
    parts = _one(unit, weight), _many(unit, weight, steps), _limit(unit)
    _prove(model, weight, steps, power(factor, steps))
    given = Relation((unit.weight, Symbol(shown(weight))))
    acts = Relation((unit.reads, Integer(0)), "≠")
    said = prose("Let every vector have one entry, with ", given, " and ", acts, ".")
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=3,
        minutes=6,
        convention=values["convention"],
        parameters=parameters,
        stem=(*cell_blocks(model), Paragraph(said)),
        parts=parts,
        proof=Proof(
            "the state's own equation run with inputs that put its function at 0, and elsewhere",
            "≤ 1e-12",
        ),
        tags=(model, "threshold", "vanishing" if factor < 1 else "exploding"),
    )


def _times(number: Fraction, value: Decimal) -> Decimal:
    return (value * number.numerator / number.denominator).normalize() + 0


@lru_cache(maxsize=64)
def _prove(model: str, weight: Decimal, steps: int, left: Decimal) -> None:
    """Run the state's equation with inputs that put its function at 0.

    Raises:
        Unfair: what a step then does is not the largest, or its power is another.
    """
    unit = _unit(model)
    steepest = _slope(unit, weight, Decimal(0))
    if abs(power(steepest, steps) / left - 1) > EXACT:
        raise Unfair(f"running the equation gives {power(steepest, steps)}, not {left}")
    if any(_slope(unit, weight, at) >= steepest for at in AROUND):
        raise Unfair("the function is steeper elsewhere")


def _slope(unit: Unit, weight: Decimal, at: Decimal) -> Decimal:
    """Return how far a step goes with its old state, by differences, at this pre-activation."""
    old = Decimal("0.3")
    fixed = {
        (unit.weight.name, 0): weight,
        (unit.reads.name, 0): Decimal(1),
        (INPUT.name, 1): at - weight * old,
    }
    state = (unit.state.name, 0)
    high, low = (one_unit(unit.rule, {**fixed, state: old + d}) for d in (RISE, -RISE))
    return abs(high - low) / (2 * RISE)


# Parts


def _over(unit: Unit, last: Expr | None = None) -> Partial:
    """Return the derivative of the last state with respect to the initial one, or over one step."""
    if last is None:
        return Partial(unit.state, unit.state.xreplace({TIME: TIME - 1}))
    return Partial(unit.state.xreplace({TIME: last}), unit.state.xreplace({TIME: Integer(0)}))


def _size(unit: Unit, last: Expr | None = None) -> Prose:
    return prose("|", _over(unit, last), "|")


def _slip(unit: Unit, name: str, value: Decimal) -> WrongNumber:
    why = MISCONCEPTIONS[name].format(gamma=unit.gamma, function=unit.function)
    return WrongNumber(value, name, prose(why))


def _one(unit: Unit, weight: Decimal) -> Part:
    factor = unit.bound(weight)
    slips = [_slip(unit, name, unit.bound(weight, x)) for name, x in TAKEN[unit.function]]
    slips.append(_slip(unit, "weight left out", unit.bound(ONE)))
    if weight < 0:
        slips.append(_slip(unit, "sign kept", -factor))
    if any(slip.value == factor for slip in slips):
        raise Unfair("a mistake gives the bound")
    worked = f"{unit.gamma} · {shown(abs(weight))} = {shown(factor)}"
    jacobian = Relation((_over(unit), unit.jacobian))
    steepest = f"largest slope of {unit.function}: {unit.gamma}"
    return Part(
        (Paragraph(prose("At most how large is ", *_size(unit), ", whatever the inputs are?")),),
        Numeric((Blank(prose("bound"), factor, Decimal(0), told_apart(slips)),)),
        2,
        (
            Paragraph(prose(jacobian, f". The slope of {unit.function} is at most {unit.gamma}, "
                            "which it is at 0; so ", *_size(unit), f" ≤ {unit.gamma} · |",
                            unit.weight, f"| = {worked}.")),
        ),
        (Mark(1, "M", prose(steepest)), Mark(1, "A", prose(worked))),
    )  # fmt: skip


def _many(unit: Unit, weight: Decimal, steps: int) -> Part:
    factor = unit.bound(weight)
    mantissa, exponent = scientific(power(factor, steps))
    found = [(name, power(unit.bound(weight, x), steps)) for name, x in TAKEN[unit.function]]
    found.append(("weight left out", power(unit.bound(ONE), steps)))
    found.append(("multiplied, not raised", factor * steps))
    slips = (_slip(unit, name, Decimal(value.adjusted())) for name, value in found)
    wrong = told_apart(slip for slip in slips if slip.value != exponent)
    answer = prose(f"{shown(mantissa)} · ", ten_to(exponent))
    return Part(
        (
            Paragraph(
                prose("At most how large is ", *_size(unit, Integer(steps)), ", whatever the "
                      "inputs are? Write it as ", A, " · 10 to the power of ", B, ", where 1 ≤ ", A,
                      " < 10 has one decimal. Keep four significant digits on the way; ", A,
                      f" counts if it is at most {TOLERANCE} off.")
            ),
        ),
        Numeric((
            Blank(prose(A), mantissa, TOLERANCE),
            Blank(prose(B), Decimal(exponent), Decimal(0), wrong),
        )),
        2,
        (
            Paragraph(prose(f"The derivative over {steps} steps is the product of those of the "
                            "steps, each of which is at most the bound of (a): ",
                            Symbol(shown(factor)) ** steps, " = ", *answer,
                            ". Inputs that keep every pre-activation at 0 reach it.")),
        ),
        (
            Mark(1, "M", prose("the bound of one step, raised to the power of the steps")),
            Mark(1, "A", answer),
        ),
        carries=(0,),
    )  # fmt: skip


def _limit(unit: Unit) -> Part:
    gamma = unit.gamma
    limit = _times(1 / gamma, ONE)
    slips = [_slip(unit, name, _times(1 / x, ONE)) for name, x in TAKEN[unit.function]]
    if gamma != 1:
        slips.append(_slip(unit, "bound turned round", _times(gamma, ONE)))
    side = prose("|", unit.weight, "|")
    first = prose("largest slope 1") if gamma == 1 else prose(f"{gamma} · ", *side, " < 1")
    return Part(
        (
            Paragraph(
                prose("Now let ", unit.weight, " be any number. For every ", *side, " below some "
                      "value, ", _over(unit, K), " tends to 0 as ", K, " grows, whatever the "
                      "inputs are. What is the largest such value?")
            ),
        ),
        Numeric((Blank(prose("largest value"), limit, Decimal(0), told_apart(slips)),)),
        1,
        (
            Paragraph(prose(f"The bound of one step, {gamma} · ", *side, ", is below 1 where ",
                            *side, f" < {shown(limit)}. From there on, inputs that keep every "
                            "pre-activation at 0 keep it from vanishing.")),
        ),
        (Mark(1, "A", prose(*first, ", so ", *side, f" < {shown(limit)}")),),
    )  # fmt: skip


KIND = Kind(NAME, "gradient-flow", "apply", (3, 3), (5, 5), _subjects, _variants, _draw, _make)
