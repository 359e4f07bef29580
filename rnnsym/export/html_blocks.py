"""Blocks as HTML: one rule for each; all text is escaped on its way in."""

import re
from collections.abc import Iterable, Iterator
from functools import singledispatch
from itertools import zip_longest

from markupsafe import Markup

from rnnsym.blocks import (
    Block,
    Box,
    Code,
    Contents,
    Emphasis,
    EquationRef,
    Equations,
    Figure,
    Heading,
    Line,
    Listing,
    Note,
    NumberMatrix,
    PageBreak,
    Paragraph,
    Prose,
    Relation,
    Table,
)
from rnnsym.export.html_math import formula, line_formula
from rnnsym.export.latex_math import math_width, prose_width
from rnnsym.export.svg import svg
from rnnsym.record import record

__all__ = ["Anchor", "Page", "block_html", "blocks_html", "prose_html"]

EMPTY = Markup("")
# Points (at 11 pt) of a formula and its remark that fit side by side.
BESIDE = 400
SMALL, SIGN = 0.9, 15
STOP = re.compile(r"[,.;:)]+")


@record
class Anchor:
    """Where a heading stands: its id ("" for none), and its element, <h2> or below."""

    id: str
    tag: str
    heading: Heading | None = None


@record
class Page:
    """What a block must know of the page it stands on.

    Attributes:
        anchors: of the headings, in order.
        numbers: of the lines that can be linked to.
        coming: the anchors of the headings yet to come.
    """

    anchors: tuple[Anchor, ...]
    numbers: frozenset[str]
    coming: Iterator[Anchor]


def prose_html(content: Prose, page: Page) -> Markup:
    """Return running text."""
    shown: list[Markup] = []
    stop = ""
    for part, after in zip_longest(content, content[1:], fillvalue=""):
        if isinstance(part, str):
            shown.append(Markup.escape(part[len(stop) :]))
            stop = ""
        elif isinstance(part, Emphasis | EquationRef):
            shown.append(_inline(part, page))
        else:
            # No line begins with the stop that follows a formula.
            found = STOP.match(after) if isinstance(after, str) else None
            stop = found.group() if found else ""
            shown.append(formula(part, stop))
    return EMPTY.join(shown)


def _inline(part: Emphasis | EquationRef, page: Page) -> Markup:
    if isinstance(part, Emphasis):
        return Markup("<em>{}</em>").format(part.text)
    if part.number not in page.numbers:
        return Markup.escape(f"({part.number})")
    return Markup('<a href="#{}">({})</a>').format(_anchor(part.number), part.number)


def _anchor(number: str) -> str:
    return f"eq-{number.replace(' ', '-')}"


def blocks_html(blocks: Iterable[Block], page: Page) -> Markup:
    """Return blocks one after the other."""
    return Markup("\n").join(block_html(block, page) for block in blocks)


@singledispatch
def block_html(block: object, page: Page) -> Markup:
    """Return one block.

    Raises:
        TypeError: not a block; names it.
    """
    raise TypeError(f"no HTML for a {type(block).__name__}")


@block_html.register
def _(block: Heading, page: Page) -> Markup:
    place = next(page.coming)
    name = Markup(' id="{}"').format(place.id) if place.id else EMPTY
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(place.tag), name, block.text)


@block_html.register
def _(block: Paragraph, page: Page) -> Markup:
    return Markup("<p>{}</p>").format(prose_html(block.content, page))


@block_html.register
def _(block: Listing, page: Page) -> Markup:
    tag = "ul" if block.marks == "bullets" else "ol"
    letters = Markup(' type="A"') if block.marks == "letters" else EMPTY
    items = (Markup("<li>{}</li>").format(prose_html(item, page)) for item in block.items)
    shown = Markup("<{0}{1}>\n{2}\n</{0}>").format(Markup(tag), letters, Markup("\n").join(items))
    return shown if block.items else EMPTY


@block_html.register
def _(block: Table, page: Page) -> Markup:
    caption = Markup("<caption>{}</caption>\n").format(block.caption) if block.caption else EMPTY
    head = EMPTY.join(_head(cell, page) for cell in block.head)
    rows = (
        EMPTY.join(Markup("<td>{}</td>").format(prose_html(cell, page)) for cell in row)
        for row in block.rows
    )
    body = Markup("\n").join(Markup("<tr>{}</tr>").format(row) for row in rows)
    return Markup(
        '<div class="scroll" role="group" aria-label="{}" tabindex="0"><table>\n'
        "{}<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table></div>"
    ).format(block.caption or "Table", caption, head, body)


def _head(cell: Prose, page: Page) -> Markup:
    made = '<th scope="col">{}</th>' if cell and cell != ("",) else "<td>{}</td>"
    return Markup(made).format(prose_html(cell, page))


@block_html.register
def _(block: Code, page: Page) -> Markup:
    del page
    label = f"{block.language} code".strip()
    return Markup(
        '<pre class="scroll" role="group" aria-label="{}" tabindex="0"><code>{}</code></pre>'
    ).format(label, block.text)


@block_html.register
def _(block: Box, page: Page) -> Markup:
    return Markup(
        '<div class="box {}" role="group" aria-label="{}">\n<p class="title">{}</p>\n{}\n</div>'
    ).format(block.kind, block.title, block.title, blocks_html(block.blocks, page))


@block_html.register
def _(block: Figure, page: Page) -> Markup:
    caption = (
        Markup("\n<figcaption>{}</figcaption>").format(prose_html(block.caption, page))
        if block.caption
        else EMPTY
    )
    # The printer of diagrams escapes what stands in them.
    drawn = Markup('<div class="scroll" role="group" aria-label="{}" tabindex="0">{}</div>').format(
        block.diagram.title, Markup(svg(block.diagram))
    )
    return Markup("<figure>\n{}{}\n</figure>").format(drawn, caption)


@block_html.register
def _(block: PageBreak, page: Page) -> Markup:
    del block, page
    return Markup('<div class="page-break"></div>')


@block_html.register
def _(block: Contents, page: Page) -> Markup:
    del block
    items = (
        Markup('<li class="of-{}"><a href="#{}">{}</a></li>').format(
            place.tag, place.id, place.heading.text
        )
        for place in page.anchors
        if place.heading is not None and place.heading.level <= 2
    )
    return Markup('<nav class="contents" aria-label="Contents">\n<ul>\n{}\n</ul>\n</nav>').format(
        Markup("\n").join(items)
    )


# Equations


@block_html.register
def _(block: Equations, page: Page) -> Markup:
    kind = "given" if all(_is_given(line) for line in block.lines) else ""
    kind = kind or ("beside" if _fits_beside(block) else "")
    lines = Markup("\n").join(_line(line, page) for line in block.lines)
    return Markup('<div class="equations {}">\n{}\n</div>').format(kind, lines)


def _is_given(line: Line) -> bool:
    """A number that is handed out: several of these share a row."""
    return isinstance(line.rhs, NumberMatrix) and line.number is None and line.shape is None


def _fits_beside(block: Equations) -> bool:
    """Tell whether the remarks of a display fit to the right of its formulas."""
    widest = max(_width(line) for line in block.lines)
    remark = max(prose_width(line.comment) for line in block.lines)
    return remark > 0 and widest + SMALL * remark <= BESIDE


def _width(line: Line) -> float:
    sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
    return math_width(line.lhs) + sum(math_width(side) + SIGN for side in sides)


def _line(line: Line, page: Page) -> Markup:
    parts = [line_formula(line)]
    shape = formula(Relation(line.shape, "×")) if line.shape is not None else EMPTY
    number = Markup.escape(f"({line.number})" if line.number is not None else "")
    tag = _span("shape", shape) + _span("number", number)
    parts.append(_span("tag", tag))
    parts.append(_span("remark", prose_html(line.comment, page)))
    parts.append(_span("where", prose_html(line.where, page)))
    if line.notes:
        parts.append(_notes(line.notes, page))
    linked = line.number if line.number in page.numbers else None
    anchor = Markup(' id="{}"').format(_anchor(linked)) if linked is not None else EMPTY
    shown = Markup("\n").join(part for part in parts if part)
    return Markup(f'<div class="line"{anchor}>{shown}</div>')


def _span(kind: str, content: Markup) -> Markup:
    return Markup(f'<span class="{kind}">{content}</span>') if content else EMPTY


def _notes(notes: tuple[Note, ...], page: Page) -> Markup:
    shown = '<li><span class="of">{}</span> <span>{}</span> <span>{}</span></li>'
    items = (
        Markup(shown).format(
            formula(note.term), prose_html(note.reason, page), prose_html(note.where, page)
        )
        for note in notes
    )
    return Markup('<ul class="notes">\n{}\n</ul>').format(Markup("\n").join(items))
