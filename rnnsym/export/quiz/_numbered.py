"""What exporters of papers share: the questions with their numbers, and texts about them."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count

from rnnsym.blocks import Block, Listing, Paragraph, prose
from rnnsym.item import (
    SEVERAL,
    Choice,
    FormulaAnswer,
    Item,
    Matching,
    Numeric,
    Open,
    Ordering,
    Part,
    Response,
    Words,
)
from rnnsym.quiz.paper import Paper
from rnnsym.quiz.responses import key_blocks as lettered_key
from rnnsym.quiz.responses import part_name

__all__ = [
    "TYPED", "by_share", "instruction", "key_blocks", "numbered", "one_line", "part_alone",
    "plain", "proof_block", "question_name", "solution_blocks", "typed_as_in_key", "unmarked",
    "whole_stem",
]  # fmt: skip


TYPED = "counts only as typed in the key: other signs for minus or between words are not understood"


def numbered(paper: Paper) -> Iterator[tuple[str, list[tuple[int, Item]]]]:
    """Yield the sections: the title, and the questions, numbered through all sections."""
    number = count(1)
    for title, items in paper.sections:
        yield title, [(next(number), item) for item in items]


def question_name(number: int, item: Item) -> str:
    """Return what a question is called in a list, e.g. "03 count: lstm"."""
    return f"{number:02} {item.kind}" + (f": {item.tags[0]}" if item.tags else "")


def part_alone(item: Item, place: int) -> Item:
    """Return one part as a question of its own, what was asked before as a part of its stem."""
    if len(item.parts) == 1:
        return item
    before = tuple(
        block
        for i in range(place)
        for block in (Paragraph(prose(f"{part_name(i)}, asked before:")), *item.parts[i].stem)
    )
    asked = Paragraph(prose(f"{part_name(place)}, asked here:"))
    letter = part_name(place).strip("()")
    stem = (*item.stem, *before, asked)
    return replace(item, id=f"{item.id}-{letter}", stem=stem, parts=(item.parts[place],))


def whole_stem(item: Item) -> tuple[Block, ...]:
    """Return all that is asked by a question of one part, where its answer is typed elsewhere."""
    [part] = item.parts
    labels = part.response.blanks if isinstance(part.response, Numeric) else ()
    wanted = (Paragraph(prose(*blank.label, " = ?")) for blank in labels)
    return (*item.stem, *part.stem, *instruction(part.response), *wanted)


def instruction(response: Response) -> tuple[Block, ...]:
    """Return how a response is given, where that cannot be seen."""
    match response:
        case Choice(several=True):
            return (Paragraph(prose("Choose all that apply.")),)
        case Ordering():
            return (Paragraph(prose("Give each step its place, from 1 on.")),)
        case _:
            return ()


def plain(number: Decimal) -> str:
    """Return a number as programs read it: no exponent, an ASCII minus."""
    return f"{number:f}"


def solution_blocks(item: Item) -> tuple[Block, ...]:
    """Return key, scheme and worked solution of all parts, and the proof."""
    blocks = [block for i, part in enumerate(item.parts) for block in _solved(item, i, part)]
    return (*blocks, proof_block(item))


def proof_block(item: Item) -> Block:
    """Return how the key was recomputed."""
    return Paragraph(prose(f"Proof: {item.proof.method} ({item.proof.error})."))


def _solved(item: Item, place: int, part: Part) -> Iterator[Block]:
    if len(item.parts) > 1:
        yield Paragraph(prose(part_name(place)))
    yield from key_blocks(part)
    yield from part.solution


def key_blocks(part: Part) -> tuple[Block, ...]:
    """Return key and scheme of a part, for a screen on which places and answers have no letters."""
    answer, *rest = lettered_key(part)
    match part.response:
        case Matching(pairs):
            answer = Listing(tuple(prose(*prompt, f": {text}") for prompt, text in pairs))
        case Ordering(steps):
            answer = Listing(steps, "numbers")
        case _:
            pass
    return (answer, *rest)


def one_line(text: str) -> str:
    """Return a name or a title on one line, without signs that cannot be printed."""
    return " ".join(
        "".join(x if x.isprintable() or x.isspace() else "\ufffd" for x in text).split()
    )


def unmarked(item: Item) -> Iterator[str]:
    """Yield what a program that marks answers alone does not do."""
    if any(part.carries for part in item.parts):
        yield "an error carried forward is marked as a wrong answer"
    if any(mark.kind == "M" for part in item.parts if not _by_hand(part) for mark in part.scheme):
        yield "marks for method are not given; the scheme stands with the solution"


def by_share(item: Item) -> Iterator[str]:
    """Yield what a program does that marks several options by weights."""
    for place, part in enumerate(item.parts):
        if isinstance(part.response, Choice) and part.response.several:
            weights = "right options share the marks of {}, wrong ones take as many"
            yield f"{weights.format(part_name(place))}; on paper {SEVERAL}"


def typed_as_in_key(item: Item) -> Iterator[str]:
    """Yield what a program does that compares words as texts."""
    for place, part in enumerate(item.parts):
        if isinstance(part.response, Words):
            yield f"{part_name(place)} {TYPED}"


def _by_hand(part: Part) -> bool:
    return isinstance(part.response, FormulaAnswer | Open)
