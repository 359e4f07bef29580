"""Names and labels beside the lines of a figure, where they touch nothing else."""

from collections.abc import Iterator
from itertools import chain, pairwise

from rnnsym.diagram.graph import Frame, Graph, Label, Mark, Point, Route
from rnnsym.diagram.widths import label_width
from rnnsym.expr import Notation

__all__ = ["Marks", "cells_of", "joints_of"]


def cells_of(points: tuple[Point, ...]) -> Iterator[Point]:
    """Yield every place of the grid on a line, corner by corner."""
    yield points[0]
    for (a, b), (c, d) in pairwise(points):
        length = max(abs(a - c), abs(b - d))
        for k in range(1, length + 1):
            yield a + (c - a) * k // length, b + (d - b) * k // length


def joints_of(graph: Graph, routes: tuple[Route, ...]) -> tuple[Point, ...]:
    """Return where routes of one line part: three of their steps meet."""
    steps: dict[tuple[str, Point], set[Point]] = {}
    for route in routes:
        path = list(cells_of(route.points))
        for a, b in pairwise(path):
            steps.setdefault((graph.line(route.link), a), set()).add(b)
            steps.setdefault((graph.line(route.link), b), set()).add(a)
    return tuple(sorted({point for (_, point), others in steps.items() if len(others) > 2}))


def _outline(frame: Frame) -> tuple[Point, ...]:
    left, top, right, bottom = frame.left, frame.top, frame.right, frame.bottom
    return ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))


class Marks:
    """Names and labels, each beside its own line and on nothing else."""

    def __init__(
        self,
        graph: Graph,
        places: dict[str, Frame],
        frame: Frame | None,
        routes: tuple[Route, ...],
        notation: Notation,
    ) -> None:
        self.graph, self.routes, self.notation = graph, routes, notation
        self.places = places
        self.taken: set[Point] = set()
        for place in places.values():
            across = range(place.left, place.right + 1)
            self.taken.update((x, y) for x in across for y in range(place.top, place.bottom + 1))
        for each in routes:
            self.taken.update(cells_of(each.points))
        if frame is not None:
            self.taken.update(cells_of(_outline(frame)))

    def placed(self) -> tuple[Mark, ...] | None:
        """Return all marks, or None where one finds no room."""
        found: list[Mark] = []
        for label, places in self._wanted():
            mark = self._first_free(label, places)
            if mark is None:
                return None
            found.append(mark)
            self.taken.update((x, mark.y) for x in range(mark.x - 1, mark.x + mark.width + 1))
        return tuple(found)

    def _wanted(self) -> Iterator[tuple[Label, Iterator[tuple[Point, set[Point]]]]]:
        """Every label with where it may stand, and the line that it may touch there."""
        for name, label in self.graph.names:
            width = label_width(label, self.notation)
            lines = [r.points for r in self.routes if r.link.source == name]
            beside = (place for line in lines for place in self._beside(line, width))
            yield label, chain(beside, self._around(name, width))
        for each in self.routes:
            for label in each.link.labels:
                yield label, self._beside(each.points, label_width(label, self.notation))

    def _first_free(self, label: Label, places: Iterator[tuple[Point, set[Point]]]) -> Mark | None:
        width = label_width(label, self.notation)
        for (x, y), line in places:
            around = {(x + k, y) for k in range(-1, width + 1)}
            inner = around - {(x - 1, y), (x + width, y)}
            if x >= 0 and y >= 0 and not inner & self.taken and not (around - line) & self.taken:
                return Mark(label, x, y, width)
        return None

    def _around(self, name: str, width: int) -> Iterator[tuple[Point, set[Point]]]:
        """Places around a vertex, first where no line comes in: a name is of what leaves it."""
        place = self.places[name]
        entered = {_side(place, r.points[-2]) for r in self.routes if r.link.target == name}
        return iter(sorted(_over(place, width), key=lambda at: _side(place, at[0]) in entered))

    def _beside(self, line: tuple[Point, ...], width: int) -> Iterator[tuple[Point, set[Point]]]:
        own = set(cells_of(line))
        return ((place, own) for place in self._candidates(line, width))

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


def _side(place: Frame, point: Point) -> str:
    x, y = point
    if place.top <= y <= place.bottom:
        return "left" if x < place.left else "right"
    return "above" if y < place.top else "below"


def _over(place: Frame, width: int) -> Iterator[tuple[Point, set[Point]]]:
    """Places above, below or beside a vertex for the name of what leaves it, its right end first.

    The last ones are for vertices that nothing leaves: lines come in around them.
    """
    middle = (place.top + place.bottom) // 2
    for y in (place.top - 1, place.bottom + 1):
        for x in range(place.right + 1, place.left - 1, -1):
            yield (x - width + 1, y), set()
    yield (place.right + 2, middle), set()
    yield (place.left - width - 1, middle), set()
    yield (place.left - width, place.top - 1), set()
