"""A readout and its loss in questions: how they are stated, and how the loss is differentiated."""

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Relation, prose
from rnnsym.derivation import Step
from rnnsym.equations import LossTerm, System
from rnnsym.expr import (
    BOUND,
    TIME,
    Array,
    Family,
    Integer,
    Node,
    Rational,
    apply,
    fill_like,
    matmul,
    minus,
    plus,
    scale,
    sigma,
    softmax,
    transpose,
)
from rnnsym.item import Mark

__all__ = [
    "LOSS", "by_calculus", "gradient_of_readout", "is_of_loss", "loss_hints", "loss_marks",
    "loss_of", "loss_stated", "readout_blocks", "readout_size",
]  # fmt: skip

LOSS = Array(Family("L", "L"), (Integer(1), Integer(1)))
HALF = Rational(1, 2)


def is_of_loss(step: Step) -> bool:
    """Tell whether a line is the derivative of a loss that is given as a formula."""
    return len(step.terms) == 1 and step.terms[0].source is None and bool(step.value().children)


def _likelihood(term: LossTerm) -> Node:
    return matmul(transpose(term.given), apply("log", softmax(term.target)))


def _one_step(term: LossTerm) -> Node:
    if term.kind == "cross-entropy":
        return scale(-1, _likelihood(term))
    error = minus(term.target, term.given)
    return scale(HALF, matmul(transpose(error), error))


def loss_of(term: LossTerm) -> Node:
    """Return a loss that is a formula, summed over the steps that carry it."""
    if term.kind == "cross-entropy":
        return scale(-1, _summed(term, _likelihood(term)))
    return _summed(term, _one_step(term))


def _summed(term: LossTerm, each: Node) -> Node:
    if term.time is None:
        return each
    return sigma(each.xreplace({TIME: BOUND}), BOUND, term.time.first, term.time.last)


def loss_stated(term: LossTerm) -> Prose:
    """Return the sentences that say what the loss is, and which steps carry it."""
    value = Relation((LOSS, loss_of(term)))
    where = ", a sum over all steps" if term.time else ", of the last step only"
    if term.kind == "cross-entropy":
        return prose("The loss is the cross-entropy ", value, f"{where}; log is the natural "
                     "logarithm, and the target ", term.given,
                     " is 1 at the right class and 0 elsewhere")  # fmt: skip
    return prose("The loss is half the squared error, ", value, f"{where}; ", term.given,
                 " is the target")  # fmt: skip


def readout_blocks(system: System) -> tuple[Block, ...]:
    """Return the equations after the cell's, and how often they are computed; none, if none are."""
    loops = [loop for b in system.blocks if b.cell is None for loop in b.loops]
    lines = [Line(e.lhs, e.rhs, shape=e.lhs.shape) for loop in loops for e in loop.equations]
    when = "at every step" if all(loop.order for loop in loops) else "after the last step only"
    said = Paragraph(prose(f"A linear readout is computed {when}:"))
    return (said, Equations(tuple(lines))) if lines else ()


def readout_size(system: System) -> Prose:
    """Return what the size of the readout is the size of."""
    output = system.output
    return prose(" The readout ", output, " has ", output.shape[0], " entries.")


def _taken_apart(term: LossTerm) -> Node:
    """Cross-entropy without softmax: the target's entries add up to 1."""
    scores, target = term.target, term.given
    powers = matmul(transpose(fill_like(1, scores)), apply("exp", scores))
    return plus(scale(-1, matmul(transpose(target), scores)), apply("log", powers))


def by_calculus(term: LossTerm, adjoint: Array) -> tuple[Block, ...]:
    """Return the worked solution of the line in which the loss is differentiated."""
    own = ", and only in its own step" if term.time else ""
    only = prose("Only the loss reads ", term.target, f"{own}. ")
    last = Equations((Line(adjoint, term.gradient, shape=term.target.shape),))
    if term.kind != "cross-entropy":
        said = prose(*only, "The derivative of ", _one_step(term), " in each entry is twice the "
                     "difference, times ½:")  # fmt: skip
        return Paragraph(said), last
    apart = prose(*only, "The logarithm of softmax is ", term.target, " minus the logarithm of one "
                  "total for all classes, and the entries of ", term.given,
                  " add up to 1, so the loss of the step is")  # fmt: skip
    then = prose("The derivative of the first is ", scale(-1, term.given), ", that of the second "
                 "exp of each entry over the total, ", softmax(term.target), ":")  # fmt: skip
    shown = Equations((Line(_one_step(term), _taken_apart(term)),))
    return Paragraph(apart), shown, Paragraph(then), last


def gradient_of_readout(term: LossTerm) -> Array:
    """Return ∂L/∂ of what the loss sees."""
    family = term.target.family
    role = Family(family.name, family.label, family.direction, "gradient")
    return Array(role, term.target.shape, term.target.layer, term.target.time)


def loss_marks(term: LossTerm) -> tuple[Mark, ...]:
    """Return what marks are given for where the loss is differentiated."""
    if term.kind != "cross-entropy":
        return (
            Mark(1, "M", prose("derivative of the square: the 2 cancels the ½")),
            Mark(1, "A", prose(term.gradient)),
        )
    apart = prose("log softmax taken apart, ", _taken_apart(term), " (or the derivative of the "
                  "logarithm times that of softmax)")  # fmt: skip
    slope = prose("the derivative of the logarithm of the total is ", softmax(term.target),
                  " (or the entries of ", term.given, " added up to 1)")  # fmt: skip
    return Mark(1, "M", apart), Mark(1, "M", slope), Mark(1, "A", prose(term.gradient))


def loss_hints(term: LossTerm) -> tuple[Prose, ...]:
    """Return hints for the line in which the loss is differentiated."""
    first = prose("Only the loss reads ", term.target, ".")
    if term.kind != "cross-entropy":
        return first, prose("The derivative of a square has a factor 2.")
    return first, prose("Write the logarithm of softmax as a difference.")
