"""Which weights make a threshold unit right: by its table of values, and by running the net."""

from functools import cache, lru_cache
from itertools import product
from typing import Any

import numpy as np

from rnnsym.numeric.oracle import Values, evaluate
from rnnsym.quiz.forward_net import net_of, place_of
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.threshold_nets import DESIGNS, Inputs, rows_of, weights_of

__all__ = ["LENGTH", "REACH", "Weights", "accepted", "case_of", "failure", "fitting", "table"]

LENGTH = 5
CASES = 3
"""Steps by which every case occurs; one that came later would make the two ways disagree."""
REACH = 3
"""The largest weight that is tried."""
Weights = tuple[int, ...]
"""The weights of one unit: one for each read, then its bias."""
Bits = tuple[int, ...]
Arrays = Any  # NumPy arrays of complex numbers


@cache
def _every(inputs: int, steps: int) -> tuple[Inputs, ...]:
    return tuple(product(product((0, 1), repeat=inputs), repeat=steps))


@cache
def _bits(inputs: int, steps: int) -> Arrays:
    """Return all inputs of so many steps as an array: inputs × steps × bits."""
    return np.array(_every(inputs, steps), complex)


def case_of(name: str, place: int, inputs: Inputs) -> Bits:
    """Return what a unit reads at the last step of some inputs, if all units are right."""
    design = DESIGNS[name]

    def read(what: str) -> int:
        if what in design.inputs:
            return inputs[-1][design.inputs.index(what)]
        seen = inputs[:-1] if what.endswith("-") else inputs
        return design.unit(what).value(seen) if seen else 0

    return tuple(map(read, design.units[place].reads))


@cache
def table(name: str, place: int) -> dict[Bits, int]:
    """Return what a unit shall be by what it reads, for every case that occurs."""
    design = DESIGNS[name]
    unit = design.units[place]
    found: dict[Bits, int] = {}
    for steps in range(1, CASES + 1):
        for inputs in _every(len(design.inputs), steps):
            case = case_of(name, place, inputs)
            if found.setdefault(case, unit.value(inputs)) != unit.value(inputs):
                raise Unfair(f"what unit {unit.name} reads does not say what it shall be")
    return dict(sorted(found.items()))


def _candidates(name: str, place: int, reach: int) -> Arrays:
    size = len(weights_of(DESIGNS[name], place))
    return np.indices((2 * reach + 1,) * size).reshape(size, -1).T - reach


@cache
def fitting(name: str, place: int, reach: int) -> tuple[Weights, ...]:
    """Return the weights whose sum is above 0 in the right cases, the smallest first."""
    cases = table(name, place)
    tried = _candidates(name, place, reach)
    sums = tried @ np.array([(*case, 1) for case in cases]).T
    right = tried[((sums > 0) == np.array(list(cases.values()), bool)).all(axis=1)]
    found: list[Weights] = [tuple(map(int, row)) for row in right]
    return tuple(sorted(found, key=lambda w: (sum(map(abs, w)), [-x for x in w])))


@cache
def accepted(name: str, place: int, reach: int) -> tuple[Weights, ...]:
    """Return all weights from −reach to reach with which a unit is right, the smallest first.

    They are found by the cases that occur, and again by running the net with every candidate.

    Raises:
        Unfair: the two disagree.
    """
    found = fitting(name, place, reach)
    behaving = _candidates(name, place, reach)
    for steps in (1, 2, 3, LENGTH):  # most fail soon: few are run for long
        behaving = behaving[_right(name, place, behaving, steps)]
    if {tuple(row) for row in behaving.tolist()} != set(found):
        raise Unfair("the oracle finds that other weights behave")
    return found


def _right(name: str, place: int, tried: Arrays, steps: int) -> Arrays:
    """Tell for each candidate whether the unit is right at every step of every input."""
    found = _run(name, place, tried, steps)
    return (found == _wanted(name, place, steps)).all(axis=(1, 2))


@cache
def _wanted(name: str, place: int, steps: int) -> Arrays:
    """Return what a unit shall be: inputs × steps."""
    design = DESIGNS[name]
    value, every = design.units[place].value, _every(len(design.inputs), steps)
    return np.array([[value(one[: t + 1]) for t in range(steps)] for one in every])


def _run(name: str, place: int, tried: Arrays, steps: int) -> Arrays:
    """Return a unit's values by the oracle: candidates × inputs × steps; other units are right."""
    design = DESIGNS[name]
    known: dict[Any, Any] = {}
    for i, unit in enumerate(design.units):
        rows = tried if i == place else np.array([fitting(name, i, REACH)[0]])
        for j, weight in enumerate(weights_of(design, i)):
            known[place_of(weight)] = rows[:, j].reshape(-1, 1, 1, 1) + 0j
        known[unit.name, "", None, 0] = np.zeros((1, 1, 1, 1), complex)
    values = Values(net_of("vanilla", 1).sizes, None, known)
    bits = _bits(len(design.inputs), steps)
    found: list[Arrays] = []
    for values.time in range(1, steps + 1):
        for i, read in enumerate(design.inputs):
            known[read, "", None, values.time] = bits[:, values.time - 1, i].reshape(1, -1, 1, 1)
        for target, value in rows_of(design):
            known[values.key(target)] = evaluate(value, values)
        found.append(known[design.units[place].name, "", None, values.time][:, :, 0, 0].real)
    shape = (len(tried), len(bits))
    return np.stack([np.broadcast_to(step, shape) for step in found], axis=2)


@lru_cache(maxsize=512)
def failure(name: str, place: int, weights: Weights) -> tuple[Inputs, Bits, Bits] | None:
    """Return the first of the shortest inputs on which a unit fails, its values, the right ones.

    None where it is right on all of ``LENGTH`` steps.
    """
    for steps in (CASES, LENGTH):  # most fail soon
        [found] = _run(name, place, np.array([weights]), steps)
        wanted = _wanted(name, place, steps)
        wrong = found != wanted
        if wrong.any():
            end = int(wrong.any(axis=0).argmax())
            first = int(wrong[:, end].argmax())
            inputs = _every(len(DESIGNS[name].inputs), steps)[first]
            made, right = (tuple(map(int, bits[first, : end + 1])) for bits in (found, wanted))
            return inputs[: end + 1], made, right
    return None
