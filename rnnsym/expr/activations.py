"""Elementwise functions: one line each, with the derivative written through argument and value."""

from collections.abc import Callable

from rnnsym.errors import one_of
from rnnsym.expr.build import apply, fill_like, hadamard, minus, scale
from rnnsym.expr.nodes import Map, Node
from rnnsym.record import record

__all__ = ["ACTIVATIONS", "Activation", "activation"]

Derivative = Callable[[Node, Node], Node]


@record
class Activation:
    """An elementwise function y = f(x).

    Attributes:
        derivative: f'(x) given x and y, both of any one shape.
        rule: the derivative as it is quoted in a derivation.
        lipschitz: the least γ with |f'| ≤ γ, or None when there is none.
        latex: the name in print.
        text: the name in text output.
    """

    derivative: Derivative
    rule: str
    lipschitz: float | None
    latex: str
    text: str


def _one(y: Node) -> Node:
    return fill_like(1, y)


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(
        lambda _, y: hadamard(y, minus(_one(y), y)), "σ′ = σ ⊙ (1 − σ)", 0.25, r"\sigma", "σ"
    ),
    "tanh": Activation(
        lambda _, y: minus(_one(y), apply("square", y)), "tanh′ = 1 − tanh²", 1.0, r"\tanh", "tanh"
    ),
    "relu": Activation(
        lambda _, y: apply("step", y),
        "relu′ = 1 where relu > 0, else 0",
        1.0,
        r"\operatorname{relu}",
        "relu",
    ),
    "step": Activation(
        lambda _, y: fill_like(0, y), "step′ = 0", 0.0, r"\operatorname{step}", "step"
    ),
    "exp": Activation(lambda _, y: y, "exp′ = exp", None, r"\exp", "exp"),
    "softplus": Activation(
        lambda x, _: apply("sigmoid", x),
        "softplus′ = σ",
        1.0,
        r"\operatorname{softplus}",
        "softplus",
    ),
    "log": Activation(lambda x, _: apply("reciprocal", x), "log′(x) = 1/x", None, r"\log", "log"),
    "reciprocal": Activation(
        lambda _, y: scale(-1, apply("square", y)),
        "(1/x)′ = −(1/x)²",
        None,
        r"\operatorname{recip}",
        "recip",
    ),
    "square": Activation(
        lambda x, _: scale(2, x), "(x²)′ = 2x", None, r"\operatorname{square}", "square"
    ),
}


def activation(name: str) -> Activation:
    """Return the table's line for ``name``, or name the nearest one."""
    return ACTIVATIONS[one_of("function", name, ACTIVATIONS)]


def derivative(node: Map) -> Node:
    """f(x) ↦ f'(x), written through f(x) where that is shorter."""
    return activation(node.name).derivative(node.arg, node)
