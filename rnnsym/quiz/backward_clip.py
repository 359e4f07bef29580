"""Gradients clipped by norm or by value: numbers, and what the usual mistakes make of them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, prose
from rnnsym.expr import Array, Family, Integer
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.quiz.backward_items import value_of
from rnnsym.quiz.backward_numbers import tolerance_of
from rnnsym.quiz.by_hand import SHOWN
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import plain, rounded
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart
from rnnsym.record import record

__all__ = ["BY_NORM", "BY_VALUE", "Clipping", "clip_kind"]

Numbers = tuple[Decimal, ...]
TRIPLES = ((3, 4), (6, 8), (5, 12), (2, 3, 6), (1, 2, 2), (2, 4, 4), (4, 4, 7), (1, 4, 8))
"""Whole numbers whose squares add up to a square."""
NAMES = ("W", "U", "b")
LIMITS = tuple(map(Decimal, ("0.5", "1", "1.5", "2", "2.5", "4", "5", "10")))
SCALES = tuple(map(Decimal, ("0.5", "1", "2")))
ONE = Integer(1)
IDLE = ("not clipped", "scaled up")
"""Mistakes on one side of the threshold only: on the other they are what is right."""


@record
class Clipping:
    """A way to clip: what it does, how it is told, and its mistakes (name, why, what they give).

    ``method`` is what a mark for the method is for, "" where there is nothing but the results.
    """

    name: str
    clip: Callable[[Numbers, Decimal], Numbers]
    rule: str
    method: str
    right: Callable[[Sequence[Fraction], Sequence[Fraction], Fraction], bool]
    slips: tuple[tuple[str, str, Callable[[Numbers, Decimal], Numbers]], ...]


def norm(g: Numbers) -> Decimal:
    """Return the Euclidean length of all entries together."""
    return sum((x * x for x in g), Decimal(0)).sqrt()


def _by_norm(g: Numbers, limit: Decimal) -> Numbers:
    return tuple(x * min(Decimal(1), limit / norm(g)) for x in g)


def _by_value(g: Numbers, limit: Decimal) -> Numbers:
    return tuple(max(-limit, min(limit, x)) for x in g)


def _shortened(g: Sequence[Fraction], clipped: Sequence[Fraction], limit: Fraction) -> bool:
    """Same direction, and the shorter of the two lengths: told by squares, without a root."""
    length, short = (sum(x * x for x in v) for v in (g, clipped))
    pairs = [(i, j) for i in range(len(g)) for j in range(i)]
    parallel = all(g[i] * clipped[j] == g[j] * clipped[i] for i, j in pairs)
    ahead = sum(x * y for x, y in zip(g, clipped, strict=True)) > 0
    return parallel and ahead and short == min(length, limit**2)


def _boxed(g: Sequence[Fraction], clipped: Sequence[Fraction], limit: Fraction) -> bool:
    """The middle one of −c, g and c."""
    return all(sorted((-limit, x, limit))[1] == y for x, y in zip(g, clipped, strict=True))


BY_NORM = Clipping(
    "clip_norm",
    _by_norm,
    "It is clipped by norm: all entries together get the norm {c} at most, where the norm is the "
    "root of the sum of the squares.",
    "one common factor, from the norm of all entries",
    _shortened,
    (
        ("clipped by value", "By norm, all entries shrink by one factor.", _by_value),
        ("not clipped", "The norm is above the threshold.", lambda g, c: g),
        ("divided by the norm", "The norm becomes the threshold, not 1.",
         lambda g, c: tuple(x / norm(g) for x in g)),
        ("root forgotten", "The norm is the root of the sum of the squares.",
         lambda g, c: tuple(x * c / norm(g) ** 2 for x in g)),
        ("sizes added", "The norm is the root of the sum of the squares, not a sum of sizes.",
         lambda g, c: tuple(x * c / sum(map(abs, g)) for x in g)),
        ("factor turned round", "The factor is the threshold divided by the norm.",
         lambda g, c: tuple(x * norm(g) / c for x in g)),
        ("scaled up", "Clipping never makes a gradient longer.",
         lambda g, c: tuple(x * c / norm(g) for x in g)),
    ),
)  # fmt: skip
BY_VALUE = Clipping(
    "clip_value",
    _by_value,
    "It is clipped by value: every entry is brought into the range from −{c} to {c}.",
    "",
    _boxed,
    (
        ("clipped by norm", "By value, every entry is clipped by itself.", _by_norm),
        ("not clipped", "An entry beyond the limit is clipped.", lambda g, c: g),
        ("sign lost", "A negative entry is clipped at the negative limit.",
         lambda g, c: tuple(min(abs(x), c) for x in g)),
        ("set to 0", "An entry beyond the limit gets the limit, not 0.",
         lambda g, c: tuple(x if abs(x) <= c else Decimal(0) for x in g)),
        ("scaled by the largest", "Every entry is clipped by itself, not scaled by the largest.",
         lambda g, c: tuple(x * min(Decimal(1), c / max(map(abs, g))) for x in g)),
    ),
)  # fmt: skip


def clip_kind(clipping: Clipping) -> Kind:
    """Return the kind of one way to clip."""

    def make(parameters: Parameters) -> Item:
        return _item(clipping, parameters)

    marks = [len(t) + bool(clipping.method) for t in TRIPLES]
    return Kind(
        clipping.name, "backward", "apply", (2, 2), (min(marks), max(marks)), _subjects, _variants,
        _draw, make,
    )  # fmt: skip


def _subjects(_cells: Sequence[str]) -> list[Parameters]:
    """No cell matters: a gradient is clipped whatever it is the gradient of."""
    return [
        (("convention", "textbook"), ("squares", " ".join(map(str, triple)))) for triple in TRIPLES
    ]


def _variants(subject: Parameters) -> int:
    return int(2 ** len(_triple(subject))) * len(LIMITS) * len(SCALES)


def _triple(parameters: Parameters) -> list[Decimal]:
    return list(map(Decimal, dict(parameters)["squares"].split()))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    factor = draw.choice("scale", SCALES)
    numbers = draw.ranked("order", list(enumerate(_triple(subject))))
    drawn = (
        (name, str(plain(factor * x * draw.choice(f"sign {name}", (-1, 1)))))
        for name, (_, x) in zip(NAMES, numbers, strict=False)
    )
    return (*subject, *drawn, ("c", str(draw.choice("limit", LIMITS))))


def _item(clipping: Clipping, parameters: Parameters) -> Item:
    values = dict(parameters)
    given = {_gradient(name): Decimal(values[name]) for name in NAMES if name in values}
    g, limit = tuple(given.values()), Decimal(values["c"])
    key = clipping.clip(g, limit)
    if clipping is BY_VALUE and key == g:
        raise Unfair("nothing is clipped")
    _prove(clipping, g, key, limit)
    blanks = tuple(_blank(array, place, key, clipping, g, limit)
                   for place, array in enumerate(given))  # fmt: skip
    if not any(blank.wrong for blank in blanks):
        raise Unfair("no mistake gives anything else")
    methods = (Mark(1, "M", prose(clipping.method)),) if clipping.method else ()
    marks = (*methods, *(Mark(1, "A", prose(array, " right")) for array in given))
    return Item(
        id=identifier(clipping.name, parameters),
        kind=clipping.name,
        topic="backward",
        level=2,
        minutes=len(marks),
        convention="textbook",
        parameters=parameters,
        stem=_stem(clipping, given, values["c"]),
        parts=(Part((), Numeric(blanks), len(marks), _solution(clipping, given, key), marks),),
        proof=Proof("in fractions: direction and length, or the middle of three numbers", "exact"),
        tags=("clipping",),
    )


def _gradient(name: str) -> Array:
    return Array(Family(name, name, "", "gradient"), (ONE, ONE))


def _prove(clipping: Clipping, g: Numbers, key: Numbers, limit: Decimal) -> None:
    """Look whether what the key says has the property that defines it.

    Raises:
        Unfair: it has not, to the 25th decimal.
    """
    exact = [Fraction(x).limit_denominator(10**6) for x in key]
    near = all(abs(Fraction(x) - y) < Fraction(1, 10**25) for x, y in zip(key, exact, strict=True))
    if not near or not clipping.right([Fraction(x) for x in g], exact, Fraction(limit)):
        raise Unfair("the clipped gradient is not what clipping defines")


def _blank(
    array: Array, place: int, key: Numbers, clipping: Clipping, g: Numbers, limit: Decimal
) -> Blank:
    value = plain(rounded(key[place], SHOWN))
    exact = value == key[place]
    blank = Blank(prose("clipped ", array), value, Decimal(0) if exact else tolerance_of(value))
    wrong: list[WrongNumber] = []
    for name, why, slip in clipping.slips:
        found = slip(g, limit)
        if all(x == y for x, y in zip(found, key, strict=True)):
            if name in IDLE or key == g:
                continue
            raise Unfair(f"'{name}' gives the key")
        number = plain(rounded(found[place], SHOWN))
        if found[place] != key[place]:
            wrong.append(WrongNumber(number, name, prose(why)))
    return Blank(blank.label, blank.value, blank.tolerance, told_apart(wrong))


def _stem(clipping: Clipping, given: dict[Array, Decimal], limit: str) -> tuple[Block, ...]:
    return (
        Paragraph(prose("Backpropagation through the steps of one unit gave the gradient")),
        _lines(given),
        Paragraph(prose(clipping.rule.format(c=limit))),
        Paragraph(prose(f"Compute the clipped gradient, to {SHOWN} decimals where it has more.")),
    )  # fmt: skip


def _lines(given: dict[Array, Decimal]) -> Equations:
    return Equations(tuple(Line(array, value_of(((x,),))) for array, x in given.items()))


def _solution(clipping: Clipping, given: dict[Array, Decimal], key: Numbers) -> tuple[Block, ...]:
    length = plain(rounded(norm(tuple(given.values())), SHOWN))
    said: Prose = prose(clipping.rule.partition(":")[0].replace("It is clipped", "Clipped"), ":")
    if clipping is BY_NORM:
        said = prose(f"The norm is {length:f}; every entry is multiplied by the same factor, 1 "
                     "where the norm is small enough:")  # fmt: skip
    shown = {array: rounded(x, SHOWN) for array, x in zip(given, key, strict=True)}
    return Paragraph(said), _lines(shown)
