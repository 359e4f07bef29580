"""Which term is meant? A word or two."""

from collections.abc import Sequence

from rnnsym.blocks import prose
from rnnsym.errors import InputError
from rnnsym.item import Item, Proof, Words
from rnnsym.quiz.claim_bank import Section, Term
from rnnsym.quiz.claim_items import (
    Asked,
    FromBank,
    asked_text,
    concept_item,
    draw_text,
    entry_of,
    variants,
)
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

STEM = prose("Which term is meant? Name it in at most five words, not by a symbol.")
PROOF = Proof("no other term of the bank has this definition", "exact")


def _terms(section: Section) -> Sequence[Term]:
    return section.terms


def _make(parameters: Parameters) -> Item:
    _, term = entry_of(parameters)
    if not isinstance(term, Term):
        raise InputError(f"'{term.id}' is no term")
    asked = Asked((STEM, asked_text(parameters)), Words(term.names), PROOF)
    return concept_item("short_answer", parameters, (term,), asked)


KIND = Kind("short_answer", "concepts", "remember", (1, 3), (1, 1), FromBank(_terms), variants,
            draw_text, _make)  # fmt: skip
