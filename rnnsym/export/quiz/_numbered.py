"""What exporters of papers share: the questions with their numbers, and texts about them."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

from rnnsym.blocks import Block, Paragraph, prose
from rnnsym.item import Item, Part
from rnnsym.quiz.paper import Paper
from rnnsym.quiz.responses import key_blocks, part_name

__all__ = ["numbered", "plain", "proof_block", "question_name", "solution_blocks"]


def numbered(paper: Paper) -> Iterator[tuple[str, list[tuple[int, Item]]]]:
    """Yield the sections: the title, and the questions, numbered through all sections."""
    number = count(1)
    for title, items in paper.sections:
        yield title, [(next(number), item) for item in items]


def question_name(number: int, item: Item) -> str:
    """Return what a question is called in a list, e.g. "03 count: lstm"."""
    return f"{number:02} {item.kind}" + (f": {item.tags[0]}" if item.tags else "")


def plain(number: Decimal) -> str:
    """Return a number as programs read it: no exponent, an ASCII minus."""
    return f"{number:f}"


def solution_blocks(item: Item) -> tuple[Block, ...]:
    """Return key, scheme and worked solution of all parts, and the proof."""
    blocks = [block for i, part in enumerate(item.parts) for block in _solved(item, i, part)]
    return (*blocks, proof_block(item))


def _solved(item: Item, place: int, part: Part) -> Iterator[Block]:
    if len(item.parts) > 1:
        yield Paragraph(prose(part_name(place)))
    yield from key_blocks(part)
    yield from part.solution


def proof_block(item: Item) -> Block:
    """Return how the key was recomputed."""
    return Paragraph(prose(f"Proof: {item.proof.method} ({item.proof.error})."))
