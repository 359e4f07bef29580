"""What documents and questions are made of: prose with maths as expressions, and blocks of it.

Nothing here knows an output format. Maths stays an expression until an exporter prints it.
"""

from typing import TypeAlias

from rnnsym.diagram import Diagram
from rnnsym.expr import Expr, Formula, Node, Shape
from rnnsym.record import record

__all__ = [
    "Block", "Box", "Code", "Contents", "Emphasis", "EquationRef", "Equations", "Figure", "Heading",
    "Inline", "Line", "Listing", "Math", "Note", "NumberMatrix", "PageBreak", "Paragraph",
    "Partial", "Prose", "Relation", "Table", "Written", "prose",
]  # fmt: skip


@record
class NumberMatrix:
    """A matrix of decimal numbers, each already rounded to the text that is shown."""

    rows: tuple[tuple[str, ...], ...]

    @property
    def entry(self) -> str | None:
        """The number, where there is only one: it is printed without brackets."""
        return self.rows[0][0] if len(self.rows) == len(self.rows[0]) == 1 else None


@record
class Partial:
    """The name of a Jacobian: ∂of/∂wrt; ``sign`` is "∂⁺" for the direct edge, "d" for the total."""

    of: Node
    wrt: Node
    sign: str = "∂"


@record
class Relation:
    """Two or more mathematical things joined by a sign, e.g. h₀ = 0."""

    sides: tuple["Math", ...]
    sign: str = "="


@record
class Written:
    """Maths that stands for any arrays, as a local rule has it: y = A v: Ā = ȳ vᵀ, v̄ = Aᵀ ȳ."""

    text: str


Math: TypeAlias = Node | Expr | Formula | NumberMatrix | Partial | Relation | Written


@record
class Emphasis:
    """Words that are stressed."""

    text: str


@record
class EquationRef:
    """A reference to a numbered line of the same document, printed as "(7)" and linked to it."""

    number: str


Inline: TypeAlias = str | Math | Emphasis | EquationRef
Prose: TypeAlias = tuple[Inline, ...]


def prose(*parts: Inline) -> Prose:
    """Return running text made of words and maths."""
    return parts


@record
class Heading:
    """A heading of level 1, 2 or 3."""

    text: str
    level: int = 1


@record
class Paragraph:
    """One paragraph."""

    content: Prose


@record
class Note:
    """Why one term stands in a line: the term, where it holds, and the words for it."""

    term: Math
    reason: Prose
    where: Prose = ()


@record
class Line:
    """One equation of a display: ``lhs = rhs``, its number, shape and range, and notes on it."""

    lhs: Math
    rhs: Math | tuple[Math, ...]
    number: str | None = None
    shape: Shape | None = None
    where: Prose = ()
    comment: Prose = ()
    notes: tuple[Note, ...] = ()


@record
class Equations:
    """Lines set one under the other, aligned at their equals signs."""

    lines: tuple[Line, ...]


@record
class Table:
    """A table with a head row."""

    head: tuple[Prose, ...]
    rows: tuple[tuple[Prose, ...], ...]
    caption: str = ""


@record
class Listing:
    """Items of a list; ``marks`` is "bullets", "numbers" (1. 2. …) or "letters" (A. B. …)."""

    items: tuple[Prose, ...]
    marks: str = "bullets"


@record
class Code:
    """Program text or terminal text, verbatim."""

    text: str
    language: str = ""


@record
class Figure:
    """A diagram and what stands under it."""

    diagram: Diagram
    caption: Prose = ()


@record
class Box:
    """Blocks set apart in a frame; ``kind`` is "goals", "mistakes", "takeaways" or "note"."""

    kind: str
    title: str
    blocks: tuple["Block", ...]


@record
class PageBreak:
    """What follows starts on a new page, where the format has pages."""


@record
class Contents:
    """The table of contents: the headings of levels 1 and 2, with pages or links."""


Block: TypeAlias = (
    Heading | Paragraph | Equations | Table | Listing | Code | Figure | Box | PageBreak | Contents
)
