"""What the backward pass reads of the forward pass: the arrays that BPTT has to keep."""

from collections.abc import Iterator

from rnnsym.derive import Derivation
from rnnsym.expr import (
    LAYER,
    LAYERS,
    TIME,
    Array,
    Concat,
    Expr,
    Family,
    Integer,
    Node,
    Span,
    arrays_in,
)
from rnnsym.record import record

__all__ = ["Stored", "stored"]

ONE = Integer(1)
# A depth beyond any that is written down orders spans that end at L.
DEEP = {LAYERS: Integer(10**4)}


@record
class Stored:
    """A forward array that adjoints or gradients read.

    Attributes:
        array: as its own equation defines it.
        layers: those of its layers that are read (1..1 where it has no layer index).
        every_step: whether it is read at every step, or at one step only.
    """

    array: Array
    layers: Span
    every_step: bool


@record
class _Read:
    layers: Span
    every_step: bool


def stored(derivation: Derivation) -> tuple[Stored, ...]:
    """Return what to keep for the backward pass: intermediate arrays in forward order, then inputs.

    An array that only copies or stacks others is kept as those. Initial states are given, and
    elementwise functions of kept arrays (tanh(c)) are computed again.
    """
    read: dict[Family, list[_Read]] = {}
    for array, layers in _backward_reads(derivation):
        _note(read, array, layers)
    found: list[Stored] = []
    for equation in reversed(derivation.system.equations):
        lhs = equation.lhs
        kept = _kept(lhs, _layers(lhs, equation.layer), read.get(lhs.family, []))
        if kept is not None and _is_view(equation.rhs):
            for array in arrays_in(equation.rhs):
                _note(read, array, kept.layers)
        elif kept is not None:
            found.insert(0, kept)
    source = derivation.system.input
    kept = _kept(source, _layers(source, None), read.get(source.family, []))
    return (*found, kept) if kept is not None else tuple(found)


def _backward_reads(derivation: Derivation) -> Iterator[tuple[Array, Span | None]]:
    for step in derivation.steps:
        for term in step.terms:
            yield from ((array, term.layer) for array in arrays_in(term.value))
        if step.factor is not None:
            yield from ((array, step.layer) for array in arrays_in(step.factor))


def _note(read: dict[Family, list[_Read]], array: Array, layers: Span | None) -> None:
    every = array.time is not None and array.time.has(TIME)
    read.setdefault(array.family, []).append(_Read(_layers(array, layers), every))


def _layers(array: Array, span: Span | None) -> Span:
    """Return the layers an index such as ℓ − 1 runs through while ℓ runs through ``span``."""
    layer = array.layer
    if layer is None:
        return Span(ONE, ONE)
    if span is not None and layer.has(LAYER):
        return span.shifted(int(layer - LAYER))
    return Span(layer, layer)


def _kept(array: Array, own: Span, reads: list[_Read]) -> Stored | None:
    """Return which layers of an array are read, from the first to the last of them."""
    met = [(read.layers.meet(own), read.every_step) for read in reads]
    layers = [span for span, _ in met if span is not None]
    if not layers:
        return None
    first = min((span.first for span in layers), key=_height)
    last = max((span.last for span in layers), key=_height)
    return Stored(array, Span(first, last), any(every for span, every in met if span is not None))


def _height(layer: Expr) -> int:
    return int(layer.xreplace(DEEP))


def _is_view(rhs: Node) -> bool:
    blocks = rhs.children if isinstance(rhs, Concat) else (rhs,)
    return all(isinstance(block, Array) for block in blocks)
