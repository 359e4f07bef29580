"""A step of gradient descent, and the mistakes that are made in it."""

from collections.abc import Iterator
from fractions import Fraction

from rnnsym.blocks import Prose, prose
from rnnsym.expr import Array, Constant, Family, Node, minus, plus, scale

__all__ = ["descended", "new", "rate", "slips"]


def rate(value: str) -> Constant:
    """Return the learning rate as a number with a name."""
    return Constant("eta", r"\eta", Fraction(value))


def new(weight: Array) -> Array:
    """Return what stands for a parameter after one step."""
    family = weight.family
    return Array(Family(f"{family.name}_new", rf"{family.label}_{{\mathrm{{new}}}}"), weight.shape)


def descended(weight: Array, gradient: Array, eta: Constant) -> Node:
    """Return the parameter after one step."""
    return minus(weight, scale(eta, gradient))


def slips(weight: Array, gradient: Array, eta: Constant) -> Iterator[tuple[str, Prose, Node]]:
    """Yield mistakes in the step: a name, why it is wrong, and what comes out."""
    yield (
        "sign of the step",
        prose("Descent goes against the gradient: ", eta, " times the gradient is subtracted."),
        plus(weight, scale(eta, gradient)),
    )  # fmt: skip
    yield (
        "learning rate forgotten", prose("The gradient is multiplied by ", eta, " first."),
        minus(weight, gradient),
    )  # fmt: skip
    yield (
        "step for the new value",
        prose("That is what is added to ", weight, ", not the new value."),
        scale(-1, scale(eta, gradient)),
    )  # fmt: skip
