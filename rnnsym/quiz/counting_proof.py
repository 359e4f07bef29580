"""The proof of a count: a net with arrays of the shapes counted runs, and feels all of them.

Nothing here knows of formulas or of shapes inferred for parameters: NumPy refuses a product of
arrays that do not fit, and in an array too large there is a row or a column that changes nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, TypeAlias

import numpy as np

from rnnsym.equations import State, System
from rnnsym.expr import LAYER, Array, Hadamard, Maximum, Plus
from rnnsym.numeric.arrays import Numbers
from rnnsym.numeric.oracle import STEP, Key, Values, evaluate, forward, loss_of
from rnnsym.numeric.sizes import Sizes
from rnnsym.quiz.count_slips import Counted
from rnnsym.quiz.guard import Unfair

__all__ = ["check_arrays"]

Arrays: TypeAlias = dict[Key, Numbers]
NETS = 16
"""A unit of a ReLU that is off feels nothing: one net is not enough."""
STEPS = 2
AT_ONCE = 256
"""Derivatives taken side by side: memory would grow with the square of the number of entries."""


def check_arrays(system: System, parts: tuple[Counted, ...]) -> None:
    """See that a net has these trained arrays and no others, each as large as it says.

    Raises:
        Unfair: it does not run with them, or does not feel a row or a column of one.
    """
    try:
        idle = _idle(system, parts)
    except (ValueError, KeyError) as error:
        raise Unfair(f"no net runs with arrays of these shapes: {error}") from None
    if idle:
        raise Unfair(f"no net feels all of {', '.join(idle)}")


def _idle(system: System, parts: Sequence[Counted]) -> list[str]:
    """Return the names of the arrays that have a row or column which changes nothing in any net.

    Raises:
        ValueError: arrays do not fit.
        KeyError: one that the net reads is not there, or its size is not.
    """
    sizes = _sizes(system)
    numbers = {"": 1, **dict(zip(system.size_names, count(2), strict=False))}
    shapes = {
        _key(part.array, sizes, part.layer): tuple(k * numbers[name] for k, name in part.sides)
        for part in parts
    }
    felt = {key: np.zeros(shape, bool) for key, shape in shapes.items()}
    for net in range(NETS):
        draw = np.random.default_rng(net)
        trained: Arrays = {key: draw.uniform(-0.9, 0.9, shape) for key, shape in shapes.items()}
        given: Arrays = dict(_given(system, sizes, draw))
        if net == 0:
            _run(system, sizes, {k: a[None] + 0j for k, a in (trained | given).items()})
        for key, slope in _slopes(system, sizes, trained, given).items():
            felt[key] |= slope != 0
        if all(map(_whole, felt.values())):
            return []
    return sorted({key[0] for key, array in felt.items() if not _whole(array)})


def _run(system: System, sizes: Sizes, known: dict[Key, Any]) -> None:
    """Run the net and see that NumPy repeats no array to make it fit another.

    Raises:
        ValueError: it does, or nothing fits.
    """
    values = Values(sizes, None, known, states=frozenset(s.array.name for s in system.states))
    forward(system, values)
    for block in system.blocks:
        for equation in (e for loop in block.loops for e in loop.equations):
            for values.layer in sizes.range(equation.layer):
                values.time = sizes.range(equation.time)[0]
                for node in equation.rhs.atoms(Plus, Hadamard, Maximum):
                    shapes = {evaluate(part, values).shape[1:] for part in node.children}
                    if len(shapes) > 1:
                        raise ValueError(f"arrays of {sorted(shapes)} stand side by side")


def _whole(felt: Numbers) -> bool:
    """Tell whether each row and column is felt; single numbers may cancel, as in W − Wᵀ."""
    return bool(felt.any(axis=0).all() and felt.any(axis=1).all())


def _sizes(system: System) -> Sizes:
    """Return different numbers for all sizes, those of a stack the same in every layer."""
    numbers = dict(zip(system.size_names, count(2), strict=False))
    layered = dict(system.layered_sizes)
    values: dict[str, int | dict[int, int]] = {
        name: dict.fromkeys(range(int(layered[name].first), int(layered[name].last) + 1), value)
        if name in layered
        else value
        for name, value in numbers.items()
    }
    return Sizes(system, values, STEPS, int(system.depth))


def _key(array: Array, sizes: Sizes, layer: int, time: int | None = None) -> Key:
    index = None if array.layer is None else sizes.number(array.layer, layer)
    return array.name, array.family.direction, index, time


def _given(
    system: System, sizes: Sizes, draw: np.random.Generator
) -> Iterator[tuple[Key, Numbers]]:
    """Yield inputs, initial states, and what the loss gives."""
    for time in range(1, STEPS + 1):
        shape = sizes.shape(system.input.shape)
        yield _key(system.input, sizes, 1, time), draw.uniform(-0.9, 0.9, shape)
    for state in system.states:
        for layer in _layers(state, sizes):
            start = draw.uniform(0.1, 0.9, sizes.shape(state.array.shape, layer))
            yield _key(state.array, sizes, layer, sizes.number(state.initial)), start
    for term in system.loss_terms:
        for layer in sizes.range(term.layer):
            for time in sizes.range(term.time):
                shape = sizes.shape(term.given.shape, layer)
                yield _key(term.given, sizes, layer, time), draw.uniform(0.1, 0.9, shape)


def _layers(state: State, sizes: Sizes) -> Sequence[int]:
    layer = state.array.layer
    return sizes.range(state.layer) if layer is not None and layer.has(LAYER) else [1]


def _slopes(system: System, sizes: Sizes, trained: Arrays, given: Arrays) -> Arrays:
    """Return the derivative of the loss in each number trained, by the complex step."""
    entries = [array.size for array in trained.values()]
    total, ends = sum(entries), np.cumsum(entries)[:-1]
    known = {key: array[None] + 0j for key, array in given.items()}
    found: list[Numbers] = []
    for first in range(0, total, AT_ONCE):
        many = min(AT_ONCE, total - first)
        steps = np.split(1j * STEP * np.eye(many, total, first), ends, axis=1)
        stepped = {
            key: array + step.reshape(many, *array.shape)
            for (key, array), step in zip(trained.items(), steps, strict=True)
        }
        loss = loss_of(system, sizes, known | stepped)
        found.append(np.broadcast_to(loss.imag, (many,)))
    parts = zip(trained.items(), np.split(np.concatenate(found), ends), strict=True)
    return {key: part.reshape(array.shape) for (key, array), part in parts}
