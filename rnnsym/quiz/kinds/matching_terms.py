"""Which term belongs to which description?"""

from collections.abc import Sequence
from math import comb

from rnnsym.blocks import prose
from rnnsym.errors import InputError
from rnnsym.item import Item, Matching, Proof
from rnnsym.quiz.claim_bank import Section, Term
from rnnsym.quiz.claim_items import Asked, FromBank, concept_item, entry_of
from rnnsym.quiz.claim_text import read_prose
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import arranger
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "matching_terms"
PAIRS, EXTRAS = 4, 2
STEM = prose(
    "Write beside each description the letter of the term that it describes; letters may be left "
    "over."
)
PROOF = Proof("each term stands for one description of the bank", "exact")


def _groups(section: Section) -> Sequence[Term]:
    """Return the first term of each group that is large enough."""
    first = {term.group: term for term in reversed(section.terms)}
    return [term for term in first.values() if len(_group(section, term)) >= PAIRS]


def _group(section: Section, first: Term) -> list[Term]:
    return [term for term in section.terms if term.group == first.group]


def _asked(parameters: Parameters) -> list[Term]:
    section, first = entry_of(parameters)
    if not isinstance(first, Term):
        raise InputError(f"'{first.id}' is no term")
    return _group(section, first)


def _variants(subject: Parameters) -> int:
    return comb(len(_asked(subject)), PAIRS)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    chosen = draw.ranked("terms", [term.id for term in _asked(subject)])[:PAIRS]
    return (*subject, ("terms", " ".join(sorted(chosen))))


def _make(parameters: Parameters) -> Item:
    draw = arranger(NAME, parameters)
    wanted = dict(parameters)["terms"].split()
    ranked = draw.ranked("order", _asked(parameters), lambda term: term.id)
    chosen = [term for term in ranked if term.id in wanted]
    extras = [term.names[0] for term in ranked if term.id not in wanted][:EXTRAS]
    pairs = tuple(
        (read_prose(draw.choice(f"text {t.id}", t.texts).rstrip(".")), t.names[0]) for t in chosen
    )
    shown = draw.ranked("shown", [*(name for _, name in pairs), *extras])
    asked = Asked(
        (STEM,), Matching(pairs, tuple(extras), tuple(shown)), PROOF, PAIRS,
        "1 for each description", 3, max(term.level for term in chosen),
    )  # fmt: skip
    return concept_item(NAME, parameters, chosen, asked)


KIND = Kind(NAME, "concepts", "remember", (1, 3), (PAIRS, PAIRS), FromBank(_groups), _variants,
            _draw, _make)  # fmt: skip
