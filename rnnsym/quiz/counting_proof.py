"""The proof of a count: a net with arrays of the shapes counted runs, and feels all of them.

Nothing here knows of formulas or of shapes inferred for parameters: NumPy refuses a product of
arrays that do not fit, and in an array too large there is a row or a column that changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, TypeAlias

import numpy as np

from rnnsym.equations import State, System
from rnnsym.expr import LAYER, Array, Hadamard, Maximum, Plus
from rnnsym.numeric.arrays import Numbers
from rnnsym.numeric.oracle import STEP, Key, Values, evaluate, run, total_loss
from rnnsym.numeric.sizes import Sizes
from rnnsym.quiz.count_slips import Counted
from rnnsym.quiz.guard import Unfair

__all__ = ["check_arrays"]

Arrays: TypeAlias = dict[Key, Numbers]
Place: TypeAlias = tuple[Key, int, int]
"""A row and a column of an array."""
NETS = 16
"""A unit of a ReLU that is off feels nothing: one net is not enough."""
STEPS = 2


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
    shapes = {_key(p.array, sizes, p.layer): _shape(p, numbers) for p in parts}
    felt = {key: np.zeros(shape, bool) for key, shape in shapes.items()}
    for net in range(NETS):
        draw = np.random.default_rng(net)
        trained: Arrays = {key: draw.uniform(-0.9, 0.9, shape) for key, shape in shapes.items()}
        given = {key: array[None] + 0j for key, array in _given(system, sizes, draw)}
        places = [place for key, shape in shapes.items() for place in _places(key, shape, net)]
        values = run(system, sizes, given | _stepped(trained, places))
        if net == 0:
            _check_sides(system, values)
        slopes = np.broadcast_to(total_loss(system, values).imag, len(places))
        for (key, *place), slope in zip(places, slopes, strict=True):
            felt[key][tuple(place)] |= slope != 0
        if all(map(_whole, felt.values())):
            return []
    return sorted({key[0] for key, array in felt.items() if not _whole(array)})


def _shape(part: Counted, numbers: Mapping[str, int]) -> tuple[int, int]:
    (a, rows), (b, columns) = part.sides
    return a * numbers[rows], b * numbers[columns]


def _places(key: Key, shape: tuple[int, int], net: int) -> Iterator[Place]:
    """Yield places of an array that meet each row and column, others in each net."""
    rows, columns = shape
    for i in range(max(shape)):
        yield key, i % rows, (i + net) % columns


def _stepped(trained: Arrays, places: Sequence[Place]) -> dict[Key, Any]:
    """Return a copy of all arrays for each place, with a complex step there."""
    copies = {key: np.tile(array + 0j, (len(places), 1, 1)) for key, array in trained.items()}
    for copy, (key, row, column) in enumerate(places):
        copies[key][copy, row, column] += 1j * STEP
    return copies


def _check_sides(system: System, values: Values) -> None:
    """See that NumPy repeated no array to make it fit another.

    Raises:
        ValueError: it did.
    """
    sizes = values.sizes
    values = replace(values, known={key: copies[:1] for key, copies in values.known.items()})
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
