"""Where numbers lie: intervals of gates and states, proven from the equations of one step."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import prod
from typing import TypeAlias

from rnnsym.equations import Loop
from rnnsym.expr import (
    TIME,
    Array,
    Expr,
    Fill,
    Hadamard,
    Map,
    Node,
    Plus,
    Scale,
    Softmax,
    activation,
    derivative,
    evaluated,
)
from rnnsym.record import record

__all__ = ["RANGES", "Interval", "Ranges", "Slope", "ranges"]

Interval: TypeAlias = tuple[float, float]

RANGES: dict[str, Interval] = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "step": (0.0, 1.0)}
"""Between which numbers the values of a bounded elementwise function lie."""

UNIT: Interval = (-1.0, 1.0)
# 2^8 corners are looked at in no time; equations of a cell have three factors or so.
MAX_ATOMS = 8


@record
class Slope:
    """The derivative of an elementwise function as it stands in an equation, and its bound γ."""

    factors: tuple[Node, ...]
    gamma: Fraction


@record
class Ranges:
    """What is known of the arrays of one step.

    Attributes:
        known: an interval for every bounded array at t, and for bounded states one step before.
        bounded: the states that stay in [−1, 1] once they are in it.
        always: those of them that are in it from the first step on, whatever they start from.
        slopes: the derivatives met in the step, those of most factors first.
    """

    known: Mapping[Array, Interval]
    bounded: tuple[Array, ...]
    always: tuple[Array, ...]
    slopes: tuple[Slope, ...]

    def interval(self, node: Node) -> Interval | None:
        """Return an interval that holds every entry of ``node``, or None."""
        return _interval(node, self.known)

    def largest(self, node: Node) -> Fraction | None:
        """Return a bound on the absolute values of the entries of ``node``, or None."""
        found = self.interval(node)
        return None if found is None else Fraction(max(-found[0], found[1]))


def ranges(loop: Loop, states: Iterable[Array]) -> Ranges:
    """Return what can be proven of one step.

    A state that starts in [−1, 1] stays there if its equation maps [−1, 1] into itself: assumed of
    all states, and taken back for those whose equations do not.

    >>> from rnnsym.jacobian import jacobians
    >>> from rnnsym.system import build_system, read_model
    >>> [gru] = jacobians(build_system(read_model("gru")))
    >>> [str(state) for state in ranges(gru.loop, gru.states).bounded]
    ['h[t]']
    """
    believed = list(states)
    while True:
        known = _step(loop, believed)
        kept = [s for s in believed if _within(known.get(s))]
        if kept == believed:
            slopes = sorted(_slopes(loop), key=lambda slope: -len(slope.factors))
            free = _step(loop, ())
            always = (s for s in kept if _within(free.get(s)))
            return Ranges(known, tuple(kept), tuple(always), tuple(slopes))
        believed = kept


def _within(found: Interval | None) -> bool:
    return found is not None and UNIT[0] <= found[0] and found[1] <= UNIT[1]


def _step(loop: Loop, believed: Iterable[Array]) -> dict[Array, Interval]:
    before = TIME - loop.order
    known = {s.xreplace({TIME: before}): UNIT for s in believed}
    for equation in loop.equations:
        found = _interval(equation.rhs, known)
        if found is not None:
            known[equation.lhs] = found
    return known


def _slopes(loop: Loop) -> Iterator[Slope]:
    for equation in loop.equations:
        for node in _maps(equation.rhs):
            entry = activation(node.name)
            if entry.lipschitz is None:
                continue
            named = node == equation.rhs
            slope = entry.derivative(node.arg, equation.lhs) if named else derivative(node)
            factors = slope.children if isinstance(slope, Hadamard) else (slope,)
            yield Slope(tuple(factors), Fraction(entry.lipschitz))


def _maps(node: Node) -> Iterator[Map]:
    if isinstance(node, Map):
        yield node
    for child in node.children:
        yield from _maps(child)


def _interval(node: Node, known: Mapping[Array, Interval]) -> Interval | None:
    if isinstance(node, Array):
        return known.get(node)
    if isinstance(node, Fill):
        return _point(node.value)
    if isinstance(node, Softmax):
        return 0.0, 1.0
    if isinstance(node, Map):
        return _of_map(node, known)
    if isinstance(node, Plus | Hadamard | Scale):
        atoms = dict.fromkeys(_atoms(node))
        inner = {atom: _interval(atom, known) for atom in atoms}
        bounded = {atom: found for atom, found in inner.items() if found is not None}
        if len(bounded) < len(atoms):
            return None
        if len(atoms) <= MAX_ATOMS and all(_degree(node, a) <= 1 for a in atoms):
            return _corners(node, bounded)
        return _coarse(node, bounded)
    return None


def _point(number: Expr) -> Interval:
    value = float(evaluated(number))
    return value, value


def _of_map(node: Map, known: Mapping[Array, Interval]) -> Interval | None:
    if node.name == "square":
        inner = _interval(node.arg, known)
        return None if inner is None else (0.0, max(end * end for end in inner))
    return RANGES.get(node.name)


def _atoms(node: Node) -> Iterator[Node]:
    """Yield what sums, elementwise products and multiples are made of."""
    if isinstance(node, Plus | Hadamard | Scale):
        for child in node.children:
            yield from _atoms(child)
    elif not isinstance(node, Fill):
        yield node


def _degree(node: Node, atom: Node) -> int:
    if node == atom:
        return 1
    inner = [_degree(c, atom) for c in node.children if isinstance(node, Plus | Hadamard | Scale)]
    return sum(inner) if isinstance(node, Hadamard) else max(inner, default=0)


def _corners(node: Node, known: Mapping[Node, Interval]) -> Interval:
    """An expression of degree 1 in each of its atoms is extreme at a corner of their box."""
    values = [
        _value(node, dict(zip(known, corner, strict=True))) for corner in product(*known.values())
    ]
    return min(values), max(values)


def _value(node: Node, at: Mapping[Node, float]) -> float:
    if isinstance(node, Fill):
        return _point(node.value)[0]
    if node in at:
        return at[node]
    inner = [_value(child, at) for child in node.children]
    if isinstance(node, Plus):
        return sum(inner)
    return prod(inner) if isinstance(node, Hadamard) else _point(node.args[0])[0] * inner[0]


def _coarse(node: Node, known: Mapping[Node, Interval]) -> Interval:
    """Interval arithmetic: sound for any degree, and wider than need be."""
    if isinstance(node, Fill):
        return _point(node.value)
    if node in known:
        return known[node]
    inner = [_coarse(child, known) for child in node.children]
    if isinstance(node, Plus):
        return sum(low for low, _ in inner), sum(high for _, high in inner)
    if isinstance(node, Scale):
        inner.append(_point(node.factor))
    total = inner[0]
    for other in inner[1:]:
        ends = [a * b for a in total for b in other]
        total = min(ends), max(ends)
    return total
