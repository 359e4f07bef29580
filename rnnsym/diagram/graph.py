"""A Diagram: vertices and routed edges on a grid of characters, free of any output format.

One unit across is a terminal's column, one unit down its line, so the same figure serves print
and terminal. A Graph is the same before it has places.
"""

from typing import TypeAlias

from rnnsym.expr import Expr, Node
from rnnsym.record import record

__all__ = [
    "Diagram", "Edge", "Frame", "Graph", "Key", "Label", "Link", "Mark", "Point", "Route", "Vertex",
]  # fmt: skip

Label: TypeAlias = tuple[Node | Expr | str, ...]
"""Maths and signs ("⊙", "σ", "1−", words) set side by side."""
Point: TypeAlias = tuple[int, int]


@record
class Vertex:
    """One box, circle, bare label or merging point.

    Attributes:
        name: unique in the graph; links refer to it.
        shape: "box" (a function or a cell), "circle" (an operation), "label" (an input or output),
            "dot" (lines that run on together).
    """

    name: str
    label: Label
    shape: str = "box"


@record
class Link:
    """An arrow between two vertices.

    Attributes:
        labels: what it carries, where the figure says so.
        reads: the arrays that it carries, as the equations name them.
    """

    source: str
    target: str
    labels: tuple[Label, ...] = ()
    reads: tuple[Node, ...] = ()
    dashed: bool = False


@record
class Key:
    """What a letter on an edge stands for, where the formula is too long to stand there."""

    letter: str
    label: Label


@record
class Graph:
    """What a figure shows, before its vertices have places.

    Attributes:
        title: what it shows, in a few words.
        names: for vertices whose result has a name (f_t of a gate), that name.
        keys: the letters that stand on links.
        shared: whether what leaves a vertex is one thing, so that its lines run together.
    """

    title: str
    description: str
    vertices: tuple[Vertex, ...]
    links: tuple[Link, ...]
    names: tuple[tuple[str, Label], ...] = ()
    keys: tuple[Key, ...] = ()
    shared: bool = True

    def line(self, link: Link) -> str:
        """Return the line that a link belongs to: that of its source, or one of its own."""
        return link.source if self.shared else f"{link.source} > {link.target}"


@record
class Mark:
    """A label beside a line or in a vertex, centred in ``width`` columns from ``x``."""

    label: Label
    x: int
    y: int
    width: int


@record
class Frame:
    """A rectangle: that of a vertex, or the frame round the inside of a cell."""

    left: int
    top: int
    right: int
    bottom: int


@record
class Route:
    """The line of one link, from corner to corner, its arrow at the last point.

    Routes of one line run together until they part, at a point in ``Diagram.joints``.
    """

    link: Link
    points: tuple[Point, ...]


Edge: TypeAlias = Route


@record
class Diagram:
    """A graph laid out.

    Attributes:
        places: the rectangle of each vertex, in the order of ``graph.vertices``.
        marks: names and labels beside the lines.
        joints: where lines from one vertex part.
        frame: round the inside of a cell.
        width, height: in columns and lines.
        cells: the column and row in which each vertex was put.
    """

    graph: Graph
    cells: tuple[tuple[str, Point], ...]
    places: tuple[Frame, ...]
    edges: tuple[Route, ...]
    marks: tuple[Mark, ...]
    joints: tuple[Point, ...]
    frame: Frame | None
    width: int
    height: int

    @property
    def title(self) -> str:
        """What the figure shows, in a few words."""
        return self.graph.title

    @property
    def description(self) -> str:
        """The same in sentences, for those who cannot see it."""
        return self.graph.description
