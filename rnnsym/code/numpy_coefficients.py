"""Coefficients of adjoints: known before the recursion, so computed a few steps ahead of it.

They stand in the order of the products that they belong to. Neighbours in the stack often begin
alike, with the derivative of a gate by its pre-activation: one call serves them all.
"""

from collections.abc import Iterable
from itertools import groupby

from rnnsym.code.linear import LinearLine
from rnnsym.code.numpy_fans import Fan, Fans
from rnnsym.code.numpy_layer import Layer, Some
from rnnsym.code.numpy_text import TEXT
from rnnsym.code.units import arrays_in
from rnnsym.expr import (
    TIME,
    Array,
    Family,
    Fill,
    Hadamard,
    Node,
    Tuple,
    hadamard,
    rebuild,
    source,
)
from rnnsym.record import record

__all__ = ["Coefficients"]


@record
class Row:
    """One coefficient, and where it is written.

    Attributes:
        rank: of its place; neighbours have consecutive ones.
        gate: the y = f(a) if it is that of an a's adjoint.
    """

    array: Array
    node: Node
    place: str
    rank: int
    gate: Array | None = None

    @property
    def factors(self) -> tuple[Node, ...]:
        """What is multiplied."""
        return self.node.children if isinstance(self.node, Hadamard) else (self.node,)

    @property
    def own(self) -> tuple[Node, ...]:
        """The factors that read the gate and nothing else."""
        return tuple(f for f in self.factors if {*arrays_in(f)} == {self.gate})

    def own_of(self, gate: Array) -> tuple[Node, ...]:
        """Return these factors as another gate has them, or several on top of each other."""
        return tuple(_swapped(f, self.gate, gate) for f in self.own)


class Coefficients(Some):
    """The lines that compute them, and their arrays.

    Attributes:
        buffers: the lines that make the arrays.
        names: of the arrays.
    """

    def __init__(self, layer: Layer, fans: Fans) -> None:
        super().__init__(layer)
        self.fans = fans
        self.names: list[str] = []
        self.known: dict[Node, Array] = {}
        self.rows: list[Row] = []
        self.done: list[Row] = []
        together = [f"k = np.empty((few, {fans.size}, B), dtype)"] if fans.together else []
        self.buffers: list[str] = together

    def array(self, node: Node, line: LinearLine) -> Array:
        """Return the array that holds a coefficient of a line."""
        if isinstance(node, Array) and node.time == TIME and self.layer.is_slotted(node):
            return node
        if node not in self.known:
            array = self._named(line.line.target.name, node)
            self.known[node] = array
            self.rows.append(Row(array, node, f"{array.name}[:count]", self._alone))
            shape = f"few, {self.layer.rows(node)}, B"
            self.buffers.append(f"{array.name} = np.empty(({shape}), dtype)")
        return self.known[node]

    def stack(self, fan: Fan) -> str:
        """Return the name of the array that holds the coefficients of neighbours."""
        name = self._named(f"from_{fan.name}", fan.base).name
        shape = f"few, {len(fan.parts)}, {self.layer.rows(fan.base)}, B"
        apart = fan in self.fans.apart
        cut = "" if apart else self.fans.cut(p.array for p in fan.parts)
        rows = "k" if cut == ":" else f"k[:, {cut}]"
        made = f"np.empty(({shape}), dtype)" if apart else f"{rows}.reshape({shape})"
        self.buffers.append(f"{name} = {made}")
        for number, part in enumerate(fan.parts):
            node = part.term.coefficient
            assert node is not None
            array = self._named(part.array.name, node)
            if apart:
                row = Row(array, node, f"{name}[:count, {number}]", self._alone)
            else:
                place = f"k[:count, {self.fans.cut([part.array])}]"
                gate = self.layer.plan.in_place.get(part.line.line.of.family)
                rank = self.fans.rows.index(part.array)
                row = Row(array, node, place, rank, gate if part.whole else None)
            self.rows.append(row)
        return name

    @property
    def _alone(self) -> int:
        """The rank of a row that has no neighbour."""
        return len(self.fans.rows) + 2 * len(self.rows)

    def _named(self, stem: str, like: Node) -> Array:
        stem = f"k_{stem.removeprefix('delta_')}"
        name, number = stem, 2
        while name in self.names or name in self.layer.plan.kept.names:
            name, number = f"{stem}{number}", number + 1
        self.names.append(name)
        return Array(Family(name, name), like.shape, None, TIME)

    # The lines

    def fill(self) -> list[str]:
        """Return the lines that compute all coefficients, once all are known."""
        ranked = sorted(self.rows, key=lambda r: (self._length(r), r.rank))
        keys = [(_beginning(r), r.rank - i if r.own else r.rank) for i, r in enumerate(ranked)]
        for _, group in groupby(zip(keys, ranked, strict=True), lambda pair: pair[0]):
            rows = [row for _, row in group]
            for row in rows:
                self.comment(row.array, row.node)
            if len(rows) > 1:
                self._together(rows)
            else:
                self.add(f"row = {rows[0].place}")
                self.compute(hadamard(*self._read(rows[0].factors)), "row")
            self.done += [r for r in rows if not isinstance(r.node, Array)]
        return self.lines

    def _length(self, row: Row) -> float:
        """Return how many factors a row has that others read, so that it comes before them."""
        own = {*row.factors}
        read = not isinstance(row.node, Array) and any(own < {*r.factors} for r in self.rows)
        return len(own) if read else float("inf")

    def _read(self, factors: Iterable[Node]) -> list[Node]:
        """Return factors, those that a row holds already as that row, the longest first."""
        left, found = list(factors), list[Node]()
        for row in sorted(self.done, key=lambda r: -len(r.factors)):
            if all(f in left for f in row.factors):
                left = [f for f in left if f not in row.factors]
                found.append(Array(Family(row.place, row.place, "", TEXT), row.node.shape))
        return [*found, *left]

    def _together(self, rows: list[Row]) -> None:
        """Write neighbours: what they begin with at once, then the other factors of each."""
        gates, line = self.layer.view([r.gate for r in rows if r.gate is not None])
        self.buffers += [line] if line not in self.buffers else []
        self.add(f"rows = k[:count, {self.fans.cut(self.fans.rows[r.rank] for r in rows)}]")
        self.compute(hadamard(*rows[0].own_of(gates)), "rows")
        for row in rows:
            rest = self._read(f for f in row.factors if f not in row.own)
            if rest:
                self.add(f"row = {row.place}")
            for factor in rest:
                self.multiply_by("row", factor)


def _beginning(row: Row) -> str:
    """Return what tells apart rows that begin unlike."""
    return " ".join(source(f) for f in row.own_of(Array(Family("y", "y"), row.array.shape)))


def _swapped(node: Node, old: Array | None, new: Array) -> Node:
    """Return ``node`` with another array, of any size, in the place of one."""
    if node == old:
        return new
    if isinstance(node, Fill):
        return Fill(node.value, Tuple(*new.shape))
    return rebuild(node, tuple(_swapped(c, old, new) for c in node.children))
