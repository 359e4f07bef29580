"""Show that a line of the derivation holds: a proof to write, marked by the line's own terms."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, Paragraph, prose
from rnnsym.derivation import Step
from rnnsym.item import Item, Mark, Open, Part, Proof
from rnnsym.quiz.derivation_lines import (
    INSIDE,
    PROOF,
    by_chain_rule,
    derivation_of,
    line,
    model_blocks,
    proven,
    reason_of,
    source_of,
    system_of,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "prove"
MARKS = (3, 8)
LINES_A_MARK = 3


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("line", key))
        for name in cells or EXAMINED
        for key in _keys(name)
    ]


@lru_cache(maxsize=256)
def _keys(model: str) -> tuple[str, ...]:
    """The lines that take some steps to show, and fit on a page."""
    steps = derivation_of(model).steps
    return tuple(s.key for s in steps if MARKS[0] <= len(_scheme(s)) <= MARKS[1])


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key = values["model"], values["line"]
    step, value = line(model, key)
    proven(model, key, value)
    scheme = _scheme(step)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=min(5, len(scheme)),
        minutes=2 * len(scheme),
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key),
        parts=(
            Part(
                (),
                Open(LINES_A_MARK * len(scheme)),
                len(scheme),
                by_chain_rule(model, key),
                scheme,
                (prose("Which equations read ", step.of, "? Each gives one term."),),
            ),
        ),
        proof=Proof(PROOF, "≤ 1e-12"),
        tags=(model, "proof"),
    )


def _scheme(step: Step) -> tuple[Mark, ...]:
    """Return a mark for all paths found, one for each term, and one for what is around them."""
    through = [a for a in (source_of(term) for term in step.terms) if a is not None]
    found = [Mark(1, "M", prose("chain rule: every equation that reads ", step.of))]
    if step.factor is not None:
        said = prose("chain rule through the function: times ", step.factor)
        found = [Mark(1, "M", said)]
    for term in step.terms:
        found.append(Mark(1, "B" if term.source is None else "M",
                          prose(term.value, ": ", *reason_of(term))))  # fmt: skip
    if step.summed is not None:
        found.append(Mark(1, "A", prose("shared by all steps, so summed over ", step.summed.first,
                                        " to ", step.summed.last)))  # fmt: skip
    elif len(through) > 1:
        found.append(Mark(1, "A", prose("the sum, with no other path left out")))
    else:
        found.append(Mark(1, "A", prose("the line as it is to be shown")))
    return tuple(found)


@lru_cache(maxsize=4096)
def _stem(model: str, key: str) -> tuple[Block, ...]:
    step, value = line(model, key)
    where = INSIDE if step.time is not None else ""
    ask = f"From these equations and the chain rule alone, show that{where}"
    rules = "State for each term the equation that it comes through."
    return (
        *model_blocks(system_of(model), (step.target, value)),
        Paragraph(prose(ask)),
        Equations((Line(step.target, value),)),
        Paragraph(prose(rules)),
    )


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "create", (3, 5), MARKS, _subjects, _variants, _draw, _make)
