"""Runs of the derived program on a batch of sequences, of equal length or not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from rnnsym.derive import derive
from rnnsym.equations import System
from rnnsym.numeric.arrays import Floats, Numbers
from rnnsym.numeric.masks import Indices, Steps, of_equal_length
from rnnsym.numeric.packing import Own
from rnnsym.numeric.program import identifier, run
from rnnsym.numeric.sizes import Sizes
from rnnsym.numeric.states import Slot

__all__ = ["Found", "Given", "States", "passes"]

Index: TypeAlias = int | tuple[int, int] | None
States: TypeAlias = dict[Slot, Floats]
"""Every state as columns, (n, B)."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a pass starts from: inputs (T, B, d), gradients of the outputs (T, B, q), states.

    Attributes:
        initial: initial states.
        received: the gradients of the loss with respect to the final ones.
    """

    x: Floats
    dy: Floats
    initial: States
    received: States

    def of(self, steps: Indices, sequences: Indices) -> "Given":
        """Return some sequences, with some of the steps of each."""
        return Given(
            self.x[steps, sequences],
            self.dy[steps, sequences],
            {slot: value[:, sequences] for slot, value in self.initial.items()},
            {slot: value[:, sequences] for slot, value in self.received.items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a pass gives: outputs and gradients of the inputs like these, gradients, states."""

    y: Floats
    dx: Floats
    weights: dict[Own, Floats]
    final: States
    initial: States


def passes(
    system: System, sizes: Sizes, own: Mapping[Own, Numbers], given: Given, kept: Steps
) -> Found:
    """Run forwards and backwards, sequences that have equally many steps together.

    A masked step carries the state, so its sequence is run without it: the output there is zero.

    Args:
        system: built with ``final_gradients``.
        sizes: the numbers of its sizes, T and B included.
        own: the weights.
        given: what the sequences start from.
        kept: which steps exist, of shape (T, B).
    """
    total = Found(
        np.zeros_like(given.dy),
        np.zeros_like(given.x),
        {o: np.zeros(o.shape) for o in own},
        # A sequence without any step ends as it starts.
        {slot: value.copy() for slot, value in given.initial.items()},
        {slot: value.copy() for slot, value in given.received.items()},
    )
    for steps, sequences in of_equal_length(kept):
        if len(steps):
            at = replace(sizes, steps=len(steps), batch=len(sequences))
            found = _run(system, at, own, given.of(steps, sequences))
            total.y[steps, sequences] = found.y
            total.dx[steps, sequences] = found.dx
            for o, gradient in found.weights.items():
                total.weights[o] += gradient
            for slot in given.initial:
                total.final[slot][:, sequences] = found.final[slot]
                total.initial[slot][:, sequences] = found.initial[slot]
    return total


def _run(system: System, sizes: Sizes, own: Mapping[Own, Numbers], given: Given) -> Found:
    env: dict[str, Any] = {"T": sizes.steps, "L": sizes.depth, "B": sizes.batch}
    env |= {f"{name}_": value for name, value in sizes.tables().items()}
    for o, value in own.items():
        _put(env, o.store, o.layer, value.astype(np.float64))
    for slot, value in given.initial.items():
        _put(env, slot.store, slot.before(sizes), value)
    for slot, value in given.received.items():
        _put(env, slot.given, slot.end(sizes), value)
    env[identifier(system.input)] = _columns(given.x)
    env[identifier(system.loss_terms[0].given)] = _columns(given.dy)
    found = run(derive(system), env)
    return Found(
        _outputs(found, system, sizes),
        _rows(found[f"d{identifier(system.input)}"], sizes),
        {o: _get(found, f"d{o.store}", o.layer) for o in own},
        {s: _get(found, s.store, s.end(sizes)) for s in given.initial},
        {s: _get(found, f"d{s.store}_0", s.layer) for s in given.initial},
    )


# The program keeps an array for every step, its sequences side by side as columns.


def _columns(rows: Floats) -> dict[int, Floats]:
    return {t: step.T for t, step in enumerate(rows, 1)}


def _rows(columns: Mapping[int, Floats], sizes: Sizes) -> Floats:
    return np.stack([columns[t].T for t in range(1, sizes.steps + 1)])


def _outputs(found: Mapping[str, Any], system: System, sizes: Sizes) -> Floats:
    store, layer = found[identifier(system.output)], system.output.layer
    if layer is None:
        return _rows(store, sizes)
    at = sizes.number(layer)
    return _rows({t: store[at, t] for t in range(1, sizes.steps + 1)}, sizes)


def _put(env: dict[str, Any], name: str, index: Index, value: Floats) -> None:
    if index is None:
        env[name] = value
    else:
        env.setdefault(name, {})[index] = value


def _get(found: Mapping[str, Any], name: str, index: Index) -> Floats:
    value: Floats = found[name] if index is None else found[name][index]
    return value
