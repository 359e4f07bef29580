"""One cell placed in a model: at a layer, in one direction."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from rnnsym.cell import Cell
from rnnsym.equations import Equation, Loop, State, Weight
from rnnsym.expr import (
    STEPS,
    TIME,
    Array,
    Expr,
    Family,
    Fill,
    Integer,
    Node,
    Rational,
    Span,
    Spread,
    Tuple,
    concat,
    hadamard,
    plus,
    rebuild,
    scale,
    size,
    spread,
)
from rnnsym.record import record

__all__ = ["ALL_STEPS", "Chain", "Place", "merged"]

ONE = Integer(1)
ALL_STEPS = Span(ONE, STEPS)


@record
class Place:
    """Where a layer of the model's text stands.

    Attributes:
        layer: the layer index of its arrays, if they have one.
        layers: the layers its equations hold for, where ``layer`` is the symbol ℓ.
        sizes: what the cell's own sizes are called here.
        read: what the layer reads at a given time.
    """

    layer: Expr | None
    layers: Span | None
    sizes: Mapping[Expr, Expr]
    read: Callable[[Expr], Array]


class Chain:
    """One cell at a place, in one direction ("" where there is but one)."""

    def __init__(self, cell: Cell, place: Place, direction: str) -> None:
        backward = direction == "bwd"
        self.place, self.direction = place, direction
        self.initial: Expr = STEPS + 1 if backward else Integer(0)
        self.final: Expr = ONE if backward else STEPS
        self.sizes = {**place.sizes, size("d"): place.read(TIME).shape[0]}
        self.loop = Loop(-1 if backward else 1, tuple(self._equations(cell)))
        self.states = [self._state(s, cell.domain.get(s.name, "real")) for s in cell.states]
        self.weights = [Weight(self._array(p), place.layers) for p in cell.parameters]
        self.output = self._array(cell.output)

    def _equations(self, cell: Cell) -> list[Equation]:
        layers = self.place.layers
        return [
            Equation(
                self._array(e.lhs),
                self._placed(e.rhs),
                ALL_STEPS,
                layers,
                e.adjoint,
                e.fused,
                e.purpose,
            )
            for e in cell.equations
        ]

    def _state(self, state: Array, domain: str) -> State:
        return State(self._array(state), self.initial, self.final, self.place.layers, domain)

    def _array(self, array: Array) -> Array:
        time = array.time
        if time is not None and self.direction == "bwd":
            time = 2 * TIME - time
        if array.name == "x" and time is not None:
            return self.place.read(time)
        rows, cols = (s.xreplace(self.sizes) for s in array.shape)
        family = _directed(array.family, self.direction)
        return Array(family, (rows, cols), self.place.layer, time)

    def _placed(self, node: Node) -> Node:
        if isinstance(node, Array):
            return self._array(node)
        if isinstance(node, Fill):
            return Fill(node.value, Tuple(*(s.xreplace(self.sizes) for s in node.shape)))
        if isinstance(node, Spread):
            return spread(self._placed(node.arg), node.shape[0].xreplace(self.sizes))
        return rebuild(node, tuple(self._placed(c) for c in node.children))


@lru_cache(maxsize=1024)
def _directed(family: Family, direction: str) -> Family:
    return Family(family.name, family.label, direction, family.role)


def merged(merge: str | None, chains: Sequence[Array]) -> Node:
    """Return the output of a layer from those of its chains."""
    if merge is None:
        return chains[0]
    if merge == "concat":
        return concat(*chains)
    if merge == "mul":
        return hadamard(*chains)
    total = plus(*chains)
    return total if merge == "sum" else scale(Rational(1, 2), total)
