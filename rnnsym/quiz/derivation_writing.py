"""A line of a derivation to be written as one expression: the answer, its marks and hints."""

from functools import lru_cache

from rnnsym.audit import audit
from rnnsym.audit.rewrite import without
from rnnsym.blocks import Paragraph, Prose, prose
from rnnsym.derivation import Step
from rnnsym.equations import LossTerm
from rnnsym.expr import Map, arrays_in, softmax, source
from rnnsym.item import FormulaAnswer, Mark, Part
from rnnsym.quiz.derivation_lines import (
    INSIDE,
    by_chain_rule,
    derivation_of,
    line,
    proven,
    reason_of,
    system_of,
)
from rnnsym.quiz.derivation_loss import is_of_loss, loss_hints, loss_marks
from rnnsym.quiz.derivation_rules import barred
from rnnsym.quiz.guard import Unfair

__all__ = ["HOW", "asked_as", "is_added_up", "is_work", "written"]

MOST = 4
"""Marks of a line of many terms."""
HOW = (
    "Write ⊙ for the entrywise product, ᵀ\u00a0for a transpose, and Σ for a sum over the steps; "
    "any equal form counts."
)


def is_work(model: str, key: str, *how: str) -> bool:
    """Tell whether there is something to find: a bias only adds up its adjoint.

    A line that holds inside only is none that audit can judge.
    """
    step, _ = line(model, key, *how)
    [whole] = derivation_of(model, *how).find(key)
    return not is_added_up(step) and step == whole


def is_added_up(step: Step) -> bool:
    """Tell whether a line is but another gradient summed: that of a bias."""
    return len(step.terms) == 1 and step.factor is None and not step.terms[0].value.children


def written(model: str, key: str, *how: str) -> Part:
    """Return the part that asks for a line, which says nothing itself.

    Raises:
        Unfair: the line is not the gradient, or audit does not find it equal to itself.
    """
    step, value = line(model, key, *how)
    proven(model, key, value, (), *how)
    _judged(model, key, *how)
    loss = system_of(model, *how).loss_terms[0] if is_of_loss(step) else None
    marks = _loss_marks(loss) if loss else _scheme(model, key, *how)
    return Part(
        (),
        FormulaAnswer(model, step.name, prose(step.target, " = ", value)),
        sum(mark.points for mark in marks),
        by_chain_rule(model, key, *how),
        marks,
        loss_hints(loss) if loss else _hints(step),
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


@lru_cache(maxsize=4096)
def _scheme(model: str, key: str, *how: str) -> tuple[Mark, ...]:
    step, _ = line(model, key, *how)
    return barred(_marks(step), system_of(model, *how))


def asked_as(step: Step, then: str = "") -> Paragraph:
    """Return the sentence that asks for a line, and what is said after it.

    Which steps are meant is said where the line is another at the ends.
    """
    ends = step.time is not None and any(term.time != step.time for term in step.terms)
    where = INSIDE if ends else ""
    adjoint = step.target.family.role == "adjoint"
    itself = prose(" (not ", step.target, " itself)") if adjoint else ()
    allowed = prose("the δ above", *itself, ", values of the forward pass and parameters")
    if is_of_loss(step):
        where, allowed = "", prose("the readout and the target")
    return Paragraph(
        prose("Write ", step.target, where, " as one expression in ", *allowed, f".{then}")
    )


def _loss_marks(term: LossTerm) -> tuple[Mark, ...]:
    """Return what marks the formula alone can show."""
    if term.kind != "cross-entropy":
        return loss_marks(term)
    slope = prose(softmax(term.target), ", with no slope of it left as a factor")
    return Mark(1, "M", slope), Mark(1, "A", prose(term.gradient))


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
    if _of_function(step):
        return _slope_marks(step)
    if step.factor is not None:
        return (*found, Mark(1, "A", prose("times ", step.factor, ", ", last)))
    if step.summed is not None:
        return (*found, Mark(1, "A", prose("summed over all steps, ", last)))
    if len(step.terms) == 1:
        return (*found, Mark(1, "A", prose("no other term, shapes and indices right")))
    return (*found, Mark(1, "A", prose("the sum of these terms, ", last)))


def _of_function(step: Step) -> bool:
    """Tell whether a line is of the argument of a function, and of nothing else."""
    sources = [term.source.rhs for term in step.terms if term.source is not None]
    alone = len(sources) == len(step.terms) == 1 and step.factor is None
    return alone and isinstance(sources[0], Map)


def _slope_marks(step: Step) -> tuple[Mark, ...]:
    """Return a mark for the path to the value of a function, and one for its slope.

    Raises:
        TypeError: the line is not the product of an adjoint and a slope.
    """
    [term] = step.terms
    [reached] = [a for a in arrays_in(term.value) if a.family.role == "adjoint"]
    slope = without(term.value, reached)
    if slope is None:
        raise TypeError(f"{term.value} is no product")
    path = prose(reached, " times a slope (a wrong one, or the value in its place, has this mark "
                 "too), ", *reason_of(term))  # fmt: skip
    right = prose("the slope ", slope, ", no other term, shapes and indices right")
    return Mark(1, "M", path), Mark(1, "A", right)


def _hints(step: Step) -> tuple[Prose, ...]:
    first = prose("Look for every place in the equations where it is used.")
    number = len(step.terms)
    terms = f"{number} terms" if number > 1 else "one term"
    return first, prose(f"There {'are' if number > 1 else 'is'} {terms}.")
