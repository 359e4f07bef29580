"""Two nets on related weights: same outputs, same gradients of what they share."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TypeAlias

import numpy as np

from rnnsym.numeric.arrays import Numbers
from rnnsym.numeric.check import relative_error
from rnnsym.numeric.gradients import Gradients, gradients
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.record import record
from rnnsym.system import build_system, read_model

__all__ = ["Related", "Side", "Tie"]

SIZES = {"d": 3, "n": 4}
STEPS, BATCH = 5, 2
Arrays: TypeAlias = Mapping[str, Numbers]


@record
class Tie:
    """A parameter made of a shared one: ``times`` it, its diagonal alone where so said."""

    of: str
    times: int = 1
    diagonal: bool = False

    def __call__(self, value: Numbers) -> Numbers:
        """Return the parameter; being linear and symmetric, it also takes a gradient back."""
        kept = value * np.eye(len(value)) if self.diagonal else value
        return self.times * kept


@record
class Side:
    """A cell, and how its parameters are made; those not named are the shared ones themselves."""

    cell: str
    ties: Mapping[str, Tie] = field(default_factory=dict[str, Tie])

    def __hash__(self) -> int:
        return hash(self.cell)

    def tie(self, name: str) -> Tie:
        """Return how a parameter is made."""
        return self.ties.get(name, Tie(name))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the parameters, each by its own name."""
        return parameter_shapes(build_system(read_model(self.cell, sizes=SIZES)))

    def run(self, shared: Arrays, x: Numbers, dy: Numbers, initial: Arrays) -> Gradients:
        """Run the cell; the gradients are those of the shared parameters."""
        system = build_system(read_model(self.cell, sizes=SIZES))
        ties = {name: self.tie(name) for name in self.shapes()}
        weights = {name: tie(shared[tie.of]) for name, tie in ties.items()}
        known = {s.array.name: initial[s.array.name] for s in system.states}
        found = gradients(system, weights, x, dy, known)
        received = {name: np.zeros_like(value) for name, value in shared.items()}
        for name, tie in ties.items():
            received[tie.of] = received[tie.of] + tie(found.weights[name])
        return Gradients(found.y, found.dx, received, found.final, found.initial, found.loss)


@record
class Related:
    """Claim: both sides give the same outputs, and gradients of input and shared parameters.

    Attributes:
        initial: the initial states of both sides, from random ones; these themselves, and then
            with the same gradients, where there is no such function.
    """

    left: Side
    right: Side
    initial: Callable[[Arrays], tuple[Arrays, Arrays]] | None = None
    how: str = "both programs on related weights"

    def residual(self, seed: int) -> float:
        """Run both sides on random numbers."""
        draw = np.random.default_rng(seed)
        shapes = {s.tie(k).of: v for s in (self.left, self.right) for k, v in s.shapes().items()}
        shared = {name: 0.7 * draw.standard_normal(shape) for name, shape in shapes.items()}
        x = draw.standard_normal((STEPS, BATCH, SIZES["d"]))
        dy = draw.standard_normal((STEPS, BATCH, SIZES["n"]))
        start = {name: draw.uniform(0.1, 0.9, (BATCH, SIZES["n"])) for name in "hcsm"}
        here, there = (start, start) if self.initial is None else self.initial(start)
        a = self.left.run(shared, x, dy, here)
        b = self.right.run(shared, x, dy, there)
        pairs = [(a.y, b.y), (a.dx, b.dx), *((a.weights[k], b.weights[k]) for k in shared)]
        if self.initial is None:
            pairs += [(a.initial[k], b.initial[k]) for k in a.initial]
        return max(relative_error(one, two) for one, two in pairs)
