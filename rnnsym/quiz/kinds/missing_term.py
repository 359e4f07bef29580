"""A line of the derivation with one term left out: which term is missing?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice

from rnnsym.audit.misconceptions import MISCONCEPTIONS
from rnnsym.audit.rewrite import Misconception
from rnnsym.audit.slips import SIGN, Row
from rnnsym.blocks import Block, Equations, Line, Paragraph, prose
from rnnsym.derivation import Step, Term
from rnnsym.expr import Array, Expr, Family, Node, arrays_in
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    FAR,
    INSIDE,
    PROOF,
    by_chain_rule,
    derivation_of,
    error,
    how_of,
    line,
    model_blocks,
    proven,
    readouts,
    reason_of,
    system_of,
)
from rnnsym.quiz.derivation_rules import explained
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.likeness import fingerprint, form_of
from rnnsym.quiz.loss_slips import loss_slips
from rnnsym.quiz.options import WRONG, arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "missing_term"
UNLIKELY = (SIGN, "sign of a term")
"""Mistakes that nobody makes in a single term."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    nets = [
        ((("model", name), ("convention", "textbook")), [s.key for s in derivation_of(name).steps])
        for name in cells or EXAMINED
    ]
    return [
        (*net, ("line", key), ("term", str(place)))
        for net, keys in (*nets, *readouts(cells))
        for key in keys
        for place in _asked(dict(net)["model"], key, *how_of(dict(net)))
    ]


def _asked(model: str, key: str, *how: str) -> Iterator[int]:
    """Yield the places of the terms that can be asked for: those of a cell where it is alone.

    A term of the same form from the same step beside it would show how it is written.
    """
    step, _ = line(model, key, *how)
    forms = Counter(_form(term) for term in step.terms)
    [loss] = system_of(model, *how).loss_terms
    for place, term in enumerate(step.terms if len(step.terms) > 1 else ()):
        source = term.source
        own = source is not None and (
            loss.kind == "free" or source.lhs.family == loss.target.family
        )
        if own and forms[_form(term)] == 1 and _enough(model, key, place, *how):
            yield place


def _form(term: Term) -> tuple[str, tuple[Expr, Expr]]:
    return form_of(term.value), term.index


@lru_cache(maxsize=4096)
def _enough(model: str, key: str, place: int, *how: str) -> bool:
    return len(tuple(islice(_distinct(model, key, place, *how), WRONG))) == WRONG


def _distinct(model: str, key: str, place: int, *how: str) -> Iterator[Option]:
    """Yield what the misconceptions make of the term, each thing that is wrong once."""
    step, _ = line(model, key, *how)
    term = step.terms[place]
    seen = {fingerprint(term.value)}
    for option in _mistaken(step, term, loss_slips(system_of(model, *how))):
        [value] = option.content
        if isinstance(value, Node) and _backward(value) and fingerprint(value) not in seen:
            seen.add(fingerprint(value))
            if error(model, key, _put(step, place, option), *how) > FAR:
                yield option


def _backward(value: Node) -> bool:
    """Tell whether an expression carries an adjoint: what does not is no term of a gradient."""
    return any(a.family.role == "adjoint" for a in arrays_in(value))


def _mistaken(step: Step, term: Term, of_loss: Sequence[Misconception[Row]]) -> Iterator[Option]:
    alone = replace(step, terms=(term,), factor=None, factor_rule="")
    for misconception in (*of_loss, *MISCONCEPTIONS):
        if misconception.name not in UNLIKELY:
            for row, why in misconception.apply(Row(alone, term.value)):
                yield Option(prose(row.value), misconception.name, why)


@lru_cache(maxsize=4096)
def _wrong(model: str, key: str, place: int, *how: str) -> tuple[Option, ...]:
    found = _distinct(model, key, place, *how)
    system = system_of(model, *how)
    return tuple(replace(option, why=explained(option.why, system)) for option in found)


def _put(step: Step, place: int, option: Option) -> Node:
    """Return the line with an option in place of its missing term."""
    [value] = option.content
    if not isinstance(value, Node):
        raise TypeError(f"{value} is no expression")
    return _completed(step, place, value)


def _completed(step: Step, place: int, value: Node) -> Node:
    """Return the line with something in place of one term."""
    terms = [replace(t, value=value) if i == place else t for i, t in enumerate(step.terms)]
    return replace(step, terms=tuple(terms)).value()


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key, place = values["model"], values["line"], int(values["term"])
    how = how_of(values)
    step, value = line(model, key, *how)
    term = step.terms[place]
    because = explained(prose("It comes ", *reason_of(term), "."), system_of(model, *how))
    right = Option(prose(term.value), "", because)
    options = mixed(right, _wrong(model, key, place, *how), arranger(NAME, parameters))
    proven(model, key, value, (_put(step, place, o) for o in options if not o.correct), *how)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=3,
        minutes=4,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key, place, *how),
        parts=(Part((), Choice(options), 2, by_chain_rule(model, key, *how)),),
        proof=Proof(f"{PROOF}, the line completed with each option", "≤ 1e-12"),
        tags=(model, DERIVATION, "missing term"),
    )


@lru_cache(maxsize=4096)
def _stem(model: str, key: str, place: int, *how: str) -> tuple[Block, ...]:
    step, value = line(model, key, *how)
    gap = Array(Family("?", "?"), step.terms[place].value.shape)
    where = INSIDE if step.time is not None else ""
    asked = Paragraph(prose("One term of the line for ", step.target, where, " is missing:"))
    shown = Line(step.target, _completed(step, place, gap))
    question = Paragraph(prose("Which term stands in place of the question mark?"))
    stem = model_blocks(system_of(model, *how), (step.target, value))
    return (*stem, asked, Equations((shown,)), question)


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "analyse", (3, 3), (2, 2), _subjects, _variants, _draw, _make)
