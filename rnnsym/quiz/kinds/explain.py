"""Something to explain in a few sentences, marked point by point by claims of the bank."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rnnsym.blocks import Block, Listing, Paragraph, Prose, prose
from rnnsym.errors import InputError
from rnnsym.item import Item, Mark, Open
from rnnsym.quiz.claim_bank import Claim, Essay, Section
from rnnsym.quiz.claim_items import (
    Asked,
    FromBank,
    asked_text,
    concept_item,
    draw_text,
    entry_of,
    known_entries,
    proof_of,
    source_line,
    variants,
)
from rnnsym.quiz.claim_text import read_prose
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "explain"
LINES_A_POINT = 3
REASONS = 2
"""So many points are marked for their reasons too."""
LEVEL = 3


def _essays(section: Section) -> Sequence[Essay]:
    return section.essays


def _claims(names: Sequence[str], bank: str) -> list[Claim]:
    entries = (known_entries(bank)[name][1] for name in names)
    return [entry for entry in entries if isinstance(entry, Claim)]


def _make(parameters: Parameters) -> Item:
    _, essay = entry_of(parameters)
    if not isinstance(essay, Essay):
        raise InputError(f"'{essay.id}' is nothing to explain")
    bank = dict(parameters).get("bank", "")
    points, mistakes = _claims(essay.points, bank), _claims(essay.mistakes, bank)
    asked = Asked(
        (
            asked_text(parameters),
            prose("Write whole sentences, and give a reason for two of your points."),
        ),
        Open(LINES_A_POINT * len(points)),
        proof_of([*points, *mistakes]),
        len(points) + REASONS,
        minutes=2 * len(points),
        level=LEVEL,
        expected=tuple(claim.texts[0] for claim in points),
    )
    item = concept_item(NAME, parameters, (essay,), asked)
    stated = (Mark(1, "B", _claim(claim)) for claim in points)
    reasons = Mark(REASONS, "B", prose("reasons for two of these points, 1 each"))
    solution = tuple(_solution(points, mistakes))
    part = replace(item.parts[0], scheme=(*stated, reasons), solution=solution)
    return replace(item, parts=(part,), asks=tuple(dict.fromkeys(claim.about for claim in points)))


def _solution(points: Sequence[Claim], mistakes: Sequence[Claim]) -> Iterator[Block]:
    yield Paragraph(
        prose("An answer makes these points, in any words and any order; reasons follow:")
    )
    yield Listing(tuple(prose(*_claim(c), " ", *_why(c)) for c in points))
    if mistakes:
        yield Paragraph(prose("No marks for what is wrong:"))
        yield Listing(tuple(prose("Wrong: ", *_claim(c), " Right: ", *_why(c)) for c in mistakes))
    yield source_line(points)


def _claim(claim: Claim) -> Prose:
    return read_prose(claim.texts[0])


def _why(claim: Claim) -> Prose:
    return read_prose(claim.why)


KIND = Kind(NAME, "concepts", "understand", (LEVEL, LEVEL), (6, 8), FromBank(_essays), variants,
            draw_text, _make)  # fmt: skip
