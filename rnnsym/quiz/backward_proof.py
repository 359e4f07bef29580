"""Every line of a backward pass against the complex step of the forward equations."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from rnnsym.equations import Block, Equation, Loop, System
from rnnsym.expr import Array, Family, plus
from rnnsym.numeric.oracle import STEP, loss_of
from rnnsym.quiz.backward_descent import new
from rnnsym.quiz.backward_plan import Given, Line, Plan, place_of
from rnnsym.quiz.decimals import Place
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix

__all__ = ["BOUND", "METHOD", "prove"]

BOUND = 1e-12
METHOD = "complex step through the forward equations, every line of the backward pass"
PROBE = "probe_"
Array2 = Any  # a NumPy array of shape (rows, columns)


def prove(plan: Plan, given: Given, exact: Mapping[Array, Matrix]) -> None:
    """Compare the adjoints and gradients of a plan with the slopes of the loss.

    Raises:
        Unfair: they differ, so the question has no proven key.
    """
    start = {place_of(array): np.array(value, dtype=float) for array, value in given.items()}
    start |= {_place(_probe(line.target)): _zeros(plan, line) for line in plan.lines}
    slopes = _slopes(plan, start, [_perturbed(line) for line in plan.backward])
    found = np.array([float(e) for x in plan.backward for row in exact[x.target] for e in row])
    error = np.max(np.abs(found - slopes)) / max(1.0, np.max(np.abs(slopes)))
    if not error <= BOUND:
        raise Unfair(f"the complex step gives another gradient (error {error:.1e})")
    if plan.descent:
        _prove_descent(plan, given, exact, slopes)


def _prove_descent(plan: Plan, given: Given, exact: Mapping[Array, Matrix], slopes: Array2) -> None:
    """Compare what a step of gradient descent gives with one along the slopes.

    Raises:
        Unfair: they differ.
    """
    sizes = [_zeros(plan, line).size for line in plan.backward]
    along = dict(zip(plan.backward, np.split(slopes, np.cumsum(sizes)[:-1]), strict=True))
    for line, slope in along.items():
        if line.step is None or line.step.name not in plan.setting.descent:
            continue
        old, after = (
            np.array([float(e) for row in matrix for e in row])
            for matrix in (given[line.step.of], exact[new(line.step.of)])
        )
        if np.max(np.abs(old - float(plan.setting.rate) * slope - after)) > BOUND:
            raise Unfair(f"the step of gradient descent gives another {line.step.of}")


def _slopes(plan: Plan, start: Mapping[Place, Array2], places: list[Place]) -> Array2:
    """The derivative of the loss in every entry at these places, all at once."""
    total = sum(start[place].size for place in places)
    copies = {place: value[None] + 0j for place, value in start.items()}
    first = 0
    for place in places:
        value = start[place]
        steps = np.zeros((total, value.size))
        steps[np.arange(first, first + value.size), np.arange(value.size)] = STEP
        copies[place] = value + 1j * steps.reshape(total, *value.shape)
        first += value.size
    loss = loss_of(_probed(plan.system), plan.sizes, copies, plan.setting.truncate)
    return np.broadcast_to(loss.imag / STEP, (total,))


def _perturbed(line: Line) -> Place:
    """Where to add something: to an array itself, or to what an equation gives."""
    if line.step is None:
        raise ValueError(f"{line.target} is no gradient")
    of = line.step.of
    if line.target.family.role == "adjoint":
        return _place(Array(_probe(of).family, of.shape, None, line.target.time))
    time = line.target.time
    return _place(Array(of.family, of.shape, None, time))


def _zeros(plan: Plan, line: Line) -> Array2:
    return np.zeros(plan.sizes.shape(line.target.shape))


def _place(array: Array) -> Place:
    return array.name, "", None, None if array.time is None else int(array.time)


@lru_cache(maxsize=4096)
def _probe(array: Array) -> Array:
    family = array.family
    renamed = Family(PROBE + family.name, family.label, family.direction)
    return Array(renamed, array.shape, array.layer, array.time)


@lru_cache(maxsize=64)
def _probed(system: System) -> System:
    """Add a zero to every equation: ∂L/∂(zero) is the adjoint of its left-hand side."""

    def equation(e: Equation) -> Equation:
        return replace(e, rhs=plus(e.rhs, _probe(e.lhs)), fused=False)

    def loop(x: Loop) -> Loop:
        return replace(x, equations=tuple(map(equation, x.equations)))

    def block(b: Block) -> Block:
        return replace(b, loops=tuple(map(loop, b.loops)))

    return replace(system, blocks=tuple(map(block, system.blocks)))
