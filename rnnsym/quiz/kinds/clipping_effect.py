"""Clipping by norm and by value: both results, and which of them keeps the direction."""

from collections.abc import Sequence
from decimal import Decimal
from math import atan2, hypot

from rnnsym.blocks import Block, Paragraph, prose
from rnnsym.expr import Symbol
from rnnsym.item import Blank, Choice, Item, Mark, Numeric, Option, Part, Proof, WrongNumber
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import number_matrix, rounded, shown
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND"]

NAME = "clipping_effect"
TRIANGLES = ((3, 4, 5), (4, 3, 5), (6, 8, 10), (8, 6, 10), (5, 12, 13), (12, 5, 13), (9, 12, 15),
             (12, 9, 15), (8, 15, 17), (15, 8, 17), (20, 15, 25), (7, 24, 25))  # fmt: skip
SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
SHARES = ("0.2", "0.4", "0.5", "0.6", "0.8", "2")
"""The threshold of the norm, as a share of it."""
LIMITS = ("0.5", "1", "2", "3", "4", "5", "10", "30")
SAID = {
    (True, True): "Both have the direction of the gradient.",
    (True, False): "Only the one clipped by norm has the direction of the gradient.",
    (False, True): "Only the one clipped by value has the direction of the gradient.",
    (False, False): "Neither has the direction of the gradient.",
}
Vector = tuple[Decimal, Decimal]


def _subjects(_cells: Sequence[str]) -> Sequence[Parameters]:
    return [(("about", "clipping"),)]


def _variants(_subject: Parameters) -> int:
    return len(TRIANGLES) * len(SIGNS) * len(SHARES)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    first, second, norm = draw.choice("triangle", TRIANGLES)
    signs = draw.choice("signs", SIGNS)
    share = Decimal(draw.choice("share", SHARES))
    return (
        *subject,
        ("g", f"{signs[0] * first} {signs[1] * second}"),
        ("norm", shown((share * norm).normalize() + 0)),
        ("value", draw.choice("value", LIMITS)),
    )


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    first, second = (Decimal(entry) for entry in values["g"].split())
    gradient = (first, second)
    threshold, limit = Decimal(values["norm"]), Decimal(values["value"])
    size = (first * first + second * second).sqrt()
    by_norm = gradient if size <= threshold else _scaled(gradient, threshold / size)
    by_value = (_cut(first, limit), _cut(second, limit))
    if by_norm == gradient and by_value == gradient:
        raise Unfair("nothing is clipped")
    kept = (_parallel(gradient, by_norm), _parallel(gradient, by_value))
    _prove(gradient, threshold, (by_norm, by_value), kept)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=3,
        minutes=4,
        convention="textbook",
        parameters=parameters,
        stem=(_given(gradient, threshold, limit),),
        parts=(
            _norm(gradient, size, threshold, by_norm),
            _value(gradient, limit, by_value, by_norm),
            _direction(kept, arranger(NAME, parameters)),
        ),
        proof=Proof("lengths and angles in floating point", "≤ 1e-9"),
        tags=("clipping",),
    )


def _scaled(vector: Vector, factor: Decimal) -> Vector:
    return (vector[0] * factor).normalize() + 0, (vector[1] * factor).normalize() + 0


def _cut(entry: Decimal, limit: Decimal) -> Decimal:
    return max(-limit, min(limit, entry))


def _parallel(one: Vector, other: Vector) -> bool:
    return one[0] * other[1] == one[1] * other[0]


def _prove(
    gradient: Vector, threshold: Decimal, clipped: tuple[Vector, Vector], kept: tuple[bool, bool]
) -> None:
    """Measure lengths and angles in another arithmetic.

    Raises:
        Unfair: they say something else.
    """
    angle = atan2(*map(float, gradient))
    turned = [abs(atan2(*map(float, vector)) - angle) for vector in clipped]
    if tuple(by < 1e-9 for by in turned) != kept:
        raise Unfair(f"the directions turn by {turned}")
    length = min(hypot(*map(float, gradient)), float(threshold))
    if abs(hypot(*map(float, clipped[0])) - length) > 1e-9:
        raise Unfair("the length after clipping by norm is another one")


def _given(gradient: Vector, threshold: Decimal, limit: Decimal) -> Block:
    g = Symbol("g")
    column = number_matrix(tuple((entry,) for entry in gradient))
    return Paragraph(
        prose("The gradient of all parameters together is ", g, " = ", column, ". Clipping by norm "
              "with the threshold ", f"{shown(threshold)} scales it so that its Euclidean norm is "
              "at most that; clipping by value with the limit ", f"{shown(limit)} puts each entry "
              f"between −{shown(limit)} and {shown(limit)}. Each is applied to ", g, " itself.")
    )  # fmt: skip


def _blanks(key: Vector, wrong: dict[str, tuple[Vector, str]]) -> Numeric:
    found: list[Blank] = []
    for place in (0, 1):
        slips: list[WrongNumber] = []
        for name, (vector, why) in wrong.items():
            value = rounded(vector[place], 3).normalize() + 0
            if value != key[place]:
                slips.append(WrongNumber(value, name, prose(why)))
        label = prose(f"entry {place + 1}")
        found.append(Blank(label, key[place], Decimal(0), told_apart(slips)))
    return Numeric(tuple(found))


def _norm(gradient: Vector, size: Decimal, threshold: Decimal, by_norm: Vector) -> Part:
    text = shown(size.normalize() + 0)
    total = sum(map(abs, gradient), Decimal(0))
    wrong = {
        "clipped though short enough" if by_norm == gradient else "left as it is": (
            _scaled(gradient, threshold / size) if by_norm == gradient else gradient,
            f"Its norm, {text}, is {'not ' if by_norm == gradient else ''}above the threshold, so "
            f"it {'stays as it is' if by_norm == gradient else 'is scaled'}."),
        "sum of entries taken for the norm": (
            _scaled(gradient, threshold / total), "The norm is the root of the sum of squares."),
    }  # fmt: skip
    said = f"Its norm is {text}, not above {shown(threshold)}: it stays as it is."
    if by_norm != gradient:
        said = f"Its norm is {text}: it is multiplied by {shown(threshold)}/{text}."
    entries = " and ".join(shown(entry).replace("-", "−") for entry in by_norm)
    return Part(
        (Paragraph(prose("What is left of it after clipping by norm?")),),
        _blanks(by_norm, wrong),
        2,
        (Paragraph(prose(said)),),
        (Mark(1, "M", prose(f"the norm is {text}")), Mark(1, "A", prose(entries))),
    )


def _value(gradient: Vector, limit: Decimal, by_value: Vector, by_norm: Vector) -> Part:
    wrong = {
        "clipped by norm": (by_norm, "By value each entry is clipped on its own."),
        "left as it is": (gradient, "An entry outside the limits is set to the limit."),
    }
    entries = " and ".join(shown(entry).replace("-", "−") for entry in by_value)
    return Part(
        (Paragraph(prose("And after clipping by value?")),),
        _blanks(by_value, wrong),
        2,
        (Paragraph(prose(f"Entry by entry, within ± {shown(limit)}: {entries}.")),),
        tuple(Mark(1, "A", prose(f"entry {place + 1} right")) for place in (0, 1)),
    )


def _direction(kept: tuple[bool, bool], draw: Draw) -> Part:
    by_norm = "Clipping by norm multiplies all entries by one factor."
    stays = "left their ratio as it was" if kept[1] else "changed their ratio"
    reasons = by_norm, f"Clipping the entries by value {stays}."
    options = tuple(
        Option(
            prose(said),
            "" if answer == kept else _mistaken(answer, kept),
            prose(" ".join(r for r, a, k in zip(reasons, answer, kept, strict=True)
                           if answer == kept or a != k)),
        )
        for answer, said in SAID.items()
    )  # fmt: skip
    return Part(
        (Paragraph(prose("Which of the two results has the direction of the gradient?")),),
        Choice(tuple(draw.ranked("order", options, lambda option: option.content))),
        1,
        (Paragraph(prose(" ".join(reasons))),),
        carries=(0, 1),
    )


def _mistaken(answer: tuple[bool, bool], kept: tuple[bool, bool]) -> str:
    if answer[0] != kept[0]:
        return "direction taken to be lost by norm"
    return f"direction taken to be {'kept' if answer[1] else 'lost'} by value"


KIND = Kind(NAME, "gradient-flow", "apply", (3, 3), (5, 5), _subjects, _variants, _draw, _make)
