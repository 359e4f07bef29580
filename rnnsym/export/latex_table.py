"""Tables in LaTeX: columns as wide as their content, or wrapped where the page is too narrow."""

from math import ceil

from rnnsym.blocks import Prose, Table
from rnnsym.export.latex_math import prose_latex, prose_width
from rnnsym.export.latex_page import Page
from rnnsym.export.latex_words import escape

__all__ = ["table_latex"]

# Points between two columns; bold heads and small print against running text; points to spare.
GAP, BOLD, SMALL, SPARE = 12, 1.12, 0.92, 5
MOST_LINES = 24
"""A longer table may break over pages."""
NUMBER_SIGNS = frozenset("0123456789.,-−+±%e∞ ")


def table_latex(block: Table, page: Page) -> str:
    """Return a table in LaTeX."""
    room = page.width - SPARE - GAP * (len(block.head) - 1)
    natural = [_natural(block, i) for i in range(len(block.head))]
    small = sum(natural) > room
    if small:
        natural = [SMALL * width for width in natural]
    widths = _shared(natural, room)
    spec = "".join(
        rf">{{\raggedright\arraybackslash}}p{{{width / page.width:.3f}\linewidth}}"
        if width < full
        else _aligned(block, i)
        for i, (width, full) in enumerate(zip(widths, natural, strict=True))
    )
    height = sum(_height(row, widths, SMALL if small else 1) for row in block.rows)
    breaks = height > MOST_LINES and not page.boxed
    begin, end = (
        (r"\begin{longtable}[l]", r"\end{longtable}")
        if breaks
        else (r"\noindent\begin{tabular}[b]", r"\end{tabular}\par\nointerlineskip")
        if page.boxed  # a frame that ends with a page does not measure how deep its last line is
        else (r"\noindent\begin{tabular}", r"\end{tabular}\par")
    )
    caption = rf"\tabletitle{{{escape(block.caption)}}}" if block.caption else ""
    rows = _rows(block, page, wrapped=widths != natural, breaks=breaks)
    size = r"\small" if small else ""
    return (
        f"{{\\tablestart{caption}{size}\n{begin}{{@{{}}{spec}@{{}}}}\n{rows}\n{end}}}\\tableend\n"
    )


def _rows(block: Table, page: Page, *, wrapped: bool, breaks: bool) -> str:
    head = " & ".join(rf"\textbf{{{prose_latex(cell, page.numbers)}}}" for cell in block.head)
    between = "\\addlinespace[3pt]\n" if wrapped else ""
    rows = [" & ".join(prose_latex(cell, page.numbers) for cell in row) for row in block.rows]
    body = between.join(f"{row} \\\\\n" for row in rows)
    again = "\\endhead\n" if breaks else ""
    return f"\\toprule\n{head} \\\\\n\\midrule\n{again}{body}\\bottomrule"


def _natural(block: Table, i: int) -> float:
    """Return the width of a column that wraps nowhere."""
    cells = max((prose_width(row[i]) for row in block.rows), default=0.0)
    return max(cells, BOLD * prose_width(block.head[i]))


def _shared(natural: list[float], room: float) -> list[float]:
    """Return widths that fit: the wide columns share what the narrow ones leave."""
    if sum(natural) <= room:
        return natural
    left, wide = room, list(range(len(natural)))
    while True:
        share = left / len(wide)
        narrow = [i for i in wide if natural[i] <= share]
        if not narrow:
            break
        left -= sum(natural[i] for i in narrow)
        wide = [i for i in wide if i not in narrow]
    # Half alike, half by what they hold: a long text gets more, a short one is not crushed.
    total = sum(natural[i] for i in wide)
    given = {i: left / 2 * (1 / len(wide) + natural[i] / total) for i in wide}
    return [min(given.get(i, width), width) for i, width in enumerate(natural)]


def _aligned(block: Table, i: int) -> str:
    """Numbers are set to the right, all else to the left."""
    cells = [row[i] for row in block.rows]
    return "r" if cells and all(_is_number(cell) for cell in cells) else "l"


def _is_number(cell: Prose) -> bool:
    return bool(cell) and all(isinstance(p, str) and set(p) <= NUMBER_SIGNS for p in cell)


def _height(row: tuple[Prose, ...], widths: list[float], size: float) -> int:
    """Return about how many lines a row takes."""
    pairs = zip(row, widths, strict=True)
    return max(ceil(size * prose_width(cell) / (width or 1)) for cell, width in pairs)
