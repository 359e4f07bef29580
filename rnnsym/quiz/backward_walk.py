"""One step's backward pass against the complex step of that step's forward equations."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from rnnsym.derive import derive
from rnnsym.expr import Array, Map, arrays_in
from rnnsym.numeric.oracle import STEP, Values, evaluate
from rnnsym.quiz.backward_plan import Given, Line, Plan
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix

__all__ = ["METHOD", "Walk", "prove_step"]

METHOD = "complex step through the forward equations of the step, started at the values given"
BOUND = 1e-12
Key = tuple[str, str, int | None, int | None]
Numbers = Any  # a NumPy array of shape (K, 1, 1)


def _sigmoid_inverse(y: float) -> float:
    return float(np.log(y / (1 - y)))


INVERSES: dict[str, Callable[[float], float]] = {
    "sigmoid": _sigmoid_inverse,
    "tanh": lambda y: float(np.arctanh(y)),
}


def prove_step(plan: Plan, given: Given, exact: Mapping[Array, Matrix]) -> None:
    """Compare the adjoints of a step with slopes of what the given adjoints weigh.

    The given adjoints say what the rest of the sequence does: their products with the values they
    belong to are, to first order, the loss.

    Raises:
        Unfair: they differ, so the question has no proven key.
    """
    lines = plan.backward
    probes = {_key(_of(line), line.time): place for place, line in enumerate(lines)}
    last = max(line.time for line in lines)
    walk = Walk(plan, given, probes)
    walk.step(last)
    loss = walk.weighed(last) + walk.weighed(last - 1)
    # What the rest does with the output is in its adjoint already.
    walk.hold(plan.system.output, last)
    walk.step(last + 1)
    loss = loss + walk.weighed(last + 1)
    slopes = loss.imag.ravel() / STEP
    found = np.array([float(exact[line.target][0][0]) for line in lines])
    error = np.max(np.abs(found - slopes)) / max(1.0, np.max(np.abs(slopes)))
    if not error <= BOUND:
        raise Unfair(f"the complex step gives another adjoint (error {error:.1e})")


def _of(line: Line) -> Array:
    if line.step is None:
        raise ValueError(f"{line.target} is no adjoint")
    return line.step.of


def _key(array: Array, time: int) -> Key:
    return array.name, "", None, None if array.time is None else time


class Walk:
    """Values of a few steps of one unit, perturbed in one place in each copy."""

    def __init__(self, plan: Plan, given: Given, probes: Mapping[Key, int]) -> None:
        self.plan, self.probes = plan, probes
        self.given = {_key(a, int(a.time or 0)): float(m[0][0]) for a, m in given.items()}
        known = {
            key: self._probed(key, np.full((1, 1, 1), v + 0j)) for key, v in self.given.items()
        }
        self.values = Values(plan.sizes, None, known)
        self.affine = {
            e.rhs.arg: e for e in plan.system.equations if e.fused and isinstance(e.rhs, Map)
        }

    def _probed(self, key: Key, value: Numbers) -> Numbers:
        place = self.probes.get(key)
        steps = np.zeros((len(self.probes) or 1, 1, 1))
        if place is not None:
            steps[place] = STEP
        return value + 1j * steps

    def step(self, time: int) -> None:
        """Work out one step, its gates at the values that are given."""
        self.values.time = time
        for equation in self.plan.system.equations:
            for array in arrays_in(equation.rhs):
                self.values.known.setdefault(self.values.key(array), np.zeros((1, 1, 1), complex))
            value = evaluate(equation.rhs, self.values)
            gate = self.affine.get(equation.lhs)
            held = self.given.get(_key(gate.lhs, time)) if gate is not None else None
            if gate is not None and held is not None and isinstance(gate.rhs, Map):
                value = INVERSES[gate.rhs.name](held) + 1j * value.imag
            key = _key(equation.lhs, time)
            self.values.known[key] = self._probed(key, value)

    def hold(self, array: Array, time: int) -> None:
        """Let what follows read a value without its perturbation."""
        key = _key(array, time)
        self.values.known[key] = self.values.known[key].real + 0j

    def weighed(self, time: int) -> Numbers:
        """Return the given adjoints of one step times what they belong to."""
        total: Numbers = np.zeros((1, 1, 1), complex)
        for weight, of in self._weights():
            value = self.given.get(_key(weight, time))
            if value is not None:
                total = total + value * self.values.known[_key(of, time)]
        return total

    def _weights(self) -> Iterator[tuple[Array, Array]]:
        for step in derive(self.plan.system).adjoints:
            yield step.target, step.of
        for term in self.plan.system.loss_terms:
            yield term.given, term.target
