"""The lines of a figure in pieces between joints, each once, as a pen draws them."""

import itertools

from rnnsym.diagram.graph import Diagram, Point
from rnnsym.record import record

__all__ = ["Piece", "pieces"]


LABEL = 0.65
"""How far from the middle of a label an upright line keeps, in lines of text."""


@record
class Piece:
    """A line from corner to corner; ``arrow`` where it ends at a vertex."""

    points: tuple[tuple[float, float], ...]
    arrow: bool
    dashed: bool


def pieces(diagram: Diagram, radius: float) -> tuple[Piece, ...]:
    """Return the pieces of all lines, those that several links share once.

    Args:
        diagram: the figure.
        radius: of a circle, in lines of text; a circle reaches one column to each side.
    """
    shape = {v.name: v.shape for v in diagram.graph.vertices}
    rims = {"circle": radius, "label": LABEL}
    joints = set(diagram.joints)
    found: dict[tuple[Point, ...], Piece] = {}
    for edge in diagram.edges:
        parts = _parted(edge.points, joints)
        for part in parts:
            points: list[tuple[float, float]] = list(part)
            if part is parts[0]:
                points[0] = _out(part[0], part[1], rims.get(shape[edge.link.source], 0))
            if part is parts[-1]:
                points[-1] = _out(part[-1], part[-2], rims.get(shape[edge.link.target], 0))
            arrow = part is parts[-1] and shape[edge.link.target] != "dot"
            found.setdefault(part, Piece(tuple(points), arrow, edge.link.dashed))
    return tuple(found.values())


def _out(end: Point, other: Point, rim: float) -> tuple[float, float]:
    """An upright line ends at the rim of its vertex, not at its middle."""
    x, y = end
    if x != other[0]:
        return end
    return x, y + (rim if other[1] > y else -rim)


def _parted(points: tuple[Point, ...], joints: set[Point]) -> list[tuple[Point, ...]]:
    """Cut a line at the joints that lie on it."""
    parts: list[tuple[Point, ...]] = []
    here: list[Point] = [points[0]]
    for a, b in itertools.pairwise(points):
        across = sorted((j for j in joints if _between(a, j, b)), key=lambda j: _far(a, j))
        for joint in across:
            here.append(joint)
            parts.append(tuple(here))
            here = [joint]
        if here[-1] != b:
            here.append(b)
    return [*parts, tuple(here)] if len(here) > 1 else parts


def _far(a: Point, b: Point) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _between(a: Point, joint: Point, b: Point) -> bool:
    return joint != a and _far(a, joint) + _far(joint, b) == _far(a, b)
