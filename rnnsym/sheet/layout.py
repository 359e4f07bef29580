"""Documents in the layout of a convention: what is derived for columns, printed for rows."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from rnnsym.blocks import Code, Line, Note, NumberMatrix, Partial, Relation
from rnnsym.convention import read_convention
from rnnsym.document import Document
from rnnsym.expr import Expr, Formula, Node
from rnnsym.expr.rows import Rows, rows_of

__all__ = ["in_layout", "laid_out"]

T = TypeVar("T")
# What prose says of columns, for x W and for x Wᵀ.
WORDS = (
    ("y = A v: Ā = ȳ vᵀ, v̄ = Aᵀ ȳ", "y = v A: v̄ = ȳ Aᵀ, Ā = vᵀ ȳ", "y = v Aᵀ: v̄ = ȳ A, Ā = ȳᵀ v"),
    ("y = [u; v]: ū = the rows of ȳ", "y = [u, v]: ū = the columns of ȳ", ""),
    ("y = rows of u: ū = ȳ in those rows", "y = columns of u: ū = ȳ in those columns", ""),
    ("the column of E", "the row of E", ""),
)


def laid_out(document: Document, convention: str) -> Document:
    """Return a document as its convention prints it: unchanged where that has columns.

    Args:
        document: its maths is that of columns.
        convention: a convention's name.
    """
    lines, blocks = in_layout((document.lines, document.blocks), convention)
    return replace(document, lines=lines, blocks=blocks)


def in_layout(part: T, convention: str) -> T:
    """Return a part of a document, or maths alone, as a convention prints it.

    >>> from rnnsym.expr import TIME, Array, Family, matmul, size, text
    >>> x = Array(Family("x", "x"), (size("d"), 1), None, TIME)
    >>> value = matmul(Array(Family("W", "W"), (size("n"), size("d"))), x)
    >>> [text(in_layout(value, name)) for name in ("textbook", "d2l", "onnx")]
    ['W xₜ', 'Xₜ W', 'Xₜ Wᵀ']
    """
    entry = read_convention(convention)
    rows = rows_of(entry.product, entry.labels)
    return part if rows is None else _Layout(rows).of(part)


class _Layout:
    """Walks a document's parts, turning all maths in them."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def of(self, part: T) -> T:
        """Return a part of a document with its maths turned."""
        turned: T = self._of(part)
        return turned

    def _of(self, part: Any) -> Any:
        match part:
            case Line():
                return self._line(part)
            case Relation((Expr() as a, Expr() as b), "×"):
                return Relation(self.rows.shape((a, b)), "×")
            case Relation((Node() | Partial() as first, *_)):
                # As in a line: both sides alike, a Jacobian's name as what it stands for.
                flip = isinstance(first, Partial) or self.rows.flips(first)
                return replace(part, sides=tuple(self._side(s, flip) for s in part.sides))
            case Node():
                return self.rows.of(part)
            case str():
                return self._words(part)
            case (*parts,):
                return tuple(self._of(inner) for inner in parts)
            case _ if is_dataclass(part) and not isinstance(part, type | Formula | Code):
                return replace(
                    part, **{f.name: self._of(getattr(part, f.name)) for f in fields(part)}
                )
            case _:
                return part

    def _line(self, line: Line) -> Line:
        """Turn both sides of an equation alike, the way its left-hand side reads well."""
        lhs = line.lhs
        flip = not isinstance(lhs, Node) or self.rows.flips(lhs)
        shape = line.shape and (line.shape[::-1] if flip else line.shape)
        return replace(
            line,
            lhs=self._of(lhs),
            rhs=self._side(line.rhs, flip),
            shape=shape,
            where=self._of(line.where),
            comment=self._of(line.comment),
            notes=tuple(self._note(note, flip) for note in line.notes),
        )

    def _note(self, note: Note, flip: bool) -> Note:
        reason, where = self._of(note.reason), self._of(note.where)
        return Note(self._side(note.term, flip), reason, where)

    def _side(self, side: Any, flip: bool) -> Any:
        match side:
            case Node():
                return self.rows.row(side) if flip else self.rows.same(side)
            case (*parts,):
                return tuple(self._side(part, flip) for part in parts)
            case Relation((Node(), *_)):
                return replace(side, sides=tuple(self._side(s, flip) for s in side.sides))
            case NumberMatrix():
                return NumberMatrix(tuple(zip(*side.rows, strict=True))) if flip else side
            case _:
                return self._of(side)

    def _words(self, text: str) -> str:
        for columns, turned, kept in WORDS:
            text = text.replace(columns, turned if self.rows.turned or not kept else kept)
        return text
