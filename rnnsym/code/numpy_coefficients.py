"""Coefficients of adjoints: known before the recursion, so computed a few steps ahead of it."""

from rnnsym.code.linear import LinearLine
from rnnsym.code.numpy_fans import Fan
from rnnsym.code.numpy_layer import Layer, Some
from rnnsym.expr import TIME, Array, Family, Node

__all__ = ["Coefficients"]


class Coefficients(Some):
    """The lines that compute them, and their arrays.

    Attributes:
        buffers: the lines that make the arrays.
        names: of the arrays.
    """

    def __init__(self, layer: Layer) -> None:
        super().__init__(layer)
        self.buffers: list[str] = []
        self.names: list[str] = []
        self.known: dict[Node, Array] = {}

    def array(self, node: Node, line: LinearLine) -> Array:
        """Return the array that holds a coefficient of a line."""
        if isinstance(node, Array) and node.time == TIME and self.layer.is_slotted(node):
            return node
        if node not in self.known:
            name = self._name(line.line.target.name.removeprefix("delta_"))
            self.known[node] = Array(Family(name, name), node.shape, None, TIME)
            self.buffers.append(f"{name} = np.empty((few, {self.layer.rows(node)}, B), dtype)")
            self._fill(f"{name}[:count]", self.known[node], node)
        return self.known[node]

    def stack(self, fan: Fan) -> str:
        """Return the name of the array that holds the coefficients of neighbours."""
        name, rows = self._name(fan.name), self.layer.rows(fan.base)
        self.buffers.append(f"{name} = np.empty((few, {len(fan.parts)}, {rows}, B), dtype)")
        for place, part in enumerate(fan.parts):
            assert part.term.coefficient is not None
            row = Array(Family("row", "row"), part.array.shape, None, TIME)
            self._fill(f"{name}[:count, {place}]", row, part.term.coefficient)
        return name

    def _name(self, stem: str) -> str:
        name, number = f"k_{stem}", 2
        while name in self.names:
            name, number = f"k_{stem}{number}", number + 1
        self.names.append(name)
        return name

    def _fill(self, place: str, array: Array, node: Node) -> None:
        self.comment(array, node)
        self.add(f"row = {place}")
        self.compute(node, "row")
