"""Diagrams: vertices and routed edges on a grid, derived from equations, free of any format."""

from rnnsym.diagram.backward import backward_diagram
from rnnsym.diagram.cell_figure import cell_diagram
from rnnsym.diagram.graph import Diagram, Edge, Frame, Graph, Key, Label, Link, Mark, Vertex
from rnnsym.diagram.unrolled import unrolled_diagram

__all__ = [
    "Diagram",
    "Edge",
    "Frame",
    "Graph",
    "Key",
    "Label",
    "Link",
    "Mark",
    "Vertex",
    "backward_diagram",
    "cell_diagram",
    "unrolled_diagram",
]
