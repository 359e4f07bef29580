"""Sizes in the layers of a stack, as a formula for one of them writes them."""

from rnnsym.equations import Equation, System
from rnnsym.expr import LAYER, AppliedUndef, Array, Expr, Family, Integer, Tuple, size_of_layer

__all__ = ["below", "from_above", "settled"]


def below(system: System, array: Array, layer: Expr) -> Array:
    """Return what a layer of a stack reads from the one below: m(ℓ − 1) wide, and y where h is."""
    outputs = {e.rhs.family: e.lhs.family for e in system.equations if isinstance(e.rhs, Array)}
    if layer == LAYER - 1 and array.family in outputs:
        array = Array(outputs[array.family], array.shape, layer, array.time)
    for name, span, width, inside in system.widths:
        entry = (array.family, span.first - 1, width)
        ends = (_top(equation) for equation in system.equations)
        own = array.shape[0] == inside.xreplace({LAYER: layer})
        if layer == LAYER - 1 and own and entry in ends:
            shape = size_of_layer(name, layer), Integer(1)
            return Array(array.family, shape, layer, array.time)
    return array


def _top(equation: Equation) -> tuple[Family, Expr | None, Expr]:
    """Return what an equation gives in the last layer that it holds for, and how wide that is."""
    lhs, span = equation.lhs, equation.layer
    if span is None:
        return lhs.family, lhs.layer, lhs.shape[0]
    return lhs.family, span.last, lhs.shape[0].xreplace({LAYER: span.last})


def settled(system: System, array: Array, layer: Expr | None) -> Array:
    """Return an array with its sizes written as those of the line's layer.

    The widths m(ℓ), m(ℓ + 1) … become what they are. What stands above a stack, such as Δ or
    the matrix that reads its last layer, has that layer's size in a line for every ℓ.
    """
    rule: dict[Expr, Expr] = {}
    for found in (s for side in array.shape for s in side.atoms(AppliedUndef)):
        for name, span, width, inside in system.widths:
            at: Expr = found.args[0]
            if found == size_of_layer(name, span.first - 1):
                rule[found] = width
            elif found == size_of_layer(name, at) and not _is_before(at):
                rule[found] = inside.xreplace({LAYER: at})
    shape = Tuple(*array.shape).xreplace(rule)
    rows, cols = shape.args
    if array.layer is None or not array.layer.has(LAYER):
        rows, cols = (from_above(system, side, layer) for side in (rows, cols))
    return Array(array.family, (rows, cols), array.layer, array.time)


def from_above(system: System, expr: Expr, layer: Expr | None) -> Expr:
    """Return a size of the last layer as n(ℓ) in a line for every ℓ: it is read there only."""
    last = (size_of_layer(name, span.last) for name, span in system.layered_sizes)
    return expr.xreplace({s: s.func(LAYER) for s in last}) if layer == LAYER else expr


def _is_before(layer: Expr) -> bool:
    """Tell whether this is ℓ − 1 or lower, which may lie below the stack."""
    return not layer.is_number and bool((layer - LAYER).is_negative)
