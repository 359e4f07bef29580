"""One line of backpropagation through time: which expression is this adjoint or gradient?"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from rnnsym.audit.slips import MISCONCEPTIONS, SIGN, Row
from rnnsym.blocks import Block, Equations, Line, Note, Paragraph, prose
from rnnsym.derivation import Step, Term
from rnnsym.derive import derive
from rnnsym.equations import System
from rnnsym.expr import STEPS, TIME, Array, Family, Integer, Node, arrays_in
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz import truth
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.likeness import fingerprint
from rnnsym.quiz.options import WRONG, arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED, convention_note, described
from rnnsym.system import build_system, read_model

__all__ = ["KIND", "MISCONCEPTIONS"]

EQUAL, FAR = 1e-12, 1e-6
"""How near the key is to the true gradient, and how far every other option."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("line", step.key))
        for name in cells or EXAMINED
        for step in derive(_system(name)).steps
        if len(tuple(islice(_distinct(name, step.key), WRONG))) == WRONG
    ]


@lru_cache(maxsize=256)
def _system(model: str) -> System:
    return build_system(read_model(model))


@lru_cache(maxsize=4096)
def _line(model: str, line: str) -> tuple[Step, Node]:
    [step] = derive(_system(model)).find(line)
    return step, step.value()


@lru_cache(maxsize=4096)
def _wrong(model: str, line: str) -> tuple[Option, ...]:
    """What the misconceptions give, each different thing once."""
    return tuple(_distinct(model, line))


def _distinct(model: str, line: str) -> Iterator[Option]:
    step, key = _line(model, line)
    seen = {fingerprint(key)}
    for misconception in MISCONCEPTIONS:
        for row, why in misconception.apply(Row(step, key)):
            if fingerprint(row.value) not in seen:
                seen.add(fingerprint(row.value))
                yield Option(prose(row.value), misconception.name, why)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, line = values["model"], values["line"]
    step, key = _line(model, line)
    right = Option(prose(key), "", prose("Every edge that leads back to it, once."))
    wrong = _wrong(model, line)
    likely = tuple(option for option in wrong if option.misconception != SIGN)
    options = mixed(
        right, likely if len(likely) >= WRONG else wrong, arranger("adjoint", parameters)
    )
    _prove(model, line, options)
    sums = len(step.terms) > 1
    return Item(
        id=identifier("adjoint", parameters),
        kind="adjoint",
        topic="derivations",
        level=4 if sums else 3,
        minutes=5 if sums else 3,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, line),
        parts=(Part((), Choice(options), 3 if sums else 2, _solution(model, line)),),
        proof=Proof(
            "complex step through the forward equations at every step, all options evaluated",
            "≤ 1e-12",
        ),
    )


def _prove(model: str, line: str, options: Sequence[Option]) -> None:
    """Compare each option with the true gradient.

    Raises:
        Unfair: the key is not the gradient, or another option is.
    """
    for option in options:
        [value] = option.content
        error = _error(model, line, value) if isinstance(value, Node) else float("nan")
        if option.correct and not error <= EQUAL:
            raise Unfair(f"the line {line} of '{model}' is off by {error}")
        if not option.correct and not error > FAR:
            raise Unfair(f"'{option.misconception}' gives the gradient too (off by {error})")


@lru_cache(maxsize=16384)
def _error(model: str, line: str, value: Node) -> float:
    step, _ = _line(model, line)
    return truth.error(_system(model), step, value)


# Printing


@lru_cache(maxsize=4096)
def _stem(model: str, line: str) -> tuple[Block, ...]:
    system = _system(model)
    step, key = _line(model, line)
    loss = system.loss_terms[0]
    held = (a for a in (step.target, *arrays_in(key)) if a.family.role == "adjoint")
    timed = (_at_t(a) for a in held)
    names = tuple(Line(a, _gradient_of(system, a)) for a in dict.fromkeys(timed))
    forward = tuple(Line(e.lhs, e.rhs, shape=e.lhs.shape) for e in system.equations)
    where = ""
    if step.time is not None:
        where = " at a step that is neither the first nor the last"
    return (
        Paragraph(prose(*described(system), " is computed by")),
        Equations(forward),
        Paragraph(convention_note(system)),
        Paragraph(
            prose(
                "The loss ",
                LOSS,
                " sees ",
                loss.target,
                " at every step up to ",
                STEPS,
                "; ",
                loss.given,
                RULES,
            )
        ),
        Equations(names),
        Paragraph(prose("Which expression is ", step.target, where, "?")),
    )


RULES = (
    " is what reaches it directly. Initial states are not zero. "
    "A gradient counts every path to the loss and has the shape of what it is taken of; here"
)
LOSS = Array(Family("L", "L"), (Integer(1), Integer(1)))


def _at_t(array: Array) -> Array:
    return Array(array.family, array.shape, array.layer, TIME)


def _gradient_of(system: System, adjoint: Array) -> Array:
    """Return ∂L/∂a for the δ of a."""
    of = next(s.of for s in derive(system).adjoints if s.target.family == adjoint.family)
    family = Family(of.family.name, of.family.label, of.family.direction, "gradient")
    return Array(family, of.shape, of.layer, of.time)


@lru_cache(maxsize=4096)
def _solution(model: str, line: str) -> tuple[Block, ...]:
    step, key = _line(model, line)
    notes = tuple(Note(term.value, prose(_reason(term))) for term in step.terms)
    comment = prose(f"in front of all of it: {step.factor_rule}") if step.factor_rule else ()
    return (
        Paragraph(prose("Every place where it is used gives one term:")),
        Equations((Line(step.target, key, shape=step.target.shape, comment=comment, notes=notes),)),
    )


def _reason(term: Term) -> str:
    return "; ".join(term.rules) or "added as it is"


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind("adjoint", "derivations", "analyse", (3, 4), (2, 3), _subjects, _variants, _draw, _make)
