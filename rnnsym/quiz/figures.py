"""Figures in questions: signs for what has no name, and whether two of them show the same."""

from collections.abc import Iterator, Mapping

from rnnsym.blocks import Equations, Line
from rnnsym.cell import Cell
from rnnsym.diagram import Graph
from rnnsym.quiz.draw import digest

__all__ = ["BOXES", "SIGNS", "alike", "colours", "equations_of_cell", "is_end", "leads"]

SIGNS = "①②③④⑤⑥⑦"
BOXES = (
    "(Weights and biases are inside the boxes. Lines are joined where one ends at another, and at "
    "a dot: from a dot they run on together, never back. Lines that merely cross are not joined.)"
)


def equations_of_cell(cell: Cell) -> Equations:
    """Return the equations of a cell as its file writes them."""
    left = {e.lhs.name: e.lhs for e in cell.equations}
    return Equations(tuple(Line(left[name], rhs) for name, rhs in cell.written.items()))


def is_end(vertex: str) -> bool:
    """Tell whether a vertex is where a value leaves the figure."""
    return vertex.endswith(" out")


def leads(graph: Graph, start: str, end: str) -> bool:
    """Tell whether a value depends on another one: an arrow back would close a circle."""
    found = [start]
    for vertex in found:
        found += [x.target for x in graph.links if x.source == vertex and x.target not in found]
    return end in found


def colours(graph: Graph, names: Mapping[str, object] | None = None) -> Iterator[dict[str, bytes]]:
    """Yield what tells a vertex from the others, finer each time: colour refinement.

    Vertices are told apart by what they show, then by their neighbours, again and again. Colours of
    two graphs can be compared, round by round.

    Args:
        graph: the figure; its own names count for nothing.
        names: what else tells vertices apart.
    """
    known = names or {}
    found = {v.name: digest(v.shape, str(v.label), known.get(v.name)) for v in graph.vertices}
    into = {v: [x.source for x in graph.links if x.target == v] for v in found}
    out = {v: [x.target for x in graph.links if x.source == v] for v in found}
    yield found
    for _ in graph.vertices:
        found = {
            v: digest(own, sorted(found[s] for s in into[v]), sorted(found[t] for t in out[v]))
            for v, own in found.items()
        }
        yield found


def alike(a: Graph, b: Graph, names: Mapping[str, object] | None = None) -> bool:
    """Tell whether two figures cannot be told apart, whatever their vertices are called inside.

    Figures that show the same are always alike; unlike ones do show something else.
    """
    rounds = zip(colours(a, names), colours(b, names), strict=False)
    return all(sorted(x.values()) == sorted(y.values()) for x, y in rounds)
