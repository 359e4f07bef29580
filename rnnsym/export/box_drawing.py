"""Diagrams in a terminal: lines of box-drawing characters, or of plain ASCII."""

from functools import reduce
from itertools import pairwise
from textwrap import dedent

from rnnsym.diagram.graph import Diagram, Frame, Point
from rnnsym.diagram.layout import for_terminal
from rnnsym.diagram.marks import cells_of
from rnnsym.diagram.widths import columns, label_in, lines_of
from rnnsym.export.text_layout import broken
from rnnsym.expr import SOURCE, UNICODE, Notation

__all__ = ["TERMINAL", "drawn", "text_width"]

TERMINAL = 80

# By the directions that meet in a place: right 1, up 2, left 4, down 8.
LINES = " ╶╵└╴─┘┴╷┌│├┐┬┤┼"
CROSSING = 15
DASHED = {"─": "╌", "│": "╎", "-": ".", "|": ":"}
ARROWS = {1: "▶", 2: "▲", 4: "◀", 8: "▼"}
ASCII_LINES = " -|+--++|+|++++" + "+"
ASCII_ARROWS = {1: ">", 2: "^", 4: "<", 8: "v"}
WAYS = {(1, 0): 1, (0, -1): 2, (-1, 0): 4, (0, 1): 8}
OPPOSITE = {1: 4, 2: 8, 4: 1, 8: 2}


def drawn(diagram: Diagram, *, ascii_only: bool = False) -> str:
    """Return a diagram as lines of text, what its letters stand for below it."""
    notation = SOURCE if ascii_only else UNICODE
    keys: list[str] = []
    for key in diagram.graph.keys:
        keys += broken(label_in(key.label, notation), f"  {key.letter}: ", TERMINAL)
    figure = _Canvas(for_terminal(diagram, notation, TERMINAL), notation).text()
    return "\n".join([figure, *(["", *keys] if keys else [])])


def text_width(text: str) -> int:
    """Return the columns of the longest line."""
    return max(columns(line) for line in text.split("\n"))


class _Canvas:
    def __init__(self, diagram: Diagram, notation: Notation) -> None:
        self.diagram, self.notation = diagram, notation
        self.ascii = notation is SOURCE
        self.lines = ASCII_LINES if self.ascii else LINES
        self.arrows = ASCII_ARROWS if self.ascii else ARROWS
        self.rows = [[" "] * self.diagram.width for _ in range(self.diagram.height)]

    def text(self) -> str:
        """Return the figure; no line ends in blanks, and not all begin with one."""
        self._routes()
        for vertex, place in zip(self.diagram.graph.vertices, self.diagram.places, strict=True):
            if vertex.shape == "dot":
                self.rows[place.top][place.left] = "o" if self.ascii else "●"
                continue
            if vertex.shape == "box":
                self._box(place.left, place.top, place.right, place.bottom)
            rows = [label_in(line, self.notation) for line in lines_of(vertex.label)]
            if vertex.shape == "circle":
                rows = [f"({rows[0]})"]
            if vertex.shape == "label":
                self._clear(place)
            self._rows(rows, place)
        for mark in self.diagram.marks:
            self._write(label_in(mark.label, self.notation), mark.x, mark.y, mark.width)
        return dedent("\n".join("".join(row).rstrip() for row in self.rows))

    def _clear(self, place: Frame) -> None:
        for y in range(place.top, place.bottom + 1):
            self.rows[y][place.left : place.right + 1] = " " * (place.right - place.left + 1)

    def _rows(self, rows: list[str], place: Frame) -> None:
        """Write one line in the middle of a vertex, or two above and below its middle."""
        middle = (place.top + place.bottom) // 2
        width = place.right - place.left + 1
        for row, y in zip(
            rows, (middle,) if len(rows) == 1 else (middle - 1, middle + 1), strict=True
        ):
            self._write(row, place.left, y, width)

    def _routes(self) -> None:
        meeting: dict[Point, dict[str, int]] = {}
        arrows: dict[Point, int] = {}
        dashed: list[Point] = []
        shape = {v.name: v.shape for v in self.diagram.graph.vertices}
        for edge in self.diagram.edges:
            path = list(cells_of(edge.points))
            line = self.diagram.graph.line(edge.link)
            for a, b in pairwise(path):
                way = WAYS[b[0] - a[0], b[1] - a[1]]
                for point, bit in ((a, way), (b, OPPOSITE[way])):
                    here = meeting.setdefault(point, {})
                    here[line] = here.get(line, 0) | bit
            if shape[edge.link.target] != "dot":
                arrows[path[-2]] = WAYS[path[-1][0] - path[-2][0], path[-1][1] - path[-2][1]]
            dashed += path if edge.link.dashed else []
        for (x, y), lines in meeting.items():
            bits = reduce(int.__or__, lines.values())
            over = len(lines) > 1 and self.ascii
            joint = len(lines) == 1 and bits == CROSSING
            self.rows[y][x] = "|" if over else "●" if joint else self.lines[bits]
        for x, y in self.diagram.joints if self.ascii else ():
            self.rows[y][x] = "o"
        for x, y in dashed:
            self.rows[y][x] = DASHED.get(self.rows[y][x], self.rows[y][x])
        for (x, y), way in arrows.items():
            self.rows[y][x] = self.arrows[way]

    def _box(self, left: int, top: int, right: int, bottom: int) -> None:
        corners = "++++" if self.ascii else "┌┐└┘"
        level, upright = ("-", "|") if self.ascii else ("─", "│")
        for y in (top, bottom):
            for x in range(left, right + 1):
                self.rows[y][x] = level
        for y in range(top + 1, bottom):
            for x in range(left + 1, right):
                self.rows[y][x] = " "
            self.rows[y][left] = self.rows[y][right] = upright
        for corner, (x, y) in zip(
            corners, ((left, top), (right, top), (left, bottom), (right, bottom)), strict=True
        ):
            self.rows[y][x] = corner

    def _write(self, text: str, x: int, y: int, width: int) -> None:
        """Write a text in the middle of ``width`` places; an accent joins the letter before it."""
        at = x + (width - columns(text)) // 2
        for letter in text:
            if columns(letter) == 0:
                self.rows[y][at - 1] += letter
                continue
            self.rows[y][at] = letter
            at += 1
