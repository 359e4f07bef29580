"""From places and routes on a lattice to columns and lines, with room for every label."""

from collections.abc import Iterator
from itertools import product, starmap

from rnnsym.diagram.graph import Diagram, Frame, Graph, Label, Point, Route
from rnnsym.diagram.lattice import Lattice
from rnnsym.diagram.marks import Marks, joints_of
from rnnsym.diagram.route import NoRouteError, Routes, route
from rnnsym.diagram.widths import label_width, lines_of
from rnnsym.errors import InputError
from rnnsym.expr import UNICODE, Notation
from rnnsym.record import record

__all__ = ["for_terminal", "laid_out"]

# Least distances: of ports, before an arrow, between upright lines, and to the frame.
PORT = 2
ARROW = 2
TRACK = 2
BORDER = 2
MAX_CHANNELS = 9
MAX_ACROSS = 24
MAX_DOWN = 3
MAX_VERTICES = 80
Cells = dict[str, tuple[int, int]]


def for_terminal(diagram: Diagram, notation: Notation, columns: int) -> Diagram:
    """Return the figure without its frame, with room for labels as ``notation`` writes them.

    Where it would be wider than ``columns``, its lines move together.
    """
    cells = dict(diagram.cells)
    wide = laid_out(diagram.graph, cells, notation=notation)
    return (
        wide
        if wide.width <= columns
        else laid_out(diagram.graph, cells, notation=notation, tight=True)
    )


def laid_out(
    graph: Graph,
    cells: Cells,
    *,
    framed: bool = False,
    notation: Notation = UNICODE,
    tight: bool = False,
) -> Diagram:
    """Return the graph as a figure.

    Args:
        graph: what to draw.
        cells: the column and row of each vertex.
        framed: draw a frame round everything but inputs and outputs.
        notation: in which the labels' widths are measured.
        tight: as narrow as it can be.

    Raises:
        InputError: more vertices than a figure can hold, or lines than the space between them.
    """
    if len(graph.vertices) > MAX_VERTICES:
        raise InputError(
            f"{graph.title}: {len(graph.vertices)} vertices, at most {MAX_VERTICES} are drawn: "
            "take fewer steps or layers, or one layer of them alone"
        )
    for channels in range(3, MAX_CHANNELS):
        try:
            lattice, routes = route(graph, cells, channels)
        except NoRouteError:
            continue
        room = _Room(graph, cells, lattice, routes, notation, framed)
        for spread in _narrow() if tight else _low():
            diagram = _Layout(room, spread).diagram()
            if diagram is not None:
                return diagram
    raise InputError(f"{graph.title}: too many lines to draw ({len(graph.links)})")


@record
class _Spread:
    """Room beyond the least: between columns, between rows, and inside boxes."""

    across: int
    down: int
    padding: int = 3


def _low() -> Iterator[_Spread]:
    """Wider before higher."""
    return starmap(_Spread, ((a, d) for d in range(MAX_DOWN) for a in range(MAX_ACROSS)))


def _narrow() -> Iterator[_Spread]:
    """Higher before wider, and what touches moves together."""
    tries = product(range(-1, MAX_ACROSS), (2, 3), range(MAX_DOWN))
    return (_Spread(across, down, padding) for across, padding, down in tries)


@record
class _Box:
    half_width: int
    half_height: int
    drawn: bool = True


@record
class _Room:
    """What a layout starts from."""

    graph: Graph
    cells: Cells
    lattice: Lattice
    routes: Routes
    notation: Notation
    framed: bool


class _Layout:
    """One try."""

    def __init__(self, room: _Room, spread: _Spread) -> None:
        self.graph, self.cells, self.lattice = room.graph, room.cells, room.lattice
        self.routes, self.notation = room.routes, room.notation
        self.spread, self.framed = spread, room.framed
        self.left = self.right = self.bottom = 0
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
            return _Box(width // 2 + 1, 1 if len(lines_of(label)) > 1 else 0, drawn=False)
        x = self.lattice.centre(*self.cells[name])[0]
        y = self.lattice.centre(*self.cells[name])[1]
        ends = [p for points in self.routes.values() for p in (points[0], points[-1])]
        ports = any((x + side, y) in ends for side in (-1, 1))
        return _Box(max(3 if ports else 2, (width + self.spread.padding) // 2), 1)

    def _across(self) -> dict[int, int]:
        """The column of text of each line of the lattice that is used."""
        half = [0] * self.lattice.columns
        for name, (column, _) in self.cells.items():
            half[column] = max(half[column], self.box[name].half_width)
        found: dict[int, int] = {}
        edge = -1
        for x in range(self.lattice.width):
            column, port = self.lattice.column(x)
            if column < 0 and x in self.used_x:
                edge = found[x] = edge + TRACK
            elif column >= 0 and port == 0:
                last = column == self.lattice.columns - 1
                if self.framed and column and last:
                    self.right = edge = edge + BORDER
                centre = edge + half[column] + (ARROW + 1 + self.spread.across if edge >= 0 else 1)
                for side in (-1, 0, 1):
                    found[x + side] = centre + PORT * side
                edge = centre + half[column]
                if self.framed and column == 0:
                    self.left = edge = edge + BORDER
        return found

    def _down(self) -> dict[int, int]:
        """The line of text of each line of the lattice that is used."""
        half = [0] * self.lattice.rows
        inside = [False] * self.lattice.rows
        for name, (column, row) in self.cells.items():
            half[row] = max(half[row], self.box[name].half_height)
            inside[row] |= not 0 < column < self.lattice.columns - 1 or self.box[name].drawn
        found: dict[int, int] = {}
        edge = BORDER - 1 if self.framed else -1
        before = ""
        for y in range(self.lattice.height):
            row = self.lattice.row(y)
            if row >= 0:
                if self.framed and not inside[row] and not self.bottom:
                    self.bottom = edge = edge + BORDER
                gap = {"": 1, "track": ARROW, "row": ARROW + 1}[before]
                found[y] = edge + half[row] + gap
                edge = found[y] + half[row]
                before = "row"
            elif y in self.used_y:
                edge = found[y] = edge + (ARROW if before == "row" else 1) + self.spread.down
                before = "track"
        if self.framed and not self.bottom:
            self.bottom = edge + BORDER
        return found

    # The figure

    def diagram(self) -> Diagram | None:
        """Return the figure, or None where a label finds no room."""
        places = {v.name: self._frame(v.name) for v in self.graph.vertices}
        edges = [self._edge(link.source, link.target, places, points)
                 for link, points in self.routes.items()]  # fmt: skip
        routes = tuple(Route(k, e) for k, e in zip(self.routes, edges, strict=True))
        corners = [point for edge in edges for point in edge]
        corners += [(p.right, p.bottom) for p in places.values()]
        right, bottom = max(x for x, _ in corners), max(self.bottom, *(y for _, y in corners))
        joints = joints_of(self.graph, routes)
        frame = Frame(self.left, 0, self.right, self.bottom) if self.framed else None
        marks = Marks(self.graph, places, frame, routes, self.notation).placed()
        if marks is None:
            return None
        right = max([right, *(m.x + m.width - 1 for m in marks)])
        shown = tuple(places[v.name] for v in self.graph.vertices)
        return Diagram(
            self.graph,
            tuple(self.cells.items()),
            shown,
            routes,
            marks,
            joints,
            frame,
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
