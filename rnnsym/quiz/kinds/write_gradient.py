"""A gradient or an adjoint to be written as one expression, judged as ``rnnsym audit`` does."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.audit import audit
from rnnsym.blocks import Block, Paragraph, Prose, prose
from rnnsym.derivation import Step
from rnnsym.expr import source
from rnnsym.item import FormulaAnswer, Item, Mark, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    INSIDE,
    PROOF,
    by_chain_rule,
    derivation_of,
    how_of,
    line,
    model_blocks,
    proven,
    readouts,
    reason_of,
    system_of,
)
from rnnsym.quiz.derivation_loss import is_of_loss, loss_hints, loss_marks
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "write_gradient"
MOST = 4
"""Marks of a line of many terms."""
HOW = (
    "Write ⊙ for the entrywise product, ᵀ for a transpose, and Σ for a sum over the steps; any "
    "equal form counts."
)


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    nets = [
        ((("model", name), ("convention", "textbook")), [s.key for s in derivation_of(name).steps])
        for name in cells or EXAMINED
    ]
    return [
        (*net, ("line", key))
        for net, keys in (*nets, *readouts(cells))
        for key in keys
        if _asked(dict(net)["model"], key, *how_of(dict(net)))
    ]


def _asked(model: str, key: str, *how: str) -> bool:
    """Tell whether there is something to find: a bias only adds up its adjoint.

    A line that holds inside only is none that audit can judge.
    """
    step, _ = line(model, key, *how)
    [whole] = derivation_of(model, *how).find(key)
    plain = len(step.terms) == 1 and step.factor is None and not step.terms[0].value.children
    return not plain and step == whole


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key, how = values["model"], values["line"], how_of(values)
    step, value = line(model, key, *how)
    proven(model, key, value, (), *how)
    _judged(model, key, *how)
    loss = system_of(model, *how).loss_terms[0] if is_of_loss(step) else None
    marks = loss_marks(loss) if loss else _marks(step)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=3 if step.time is None or loss else 4,
        minutes=2 + len(marks),
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key, *how),
        parts=(
            Part(
                (),
                FormulaAnswer(model, step.name, prose(step.target, " = ", value)),
                sum(mark.points for mark in marks),
                by_chain_rule(model, key, *how),
                marks,
                loss_hints(loss) if loss else _hints(step),
            ),
        ),
        proof=Proof(f"{PROOF}; audit finds the key equal", "≤ 1e-12"),
        tags=(model, DERIVATION, "formula"),
    )


@lru_cache(maxsize=4096)
def _judged(model: str, key: str, *how: str) -> None:
    """Give the key to the judge of answers, whose own tests show that it finds mistakes.

    Raises:
        Unfair: it does not find the key equal.
    """
    step, value = line(model, key, *how)
    verdict = audit(derivation_of(model, *how), step.name, source(value), explain=False)
    if verdict.kind != "equal":
        raise Unfair(f"audit finds the key of {key} {verdict.kind}")


def _marks(step: Step) -> tuple[Mark, ...]:
    """Return a mark for each of the first terms, and one for the rest of the line."""
    found = [
        Mark(1, "M", prose(term.value, ", ", *reason_of(term)))
        for term in step.terms[: MOST - 1]
        if term.source is not None or len(step.terms) == 1
    ]
    last = (
        "all other terms, shapes and indices right"
        if len(step.terms) >= MOST
        else "no slip elsewhere"
    )
    if step.factor is not None:
        return (*found, Mark(1, "A", prose("times ", step.factor, ", ", last)))
    if step.summed is not None:
        return (*found, Mark(1, "A", prose("summed over all steps, ", last)))
    if len(step.terms) == 1:
        return (*found, Mark(1, "A", prose("no other term, shapes and indices right")))
    return (*found, Mark(1, "A", prose("the sum of these terms, ", last)))


def _hints(step: Step) -> tuple[Prose, ...]:
    first = prose("Look for every place in the equations where it is used.")
    number = len(step.terms)
    terms = f"{number} terms" if number > 1 else "one term"
    return first, prose(f"There {'are' if number > 1 else 'is'} {terms}.")


@lru_cache(maxsize=4096)
def _stem(model: str, key: str, *how: str) -> tuple[Block, ...]:
    step, _ = line(model, key, *how)
    shown = (s.target for s in derivation_of(model, *how).adjoints)
    where = INSIDE if step.time is not None else ""
    allowed = "the δ above, values of the forward pass and parameters"
    if is_of_loss(step):
        where, allowed = "", "the readout and the target"
    ask = prose("Write ", step.target, where, f" as one expression in {allowed}. {HOW}")
    return (*model_blocks(system_of(model, *how), shown), Paragraph(ask))


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "create", (3, 4), (2, 4), _subjects, _variants, _draw, _make)
