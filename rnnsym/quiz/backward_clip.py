"""Gradients clipped by norm or by value: numbers, and what the usual mistakes make of them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product

from rnnsym.blocks import Block, Equations, Line, Paragraph, prose
from rnnsym.expr import Array, Family, Integer
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.quiz.backward_items import value_of
from rnnsym.quiz.backward_numbers import SAME
from rnnsym.quiz.by_hand import COUNTS, SHOWN, tolerance
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
PAIRS = ((1, 4), (1, 7), (1, 8), (2, 6), (2, 9), (3, 7), (3, 8), (4, 9))
"""A small and a large number: most limits lie between them."""
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
    sizes: tuple[tuple[int, ...], ...]
    clip: Callable[[Numbers, Decimal], Numbers]
    rule: str
    method: str
    right: Callable[[Sequence[Fraction], Sequence[Fraction], Fraction], bool]
    reason: Callable[[Numbers, Decimal], str]
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


def _why_by_norm(g: Numbers, limit: Decimal) -> str:
    length = plain(rounded(norm(g), SHOWN))
    if length <= limit:
        return f"The norm is {length:f}, not above {limit}, so every entry stays as it is."
    factor = f"{limit}/{length:f}"
    return f"The norm is {length:f}, above {limit}, so every entry is multiplied by {factor}."


def _why_by_value(g: Numbers, limit: Decimal) -> str:
    return f"An entry beyond ±{limit} gets that limit, with its own sign; the other stays."


BY_NORM = Clipping(
    "clip_norm",
    TRIPLES,
    _by_norm,
    "It is clipped by norm: the norm of all entries together, the root of the sum of their "
    "squares, is to be {c} at most.",
    "the norm of all entries, and one factor for them",
    _shortened,
    _why_by_norm,
    (
        ("clipped by value", "By norm, all entries have one factor in common.", _by_value),
        ("not clipped", "A norm above the threshold is brought down to it.", lambda g, c: g),
        ("divided by the norm", "The threshold bounds the norm; nothing makes the norm 1.",
         lambda g, c: tuple(x / norm(g) for x in g)),
        ("root forgotten", "The norm is the root of the sum of the squares.",
         lambda g, c: tuple(x * c / norm(g) ** 2 for x in g)),
        ("sizes added", "The norm is the root of the sum of the squares, not a sum of sizes.",
         lambda g, c: tuple(x * c / sum(map(abs, g)) for x in g)),
        ("factor turned round", "The factor is the threshold divided by the norm, or 1 if that "
         "quotient is above 1.",
         lambda g, c: tuple(x * norm(g) / c for x in g)),
        ("scaled up", "Clipping never makes a gradient longer.",
         lambda g, c: tuple(x * c / norm(g) for x in g)),
    ),
)  # fmt: skip
BY_VALUE = Clipping(
    "clip_value",
    PAIRS,
    _by_value,
    "It is clipped by value: every entry is brought into the range from −{c} to {c}.",
    "",
    _boxed,
    _why_by_value,
    (
        ("clipped by norm", "By value, every entry is clipped by itself.", _by_norm),
        ("not clipped", "An entry beyond the limit is clipped.", lambda g, c: g),
        ("sign lost", "An entry within the limits stays as it is, sign included; one beyond "
         "them gets the limit of its own sign.",
         lambda g, c: tuple(min(abs(x), c) for x in g)),
        ("set to 0", "An entry beyond the limit gets the limit, not 0.",
         lambda g, c: tuple(x if abs(x) <= c else Decimal(0) for x in g)),
        ("scaled by the largest", "Every entry is clipped by itself, not scaled by the largest.",
         lambda g, c: tuple(x * min(Decimal(1), c / max(map(abs, g))) for x in g)),
    ),
)  # fmt: skip


def clip_kind(clipping: Clipping) -> Kind:
    """Return the kind of one way to clip."""

    def draw(subject: Parameters, lots: Draw) -> Parameters:
        return _draw(clipping, subject, lots)

    def make(parameters: Parameters) -> Item:
        return _item(clipping, parameters)

    marks = [len(sizes) + bool(clipping.method) for sizes in clipping.sizes]

    def subjects(_cells: Sequence[str]) -> list[Parameters]:
        """No cell matters: a gradient is clipped whatever it is the gradient of."""
        return [
            (("convention", "textbook"), ("sizes", " ".join(map(str, sizes))))
            for sizes in clipping.sizes
        ]

    return Kind(
        clipping.name, "backward", "apply", (2, 2), (min(marks), max(marks)), subjects, _variants,
        draw, make,
    )  # fmt: skip


def _variants(subject: Parameters) -> int:
    return int(2 ** len(_sizes(subject))) * len(LIMITS) * len(SCALES)


def _sizes(parameters: Parameters) -> list[Decimal]:
    return list(map(Decimal, dict(parameters)["sizes"].split()))


def _draw(clipping: Clipping, subject: Parameters, draw: Draw) -> Parameters:
    factor = draw.choice("scale", SCALES)
    numbers = [factor * x for _, x in draw.ranked("order", list(enumerate(_sizes(subject))))]
    limits, signs = LIMITS, list(product((-1, 1), repeat=len(numbers)))
    if clipping is BY_VALUE:  # one is beyond the limit, and some sign can be lost
        limits = tuple(c for c in LIMITS if min(numbers) < c < max(numbers))
        signs.remove((1,) * len(numbers))
    drawn = (
        (name, str(plain(sign * x)))
        for name, x, sign in zip(NAMES, numbers, draw.choice("signs", signs), strict=False)
    )
    return (*subject, *drawn, ("c", str(draw.choice("limit", limits))))


def _item(clipping: Clipping, parameters: Parameters) -> Item:
    values = dict(parameters)
    given = {_gradient(name): Decimal(values[name]) for name in NAMES if name in values}
    g, limit = tuple(given.values()), Decimal(values["c"])
    key = clipping.clip(g, limit)
    if clipping is BY_VALUE and not min(map(abs, g)) < limit < max(map(abs, g)):
        raise Unfair("there is no entry on each side of the limit")
    _prove(clipping, g, key, limit)
    exact = all(plain(rounded(x, SHOWN)) == x for x in key)
    blanks = tuple(_blank(array, place, key, clipping, g, limit, exact=exact)
                   for place, array in enumerate(given))  # fmt: skip
    if not any(blank.wrong for blank in blanks):
        raise Unfair("no mistake gives anything else")
    methods = (Mark(1, "M", prose(clipping.method)),) if clipping.method else ()
    marks = (*methods, *(Mark(1, "A", prose("clipped ", array)) for array in given))
    return Item(
        id=identifier(clipping.name, parameters),
        kind=clipping.name,
        topic="backward",
        level=2,
        minutes=len(marks),
        convention="textbook",
        parameters=parameters,
        stem=_stem(clipping, given, values["c"], exact=exact),
        parts=(
            Part(
                (), Numeric(blanks), len(marks), _solution(clipping, given, key, values["c"]), marks
            ),
        ),
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
    array: Array,
    place: int,
    key: Numbers,
    clipping: Clipping,
    g: Numbers,
    limit: Decimal,
    *,
    exact: bool,
) -> Blank:
    value = plain(rounded(key[place], SHOWN))
    blank = Blank(prose("clipped ", array), value, Decimal(0) if exact else tolerance(value))
    wrong: list[WrongNumber] = []
    for name, why, slip in clipping.slips:
        found = slip(g, limit)
        if all(abs(x - y) < SAME for x, y in zip(found, key, strict=True)):
            if name in IDLE or key == g:
                continue
            raise Unfair(f"'{name}' gives the key")
        number = plain(rounded(found[place], SHOWN))
        if abs(found[place] - key[place]) >= SAME:
            wrong.append(WrongNumber(number, name, prose(why)))
    return Blank(blank.label, blank.value, blank.tolerance, told_apart(wrong))


def _stem(
    clipping: Clipping, given: dict[Array, Decimal], limit: str, *, exact: bool
) -> tuple[Block, ...]:
    digits = "." if exact else f", to {SHOWN} decimals. {COUNTS}"
    return (
        Paragraph(prose("Backpropagation through the steps of one unit gave the gradient")),
        _lines(given),
        Paragraph(prose(clipping.rule.format(c=limit))),
        Paragraph(prose(f"Compute the clipped gradient{digits}")),
    )


def _lines(given: dict[Array, Decimal]) -> Equations:
    return Equations(tuple(Line(array, value_of(((x,),))) for array, x in given.items()))


def _solution(
    clipping: Clipping, given: dict[Array, Decimal], key: Numbers, limit: str
) -> tuple[Block, ...]:
    shown = {array: rounded(x, SHOWN) for array, x in zip(given, key, strict=True)}
    reason = clipping.reason(tuple(given.values()), Decimal(limit))
    return Paragraph(prose(f"{reason} The clipped gradient is")), _lines(shown)
