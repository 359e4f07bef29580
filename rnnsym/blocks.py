"""What documents and questions are made of: prose with maths as expressions, and blocks of it.

Nothing here knows an output format. Maths stays an expression until an exporter prints it.
"""

from dataclasses import dataclass
from typing import TypeAlias

from rnnsym.expr import Expr, Formula, Node, Shape

__all__ = [
    "Block", "Code", "Emphasis", "Equations", "Heading", "Inline", "Line", "Listing", "Math",
    "Note", "NumberMatrix", "Paragraph", "Partial", "Prose", "Relation", "Table", "prose",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NumberMatrix:
    """A matrix of decimal numbers, each already rounded to the text that is shown."""

    rows: tuple[tuple[str, ...], ...]

    @property
    def entry(self) -> str | None:
        """The number, where there is only one: it is printed without brackets."""
        return self.rows[0][0] if len(self.rows) == len(self.rows[0]) == 1 else None


@dataclass(frozen=True, slots=True)
class Partial:
    """The name of a Jacobian: ∂of/∂wrt; ``sign`` is "∂⁺" for the direct edge, "d" for the total."""

    of: Node
    wrt: Node
    sign: str = "∂"


@dataclass(frozen=True, slots=True)
class Relation:
    """Two or more mathematical things joined by a sign, e.g. h₀ = 0."""

    sides: tuple["Math", ...]
    sign: str = "="


Math: TypeAlias = Node | Expr | Formula | NumberMatrix | Partial | Relation


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Words that are stressed."""

    text: str


Inline: TypeAlias = str | Math | Emphasis
Prose: TypeAlias = tuple[Inline, ...]


def prose(*parts: Inline) -> Prose:
    """Return running text made of words and maths."""
    return parts


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1, 2 or 3."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph."""

    content: Prose


@dataclass(frozen=True, slots=True)
class Note:
    """Why one term stands in a line: the term, where it holds, and the words for it."""

    term: Math
    reason: Prose
    where: Prose = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One equation of a display: ``lhs = rhs``, its number, shape and range, and notes on it."""

    lhs: Math
    rhs: Math | tuple[Math, ...]
    number: int | None = None
    shape: Shape | None = None
    where: Prose = ()
    comment: Prose = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Equations:
    """Lines set one under the other, aligned at their equals signs."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a head row."""

    head: tuple[Prose, ...]
    rows: tuple[tuple[Prose, ...], ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Items of a list."""

    items: tuple[Prose, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """Program text or terminal text, verbatim."""

    text: str
    language: str = ""


Block: TypeAlias = Heading | Paragraph | Equations | Table | Listing | Code
