"""Which of five statements about one thing hold?"""

from collections.abc import Sequence

from rnnsym.blocks import prose
from rnnsym.item import SEVERAL, Item
from rnnsym.quiz.claim_bank import Claim, Section
from rnnsym.quiz.claim_items import (
    Asked,
    FromBank,
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
from rnnsym.quiz.options import arranger
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "choose_all"
STATEMENTS = 5
SCHEME = f"all that hold and no other; {SEVERAL}"


def _claims(section: Section) -> Sequence[Claim]:
    """Return the claims beside which enough true ones stand, and enough false ones."""

    def enough(claim: Claim) -> bool:
        sides = ([c for c in section.claims if c.true == truth] for truth in (True, False))
        return all(len(claims_apart(side, [claim], STATEMENTS)) >= STATEMENTS - 1 for side in sides)

    return [claim for claim in section.claims if enough(claim)]


def _make(parameters: Parameters) -> Item:
    section, claim = claim_of(parameters)
    draw = arranger(NAME, parameters)
    true = draw.integer("true", 2, 3)
    chosen = [claim]
    for truth, number in ((True, true), (False, STATEMENTS - true)):
        ranked = draw.ranked("others", section.claims, lambda c: c.id)
        fitting = [c for c in ranked if c.true == truth]
        chosen += claims_apart(fitting, chosen, number - (claim.true == truth))
    shown = [shown_claim(parameters), *(with_text(other, draw) for other in chosen[1:])]
    options = [claim_option(one, correct=one[0].true) for one in shown]
    asked = Asked(
        (prose(f"Which of these statements about {section.title} are true?"),),
        option_choice(options, draw, several=True), proof_of(chosen), 2, SCHEME, 3,
        min(4, max(c.level for c in chosen)),
    )  # fmt: skip
    return concept_item(NAME, parameters, chosen, asked)


KIND = Kind(NAME, "concepts", "evaluate", (1, 4), (2, 2), FromBank(_claims), variants, draw_text,
            _make)  # fmt: skip
