"""Is a statement true or false?"""

from collections.abc import Sequence

from rnnsym.blocks import prose
from rnnsym.item import Choice, Item, Option
from rnnsym.quiz.claim_bank import Claim, Section
from rnnsym.quiz.claim_items import (
    DENIED,
    Asked,
    FromBank,
    asked_text,
    claim_of,
    concept_item,
    draw_text,
    proof_of,
    variants,
)
from rnnsym.quiz.claim_text import read_prose
from rnnsym.quiz.guard import TRUTH
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

STEM = "Is this statement about {} true or false?"


def _claims(section: Section) -> Sequence[Claim]:
    return section.claims


def _make(parameters: Parameters) -> Item:
    section, claim = claim_of(parameters)
    right = TRUTH[0] if claim.true else TRUTH[1]
    options = tuple(
        Option(
            prose(verdict),
            "" if verdict == right else claim.misconception or DENIED,
            read_prose(claim.why)
            if verdict == right
            else prose(f"The statement is {right.lower()}."),
        )
        for verdict in TRUTH
    )
    asked = Asked(
        (prose(STEM.format(section.title)), asked_text(parameters)),
        Choice(options), proof_of((claim,)),
    )  # fmt: skip
    return concept_item("true_false", parameters, (claim,), asked)


KIND = Kind("true_false", "concepts", "remember", (1, 4), (1, 1), FromBank(_claims), variants,
            draw_text, _make)  # fmt: skip
