"""At most how much of a gradient is left after k steps of a net with one unit: (γ|u|) to the k."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np

from rnnsym.blocks import Block, Paragraph, Partial, Prose, Relation, Written, prose
from rnnsym.expr import STEPS as LAST
from rnnsym.expr import TIME, Expr, Integer, Symbol, activation
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.numeric.oracle import FUNCTIONS, STEP
from rnnsym.quiz.derivation_flow import cell_blocks, power, scientific, ten_to
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.jacobian_claims import Claim, claim_of
from rnnsym.quiz.numbers import plain, shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND"]

NAME = "slope_bound"
CELLS = ("vanilla", "relu-rnn", "elman-output")
FACTORS = ("0.2", "0.3", "0.4", "0.6", "0.7", "0.8", "0.9", "1.2", "1.5")
"""What is to be raised: the weights are as much larger as γ is smaller."""
SIGNS = ("1", "-1")
STEPS = ("6", "8", "10", "12", "15", "20")
TOLERANCE = Decimal("0.1")
A, B = Symbol("a"), Symbol("b")
GAMMAS = {Fraction(1): "tanh", Fraction(1, 4): "σ"}
"""What may be taken for one another."""
OTHER = "another function's slope"
VALUE = Decimal("0.5")
"""Of σ at 0."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or CELLS
        if claim_of(name) is not None
    ]


def _of(parameters: Parameters) -> Claim:
    claim = claim_of(dict(parameters)["model"])
    if claim is None:
        raise Unfair("there is no bound γ|u|")
    return claim


def _variants(_subject: Parameters) -> int:
    return len(FACTORS) * len(SIGNS) * len(STEPS)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    size = Decimal(draw.choice("factor", FACTORS)) / _decimal(_of(subject).gamma)
    weight = plain(size * int(draw.choice("sign", SIGNS)))
    return (*subject, ("weight", str(weight)), ("steps", draw.choice("steps", STEPS)))


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    claim, weight, steps = _of(parameters), Decimal(values["weight"]), int(values["steps"])
    gamma = _decimal(claim.gamma)
    bound = power(gamma * abs(weight), steps)
    parts = (_slope(claim), _bound(claim, weight, steps, bound), _sure(claim))
    _prove(claim.function, weight, steps, bound)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=3,
        minutes=6,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(claim, weight),
        parts=parts,
        proof=Proof("slopes by the complex step on a fine grid, multiplied step by step", "≤ 1e-9"),
        tags=(claim.model, "vanishing" if gamma * abs(weight) < 1 else "exploding"),
    )


def _prove(function: str, weight: Decimal, steps: int, bound: Decimal) -> None:
    """Multiply the largest slope by the weight, step by step.

    Raises:
        Unfair: that is not the bound.
    """
    product = 1.0
    for _ in range(steps):
        product *= _largest(function) * abs(float(weight))
    if abs(product / float(bound) - 1) > 1e-9:
        raise Unfair(f"the largest product is {product}, not {bound}")


@lru_cache(maxsize=16)
def _largest(function: str) -> float:
    grid = np.arange(-80, 81) / 16
    return float(np.max(FUNCTIONS[function](grid + 1j * STEP).imag) / STEP)


def _over(claim: Claim, last: Expr) -> Partial:
    end, start = (claim.state.xreplace({TIME: time}) for time in (last, Integer(0)))
    return Partial(end, start)


def _stem(claim: Claim, weight: Decimal) -> tuple[Block, ...]:
    u = Relation((claim.matrix, Symbol(shown(weight))))
    said = prose("Let every vector have one entry, and ", u, ". Inputs and the other parameters "
                 "may be any numbers.")  # fmt: skip
    return (*cell_blocks(claim.model), Paragraph(said))


def _name(claim: Claim) -> str:
    return activation(claim.function).text


def _slope(claim: Claim) -> Part:
    wrong = tuple(
        WrongNumber(_decimal(other), OTHER, prose(f"That is the largest slope of {name}."))
        for other, name in GAMMAS.items()
        if other != claim.gamma
    )
    if claim.function == "sigmoid":
        half = WrongNumber(VALUE, "value for slope", prose("That is the value σ(0), not a slope."))
        wrong = (*wrong, half)
    gamma = _decimal(claim.gamma)
    rule = Written(activation(claim.function).rule)
    return Part(
        (Paragraph(prose(f"What is the largest value γ of the derivative of {_name(claim)}?")),),
        Numeric((Blank(prose("γ"), gamma, Decimal(0), wrong),)),
        1,
        (Paragraph(prose(rule, f", which is at most {shown(gamma)}.")),),
        (Mark(1, "B", prose(f"γ = {shown(gamma)}")),),
    )


def _bound(claim: Claim, weight: Decimal, steps: int, bound: Decimal) -> Part:
    mantissa, exponent = scientific(bound)
    size, gamma = abs(weight), _decimal(claim.gamma)
    factor = plain(size * gamma)
    over = _over(claim, Integer(steps))
    return Part(
        (
            Paragraph(
                prose("At most how large can |", over, "| be? Write the least bound that holds for "
                      "all inputs and parameters as ", A, " · 10 to the power of ", B, ", where "
                      "1 ≤ ", A, " < 10 has one decimal. Keep four significant digits on the way; ",
                      A, f" counts if it is at most {TOLERANCE} off.")
            ),
        ),
        Numeric((
            Blank(prose(A), mantissa, TOLERANCE),
            Blank(prose(B), Decimal(exponent), Decimal(0),
                  told_apart(_wrong(claim, size, steps, exponent))),
        )),
        3,
        (
            Paragraph(prose("By the chain rule ", over, f" is a product of {steps} factors, one "
                            "for each step: the slope at that step times ", claim.matrix, ".")),
            Paragraph(prose("The size of each factor is at most γ|", claim.matrix,
                            f"| = {shown(gamma)} · {shown(size)} = {shown(factor)}, so that of "
                            "the product is at most ", Symbol(shown(factor)) ** steps,
                            f" = {shown(mantissa)} · ", ten_to(exponent), ".")),
        ),
        (
            Mark(1, "M", prose("at most γ|", claim.matrix, f"| = {shown(factor)} a step")),
            Mark(1, "M", prose("raised to the power of the steps: ",
                               Symbol(shown(factor)) ** steps)),
            Mark(1, "A", prose(f"{shown(mantissa)} · ", ten_to(exponent))),
        ),
        carries=(0,),
    )  # fmt: skip


def _wrong(claim: Claim, size: Decimal, steps: int, exponent: int) -> Iterator[WrongNumber]:
    gamma = _decimal(claim.gamma)
    slips = (
        ("slope left out", power(size, steps), "Each step multiplies by a slope too."),
        ("weight left out", power(gamma, steps), "Each step multiplies by the weight too."),
        ("multiplied, not raised", size * gamma * steps, "Factors of the steps are multiplied."),
        ("slope counted once", gamma * power(size, steps), "Every step has a slope of its own."),
        *((OTHER, power(size * _decimal(other), steps),
           f"The largest slope of {_name(claim)} is {shown(gamma)}.")
          for other in GAMMAS if other != claim.gamma),
    )  # fmt: skip
    for name, value, why in slips:
        if value.adjusted() != exponent:
            yield WrongNumber(Decimal(value.adjusted()), name, prose(why))


def _sure(claim: Claim) -> Part:
    gamma = _decimal(claim.gamma)
    limit = plain(1 / gamma)
    matrix: Prose = ("|", claim.matrix, "|")
    slips = [
        (gamma, "γ for 1/γ", "It is 1/γ: the product of γ and the weight is to be below 1."),
        (Decimal(1), "slope left out", "The slope takes part in each factor."),
        *((plain(1 / _decimal(other)), OTHER, f"That is the limit for {name}.")
          for other, name in GAMMAS.items()),
    ]  # fmt: skip
    if claim.function == "sigmoid":
        slips.append((plain(1 / VALUE), "value for slope", "σ(0) is a value, not a slope."))
    wrong = told_apart(
        WrongNumber(value, name, prose(why)) for value, name, why in slips if value != limit
    )
    return Part(
        (
            Paragraph(
                prose("For ", *matrix, " below which number does |", _over(claim, LAST), "| tend "
                      "to 0 as ", LAST, " grows, whatever the inputs and the other parameters are? "
                      "Give the largest such number.")
            ),
        ),
        Numeric((Blank(matrix, limit, Decimal(0), wrong),)),
        1,
        (Paragraph(prose("The powers of γ", *matrix, " tend to 0 where it is below 1: for ",
                         *matrix, f" < 1/γ = {shown(limit)}. From there on, slopes of γ at every "
                         "step keep the derivative from tending to 0.")),),
        (Mark(1, "A", prose(*matrix, f" < 1/γ = {shown(limit)}")),),
        carries=(0,),
    )  # fmt: skip


KIND = Kind(NAME, "gradient-flow", "apply", (3, 3), (5, 5), _subjects, _variants, _draw, _make)
