"""The inside of a cell as a figure."""

from rnnsym.cell import Cell
from rnnsym.diagram.cell_graph import cell_graph
from rnnsym.diagram.graph import Diagram
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.place_cell import place_cell

__all__ = ["cell_diagram"]


def cell_diagram(cell: Cell) -> Diagram:
    """Return the inside of a cell: its functions and operations, states in and out."""
    graph, cells = place_cell(cell_graph(cell))
    return laid_out(graph, cells, framed=True)
