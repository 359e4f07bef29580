"""Outputs and gradients in a framework's own arrays, from the derived program."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rnnsym.derive import derive
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.model_text import Embedding
from rnnsym.numeric.arrays import Floats, array_of, floats, shaped
from rnnsym.numeric.masks import kept_steps, of_equal_length
from rnnsym.numeric.packing import Own, packed_arrays
from rnnsym.numeric.program import identifier, run
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.numeric.states import Slot, state_layout
from rnnsym.numeric.weights import named, own_arrays
from rnnsym.system import build_system

__all__ = ["Gradients", "gradients"]

Index: TypeAlias = int | tuple[int, int] | None


Outcome: TypeAlias = NDArray[np.floating[Any]]
States: TypeAlias = dict[Slot, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """What one run of the program gives; float32 where x, dy and all weights are float32.

    Attributes:
        y: outputs, shape (T, q) or (T, B, q).
        dx: gradient of the input, of its shape; for tokens, that of their one-hot vectors.
        weights: gradients of the weights, by name.
        final: final states, by name.
        initial: gradients of the initial states, by name.
        loss: Σ dy·y, plus Σ of the final states times their gradients where these are given.
    """

    y: Outcome
    dx: Outcome
    weights: dict[str, Outcome]
    final: dict[str, Outcome]
    initial: dict[str, Outcome]
    loss: float


def gradients(
    system: System,
    weights: Mapping[str, Any] | Sequence[Any],
    x: Any,
    dy: Any,
    initial: Mapping[str, Any] | None = None,
    final_gradients: Mapping[str, Any] | None = None,
    *,
    lengths: Any = None,
    mask: Any = None,
) -> Gradients:
    """Run the derived program of ``system`` on a framework's arrays, in float64.

    Args:
        system: its sizes are numbers, its loss is free at every step.
        weights: arrays by the names and shapes of ``parameter_shapes``; under ``keras`` also a list
            in that order.
        x: (T, d) or (T, B, d). Before an embedding of V tokens: whole numbers (T,) or (T, B), or
            one-hot vectors (T, V) or (T, B, V); for two axes, those of ``dy`` tell which.
        dy: gradient of the loss with respect to the outputs, of their shape.
        initial: initial states by name, zero where not given. Under ``pytorch`` and ``onnx`` with
            one layer in the model text: "h" and "c" (ONNX: "H" and "C") of shape (layers ×
            directions, B, n), without B if ``x`` has none. Otherwise by the state's key,
            "h[2,fwd]", of shape (B, n) or (n,).
        final_gradients: gradients of the loss with respect to final states, in the same way.
        lengths: how many steps each sequence has, of shape (B,). The steps after these are masked.
        mask: of shape (T,) or (T, B), false or 0 at masked steps. A masked step carries the states
            of both directions, its output is zero, and no gradient passes through it.

    Raises:
        InputError: names the array at fault, what it should be, and what was given.

    >>> from rnnsym.system import read_model
    >>> system = build_system(read_model("vanilla", sizes={"d": 1, "n": 1}))
    >>> found = gradients(system, {"W": [[1.0]], "U": [[0.0]], "b": [0.0]}, [[0.0]], [[2.0]])
    >>> found.dx.tolist(), found.weights["b"].tolist()
    ([[2.0]], [2.0])
    """
    system = _with_final_gradients(system)
    sizes = uniform_sizes(system, steps=1)
    packed = packed_arrays(system, sizes)
    given = named(system, packed, weights)
    own = own_arrays(packed, given)
    inputs = _inputs(system, sizes, x, array_of("dy", dy).ndim)
    lead = inputs.shape[:-1]
    sizes = replace(sizes, steps=lead[0], batch=lead[1] if len(lead) == 2 else 1)
    like_y = (*lead, sizes.number(system.output.shape[0]))
    outer = shaped("dy", dy, like_y, "the shape of y")
    states = state_layout(system, sizes, batched=len(lead) == 2)
    start = dict(states.read("initial state", initial))
    received = dict(states.read("gradient of the final state", final_gradients))
    found = _masked(
        system,
        sizes,
        own,
        _Sequences(_batch(inputs), _batch(outer), start, received),
        kept_steps(lead, lengths, mask),
    )
    cast = _narrowed if _single([x, dy, *given.values()], tokens=inputs.shape) else _kept
    ends = sum(float(np.sum(received[slot] * found.states[slot])) for slot in received)
    return Gradients(
        y=cast(found.y.reshape(like_y)),
        dx=cast(found.x.reshape(inputs.shape)),
        weights={p.name: cast(p.join(found.weights.__getitem__)) for p in packed},
        final={k: cast(v) for k, v in states.write(found.states.__getitem__).items()},
        initial={k: cast(v) for k, v in states.write(found.start.__getitem__).items()},
        loss=float(np.sum(_batch(outer) * found.y)) + ends,
    )


def _with_final_gradients(system: System) -> System:
    """Return the system whose loss reaches final states too; refuse a loss that takes no dy."""
    model = system.model
    if (model.loss, model.loss_at) != ("free", "every"):
        raise InputError(
            "gradients take dy at every step, so they need the loss 'free' at 'every', "
            f"not '{model.loss}' at '{model.loss_at}'"
        )
    return build_system(model, final_gradients=True)


def _own_weights(
    packed: tuple[Packed, ...], weights: Mapping[str, Any]
) -> Iterator[tuple[Own, Floats]]:
    """Yield our own arrays out of the framework's, each of which must be there."""
    given = named_arrays("weight", weights, [p.name for p in packed])
    for array in packed:
        if array.name not in given:
            raise InputError(f"missing weight '{array.name}' of shape {array.shape}")
        yield from array.split(shaped(f"weight '{array.name}'", given[array.name], array.shape))


def _inputs(system: System, sizes: Sizes, x: Any, axes_of_dy: int) -> Floats:
    """Return the input as vectors, of shape (T, d) or (T, B, d)."""
    array = array_of("x", x)
    width = sizes.number(system.input.shape[0])
    embedded = isinstance(system.model.layers[0], Embedding)
    tokens = embedded and (array.ndim == 1 or (array.ndim == 2 and axes_of_dy == 3))
    vectors = _one_hot(array, width) if tokens else floats("x", array)
    if vectors.ndim not in (2, 3) or vectors.shape[-1] != width:
        alternative = "whole numbers of shape (T,) or (T, B), or one-hot of " if embedded else ""
        raise InputError(
            f"x must have {alternative}shape (T, {width}) or (T, B, {width}), not {array.shape}"
        )
    if 0 in vectors.shape:
        raise InputError(f"x needs at least one step and one sequence, not shape {array.shape}")
    return vectors


def _one_hot(tokens: NDArray[Any], vocabulary: int) -> Floats:
    """Return tokens, counted from 0, as one-hot vectors along a new last axis."""
    if tokens.dtype.kind not in "iu":
        raise InputError(f"tokens x must be whole numbers, not values of type {tokens.dtype}")
    wrong = tokens[(tokens < 0) | (tokens >= vocabulary)]
    if wrong.size:
        raise InputError(f"tokens x must be from 0 to {vocabulary - 1}, but hold {wrong[0]}")
    vectors = np.zeros((*tokens.shape, vocabulary))
    np.put_along_axis(vectors, tokens[..., None].astype(np.intp), 1.0, axis=-1)
    return vectors


# The program keeps an array for every step, its sequences side by side as columns.


def _columns(rows: Floats) -> dict[int, Floats]:
    return {t: np.atleast_2d(step).T for t, step in enumerate(rows, 1)}


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
