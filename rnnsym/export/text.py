"""Text for a terminal of 80 columns: Unicode, or plain ASCII in the cell language."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import singledispatchmethod
from itertools import zip_longest

from rnnsym.blocks import (
    Box,
    Code,
    Contents,
    Emphasis,
    EquationRef,
    Equations,
    Figure,
    Heading,
    Inline,
    Line,
    Listing,
    Math,
    Note,
    NumberMatrix,
    PageBreak,
    Paragraph,
    Partial,
    Prose,
    Relation,
    Table,
    Written,
)
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.export.box_drawing import drawn, text_width
from rnnsym.export.text_layout import WIDTH, broken, column_widths, display_width, pad, wrapped
from rnnsym.expr import SOURCE, UNICODE, Formula, Node, formula_in, render
from rnnsym.quiz.responses import asked, key_blocks, part_name

__all__ = ["ASCII", "TEXT", "TextExporter"]

MARKS: Mapping[str, Callable[[int], str]] = {
    "bullets": lambda place: "  ",
    "numbers": lambda place: f"{place}. ",
    "letters": lambda place: f"{'ABCDEFGH'[place - 1]}. ",
}
MARGIN = 6
BARRED = re.compile("(\\w)\\u0304")
ASCII_SIGNS = str.maketrans(
    {"−": "-", "×": "x", "⊙": "*", "≤": "<=", "≥": ">=", "…": "...", "→": "->", "Σ": "sum ",
     "δ": "delta", "Δ": "Delta", "∂": "d", "⁺": "+", "σ": "sigma", "′": "'", "½": "1/2", "ᵀ": "^T",
     "·": "*", "‖": "||", "²": "^2", "τ": "target",
     "≈": "~", "ℓ": "l", "–": "-", "—": "-", "’": "'", "“": '"', "”": '"', "≠": "!=", "ε": "eps",
     "γ": "gamma", "α": "alpha", "∈": " in "}
)  # fmt: skip


class TextExporter:
    """Documents as text; with ``ascii_only`` nothing beyond ASCII is written."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        self.notation = SOURCE if ascii_only else UNICODE
        self.ascii_only = ascii_only

    def __call__(self, document: Document, _style: Style = PLAIN, /) -> dict[str, bytes]:
        """Return the document as one ``.txt`` file."""
        return {f"{document.name}.txt": self.document(document).encode()}

    def document(self, document: Document) -> str:
        """Return the document as one text."""
        title = wrapped(self.words(document.title), "", "")
        longest = max(display_width(row) for row in title.split("\n"))
        parts = [f"{title}\n{'=' * longest}"]
        parts.append("\n".join(wrapped(self.prose(line), "", "  ") for line in document.lines))
        parts += [self.block(block) for block in document.blocks]
        return "\n\n".join(part for part in parts if part) + "\n"

    # Prose and maths

    def words(self, text: str) -> str:
        """Return running words, in ASCII where that was asked for."""
        if not self.ascii_only:
            return text
        plain = unicodedata.normalize("NFD", text.translate(ASCII_SIGNS))
        plain = BARRED.sub(r"d\1", plain)
        return plain.encode("ascii", "ignore").decode()

    def prose(self, content: Prose) -> str:
        """Return prose with its maths."""
        return "".join(self.inline(part) for part in content)

    def inline(self, part: Inline) -> str:
        """Return words or maths."""
        if isinstance(part, str):
            return self.words(part)
        if isinstance(part, Emphasis):
            return self.words(part.text)
        if isinstance(part, EquationRef):
            return f"({part.number})"
        return self.math(part)

    def math(self, math: Math) -> str:
        """Return one mathematical thing on a line."""
        if isinstance(math, Node):
            return render(math, self.notation)
        if isinstance(math, Formula):
            return self.words(formula_in(math, self.notation))
        if isinstance(math, Relation):
            sign = self.words(math.sign)
            joint = sign if sign == "×" else f" {sign} "
            return joint.join(self.math(side) for side in math.sides)
        if isinstance(math, Partial):
            sign = self.words(math.sign)
            bottom = sign[:1]
            return f"{sign}{self.math(math.of)}/{bottom}{self.math(math.wrt)}"
        if isinstance(math, Written):
            return self.words(math.text)
        if isinstance(math, NumberMatrix) and math.entry is not None:
            return self.words(math.entry)
        if isinstance(math, NumberMatrix):
            rows = "; ".join(", ".join(row) for row in math.rows)
            return self.words(f"[{rows}]")
        return self.words(self.notation.scalar(math))

    # Blocks

    @singledispatchmethod
    def block(self, block: object) -> str:
        """Return one block."""
        raise TypeError(f"no text for a {type(block).__name__}")

    @block.register
    def _(self, block: Heading) -> str:
        text = self.words(block.text)
        rule = {1: "=", 2: "-"}.get(block.level)
        return f"{text}\n{rule * display_width(text)}" if rule else text

    @block.register
    def _(self, block: Paragraph) -> str:
        return wrapped(self.prose(block.content), "", "")

    @block.register
    def _(self, block: Listing) -> str:
        items: list[str] = []
        for place, item in enumerate(block.items, 1):
            mark = MARKS[block.marks](place)
            items.append(wrapped(self.prose(item), mark, " " * len(mark) + "  "))
        return "\n".join(items)

    @block.register
    def _(self, block: Code) -> str:
        return "\n".join(f"    {line}" for line in block.text.splitlines())

    @block.register
    def _(self, block: Table) -> str:
        rows = [[self.prose(cell) for cell in row] for row in (block.head, *block.rows)]
        widths = column_widths(rows)
        lines: list[str] = [self.words(block.caption)] if block.caption else []
        for number, row in enumerate(rows):
            cells = [wrapped(c, "", "", w).split("\n") for c, w in zip(row, widths, strict=True)]
            for parts in zip_longest(*cells, fillvalue=""):
                padded = (pad(part, w) for part, w in zip(parts, widths, strict=True))
                lines.append("  " + "  ".join(padded))
            if number == 0:
                lines.append("  " + "  ".join("-" * w for w in widths))
        return "\n".join(line.rstrip() for line in lines)

    @block.register
    def _(self, block: Figure) -> str:
        figure = drawn(block.diagram, ascii_only=self.ascii_only)
        if text_width(figure) > WIDTH:
            figure = wrapped(self.words(block.diagram.description), "", "")
        return "\n\n".join(x for x in (figure, wrapped(self.prose(block.caption), "", "")) if x)

    @block.register
    def _(self, block: Box) -> str:
        inner = "\n\n".join(self.block(b) for b in block.blocks)
        return "\n".join([self.words(block.title), *(f"  {row}" for row in inner.split("\n"))])

    @block.register
    def _(self, _: PageBreak | Contents) -> str:
        return ""

    @block.register
    def _(self, block: Equations) -> str:
        return "\n".join(self.line(line) for line in block.lines)

    @block.register
    def _(self, block: Question) -> str:
        item = block.item
        marks = "mark" if item.marks == 1 else "marks"
        parts = [f"Question {block.number} ({item.marks} {marks})"]
        parts += [self.block(b) for b in item.stem]
        for place, part in enumerate(item.parts):
            if len(item.parts) > 1:
                parts.append(f"{part_name(place)} ({part.marks})")
            parts += [self.block(b) for b in (*part.stem, *asked(part.response))]
            if block.solved:
                parts += [self.block(b) for b in (*key_blocks(part), *part.solution)]
        if block.solved:
            parts.append(wrapped(f"Proof: {item.proof.method} ({item.proof.error})", "", ""))
        return "\n\n".join(part for part in parts if part)

    def line(self, line: Line) -> str:
        """Return an equation with its number, shape, comment and notes."""
        number = f"({line.number})" if line.number is not None else ""
        start = f"{pad(number, MARGIN - 1)} {self.math(line.lhs)} = "
        shape = "" if line.shape is None else self.math(Relation(line.shape, "×"))
        sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
        rhs = " + ".join(self.math(side) for side in sides)
        room = WIDTH - display_width(shape) - 2
        rows = broken(rhs, start, room)
        if shape and display_width(rows[-1]) > room:
            rows.append("")
        rows[-1] = pad(rows[-1], WIDTH - display_width(shape)) + shape
        printed = [row.rstrip() for row in rows]
        indent = " " * (MARGIN + 2)
        if line.comment:
            printed.append(wrapped(self.prose(line.comment), indent, indent))
        return "\n".join([*printed, *self.notes(line.notes)])

    def notes(self, notes: tuple[Note, ...]) -> list[str]:
        """Return the notes of a line in columns: term, edge and rules, where it holds."""
        if not notes:
            return []
        cells = [(self.math(n.term), self.prose(n.reason), self.prose(n.where)) for n in notes]
        widest = min(max(display_width(term) for term, _, _ in cells), 32)
        lines: list[str] = []
        for term, reason, where in cells:
            tail = f"{reason}; {where}" if where else reason
            start = " " * (MARGIN + 2) + pad(term, widest) + "  "
            if display_width(term) > widest:
                lines += broken(term, " " * (MARGIN + 2), WIDTH)
                start = " " * (MARGIN + 4 + widest)
            lines.append(wrapped(tail, start, " " * (MARGIN + 4 + widest)))
        return lines


TEXT = TextExporter()
ASCII = TextExporter(ascii_only=True)
