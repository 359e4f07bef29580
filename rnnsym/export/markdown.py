"""Markdown as GitHub shows it: maths between dollars."""

import re
from collections.abc import Iterator, Sequence
from functools import singledispatch

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
    Inline,
    Line,
    Listing,
    Math,
    PageBreak,
    Paragraph,
    Prose,
    Relation,
    Table,
)
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.export.box_drawing import drawn
from rnnsym.export.latex_math import math_latex
from rnnsym.item import LETTERS
from rnnsym.quiz.responses import asked, key_blocks, part_name

__all__ = [
    "block_markdown", "document_markdown", "export_markdown", "markdown_math", "opening_markdown",
    "prose_markdown",
]  # fmt: skip

_ESCAPES = str.maketrans(
    {**{c: f"\\{c}" for c in "\\`*_{}[]<>#|$~"}, "&": "&amp;", "\n": " ", "\r": " "}
)
# What begins a list, a heading or a rule where a block begins.
_MARKER = re.compile(r"^(\d+)([.)])|^([-+=])")
# GitHub reads Markdown inside of maths: a backslash before a sign is an escape there, < begins a
# tag, and _ before a bracket ends an emphasis that an earlier _ began.
_IN_MATHS = (
    ("\\\\", r"\cr "), (r"\,", r"\thinspace "), (r"\;", r"\thickspace "), (r"\!", ""),
    (r"\ ", r"\space "), (r"\{", r"\lbrace "), (r"\}", r"\rbrace "), (r"\|", r"\Vert "),
    ("<", r"\lt "), (">", r"\gt "), ("|", r"\vert "), ("*", r"\ast "),
)  # fmt: skip
_ENDS_EMPHASIS = re.compile(r"(?<=\S)_(?=[^\w\s])")


def export_markdown(document: Document, _style: Style = PLAIN, /) -> dict[str, bytes]:
    """Return a document as one ``.md`` file."""
    parts = (opening_markdown(document), document_markdown(document, document.blocks))
    return {f"{document.name}.md": ("\n\n".join(parts) + "\n").encode()}


def opening_markdown(document: Document) -> str:
    """Return a document's title and the lines under it."""
    lines = "\n".join(f"- {prose_markdown(line)}" for line in document.lines)
    return f"# {_words(document.title)}\n\n{lines}"


def document_markdown(document: Document, blocks: Sequence[Block | Question]) -> str:
    """Return some blocks of a document, its contents among them if they are asked for."""
    parts = (
        _contents(document) if isinstance(block, Contents) else block_markdown(block)
        for block in blocks
    )
    return "\n\n".join(part for part in parts if part)


def _contents(document: Document) -> str:
    """Return the headings as links, by the names that GitHub gives them."""
    seen: dict[str, int] = {}
    rows: list[str] = []
    for level, text in [(0, document.title), *_headings(document)]:
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        if level in (1, 2):
            name = f"{anchor}-{count}" if count else anchor
            rows.append(f"{'  ' * (level - 1)}- [{_words(text)}](#{name})")
    return "\n".join(rows)


def _headings(document: Document) -> Iterator[tuple[int, str]]:
    for block in document.blocks:
        if isinstance(block, Heading):
            yield block.level, block.text


def _words(text: str) -> str:
    return text.translate(_ESCAPES)


def markdown_math(math: Math) -> str:
    """Return maths in LaTeX that Markdown leaves alone, without dollars."""
    latex = math_latex(math)
    for sign, name in _IN_MATHS:
        latex = latex.replace(sign, name)
    return _ENDS_EMPHASIS.sub(" _", latex).strip()


def prose_markdown(content: Prose) -> str:
    """Return prose in Markdown; it may begin a block."""
    printed = ""
    for part in content:
        text = _inline(part)
        # A dollar is maths only where no letter, digit or dollar stands on its outer side.
        outer = printed[-1:] if text.startswith("$") else text[:1]
        maths = text.startswith("$") or (printed.endswith("$") and not printed.endswith(r"\$"))
        printed += f" {text}" if maths and (outer.isalnum() or outer == "$") else text
    return _MARKER.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", printed)


def _inline(part: Inline) -> str:
    if isinstance(part, str):
        return _words(part)
    if isinstance(part, Emphasis):
        return f"*{_words(part.text)}*"
    if isinstance(part, EquationRef):
        return f"({part.number})"
    return f"${markdown_math(part)}$"


@singledispatch
def block_markdown(block: object) -> str:
    """Return one block in Markdown."""
    raise TypeError(f"no Markdown for a {type(block).__name__}")


@block_markdown.register
def _(block: Heading) -> str:
    return f"{'#' * block.level} {_words(block.text)}"


@block_markdown.register
def _(block: Paragraph) -> str:
    return prose_markdown(block.content)


@block_markdown.register
def _(block: Listing) -> str:
    if block.marks == "letters":
        lettered = zip(LETTERS, block.items, strict=False)
        return "\n".join(f"- {letter}. {prose_markdown(item)}" for letter, item in lettered)
    mark = "1." if block.marks == "numbers" else "-"
    return "\n".join(f"{mark} {prose_markdown(item)}" for item in block.items)


@block_markdown.register
def _(block: Box) -> str:
    inner = "\n\n".join(block_markdown(b) for b in block.blocks)
    rows = [f"**{_words(block.title)}**", "", *inner.split("\n")]
    return "\n".join(f"> {row}".rstrip() for row in rows)


@block_markdown.register
def _(_: PageBreak | Contents) -> str:
    return ""


@block_markdown.register
def _(block: Code) -> str:
    fence = "```"
    while fence in block.text:
        fence += "`"
    return f"{fence}{block.language}\n{block.text}\n{fence}"


@block_markdown.register
def _(block: Figure) -> str:
    caption = ["", prose_markdown(block.caption)] if block.caption else []
    return "\n".join(["```text", drawn(block.diagram), "```", *caption])


@block_markdown.register
def _(block: Table) -> str:
    head = " | ".join(prose_markdown(c) for c in block.head)
    rule = " | ".join("---" for _ in block.head)
    rows = [" | ".join(prose_markdown(c) for c in row) for row in block.rows]
    lines = [f"| {row} |" for row in (head, rule, *rows)]
    caption = [f"*{_words(block.caption)}*", ""] if block.caption else []
    return "\n".join([*caption, *lines])


@block_markdown.register
def _(block: Equations) -> str:
    return "\n\n".join(_line(line) for line in block.lines)


@block_markdown.register
def _(block: Question) -> str:
    item = block.item
    marks = "mark" if item.marks == 1 else "marks"
    parts = [f"## Question {block.number} ({item.marks} {marks})"]
    parts += (block_markdown(b) for b in item.stem)
    for place, part in enumerate(item.parts):
        if len(item.parts) > 1:
            parts.append(f"**{part_name(place)}** ({part.marks})")
        parts += (block_markdown(b) for b in (*part.stem, *asked(part.response)))
        if block.solved:
            parts += (block_markdown(b) for b in (*key_blocks(part), *part.solution))
    if block.solved:
        parts.append(_words(f"Proof: {item.proof.method} ({item.proof.error})."))
    return "\n\n".join(parts)


def _line(line: Line) -> str:
    """A display equation; its shape inside, its comment and notes as a list below."""
    sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
    body = f"{markdown_math(line.lhs)} = " + " + ".join(markdown_math(side) for side in sides)
    if line.shape is not None:
        body += rf" \qquad ({markdown_math(Relation(line.shape, '×'))})"
    if line.number is not None:
        body += rf" \tag{{{line.number}}}"
    notes = [f"- {prose_markdown(line.comment)}"] if line.comment else []
    for note in line.notes:
        where = f"; {prose_markdown(note.where)}" if note.where else ""
        notes.append(f"- ${markdown_math(note.term)}$: {prose_markdown(note.reason)}{where}")
    return "\n".join([f"$$\n{body}\n$$", *(["", *notes] if notes else [])])
