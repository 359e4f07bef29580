"""The gradient of a loss at the last step, as a sum over the steps at which a matrix acts."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Prose, prose
from rnnsym.expr import (
    TIME,
    Array,
    Family,
    Integer,
    Node,
    Product,
    apply,
    diag,
    matmul,
    plus,
    transpose,
)
from rnnsym.numeric.oracle import STEP, forward
from rnnsym.quiz.decimals import Point, evaluate
from rnnsym.quiz.derivation_lines import system_of
from rnnsym.quiz.derivation_paths import chain_of
from rnnsym.quiz.jacobian_claims import Claim
from rnnsym.quiz.truth import FAR, decimal, place_of, values_of
from rnnsym.record import record

__all__ = ["MISCONCEPTIONS", "Sum", "error", "loss_gradient", "read_by", "summed"]

NETS = 6
Array2 = Any  # a NumPy matrix


@record
class Sum:
    """∂L/∂(a matrix), written out over the steps, with each part that a mistake may change.

    Attributes:
        last: the step that the loss sees.
        steps: those at which the matrix is counted, the latest first.
        slope: that of step t; None where it is forgotten.
        matrix: what leads back from one step to the one before.
        read: what the matrix in question multiplies at step t.
        turned: whether the paths are multiplied from the wrong end.
        outer: whether what is read stands on the right, transposed.
    """

    claim: Claim
    last: int
    steps: tuple[int, ...]
    slope: Node | None
    matrix: Node
    read: Array
    turned: bool = False
    outer: bool = True

    def value(self) -> Node:
        """Return the sum."""
        return plus(*map(self.term, self.steps))

    def term(self, step: int) -> Node:
        """Return what comes by way of one step: back along the path, times what is read there."""
        back = [self._slope(step)]
        for later in range(step + 1, self.last + 1):
            back += [self.matrix, self._slope(later)]
        if self.turned:
            back = back[::-1]
        left = matmul(*(f for f in back if f is not None), loss_gradient(self.claim))
        read = placed(self.read, step)
        return matmul(left, transpose(read)) if self.outer else matmul(read, transpose(left))

    def _slope(self, step: int) -> Node | None:
        return None if self.slope is None else diag(placed(self.slope, step))


def placed(node: Node, step: int) -> Any:
    """Return a node of step t at a step."""
    return node.xreplace({TIME: Integer(step)})


def loss_gradient(claim: Claim) -> Array:
    """Return g, the gradient of the loss in the last state."""
    return Array(Family("g", "g"), claim.state.shape)


@lru_cache(maxsize=256)
def read_by(claim: Claim) -> dict[Array, Array]:
    """Return what each matrix of the state's equation multiplies."""
    cell = chain_of(claim.model).block.cell
    rule = claim.state if cell is None else cell.written[claim.state.name]
    found: dict[Array, Array] = {}
    for node in sorted(rule.atoms(Product), key=str):
        matrix, *vector = node.children
        if isinstance(matrix, Array) and len(vector) == 1 and isinstance(vector[0], Array):
            found[matrix] = vector[0]
    return found


def summed(claim: Claim, matrix: Array, last: int) -> Sum:
    """Return the gradient of a matrix that the state's equation multiplies by one vector."""
    steps = tuple(range(last, 0, -1))
    read = read_by(claim)[matrix]
    return Sum(claim, last, steps, claim.slope, transpose(claim.matrix), read)


Slip: TypeAlias = tuple[Sum, Prose]


def _paths_missing(work: Sum) -> Sequence[Slip]:
    found: list[Slip] = []
    for gone in (work.steps[:1], work.steps[1:], work.steps[-1:]):
        which = " and ".join(map(str, sorted(gone)))
        why = prose(f"The matrix acts at step{'s' if len(gone) > 1 else ''} {which} too.")
        found.append((replace(work, steps=tuple(k for k in work.steps if k not in gone)), why))
    return found


def _transpose_missing(work: Sum) -> Sequence[Slip]:
    back = work.claim.matrix
    why = prose("A gradient goes back through the transpose of ", back, ".")
    return [(replace(work, matrix=back), why)]


def _slope_missing(work: Sum) -> Sequence[Slip]:
    why = prose("The slope of the function belongs to every step that is passed.")
    return [(replace(work, slope=None), why)]


def _value_for_slope(work: Sum) -> Sequence[Slip]:
    why = prose("It is the slope ", work.claim.slope, " that belongs there, not the value ",
                work.claim.state, ".")  # fmt: skip
    return [(replace(work, slope=work.claim.state), why)]


def _argument_confused(work: Sum) -> Sequence[Slip]:
    state = work.claim.state
    again = work.claim.slope.xreplace({state: apply(work.claim.function, state)})
    why = prose("The slope is ", work.claim.slope, ": ", state, " is already the value.")
    return [(replace(work, slope=again), why)]


def _wrong_step(work: Sum) -> Sequence[Slip]:
    if work.read.time == TIME:
        return []
    new = work.read.xreplace({TIME: TIME + 1})
    why = prose("At step ", TIME, " the matrix multiplies ", work.read, ", not ", new, ".")
    return [(replace(work, read=new), why)]


def _other_vector(work: Sum) -> Sequence[Slip]:
    found: list[Slip] = []
    for other in read_by(work.claim).values():
        if other != work.read:
            why = prose("The matrix multiplies ", work.read, ", not ", other, ".")
            found.append((replace(work, read=other), why))
    return found


def _turned(work: Sum) -> Sequence[Slip]:
    why = prose("The slope of the last step acts on g first, so it stands next to it.")
    return [(replace(work, turned=True), why)]


def _outer_turned(work: Sum) -> Sequence[Slip]:
    why = prose("Rows of the gradient belong to the new state: what is read stands on the right.")
    return [(replace(work, outer=False), why)]


MISCONCEPTIONS: tuple[Misconception[Sum], ...] = (
    Misconception("one path missing", _paths_missing),
    Misconception("transpose missing", _transpose_missing),
    Misconception("slope left out", _slope_missing),
    Misconception("value for slope", _value_for_slope),
    Misconception("value and argument confused", _argument_confused),
    Misconception("wrong step", _wrong_step),
    Misconception("another vector", _other_vector),
    Misconception("path the wrong way", _turned),
    Misconception("outer product turned round", _outer_turned),
)


@lru_cache(maxsize=256)
def _truth(claim: Claim, matrix: Array, last: int, net: int) -> tuple[Point, Array2]:
    """Return a net of random numbers, and the gradient of gᵀh at a step by the complex step."""
    system = system_of(claim.model)
    numbers, values = values_of(system, net)
    place, end = place_of(matrix, numbers), place_of(placed(claim.state, last), numbers)
    weights = values.known[place]
    basis = np.eye(weights[0].size).reshape(-1, *weights.shape[1:])
    moved = replace(values, known={**values.known, place: weights + 1j * STEP * basis})
    forward(system, moved)
    drawn = {place_of(loss_gradient(claim), numbers): _drawn(net, values.known[end].shape)}
    [g] = drawn.values()
    slopes = _slopes(moved.known[end], g[0])
    known = {p: decimal(m[0].real) for p, m in {**values.known, **drawn}.items()}
    point = Point(numbers, lambda place, _shape: known[place])
    return point, slopes.reshape(weights.shape[1:])


def _drawn(net: int, shape: tuple[int, ...]) -> Array2:
    return np.random.default_rng(net).uniform(0.2, 0.9, shape)


def _slopes(states: Array2, g: Array2) -> Array2:
    """Return the derivatives of gᵀh in what was moved: one copy of the net for each entry."""
    return (states * g).sum(axis=(1, 2)).imag / STEP


def error(claim: Claim, matrix: Array, last: int, option: Node) -> float:
    """Return how far an expression is from the true gradient, on the first net that shows it."""
    worst = 0.0
    for net in range(NETS):
        point, true = _truth(claim, matrix, last, net)
        found = np.array(evaluate(option, point), dtype=float)
        if found.shape != true.shape:
            return float("inf")
        worst = max(worst, float(np.max(np.abs(found - true)) / max(1.0, np.max(np.abs(true)))))
        if worst > FAR:
            break
    return worst
