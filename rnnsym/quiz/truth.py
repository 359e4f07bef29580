"""Gradients of everything by the complex step, without the derivation: what a key must equal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from rnnsym.derivation import Step
from rnnsym.derive import adjoint_of
from rnnsym.equations import Block, Equation, Loop, System
from rnnsym.expr import STEPS, TIME, Array, Expr, Family, Integer, Node, plus, size
from rnnsym.numeric.oracle import STEP, Values, forward, loss_of
from rnnsym.numeric.sizes import Sizes, small_sizes
from rnnsym.quiz.decimals import Numbers, Place, Point, evaluate
from rnnsym.quiz.draw import digest
from rnnsym.quiz.numbers import Matrix

__all__ = ["FAR", "Truth", "decimal", "error", "place_of", "truth_of", "values_of"]

NETS = 3
FAR = 1e-6
"""What is off by more is another gradient."""
INSIDE = (2, 3)
"""Steps of four at which every edge of a line exists."""
Array3 = Any  # a NumPy array of shape (K, rows, columns)


@dataclass(frozen=True)
class Truth:
    """A net with random numbers: all its values, and the gradient of the loss in each of them.

    Attributes:
        values: of every array, adjoints included, by place.
        gradients: of the loss, by the place of what it is taken of.
        numbers: sizes and T.
    """

    values: Mapping[Place, Matrix]
    gradients: Mapping[Place, Matrix]
    numbers: Numbers

    def error(self, step: Step, option: Node) -> float:
        """Return how far an expression for the line's value is from the gradient it should be."""
        worst = 0.0
        times = INSIDE if step.time is not None else INSIDE[:1]
        for time in times:
            numbers = ((TIME, time), *self.numbers)
            point = Point(numbers, lambda place, _shape: self.values[place])
            found = np.array(evaluate(option, point), dtype=float)
            true = np.array(self.gradients[place_of(step.of, numbers)], dtype=float)
            if found.shape != true.shape:
                return float("inf")
            error = np.max(np.abs(found - true)) / max(1.0, np.max(np.abs(true)))
            worst = max(worst, float(error))
        return worst


def place_of(array: Array, numbers: Numbers) -> Place:
    """Return where an array is kept."""
    values = {symbol: Integer(value) for symbol, value in numbers}
    index = [None if i is None else int(i.xreplace(values)) for i in (array.layer, array.time)]
    return array.name, array.family.direction, index[0], index[1]


def error(system: System, step: Step, option: Node) -> float:
    """Return how far an expression is from the true value of a line.

    One net is not enough: a unit of a ReLU that is off hides a missing factor. But the first that
    shows more than ``FAR`` is.
    """
    worst = 0.0
    for net in range(NETS):
        worst = max(worst, truth_of(system, net).error(step, option))
        if worst > FAR:
            break
    return worst


@lru_cache(maxsize=256)
def truth_of(system: System, net: int = 0) -> Truth:
    """Return a net of small distinct sizes, four steps long, and its true gradients."""
    sizes, numbers, given = _drawn(system, net)
    probed, probes = _probed(system, sizes, numbers)
    perturbed = {**{p: m for p, m in given.items() if not _is_loss(system, p)}, **probes}
    gradients = _gradients(probed, sizes, given | probes, perturbed)
    values = _ran(system, sizes, given)
    known = {place: decimal(m[0].real) for place, m in values.known.items()}
    shifted = {_unprobed(place): decimal(g) for place, g in gradients.items()}
    adjoints = {
        place_of(adjoint_of(e), at): shifted[place_of(e.lhs, at)]
        for e in system.equations
        if not e.fused
        for at in (((TIME, time), *numbers) for time in range(1, sizes.steps + 1))
    }
    return Truth(known | adjoints, shifted, numbers)


def _hot(drawn: Array3) -> Array3:
    """Return 1 for one class, 0 for the others."""
    return (drawn == drawn.max()) + 0.0


def _drawn(system: System, net: int) -> tuple[Sizes, Numbers, dict[Place, Array3]]:
    sizes = small_sizes(system)
    fixed: dict[Expr, int] = {size(k): v for k, v in sizes.values.items() if isinstance(v, int)}
    numbers: Numbers = ((STEPS, sizes.steps), *fixed.items())
    positive = {state.array.name for state in system.states if state.domain == "positive"}
    drawn = {place: _random(net, place, shape) for place, shape in _given(system, sizes, numbers)}
    classes = {t.given.name for t in system.loss_terms if t.kind == "cross-entropy"}
    given = {
        place: abs(m) + 0.1 if place[0] in positive else _hot(m) if place[0] in classes else m
        for place, m in drawn.items()
    }
    return sizes, numbers, given


def _ran(system: System, sizes: Sizes, given: Mapping[Place, Array3]) -> Values:
    values = Values(sizes, None, {place: m[None] + 0j for place, m in given.items()})
    forward(system, values)
    return values


@lru_cache(maxsize=256)
def values_of(system: System, net: int = 0) -> tuple[Numbers, Values]:
    """Return the sizes and the values of that net, without its gradients."""
    sizes, numbers, given = _drawn(system, net)
    return numbers, _ran(system, sizes, given)


PROBE = "probe_"


def _unprobed(place: Place) -> Place:
    name, direction, layer, time = place
    return name.removeprefix(PROBE), direction, layer, time


def _probe(array: Array) -> Array:
    family = array.family
    renamed = Family(PROBE + family.name, family.label, family.direction)
    return Array(renamed, array.shape, array.layer, array.time)


def _probed(system: System, sizes: Sizes, numbers: Numbers) -> tuple[System, dict[Place, Array3]]:
    """Add a zero to every equation: ∂L/∂(zero) is the adjoint of its left-hand side."""

    def equation(e: Equation) -> Equation:
        return e if e.fused else replace(e, rhs=plus(e.rhs, _probe(e.lhs)))

    def loop(x: Loop) -> Loop:
        return replace(x, equations=tuple(map(equation, x.equations)))

    def block(b: Block) -> Block:
        return replace(b, loops=tuple(map(loop, b.loops)))

    places = {
        place_of(_probe(e.lhs), ((TIME, time), *numbers)): np.zeros(sizes.shape(e.lhs.shape))
        for e in system.equations
        if not e.fused
        for time in range(1, sizes.steps + 1)
    }
    return replace(system, blocks=tuple(map(block, system.blocks))), places


def _is_loss(system: System, place: Place) -> bool:
    return any(place[0] == term.given.name for term in system.loss_terms)


def _given(
    system: System, sizes: Sizes, numbers: Numbers
) -> Iterator[tuple[Place, tuple[int, int]]]:
    """Yield what the net reads: weights, inputs, initial states, and what the loss gives."""
    for weight in system.weights:
        yield place_of(weight.array, numbers), sizes.shape(weight.array.shape)
    for state in system.states:
        start = state.array.xreplace({TIME: state.initial})
        yield place_of(start, numbers), sizes.shape(start.shape)
    for time in range(sizes.steps + 1):
        timed = (system.input, *(term.given for term in system.loss_terms if time > 0))
        for array in timed:
            yield place_of(array, ((TIME, time), *numbers)), sizes.shape(array.shape)


def _random(net: int, place: Place, shape: tuple[int, int]) -> Array3:
    seed = int.from_bytes(digest("truth", net, place), "big")
    return np.random.default_rng(seed).uniform(-0.9, 0.9, shape)


def _gradients(
    system: System, sizes: Sizes, known: Mapping[Place, Array3], wanted: Mapping[Place, Array3]
) -> dict[Place, Array3]:
    """Return the derivative of the loss in every entry of the arrays wanted, all at once."""
    total = sum(m.size for m in wanted.values())
    copies = {place: m[None] + 0j for place, m in known.items()}
    start = 0
    for place, m in wanted.items():
        steps = np.zeros((total, m.size))
        steps[np.arange(start, start + m.size), np.arange(m.size)] = STEP
        copies[place] = m + 1j * steps.reshape(total, *m.shape)
        start += m.size
    slopes = np.broadcast_to(loss_of(system, sizes, copies).imag / STEP, (total,))
    ends = np.cumsum([m.size for m in wanted.values()])[:-1]
    parts = zip(wanted.items(), np.split(slopes, ends), strict=True)
    return {place: part.reshape(m.shape) for (place, m), part in parts}


def decimal(matrix: Array3) -> Matrix:
    """Return a matrix of floats as it is, in decimals."""
    return tuple(tuple(Decimal(float(entry)) for entry in row) for row in matrix)
