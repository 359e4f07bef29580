"""Nets of threshold units designed by hand: what each unit reads, and what it shall be."""

import re
from collections.abc import Callable
from functools import cache

from rnnsym.blocks import Prose, prose
from rnnsym.expr import TIME, Array, Family, Integer, Node, apply, matmul, plus
from rnnsym.record import record

__all__ = [
    "DESIGNS", "READ", "Design", "Inputs", "Unit", "array", "is_helper", "named", "rows_of",
    "weights_of",
]  # fmt: skip

Bits = tuple[int, ...]
Inputs = tuple[Bits, ...]
"""What is read: in each step a bit for each input."""
ONE = Integer(1)


@record
class Unit:
    """One threshold unit.

    Attributes:
        name: what its value is called.
        reads: an input or a unit of the same step by name, an old value with a minus behind it.
        words: when it is 1, as a clause; names in braces, see ``named``.
        value: what it shall be at the last step of what is read.
    """

    name: str
    reads: tuple[str, ...]
    words: str
    value: Callable[[Inputs], int]


@record
class Design:
    """A net to be designed.

    Attributes:
        purpose: what it is for, in one sentence; names in braces.
        inputs: their names.
        units: in an order in which they can be computed; the last one is the output.
    """

    purpose: str
    inputs: tuple[str, ...]
    units: tuple[Unit, ...]

    def unit(self, read: str) -> Unit:
        """Return the unit whose value is read, now or of the step before."""
        return next(unit for unit in self.units if unit.name == read.removesuffix("-"))


def array(read: str) -> Array:
    """Return what a unit reads: an input, a unit, or an old value."""
    name = read.removesuffix("-")
    return Array(Family(name, name), (ONE, ONE), None, TIME - 1 if name != read else TIME)


def named(text: str) -> Prose:
    """Return words in which a name in braces stands for an input or a unit."""
    pieces = re.split(r"\{(\w)\}", text)
    return prose(*(
        Array(Family(piece, piece), (ONE, ONE), None, None) if i % 2 else piece
        for i, piece in enumerate(pieces)
        if piece
    ))  # fmt: skip


def is_helper(read: str, design: Design) -> bool:
    """Tell whether a read is another unit's value of the same step."""
    return read not in design.inputs and not read.endswith("-")


@cache
def weights_of(design: Design, place: int) -> tuple[Array, ...]:
    """Return the weights of a unit: one for each read, and its bias."""
    before = sum(len(unit.reads) for unit in design.units[:place])
    names = [f"w_{before + i}" for i, _ in enumerate(design.units[place].reads, 1)]
    bias = f"b_{place + 1}" if len(design.units) > 1 else "b"
    return tuple(Array(Family(n, n), (ONE, ONE), None, None) for n in (*names, bias))


@cache
def rows_of(design: Design) -> tuple[tuple[Array, Node], ...]:
    """Return the equations."""
    rows: list[tuple[Array, Node]] = []
    for place, unit in enumerate(design.units):
        *weights, bias = weights_of(design, place)
        terms = (matmul(w, array(read)) for w, read in zip(weights, unit.reads, strict=True))
        rows.append((array(unit.name), apply("step", plus(*terms, bias))))
    return tuple(rows)


def _ones(inputs: Inputs, place: int = 0) -> int:
    return sum(bits[place] for bits in inputs)


def _ago(inputs: Inputs, steps: int) -> int:
    """The input so many steps before the last; before the first step it is 0."""
    return inputs[-1 - steps][0] if len(inputs) > steps else 0


def _number(inputs: Inputs, place: int) -> int:
    """What has been read, the lowest binary digit first."""
    return sum(bits[place] << t for t, bits in enumerate(inputs))


def _set(inputs: Inputs) -> int:
    return next((s for s, r in reversed(inputs) if s or r), 0)


def _reset_wins(inputs: Inputs) -> int:
    return next((1 - r for s, r in reversed(inputs) if s or r), 0)


def _sum(inputs: Inputs) -> int:
    return _number(inputs, 0) + _number(inputs, 1)


def _above(inputs: Inputs) -> int:
    return int(_number(inputs, 0) > _number(inputs, 1))


def _below(inputs: Inputs) -> int:
    return int(_number(inputs, 0) < _number(inputs, 1))


SEEN = Unit("a", ("x", "a-"), "there has been an input 1, now or before",
            lambda x: int(_ones(x) > 0))  # fmt: skip
HELD = Unit("d", ("x",), "this input is 1", lambda x: _ago(x, 0))
READ = "The inputs are two numbers in binary, their lowest digits first"
DESIGNS = {
    "latch": Design(
        "The net is a latch: its output {h} is 1 from the first input 1 on.",
        ("x",),
        (Unit("h", ("x", "h-"), "there has been an input 1, now or before", SEEN.value),),
    ),
    "alarm": Design(
        "The net keeps an alarm: its output {h} is 1 from the first input 0 on.",
        ("x",),
        (Unit("h", ("x", "h-"), "there has been an input 0, now or before",
              lambda x: int(_ones(x) < len(x))),),
    ),
    "reset latch": Design(
        "The net is a latch with a reset: {s} switches it on, {r} switches it off.",
        ("s", "r"),
        (Unit("h", ("s", "r", "h-"), "{s} has been 1 and {r} not since then ({r} beats {s})",
              _reset_wins),),
    ),
    "set latch": Design(
        "The net is a latch with a reset: {s} switches it on, {r} switches it off.",
        ("s", "r"),
        (Unit("h", ("s", "r", "h-"), "{s} has been 1 and {r} not since then ({s} beats {r})",
              _set),),
    ),
    "comparison": Design(
        READ + ": the net tells whether the first, {x}, is larger so far.",
        ("x", "y"),
        (Unit("g", ("x", "y", "g-"), "{x} is larger than {y}, by the digits so far", _above),),
    ),
    "parity": Design(
        "The net tracks parity: its output {p} is 1 where the number of 1s so far is odd.",
        ("x",),
        (
            Unit("a", ("x", "p-"), "this input is 1 with an odd number of 1s before it",
                 lambda x: int(x[-1][0] and _ones(x[:-1]) % 2)),
            Unit("p", ("x", "p-", "a"), "the number of 1s so far is odd", lambda x: _ones(x) % 2),
        ),
    ),
    "sum": Design(
        READ + ": the net adds them, and its output {s} is a digit of the sum.",
        ("x", "y"),
        (
            Unit("c", ("x", "y", "c-"), "there is a carry to the next step",
                 lambda x: _sum(x) >> len(x)),
            Unit("s", ("x", "y", "c-", "c"), "the digit of the sum at this step is 1",
                 lambda x: _sum(x) >> (len(x) - 1) & 1),
        ),
    ),
    "difference": Design(
        READ + ": the net subtracts {y} from {x}, and its output {s} is a digit of the difference.",
        ("x", "y"),
        (
            Unit("c", ("x", "y", "c-"), "1 has to be borrowed from the next step", _below),
            Unit("s", ("x", "y", "c-", "c"), "the digit of the difference at this step is 1",
                 lambda x: (_number(x, 0) - _number(x, 1)) >> (len(x) - 1) & 1),
        ),
    ),
    "change": Design(
        "The net detects changes: its output {h} is 1 where the input is not the one before.",
        ("x",),
        (
            HELD,
            Unit("a", ("x", "d-"), "this input and the one before are both 1",
                 lambda x: _ago(x, 0) & _ago(x, 1)),
            Unit("h", ("x", "d-", "a"),
                 "this input differs from the one before (the first, from 0)",
                 lambda x: _ago(x, 0) ^ _ago(x, 1)),
        ),
    ),
    "rise": Design(
        "The net detects rises: its output {h} is 1 where an input 1 follows a 0 or comes first.",
        ("x",),
        (HELD, Unit("h", ("x", "d-"), "this input is 1 and the one before is not",
                    lambda x: _ago(x, 0) & (1 - _ago(x, 1)))),
    ),
    "twice": Design(
        "The net counts to two: its output {h} is 1 from the second input 1 on.",
        ("x",),
        (SEEN, Unit("h", ("x", "a-", "h-"), "there have been at least two inputs 1",
                    lambda x: int(_ones(x) > 1))),
    ),
    "majority": Design(
        "The net smooths: its output {h} is 1 where at least two of the last three inputs are 1.",
        ("x",),
        (
            HELD,
            Unit("a", ("d-",), "the input of the step before is 1", lambda x: _ago(x, 1)),
            Unit("h", ("x", "d-", "a-"), "at least two of the last three inputs are 1",
                 lambda x: int(sum(_ago(x, k) for k in range(3)) > 1)),
        ),
    ),
}  # fmt: skip
