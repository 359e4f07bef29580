"""One line of backpropagation through time: which expression is this adjoint or gradient?"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from rnnsym.audit.slips import MISCONCEPTIONS, SIGN, Row
from rnnsym.blocks import Block, Paragraph, prose
from rnnsym.expr import Node
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.derivation_lines import (
    INSIDE,
    PROOF,
    by_chain_rule,
    derivation_of,
    line,
    model_blocks,
    proven,
    system_of,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.likeness import fingerprint
from rnnsym.quiz.options import WRONG, arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND", "MISCONCEPTIONS"]


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("line", step.key))
        for name in cells or EXAMINED
        for step in derivation_of(name).steps
    ]


@lru_cache(maxsize=4096)
def _enough(model: str, key: str) -> bool:
    return len(tuple(islice(_distinct(model, key), WRONG))) == WRONG


@lru_cache(maxsize=4096)
def _wrong(model: str, key: str) -> tuple[Option, ...]:
    """What the misconceptions give, each different thing once."""
    return tuple(_distinct(model, key))


def _distinct(model: str, key: str) -> Iterator[Option]:
    step, value = line(model, key)
    seen = {fingerprint(value)}
    for misconception in MISCONCEPTIONS:
        for row, why in misconception.apply(Row(step, value)):
            if fingerprint(row.value) not in seen:
                seen.add(fingerprint(row.value))
                yield Option(prose(row.value), misconception.name, why)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key = values["model"], values["line"]
    step, value = line(model, key)
    right = Option(prose(value), "", prose("Every edge that leads back to it, once."))
    wrong = _wrong(model, key)
    likely = tuple(option for option in wrong if option.misconception != SIGN)
    options = mixed(
        right, likely if len(likely) >= WRONG else wrong, arranger("adjoint", parameters)
    )
    others = (o.content[0] for o in options if not o.correct)
    proven(model, key, value, (other for other in others if isinstance(other, Node)))
    sums = len(step.terms) > 1
    return Item(
        id=identifier("adjoint", parameters),
        kind="adjoint",
        topic="derivations",
        level=4 if sums else 3,
        minutes=5 if sums else 3,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key),
        parts=(Part((), Choice(options), 3 if sums else 2, by_chain_rule(model, key)),),
        proof=Proof(f"{PROOF}, all options evaluated", "≤ 1e-12"),
    )


@lru_cache(maxsize=4096)
def _stem(model: str, key: str) -> tuple[Block, ...]:
    step, value = line(model, key)
    where = INSIDE if step.time is not None else ""
    asked = Paragraph(prose("Which expression is ", step.target, where, "?"))
    return (*model_blocks(system_of(model), (step.target, value)), asked)


def _variants(subject: Parameters) -> int:
    values = dict(subject)
    return int(_enough(values["model"], values["line"]))


KIND = Kind("adjoint", "derivations", "analyse", (3, 4), (2, 3), _subjects, _variants, _draw, _make)
