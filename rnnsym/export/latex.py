"""LaTeX: documents as articles, papers in the exam class, through the templates of the folder.

Comments in the source say which block each part is (``%% block 7, equations 11-13, in Backward``):
``rnnsym.export.pdf`` reads them back where TeX fails.
"""

import unicodedata
from collections.abc import Sequence
from functools import singledispatch

from rnnsym.blocks import (
    Block,
    Box,
    Code,
    Contents,
    Equations,
    Figure,
    Heading,
    Listing,
    PageBreak,
    Paragraph,
    Table,
)
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.export.latex_display import display_latex
from rnnsym.export.latex_math import prose_latex, prose_width
from rnnsym.export.latex_page import BARE, Page, page_of
from rnnsym.export.latex_table import table_latex
from rnnsym.export.latex_words import escape, escape_code
from rnnsym.export.templates import fill, template_assets
from rnnsym.export.text import ASCII
from rnnsym.item import LETTERS, SEVERAL, Choice, Open, Option, Part, Response
from rnnsym.quiz.responses import asked, key_blocks
from rnnsym.version import VERSION

__all__ = ["block_latex", "export_latex"]

TEMPLATES = {"paper": "paper.tex.j2", "cheatsheet": "cheatsheet.tex.j2"}
HEADINGS = ("section", "subsection", "subsubsection")
CODE_SIZES = (("small", 84), ("footnotesize", 94), ("scriptsize", 106))
MARK = 24
"""Points that an option's letter and the gap to the next option take."""
SHORT = 8
"""Items of a list that stays on one page with its frame."""
KEYWORDS = ("recurrent neural network", "backpropagation through time")


# Blocks


@singledispatch
def block_latex(block: object, page: Page = BARE) -> str:
    """Return one block in LaTeX, set for a page."""
    raise TypeError(f"no LaTeX for a {type(block).__name__}")


@block_latex.register
def _(block: Heading, page: Page = BARE) -> str:
    command = HEADINGS[min(block.level - page.top, len(HEADINGS) - 1)]
    return rf"\{command}{{{_title(block.text)}}}"


def _title(text: str) -> str:
    """Return a heading; bookmarks show it in ASCII, where maths has no letters."""
    printed, plain = escape(text), _plain(text)
    return printed if printed == plain else rf"\texorpdfstring{{{printed}}}{{{plain}}}"


def _plain(text: str) -> str:
    """Return words for a PDF's own strings, which have letters but no maths."""
    letters = (c if escape(c) == c else ASCII.words(c) for c in unicodedata.normalize("NFC", text))
    return escape("".join(c if c.isprintable() else " " for c in "".join(letters)))


@block_latex.register
def _(block: Paragraph, page: Page = BARE) -> str:
    text = prose_latex(block.content, page.numbers)
    return rf"{text}\par\nopagebreak" if text.endswith(":") else rf"{text}\par"


def blocks_latex(blocks: Sequence[Block | Question], page: Page = BARE) -> list[str]:
    """Return blocks in LaTeX; a display belongs to the paragraph before it, if there is one."""
    printed: list[str] = []
    pairs = zip(blocks, (*blocks[1:], None), (None, *blocks), strict=False)
    for block, after, before in pairs:
        text = block_latex(block, page)
        if isinstance(block, Paragraph) and isinstance(after, Equations):
            text = prose_latex(block.content, page.numbers)
        if isinstance(block, Equations) and not isinstance(before, Paragraph):
            text = rf"\displaystart{chr(10)}{text}"
        printed.append(text)
    return printed


@block_latex.register
def _(block: Listing, page: Page = BARE) -> str:
    widest = max((prose_width(item) for item in block.items), default=0.0)
    in_a_row = int(page.width / (widest + MARK))
    if block.marks == "letters" and in_a_row > 1:
        return _in_rows(block, 2 if in_a_row < len(block.items) else len(block.items), page)
    name = "itemize" if block.marks == "bullets" else "enumerate"
    letters = r"[label=\Alph*.]" if block.marks == "letters" else ""
    items = "\n".join(rf"\item {prose_latex(item, page.numbers)}" for item in block.items)
    return f"\\begin{{{name}}}{letters}\n{items}\n\\end{{{name}}}" if block.items else ""


def _in_rows(block: Listing, number: int, page: Page) -> str:
    """Return short options, some side by side."""
    lettered = zip(LETTERS, block.items, strict=False)
    width = rf"{1 / number:.3f}\linewidth"
    items = [
        rf"\makebox[{width}][l]{{{letter}.\enspace {prose_latex(item, page.numbers)}}}"
        for letter, item in lettered
    ]
    rows = ("%\n".join(items[i : i + number]) for i in range(0, len(items), number))
    return "\n".join(rf"\noindent{row}\par" for row in rows)


@block_latex.register
def _(block: Box, page: Page = BARE) -> str:
    inner = "\n".join(blocks_latex(block.blocks, page.framed()))
    style = f"{block.kind},unbreakable" if _has_table(block) or _is_short(block) else block.kind
    return f"\\begin{{panel}}{{{style}}}{{{escape(block.title)}}}\n{inner}\n\\end{{panel}}"


def _has_table(box: Box) -> bool:
    """Tell whether a frame holds a table: it would break right above it."""
    return any(isinstance(block, Table) for block in box.blocks)


def _is_short(box: Box) -> bool:
    """Tell whether a frame is a list that a page has room for."""
    lists = [block for block in box.blocks if isinstance(block, Listing)]
    return len(lists) == len(box.blocks) and sum(len(x.items) for x in lists) <= SHORT


@block_latex.register
def _(_: PageBreak, _page: Page = BARE) -> str:
    return r"\clearpage"


@block_latex.register
def _(_: Contents, page: Page = BARE) -> str:
    return rf"{{\setcounter{{tocdepth}}{{{3 - page.top}}}\parskip=0pt\tableofcontents}}"


@block_latex.register
def _(block: Code, _page: Page = BARE) -> str:
    lines = block.text.splitlines()
    longest = max((len(line) for line in lines), default=0)
    size = next((name for name, room in CODE_SIZES if longest <= room), "tiny")
    text = "\n".join(escape_code(line) for line in lines)
    options = rf"commandchars=\\\{{\}},fontsize=\{size}"
    return f"\\begin{{Verbatim}}[{options}]\n{text}\n\\end{{Verbatim}}"


@block_latex.register
def _(block: Figure, page: Page = BARE) -> str:
    from rnnsym.export.tikz import figure_latex

    return figure_latex(block.diagram, prose_latex(block.caption), page.width)


@block_latex.register
def _(block: Table, page: Page = BARE) -> str:
    return table_latex(block, page)


@block_latex.register
def _(block: Equations, page: Page = BARE) -> str:
    return display_latex(block, page)


# Questions


@block_latex.register
def _(block: Question, page: Page = BARE) -> str:
    """One question of the exam class; its solution is set where answers are printed."""
    parts = block.item.parts
    stem = _blocks(block.item.stem, page)
    # The exam class adds the points of a question to those of its parts: they stand in one place.
    if len(parts) == 1:
        body = [rf"\question[{parts[0].marks}]", stem, _part(parts[0], block.solved, page)]
    else:
        inner = [rf"\part[{part.marks}]" + "\n" + _part(part, block.solved, page) for part in parts]
        body = [r"\question", stem, r"\begin{parts}", *inner, r"\end{parts}"]
    if block.solved:
        proof = block.item.proof
        body.append(rf"{{\small {escape(f'Proof: {proof.method} ({proof.error}).')}\par}}")
    return "\n".join(body)


def _part(part: Part, solved: bool, page: Page) -> str:
    lines = [_blocks(part.stem, page), _asked(part.response, page)]
    if solved:
        solution = _blocks((*key_blocks(part), *part.solution), page.framed())
        begin = "\\room{5\\baselineskip}\n\\begin{solution}\\leavevmode\\par"
        lines += [begin, solution, r"\end{solution}"]
    return "\n".join(line for line in lines if line)


def _asked(response: Response, page: Page) -> str:
    match response:
        case Choice(options, several):
            lead = f"Choose all that apply; {SEVERAL}.\\par\n" if several else ""
            choices = "\n".join(_choice(option, page) for option in options)
            return f"{lead}\\begin{{choices}}\n{choices}\n\\end{{choices}}"
        case Open(lines):
            return rf"\ifprintanswers\else\fillwithlines{{{lines * 8}mm}}\fi"
        case _:
            printed = blocks_latex(tuple(asked(response)), page)
            return "\n".join(f"\\nopagebreak\n{line}" for line in printed)


def _choice(option: Option, page: Page) -> str:
    command = r"\CorrectChoice" if option.correct else r"\choice"
    return f"{command} {prose_latex(option.content, page.numbers)}"


def _blocks(blocks: tuple[Block, ...], page: Page) -> str:
    return "\n".join(blocks_latex(blocks, page))


# Documents


def export_latex(document: Document, style: Style = PLAIN, /) -> dict[str, bytes]:
    """Return a document as one ``.tex`` file; with it what the style's templates bring along.

    Raises:
        InputError: a template that the style brings along is broken.
    """
    page = page_of(document, style)
    printed = _placed(document, page)
    questions = [isinstance(block, Question) for block in document.blocks]
    text = fill(
        "latex",
        TEMPLATES.get(document.kind, "article.tex.j2"),
        style.templates,
        title=escape(document.title),
        plain_title=_plain(document.title),
        lines=[prose_latex(line, page.numbers) for line in document.lines],
        subject=_plain("".join(ASCII.prose(line) for line in document.lines[:1])),
        keywords=", ".join((*KEYWORDS, *(_plain(str(model)) for model in document.models))),
        version=VERSION,
        paper=style.paper,
        large=style.large,
        widest_number="0" * max((len(number) for number in page.numbers), default=0),
        blocks=[text for text, asks in zip(printed, questions, strict=True) if not asks],
        questions=[text for text, asks in zip(printed, questions, strict=True) if asks],
        solved=any(isinstance(b, Question) and b.solved for b in document.blocks),
    )
    return {f"{document.name}.tex": text.encode(), **template_assets("latex", style.templates)}


def _placed(document: Document, page: Page) -> list[str]:
    """Return the blocks in LaTeX, each below a comment that says which one it is."""
    printed: list[str] = []
    heading = ""
    blocks = zip(document.blocks, blocks_latex(document.blocks, page), strict=True)
    for place, (block, text) in enumerate(blocks, 1):
        if isinstance(block, Heading):
            heading = ASCII.words(block.text)
        what = f"block {place}, {_what(block)}" + (f", in {heading}" if heading else "")
        printed.append(f"%% {' '.join(what.split())}\n{text}")
    return printed


def _what(block: Block | Question) -> str:
    match block:
        case Equations(lines):
            numbers = [line.number for line in lines if line.number is not None]
            return f"equations {numbers[0]}-{numbers[-1]}" if numbers else "equations"
        case Question(item, number):
            return f"question {number} ({item.id})"
        case _:
            return type(block).__name__.lower()
