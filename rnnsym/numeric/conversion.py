"""Weights of one convention as another has them, where both have the same network.

Two conventions may write one network with other names, orders and numbers of bias vectors, or with
an update gate that keeps where the other replaces: σ(−a) = 1 − σ(a), so its parameters and their
gradients change sign. A cell file's ``[textbook]`` says what the textbook's parameters are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rnnsym.cell import Cell
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.numeric.arrays import Numbers
from rnnsym.numeric.packing import Own, own_of, packed_arrays
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.numeric.weights import named_weights, own_arrays
from rnnsym.record import record

__all__ = ["convert_gradients", "convert_weights"]


@record
class _Form:
    """One parameter of the textbook's as a signed sum of a convention's."""

    place: tuple[int, int, str, str]
    terms: tuple[tuple[int, Own], ...]


def convert_weights(
    source: System, target: System, weights: Mapping[str, Any] | Sequence[Any]
) -> dict[str, Numbers]:
    """Return weights for ``target`` that make it the network that ``source`` is with ``weights``.

    Where a convention has two bias vectors for one, the second is zero.

    Raises:
        InputError: the networks differ, or a weight is not what it should be.
    """
    own = _own(source, weights)
    found: dict[Own, Numbers] = {}
    for old, new in _pairs(source, target):
        value = sum((sign * own[o] for sign, o in old.terms[1:]), start=_first(old, own))
        sign, first = new.terms[0]
        found[first] = sign * value
        found |= {o: np.zeros_like(value) for _, o in new.terms[1:]}
    return _packed(target, found)


def convert_gradients(
    source: System, target: System, gradients: Mapping[str, Any] | Sequence[Any]
) -> dict[str, Numbers]:
    """Return the gradients of ``target``'s weights, from those of ``source``'s.

    Bias vectors that are added up have equal gradients.

    Raises:
        InputError: the networks differ, or a gradient is not what it should be.
    """
    own = _own(source, gradients)
    found: dict[Own, Numbers] = {}
    for old, new in _pairs(source, target):
        value = _first(old, own)
        found |= {o: sign * value for sign, o in new.terms}
    return _packed(target, found)


def _first(form: _Form, own: Mapping[Own, Numbers]) -> Numbers:
    sign, first = form.terms[0]
    return sign * own[first]


def _sizes(system: System) -> Sizes:
    return uniform_sizes(system, steps=1)


def _own(system: System, weights: Mapping[str, Any] | Sequence[Any]) -> dict[Own, Numbers]:
    packed = packed_arrays(system, _sizes(system))
    return own_arrays(packed, named_weights(system, packed, weights))


def _packed(system: System, own: Mapping[Own, Numbers]) -> dict[str, Numbers]:
    return {p.name: p.join(own.__getitem__) for p in packed_arrays(system, _sizes(system))}


def _pairs(source: System, target: System) -> Iterator[tuple[_Form, _Form]]:
    """Yield every parameter of the textbook's, as the one and as the other convention has it."""
    for one, other in zip(_cells(source), _cells(target), strict=False):
        if _textbook(one) != _textbook(other):
            raise InputError(
                f"{source.model.convention} '{one.name}' is the textbook's '{_textbook(one)}', "
                f"{target.model.convention} '{other.name}' its '{_textbook(other)}': two networks, "
                "so weights do not carry over"
            )
    old, new = ({form.place: form for form in _forms(s)} for s in (source, target))
    shapes = [{place: f.terms[0][1].shape for place, f in forms.items()} for forms in (old, new)]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"'{source.model}' and '{target.model}' differ in their layers, sizes or biases, "
            "so weights do not carry over"
        )
    for place, form in old.items():
        yield form, new[place]


def _cells(system: System) -> list[Cell]:
    return [block.cell for block in system.blocks if block.cell is not None]


def _textbook(cell: Cell) -> str:
    """Return the name of the textbook's cell that a cell is."""
    return cell.textbook.get("cell", cell.name)


def _forms(system: System) -> Iterator[_Form]:
    """Yield what the textbook's parameters are, layer by layer and direction by direction."""
    sizes = _sizes(system)
    for position, block in enumerate(b for b in system.blocks if b.spec is not None):
        written = {} if block.cell is None else dict(block.cell.textbook)
        written.pop("cell", None)
        for layer in sizes.range(block.layers):
            for direction, own in own_of(system, sizes, block, layer).items():
                for name, text in (written or {name: name for name in own}).items():
                    terms = tuple((sign, own[n]) for sign, n in _signed(text) if n in own)
                    if terms:  # a model without biases has none of theirs
                        yield _Form((position, layer, direction, name), terms)


def _signed(text: str) -> Iterator[tuple[int, str]]:
    """Yield the terms of a signed sum of names.

    >>> list(_signed("-b_iz - b_hz"))
    [(-1, 'b_iz'), (-1, 'b_hz')]
    """
    for sign, name in re.findall(r"([+-]?)\s*(\w+)", text):
        yield (-1 if sign == "-" else 1), name
