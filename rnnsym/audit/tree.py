"""What a formula says before anything in it has a meaning: a tree of signs."""

from fractions import Fraction
from typing import TypeAlias

from rnnsym.record import record

__all__ = [
    "Called", "Chain", "Difference", "Name", "Number", "Power", "Rows", "Stack", "Total", "Tree",
    "Turned",
]  # fmt: skip


@record
class Number:
    """A number."""

    value: Fraction
    place: int


@record
class Name:
    """A symbol: its base with subscripts, bracketed indices and a layer in brackets above.

    ``gradient`` stands for the ∂L/∂ before it.
    """

    base: str
    subscripts: tuple["Tree", ...]
    indices: tuple["Tree", ...]
    above: "Tree | None"
    place: int
    gradient: bool = False


@record
class Called:
    """A function of an argument, differentiated ``primes`` times."""

    function: str
    primes: int
    argument: "Tree"
    place: int


@record
class Difference:
    """A sum of terms, each with its sign."""

    terms: tuple[tuple[int, "Tree"], ...]
    place: int


@record
class Chain:
    """Factors with the signs between them: @ ⊙ * · / or "" where they stand side by side."""

    factors: tuple["Tree", ...]
    signs: tuple[str, ...]
    place: int


@record
class Power:
    """An elementwise power."""

    base: "Tree"
    exponent: "Tree"
    place: int


@record
class Turned:
    """A transpose."""

    inner: "Tree"
    place: int


@record
class Rows:
    """Rows ``first`` to ``last``, counted from 1; an end left out is the first or the last row."""

    inner: "Tree"
    first: "Tree | None"
    last: "Tree | None"
    place: int


@record
class Stack:
    """Blocks on top of each other."""

    blocks: tuple["Tree", ...]
    place: int


@record
class Total:
    """Σ over ``index``; bounds left out are 1 and T."""

    index: str
    first: "Tree | None"
    last: "Tree | None"
    body: "Tree"
    place: int


Tree: TypeAlias = (
    Number | Name | Called | Difference | Chain | Power | Turned | Rows | Stack | Total
)
