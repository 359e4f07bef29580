"""Orthogonal routes on a lattice: the shortest way with few bends and few crossings.

Routes of one line share their way and part at joints; different lines cross at right angles or not
at all.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush

from rnnsym.diagram.graph import Graph, Link, Point
from rnnsym.diagram.lattice import Lattice

__all__ = ["NoRouteError", "Routes", "route"]

BEND, CROSS, PASS, ASTRAY = 3, 4, 3, 2
STRAIGHT = 2
TRIES = 4
FAR = 1 << 30
# Unit steps, in an order that breaks ties: right, up, left, down.
STEPS: tuple[Point, ...] = ((1, 0), (0, -1), (-1, 0), (0, 1))
RIGHT, UP, LEFT, DOWN = range(4)
# What it costs to leave or come in by a way, for links to the right, left, straight up and down.
SIDE = {RIGHT: (0, 6, 6, 6), UP: (0, 0, 0, 6), DOWN: (1, 1, 1, 0), LEFT: (6, 0, 6, 6)}


class NoRouteError(Exception):
    """One link finds no way left."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.link = link


Routes = dict[Link, tuple[Point, ...]]


def route(
    graph: Graph, cells: dict[str, tuple[int, int]], channels: int = 4
) -> tuple[Lattice, Routes]:
    """Return a lattice and the corners of every link on it, from source to target.

    Near links are routed first; one that finds no way is routed before all others in the next try.

    Raises:
        NoRouteError: there are not enough channels.
    """
    columns = 1 + max(c for c, _ in cells.values())
    rows = 1 + max(r for _, r in cells.values())
    lattice = Lattice(columns, rows, channels)
    order = sorted(graph.links, key=lambda link: _length(cells[link.source], cells[link.target]))
    for _ in range(TRIES):
        try:
            return lattice, _Router(graph, cells, lattice).routes(order)
        except NoRouteError as error:
            order = [error.link, *(link for link in order if link != error.link)]
    raise NoRouteError(order[0])


def _length(a: Point, b: Point) -> tuple[int, int]:
    across, down = abs(a[0] - b[0]), abs(a[1] - b[1])
    return across + down, across * down


class _Router:
    def __init__(self, graph: Graph, cells: dict[str, tuple[int, int]], lattice: Lattice) -> None:
        self.graph = graph
        self.cells = cells
        self.shape = {v.name: v.shape for v in graph.vertices}
        self.centre = {v.name: lattice.centre(*cells[v.name]) for v in graph.vertices}
        self.size = lattice.width, lattice.height
        self.astray = self._sides_astray()
        self.owner: dict[Point, str] = {}
        for name, (x, y) in self.centre.items():
            for dx in (-1, 0, 1):
                self.owner[x + dx, y] = name
        # For each line, its points with the directions in which it leaves them.
        self.nets: dict[str, dict[Point, set[int]]] = {}
        # The same by point and direction: the lines that run on that way.
        self.running: dict[tuple[Point, int], set[str]] = {}
        self.taken: dict[Point, str] = {}
        self.crossed: set[Point] = set()
        self.entries: set[tuple[str, Point, int]] = set()
        self.exits: set[tuple[str, Point, int]] = set()

    def routes(self, order: Sequence[Link]) -> Routes:
        """Route the links in that order; return them in the graph's."""
        found = {link: self._routed(link) for link in order}
        return {link: found[link] for link in self.graph.links}

    def _routed(self, link: Link) -> tuple[Point, ...]:
        path = self._search(link)
        line = self.graph.line(link)
        net = self.nets.setdefault(line, {})
        for a, b in itertools.pairwise(path):
            way = STEPS.index((b[0] - a[0], b[1] - a[1]))
            for end, leads in ((a, way), (b, (way + 2) % 4)):
                net.setdefault(end, set()).add(leads)
                self.running.setdefault((end, leads), set()).add(line)
        for point in path:
            if self.taken.setdefault(point, line) != line:
                self.crossed.add(point)
        a, b = path[0], path[1]
        self.exits.add((link.source, a, STEPS.index((b[0] - a[0], b[1] - a[1]))))
        a, b = path[-2], path[-1]
        self.entries.add((link.target, b, STEPS.index((b[0] - a[0], b[1] - a[1]))))
        return self._whole(link, path)

    def _whole(self, link: Link, path: list[Point]) -> tuple[Point, ...]:
        """Lead a path that starts on the net's own lines back to the vertex, then keep corners."""
        net = self.nets[self.graph.line(link)]
        if self.owner.get(path[0]) != link.source:
            path = [*self._back(net, link, path[0]), *path[1:]]
        corners = [path[0]]
        for a, b, c in zip(path, path[1:], path[2:], strict=False):
            if (b[0] - a[0], b[1] - a[1]) != (c[0] - b[0], c[1] - b[1]):
                corners.append(b)
        return (*corners, path[-1])

    def _back(self, net: dict[Point, set[int]], link: Link, point: Point) -> list[Point]:
        """The way along the net from its vertex to one of its points."""
        source = link.source
        before: dict[Point, Point] = {point: point}
        queue = [point]
        for here in queue:
            if self.owner.get(here) == source:
                way = [here]
                while way[-1] != point:
                    way.append(before[way[-1]])
                return way
            for k in sorted(net[here]):
                there = here[0] + STEPS[k][0], here[1] + STEPS[k][1]
                if there in net and there not in before and self.owner.get(there, source) == source:
                    before[there] = here
                    queue.append(there)
        raise NoRouteError(link)

    def _heading(self, link: Link) -> int:
        (a, b), (c, d) = self.cells[link.source], self.cells[link.target]
        return (0 if c > a else 1) if a != c else (STRAIGHT if d < b else STRAIGHT + 1)

    def _is_round(self, link: Link) -> bool:
        """Tell whether a link up its own column has to go round another vertex."""
        (column, bottom), (_, top) = self.cells[link.source], self.cells[link.target]
        between = range(top + 1, bottom)
        return self._heading(link) == STRAIGHT and any(
            place == column and row in between for place, row in self.cells.values()
        )

    def _sides_astray(self) -> dict[tuple[str, str], int]:
        """The side on which a link up or down its column goes astray: 1 right, −1 left.

        Round what is between them, what several read goes by on the left, else on the right.
        """
        straight = [x for x in self.graph.links if self._heading(x) >= STRAIGHT]
        readers = Counter(x.source for x in straight)
        return {(x.source, x.target): 1 if readers[x.source] > 1 else -1 for x in straight}

    # The search

    def _search(self, link: Link) -> list[Point]:
        x, y = self.centre[link.target]
        queue: list[tuple[int, int, Point, int]] = []
        best: dict[tuple[Point, int], int] = {}
        back: dict[tuple[Point, int], tuple[Point, int] | None] = {}

        def offer(cost: int, point: Point, way: int, came: tuple[Point, int] | None) -> None:
            if cost < best.get((point, way), FAR):
                best[point, way] = cost
                back[point, way] = came
                # At least so much is to come: to a port of the target, round a corner if need be.
                across, down = max(abs(point[0] - x) - 1, 0), abs(point[1] - y)
                corner = BEND if (down if way in (LEFT, RIGHT) else across) else 0
                heappush(queue, (cost + across + down + corner, cost, point, way))

        for point, way, cost in self._starts(link):
            offer(cost, point, way, None)
        while queue:
            _, cost, point, way = heappop(queue)
            if cost > best[point, way]:
                continue
            if self._arrived(link.target, point, way) and back[point, way] is not None:
                return _traced(back, (point, way))
            for turn, (right, below) in enumerate(STEPS):
                there = point[0] + right, point[1] + below
                # A step costs 1 at least: most places are reached as cheaply already.
                if cost + 1 < best.get((there, turn), FAR):
                    price = self._step(link, point, way, there, turn)
                    if price is not None:
                        offer(cost + price, there, turn, (point, way))
        raise NoRouteError(link)

    def _starts(self, link: Link) -> list[tuple[Point, int, int]]:
        """Where a route may begin: at a port, or on its line where others have drawn it."""
        source, heading = link.source, self._heading(link)
        starts: list[tuple[Point, int, int]] = []
        for point, ways in sorted(self.nets.get(self.graph.line(link), {}).items()):
            if point not in self.owner and point not in self.crossed:
                starts += [(point, way, 1) for way in range(4) if way not in ways]
        x, y = self.centre[source]
        fresh = 0 if not starts or self.shape[source] == "dot" else 2
        turned = 3 if self.shape[source] == "label" else 0
        for way, costs in SIDE.items():
            cost = costs[heading] + fresh + (turned if way == UP else 0)
            if way == RIGHT and self._is_round(link):
                cost = 1 + fresh
            starts.append(((x, y), way, cost))
            if self.shape[source] == "box" and way in (UP, DOWN) and not self.graph.shared:
                starts += [((x + side, y), way, cost + PASS) for side in (-1, 1)]
        return starts

    def _arrived(self, name: str, point: Point, way: int) -> bool:
        if self.owner.get(point) != name or (name, point, way) in self.entries:
            return False
        port = self.shape[name] == "box" and way in (UP, DOWN)
        leaves = (name, point, (way + 2) % 4) in self.exits
        return not leaves and (port or point == self.centre[name])

    def _step(self, link: Link, point: Point, way: int, there: Point, turn: int) -> int | None:
        """What a step to the next point costs, or None where there is none."""
        if (turn + 2) % 4 == way:
            return None
        inside = self.owner.get(point)
        if inside == link.target:
            return self._inward(link, point, way, there, turn)
        if inside is not None and turn != way:
            return None
        if not (0 <= there[0] < self.size[0] and 0 <= there[1] < self.size[1]):
            return None
        price = self._price(link, there, turn)
        if price is None or self._blocked(link, point, turn):
            return None
        return price + (BEND if turn != way else 0)

    def _inward(self, link: Link, point: Point, way: int, there: Point, turn: int) -> int | None:
        """From the side of a vertex on to its centre."""
        x, y = self.centre[link.target]
        straight = turn == way and way in (LEFT, RIGHT)
        if not straight or point[1] != y or abs(there[0] - x) >= abs(point[0] - x):
            return None
        line = self.graph.line(link)
        if self.taken.get(there, line) != line and there != (x, y):
            return None
        return 1

    def _price(self, link: Link, there: Point, turn: int) -> int | None:
        """What it costs to come to a point, or None where it is closed."""
        owner = self.owner.get(there)
        if owner is not None:
            if owner == link.source:
                return 1 if turn in (LEFT, RIGHT) else None
            if owner != link.target:
                return None
            sideways = turn in (LEFT, RIGHT)
            centre = there[0] == self.centre[owner][0]
            if not sideways and not centre and self.shape[owner] != "box":
                return None
            return 1 + SIDE[turn][self._heading(link)] + (0 if sideways or centre else PASS)
        other = self.taken.get(there)
        if other is None:
            right = there[0] - self.centre[link.source][0]
            astray = self.astray.get((link.source, link.target), 0)
            return 1 + (ASTRAY if right * astray > 0 else 0)
        ways = self.nets[other].get(there, set())
        if other == self.graph.line(link):
            return None
        across = {(turn + 1) % 4, (turn + 3) % 4}
        return 1 + CROSS if ways == across and there not in self.crossed else None

    def _blocked(self, link: Link, point: Point, turn: int) -> bool:
        """Tell whether another line already runs on from here."""
        if self.owner.get(point) == link.source:
            return not self.graph.shared and (link.source, point, turn) in self.exits
        there = self.running.get((point, turn))
        return there is not None and there != {self.graph.line(link)}


def _traced(
    back: dict[tuple[Point, int], tuple[Point, int] | None], end: tuple[Point, int]
) -> list[Point]:
    path: list[Point] = []
    here: tuple[Point, int] | None = end
    while here is not None:
        if not path or path[-1] != here[0]:
            path.append(here[0])
        here = back[here]
    return path[::-1]
