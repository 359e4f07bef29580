"""The graph inside a cell: one box for every function, one circle for every operation.

A box holds an elementwise function and draws what it is applied to as its inputs: weights and
biases are inside, and an input that a matrix multiplies is an arrow into the box. What matters is
that every array an equation reads is an arrow of the figure.
"""

from collections.abc import Iterable
from dataclasses import replace

from rnnsym.cell import Cell
from rnnsym.diagram.describe import cell_sentences
from rnnsym.diagram.graph import Graph, Label, Link, Vertex
from rnnsym.expr import (
    ACTIVATIONS,
    Array,
    Fill,
    Hadamard,
    Map,
    Maximum,
    Node,
    Plus,
    Product,
    Scale,
    Spread,
    hadamard,
)

__all__ = ["cell_graph", "is_weight", "signal_name"]

CIRCLE_INPUTS = 3
Inputs = dict[str, tuple[Node, ...]]


def is_weight(node: Node) -> bool:
    """Tell whether nothing in ``node`` changes from step to step."""
    return not (isinstance(node, Array) and node.time is not None) and all(
        is_weight(c) for c in node.children
    )


def signal_name(array: Array) -> str:
    """Return the vertex of an array that the cell reads: "h[t - 1]", "x[t]"."""
    return f"{array.name}[{array.time}]"


def cell_graph(cell: Cell) -> Graph:
    """Return the graph of a cell's equations."""
    return _Builder(cell).graph()


class _Builder:
    """Equations to vertices and links, each value once."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.vertices: dict[str, Vertex] = {}
        self.links: list[Link] = []
        self.found: dict[Node, str] = {}
        self.equation = ""

    def graph(self) -> Graph:
        """Return the graph: inputs, then the equations in order, then outputs."""
        for name, rhs in self.cell.written.items():
            self.equation = name
            lhs = self._left(name)
            self.found[lhs] = self.signal(rhs)
        ends = list(dict.fromkeys([*self.cell.states, self.cell.output]))
        names = self._names({end.name for end in ends})
        for end in ends:
            self._vertex(f"{end.name} out", (end,), "label", {self.found[end]: (end,)})
        inputs = [v for v in self.vertices.values() if self._is_input(v)]
        others = [v for v in self.vertices.values() if not self._is_input(v)]
        title = f"{self.cell.name}: one step"
        graph = Graph(title, "", (*inputs, *others), tuple(self.links), names)
        return replace(graph, description=cell_sentences(graph))

    def _left(self, name: str) -> Array:
        return next(e.lhs for e in self.cell.equations if e.lhs.name == name)

    def _is_input(self, vertex: Vertex) -> bool:
        return vertex.shape == "label" and not vertex.name.endswith(" out")

    def _names(self, ends: set[str]) -> tuple[tuple[str, Label], ...]:
        """The name of what leaves a vertex, where no output says it."""
        lefts = [self._left(n) for n in self.cell.written]
        return tuple((self.found[lhs], (lhs,)) for lhs in lefts if lhs.name not in ends)

    def _vertex(self, name: str, label: Label, shape: str, inputs: Inputs) -> str:
        fresh, k = name, 2
        while fresh in self.vertices:
            fresh, k = f"{name}.{k}", k + 1
        if shape == "circle" and len(inputs) > CIRCLE_INPUTS:
            shape = "box"
        self.vertices[fresh] = Vertex(fresh, label, shape)
        self.links += [Link(s, fresh, (), arrays) for s, arrays in inputs.items()]
        return fresh

    # Values

    def signal(self, node: Node) -> str:
        """Return the vertex that ``node`` comes out of."""
        if node not in self.found:
            self.found[node] = self._input(node) if isinstance(node, Array) else self._new(node)
        return self.found[node]

    def _input(self, array: Array) -> str:
        return self._vertex(signal_name(array), (array,), "label", {})

    def _new(self, node: Node) -> str:
        match node:
            case Map():
                shown = "1/·" if node.name == "reciprocal" else ACTIVATIONS[node.name].text
                return self._box((shown,), self.reads(node.arg))
            case Scale():
                gain: Label = ("−",) if node.factor == -1 else (node.factor,)
                return self._box(gain, self._into([node.arg]))
            case Spread():
                return self.signal(node.arg)
            case Maximum():
                return self._box(("max",), self._into(node.children))
            case Product():
                first = node.children[0]
                plain = isinstance(first, Array) and len(node.children) == 2
                return self._box((first,) if plain else ("affine",), self.reads(node))
            case Hadamard():
                return self._product(node)
            case Plus():
                return self._sum(node)
            case _:
                raise TypeError(f"cannot draw a {type(node).__name__}")

    def _box(self, label: Label, inputs: Inputs) -> str:
        return self._vertex(self.equation, label, "box", inputs)

    def _into(self, nodes: Iterable[Node]) -> Inputs:
        """The vertices that carry some values, each with the value where it has a name."""
        inputs: Inputs = {}
        for node in nodes:
            arrays = (node,) if isinstance(node, Array) else ()
            inputs[self.signal(node)] = arrays
        return inputs

    def _product(self, node: Hadamard) -> str:
        weights = [c for c in node.children if is_weight(c)]
        rest = [c for c in node.children if not is_weight(c)]
        if weights:
            gain = hadamard(*weights)
            return self._box((gain,), self._into([hadamard(*rest)]))
        return self._vertex(self.equation, ("⊙",), "circle", self._into(rest))

    def _sum(self, node: Plus) -> str:
        numbers = [c for c in node.children if isinstance(c, Fill)]
        weighted = [c for c in node.children if _is_weighted(c)]
        biases = [c for c in node.children if is_weight(c) and not isinstance(c, Fill)]
        used = {*numbers, *weighted, *biases}
        rest = [c for c in node.children if c not in used]
        if numbers and not weighted and not biases and len(rest) == 1:
            return self._shifted(numbers[0], rest[0])
        inputs = self._into(rest)
        if weighted:
            inner = self._reads_of(weighted)
            if not rest:
                return self._box(("affine",), inner)
            inputs[self._box(("affine",), inner)] = ()
        if not weighted and (biases or numbers):
            added: Label = tuple(p for c in (*numbers, *biases) for p in ("+", c))
            return self._box(added, inputs)
        return self._vertex(self.equation, ("+",), "circle", inputs)

    def _shifted(self, number: Fill, other: Node) -> str:
        if isinstance(other, Scale) and other.factor == -1:
            return self._box((number.value, "−"), self._into([other.arg]))
        return self._box((number.value, "+"), self._into([other]))

    # What a box is applied to

    def reads(self, node: Node) -> Inputs:
        """Return the inputs of a box that is applied to ``node``: weights are inside the box."""
        plain = isinstance(node, Plus) and not any(isinstance(c, Fill) for c in node.children)
        return self._reads_of(node.children if plain else [node])

    def _reads_of(self, nodes: Iterable[Node]) -> Inputs:
        inputs: Inputs = {}
        for node in nodes:
            if is_weight(node):
                continue
            bare = _unweighted(node)
            arrays = (bare,) if isinstance(bare, Array) else ()
            inputs[self.signal(bare)] = arrays
        return inputs


def _is_weighted(node: Node) -> bool:
    return isinstance(node, Product) and not is_weight(node)


def _unweighted(node: Node) -> Node:
    """Return what the weights of a term are applied to."""
    if isinstance(node, Product):
        return node.children[-1]
    if isinstance(node, Hadamard):
        rest = [c for c in node.children if not is_weight(c)]
        return hadamard(*rest)
    return node
