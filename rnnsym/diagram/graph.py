"""A Diagram: vertices on a grid and the edges between them."""

from dataclasses import dataclass

from rnnsym.expr import Node

__all__ = ["Diagram", "Edge", "Vertex"]


@dataclass(frozen=True, slots=True)
class Vertex:
    """One box, circle or bare label of a diagram.

    Attributes:
        name: unique in the diagram; edges refer to it.
        label: maths, or a sign such as "+" or "⊙".
        column: from the left, from 0; halves are allowed.
        row: from the top, from 0.
        shape: "box" (a function or gate), "circle" (an operation), "label" (an input or output).
    """

    name: str
    label: Node | str
    column: float
    row: float
    shape: str = "box"


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from one vertex to another, with an optional label."""

    source: str
    target: str
    label: Node | str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A directed graph laid out on a grid.

    Attributes:
        title: what the figure shows, in a few words.
        description: the same in sentences, for those who cannot see it.
    """

    title: str
    description: str
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
