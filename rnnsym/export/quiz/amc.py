"""Auto Multiple Choice: one LaTeX source that is printed, filled in by hand, and scanned.

Numbers are coded digit by digit; pairs and places are one choice each; what is written by hand has
boxes that the person who marks fills in.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import singledispatch

from rnnsym.blocks import Block, Code, Listing, Prose, prose
from rnnsym.document import PLAIN
from rnnsym.export.latex import blocks_latex
from rnnsym.export.latex_math import prose_latex
from rnnsym.export.latex_words import escape
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._numbered import numbered, one_line, part_alone, plain
from rnnsym.export.quiz._package import identifier
from rnnsym.export.quiz._qti_response import shares
from rnnsym.export.templates import fill
from rnnsym.item import (
    Blank,
    Choice,
    FormulaAnswer,
    Item,
    Matching,
    Numeric,
    Open,
    Ordering,
    Words,
)
from rnnsym.quiz.paper import Paper, paper_document
from rnnsym.quiz.responses import part_name
from rnnsym.version import VERSION

__all__ = ["export"]

LINES = 3
"""Of room for a formula."""


def export(paper: Paper) -> Exported:
    """Return a paper as one ``-amc.tex`` file."""
    items = [pair for _, section in numbered(paper) for pair in section]
    document = paper_document(paper, solved=False)
    text = fill(
        "latex", "amc.tex.j2", None,
        title=escape(one_line(document.title)), plain_title="", subject="", keywords="",
        lines=[prose_latex(line) for line in document.lines],
        questions=[question for number, item in items for question in _questions(number, item)],
        version=VERSION, paper=PLAIN.paper, large=False, widest_number="",
    )  # fmt: skip
    losses = [f"question {number}: {loss}" for number, item in items for loss in _losses(item)]
    if any(title for title, _ in paper.sections):
        losses.append("the sections' titles: the questions are one list")
    return Exported({f"{paper.name}-amc.tex": text.encode()}, tuple(losses))


def _losses(item: Item) -> Iterator[str]:
    yield "solutions, hints and remarks on wrong answers: the sheet has room for answers only"
    yield f"its topic, level {item.level}, {item.minutes} minutes and tags"
    if any(part.carries for part in item.parts):
        yield "an error carried forward is marked as a wrong answer"
    for place, part in enumerate(item.parts):
        match part.response:
            case FormulaAnswer() | Open() | Words():
                yield f"{part_name(place)} is marked by a person, on boxes for its marks"
            case Choice(several=True):
                yield f"{part_name(place)} gives its marks for all right options and no other"
            case Matching() | Ordering():
                yield f"the pairs of {part_name(place)} are choices of their own"
            case _:
                pass


def _questions(number: int, item: Item) -> Iterator[str]:
    """Yield the questions of an item, each with what is printed before it."""
    stem: tuple[Block, ...] = item.stem
    for place, part in enumerate(item.parts):
        name = f"{number} {part_name(place)}" if len(item.parts) > 1 else f"{number}"
        head = rf"\room{{6\baselineskip}}\medskip\textbf{{Question {name}}}\par\nopagebreak"
        ident = identifier(part_alone(item, place).id)
        lead = [head, *blocks_latex(tuple(map(_movable, (*stem, *part.stem))))]
        yield "\n".join([*lead, r"\nopagebreak", *_answered(part.response, ident, part.marks)])
        stem = ()


def _movable(block: Block) -> Block:
    """Return a block for the inside of a command, where LaTeX has no verbatim text."""
    if not isinstance(block, Code):
        return block
    return Listing(tuple(prose(line.replace(" ", "\u00a0")) for line in block.text.splitlines()))


@singledispatch
def _answered(response: object, ident: str, marks: int) -> Iterator[str]:
    """Yield the fields of a response, as AMC's questions.

    Raises:
        TypeError: not a response; names it.
    """
    raise TypeError(f"no AMC question for a {type(response).__name__}")


def _asked(ident: str, *content: str, kind: str = "question") -> str:
    inner = "\n".join(content)
    return f"\\begin{{{kind}}}{{{ident}}}\n{inner}\n\\end{{{kind}}}"


def _choices(options: Iterable[tuple[str, bool]]) -> str:
    rows = (rf"\{'correct' if right else 'wrong'}choice{{{text}}}" for text, right in options)
    return "\n".join([r"\begin{choices}[o]", *rows, r"\end{choices}"])


@_answered.register
def _(response: Choice, ident: str, marks: int) -> Iterator[str]:
    kind, rule = ("questionmult", "mz") if response.several else ("question", "b")
    options = _choices((prose_latex(o.content), o.correct) for o in response.options)
    told = "Choose all that apply." if response.several else ""
    yield _asked(ident, rf"\scoring{{{rule}={marks}}}{told}", options, kind=kind)


@_answered.register
def _(response: Numeric, ident: str, marks: int) -> Iterator[str]:
    worth = shares(marks, len(response.blanks))
    for i, (blank, share) in enumerate(zip(response.blanks, worth, strict=True), 1):
        label = prose_latex((*blank.label, " = "))
        boxes = rf"\AMCnumericChoices{{{plain(blank.value)}}}{{{_digits(blank, share)}}}"
        yield _asked(f"{ident}-{i}", label, boxes, kind="questionmultx")


def _digits(blank: Blank, share: Decimal) -> str:
    """Return how many digits a number has; neither they nor the sign tell the right one."""
    decimals = max(0, -int(blank.value.as_tuple().exponent))
    numbers = (blank.value, *(slip.value for slip in blank.wrong))
    before = max(len(str(abs(int(number)))) for number in numbers)
    approx = int(blank.tolerance.scaleb(decimals))
    return (
        f"digits={before + decimals},decimals={decimals},sign=true,approx={approx},"
        f"scoreexact={share},scoreapprox={share}"
    )


@_answered.register
def _(response: Matching, ident: str, marks: int) -> Iterator[str]:
    yield from _pairs(response.pairs, response.shown, ident, marks)


@_answered.register
def _(response: Ordering, ident: str, marks: int) -> Iterator[str]:
    yield r"Give each step its place.\par"
    places = [str(place + 1) for place in range(len(response.steps))]
    pairs = [(response.steps[place], places[place]) for place in response.shown]
    yield from _pairs(pairs, places, ident, marks)


def _pairs(
    pairs: Sequence[tuple[Prose, str]], answers: Sequence[str], ident: str, marks: int
) -> Iterator[str]:
    worth = shares(marks, len(pairs))
    for i, ((prompt, right), share) in enumerate(zip(pairs, worth, strict=True), 1):
        options = _choices((escape(text), text == right) for text in answers)
        asked = rf"\scoring{{b={share}}}{prose_latex(prompt)}:"
        yield _asked(f"{ident}-{i}", asked, options)


@_answered.register
def _(response: Words | FormulaAnswer | Open, ident: str, marks: int) -> Iterator[str]:
    lines = max(response.lines, LINES) if isinstance(response, Open) else LINES
    boxes = "".join(
        rf"\{'correct' if points == marks else 'wrong'}choice[{points}]{{{points}}}"
        rf"\scoring{{{points}}}"
        for points in range(marks + 1)
    )
    yield _asked(ident, rf"\AMCOpen{{lines={lines}}}{{{boxes}}}")
