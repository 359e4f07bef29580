r"""Prose and blocks as HTML for learning platforms: plain tags, maths between ``\(`` and ``\)``.

The tags are well-formed XML too, no line break stands within maths, and whatever comes from a user
is escaped: neither a tag nor maths can begin in it.
"""

from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache, singledispatch
from string import ascii_uppercase

from markupsafe import Markup, escape

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
    Note,
    NumberMatrix,
    PageBreak,
    Paragraph,
    Prose,
    Relation,
    Table,
)
from rnnsym.export.latex_math import math_latex
from rnnsym.export.svg import svg

__all__ = ["Blocks", "maths", "rich", "words"]

Blocks = tuple[Block, ...]
EMPTY = Markup("")


def rich(content: Prose | Blocks) -> Markup:
    r"""Return prose, or blocks one after the other.

    >>> print(rich(("a < b and", " \\(c")))
    a &lt; b and <span>\</span>(c
    """
    return Markup("".join(_rich(part) for part in content))


@lru_cache(maxsize=4096)
def words(text: str) -> Markup:
    """Return words: tags are escaped, and the signs that begin maths do not stand together."""
    escaped = str(Markup.escape(" ".join(text.splitlines())))
    for sign in ("(", "["):
        escaped = escaped.replace(f"\\{sign}", f"<span>\\</span>{sign}")
    return Markup(escaped.replace("$$", "$<span>$</span>"))


def maths(*sides: Math | str, display: bool = False) -> Markup:
    """Return maths, the LaTeX of each side joined."""
    latex = "".join(x if isinstance(x, str) else math_latex(x) for x in sides)
    latex = rf"\displaystyle {latex}" if display else latex.replace(r"\frac", r"\dfrac")
    # Markup.format would parse the same text each time.
    return Markup(rf"\({escape(' '.join(latex.split()))}\)")


def _rich(part: Inline | Block) -> Markup:
    if isinstance(part, str):
        return words(part)
    if isinstance(part, Emphasis):
        return Markup("<em>{}</em>").format(words(part.text))
    if isinstance(part, EquationRef):
        return words(f"({part.number})")
    if isinstance(part, Block):
        return _block(part)
    return maths(part)


@singledispatch
def _block(block: object) -> Markup:
    """Return one block.

    Raises:
        TypeError: not a block; names it.
    """
    raise TypeError(f"no HTML for a {type(block).__name__}")


@_block.register
def _(block: Heading) -> Markup:
    return Markup("<h4>{}</h4>").format(words(block.text))


@_block.register
def _(block: Paragraph) -> Markup:
    return Markup("<p>{}</p>").format(rich(block.content))


@_block.register
def _(block: Listing) -> Markup:
    if block.marks == "letters":
        # Some platforms take the type of a list away.
        return EMPTY.join(
            Markup("<p>{}. {}</p>").format(letter, rich(item))
            for letter, item in zip(ascii_uppercase, block.items, strict=False)
        )
    tag = Markup("ol" if block.marks == "numbers" else "ul")
    return Markup("<{0}>{1}</{0}>").format(tag, _all("<li>{}</li>", block.items))


@_block.register
def _(block: Table) -> Markup:
    caption = Markup("<caption>{}</caption>").format(words(block.caption)) if block.caption else ""
    rows = EMPTY.join(Markup("<tr>{}</tr>").format(_all("<td>{}</td>", row)) for row in block.rows)
    head = _all('<th scope="col">{}</th>', block.head)
    made = "<table>{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
    return Markup(made).format(caption, head, rows)


def _all(made: str, contents: Iterable[Prose]) -> Markup:
    return EMPTY.join(Markup(made).format(rich(content)) for content in contents)


@_block.register
def _(block: Code) -> Markup:
    # Not a rest of maths, and one line each, in every format.
    lines = Markup("<br/>").join(_code(line) for line in block.text.splitlines())
    return Markup("<p><code>{}</code></p>").format(lines)


def _code(line: str) -> Markup:
    indent = len(line) - len(line.lstrip(" "))
    return Markup("&#160;") * indent + words(line.lstrip(" "))


@_block.register
def _(block: Box) -> Markup:
    return Markup("<p><strong>{}</strong></p>{}").format(words(block.title), rich(block.blocks))


@_block.register
def _(block: Figure) -> Markup:
    source = f"data:image/svg+xml;base64,{b64encode(svg(block.diagram).encode()).decode()}"
    image = Markup('<p><img src="{}" alt="{}"/></p>').format(source, block.diagram.title)
    return image + (Markup("<p>{}</p>").format(rich(block.caption)) if block.caption else EMPTY)


@_block.register
def _(block: PageBreak | Contents) -> Markup:
    del block
    return EMPTY


# Equations


@_block.register
def _(block: Equations) -> Markup:
    if all(isinstance(line.rhs, NumberMatrix) and line.number is None for line in block.lines):
        given = (maths(line.lhs, " = ", *_sides(line)) for line in block.lines)
        return Markup("<p>{}</p>").format(Markup("; ").join(given))
    return EMPTY.join(_line(line) for line in block.lines)


def _sides(line: Line) -> list[Math | str]:
    sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
    return [piece for i, side in enumerate(sides) for piece in (" + " if i else "", side)]


def _line(line: Line) -> Markup:
    parts = [maths(line.lhs, " = ", *_sides(line), display=True)]
    if line.shape is not None:
        parts.append(Markup("[{}]").format(maths(Relation(line.shape, "×"))))
    if line.number is not None:
        parts.append(words(f"({line.number})"))
    parts += (rich(remark) for remark in (line.comment, line.where) if remark)
    notes = EMPTY.join(Markup("<li>{}</li>").format(_note(note)) for note in line.notes)
    below = Markup("<ul>{}</ul>").format(notes) if notes else EMPTY
    return Markup("<p>{}</p>{}").format(Markup(" &#160; ").join(parts), below)


def _note(note: Note) -> Markup:
    where = Markup("; {}").format(rich(note.where)) if note.where else EMPTY
    return Markup("{}: {}{}").format(maths(note.term), rich(note.reason), where)
