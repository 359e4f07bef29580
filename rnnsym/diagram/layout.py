"""From places and routes on a lattice to columns and lines, with room for every label."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from rnnsym.diagram.graph import Diagram, Frame, Graph, Label, Mark, Point, Route
from rnnsym.diagram.route import Lattice, NoRoute, Routes, route
from rnnsym.diagram.widths import label_width, lines_of
from rnnsym.errors import InputError
from rnnsym.expr import SOURCE, UNICODE, Notation

__all__ = ["laid_out"]

PORT = 2
ARROW = 2
MAX_CHANNELS = 9
MAX_ACROSS = 24
MAX_DOWN = 3
Cells = dict[str, tuple[int, int]]


def in_ascii(diagram: Diagram) -> Diagram:
    """Return the figure with room for the names that plain ASCII writes, which are longer."""
    return laid_out(
        diagram.graph, dict(diagram.cells), framed=diagram.frame is not None, notation=SOURCE
    )


def laid_out(
    graph: Graph, cells: Cells, *, framed: bool = False, notation: Notation = UNICODE
) -> Diagram:
    """Return the graph as a figure.

    Args:
        graph: what to draw.
        cells: the column and row of each vertex.
        framed: draw a frame round everything but inputs and outputs.
        notation: in which the labels' widths are measured.

    Raises:
        InputError: more lines than the space between vertices can hold.
    """
    for channels in range(3, MAX_CHANNELS):
        try:
            lattice, routes = route(graph, cells, channels)
        except NoRoute:
            continue
        room = _Room(graph, cells, lattice, routes, notation)
        for down, across in product(range(MAX_DOWN), range(MAX_ACROSS)):
            diagram = _Layout(room, across, down).diagram(framed)
            if diagram is not None:
                return diagram
    raise InputError(f"{graph.title}: too many lines to draw ({len(graph.links)})")


@dataclass(frozen=True, slots=True)
class _Box:
    half_width: int
    half_height: int


@dataclass(frozen=True, slots=True)
class _Room:
    """What a layout starts from."""

    graph: Graph
    cells: Cells
    lattice: Lattice
    routes: Routes
    notation: Notation


class _Layout:
    """One try, with so much more room across and down than the least."""

    def __init__(self, room: _Room, across: int, down: int) -> None:
        self.graph, self.cells, self.lattice = room.graph, room.cells, room.lattice
        self.routes, self.notation = room.routes, room.notation
        self.across, self.down = across, down
        corners = [p for points in self.routes.values() for p in points]
        self.used_x, self.used_y = {x for x, _ in corners}, {y for _, y in corners}
        self.box = {v.name: self._size(v.name, v.shape, v.label) for v in self.graph.vertices}
        self.x, self.y = self._across(), self._down()

    def _size(self, name: str, shape: str, label: Label) -> _Box:
        if shape == "dot":
            return _Box(0, 0)
        if shape == "circle":
            return _Box(1, 0)
        width = label_width(label, self.notation)
        if shape == "label":
            return _Box(width // 2 + 1, 1 if len(lines_of(label)) > 1 else 0)
        x = self.lattice.centre(*self.cells[name])[0]
        y = self.lattice.centre(*self.cells[name])[1]
        ends = [p for points in self.routes.values() for p in (points[0], points[-1])]
        ports = any((x + side, y) in ends for side in (-1, 1))
        return _Box(max(3 if ports else 2, (width + 3) // 2), 1)

    def _across(self) -> dict[int, int]:
        """The column of text of each line of the lattice that is used."""
        half = [0] * self.lattice.columns
        for name, (column, _) in self.cells.items():
            half[column] = max(half[column], self.box[name].half_width)
        at = 0
        found: dict[int, int] = {}
        edge = 0
        for x in range(self.lattice.width):
            column, port = self.lattice.column(x)
            if column < 0:
                if x in self.used_x:
                    at = max(at, edge) + 2
                    found[x] = at
                continue
            if port == -1:
                first = edge == 0 and not found
                at = half[column] if first else max(at + 1, edge) + 1 + half[column]
                at += 0 if first else ARROW - 1 + self.across
                for side in (-1, 0, 1):
                    found[x + side + 1] = at + PORT * side
            if port == 1:
                at = found[x - 1]
                edge = at + half[column] + 1
                at = edge
        return found

    def _down(self) -> dict[int, int]:
        """The line of text of each line of the lattice that is used."""
        half = [0] * self.lattice.rows
        for name, (_, row) in self.cells.items():
            half[row] = max(half[row], self.box[name].half_height)
        found: dict[int, int] = {}
        at, started = 0, False
        for y in range(self.lattice.height):
            row = self.lattice.row(y)
            if row >= 0:
                at += half[row] + (ARROW if started else 0)
                found[y] = at
                at += half[row] + 1
                started = True
            elif y in self.used_y:
                at += 1 + self.down
                found[y] = at
                started = True
        return found

    # The figure

    def diagram(self, framed: bool) -> Diagram | None:
        """Return the figure, or None where a label finds no room."""
        places = {v.name: self._frame(v.name) for v in self.graph.vertices}
        edges = [self._edge(link.source, link.target, places, points)
                 for link, points in self.routes.items()]  # fmt: skip
        routes = tuple(Route(k, e) for k, e in zip(self.routes, edges, strict=True))
        right = max([*(p.right for p in places.values()), *(x for e in edges for x, _ in e)])
        bottom = max([*(p.bottom for p in places.values()), *(y for e in edges for _, y in e)])
        joints = _joints(routes)
        marks = _Marks(self.graph, places, routes, self.notation).marks()
        if marks is None:
            return None
        right = max([right, *(m.x + m.width - 1 for m in marks)])
        frame = None
        shown = tuple(places[v.name] for v in self.graph.vertices)
        return Diagram(
            self.graph,
            tuple(self.cells.items()),
            shown,
            routes,
            marks,
            joints,
            frame if framed else None,
            right + 1,
            bottom + 1,
        )

    def _frame(self, name: str) -> Frame:
        x, y = self.lattice.centre(*self.cells[name])
        box = self.box[name]
        a, b = self.x[x], self.y[y]
        return Frame(
            a - box.half_width, b - box.half_height, a + box.half_width, b + box.half_height
        )

    def _edge(
        self, source: str, target: str, places: dict[str, Frame], points: tuple[Point, ...]
    ) -> tuple[Point, ...]:
        """The corners in columns and lines, cut at the borders of the two vertices."""
        line = [(self.x[x], self.y[y]) for x, y in points]
        line[0] = _cut(line[1], line[0], places[source])
        line[-1] = _cut(line[-2], line[-1], places[target])
        return tuple(line)


def _cut(outside: Point, inside: Point, frame: Frame) -> Point:
    """Where a line from outside first touches the frame."""
    x, y = inside
    if outside[1] == y:
        return (frame.left, y) if outside[0] < x else (frame.right, y)
    return (x, frame.top) if outside[1] < y else (x, frame.bottom)


def cells_of(points: tuple[Point, ...]) -> Iterator[Point]:
    """Yield every place of the grid on a line, corner by corner."""
    yield points[0]
    for (a, b), (c, d) in pairwise(points):
        length = max(abs(a - c), abs(b - d))
        for k in range(1, length + 1):
            yield a + (c - a) * k // length, b + (d - b) * k // length


def _joints(routes: tuple[Route, ...]) -> tuple[Point, ...]:
    """Where lines from one vertex part: three of their steps meet."""
    steps: dict[tuple[str, Point], set[Point]] = {}
    for route_ in routes:
        path = list(cells_of(route_.points))
        for a, b in pairwise(path):
            steps.setdefault((route_.link.source, a), set()).add(b)
            steps.setdefault((route_.link.source, b), set()).add(a)
    return tuple(sorted({point for (_, point), others in steps.items() if len(others) > 2}))


class _Marks:
    """Names and labels, each beside its own line and on nothing else."""

    def __init__(
        self,
        graph: Graph,
        places: dict[str, Frame],
        routes: tuple[Route, ...],
        notation: Notation,
    ) -> None:
        self.graph, self.routes, self.notation = graph, routes, notation
        self.taken: set[Point] = set()
        for place in places.values():
            across = range(place.left, place.right + 1)
            self.taken.update((x, y) for x in across for y in range(place.top, place.bottom + 1))
        for each in routes:
            self.taken.update(cells_of(each.points))

    def marks(self) -> tuple[Mark, ...] | None:
        """Return all marks, or None where one finds no room."""
        found: list[Mark] = []
        wanted: list[tuple[Label, list[tuple[Point, ...]]]] = []
        for name, label in self.graph.names:
            wanted.append((label, [r.points for r in self.routes if r.link.source == name]))
        for each in self.routes:
            wanted += [(label, [each.points]) for label in each.link.labels]
        for label, lines in wanted:
            if not lines:
                continue
            mark = self._placed(label, lines)
            if mark is None:
                return None
            found.append(mark)
            self.taken.update((x, mark.y) for x in range(mark.x - 1, mark.x + mark.width + 1))
        return tuple(found)

    def _placed(self, label: Label, lines: list[tuple[Point, ...]]) -> Mark | None:
        width = label_width(label, self.notation)
        for line in lines:
            for x, y in self._candidates(line, width):
                around = ((x + k, y) for k in range(-1, width + 1))
                inner = ((x + k, y) for k in range(width))
                if x >= 0 and y >= 0 and not any(p in self.taken for p in inner):
                    own = set(cells_of(line))
                    if not any(p in self.taken and p not in own for p in around):
                        return Mark(label, x, y, width)
        return None

    def _candidates(self, line: tuple[Point, ...], width: int) -> Iterator[Point]:
        """Places beside a line: right of an upright part, above a level one, from its start on."""
        for a, b in pairwise(line):
            points = list(cells_of((a, b)))
            if a[0] == b[0]:
                for gap in (1, 0):
                    for x, y in points[1:-1]:
                        yield x + 1 + gap, y
                    for x, y in points[1:-1]:
                        yield x - width - gap, y
            else:
                inner = sorted(points, key=lambda p: abs(2 * p[0] - a[0] - b[0]))
                for lift in (-1, 1):
                    for x, y in inner:
                        yield x - (width - 1) // 2, y + lift
