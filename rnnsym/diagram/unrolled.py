"""A model over time: one unit for every layer and step, and what flows between them."""

from rnnsym.diagram.graph import Diagram
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.unrolling import Unrolling
from rnnsym.equations import System

__all__ = ["unrolled_diagram"]


def unrolled_diagram(system: System, steps: int = 3) -> Diagram:
    """Return a model unrolled over its first steps, layers upward, the loss on top.

    Args:
        system: the model; where its depth is the symbol L, three layers are drawn.
        steps: how many steps are drawn; T is that number.
    """
    unrolling = Unrolling(system, steps)
    graph = unrolling.graph(f"{system.model}: unrolled over {steps} steps")
    return laid_out(graph, unrolling.cells(graph))
