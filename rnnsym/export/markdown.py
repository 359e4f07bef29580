"""Markdown as GitHub shows it: maths between dollars."""

from functools import singledispatch

from rnnsym.blocks import (
    Box,
    Code,
    Contents,
    Emphasis,
    EquationRef,
    Equations,
    Heading,
    Inline,
    Line,
    Listing,
    PageBreak,
    Paragraph,
    Prose,
    Relation,
    Table,
)
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.export.latex_math import math_latex
from rnnsym.item import Option

__all__ = ["export_markdown"]

_ESCAPES = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|$"})


def export_markdown(document: Document, _style: Style = PLAIN, /) -> dict[str, bytes]:
    """Return a document as one ``.md`` file."""
    parts = [f"# {_words(document.title)}"]
    parts.append("\n".join(f"- {_prose(line)}" for line in document.lines))
    parts += [_block(block) for block in document.blocks]
    text = "\n\n".join(part for part in parts if part) + "\n"
    return {f"{document.name}.md": text.encode()}


def _words(text: str) -> str:
    return text.translate(_ESCAPES)


def _prose(content: Prose) -> str:
    return "".join(_inline(part) for part in content)


def _inline(part: Inline) -> str:
    if isinstance(part, str):
        return _words(part)
    if isinstance(part, Emphasis):
        return f"*{_words(part.text)}*"
    if isinstance(part, EquationRef):
        return f"({part.number})"
    return f"${math_latex(part)}$"


def _cell(content: Prose) -> str:
    """A table's cell: a bar would end it, in words and in maths."""
    return _prose(content).replace("\\|", "\\vert ")


@singledispatch
def _block(block: object) -> str:
    raise TypeError(f"no Markdown for a {type(block).__name__}")


@_block.register
def _(block: Heading) -> str:
    return f"{'#' * block.level} {_words(block.text)}"


@_block.register
def _(block: Paragraph) -> str:
    return _prose(block.content)


@_block.register
def _(block: Listing) -> str:
    if block.marks == "letters":
        lettered = zip("ABCDEFGH", block.items, strict=False)
        return "\n".join(f"- {letter}. {_prose(item)}" for letter, item in lettered)
    mark = "1." if block.marks == "numbers" else "-"
    return "\n".join(f"{mark} {_prose(item)}" for item in block.items)


@_block.register
def _(block: Box) -> str:
    inner = "\n\n".join(_block(b) for b in block.blocks)
    rows = [f"**{_words(block.title)}**", "", *inner.split("\n")]
    return "\n".join(f"> {row}".rstrip() for row in rows)


@_block.register
def _(_: PageBreak | Contents) -> str:
    return ""


@_block.register
def _(block: Code) -> str:
    fence = "```"
    while fence in block.text:
        fence += "`"
    return f"{fence}{block.language}\n{block.text}\n{fence}"


@_block.register
def _(block: Table) -> str:
    head = " | ".join(_cell(c) for c in block.head)
    rule = " | ".join("---" for _ in block.head)
    rows = [" | ".join(_cell(c) for c in row) for row in block.rows]
    lines = [f"| {row} |" for row in (head, rule, *rows)]
    caption = [f"*{_words(block.caption)}*", ""] if block.caption else []
    return "\n".join([*caption, *lines])


@_block.register
def _(block: Equations) -> str:
    return "\n\n".join(_line(line) for line in block.lines)


@_block.register
def _(block: Question) -> str:
    item = block.item
    parts = [f"## Question {block.number} ({item.marks} marks)"]
    parts += [_block(b) for b in item.stem]
    options = [f"- {letter}. {_prose(o.content)}" for letter, o in _lettered(block)]
    parts.append("\n".join(options))
    if block.solved:
        whys = [f"- {letter}: {_prose(o.why)}" for letter, o in _lettered(block) if o.why]
        parts += [f"**Answer: {item.key}**", "\n".join(whys)]
        parts += [_block(b) for b in item.solution]
        parts.append(_words(f"Proof: {item.proof.method} ({item.proof.error})."))
    return "\n\n".join(parts)


def _lettered(block: Question) -> list[tuple[str, Option]]:
    return list(zip("ABCDEFGH", block.item.options, strict=False))


def _line(line: Line) -> str:
    """A display equation; its shape inside, its comment and notes as a list below."""
    sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
    body = f"{math_latex(line.lhs)} = " + " + ".join(math_latex(side) for side in sides)
    if line.shape is not None:
        body += rf" \qquad ({math_latex(Relation(line.shape, '×'))})"
    if line.number is not None:
        body += rf" \tag{{{line.number}}}"
    notes = [f"- {_prose(line.comment)}"] if line.comment else []
    for note in line.notes:
        where = f"; {_prose(note.where)}" if note.where else ""
        notes.append(f"- ${math_latex(note.term)}$: {_prose(note.reason)}{where}")
    return "\n".join([f"$$\n{body}\n$$", *(["", *notes] if notes else [])])
