"""Diagrams as SVG: real text, a title and a description, no script, in the colour of the text."""

from collections.abc import Iterator
from html import escape

from rnnsym.diagram import Diagram, Frame, Label, Vertex
from rnnsym.diagram.graph import Point
from rnnsym.diagram.pieces import Piece, pieces
from rnnsym.diagram.widths import label_width, lines_of
from rnnsym.export.svg_math import svg_runs

__all__ = ["svg"]

ACROSS, DOWN, MARGIN = 8.5, 19.0, 14.0
SIZE, SMALL = 16.0, 15.0
KEY = 4
ARROW, CORNER, JOINT = 8.0, 6.0, 3.0
FONT = "'Latin Modern Math','STIX Two Math','Cambria Math','Times New Roman',serif"
WORDS = {"⊙": "elementwise product", "+": "sum"}


def svg(diagram: Diagram) -> str:
    """Return a diagram as one ``svg`` element, keys below it."""
    keys = diagram.graph.keys
    longest = max((label_width(key.label) + KEY for key in keys), default=0)
    width = max(diagram.width, longest) * ACROSS + 2 * MARGIN
    below = diagram.height * DOWN + 2 * MARGIN
    height = below + len(keys) * 1.5 * SIZE
    body = [
        *([_frame(diagram.frame)] if diagram.frame is not None else []),
        *(_line(piece) for piece in pieces(diagram, ACROSS / DOWN)),
        *(_dot(point) for point in diagram.joints),
        *(_vertex(v, p) for v, p in zip(diagram.graph.vertices, diagram.places, strict=True)),
        *(_text(m.label, _x(m.x + (m.width - 1) / 2), _y(m.y), SMALL) for m in diagram.marks),
        *(_key(k.letter, k.label, below + (n + 0.5) * 1.5 * SIZE) for n, k in enumerate(keys)),
    ]
    rows = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" fill="none" stroke="currentColor"'
        f' stroke-width="1.3" font-family="{FONT}" font-size="{SIZE:g}" text-anchor="middle">\n'
        f"<title>{escape(diagram.title)}</title>\n<desc>{escape(diagram.description)}</desc>\n"
        f"{rows}\n</svg>\n"
    )


def _x(x: float) -> float:
    return MARGIN + (x + 0.5) * ACROSS


def _y(y: float) -> float:
    return MARGIN + (y + 0.5) * DOWN


def _text(label: Label, x: float, y: float, size: float = SIZE) -> str:
    runs = svg_runs(label, size)
    return (
        f'<text x="{x:g}" y="{y + 0.32 * size:g}" font-size="{size:g}" fill="currentColor"'
        f' stroke="none">{runs}</text>'
    )


def _key(letter: str, label: Label, y: float) -> str:
    row = _text((f"{letter}:  ", *label), MARGIN, y, SMALL)
    return row.replace("<text ", '<text text-anchor="start" ', 1)


def _dot(point: Point) -> str:
    x, y = _x(point[0]), _y(point[1])
    return f'<circle cx="{x:g}" cy="{y:g}" r="{JOINT:g}" fill="currentColor" stroke="none"/>'


def _frame(frame: Frame) -> str:
    return _rectangle(frame, 10.0, 'stroke-opacity="0.45" fill="currentColor" fill-opacity="0.03"')


def _rectangle(frame: Frame, radius: float, style: str) -> str:
    left, top = _x(frame.left), _y(frame.top)
    width, height = _x(frame.right) - left, _y(frame.bottom) - top
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"'
        f" {style}/>"
    )


def _vertex(vertex: Vertex, place: Frame) -> str:
    x, y = _x((place.left + place.right) / 2), _y((place.top + place.bottom) / 2)
    if vertex.shape == "dot":
        return _dot((place.left, place.top))
    if vertex.shape == "circle":
        sign = str(vertex.label[0])
        return f"<g><title>{WORDS.get(sign, sign)}</title>{_circle(sign, x, y)}</g>"
    rows = lines_of(vertex.label)
    if len(rows) > 1:
        return _text(rows[0], x, _y(place.top)) + _text(rows[1], x, _y(place.bottom))
    text = _text(vertex.label, x, y)
    if vertex.shape == "label":
        return text
    box = _rectangle(place, 4.0, 'fill="currentColor" fill-opacity="0.08"')
    return f"<g>{box}{text}</g>"


def _circle(sign: str, x: float, y: float) -> str:
    """A circle with its sign; that of ⊙ is its own circle's point, as in print."""
    inner = _dot_at(x, y) if sign == "⊙" else _text((sign,), x, y)
    return f'<circle cx="{x:g}" cy="{y:g}" r="{ACROSS:g}"/>{inner}'


def _dot_at(x: float, y: float) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="2.2" fill="currentColor" stroke="none"/>'


def _line(piece: Piece) -> str:
    points = [(_x(x), _y(y)) for x, y in piece.points]
    dashes = ' stroke-dasharray="5 4"' if piece.dashed else ""
    path = f'<path d="{" ".join(_strokes(points))}"{dashes}/>'
    return path + (_head(points[-2], points[-1]) if piece.arrow else "")


def _strokes(points: list[tuple[float, float]]) -> Iterator[str]:
    """A path whose corners are rounded."""
    yield f"M{points[0][0]:g} {points[0][1]:g}"
    for a, b, c in zip(points, points[1:], points[2:], strict=False):
        p, q = _towards(b, a), _towards(b, c)
        yield f"L{p[0]:g} {p[1]:g}Q{b[0]:g} {b[1]:g} {q[0]:g} {q[1]:g}"
    yield f"L{points[-1][0]:g} {points[-1][1]:g}"


def _towards(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """A point on the way from one corner to the next, no further than half of it."""
    length = abs(a[0] - b[0]) + abs(a[1] - b[1])
    share = min(CORNER, length / 2) / length
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _head(a: tuple[float, float], b: tuple[float, float]) -> str:
    """The head of an arrow that ends at ``b``."""
    length = abs(a[0] - b[0]) + abs(a[1] - b[1])
    dx, dy = (b[0] - a[0]) / length * ARROW, (b[1] - a[1]) / length * ARROW
    left = b[0] - dx - dy * 0.4, b[1] - dy + dx * 0.4
    right = b[0] - dx + dy * 0.4, b[1] - dy - dx * 0.4
    return (
        f'<path d="M{b[0]:g} {b[1]:g}L{left[0]:g} {left[1]:g}L{right[0]:g} {right[1]:g}Z"'
        ' fill="currentColor" stroke="none"/>'
    )
