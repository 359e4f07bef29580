"""The bound (γ‖U‖)ᵏ: what the largest singular value decides, and what it leaves open."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np

from rnnsym.blocks import Block, NumberMatrix, Paragraph, Partial, Prose, prose
from rnnsym.expr import TIME, Array, Expr, Symbol
from rnnsym.flow.bounds import BoundTerm, chain_bounds
from rnnsym.item import Blank, Choice, Item, Mark, Numeric, Option, Part, Proof, WrongNumber
from rnnsym.quiz.by_hand import SHOWN
from rnnsym.quiz.derivation_flow import PLAIN, adds, cell_blocks
from rnnsym.quiz.derivation_lines import slope_of_relu, system_of
from rnnsym.quiz.derivation_paths import chain_of, has_chain
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, as_text, number_matrix, plain, read_matrix, rounded, shown
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND"]

NAME = "flow_threshold"
TURNS = (("3", "4"), ("4", "3"), ("-3", "4"), ("4", "-3"))
"""Perpendicular columns or rows of this shape have lengths without roots."""
FORMS = ("columns", "rows")
SCALES = ("0.04", "0.06", "0.08", "0.1", "0.12", "0.15", "0.3", "0.4", "0.5")
"""Of matrices whose slopes are at most 1, larger where γ is smaller. With these the bound is above
1 about as often as below, and the norm of a linear net is also where its spectral radius is not."""
K = Symbol("k")
LONG = 60
NEAR, APART = Decimal("0.05"), Decimal("0.015")
WHATEVER = ", whatever the inputs are."
ANSWERS = {
    "vanishes": f"It tends to 0{WHATEVER}",
    "open": "It depends on the inputs whether it tends to 0.",
    "explodes": f"It grows without limit{WHATEVER}",
}
NAMES = {
    "vanishes": "bound above 1 taken for below",
    "open": "sufficient condition missed",
    "explodes": "necessary taken for sufficient",
}


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("matrix", form))
        for name in cells or PLAIN
        if _bound(name) is not None
        for form in FORMS
    ]


@lru_cache(maxsize=256)
def _bound(model: str) -> BoundTerm | None:
    """The bound γ‖U‖ of one step, of a chain where there is such a one."""
    found = chain_bounds(chain_of(model)).simple if has_chain(model) else None
    one = found is not None and len(found.norms) == 1 and isinstance(found.norms[0], Array)
    return found if one else None


def _known(model: str) -> BoundTerm:
    bound = _bound(model)
    if bound is None:
        raise Unfair(f"{model} has no bound γ‖U‖")
    return bound


def _variants(_subject: Parameters) -> int:
    return len(TURNS) * len(SCALES) * (len(SCALES) - 1)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    """Draw perpendicular vectors of two lengths: no eigenvalue is as large as the norm."""
    times = _known(dict(subject)["model"]).number.denominator
    one, other = (Decimal(scale) * times for scale in draw.ranked("scales", SCALES)[:2])
    first, second = (Decimal(leg) for leg in draw.choice("turn", TURNS))
    (a, b), (c, d) = (one * first, -other * second), (one * second, other * first)
    if dict(subject)["matrix"] == "rows":
        b, c = c, b
    return (*subject, ("U", as_text(((plain(a), plain(b)), (plain(c), plain(d))))))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, matrix = values["model"], read_matrix(values["U"])
    bound = _known(model)
    gamma = Decimal(bound.number.numerator) / Decimal(bound.number.denominator)
    factor, radius = gamma * max(_lengths(matrix, values["matrix"])), _radius(matrix)
    linear = _is_linear(model)
    if abs(factor - 1) < NEAR or abs(gamma * radius - 1) < NEAR:
        raise Unfair("the bound, or what slopes of γ at every step make, is too near 1")
    if factor < 1 if linear else factor > 1 > gamma * radius:
        raise Unfair("no eigenvalue is needed, or it is open whether a product can grow")
    verdict = "vanishes" if (radius if linear else factor) < 1 else "explodes" if linear else "open"
    _prove(model, values["U"], bound.number, factor, radius, verdict)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=4,
        minutes=5,
        convention=values["convention"],
        parameters=parameters,
        stem=(*cell_blocks(model), _given(model, bound, number_matrix(matrix))),
        parts=(
            _step(bound, matrix, values["matrix"], radius),
            _follows(verdict, model, factor, gamma * radius, arranger(NAME, parameters)),
        ),
        proof=Proof(
            f"singular values and eigenvalues by NumPy; {LONG} steps with the largest slopes",
            "≤ 1e-12",
        ),
        tags=(model, "threshold"),
    )


def _lengths(matrix: Matrix, form: str) -> tuple[Decimal, ...]:
    """Return the singular values: the lengths of perpendicular columns, or rows."""
    vectors = matrix if form == "rows" else tuple(zip(*matrix, strict=True))
    return tuple(sum((x * x for x in one), Decimal(0)).sqrt().normalize() for one in vectors)


def _radius(matrix: Matrix) -> Decimal:
    """Return the largest absolute value of an eigenvalue."""
    (a, b), (c, d) = matrix
    half, determinant = (a + d) / 2, a * d - b * c
    rest = half * half - determinant
    return abs(half) + rest.sqrt() if rest > 0 else determinant.sqrt()


@lru_cache(maxsize=256)
def _is_linear(model: str) -> bool:
    """Tell whether the Jacobian of a step is the recurrent matrix itself."""
    return isinstance(chain_of(model).blocks[0].value, Array)


@lru_cache(maxsize=64)
def _prove(
    model: str, text: str, gamma: Fraction, factor: Decimal, radius: Decimal, verdict: str
) -> None:
    """Recompute norm and eigenvalues, and run the product with the largest slopes.

    If it grows, so does that of a linear net; elsewhere smaller slopes may still make it shrink.

    Raises:
        Unfair: the numbers do not bear the answer out.
    """
    weights = float(gamma) * np.array(read_matrix(text), dtype=float)
    norm = float(np.linalg.svd(weights, compute_uv=False)[0])
    rate = float(np.max(np.abs(np.linalg.eigvals(weights))))
    if abs(norm - float(factor)) > 1e-12 or abs(rate - float(gamma) * float(radius)) > 1e-7:
        raise Unfair(f"norm and spectral radius are {norm} and {rate}")
    top = np.linalg.norm(np.linalg.matrix_power(weights, LONG), 2)
    if verdict != ("vanishes" if top < 1 else "explodes" if adds(model) else "open"):
        raise Unfair(f"products of {LONG} steps do not bear out '{verdict}'")


@lru_cache(maxsize=256)
def _over(model: str, steps: Expr | int) -> Partial:
    """Return the Jacobian over so many steps."""
    state = chain_of(model).blocks[0].of
    start = state.xreplace({TIME: TIME - 1})
    return Partial(state, start) if steps == 1 else Partial(state.xreplace({TIME: TIME + K}), state)


def _given(model: str, bound: BoundTerm, matrix: NumberMatrix) -> Block:
    here = " (here the identity)" if _is_linear(model) else ""
    return Paragraph(
        prose("Let ", bound.norms[0], " = ", matrix, ". ‖·‖ is the largest singular value, and γ "
              "the largest value of the derivative of the function that the state goes through"
              f"{here}. The Jacobian of one step, ", _over(model, 1), ", has a norm of at most γ‖",
              bound.norms[0], "‖.")
    )  # fmt: skip


def _step(bound: BoundTerm, matrix: Matrix, form: str, radius: Decimal) -> Part:
    gamma, name = bound.number, bound.norms[0]
    lengths = _lengths(matrix, form)
    largest = max(lengths)
    of_norm = {
        "largest entry taken": (max(abs(x) for row in matrix for x in row),
                                "the largest absolute value of an entry, less than the norm here"),
        "Frobenius norm taken": (sum((x * x for x in lengths), Decimal(0)).sqrt(),
                                 "the Frobenius norm, the root of the sum of all squares"),
        "smallest taken": (min(lengths), "the smallest singular value"),
        "eigenvalue taken": (radius, "the largest absolute value of an eigenvalue"),
    }  # fmt: skip
    slips = [
        (_times(gamma, value), slip, f"That is γ times {why}.")
        for slip, (value, why) in of_norm.items()
    ]
    slips += [
        (_times(x, largest), "another γ", f"γ = {gamma} here: the largest slope, not {x}.")
        for x in sorted({Fraction(1), Fraction(1, 4), Fraction(1, 2)} - {gamma})
    ]
    factor = _times(gamma, largest)
    if any(abs(value - factor) < APART for value, _, _ in slips):
        raise Unfair("a mistake nearly gives the bound")
    wrong = told_apart(
        WrongNumber(rounded(value, SHOWN).normalize() + 0, slip, prose(why))
        for value, slip, why in slips
    )
    said = prose(f"{gamma} · {shown(largest)} = {shown(factor)}")
    text = " and ".join(shown(length) for length in lengths)
    return Part(
        (Paragraph(prose("What is the bound γ‖", name, "‖ of one step?")),),
        Numeric((Blank(prose("γ‖", name, "‖"), factor, Decimal(0), wrong),)),
        2,
        (Paragraph(prose(f"The {form} are perpendicular, so the singular values are their lengths, "
                         f"{text}, and ‖", name, f"‖ = {shown(largest)}. γ = {gamma}, so "
                         "γ‖", name, "‖ = ", *said, ".")),),
        (
            Mark(1, "M", prose("a valid method for ‖", name, "‖, the largest singular value")),
            Mark(1, "A", said),
        ),
    )  # fmt: skip


def _times(gamma: Fraction, value: Decimal) -> Decimal:
    return (value * Decimal(gamma.numerator) / Decimal(gamma.denominator)).normalize() + 0


def _follows(verdict: str, model: str, factor: Decimal, rate: Decimal, draw: Draw) -> Part:
    linear = _is_linear(model)
    reasons = _by_radius(model, rate) if linear else _by_bound(verdict, model, factor, rate)
    options = [
        Option(
            prose(said.replace(WHATEVER, ".") if linear else said),
            "" if name == verdict else NAMES[name],
            reasons[name],
        )
        for name, said in ANSWERS.items()
    ]
    reached = "" if linear else " Inputs can bring the units to any point of the function."
    ask = ("What becomes of the norm of the Jacobian over ", K, " steps, ", _over(model, K),
           ", as ", K, f" grows?{reached}")  # fmt: skip
    return Part(
        (Paragraph(prose(*ask)),),
        Choice(tuple(draw.ranked("order", options, lambda option: option.content))),
        1,
        (Paragraph(reasons[verdict]),),
        carries=(0,),
    )


def _by_bound(verdict: str, model: str, factor: Decimal, rate: Decimal) -> dict[str, Prose]:
    off = slope_of_relu(system_of(model))
    small = "a unit that is off has the slope 0" if off else "slopes may be far below γ"
    matrix = _known(model).norms[0]
    bound = Symbol(shown(factor))
    tends = prose("The norm of every step is at most ", bound, ", so over ", K, " steps it is at "
                  "most ", bound**K, ", which tends to 0.")  # fmt: skip
    said = {
        "vanishes": {
            "open": "A bound below 1 decides, whatever the inputs are.",
            "explodes": "A bound below 1 lets no product grow without limit.",
        },
        "open": {
            "vanishes": "A bound above 1 forces nothing towards 0.",
            "open": "Above 1 the bound settles nothing. With slopes of γ the product grows: the "
            f"spectral radius of γ{matrix} is {shown(rounded(rate, 2))}, above 1. But {small}.",
            "explodes": f"A bound above 1 is necessary, not sufficient: {small}.",
        },
    }[verdict]
    return {"vanishes": tends, **{name: prose(text) for name, text in said.items()}}


def _matrix(model: str) -> Symbol:
    return Symbol(str(chain_of(model).blocks[0].value))


def _power(model: str) -> Prose:
    """Say what the Jacobian of a linear net is."""
    return prose("The slope is 1 everywhere: the Jacobian over ", K, " steps is exactly ",
                 _matrix(model) ** K)  # fmt: skip


def _by_radius(model: str, radius: Decimal) -> dict[str, Prose]:
    """Say what becomes of the norm of a linear net: its bound is above 1, and no input acts."""
    matrix, power = _matrix(model), _power(model)
    side = "below" if radius < 1 else "above"
    found = f", {shown(rounded(radius, 2))}, decides, and it is {side} 1."
    decides = prose("The spectral radius of ", matrix, found)
    necessary = prose("A bound above 1 is necessary, not sufficient. ", *decides)
    return {
        "vanishes": prose(*power, ". ", *decides),
        "open": prose(*power, WHATEVER),
        "explodes": necessary if radius < 1 else prose(*power, ". ", *necessary),
    }


KIND = Kind(NAME, "gradient-flow", "evaluate", (4, 4), (3, 3), _subjects, _variants, _draw, _make)
