"""A Jacobian of one step or several, with what mistakes in it are made of."""

from functools import lru_cache

from rnnsym.expr import TIME, Array, Hadamard, Map, Node, activation, arrays_in
from rnnsym.expr.forward import chain
from rnnsym.quiz.derivation_paths import chain_of
from rnnsym.record import record

__all__ = ["SlopeOf", "Work", "at", "over", "work_of"]


@record
class SlopeOf:
    """The derivative of a function as it stands in a Jacobian.

    Attributes:
        factors: what is multiplied, such as σ and 1 − σ.
        value: what the function gives: an array, or the function of one.
        function: its name.
    """

    factors: tuple[Node, ...]
    value: Node
    function: str


@record
class Work:
    """A Jacobian over so many steps, and what it is made of.

    Attributes:
        of: the state at the last step.
        one: the Jacobian of the last step.
        steps: how many steps.
        value: the product that somebody gives.
        slopes: the derivatives that stand in it.
        gates: what lies between 0 and 1 in the same cell.
    """

    of: Array
    one: Node
    steps: int
    value: Node
    slopes: tuple[SlopeOf, ...]
    gates: tuple[Array, ...]


def at(node: Node, back: int) -> Node:
    """Return a matrix of step t as it is so many steps before."""
    return node.xreplace({TIME: TIME - back}) if back else node


def over(one: Node, steps: int) -> Node:
    """Return the product of one step's Jacobians, the latest on the left."""
    product = one
    for back in range(1, steps):
        product = chain(product, at(one, back))
    return product


def work_of(model: str, of: Array, one: Node, steps: int) -> Work:
    """Return the product of so many steps of a model, ``one`` being the Jacobian of one."""
    held = set(arrays_in(one))
    slopes = tuple(s for s in _slopes(model) if held & set(arrays_in(s.value)))
    return Work(of, one, steps, over(one, steps), slopes, _gates(model))


@lru_cache(maxsize=256)
def _slopes(model: str) -> tuple[SlopeOf, ...]:
    """The derivatives of the functions of one step."""
    found: list[SlopeOf] = []
    for equation in chain_of(model).loop.equations:
        for node in sorted(equation.rhs.atoms(Map), key=str):
            value = equation.lhs if node == equation.rhs else node
            slope = activation(node.name).derivative(node.arg, value)
            factors = slope.children if isinstance(slope, Hadamard) else (slope,)
            found.append(SlopeOf(tuple(factors), value, node.name))
    return tuple(found)


@lru_cache(maxsize=256)
def _gates(model: str) -> tuple[Array, ...]:
    equations = chain_of(model).loop.equations
    states = chain_of(model).states
    return tuple(
        e.lhs for e in equations
        if isinstance(e.rhs, Map) and e.rhs.name == "sigmoid" and e.lhs not in states
    )  # fmt: skip
