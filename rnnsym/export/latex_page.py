"""What the setting of a block depends on besides the block: the line, and the document around."""

from dataclasses import replace

from rnnsym.blocks import Box, Equations, Heading
from rnnsym.document import Document, Style
from rnnsym.record import record

__all__ = ["BARE", "Page", "page_of"]

TEXT_SIZE = 11
LARGE_SIZE = 17
# Points of a line at text size 11: A4 and letter less their margins; a column of three.
WIDTHS = {"a4": 470, "letter": 488}
# Of the exam class, inside a question.
PAPER_WIDTHS = {"a4": 420, "letter": 437}
LARGE_WIDTHS = {"a4": 509, "letter": 528}
DIGIT, GAP, FRAME = 5.5, 10, 30
COLUMN_WIDTHS = {"cheatsheet": 228}


@record
class Page:
    """The measure of a page, and what can be linked to.

    Attributes:
        width: of a line, in points as ``formula_width`` counts them.
        numbers: the equations of the document; others are not linked to.
        top: the level of the highest headings.
        boxed: inside a frame, where no table may break over pages.
    """

    width: float = WIDTHS["a4"]
    numbers: frozenset[str] = frozenset()
    top: int = 1
    boxed: bool = False

    @property
    def number_width(self) -> float:
        """Return the room for the widest equation number, its brackets and the gap before it."""
        return DIGIT * (2 + max((len(number) for number in self.numbers), default=0)) + GAP

    def framed(self) -> "Page":
        """Return the page inside a frame."""
        return replace(self, width=self.width - FRAME, boxed=True)


BARE = Page()


def page_of(document: Document, style: Style) -> Page:
    """Return the page that a document is set on."""
    blocks = list(document.blocks)
    for block in blocks:
        if isinstance(block, Box):
            blocks += block.blocks
    lines = (x for block in blocks if isinstance(block, Equations) for x in block.lines)
    levels = (block.level for block in blocks if isinstance(block, Heading))
    numbers = frozenset(line.number for line in lines if line.number is not None)
    return Page(_width(document.kind, style), numbers, min(levels, default=1))


def _width(kind: str, style: Style) -> float:
    if kind in COLUMN_WIDTHS:
        return COLUMN_WIDTHS[kind]
    widths = LARGE_WIDTHS if style.large else WIDTHS
    width = (PAPER_WIDTHS if kind == "paper" else widths)[style.paper]
    return width * TEXT_SIZE / LARGE_SIZE if style.large else width
