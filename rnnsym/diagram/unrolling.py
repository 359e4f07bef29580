"""A system unrolled over a few steps: a unit for every layer, direction and step, and its reads.

The reads come from the equations: indices are replaced by numbers, and an array that another unit
defines is an edge from that unit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rnnsym.diagram.describe import read_sentences
from rnnsym.diagram.graph import Graph, Label, Link, Vertex
from rnnsym.equations import Block, Loop, System
from rnnsym.expr import LAYER, LAYERS, STEPS, TIME, Array, Expr, Family, Integer, Span, arrays_in
from rnnsym.model_text import Dense, Embedding, Recurrent
from rnnsym.record import record

__all__ = ["DEPTH", "Unit", "Unrolling"]

DEPTH = 3
"""As many layers are drawn where their number is the symbol L."""
ONE = Integer(1)
ARROWS = {"fwd": "→", "bwd": "←", "": ""}


Place = tuple[Family, Expr | None, Expr | None]


def place(array: Array) -> Place:
    """Return what tells an array from others: its name and its indices."""
    return array.family, array.layer, array.time


@record
class Unit:
    """The equations of one loop at one layer and step.

    Attributes:
        row: its place among the loops of the model, from the first.
        step: the step, or None for what is computed once.
    """

    name: str
    block: Block
    loop: Loop
    layer: int | None
    step: int | None
    row: int


class Unrolling:
    """The units of a system over ``steps`` steps, and which unit defines which array."""

    def __init__(self, system: System, steps: int) -> None:
        self.system, self.steps = system, steps
        self.states = {state.array.family for state in system.states}
        depth = system.bound.get("L", DEPTH)
        self.rule: Mapping[Expr, Expr] = {STEPS: Integer(steps), LAYERS: Integer(depth)}
        self.units: list[Unit] = []
        # By name and indices: a width has one name where it is made, another where it is read.
        self.same: dict[Place, Array] = {}
        self.maker: dict[Place, Unit] = {}
        self.inputs: dict[str, list[Array]] = {}
        rows = 0
        for block in system.blocks:
            for layer in self._layers(block):
                for loop in block.loops:
                    rows += self._add(block, loop, layer, rows)

    def _layers(self, block: Block) -> list[int | None]:
        spans = [e.layer for loop in block.loops for e in loop.equations if e.layer is not None]
        return list(self.numbers(spans[0])) if spans else [None]

    def numbers(self, span: Span) -> range:
        """Return the numbers of a span."""
        concrete = span.at(self.rule)
        return range(int(concrete.first), int(concrete.last) + 1)

    def _add(self, block: Block, loop: Loop, layer: int | None, row: int) -> int:
        """Add the units of a loop; return how many rows they take: a copy takes none."""
        copies = all(isinstance(e.rhs, Array) for e in loop.equations)
        for step in self._steps(loop):
            unit = Unit(f"{row}.{step}", block, loop, layer, step, row)
            for equation in loop.equations:
                lhs = self.array(equation.lhs, layer, step)
                if copies and isinstance(equation.rhs, Array):
                    self.same[place(lhs)] = self.array(equation.rhs, layer, step)
                else:
                    self.maker[place(lhs)] = unit
            if not copies:
                self.units.append(unit)
        return 0 if copies else 1

    def _steps(self, loop: Loop) -> list[int | None]:
        return [None] if loop.order == 0 else list(range(1, self.steps + 1))

    def indices(self, layer: int | None, step: int | None) -> dict[Expr, Expr]:
        """Return what replaces the symbols of an equation at one layer and step."""
        found = dict(self.rule)
        if layer is not None:
            found[LAYER] = Integer(layer)
        if step is not None:
            found[TIME] = Integer(step)
        return found

    def array(self, array: Array, layer: int | None, step: int | None) -> Array:
        """Return an array with numbers for its indices."""
        return array.xreplace(self.rule).xreplace(self.indices(layer, step))

    def origin(self, array: Array) -> Array:
        """Return the array of which this one is a copy."""
        while place(array) in self.same:
            array = self.same[place(array)]
        return array

    def vertex(self, array: Array) -> str:
        """Return the vertex that an array comes out of: a unit, or an input."""
        origin = self.origin(array)
        if place(origin) in self.maker:
            return self.maker[place(origin)].name
        family = origin.family
        name = f"state {family.direction}" if family in self.states else family.name
        name = f"{name} {origin.layer or ''} {origin.time}"
        arrays = self.inputs.setdefault(name, [])
        if origin not in arrays:
            arrays.append(origin)
        return name

    # The graph

    def reads(self) -> Iterator[tuple[str, Unit, Array]]:
        """Yield every array that a unit reads from elsewhere, with the vertex it comes out of."""
        for unit in self.units:
            for equation in unit.loop.equations:
                for array in arrays_in(equation.rhs):
                    concrete = self.array(array, unit.layer, unit.step)
                    if array.time is None or self._is_zero(concrete):
                        continue
                    source = self.vertex(concrete)
                    if source != unit.name:
                        yield source, unit, self.origin(concrete)

    def _is_zero(self, array: Array) -> bool:
        """Tell whether this belongs to no step and is no state: such inputs are zero."""
        outside = array.time is not None and not 1 <= int(array.time) <= self.steps
        return outside and array.family not in self.states

    def losses(self) -> Iterator[tuple[str, Vertex, Array]]:
        """Yield where the loss reaches the model: the vertex, the loss there, the array it sees."""
        for term in self.system.loss_terms:
            for step in [None] if term.time is None else self.numbers(term.time):
                target = self.array(term.target, None, step)
                time = None if step is None else Integer(step)
                loss = Array(Family("L", "L"), (ONE, ONE), None, time)
                name = "L" if step is None else f"L{step}"
                yield self.vertex(target), Vertex(name, (loss,), "label"), self.origin(target)

    def graph(self, title: str) -> Graph:
        """Return the graph of all reads on the way to the loss, the loss included."""
        found: dict[tuple[str, str], dict[Array, None]] = {}
        for source, unit, array in self.reads():
            found.setdefault((source, unit.name), {})[array] = None
        ends: dict[str, Vertex] = {}
        for source, loss, array in self.losses():
            ends[loss.name] = loss
            found.setdefault((source, loss.name), {})[array] = None
        needed = _leading_to(ends, found)
        links = [self._link(s, t, tuple(a)) for (s, t), a in found.items() if t in needed]
        if any(loop.order < 0 for block in self.system.blocks for loop in block.loops):
            links = _said_once(links)
        inputs = (Vertex(n, _in_two_rows(arrays), "label") for n, arrays in self.inputs.items())
        vertices = (*inputs, *map(self._vertex, self.units), *ends.values())
        shown = tuple(v for v in vertices if v.name in needed)
        graph = Graph(title, "", shown, tuple(links))
        return replace(graph, description=read_sentences(graph))

    def _vertex(self, unit: Unit) -> Vertex:
        spec, cell = unit.block.spec, unit.block.cell
        if isinstance(spec, Dense):
            activation = f" {spec.activation}" if spec.activation else ""
            return Vertex(unit.name, (f"dense{activation}",))
        if isinstance(spec, Embedding):
            return Vertex(unit.name, ("embedding",))
        direction = unit.loop.equations[0].lhs.family.direction
        if cell is None or (isinstance(spec, Recurrent) and spec.merge and not direction):
            return Vertex(unit.name, (self._merge(unit.block),))
        return Vertex(unit.name, (cell.name + ARROWS[direction],))

    def _merge(self, block: Block) -> str:
        """How the directions of a layer are merged, or for a summary those of the layer below."""
        below = self.system.blocks[: self.system.blocks.index(block) + 1]
        specs = [b.spec for b in below if isinstance(b.spec, Recurrent)]
        return str(specs[-1].merge)

    def _link(self, source: str, target: str, arrays: tuple[Array, ...]) -> Link:
        labels = () if source in self.inputs else tuple((a,) for a in arrays)
        return Link(source, target, labels, arrays)

    # Places

    def cells(self, graph: Graph) -> dict[str, tuple[int, int]]:
        """Return columns by step and rows by layer, the first layer lowest."""
        shown = {vertex.name for vertex in graph.vertices}
        units = [unit for unit in self.units if unit.name in shown]
        top, last = max(unit.row for unit in units) + 1, self.steps + 1
        places: dict[str, tuple[int, int]] = {}
        for unit in units:
            places[unit.name] = (last if unit.step is None else unit.step), top - unit.row
        for vertex in graph.vertices:
            if vertex.name not in places:
                places[vertex.name] = self._end(graph, vertex, places, top)
        return places

    def _end(
        self, graph: Graph, vertex: Vertex, places: dict[str, tuple[int, int]], top: int
    ) -> tuple[int, int]:
        """Inputs lowest, losses highest, initial states before the unit that reads them."""
        array = vertex.label[0]
        readers = [x.target for x in graph.links if x.source == vertex.name]
        if not isinstance(array, Array) or not readers:
            source = next(x.source for x in graph.links if x.target == vertex.name)
            return places[source][0], 0
        first = places[readers[0]]
        if array.family not in self.states:
            return (int(array.time) if array.time is not None else 1), top + 1
        return (0 if array.time == 0 else self.steps + 1), first[1]


def _said_once(links: list[Link]) -> list[Link]:
    """Leave out labels that stand on another line out of the same vertex, further up or ahead."""
    said: set[tuple[str, Label]] = set()
    found: list[Link] = []
    for link in links:
        labels = tuple(x for x in link.labels if (link.source, x) not in said)
        said |= {(link.source, x) for x in labels}
        found.append(replace(link, labels=labels))
    return found


def _in_two_rows(arrays: Sequence[Array]) -> Label:
    """Several states of one chain on two lines, or its one state."""
    half = (len(arrays) + 1) // 2
    rest = arrays[half:]
    return (*_listed(arrays[:half]), *([",", "\n", *_listed(rest)] if rest else []))


def _listed(arrays: Sequence[Array]) -> Label:
    parts: list[Array | str] = [arrays[0]]
    for array in arrays[1:]:
        parts += [", ", array]
    return tuple(parts)


def _leading_to(ends: Iterable[str], edges: Iterable[tuple[str, str]]) -> set[str]:
    """The vertices from which one of ``ends`` is reached, those included."""
    sources: dict[str, list[str]] = {}
    for source, target in edges:
        sources.setdefault(target, []).append(source)
    found = list(ends)
    for name in found:
        found += [s for s in sources.get(name, []) if s not in found]
    return set(found)
