"""Initial and final states as a user sees them: stacked as in PyTorch, or one by one by key."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from rnnsym.convention import read_convention
from rnnsym.equations import System
from rnnsym.expr import LAYER, Expr, Integer
from rnnsym.model_text import Recurrent
from rnnsym.numeric.arrays import Floats, named_arrays, shaped
from rnnsym.numeric.program import identifier
from rnnsym.numeric.sizes import Sizes
from rnnsym.record import record

__all__ = ["Slot", "StateLayout", "state_layout"]


@record
class Slot:
    """One state of one layer and direction, and where a program keeps it.

    Attributes:
        name, key: ``h``, and ``h[2,fwd]``.
        store: the program's name of the state.
        given: the program's name of the gradient that its final value receives.
        layer: the index there, if any.
        initial, final: the step before its first value, and that of its last one.
        rows: its size.
    """

    name: str
    key: str
    store: str
    given: str
    layer: int | None
    initial: Expr
    final: Expr
    rows: int

    def before(self, sizes: Sizes) -> int | tuple[int, int]:
        """Return the program's index of the initial value."""
        return self._at(sizes.number(self.initial))

    def end(self, sizes: Sizes) -> int | tuple[int, int]:
        """Return the program's index of the final value."""
        return self._at(sizes.number(self.final))

    def _at(self, time: int) -> int | tuple[int, int]:
        return time if self.layer is None else (self.layer, time)


@record
class StateLayout:
    """The states as named arrays.

    Attributes:
        groups: the slots of each array, in order.
        stacked: whether an array has a leading axis for its slots.
        lead: (B,), or nothing for a single sequence.
    """

    groups: Mapping[str, tuple[Slot, ...]]
    stacked: bool
    lead: tuple[int, ...]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of one array: (layers and directions, B, n), or (B, n)."""
        slots = self.groups[name]
        return (*((len(slots),) if self.stacked else ()), *self.lead, slots[0].rows)

    def read(self, what: str, given: Mapping[str, Any] | None) -> Iterator[tuple[Slot, Floats]]:
        """Yield every state as columns (n, B), zeros where nothing is given.

        Raises:
            InputError: an unknown name, or no finite numbers of the right shape.
        """
        known = named_arrays(what, given, self.groups)
        for name, slots in self.groups.items():
            shape = self.shape(name)
            value = known.get(name, np.zeros(shape))
            array = shaped(f"{what} '{name}'", value, shape)
            sequences = array.reshape(len(slots), -1, slots[0].rows)
            for slot, rows in zip(slots, sequences, strict=True):
                yield slot, rows.T

    def write(self, value: Callable[[Slot], Floats]) -> dict[str, Floats]:
        """Return the named arrays of states kept as columns (n, B)."""
        return {
            name: np.stack([value(slot).T for slot in slots]).reshape(self.shape(name))
            for name, slots in self.groups.items()
        }


def state_layout(system: System, sizes: Sizes, batched: bool) -> StateLayout:
    """Return how a system's states are given and returned.

    PyTorch and ONNX stack the states of one recurrent layer of the model text, layer by layer,
    forward before backward. Everywhere else each state has an array of its own, named by its key.

    Args:
        system: built with ``final_gradients``.
        sizes: the numbers of its sizes.
        batched: whether the arrays have an axis for the sequences of a batch.
    """
    model = system.model
    single = len(model.layers) == 1 and isinstance(model.layers[0], Recurrent)
    stacked = single and read_convention(model.convention).stacked_states
    groups: dict[str, tuple[Slot, ...]] = {}
    for slot in sorted(_slots(system, sizes), key=lambda s: s.layer or 0):
        name = slot.name if stacked else slot.key
        groups[name] = (*groups.get(name, ()), slot)
    return StateLayout(groups, stacked, (sizes.batch,) if batched else ())


def _slots(system: System, sizes: Sizes) -> Iterator[Slot]:
    # Final states receive their gradients from the loss terms after the first, one for each state.
    for state, term in zip(system.states, system.loss_terms[1:], strict=True):
        for layer in sizes.range(state.layer):
            array = state.array.xreplace({LAYER: Integer(layer)})
            yield Slot(
                name=array.name,
                key=array.key,
                store=identifier(array),
                given=identifier(term.given),
                layer=None if array.layer is None else sizes.number(array.layer),
                initial=state.initial,
                final=state.final,
                rows=sizes.number(array.shape[0]),
            )
