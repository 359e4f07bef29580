"""Is a statement true or false, and for which reason?"""

from collections.abc import Sequence

from rnnsym.blocks import Prose, prose
from rnnsym.item import Item, Option
from rnnsym.quiz.claim_bank import Claim, Section
from rnnsym.quiz.claim_items import (
    DENIED,
    Asked,
    FromBank,
    asked_text,
    claim_of,
    concept_item,
    draw_text,
    option_choice,
    proof_of,
    variants,
)
from rnnsym.quiz.claim_text import read_prose
from rnnsym.quiz.options import WRONG, arranger, mixed
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "true_false_reason"
STEM = "Is this statement about {} true or false, and why?"
BOTH = prose("The verdict is right, and this is the reason.")
UNSUPPORTED = "right verdict, but a reason that does not carry it"


def _claims(section: Section) -> Sequence[Claim]:
    return [claim for claim in section.claims if len(claim.reasons) >= WRONG]


def _said(verdict: bool, reason: str) -> Prose:
    return prose("True: " if verdict else "False: ", *read_prose(reason))


def _make(parameters: Parameters) -> Item:
    section, claim = claim_of(parameters)
    draw = arranger(NAME, parameters)
    wrong = [
        Option(
            _said(reason.verdict, reason.text),
            UNSUPPORTED if reason.verdict == claim.true else claim.misconception or DENIED,
            read_prose(reason.why),
        )
        for reason in claim.reasons
    ]
    options = mixed(Option(_said(claim.true, claim.why), "", BOTH), wrong, draw)
    asked = Asked(
        (prose(STEM.format(section.title)), asked_text(parameters)),
        option_choice(options, draw), proof_of((claim,)), 2, "verdict and reason, both right", 2,
        min(4, claim.level + 1),
    )  # fmt: skip
    return concept_item(NAME, parameters, (claim,), asked)


KIND = Kind(NAME, "concepts", "analyse", (2, 4), (2, 2), FromBank(_claims), variants, draw_text,
            _make)  # fmt: skip
