"""How an output depends on the states of all layers before it, through time and depth."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnsym.derive import derive
from rnnsym.expr import Array
from rnnsym.flow.run import Run
from rnnsym.numeric.arrays import Floats
from rnnsym.numeric.program import identifier, run

__all__ = ["output_jacobians"]

# Numbers in one array over all steps; so many rows of the Jacobians are computed at once.
LARGEST = 500_000


def output_jacobians(runs: Sequence[Run], states: Sequence[Array]) -> list[list[Floats]]:
    """Return dy_T/ds_{T−k} for every lag k = 1, …, T, of one state of each run.

    The derived adjoint of a state is a row of this Jacobian where the loss is one entry of y_T, so
    all paths are taken. In a backward chain it is dy_1/ds_{1+k}.

    Args:
        runs: the layers of one network, run once.
        states: for each of them, the state at time t.
    """
    steps = runs[0].values.sizes.steps
    ends = [steps if one.chain.loop.order > 0 else 1 for one in runs]
    adjoints = {end: list(_adjoints(runs[0], end)) for end in dict.fromkeys(ends)}
    found: list[list[Floats]] = []
    for one, state, end in zip(runs, states, ends, strict=True):
        order, layer = one.chain.loop.order, one.layer_of(state)
        times = [end - order * lag for lag in range(1, steps + 1)]
        found.append(
            [
                np.concatenate(
                    [_adjoint(part, state, layer, time, steps) for part in adjoints[end]]
                )
                for time in times
            ]
        )
    return found


def _adjoint(
    found: dict[str, Any], state: Array, layer: int | None, time: int, steps: int
) -> Floats:
    """Return the adjoint of a state, one loss in each row; before the first step its gradient."""
    if 1 <= time <= steps:
        value = found[f"delta_{identifier(state)}"][time if layer is None else (layer, time)]
    else:
        initial = found[f"d{identifier(state)}_0"]
        value = initial if layer is None else initial[layer]
    rows: Floats = value.T
    return rows


def _adjoints(one: Run, end: int) -> Iterator[dict[str, Any]]:
    """Run the derived program with each entry of the output at ``end`` for loss, some at once."""
    system, sizes = one.system, one.values.sizes
    outputs = sizes.number(system.output.shape[0])
    received = identifier(system.loss_terms[0].given)
    widest = max(value.shape[1] for value in one.given.values())
    many = max(1, LARGEST // (sizes.steps * max(outputs, widest)))
    for first in range(0, outputs, many):
        entries = np.eye(outputs)[:, first : first + many]
        env = _environment(one, entries.shape[1])
        env[received] = {t: entries * (t == end) for t in range(1, sizes.steps + 1)}
        yield run(derive(system), env)


def _environment(one: Run, columns: int) -> dict[str, Any]:
    """Return what the run started from as the program keeps it, side by side ``columns`` times."""
    sizes = one.values.sizes
    env: dict[str, Any] = {"T": sizes.steps, "L": sizes.depth, "B": columns}
    env |= {f"{name}_": value for name, value in sizes.tables().items()}
    for (name, direction, *indices), value in one.given.items():
        store = f"{name}_{direction}" if direction else name
        timed = indices[1] is not None
        number = np.repeat(value.real[0], columns, axis=1) if timed else value.real[0]
        where = tuple(i for i in indices if i is not None)
        if where:
            env.setdefault(store, {})[where[0] if len(where) == 1 else where] = number
        else:
            env[store] = number
    return env
