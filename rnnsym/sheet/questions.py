"""Five questions of the quiz on a sheet, and the answers at the end.

They are drawn as a paper's are, proven and guarded; the seed is the sheet's name. What the sheet
prints already is not printed again in every stem.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice

from rnnsym.blocks import (
    Block,
    Equations,
    Heading,
    Inline,
    Line,
    Listing,
    NumberMatrix,
    PageBreak,
    Paragraph,
    Prose,
    Relation,
    prose,
)
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.expr import Array, Integer
from rnnsym.item import LETTERS, Item
from rnnsym.model_text import Recurrent
from rnnsym.quiz.counting_items import NO_BIASES
from rnnsym.quiz.derivation_lines import RULES
from rnnsym.quiz.draw import Draw, digest
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.registry import Kind, load_kind
from rnnsym.quiz.subject import convention_note, described, equation_note, equations_of
from rnnsym.system import read_model

__all__ = ["KINDS", "drawn_items", "question_blocks"]

KINDS = ("adjoint", "count", "forward")
NUMBER, MOST_TURNS = 5, 12
COMPUTED = prose(" is computed by")
THERE = " the forward equations above."
ALL = "Every question is about one layer with the equations above, in numbers of its own."
TEXTBOOK = ("convention", "textbook")


def question_blocks(
    name: str, models: Sequence[str], system: System | None = None, kinds: Sequence[str] = KINDS
) -> Iterator[Block]:
    """Yield five questions, and their answers behind them.

    Args:
        name: of the sheet: the same name draws the same questions.
        models: what is asked about: cells, and model texts that hold one.
        system: of a single cell, whose equations the sheet prints and the stems need not.
        kinds: of question, in turn.
    """
    items = drawn_items(name, models, kinds)
    if not items:
        return
    yield Heading("Questions", 2)
    if system is not None:
        yield Paragraph(prose(ALL))
    said: dict[Prose, int] = {}
    for number, item in enumerate(items, 1):
        yield Heading(f"Question {number} ({_many(item.marks, 'mark')}, {item.minutes} min)", 3)
        for block in item.stem if system is None else _shortened(item.stem, system):
            yield _said_once(block, number, said)
        yield _options(item)
    yield PageBreak()
    yield Heading("Answers", 2)
    for number, item in enumerate(items, 1):
        yield Heading(f"Answer {number}: {item.key}", 3)
        yield from item.solution if system is None else map(_values, item.solution)
        wrong = zip(LETTERS, item.options, strict=False)
        yield Listing(
            tuple(
                prose(f"{letter} — {option.misconception}. ", *option.why)
                for letter, option in wrong
                if not option.correct
            )
        )


def _said_once(block: Block, number: int, said: dict[Prose, int]) -> Block:
    """Refer to the question that has said the rules of the backward pass before."""
    if not isinstance(block, Paragraph) or RULES not in block.content:
        return block
    end = block.content.index(RULES) + 1
    before = said.setdefault(block.content[:end], number)
    if before == number:
        return block
    return Paragraph(prose(f"As in question {before}, with ", *block.content[end:]))


def _options(item: Item) -> Block:
    """Return the options: numbers in a row, anything longer one under the other."""
    contents = [option.content for option in item.options]
    if not all(_is_entry(content[0]) for content in contents):
        return Listing(tuple(contents), "letters")
    row: list[Inline] = []
    for letter, content in zip(LETTERS, contents, strict=False):
        row += [f"; {letter}. " if row else f"{letter}. ", *content]
    return Paragraph(tuple(row))


def _is_entry(part: object) -> bool:
    return isinstance(part, Integer) or (isinstance(part, NumberMatrix) and part.entry is not None)


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def drawn_items(name: str, models: Sequence[str], kinds: Sequence[str] = KINDS) -> list[Item]:
    """Return up to five fair items, the kinds in turn, the easiest first."""
    seed = int.from_bytes(digest("sheet", name, size=4), "big")
    series = {kind: _series(load_kind(kind), models, seed) for kind in kinds}
    turns = (next(series[kind], None) for kind in islice(cycle(kinds), MOST_TURNS * len(kinds)))
    found = islice(_different(item for item in turns if item is not None), NUMBER)
    return sorted(found, key=lambda item: item.level)


def _different(items: Iterable[Item]) -> Iterator[Item]:
    """Leave out an item that asks again what another has asked: the same slips are its options."""
    asked: set[tuple[str, frozenset[str]]] = set()
    for item in items:
        forward = item.kind == "forward"
        slips = {"" if forward else option.misconception for option in item.options}
        question = item.kind, frozenset(slips)
        if question not in asked:
            asked.add(question)
            yield item


def _series(kind: Kind, models: Sequence[str], seed: int) -> Iterator[Item]:
    """Yield items about one subject after the other; one that has no fair question is skipped."""
    read = [layer for text in models for layer in read_model(text).layers]
    cells = dict.fromkeys(layer.cell for layer in read if isinstance(layer, Recurrent))
    about = [(TEXTBOOK, ("model", text)) for text in (*models, *cells)]
    subjects = [
        s for s in kind.subjects(list(cells))
        if NO_BIASES not in s and any(set(s).issuperset(a) for a in about)
    ]  # fmt: skip
    ranked = Draw(seed, kind.name).ranked("subjects", subjects)
    for place, subject in enumerate(s for s in ranked if kind.variants(s)):
        try:
            yield draw_item(kind, subject, Draw(seed, f"{kind.name}/{place}"), ())
        except InputError:  # every draw was refused: there is another subject
            continue


def _shortened(stem: Sequence[Block], system: System) -> list[Block]:
    """Return a stem without what the sheet says of its model: equations, convention and sizes."""
    known: set[tuple[object, object]] = {(e.lhs, e.rhs) for e in system.equations}
    known |= {(line.lhs, line.rhs) for line in equations_of(system).lines}
    said = (
        Paragraph(convention_note(system)),
        Paragraph(equation_note(system)),
        Paragraph((*described(system), *COMPUTED)),
    )
    kept: list[Block] = []
    for block in stem:
        if isinstance(block, Equations) and known.issuperset((x.lhs, x.rhs) for x in block.lines):
            if kept and isinstance(kept[-1], Paragraph):
                kept[-1] = Paragraph((*kept[-1].content, THERE))
        elif isinstance(block, Equations) and all(map(_is_short, block.lines)):
            kept.append(Paragraph(_in_a_row(block.lines)))
        elif block not in said:
            kept.append(block)
    return kept


def _values(block: Block) -> Block:
    """Leave out the formulas between names and numbers: the sheet's own equations are these."""
    if not isinstance(block, Equations):
        return block
    pairs = [(line, line.rhs.sides[-1]) for line in block.lines if isinstance(line.rhs, Relation)]
    lines = tuple(Line(line.lhs, value) for line, value in pairs if isinstance(value, NumberMatrix))
    return Equations(lines) if len(lines) == len(block.lines) else block


def _is_short(line: Line) -> bool:
    """Tell whether a line is a name for an array or a number."""
    return isinstance(line.rhs, Array) or _is_entry(line.rhs)


def _in_a_row(lines: Sequence[Line]) -> Prose:
    parts: list[Inline] = []
    for line in lines:
        if not isinstance(line.rhs, tuple):
            parts += [", " if parts else "", Relation((line.lhs, line.rhs))]
    return (*parts[1:], ".")
