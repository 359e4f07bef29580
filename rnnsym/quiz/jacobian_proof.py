"""The Jacobian of a state over some steps by the complex step, without the derivation."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from rnnsym.equations import System
from rnnsym.expr import TIME, Array, Node
from rnnsym.jacobian import ChainJacobians
from rnnsym.numeric.oracle import STEP, Values, evaluate, forward
from rnnsym.quiz.decimals import Numbers, Place, Point
from rnnsym.quiz.decimals import evaluate as evaluated
from rnnsym.quiz.numbers import Matrix
from rnnsym.quiz.truth import FAR, decimal, place_of, values_of
from rnnsym.record import record

__all__ = ["Wanted", "error", "norms", "of_one_entry", "saturated", "true_jacobian"]

LAST = 4
"""The step at which it is taken: the last one of the net."""
NETS, MOST_NETS = 3, 8
"""A mistake may take more nets than a key: units of a ReLU are on at most steps."""
SATURATED = 40.0
Array2 = Any  # a NumPy matrix


@record
class Wanted:
    """A Jacobian ∂of/∂wrt: of a state at t with respect to one ``steps`` steps before.

    Attributes:
        wrt: a state one step before.
        direct: only along the state's own equation, with whatever else it reads fixed.
    """

    system: System
    chain: ChainJacobians
    of: Array
    wrt: Array
    steps: int
    direct: bool


@lru_cache(maxsize=1024)
def true_jacobian(wanted: Wanted, net: int) -> Array2:
    """Return it for a net of random numbers, with the other states of the first step fixed."""
    return _jacobian(wanted, *values_of(wanted.system, net))


def _jacobian(wanted: Wanted, numbers: Numbers, values: Values) -> Array2:
    moved = replace(values, known=dict(values.known))
    first = LAST - wanted.steps + 1
    start = place_of(wanted.wrt, ((TIME, first), *numbers))
    rows = moved.known[start].shape[1]
    moved.known[start] = moved.known[start] + 1j * STEP * np.eye(rows)[:, :, None]
    cell = wanted.chain.block.cell
    named = set(cell.written) if cell is not None and wanted.direct else set[str]()
    fixed = named - {wanted.of.name}
    for moved.time in range(first, LAST + 1):
        for equation in wanted.chain.loop.equations:
            if equation.lhs.name not in fixed:
                moved.known[moved.key(equation.lhs)] = evaluate(equation.rhs, moved)
    end = moved.known[place_of(wanted.of, ((TIME, LAST), *numbers))]
    copies: Array2 = np.broadcast_to(end, (rows, *end.shape[1:]))
    return (copies.imag / STEP)[:, :, 0].T


def norms(wanted: Wanted, matrix: Array, scale: float = 1.0) -> Iterator[tuple[float, float]]:
    """Yield for some nets the norm of a matrix, scaled first, and that of the true Jacobian."""
    for net in range(MOST_NETS):
        numbers, values = values_of(wanted.system, net)
        place = place_of(matrix, numbers)
        scaled = replace(values, known={**values.known, place: scale * values.known[place]})
        forward(wanted.system, scaled)
        yield _norm(scaled.known[place].real[0]), _norm(_jacobian(wanted, numbers, scaled))


def saturated(wanted: Wanted, matrix: Array, norm: float) -> float:
    """Return the norm of the true Jacobian where biases are far below 0, ``matrix`` of one norm."""
    numbers, values = values_of(wanted.system)
    place = place_of(matrix, numbers)
    cell = wanted.chain.block.cell
    biases = () if cell is None else tuple(place_of(bias, numbers) for bias in cell.biases)
    known = {**values.known, **{b: values.known[b] - SATURATED for b in biases}}
    known[place] = known[place] * norm / _norm(known[place].real[0])
    moved = replace(values, known=known)
    forward(wanted.system, moved)
    return _norm(_jacobian(wanted, numbers, moved))


def of_one_entry(wanted: Wanted, matrix: Array, norm: float) -> float:
    """Return the norm of the true Jacobian where ``matrix`` has one entry, off its diagonal."""
    numbers, values = values_of(wanted.system)
    place = place_of(matrix, numbers)
    single = 0 * values.known[place]
    single[:, 0, -1] = norm
    alone = replace(values, known={**values.known, place: single})
    forward(wanted.system, alone)
    return _norm(_jacobian(wanted, numbers, alone))


def _norm(matrix: Array2) -> float:
    return float(np.linalg.norm(matrix, 2))


@lru_cache(maxsize=256)
def _decimals(system: System, net: int) -> tuple[Numbers, dict[Place, Matrix]]:
    numbers, values = values_of(system, net)
    return numbers, {place: decimal(m[0].real) for place, m in values.known.items()}


def error(wanted: Wanted, option: Node, *, key: bool) -> float:
    """Return how far an expression is from the true Jacobian: on the first net that shows it."""
    worst = 0.0
    for net in range(NETS if key else MOST_NETS):
        true = true_jacobian(wanted, net)
        numbers, known = _decimals(wanted.system, net)
        found = np.array(evaluated(option, _point(numbers, known)), dtype=float)
        if found.shape != true.shape:
            return float("inf")
        worst = max(worst, float(np.max(np.abs(found - true)) / max(1.0, np.max(np.abs(true)))))
        if worst > FAR:
            break
    return worst


def _point(numbers: Numbers, known: Mapping[Place, Matrix]) -> Point:
    return Point(((TIME, LAST), *numbers), lambda place, _shape: known[place])
