"""The bound (γ‖U‖)ᵏ: what the largest singular value decides, and what it leaves open."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np

from rnnsym.blocks import Block, NumberMatrix, Paragraph, Partial, prose
from rnnsym.expr import TIME, Array, Expr, Symbol
from rnnsym.flow.bounds import BoundTerm, chain_bounds
from rnnsym.item import Blank, Choice, Item, Mark, Numeric, Option, Part, Proof, WrongNumber
from rnnsym.quiz.derivation_flow import PLAIN, cell_blocks
from rnnsym.quiz.derivation_paths import chain_of, has_chain
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import as_text, number_matrix, read_matrix, shown
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND"]

NAME = "flow_threshold"
DIAGONAL = ("0.2", "-0.3", "0.5", "-0.6", "0.8", "0.9", "1.2", "-1.5", "2", "-3", "5")
TURNS = (("3", "4", "5"), ("4", "3", "5"), ("-3", "4", "5"), ("4", "-3", "5"))
"""Legs and hypotenuse of a right triangle: rotations with a factor, worked without roots."""
SCALES = ("0.1", "0.12", "0.15", "0.2", "0.3", "0.4", "0.5", "0.6", "1")
K = Symbol("k")
LONG = 60
ANSWERS = {
    "vanishes": "It tends to 0, whatever the inputs are.",
    "open": "It depends on the inputs whether it tends to 0.",
    "explodes": "It grows without limit, whatever the inputs are.",
    "stays": "It stays the same, whatever the inputs are.",
}
WHY = {
    "vanishes": "Only a bound below 1 forces every product towards 0.",
    "open": "A bound below 1 decides, and so does a linear net: its Jacobian is the matrix itself.",
    "explodes": "A bound above 1 is necessary, not sufficient: slopes may be far below γ.",
    "stays": "The factors of the steps are multiplied: whether the state is bounded or not, their "
    "product shrinks or grows.",
}
NAMES = {
    "vanishes": "bound above 1 taken for below",
    "open": "sufficient condition missed",
    "explodes": "necessary taken for sufficient",
    "stays": "bounded state taken for a bounded gradient",
}


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("matrix", form))
        for name in cells or PLAIN
        if _bound(name) is not None
        for form in ("diagonal", "rotation")
    ]


@lru_cache(maxsize=256)
def _bound(model: str) -> BoundTerm | None:
    """The bound γ‖U‖ of one step, of a chain where there is such a one."""
    found = chain_bounds(chain_of(model)).simple if has_chain(model) else None
    one = found is not None and len(found.norms) == 1 and isinstance(found.norms[0], Array)
    return found if one else None


def _variants(subject: Parameters) -> int:
    diagonal = dict(subject)["matrix"] == "diagonal"
    return len(DIAGONAL) * (len(DIAGONAL) - 1) if diagonal else len(TURNS) * len(SCALES)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    if dict(subject)["matrix"] == "diagonal":
        a, d = (Decimal(entry) for entry in draw.ranked("entries", DIAGONAL)[:2])
        b = c = Decimal(0)
    else:
        scale = Decimal(draw.choice("scale", SCALES))
        first, second, _ = (Decimal(leg) for leg in draw.choice("turn", TURNS))
        a, b, c, d = scale * first, -scale * second, scale * second, scale * first
    return (*subject, ("U", as_text(((a, b), (c, d)))))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, matrix = values["model"], read_matrix(values["U"])
    bound = _bound(model)
    if bound is None:
        raise Unfair(f"{model} has no bound γ‖U‖")
    largest = _largest(values["U"])
    factor = largest * Decimal(bound.number.numerator) / Decimal(bound.number.denominator)
    if abs(factor - 1) < Decimal("0.05"):
        raise Unfair("the factor is near 1")
    linear = _is_linear(model)
    verdict = "vanishes" if factor < 1 else "explodes" if linear else "open"
    _prove(values["U"], bound.number, largest, factor, verdict)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=4,
        minutes=4,
        convention=values["convention"],
        parameters=parameters,
        stem=(*cell_blocks(model), _given(bound, number_matrix(matrix), _over(model, 1))),
        parts=(
            _norm(values["U"], bound, largest),
            _step(bound, largest, factor),
            _follows(verdict, linear, _over(model, K), arranger(NAME, parameters)),
        ),
        proof=Proof(
            f"singular values by NumPy; {LONG} steps with the smallest and the largest slopes",
            "≤ 1e-12",
        ),
        tags=(model, "threshold"),
    )


@lru_cache(maxsize=1024)
def _largest(text: str) -> Decimal:
    """Return the largest singular value: of a diagonal, or of a rotation with a factor."""
    (a, b), (_, d) = read_matrix(text)
    if b == 0:
        return max(abs(a), abs(d))
    squares = a * a + b * b
    root = squares.sqrt().normalize()
    if root * root != squares:
        raise Unfair("the norm is no short number")
    return root


@lru_cache(maxsize=256)
def _is_linear(model: str) -> bool:
    """Tell whether the Jacobian of a step is the recurrent matrix itself."""
    return isinstance(chain_of(model).blocks[0].value, Array)


@lru_cache(maxsize=64)
def _prove(text: str, gamma: Fraction, largest: Decimal, factor: Decimal, verdict: str) -> None:
    """Recompute the norm, and run the product with slopes that are large and small.

    Raises:
        Unfair: the numbers do not bear the answer out.
    """
    weights = np.array(read_matrix(text), dtype=float)
    norm = float(np.linalg.svd(weights, compute_uv=False)[0])
    if abs(norm - float(largest)) > 1e-12:
        raise Unfair(f"the norm is {norm}, not {largest}")
    top = np.linalg.norm(np.linalg.matrix_power(float(gamma) * weights, LONG), 2)
    low = np.linalg.norm(np.linalg.matrix_power(1e-3 * float(gamma) * weights, LONG), 2)
    known = {"vanishes": (False, True), "open": (True, True), "explodes": (True, True)}
    rate = float(top) ** (1 / LONG)
    if (bool(top > 1), bool(low < 1)) != known[verdict] or abs(rate - float(factor)) > 1e-9:
        raise Unfair(f"products of {LONG} steps do not bear out '{verdict}'")


@lru_cache(maxsize=256)
def _over(model: str, steps: Expr | int) -> Partial:
    """Return the Jacobian over so many steps."""
    state = chain_of(model).blocks[0].of
    start = state.xreplace({TIME: TIME - 1})
    return Partial(state, start) if steps == 1 else Partial(state.xreplace({TIME: TIME + K}), state)


def _given(bound: BoundTerm, matrix: NumberMatrix, jacobian: Partial) -> Block:
    return Paragraph(
        prose("Let ", bound.norms[0], " = ", matrix, ". ‖·‖ is the largest singular value, and γ "
              "the largest value of the derivative of the function that the state goes through. "
              "The Jacobian of one step, ", jacobian, ", has at most the norm γ‖", bound.norms[0],
              "‖.")
    )  # fmt: skip


def _norm(text: str, bound: BoundTerm, largest: Decimal) -> Part:
    (a, b), (c, d) = read_matrix(text)
    wrong = {
        "largest entry taken": (max(abs(x) for x in (a, b, c, d)),
                                "That is the largest entry, which is less than the norm here."),
        "smallest taken": (min(abs(a), abs(d)), "That is not the largest singular value."),
        "sum of entries": (abs(a) + abs(b or d), "Singular values are not sums of entries."),
    }  # fmt: skip
    label = prose("‖", bound.norms[0], "‖")
    found: list[WrongNumber] = []
    for name, (value, why) in wrong.items():
        is_singular = name != "smallest taken" or b == 0
        if is_singular and abs(value - largest) > Decimal("0.01"):
            found.append(WrongNumber(value, name, prose(why)))
    reason = "On a diagonal the singular values are the absolute values of its entries."
    if b != 0:
        reason = (
            "It is a rotation times the length of a column, which is what it stretches any vector "
            "by."
        )
    return Part(
        (Paragraph(prose("What is ", *label, "?")),),
        Numeric((Blank(label, largest, Decimal("0.005"), told_apart(found)),)),
        1,
        (Paragraph(prose(f"{reason} So ‖", bound.norms[0], f"‖ = {shown(largest)}.")),),
    )


def _step(bound: BoundTerm, largest: Decimal, factor: Decimal) -> Part:
    gamma, text = bound.number, shown(factor.normalize() + 0)
    others = {Fraction(1), Fraction(1, 4), Fraction(1, 2)} - {gamma}
    wrong = tuple(
        WrongNumber(largest * Decimal(x.numerator) / Decimal(x.denominator), "another γ",
                    prose(f"γ = {gamma} here: the largest slope, not {x}."))
        for x in sorted(others)
    )  # fmt: skip
    return Part(
        (Paragraph(prose("What is the bound γ‖", bound.norms[0], "‖ of one step?")),),
        Numeric((Blank(prose("γ‖", bound.norms[0], "‖"), factor.normalize() + 0, Decimal("0.005"),
                       wrong),)),
        1,
        (Paragraph(prose(f"γ = {gamma}, so γ‖", bound.norms[0], f"‖ = {text}.")),),
        (Mark(1, "A", prose(f"{gamma} · {shown(largest)} = {text}")),),
        carries=(0,),
    )  # fmt: skip


def _follows(verdict: str, linear: bool, jacobian: Partial, draw: Draw) -> Part:
    options = [
        Option(
            prose(said),
            "" if name == verdict else NAMES[name],
            prose(_reason(name, verdict, linear)),
        )
        for name, said in ANSWERS.items()
    ]
    shown_in = tuple(draw.ranked("order", options, lambda option: option.content))
    return Part(
        (
            Paragraph(
                prose(
                    "What follows for the norm of the Jacobian over ",
                    K,
                    " steps, ",
                    jacobian,
                    ", as ",
                    K,
                    " grows?",
                )
            ),
        ),
        Choice(shown_in),
        1,
        (Paragraph(prose(_reason(verdict, verdict, linear))),),
        carries=(1,),
    )


def _reason(name: str, verdict: str, linear: bool) -> str:
    if name != verdict:
        return WHY[name]
    if verdict == "vanishes":
        return "The factor of every step is below 1, which is sufficient for vanishing."
    if linear:
        return "There is no slope: each step multiplies by U itself, which stretches by its norm."
    return "Above 1 the bound settles nothing: large slopes let it grow, small ones let it shrink."


KIND = Kind(NAME, "gradient-flow", "evaluate", (4, 4), (3, 3), _subjects, _variants, _draw, _make)
