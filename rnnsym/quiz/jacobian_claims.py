"""Cells of the form h = f(… + U h⁻ + b), whose Jacobian over T steps is at most (γ‖U‖)ᵀ."""

from fractions import Fraction
from functools import lru_cache

from rnnsym.expr import Array, Map, Node, activation, diag, matmul
from rnnsym.flow.bounds import chain_bounds
from rnnsym.quiz.derivation_paths import chain_of, has_chain
from rnnsym.record import record

__all__ = ["Claim", "claim_of"]


@record
class Claim:
    """What there is to show of h = f(… + U h⁻): its slope and its matrix, its bound γ, its f."""

    model: str
    state: Array
    slope: Node
    matrix: Array
    gamma: Fraction
    function: str

    @property
    def one(self) -> Node:
        """The Jacobian of a step."""
        return matmul(diag(self.slope), self.matrix)


@lru_cache(maxsize=256)
def claim_of(model: str) -> Claim | None:
    """Return what is shown of a cell with biases, None for one of another form."""
    if not has_chain(model):
        return None
    chain = chain_of(model)
    bound, state = chain_bounds(chain).simple, chain.states[0]
    rule = next(e.rhs for e in chain.loop.equations if e.lhs == state)
    if bound is None or not bound.number or not isinstance(rule, Map):
        return None
    [matrix, *others] = bound.norms
    if (
        others
        or not isinstance(matrix, Array)
        or not chain.block.cell
        or not chain.block.cell.biases
    ):
        return None
    slope = activation(rule.name).derivative(rule.arg, state)
    found = Claim(model, state, slope, matrix, bound.number, rule.name)
    return found if found.one == chain.blocks[0].value else None
