"""Show that a line of the derivation holds: a proof to write, marked by the line's own terms."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Relation, prose
from rnnsym.derivation import Step, Term
from rnnsym.equations import System
from rnnsym.item import Item, Mark, Open, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    PROOF,
    by_chain_rule,
    derivation_of,
    how_of,
    line,
    model_blocks,
    proven,
    readouts,
    reason_of,
    source_of,
    system_of,
    used,
)
from rnnsym.quiz.derivation_loss import is_of_loss, loss_hints, loss_marks
from rnnsym.quiz.derivation_rules import barred
from rnnsym.quiz.derivation_writing import is_added_up
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "prove"
MARKS = (3, 8)
LINES_A_MARK = 3


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    nets = [
        ((("model", name), ("convention", "textbook")), [s.key for s in derivation_of(name).steps])
        for name in cells or EXAMINED
    ]
    return [
        (*net, ("line", key))
        for net, keys in (*nets, *readouts(cells))
        for key in keys
        if _fits(dict(net)["model"], key, *how_of(dict(net)))
    ]


def _fits(model: str, key: str, *how: str) -> bool:
    """Tell whether a line takes some steps to show, and fits on a page."""
    step, _ = line(model, key, *how)
    worth = sum(mark.points for mark in _scheme(model, key, *how))
    return MARKS[0] <= worth <= MARKS[1] and not is_added_up(step)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key, how = values["model"], values["line"], how_of(values)
    step, value = line(model, key, *how)
    proven(model, key, value, (), *how)
    scheme = _scheme(model, key, *how)
    worth = sum(mark.points for mark in scheme)
    read = prose("Which equations read ", step.of, "? Each place gives one term.")
    of_loss = is_of_loss(step)
    hints = loss_hints(system_of(model, *how).loss_terms[0]) if of_loss else (read,)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=min(5, worth),
        minutes=2 * worth,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key, *how),
        parts=(
            Part(
                (),
                Open(LINES_A_MARK * worth),
                worth,
                (
                    *_equations_used(system_of(model, *how), step),
                    *by_chain_rule(model, key, *how),
                ),
                scheme,
                hints,
            ),
        ),
        proof=Proof(PROOF, "≤ 1e-12"),
        tags=(model, DERIVATION, "proof"),
    )


@lru_cache(maxsize=4096)
def _scheme(model: str, key: str, *how: str) -> tuple[Mark, ...]:
    """Return a mark for all paths found, one for each term, and one for what is around them.

    Terms through one equation are marked together: they are its derivative as a whole.
    """
    step, _ = line(model, key, *how)
    if is_of_loss(step):
        return loss_marks(system_of(model, *how).loss_terms[0])
    found = [Mark(1, "M", prose("chain rule: every equation that reads ", step.of))]
    if step.factor is not None:
        said = prose("chain rule through the function: times ", step.factor)
        found = [Mark(1, "M", said)]
    sources = dict.fromkeys(source_of(term) for term in step.terms)
    for source in sources:
        terms = tuple(term for term in step.terms if source_of(term) == source)
        found.append(Mark(len(terms), "M" if source else "B", _through(step, terms)))
    if step.summed is not None:
        found.append(Mark(1, "A", prose("shared by all steps, so summed over ", step.summed.first,
                                        " to ", step.summed.last)))  # fmt: skip
    elif len(sources) > 1:
        found.append(Mark(1, "A", prose("the sum, with no other path left out")))
    else:
        found.append(Mark(1, "A", prose("the line as it is to be shown")))
    return barred(found, system_of(model, *how))


def _through(step: Step, terms: tuple[Term, ...]) -> Prose:
    """Return what comes through one equation, and by which rules."""
    value = replace(step, terms=terms, factor=None, summed=None).value()
    rules = tuple(dict.fromkeys(rule for term in terms for rule in term.rules))
    return prose(value, ": ", *reason_of(replace(terms[0], rules=rules)))


def _equations_used(system: System, step: Step) -> tuple[Block, ...]:
    """Say what reads the array that the line is about, or what its function makes of it."""
    lines = used(step)
    if not lines:
        return ()
    read, first = step.of, prose()
    for e in system.equations:
        if step.factor is not None and step.of in e.rhs.children:
            read = e.lhs
            first = prose(step.of, " is read by ", Relation((e.lhs, e.rhs)), " only. ")
    loss = " and the loss" if any(term.source is None for term in step.terms) else ""
    where = "this equation" if len(lines) == 1 else "these equations"
    steps = " at every step" if step.summed is not None else ""
    return (
        Paragraph(prose(*first, read, f" is read by {where}{steps}{loss}, and nowhere else:")),
        Equations(lines),
    )


@lru_cache(maxsize=4096)
def _stem(model: str, key: str, *how: str) -> tuple[Block, ...]:
    step, value = line(model, key, *how)
    where = " at every step" if step.time is not None else ""
    if step.time is not None and any(term.time != step.time for term in step.terms):
        where = " at every step before the last"
    ask = f"From these equations and the chain rule, show that{where}"
    quoted = "" if is_of_loss(step) else "; the rule for a single product or function may be quoted"
    return (
        *model_blocks(system_of(model, *how), (step.target, value), all_shown=True),
        Paragraph(prose(ask)),
        Equations((Line(step.target, value),)),
        Paragraph(prose(f"State each equation that you use{quoted}.")),
    )


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "create", (3, 5), MARKS, _subjects, _variants, _draw, _make)
