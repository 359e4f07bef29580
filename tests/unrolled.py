"""A model written out entry by entry in SymPy's scalars: forward, and along a derivation."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from rnnsym.derivation import Derivation, Step, Term
from rnnsym.equations import Loop, System
from rnnsym.expr import LAYER, LAYERS, STEPS, TIME, Array, Expr, Integer, Node, Span, explicit
from rnnsym.numeric.sizes import Sizes
from tests.strategies import sympy

Values = dict[Any, Any]  # numbers, or expressions in one symbol, by scalar symbol


def placed(node: Node, sizes: Sizes, layer: int, time: int) -> Node:
    """Return a node at one layer and step."""
    at: dict[Expr, Expr] = {LAYER: Integer(layer), TIME: Integer(time)}
    at[LAYERS] = Integer(sizes.depth)  # before the sizes, which depend on it: n(L − 1)
    return node.xreplace(at | {STEPS: Integer(sizes.steps)})


def entries(node: Node, sizes: Sizes, layer: int, time: int) -> Any:
    """Return a node at one layer and step as a SymPy matrix of scalar symbols."""
    return explicit(placed(node, sizes, layer, time), sizes.rule)


def assign(values: Values, array: Array, matrix: Any, sizes: Sizes, at: tuple[int, int]) -> None:
    """Store a matrix under the symbols of an array's entries."""
    values.update(zip(entries(array, sizes, *at), matrix, strict=True))


def times(loop: Loop, sizes: Sizes) -> list[int]:
    """Return the steps of a loop, in its order."""
    steps = sizes.range(loop.equations[0].time)
    return steps if loop.order >= 0 else steps[::-1]


def free(system: System, sizes: Sizes) -> list[tuple[Array, int, int]]:
    """Return every array that is given, with its layer and step: what the loss depends on."""
    found = [(w.array, k, 0) for w in system.weights for k in sizes.range(w.layer)]
    found += [(system.input, 0, t) for t in range(1, sizes.steps + 1)]
    for s in system.states:
        found += [(s.array, k, sizes.number(s.initial)) for k in sizes.range(s.layer)]
    return found


def point(system: System, sizes: Sizes, seed: int) -> Values:
    """Return a random rational number for every entry that is given."""
    dice = random.Random(seed)
    given = free(system, sizes)
    for term in system.loss_terms:
        given += [
            (term.given, k, t) for k in sizes.range(term.layer) for t in sizes.range(term.time)
        ]
    symbols = [s for array, *at in given for s in entries(array, sizes, *at)]
    return {s: sympy.Rational(dice.randint(-12, 12) or 1, 13).evalf(25) for s in symbols}


def unrolled(system: System, sizes: Sizes) -> Iterator[tuple[Any, Any]]:
    """Yield every scalar equation of a model, (symbol, its value), in order of computation."""
    for block in system.blocks:
        for layer in sizes.range(block.loops[0].equations[0].layer):
            for loop in block.loops:
                for time in times(loop, sizes):
                    for equation in loop.equations:
                        sides = (
                            entries(e, sizes, layer, time) for e in (equation.lhs, equation.rhs)
                        )
                        yield from zip(*sides, strict=True)


def forward(system: System, sizes: Sizes, values: Values) -> None:
    """Compute every scalar of a model."""
    for symbol, value in unrolled(system, sizes):
        values[symbol] = value.xreplace(values)


def free_loss(system: System, sizes: Sizes) -> Any:
    """Return Σ Δ · y, the loss called free."""
    total = 0
    for term in system.loss_terms:
        for layer in sizes.range(term.layer):
            for time in sizes.range(term.time):
                y, delta = (entries(a, sizes, layer, time) for a in (term.target, term.given))
                total += sum(y.multiply_elementwise(delta))
    return total


def slopes(system: System, sizes: Sizes, at: Values) -> Values:
    """Differentiate the loss by every given entry: SymPy's derivatives, chained forwards."""
    given = [s for array, *place in free(system, sizes) for s in entries(array, sizes, *place)]
    values: Values = dict(at)
    zero = np.zeros(len(given), object)
    tangents: Values = dict(zip(given, np.eye(len(given), dtype=object), strict=True))

    def tangent(value: Any) -> Any:
        inner = sorted((s for s in value.free_symbols if s in tangents), key=str)
        parts = (sympy.diff(value, s).xreplace(values) * tangents[s] for s in inner)
        return sum(parts, zero)

    for symbol, value in unrolled(system, sizes):
        tangents[symbol] = tangent(value)
        values[symbol] = value.xreplace(values)
    return dict(zip(given, tangent(free_loss(system, sizes)), strict=True))


def slopes_in_one(system: System, sizes: Sizes, at: Values) -> Values:
    """Differentiate the loss as one expression in one entry after the other: slow, but SymPy's."""
    found: Values = {}
    v = sympy.Symbol("v")
    for array, layer, time in free(system, sizes):
        for symbol in entries(array, sizes, layer, time):
            values = {**at, symbol: v}
            forward(system, sizes, values)
            loss = free_loss(system, sizes).xreplace(values)
            found[symbol] = sympy.diff(loss, v).subs(v, at[symbol])
    return found


def inside(span: Span | None, index: int, sizes: Sizes) -> bool:
    """Tell whether an index lies in a span, numbers put in."""
    return span is None or index in sizes.range(span)


def valid(step: Step, layer: int, time: int, sizes: Sizes) -> Iterator[Term]:
    """Yield the terms of a line that exist at one layer and step."""
    for term in step.terms:
        here = inside(term.time, time, sizes) or step.time is None
        if here and (inside(term.layer, layer, sizes) or step.layer is None):
            yield term


def line(step: Step, layer: int, time: int, sizes: Sizes, values: Values) -> Any:
    """Return what a line of a derivation gives at one layer and step."""
    rows, cols = (int(n) for n in entries(step.target, sizes, layer, time).shape)
    total = sympy.zeros(rows, cols)
    for term in valid(step, layer, time, sizes):
        total += entries(term.value, sizes, layer, time).xreplace(values)
    if step.factor is None:
        return total
    factor = entries(step.factor, sizes, layer, time).xreplace(values)
    return total.multiply_elementwise(factor)


def backward(derivation: Derivation, sizes: Sizes, values: Values) -> Values:
    """Work through a derivation, entry by entry; return the gradients by what they are of."""
    stages = list(derivation.stages)
    while stages:
        block = stages[0].block
        here = [s for s in stages if s.block is block]
        stages = stages[len(here) :]
        for layer in reversed(sizes.range(block.loops[0].equations[0].layer)):
            for stage in here:
                for time in times(stage.loop, sizes)[::-1]:
                    for step in stage.steps:
                        value = line(step, layer, time, sizes, values)
                        assign(values, step.target, value, sizes, (layer, time))
    found: Values = {}
    for step in (*derivation.weights, *derivation.inputs, *derivation.initial):
        for layer in sizes.range(step.layer):
            for time in sizes.range(step.summed):
                at = sizes.range(step.time) if step.summed is None else [time]
                for own in at:
                    symbols = entries(step.of, sizes, layer, own)
                    for s, value in zip(
                        symbols, line(step, layer, own, sizes, values), strict=True
                    ):
                        found[s] = found.get(s, 0) + value
    return found
