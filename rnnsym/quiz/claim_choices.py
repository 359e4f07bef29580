"""Choices among statements: the one that stands out by being true, or by being false."""

from collections.abc import Sequence

from rnnsym.blocks import prose
from rnnsym.item import Item
from rnnsym.quiz.claim_bank import Claim, Section
from rnnsym.quiz.claim_items import (
    Asked,
    FromBank,
    Shown,
    best_of,
    claim_of,
    claim_option,
    claims_apart,
    concept_item,
    draw_text,
    option_choice,
    proof_of,
    shown_claim,
    variants,
    with_text,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import WRONG, arranger
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["choice_among_claims"]


def choice_among_claims(name: str, *, key: bool) -> Kind:
    """Return the kind that asks for the one claim of this truth among others of the opposite one.

    Args:
        name: of the kind.
        key: whether the right option is the true one.
    """

    def entries(section: Section) -> Sequence[Claim]:
        return [c for c in section.claims if c.true == key and _is_askable(section, c)]

    def make(parameters: Parameters) -> Item:
        return _item(name, parameters)

    return Kind(name, "concepts", "understand", (1, 4), (2, 2), FromBank(entries), variants,
                draw_text, make)  # fmt: skip


def _opposites(section: Section, claim: Claim) -> list[Claim]:
    return [other for other in section.claims if other.true != claim.true]


def _is_askable(section: Section, claim: Claim) -> bool:
    return len(claims_apart(_opposites(section, claim), [claim], WRONG)) == WRONG


def _item(kind: str, parameters: Parameters) -> Item:
    section, claim = claim_of(parameters)
    draw = arranger(kind, parameters)

    def drawn(attempt: Draw) -> Sequence[Shown]:
        ranked = attempt.ranked("others", _opposites(section, claim), lambda c: c.id)
        others = claims_apart(ranked, [claim], WRONG)
        return (shown_claim(parameters), *(with_text(other, attempt) for other in others))

    shown = best_of(draw, drawn)
    claims = [c for c, _ in shown]
    word = "true" if claim.true else "false"
    options = [claim_option(one, correct=one[0] == claim) for one in shown]
    asked = Asked(
        (prose(f"Which statement about {section.title} is {word}?"),),
        option_choice(options, draw), proof_of(claims), 2, "the right letter", 2,
    )  # fmt: skip
    return concept_item(kind, parameters, claims, asked)
