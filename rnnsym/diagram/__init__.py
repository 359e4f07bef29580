"""Diagrams: nodes and edges on a grid, free of any output format."""

from rnnsym.diagram.graph import Diagram, Edge, Vertex

__all__ = ["Diagram", "Edge", "Vertex"]
