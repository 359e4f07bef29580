"""What is audited: a gradient, an adjoint, a forward equation, or a count."""

from dataclasses import replace

from rnnsym.audit.layers import settled
from rnnsym.audit.notation import parse
from rnnsym.audit.reading import Reading
from rnnsym.audit.symbols import Symbols, gate_gradient
from rnnsym.audit.tree import Name
from rnnsym.derivation import Derivation, Step
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.expr import (
    LAYER,
    TIME,
    Array,
    Expr,
    Family,
    Integer,
    Node,
    Span,
)
from rnnsym.record import record

__all__ = ["COUNTS", "Target", "line_of", "named"]

COUNTS = {
    "params": "parameters", "parameters": "parameters", "count": "parameters",
    "multiply_adds": "multiply_adds", "macs": "multiply_adds", "memory": "memory",
}  # fmt: skip
"""The names under which a count is asked for."""


@record
class Target:
    """A line of the derivation or of the forward pass.

    Attributes:
        lhs: the array that stands on its left.
        line: its right-hand side.
        step: the same as a line of a derivation; a forward equation has no terms in it.
        time, layer: where it holds; None where it has no such index.
    """

    lhs: Array
    line: Node
    step: Step
    time: Span | None
    layer: Span | None


def named(text: str) -> Name:
    """Return the name in ``--wrt NAME``, with or without ∂L/∂.

    Raises:
        InputError: no name.
    """
    left, tree = parse(text)
    if left is not None or not isinstance(tree, Name):
        raise InputError(f"--wrt takes one name such as U_f, h_0 or delta_c, not '{text}'")
    return tree


def line_of(symbols: Symbols, name: Name, text: str, *, forward: bool) -> Target:
    """Return the line that defines a named array.

    Args:
        symbols: what names mean.
        name: the array; with ∂L/∂ the gradient of it.
        text: where the name was read, for carets.
        forward: take the array's own equation, not the gradient with respect to it.

    Raises:
        InputError: no such line; names the nearest one.
    """
    array = _array(symbols, name, text, forward)
    derivation = symbols.derivation
    # What is below a stack or above it has a line of its own beside that of every layer.
    for step in sorted(derivation.steps, key=lambda s: s.target.layer != array.layer):
        if _same_line(step.target, array) and symbols.means(step.layer):
            return _placed(derivation.system, array, step, step.value())
    for equation in sorted(derivation.system.equations, key=lambda e: e.lhs.layer != array.layer):
        if _same_line(equation.lhs, array) and symbols.means(equation.layer):
            lhs, time, layer = equation.lhs, equation.time, equation.layer
            line = Step(lhs.name, lhs, lhs, (), None, "", time, layer)
            return _placed(derivation.system, array, line, equation.rhs)
    gate = _gate_line(derivation, array)
    if gate is not None:
        held = gate_gradient(gate[0])
        step = replace(gate[1], target=held, factor=None)
        return _placed(derivation.system, array, step, step.value())
    raise InputError(f"{name.base} is given: no line of the derivation defines it")


def _array(symbols: Symbols, name: Name, text: str, forward: bool) -> Array:
    anywhere = Array(Family("", ""), (Integer(1), Integer(1)), None, TIME)
    reading = Reading(symbols, anywhere, text)
    short = _own_name(symbols, name)
    if short is not None:
        return short
    array = reading.array(name)
    if forward or name.gradient or array.family.role != "value":
        return array
    gradient = Name(name.base, name.subscripts, name.indices, name.above, name.place, True)
    return reading.array(gradient)


def _own_name(symbols: Symbols, name: Name) -> Array | None:
    """The derivation's own names of gradients: dU_f, dx, dh_0."""
    split = symbols.split(name)
    if split is not None and split[0] in symbols.entries:
        return None
    written = "_".join([name.base, *(str(getattr(s, "base", getattr(s, "value", "")))
                                     for s in name.subscripts)])  # fmt: skip
    found = [s for s in symbols.derivation.steps if written == s.name]
    return found[0].target if len(found) == 1 else None


def _same_line(line: Array, array: Array) -> bool:
    """Tell whether a line's left-hand side is this array, at every index or at one."""
    if line.family != array.family:
        return False
    layers = line.layer == array.layer or (line.layer is not None and line.layer.has(LAYER))
    times = line.time == array.time or (line.time is not None and line.time.has(TIME))
    return layers and times


def _placed(system: System, array: Array, step: Step, line: Node) -> Target:
    """Return a line at the index that was asked for."""
    rule: dict[Expr, Expr] = {}
    time, layer = step.time, step.layer
    if array.layer is not None and not array.layer.has(LAYER):
        rule[LAYER], layer = array.layer, None
    if array.time is not None and not array.time.has(TIME):
        rule[TIME], time = array.time, None
    terms = tuple(replace(term, value=term.value.xreplace(rule)) for term in step.terms)
    target = settled(system, step.target.xreplace(rule), array.layer)
    factor = None if step.factor is None else step.factor.xreplace(rule)
    placed = replace(step, target=target, terms=terms, factor=factor, time=time, layer=layer)
    return Target(target, line.xreplace(rule), placed, time, layer)


def _gate_line(derivation: Derivation, array: Array) -> tuple[Array, Step] | None:
    """Return a gate, and the line of the pre-activation whose δ holds ∂L/∂ of it."""
    for equation in derivation.system.equations:
        if equation.fused and _same_line(gate_gradient(equation.lhs), array):
            for step in derivation.adjoints:
                if step.of in equation.rhs.children:
                    return equation.lhs, step
    return None
