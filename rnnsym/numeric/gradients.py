"""Outputs and gradients in a framework's own arrays, from the derived program."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.model_text import Embedding
from rnnsym.numeric.arrays import Floats, Numbers, array_of, floats, shaped
from rnnsym.numeric.masks import kept_steps
from rnnsym.numeric.packing import packed_arrays
from rnnsym.numeric.passes import Given, passes
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.numeric.states import state_layout
from rnnsym.numeric.weights import named_weights, own_arrays
from rnnsym.system import build_system

__all__ = ["Gradients", "gradients"]

_SINGLE = np.dtype(np.float32)


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

    y: Numbers
    dx: Numbers
    weights: dict[str, Numbers]
    final: dict[str, Numbers]
    initial: dict[str, Numbers]
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
    given = named_weights(system, packed, weights)
    own = own_arrays(packed, given)
    inputs = _inputs(system, sizes, x, array_of("dy", dy).ndim)
    lead = inputs.shape[:-1]
    steps, batch = lead if len(lead) == 2 else (lead[0], 1)
    sizes = replace(sizes, steps=steps, batch=batch)
    like_y = (*lead, sizes.number(system.output.shape[0]))
    outer = shaped("dy", dy, like_y, "the shape of y").reshape(steps, batch, -1)
    states = state_layout(system, sizes, batched=len(lead) == 2)
    received = dict(states.read("gradient of the final state", final_gradients))
    found = passes(
        system,
        sizes,
        own,
        Given(
            inputs.reshape(steps, batch, -1),
            outer,
            dict(states.read("initial state", initial)),
            received,
        ),
        kept_steps(lead, lengths, mask),
    )

    def out(array: Numbers) -> Numbers:
        return array.astype(kind, copy=False)

    kind = _kind([x, dy, *given.values()])
    ends = sum(float(np.sum(value * found.final[slot])) for slot, value in received.items())
    return Gradients(
        y=out(found.y.reshape(like_y)),
        dx=out(found.dx.reshape(inputs.shape)),
        weights={p.name: out(p.join(found.weights.__getitem__)) for p in packed},
        final={k: out(v) for k, v in states.write(found.final.__getitem__).items()},
        initial={k: out(v) for k, v in states.write(found.initial.__getitem__).items()},
        loss=float(np.sum(outer * found.y)) + ends,
    )


def _kind(arrays: Iterable[Any]) -> type[np.floating[Any]]:
    """Return float32 where all numbers are; tokens are no numbers."""
    kinds = [np.asarray(array).dtype for array in arrays]
    return np.float32 if {k for k in kinds if k.kind not in "iu"} == {_SINGLE} else np.float64


def _with_final_gradients(system: System) -> System:
    """Return the system whose loss reaches final states too; refuse a loss that takes no dy."""
    model = system.model
    if (model.loss, model.loss_at) != ("free", "every"):
        raise InputError(
            "gradients take dy at every step, so they need the loss 'free' at 'every', "
            f"not '{model.loss}' at '{model.loss_at}'"
        )
    return build_system(model, final_gradients=True)


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
