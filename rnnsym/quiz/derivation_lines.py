"""Lines of a derivation as questions show them: the model, its loss, and what each δ stands for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product

from rnnsym.blocks import (
    Block,
    Equations,
    Inline,
    Line,
    Note,
    Paragraph,
    Prose,
    Relation,
    Written,
    prose,
)
from rnnsym.derivation import Derivation, Step, Term
from rnnsym.derive import derive
from rnnsym.equations import LOSSES, PLACES, System
from rnnsym.errors import ShapeError
from rnnsym.expr import LAYER, STEPS, TIME, Array, Family, Map, Node, arrays_in
from rnnsym.quiz import truth
from rnnsym.quiz.derivation_loss import (
    LOSS,
    by_calculus,
    is_of_loss,
    loss_stated,
    readout_blocks,
    readout_size,
)
from rnnsym.quiz.derivation_rules import BARS, in_free_letters
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import convention_note, described, logistic_note
from rnnsym.system import build_system, read_model

__all__ = [
    "DERIVATION", "EQUAL", "FAR", "INSIDE", "LOSS", "PROOF", "READOUTS", "by_chain_rule",
    "derivation_of", "error", "gradient_of", "how_of", "line", "listed",
    "model_blocks", "named_adjoints", "proven", "readouts", "reason_of", "slope_of_relu",
    "source_of", "system_of", "used",
]  # fmt: skip

EQUAL, FAR = 1e-12, truth.FAR
"""How near the key is to the true gradient, and how far every wrong line."""
DERIVATION = "derivation"
"""The theme of questions that print or ask lines of a derivation: one may hold another's answer."""
PROOF = "complex step through the forward equations at every step"
INSIDE = " at a step that is neither the first nor the last"
RULES = " A gradient counts every path to the loss and has the shape of what it is taken of"
READOUTS = ("vanilla", "gru", "lstm")
"""The cells whose readout is asked about on a paper that names none."""


@lru_cache(maxsize=256)
def system_of(
    model: str, convention: str = "textbook", loss: str = "free", loss_at: str = "every"
) -> System:
    """Return the equations of a model; what else is chosen is ``how`` below."""
    return build_system(read_model(model, convention=convention, loss=loss, loss_at=loss_at))


def how_of(values: Mapping[str, str]) -> tuple[str, ...]:
    """Return convention, loss and its steps, as far as parameters name them."""
    return tuple(values[name] for name in ("convention", "loss", "loss at") if name in values)


def readouts(cells: Sequence[str]) -> list[tuple[Parameters, tuple[str, ...]]]:
    """Return nets with a readout and a loss, each with the lines that it has not without them."""
    found: list[tuple[Parameters, tuple[str, ...]]] = []
    for cell, loss, at in product(cells or READOUTS, LOSSES[1:], PLACES):
        net, how = f"{cell}, dense:3", ("textbook", loss, at)
        named = zip(("model", "convention", "loss", "loss at"), (net, *how), strict=True)
        bare = {step.key: line(cell, step.key)[1] for step in derivation_of(cell).steps}
        keys = (step.key for step in derivation_of(net, *how).steps)
        own = tuple(key for key in keys if line(net, key, *how)[1] != bare.get(key))
        found.append((tuple(named), own))
    return found


def derivation_of(model: str, *how: str) -> Derivation:
    """Return the derivation of a model."""
    return derive(system_of(model, *how))


@lru_cache(maxsize=4096)
def line(model: str, key: str, *how: str) -> tuple[Step, Node]:
    """Return one line of the derivation, and its right-hand side.

    A line of many steps has no terms that one of them has alone: it is asked inside.
    """
    [step] = derivation_of(model, *how).find(key)
    if step.time is not None:
        kept = (t for t in step.terms if t.time is None or t.time.first != t.time.last)
        step = replace(step, terms=tuple(kept))
    return step, step.value()


@lru_cache(maxsize=1024)
def error(model: str, key: str, value: Node, *how: str) -> float:
    """Return how far an expression is from what the line should give; ∞ where shapes differ."""
    step, _ = line(model, key, *how)
    if value.shape != step.target.shape:
        return float("inf")
    try:
        return truth.error(system_of(model, *how), step, value)
    except (KeyError, ShapeError, ValueError):  # a step or a value that does not exist
        return float("inf")


def proven(model: str, key: str, value: Node, wrong: Iterable[Node] = (), *how: str) -> None:
    """Compare a line with the true gradient, and what is wrong too.

    Raises:
        Unfair: the line is not the gradient, or something wrong is.
    """
    off = error(model, key, value, *how)
    if not off <= EQUAL:
        raise Unfair(f"the line {key} of '{model}' is off by {off}")
    for other in wrong:
        off = error(model, key, other, *how)
        if not off > FAR:
            raise Unfair(f"{other} is the gradient too (off by {off})")


def model_blocks(
    system: System, shown: Iterable[Node], *, all_shown: bool = False
) -> tuple[Block, ...]:
    """Return what a question about the backward pass says first.

    Args:
        system: the model.
        shown: expressions whose adjoints are explained.
        all_shown: nothing is asked beside them, so that nothing they do not hold is explained.
    """
    loss, shown = system.loss_terms[0], tuple(shown)
    cells = (e for b in system.blocks if b.cell for loop in b.loops for e in loop.equations)
    forward = tuple(Line(e.lhs, e.rhs, shape=e.lhs.shape) for e in cells)
    readout = readout_blocks(system)
    sized = prose(*convention_note(system), *(readout_size(system) if readout else ()),
                  *logistic_note(system))  # fmt: skip
    seen = prose("The loss ", LOSS, " sees ", loss.target, " at every step up to ", STEPS)
    named = named_adjoints(system, shown)
    here = ("; here ", *_ranged(named)) if named else ()
    held = {array.family for node in shown for array in arrays_in(node)}
    directly: Prose = ()
    if loss.kind != "free":
        seen = loss_stated(loss)
    elif loss.given.family in held or not all_shown:
        said = (" is the gradient that reaches ", loss.target, " from it directly")
        directly = ("; ", loss.given, *said)
    initial = "." if all_shown else ". Initial states are not zero."
    return (
        Paragraph(prose(*described(system), " is computed by")),
        Equations(forward),
        *readout,
        Paragraph(sized),
        Paragraph(prose(*seen, *directly, initial, RULES, *here, ".", slope_of_relu(system))),
    )


@lru_cache(maxsize=256)
def slope_of_relu(system: System) -> str:
    """Return what step means where it stands in a derivation, "" where it does not."""
    rectified = any(m.name == "relu" for e in system.equations for m in e.rhs.atoms(Map))
    return (
        " The derivative of relu is written step: 1 above 0, and 0 elsewhere; step(relu(v)) = "
        "step(v)."
        if rectified
        else ""
    )


def named_adjoints(system: System, shown: Iterable[Node]) -> tuple[Relation, ...]:
    """Return what each δ in these expressions stands for, once."""
    held = (a for node in shown for a in arrays_in(node) if a.family.role == "adjoint")
    once = {step.target.family for step in derive(system).adjoints if step.time is None}
    timed = (a if a.family in once else Array(a.family, a.shape, a.layer, TIME) for a in held)
    return tuple(Relation((a, gradient_of(system, a))) for a in dict.fromkeys(timed))


def _ranged(named: Sequence[Relation]) -> Prose:
    """Return what δ stand for, and at which steps: none, where there is only the last one."""
    timed = [one for one in named if any(a.time == TIME for a in one.sides if isinstance(a, Array))]
    once = [one for one in named if one not in timed]
    steps = (" for ", TIME, " = 1, …, ", STEPS) if timed else ()
    both = (", and ",) if timed and once else ()
    return prose(*listed(timed), *steps, *both, *listed(once))


def gradient_of(system: System, adjoint: Array) -> Array:
    """Return ∂L/∂a for the δ of a."""
    of = next(s.of for s in derive(system).adjoints if s.target.family == adjoint.family)
    family = Family(of.family.name, of.family.label, of.family.direction, "gradient")
    return Array(family, of.shape, of.layer, of.time)


def source_of(term: Term) -> Array | None:
    """Return the left-hand side that a term comes through; None for the loss."""
    if term.source is None:
        return None
    return term.source.lhs.xreplace(dict(zip((LAYER, TIME), term.index, strict=True)))


def used(step: Step) -> tuple[Line, ...]:
    """Return the equations that the terms of a line come through, each once."""
    sources = {source_of(term): term for term in step.terms}
    return tuple(
        Line(lhs, term.source.rhs.xreplace(dict(zip((LAYER, TIME), term.index, strict=True))))
        for lhs, term in sources.items()
        if lhs is not None and term.source is not None
    )


def reason_of(term: Term, *, once: bool = False) -> Prose:
    """Return through which equation a term comes, and by which rules unless told ``once``."""
    source = source_of(term)
    if source is None:
        return prose("the loss sees it directly")
    rules: list[Inline] = []
    for rule in term.rules:
        rules += ["; ", Written(rule)] if rules else [Written(rule)]
    if once:
        return prose("through ", source, ", in the same way")
    return prose("through ", source, ": ", *(rules or ["only added there, so its factor is 1"]))


@lru_cache(maxsize=4096)
def by_chain_rule(model: str, key: str, *how: str) -> tuple[Block, ...]:
    """Return the worked solution of one line: each of its terms with its reason."""
    step, value = line(model, key, *how)
    system = system_of(model, *how)
    if is_of_loss(step):
        return by_calculus(system.loss_terms[0], step.target)
    notes: tuple[Note, ...] = ()
    last: tuple[str, ...] | None = None
    for term in step.terms:
        reason = in_free_letters(reason_of(term, once=term.rules == last), system)
        notes = (*notes, Note(term.value, reason))
        last = term.rules if term.source is not None else None
    bars = BARS if any(term.rules for term in step.terms) or step.factor is not None else ""
    said = prose("Every place where ", step.of, f" is used gives one term{bars}:")
    if step.factor is not None and step.terms:
        said = prose(
            "Every use of what is made of ",
            step.of,
            f" gives one term; the slope of its function is their common factor{bars}:",
        )
        slope = in_free_letters(prose(Written(step.factor_rule)), system)
        notes = (*notes, Note(step.factor, slope))
    shown = Line(step.target, value, shape=step.target.shape, notes=notes)
    return Paragraph(said), Equations((shown,))


def listed(parts: Sequence[Inline], last: str = " and ") -> Prose:
    """Return things in a row: a, b and c."""
    found: list[Inline] = []
    for place, part in enumerate(parts):
        found += [last if place == len(parts) - 1 else ", "] if place else []
        found.append(part)
    return tuple(found)
