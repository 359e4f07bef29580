"""Mistakes in the lines of a readout and its loss, as operators on these lines."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from rnnsym.audit.rewrite import Misconception, everywhere
from rnnsym.audit.slips import Row, Slip
from rnnsym.blocks import Inline, prose
from rnnsym.derive import adjoint_of, derive
from rnnsym.equations import LossTerm, System
from rnnsym.expr import (
    BOUND,
    STEPS,
    TIME,
    Array,
    Integer,
    Node,
    Rational,
    Softmax,
    activation,
    arrays_in,
    fill_like,
    hadamard,
    matmul,
    minus,
    plus,
    scale,
    sigma,
    softmax,
    transpose,
)
from rnnsym.quiz.derivation_loss import gradient_of_readout, is_of_loss

__all__ = ["loss_slips"]


@lru_cache(maxsize=256)
def loss_slips(system: System) -> tuple[Misconception[Row], ...]:
    """Return the mistakes that are made with the loss of a net; none, if its gradient is given."""
    [term, *_] = system.loss_terms
    if term.kind == "free":
        return ()
    told = Misconception("last loss let in at every step", partial(_at_every_step, system))
    return (*(Misconception(name, partial(apply, term)) for name, apply in SLIPS), told)


def _slip(row: Row, value: Node, *why: Inline) -> Sequence[Slip]:
    return [(replace(row, value=value), prose(*why))]


def _guess(term: LossTerm) -> Node:
    return softmax(term.target) if term.kind == "cross-entropy" else term.target


def _turned(term: LossTerm, row: Row) -> Sequence[Slip]:
    if not is_of_loss(row.step):
        return []
    why = "That is the direction of descent: the gradient is the guess minus the target."
    return _slip(row, minus(term.given, _guess(term)), why)


def _sloped(term: LossTerm, row: Row) -> Sequence[Slip]:
    """The slope of a function of the readout, as if the difference were ∂L/∂guess."""
    why = prose("The readout is linear: there is no slope of a function to multiply by.")
    guess = _guess(term)
    if isinstance(guess, Softmax):
        why = prose("The slope of softmax is in ", gradient_of_readout(term), " already.")
    slope = activation("sigmoid").derivative(term.target, guess)
    if is_of_loss(row.step):
        return _slip(row, hadamard(row.value, slope), *why)
    sources = [t.source for t in row.step.terms if t.source and row.step.time]
    heads = {adjoint_of(e).family for e in sources if e.lhs.family == term.target.family}
    values = {a: hadamard(a, slope.xreplace({TIME: a.time})) for a in arrays_in(row.value)
              if a.family in heads and a.time is not None}  # fmt: skip
    value = everywhere(
        row.value, lambda node: values.get(node) if isinstance(node, Array) else None
    )
    return _slip(row, value, *why) if values else []


def _other_loss(term: LossTerm, row: Row) -> Sequence[Slip]:
    if not is_of_loss(row.step):
        return []
    if term.kind == "cross-entropy":
        why = "The loss compares probabilities with the target: softmax is missing."
        return _slip(row, minus(term.target, term.given), why)
    why = "This loss takes no softmax: the readout itself is compared with the target."
    return _slip(row, minus(softmax(term.target), term.given), why)


def _half_kept(term: LossTerm, row: Row) -> Sequence[Slip]:
    if not is_of_loss(row.step) or term.kind != "squared":
        return []
    why = "The derivative of the square has a factor 2: it cancels the ½."
    return _slip(row, scale(Rational(1, 2), row.value), why)


def _half_lost(term: LossTerm, row: Row) -> Sequence[Slip]:
    if not is_of_loss(row.step) or term.kind != "squared":
        return []
    return _slip(row, scale(2, row.value), "The loss has the factor ½: it cancels the 2.")


def _right_class_only(term: LossTerm, row: Row) -> Sequence[Slip]:
    if not is_of_loss(row.step) or term.kind != "cross-entropy":
        return []
    why = "A wrong class has a gradient too: its entry is in the total of softmax."
    return _slip(row, hadamard(term.given, row.value), why)


def _every_class_right(term: LossTerm, row: Row) -> Sequence[Slip]:
    if not is_of_loss(row.step) or term.kind != "cross-entropy":
        return []
    guess = _guess(term)
    why = ("The 1 is taken off at the right class only: ", term.given, " is 0 at the others.")
    return _slip(row, minus(guess, fill_like(1, guess)), *why)


def _summed_all_the_same(term: LossTerm, row: Row) -> Sequence[Slip]:
    """∂L/∂V of a loss at the last step as a sum over all steps."""
    read = {a: a.xreplace({STEPS: BOUND}) for a in _ends(term, row)}
    if not read:
        return []
    why = "Only the last step is read out, so only that step gives a term."
    return _slip(row, sigma(row.value.xreplace(read), BOUND, Integer(1), STEPS), why)


def _step_before(term: LossTerm, row: Row) -> Sequence[Slip]:
    """h_{T−1} in place of h_T."""
    found: list[Slip] = []
    for array in _ends(term, row):
        before = array.xreplace({STEPS: STEPS - 1})
        value = row.value.xreplace({array: before})
        why = ("It is ", array, " that belongs there, not ", before, ".")
        found += _slip(row, value, *why)
    return found


def _ends(term: LossTerm, row: Row) -> list[Node]:
    """Return what a parameter's line reads of the last step, where only that has a loss."""
    if term.time is not None or row.step.time is not None or is_of_loss(row.step):
        return []
    return [a for a in arrays_in(row.value) if a.family.role == "value" and a.time == STEPS]


def _outer_product_added(term: LossTerm, row: Row) -> Sequence[Slip]:
    """∂L/∂V in place of that of the bias."""
    [source, *_] = [t.source for t in row.step.terms] or [None]
    if source is None or source.lhs.family != term.target.family or row.step.of.shape[1] != 1:
        return []
    summed = row.step.summed
    [state] = (a for a in arrays_in(source.rhs) if a.time == term.target.time)
    outer = matmul(row.step.terms[0].value, transpose(state))
    if summed is not None:
        outer = sigma(outer.xreplace({TIME: BOUND}), BOUND, summed.first, summed.last)
    why = ("What is only added has the factor 1: ", state, " belongs to its matrix.")
    return _slip(row, outer, *why) if row.step.time is None else []


def _at_every_step(system: System, row: Row) -> Sequence[Slip]:
    """A term of the last step alone, kept at the others."""
    whole = next((s for s in derive(system).adjoints if s.target == row.step.target), row.step)
    dropped = [t for t in whole.terms if t not in row.step.terms]
    if not dropped or any(t.time is None or t.time.first != STEPS for t in dropped):
        return []
    why = "The loss reads the last step only: before it, nothing comes from the readout."
    return _slip(row, whole.value(), why)


def _loss_let_in(term: LossTerm, row: Row) -> Sequence[Slip]:
    """The loss of the next step too, beside the path through the next state."""
    read = [t for t in row.step.terms if t.source and t.source.lhs.family == term.target.family]
    if row.step.time is None or not read:
        return []
    [path] = read
    [adjoint] = (a for a in arrays_in(path.value) if a.family.role == "adjoint")
    both = plus(adjoint, adjoint.xreplace({TIME: TIME + 1}))
    value = everywhere(row.value, lambda node: both if node == adjoint else None)
    why = "The loss of the next step comes through the next state, not directly."
    return _slip(row, value, why)


SLIPS: tuple[tuple[str, Callable[[LossTerm, Row], Sequence[Slip]]], ...] = (
    ("target minus guess", _turned),
    ("slope of the readout taken again", _sloped),
    ("other loss", _other_loss),
    ("½ not cancelled", _half_kept),
    ("½ forgotten", _half_lost),
    ("right class only", _right_class_only),
    ("every class taken for the right one", _every_class_right),
    ("summed all the same", _summed_all_the_same),
    ("step before the last", _step_before),
    ("outer product added", _outer_product_added),
    ("next loss let in directly", _loss_let_in),
)
