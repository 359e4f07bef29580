r"""Displayed equations in LaTeX: one alignment for a whole group, broken to the page's measure.

Shapes stand in a column of their own at the right, before the numbers; what explains a line stands
below it in small print, and keeps to its page.
"""

import re
from collections.abc import Iterator, Sequence

from rnnsym.blocks import Equations, Line, Math, Note, NumberMatrix, Prose, Relation
from rnnsym.export.latex_math import SIGNS, math_latex, prose_latex, prose_width
from rnnsym.export.latex_page import Page
from rnnsym.export.latex_width import formula_width
from rnnsym.expr import LATEX, Hadamard, Plus, Product, Scale, inside

__all__ = ["display_latex"]

# Points at 11 pt: the indents of a display, a further row and notes; an equals sign; a gap.
INDENT, FURTHER, NOTE_INDENT, EQUALS, GAP = 24, 22, 50, 15, 14
GRADIENT = re.compile(r"^\\frac\{\\partial L\}\{(\\partial .*)\}$")
SMALL = 0.83
"""Small print against running text."""
WIDE_LEFT = 0.4
"""Where a left-hand side takes more than this of a line, the other side stands below it."""
SURE = 0.96
"""What can be relied on of a width left over: widths are estimates."""
LEAST_REMARK = 130
"""Where less than this is left beside a display, its comments stand below."""
LONG = 4
"""Lines of a display that pages break with care."""
LONG_TERM = 200
"""A term wider than this stands above its reason."""


def display_latex(block: Equations, page: Page) -> str:
    """Return a display in LaTeX."""
    lines = block.lines
    if all(_is_given(line) for line in lines):
        return _given(block)
    left = max(formula_width(_left(line.lhs)) for line in lines)
    if left > WIDE_LEFT * page.width:
        notes = [_notes(line, page, page.width) for line in lines]
        return _joined([_hanging(line, page) for line in lines], notes)
    room = page.width - INDENT - left - EQUALS - max(_side_width(line, page) for line in lines)
    rows = [_rows(line, room) for line in lines]
    widest = max(formula_width(row) for printed in rows for row in printed)
    left_over = SURE * (room - widest) - GAP
    beside = left_over if left_over >= LEAST_REMARK else 0.0
    parts = [_line(x, r, page, beside) for x, r in zip(lines, rows, strict=True)]
    return _joined(parts, [_notes(line, page, beside) for line in lines])


def _maths(math: Math) -> str:
    """Return maths whose sums have their limits at the side: rows stay low."""
    return math_latex(math).replace(r"\sum_", r"\sum\nolimits_")


def _left(math: Math) -> str:
    """Return a left-hand side; gradients, of which there are many, are no taller than a line."""
    return GRADIENT.sub(r"\\partial L/\1", _maths(math))


def _width(math: Math) -> float:
    return formula_width(_maths(math))


def _is_given(line: Line) -> bool:
    """A number that is handed out: several of these share a row."""
    return isinstance(line.rhs, NumberMatrix) and line.number is None and line.shape is None


def _given(block: Equations) -> str:
    sides = ((line.lhs, line.rhs) for line in block.lines if not isinstance(line.rhs, tuple))
    shown = r"\qquad ".join(rf"\mbox{{${_maths(Relation(pair))}$}}" for pair in sides)
    return f"{{\\raggedright {shown}\\par}}\n"


def _joined(lines: Sequence[str], notes: Sequence[str]) -> str:
    """One alignment; the notes of its last line follow it, since no row does.

    Of a longer one no page ends with the first line, and none begins with the last.
    """
    ends = [f"\\\\*\n\\edges{{{note}}}" if note else "\\\\" for note in notes[:-1]]
    if len(lines) >= LONG:
        ends = [f"{end}*" if end == "\\\\" and i in (0, len(ends) - 1) else end
                for i, end in enumerate(ends)]  # fmt: skip
    body = "\n".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))
    display = f"\\begin{{alignat}}{{2}}\n{body}\n\\end{{alignat}}"
    if not notes[-1]:
        return display
    return f"{{\\postdisplaypenalty=10000\n{display}}}\n\\lastedges{{{notes[-1]}}}"


# Lines


def _side_width(line: Line, page: Page) -> float:
    """Return the room that shape and number take."""
    shape = 0.0 if line.shape is None else _width(Relation(line.shape, "×")) + GAP
    return shape + (page.number_width if line.number is not None else 0.0)


def _line(line: Line, rows: Sequence[str], page: Page, beside: float) -> str:
    """One equation: further rows below the first, shape and number at the end of the last."""
    remark = rf" && \quad {_remark(line.comment, page, beside)}" if line.comment and beside else ""
    first = f"{_left(line.lhs)} &= {rows[0]}"
    printed = " \\notag\\\\*\n".join([first, *(_further(row) for row in rows[1:])])
    return printed + remark + _tag(line)


def _remark(comment: Prose, page: Page, room: float) -> str:
    text = _linked(comment, page)
    if SMALL * prose_width(comment) <= room:
        return rf"\remark{{{text}}}"
    return rf"\longremark{{{room / page.width:.3f}}}{{{text}}}"


def _hanging(line: Line, page: Page) -> str:
    """One equation whose left-hand side takes a row of its own."""
    rows = _rows(line, page.width - INDENT - FURTHER - EQUALS - _side_width(line, page))
    remark = rf"\quad \remark{{{_linked(line.comment, page)}}}" if line.comment else ""
    first = rows[0].removeprefix("= ")
    further = (row if row.startswith("=") else rf"\qquad {row}" for row in rows[1:])
    printed = [f"&{_left(line.lhs)}{remark}"]
    printed += (rf"&\qquad {row}" for row in (f"= {first}", *further))
    return " \\notag\\\\*\n".join(printed) + _tag(line)


def _further(row: str) -> str:
    """Align a row at the equals sign that it starts with, or indent it."""
    return f"&{row}" if row.startswith("=") else rf"&\qquad {row}"


def _tag(line: Line) -> str:
    if line.number is None and line.shape is None:
        return r" \notag"
    shape = "" if line.shape is None else _maths(Relation(line.shape, "×"))
    number = "" if line.number is None else rf"\hypertarget{{eq:{line.number}}}{{({line.number})}}"
    return rf" \side{{{shape}}}{{{number}}}"


def _linked(content: Prose, page: Page) -> str:
    return prose_latex(content, page.numbers)


# Rows of a right-hand side


def _rows(line: Line, room: float) -> list[str]:
    """Put the terms of a right-hand side on as many rows as the page's measure asks for."""
    if isinstance(line.rhs, Relation) and formula_width(_maths(line.rhs)) > room:
        return _chain(line.rhs, room)
    return _sum(line.rhs if isinstance(line.rhs, tuple) else (line.rhs,), room)


def _chain(chain: Relation, room: float) -> list[str]:
    """Start a row at each sign of a = b = c, but put what is short behind what stands there."""
    rows: list[str] = []
    for place, side in enumerate(chain.sides):
        sign = SIGNS[chain.sign] if place else ""
        first, *others = _sum((side,), room)
        if rows and formula_width(f"{rows[-1]} {sign} {first}") <= room and not others:
            rows[-1] += f" {sign} {first}"
        else:
            rows += [f"{sign} {first}".lstrip(), *others]
    return rows


def _sum(sides: Sequence[Math], room: float) -> list[str]:
    terms = [child for side in sides for child in _summands(side)]
    rows: list[str] = []
    for place, term in enumerate(terms):
        for piece in _pieces(term, place == 0, room):
            if rows and formula_width(f"{rows[-1]} {piece}") <= room - FURTHER * (len(rows) > 1):
                rows[-1] += f" {piece}"
            else:
                rows.append(piece)
    return rows


def _summands(side: Math) -> tuple[Math, ...]:
    return side.children if isinstance(side, Plus) else (side,)


def _pieces(term: Math, first: bool, room: float) -> Iterator[str]:
    """Yield a term with its sign; a product longer than a row in its factors."""
    sign = "" if first else "+ "
    if isinstance(term, Scale) and bool(term.factor.is_negative):
        sign, bare = "- ", Scale(-term.factor, term.arg)
        term = bare.arg if bare.factor == 1 else bare
    printed = _maths(term)
    if not isinstance(term, Hadamard | Product) or formula_width(printed) <= room - FURTHER:
        yield sign + printed
        return
    between = LATEX.product_sign if isinstance(term, Product) else LATEX.entrywise_sign
    mark = f"{{}}{between(term.children)}".removesuffix("{} ")
    for place, child in enumerate(term.children):
        yield (mark if place else sign) + inside(child, LATEX, 3)


# Notes


def _notes(line: Line, page: Page, beside: float) -> str:
    """Return what stands below a line: its comment where there is no room beside it, its notes."""
    comment = "" if beside or not line.comment else rf"\wide{{{_linked(line.comment, page)}}}\\"
    printed = [_note(note, page) for note in line.notes]
    step = 2 if _fit_in_pairs(line.notes, page) else 1
    rows = (" & ".join(printed[i : i + step]) for i in range(0, len(printed), step))
    return comment + "".join(f"\n{row} \\\\" for row in rows)


def _fit_in_pairs(notes: Sequence[Note], page: Page) -> bool:
    """Tell whether the columns of two notes fit side by side."""
    cells = [(_width(n.term), prose_width(n.reason), prose_width(n.where)) for n in notes]
    halves = (zip(*half, strict=True) for half in (cells[::2], cells[1::2]))
    columns = [max(column) + GAP for half in halves for column in half]
    short = all(term <= LONG_TERM / 2 for term, _, _ in cells)
    return short and SMALL * (sum(columns) + GAP) + NOTE_INDENT <= SURE * page.width


def _note(note: Note, page: Page) -> str:
    """One row; a term too long for its column stands above its reason."""
    term = f"${_maths(note.term)}$"
    reason, where = _linked(note.reason, page), _linked(note.where, page)
    width, rest = _width(note.term), prose_width(note.reason) + prose_width(note.where)
    room = (page.width - NOTE_INDENT) / SMALL
    if rest + LONG_TERM > room:
        return rf"\wide{{{term}\quad {reason}{'; ' if where else ''}{where}}}"
    if width > LONG_TERM:
        term = rf"\wide{{{term}}} \\ "
    return f"{term} & {reason} & {where}"
