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

__all__ = ["Blocks", "joined", "maths", "rich", "tagged", "words"]

Blocks = tuple[Block, ...]
EMPTY = Markup("")


def rich(content: Prose | Blocks) -> Markup:
    r"""Return prose, or blocks one after the other.

    >>> print(rich(("a < b and", " \\(c")))
    a &lt; b and <span>\</span>(c
    """
    return joined([_rich(part) for part in content])


def joined(parts: Iterable[Markup]) -> Markup:
    """Return one after the other; their type says that they are escaped, so none is again."""
    return Markup("".join(parts))


def tagged(name: str, content: Markup) -> Markup:
    """Return content between two tags."""
    return Markup(f"<{name}>{content}</{name}>")


@lru_cache(maxsize=4096)
def words(text: str) -> Markup:
    """Return words: tags are escaped, and the signs that begin maths do not stand together."""
    escaped = str(Markup.escape(" ".join(text.splitlines())))
    for sign in ("(", "["):
        escaped = escaped.replace(f"\\{sign}", f"<span>\\</span>{sign}")
    return Markup(escaped.replace("$$", "$<span>$</span>"))


@lru_cache(maxsize=4096)
def maths(*sides: Math | str, display: bool = False) -> Markup:
    """Return maths, the LaTeX of each side joined."""
    latex = "".join(x if isinstance(x, str) else math_latex(x) for x in sides)
    latex = rf"\displaystyle {latex}" if display else latex.replace(r"\frac", r"\dfrac")
    return Markup(rf"\({escape(' '.join(latex.split()))}\)")


def _rich(part: Inline | Block) -> Markup:
    if isinstance(part, str):
        return words(part)
    if isinstance(part, Emphasis):
        return tagged("em", words(part.text))
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
    return tagged("h4", words(block.text))


@_block.register
def _(block: Paragraph) -> Markup:
    return tagged("p", rich(block.content))


@_block.register
def _(block: Listing) -> Markup:
    if block.marks == "letters":
        # Some platforms take the type of a list away.
        return joined(
            tagged("p", rich((f"{letter}. ", *item)))
            for letter, item in zip(ascii_uppercase, block.items, strict=False)
        )
    return tagged("ol" if block.marks == "numbers" else "ul", _all("li", block.items))


@_block.register
def _(block: Table) -> Markup:
    caption = tagged("caption", words(block.caption)) if block.caption else EMPTY
    names = joined(Markup(f'<th scope="col">{rich(name)}</th>') for name in block.head)
    head = tagged("thead", tagged("tr", names))
    rows = joined(tagged("tr", _all("td", row)) for row in block.rows)
    return tagged("table", joined([caption, head, tagged("tbody", rows)]))


def _all(tag: str, contents: Iterable[Prose]) -> Markup:
    return joined(tagged(tag, rich(content)) for content in contents)


@_block.register
def _(block: Code) -> Markup:
    # Not a rest of maths, and one line each, in every format.
    lines = Markup("<br/>").join(_code(line) for line in block.text.splitlines())
    return tagged("p", tagged("code", lines))


def _code(line: str) -> Markup:
    indent = len(line) - len(line.lstrip(" "))
    return Markup("&#160;") * indent + words(line.lstrip(" "))


@_block.register
def _(block: Box) -> Markup:
    return tagged("p", tagged("strong", words(block.title))) + rich(block.blocks)


@_block.register
def _(block: Figure) -> Markup:
    source = f"data:image/svg+xml;base64,{b64encode(svg(block.diagram).encode()).decode()}"
    image = Markup('<p><img src="{}" alt="{}"/></p>').format(source, block.diagram.title)
    return image + (tagged("p", rich(block.caption)) if block.caption else EMPTY)


@_block.register
def _(block: PageBreak | Contents) -> Markup:
    del block
    return EMPTY


# Equations


@_block.register
def _(block: Equations) -> Markup:
    if all(isinstance(line.rhs, NumberMatrix) and line.number is None for line in block.lines):
        given = (maths(line.lhs, " = ", *_sides(line)) for line in block.lines)
        return tagged("p", Markup("; ").join(given))
    return joined(_line(line) for line in block.lines)


def _sides(line: Line) -> list[Math | str]:
    sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
    return [piece for i, side in enumerate(sides) for piece in (" + " if i else "", side)]


def _line(line: Line) -> Markup:
    parts = [maths(line.lhs, " = ", *_sides(line), display=True)]
    if line.shape is not None:
        parts.append(Markup(f"[{maths(Relation(line.shape, '×'))}]"))
    if line.number is not None:
        parts.append(words(f"({line.number})"))
    parts += (rich(remark) for remark in (line.comment, line.where) if remark)
    notes = joined(tagged("li", _note(note)) for note in line.notes)
    below = tagged("ul", notes) if notes else EMPTY
    return tagged("p", Markup(" &#160; ").join(parts)) + below


def _note(note: Note) -> Markup:
    where = rich(("; ", *note.where)) if note.where else EMPTY
    return joined([maths(note.term), rich((": ", *note.reason)), where])
