"""Sequences of unequal length: which steps exist, and the sequences that have equally many."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rnnsym.errors import InputError
from rnnsym.numeric.arrays import array_of

__all__ = ["Indices", "Steps", "kept_steps", "of_equal_length"]

Steps: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.intp]


def kept_steps(lead: tuple[int, ...], lengths: Any = None, mask: Any = None) -> Steps:
    """Return which steps of which sequences exist, of shape (T, B).

    Args:
        lead: (T,) of a single sequence, or (T, B).
        lengths: how many steps each sequence has, of shape (B,), or one number.
        mask: of the shape ``lead``, true or 1 where a step exists.

    Raises:
        InputError: both given, or of another shape, or not what they should hold.

    >>> kept_steps((3, 2), lengths=[3, 1]).astype(int).tolist()
    [[1, 1], [1, 0], [1, 0]]
    """
    steps, *batch = lead
    if lengths is not None and mask is not None:
        raise InputError("give lengths or a mask, not both")
    if lengths is not None:
        ends = _whole("lengths", lengths, tuple(batch), "one for every sequence", steps)
        return np.arange(steps)[:, None] < np.atleast_1d(ends)
    if mask is not None:
        why = "that of x without its last axis"
        return _whole("mask", mask, lead, why, 1).astype(bool).reshape(steps, -1)
    return np.ones((steps, *(batch or [1])), bool)


def _whole(what: str, value: Any, shape: tuple[int, ...], why: str, largest: int) -> NDArray[Any]:
    array = array_of(what, value)
    if array.shape != shape:
        raise InputError(f"{what} must have shape {shape}, {why}, not {array.shape}")
    wrong = array[(array < 0) | (array > largest) | (array != np.floor(array))]
    if wrong.size:
        raise InputError(f"{what} must be whole numbers from 0 to {largest}, but hold {wrong[0]}")
    return array


def of_equal_length(kept: Steps) -> Iterator[tuple[Indices, Indices]]:
    """Yield the sequences that have equally many steps: these steps (k, b), and the sequences (b,).

    A step that is left out carries the state, so it is the same as a step that never was.

    >>> [(t.T.tolist(), b.tolist()) for t, b in of_equal_length(kept_steps((3, 2), [3, 1]))]
    [([[0]], [1]), ([[0, 1, 2]], [0])]
    """
    lengths = kept.sum(axis=0)
    for length in np.unique(lengths):
        sequences = np.flatnonzero(lengths == length)
        times = np.nonzero(kept[:, sequences].T)[1]
        yield times.reshape(len(sequences), length).T, sequences
