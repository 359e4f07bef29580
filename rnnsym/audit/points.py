"""Random points: nets with numbers, from which everything else in them follows.

Sizes are pairwise distinct, T = 4, initial states are not zero, and entries are so small that no
activation saturates. The forward equations are walked, then the derivation's lines, in the same
arithmetic in which a formula is evaluated.
"""

import random
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from rnnsym.audit.evaluate import evaluate
from rnnsym.audit.place import Numbers, Point
from rnnsym.audit.symbols import gate_gradient
from rnnsym.derivation import Derivation, Step
from rnnsym.equations import Loop
from rnnsym.expr import TIME, Array, Node
from rnnsym.numeric.sizes import Sizes, small_sizes

__all__ = ["DIGITS", "point"]

mpmath: Any = import_module("mpmath")  # it has no types; SymPy brings it
DIGITS = 40
FEW = 5


@lru_cache(maxsize=128)
def point(derivation: Derivation, seed: int, digits: int = DIGITS) -> Point:
    """Return a random point of a model: every forward value, adjoint and gradient."""
    context = mpmath.MPContext()
    context.dps = digits
    sizes = _few(small_sizes(derivation.system))
    found = Point(derivation, sizes, context, {})
    _draw(found, random.Random(seed))
    _forward(found)
    _backward(found)
    return found


def _few(sizes: Sizes) -> Sizes:
    """Let the sizes of a deep stack recur every few layers: neighbours still differ."""
    values = {
        name: value
        if isinstance(value, int)
        else {k: min(value.values()) + place % FEW for place, k in enumerate(value)}
        for name, value in sizes.values.items()
    }
    return replace(sizes, values=values)


def _entries(at: Point, array: Array, draw: random.Random, positive: bool = False) -> Numbers:
    """Multiples of 1/64 between 1/8 and 3/4, of either sign: exact, and far from zero."""
    rows, cols = at.shape(array)
    numbers: list[Any] = []
    for _ in range(rows * cols):
        size_ = 8 + int(draw.random() * 41)
        sign = 1 if positive or draw.random() < 0.5 else -1
        numbers.append(at.context.mpf(sign * size_) / 64)
    return np.array(numbers, object).reshape(rows, cols)


def _draw(at: Point, draw: random.Random) -> None:
    system = at.derivation.system
    for weight in system.weights:
        for layer in at.sizes.range(weight.layer):
            here = at.at(l=layer)
            at.known[here.key(weight.array)] = _entries(here, weight.array, draw)
    for time in range(1, at.sizes.steps + 1):
        here = at.at(t=time)
        at.known[here.key(system.input)] = _entries(here, system.input, draw)
    for state in system.states:
        start = state.array.xreplace({TIME: state.initial})
        for layer in at.sizes.range(state.layer):
            here = at.at(l=layer)
            positive = state.domain == "positive"
            at.known[here.key(start)] = _entries(here, start, draw, positive)
    for term in system.loss_terms:
        for layer in at.sizes.range(term.layer):
            for time in at.sizes.range(term.time):
                here = at.at(l=layer, t=time)
                value = _entries(here, term.given, draw, term.kind == "cross-entropy")
                if term.kind == "cross-entropy":  # a target is a distribution
                    value = value / value.sum()
                at.known[here.key(term.given)] = value


def _zeros(at: Point, node: Node) -> Numbers:
    return np.full(at.shape(node), at.context.mpf(0), object)


def _times(at: Point, loop: Loop, order: int) -> list[int]:
    times = at.sizes.range(loop.equations[0].time)
    return times if order >= 0 else times[::-1]


def _forward(at: Point) -> None:
    for block in at.derivation.system.blocks:
        for layer in at.sizes.range(block.loops[0].equations[0].layer):
            for loop in block.loops:
                for time in _times(at, loop, loop.order):
                    here = at.at(l=layer, t=time)
                    for equation in loop.equations:
                        value = evaluate(equation.rhs, here)
                        at.known[here.key(equation.lhs)] = (
                            _zeros(here, equation.lhs) if value is None else value
                        )


def _backward(at: Point) -> None:
    stages = list(at.derivation.stages)
    while stages:
        block = stages[0].block
        here = [s for s in stages if s.block is block]
        stages = stages[len(here) :]
        layers = at.sizes.range(next((s.layer for stage in here for s in stage.steps), None))
        for layer in reversed(layers):
            for stage in here:
                for time in _times(at, stage.loop, -stage.loop.order):
                    for step in stage.steps:
                        _step(at.at(l=layer, t=time), step)
    for step in (*at.derivation.weights, *at.derivation.inputs, *at.derivation.initial):
        for layer in at.sizes.range(step.layer):
            for time in at.sizes.range(step.time):
                _step(at.at(l=layer, t=time), step)


def _step(at: Point, step: Step) -> None:
    """Add up the terms of a line where their edges exist."""
    total = _zeros(at, step.target)
    for time in at.sizes.range(step.summed) if step.summed else [at.indices[TIME]]:
        here = replace(at, indices={**at.indices, TIME: time})
        for term in step.terms:
            if here.holds(term, step):
                value = evaluate(term.value, here)
                total = total if value is None else total + value
    if step.factor is None:
        at.known[at.key(step.target)] = total
        return
    for equation in at.derivation.system.equations:
        if equation.fused and step.of in equation.rhs.children:
            at.known[at.key(gate_gradient(equation.lhs))] = total
    at.known[at.key(step.target)] = total * evaluate(step.factor, at)
