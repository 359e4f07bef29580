"""Diagrams as TikZ pictures, drawn from the same grid as the others."""

from collections.abc import Iterator

from rnnsym.diagram import Diagram, Frame, Label, Vertex
from rnnsym.diagram.pieces import Piece, pieces
from rnnsym.diagram.widths import lines_of
from rnnsym.export.latex_words import escape
from rnnsym.expr import ACTIVATIONS, LATEX, Node, render

__all__ = ["figure_latex", "label_latex", "tikz"]

# Millimetres for one point of a page as ``latex_page`` measures it.
POINT = 166 / 470
PAGE = 470.0
ACROSS, DOWN = 2.1, 4.6
TALLEST, LEAST = 75, 0.7
"""Millimetres from which on a figure shrinks, but not below this part of its size."""
MARGIN = 1.2
"""Millimetres between the ends of a name and its box."""
SIGNS = {"+": "+", "−": "-", "1−": "1-", "1+": "1+", "max": r"\max", "1/·": r"1/\cdot"}
FUNCTIONS = {a.text: a.latex for a in ACTIVATIONS.values()}
# A figure that has to shrink more takes smaller letters.
SIZES = ((0.85, r"\small"), (0.65, r"\footnotesize"), (0.0, r"\scriptsize"))


def figure_latex(diagram: Diagram, caption: str, width: float) -> str:
    """Return a diagram in the middle of its page, its letters and its caption below it."""
    scale = max(LEAST, TALLEST / (diagram.height * DOWN))
    rows = [tikz(diagram, min(width, scale * diagram.width * ACROSS / POINT))]
    rows += [
        rf"\par\smallskip {key.letter}: {label_latex(key.label)}" for key in diagram.graph.keys
    ]
    rows += [rf"\par\nobreak\smallskip {{\small {caption}}}"] if caption else []
    inner = "\n".join(rows)
    return f"\\begin{{center}}\n{inner}\n\\end{{center}}"


def tikz(diagram: Diagram, width: float = PAGE) -> str:
    """Return a diagram as a ``tikzpicture``, no wider than ``width`` points."""
    scale = min(1.0, POINT * width / (diagram.width * ACROSS))
    size = next(command for least, command in SIZES if scale >= least)
    across, down = ACROSS * scale, DOWN * max(scale, 0.75)
    options = (
        f"x={across:.3f}mm,y=-{down:.3f}mm,font={size},>={{Latex[length=1.9mm,width=1.5mm]}},"
        "line width=0.5pt,line cap=round,every node/.style={inner sep=0pt}"
    )
    body = [
        *([_frame(diagram.frame)] if diagram.frame is not None else []),
        *(_line(piece) for piece in pieces(diagram, across / down)),
        *(rf"\fill {_at(*point)} circle[radius=0.45mm];" for point in diagram.joints),
    ]
    for vertex, place in zip(diagram.graph.vertices, diagram.places, strict=True):
        body += _vertex(vertex, place, across)
    for mark in diagram.marks:
        body.append(_text(mark.label, mark.x + (mark.width - 1) / 2, mark.y))
    inner = "\n".join(body)
    return f"\\begin{{tikzpicture}}[{options}]\n{inner}\n\\end{{tikzpicture}}"


def label_latex(label: Label) -> str:
    """Return a label in LaTeX, its dollars included."""
    return "".join(
        f"${render(p, LATEX)}$" if isinstance(p, Node)
        else _sign(p) if isinstance(p, str)
        else f"${LATEX.scalar(p)}$"
        for p in label
    ).replace("$$", "")  # fmt: skip


def _sign(sign: str) -> str:
    known = FUNCTIONS.get(sign) or SIGNS.get(sign)
    if known is not None:
        return f"${known}$"
    bare = sign.rstrip("→←")
    arrow = {"→": r"$\,{\to}$", "←": r"$\,{\gets}$", "": ""}[sign[len(bare) :]]
    return escape(bare) + arrow


def _at(x: float, y: float) -> str:
    return f"({x:g},{y:g})"


def _text(label: Label, x: float, y: float) -> str:
    return rf"\node at {_at(x, y)} {{{label_latex(label)}}};"


def _frame(frame: Frame) -> str:
    corners = f"{_at(frame.left, frame.top)} rectangle {_at(frame.right, frame.bottom)}"
    return rf"\draw[rounded corners=2mm,black!45,fill=black!3] {corners};"


def _vertex(vertex: Vertex, place: Frame, radius: float) -> Iterator[str]:
    x, y = (place.left + place.right) / 2, (place.top + place.bottom) / 2
    if vertex.shape == "dot":
        yield rf"\fill {_at(x, y)} circle[radius=0.45mm];"
    elif vertex.shape == "circle":
        yield rf"\draw[fill=white] {_at(x, y)} circle[radius={radius:.3f}mm];"
        if vertex.label == ("⊙",):
            yield rf"\fill {_at(x, y)} circle[radius=0.4mm];"
        else:
            yield _text(vertex.label, x, y)
    elif vertex.shape == "label":
        rows = lines_of(vertex.label)
        places = (y,) if len(rows) == 1 else (place.top, place.bottom)
        for row, at in zip(rows, places, strict=True):
            yield _text(row, x, at)
    else:
        corners = f"{_at(place.left, place.top)} rectangle {_at(place.right, place.bottom)}"
        yield rf"\draw[rounded corners=0.8mm,fill=black!7] {corners};"
        yield rf"\node at {_at(x, y)} {{{_fitted(vertex.label, place, radius)}}};"


def _fitted(label: Label, place: Frame, across: float) -> str:
    """Return a label in LaTeX; names shrink where TeX finds them wider than their box."""
    text = label_latex(label)
    if not all(isinstance(part, str) and part not in FUNCTIONS for part in label):
        return text
    room = f"{(place.right - place.left) * across - MARGIN:.2f}mm"
    return rf"\sbox0{{{text}}}\ifdim\wd0>{room} \resizebox{{{room}}}{{!}}{{\box0}}\else\box0\fi"


def _line(piece: Piece) -> str:
    options = ["rounded corners=1.2mm"]
    options += ["->"] if piece.arrow else []
    options += ["dashed"] if piece.dashed else []
    return rf"\draw[{','.join(options)}] {' -- '.join(_at(*p) for p in piece.points)};"
