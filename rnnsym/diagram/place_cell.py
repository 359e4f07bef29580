"""Where the vertices of a cell stand: states as lanes on top, gates in a row, inputs below.

A state that reaches its next value through operations alone, such as the LSTM's c, is a lane that
runs straight across the top. What reads the input or an old state is a gate: the gates stand in one
row, each in a column of its own. An operation on gates stands above the last of them, one on a lane
hangs below it. Inputs that several gates share run together once.
"""

from dataclasses import replace
from itertools import combinations

from rnnsym.diagram.graph import Graph, Link, Vertex

__all__ = ["place_cell"]

Cells = dict[str, tuple[int, int]]


def place_cell(graph: Graph) -> tuple[Graph, Cells]:
    """Return the graph, shared inputs joined, and the column and row of each vertex."""
    joined = _joined(graph)
    return joined, _Places(joined).cells()


def _inputs(graph: Graph) -> set[str]:
    return {v.name for v in graph.vertices if v.shape == "label" and not _is_output(v)}


def _is_output(vertex: Vertex) -> bool:
    return vertex.name.endswith(" out")


def _joined(graph: Graph) -> Graph:
    """Lead the inputs that two boxes or more share through one point."""
    sources = _inputs(graph)
    boxes = [v.name for v in graph.vertices if v.shape == "box"]
    reads = {b: [x.source for x in graph.links if x.target == b and x.source in sources]
             for b in boxes}  # fmt: skip
    shared: list[str] = []
    readers: list[str] = []
    for a, b in combinations(boxes, 2):
        both = [s for s in reads[a] if s in reads[b]]
        those = [c for c in boxes if set(both) <= set(reads[c])]
        if len(both) > 1 and (len(those), len(both)) > (len(readers), len(shared)):
            shared, readers = both, those
    if not shared:
        return graph
    links: list[Link] = []
    carried: dict[str, Link] = {}
    for link in graph.links:
        if link.source not in shared or link.target not in readers:
            links.append(link)
            continue
        carried.setdefault(link.source, replace(link, target="join"))
        if link.source == shared[0]:
            reads_of = (x for x in graph.links if x.target == link.target and x.source in shared)
            arrays = tuple(a for x in reads_of for a in x.reads)
            links.append(Link("join", link.target, (), arrays))
    dot = Vertex("join", (), "dot")
    return replace(
        graph,
        vertices=(*graph.vertices, dot),
        links=(*(carried[s] for s in shared), *links),
    )


class _Places:
    """Columns from left to right in the order of the equations."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.inputs = _inputs(graph)
        self.shape = {v.name: v.shape for v in graph.vertices}
        self.sources: dict[str, list[str]] = {v.name: [] for v in graph.vertices}
        self.readers: dict[str, list[str]] = {v.name: [] for v in graph.vertices}
        for link in graph.links:
            self.sources[link.target].append(link.source)
            self.readers[link.source].append(link.target)
        self.lanes = self._lanes()
        self.lane_of = {v: k for k, lane in enumerate(self.lanes) for v in lane}
        self.column: dict[str, int] = {}
        self.up: dict[str, int] = {}
        self.down: dict[str, int] = {}
        self.ends: dict[int, str] = {}

    # Lanes

    def _lanes(self) -> list[list[str]]:
        """The paths of states that nothing but operations change, inputs and outputs included."""
        taken: set[str] = set()
        lanes: list[list[str]] = []
        order = [v.name for v in self.graph.vertices]
        outputs = [v.name for v in self.graph.vertices if _is_output(v)]
        for output in sorted(outputs, key=lambda o: order.index(self.sources[o][0])):
            path = self._path(f"{output.removesuffix(' out')}[t - 1]", output, taken)
            if path:
                lanes.append(path)
                taken.update(path)
        return lanes

    def _path(self, first: str, last: str, taken: set[str]) -> list[str]:
        """The shortest path through operations that are not taken, or nothing."""
        paths = [[first]] if first in self.sources else []
        seen = {first}
        for path in paths:
            for reader in self.readers[path[-1]]:
                if reader == last:
                    return [*path, last]
                if reader not in seen and reader not in taken and self._operation(reader):
                    seen.add(reader)
                    paths.append([*path, reader])
        return []

    def _operation(self, name: str) -> bool:
        alone = len(self.sources[name]) == 1 and self.sources[name] != ["join"]
        label = next(v.label for v in self.graph.vertices if v.name == name)
        return self.shape[name] == "circle" or alone or label == ("max",)

    # Columns, and places above the gates or below the lanes

    def cells(self) -> Cells:
        """Return the column and row of every vertex."""
        for name in self._order():
            if self.shape[name] in ("box", "circle"):
                self._put(name)
        lanes = len(self.lanes)
        middle = max([*self.up.values(), *(d - 1 for d in self.down.values())], default=0)
        gates = lanes + middle
        cells: Cells = {}
        for name, column in self.column.items():
            if name in self.lane_of:
                cells[name] = column, self.lane_of[name]
            elif name in self.down:
                cells[name] = column, lanes - 1 + self.down[name]
            else:
                cells[name] = column, gates - self.up[name]
        self._place_inputs(cells, gates)
        self._place_outputs(cells)
        return cells

    def _order(self) -> list[str]:
        """Each vertex after those it reads, what belongs to one output together, lanes first."""
        lasts = [lane[-1] for lane in self.lanes]
        outputs = [v.name for v in self.graph.vertices if _is_output(v)]
        done: list[str] = []

        def visit(name: str) -> None:
            if name not in done:
                for source in self.sources[name]:
                    visit(source)
                done.append(name)

        for name in [*lasts, *outputs, *self.sources]:
            visit(name)
        return done

    def _next(self) -> int:
        return max(self.column.values(), default=0) + 1

    def _put(self, name: str) -> None:
        made = [s for s in self.sources[name] if s in self.column]
        last = max(made, key=lambda s: self.column[s], default="")
        if name in self.lane_of:
            lane = self.lanes[self.lane_of[name]]
            before = self.column.get(lane[lane.index(name) - 1], 0)
            beside = max((self.column[s] for s in made if s not in lane), default=1)
            self.column[name] = max(before + 1, beside)
        elif not last or self._is_gate(name) or self._feeds_gate(name):
            self.column[name], self.up[name] = self._next(), 0
        elif last in self.lane_of:
            self._hang(name, self._next(), 1)
        elif self.ends.get(self.column[last]) == last and not self._is_map_of(name, last):
            if last in self.down:
                self._hang(name, self.column[last], self.down[last] + 1)
            else:
                self.column[name], self.up[name] = self.column[last], self.up[last] + 1
        elif last in self.down:
            self._hang(name, self._next(), self.down[last])
        else:
            self.column[name], self.up[name] = self._next(), self.up[last]
        if name not in self.lane_of:
            self.ends[self.column[name]] = name

    def _hang(self, name: str, column: int, depth: int) -> None:
        self.column[name], self.down[name] = column, depth

    def _feeds_gate(self, name: str) -> bool:
        """Tell whether a box that also reads an input reads this."""
        return any(self.shape[r] == "box" and self._is_gate(r) for r in self.readers[name])

    def _is_gate(self, name: str) -> bool:
        """Tell whether this reads the input, or a state that is no lane."""
        free = (s in self.inputs and s not in self.lane_of for s in self.sources[name])
        return any(free) or "join" in self.sources[name]

    def _is_map_of(self, name: str, last: str) -> bool:
        """Tell whether this ends the cell as a function of one thing: it stands to its right."""
        ends = all(r.endswith(" out") for r in self.readers[name])
        return ends and self.sources[name] == [last] and self.shape[name] == "box"

    # Inputs and outputs

    def _place_inputs(self, cells: Cells, gates: int) -> None:
        """States that are no lanes enter on the left, what is no state below all."""
        joined = "join" in self.sources
        first = {r: self.column.get(r) == 1 for n in self.inputs for r in self.readers[n]}
        row = gates + 1
        for name in (v.name for v in self.graph.vertices if v.name in self.inputs):
            if name in self.lane_of:
                cells[name] = 0, self.lane_of[name]
            elif name != "x[t]":
                straight = (
                    not joined and row == gates + 1 and any(map(first.get, self.readers[name]))
                )
                cells[name] = 0, gates if straight and (0, gates) not in cells.values() else row
                row = max(row, cells[name][1] + 1)
        if joined:
            cells["join"] = 1, gates + 1
            row = max(row, gates + 2)
        if "x[t]" in self.inputs:
            cells["x[t]"] = min(self.column.get(r, 1) for r in self.readers["x[t]"]), row

    def _place_outputs(self, cells: Cells) -> None:
        """Lanes end where they run; other outputs leave level with what makes them, if they can."""
        last = self._next()
        outputs = [v.name for v in self.graph.vertices if _is_output(v)]
        for name in outputs:
            if name in self.lane_of:
                cells[name] = last, self.lane_of[name]
        free = [name for name in outputs if name not in self.lane_of]
        for name in sorted(free, key=lambda n: -cells[self.sources[n][0]][0]):
            row = cells[self.sources[name][0]][1]
            while (last, row) in cells.values():
                row += 1
            cells[name] = last, row
