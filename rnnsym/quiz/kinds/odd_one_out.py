"""Three of four things belong together: which one does not?"""

from collections.abc import Sequence
from dataclasses import replace

from rnnsym.blocks import prose
from rnnsym.errors import InputError
from rnnsym.item import Item, Option, Proof
from rnnsym.quiz.claim_bank import Category, Section
from rnnsym.quiz.claim_checks import holds
from rnnsym.quiz.claim_fields import Thing
from rnnsym.quiz.claim_items import (
    Asked,
    FromBank,
    concept_item,
    draw_text,
    entry_of,
    option_choice,
)
from rnnsym.quiz.claim_text import read_prose
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import WRONG, arranger
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "odd_one_out"
MEMBER = "what belongs to the others taken for the odd one"


def _categories(section: Section) -> Sequence[Category]:
    return section.categories


def _category(parameters: Parameters) -> Category:
    _, entry = entry_of(parameters)
    if not isinstance(entry, Category):
        raise InputError(f"'{entry.id}' is no category")
    return entry


def _variants(subject: Parameters) -> int:
    category = _category(subject)
    return len(category.texts) * len(category.outsiders)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    category = _category(subject)
    odd = draw.choice("odd", [thing.text for thing in category.outsiders])
    return (*draw_text(subject, draw), ("odd", odd))


def _proof(category: Category, odd: Thing, members: Sequence[Thing]) -> Proof:
    """Compute who belongs, where that can be computed.

    Raises:
        InputError: a check computes what the bank does not say.
    """
    if not category.check:
        return Proof("as the source states it", "exact")
    for thing in (odd, *members):
        if holds((*category.check, thing.checked)) != (thing != odd):
            name = f"'{thing.text}' of '{category.id}'"
            raise InputError(f"{name}: its check differs from what is said")
    return Proof("computed from the equations", "exact")


def _make(parameters: Parameters) -> Item:
    category, values = _category(parameters), dict(parameters)
    odd = next(thing for thing in category.outsiders if thing.text == values["odd"])
    draw = arranger(NAME, parameters)
    members = draw.ranked("members", category.members, lambda thing: thing.text)[:WRONG]
    options = [
        Option(read_prose(odd.text), "", read_prose(odd.why)),
        *(Option(read_prose(one.text), MEMBER, read_prose(category.why)) for one in members),
    ]
    shared = read_prose(category.texts[int(values["text"])])
    stem = prose("Three of these ", *shared, ". Which one does not belong with them?")
    asked = Asked((stem,), option_choice(options, draw), _proof(category, odd, members))
    own = [one.source for one in (*members, odd) if one.source]
    cited = replace(category, source="; ".join((category.source, *own)))
    return concept_item(NAME, parameters, (cited,), asked)


KIND = Kind(NAME, "concepts", "analyse", (1, 4), (1, 1), FromBank(_categories), _variants, _draw,
            _make)  # fmt: skip
