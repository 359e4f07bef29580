"""The figure of a cell with numbers in place of names: which array of its equations is which?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from rnnsym.blocks import Figure, Listing, Paragraph, Relation, prose
from rnnsym.cell import Cell, load_cell
from rnnsym.diagram import Diagram, Graph, Link
from rnnsym.diagram.cell_graph import cell_graph
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.place_cell import place_cell
from rnnsym.expr import Array, Expr, Node, text
from rnnsym.item import Item, Mark, Matching, Part, Proof
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.figures import BOXES, SIGNS, colours, equations_of_cell
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND", "is_unique"]

FEWEST = 3
"""With two, one guess would earn the marks of both."""


@lru_cache(maxsize=256)
def _arrays(name: str) -> tuple[Array, ...]:
    """The named arrays of a cell's figure that are no state: what can be left blank."""
    cell = load_cell(name)
    states = {state.name for state in cell.states}
    named = [piece for _, label in cell_graph(cell).names for piece in label]
    return tuple(a for a in named if isinstance(a, Array) and a.name not in states)


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or EXAMINED
        if FEWEST <= len(_arrays(name)) <= len(SIGNS) and _is_asked(name)
    ]


@lru_cache(maxsize=256)
def _is_asked(name: str) -> bool:
    return is_unique(cell_graph(load_cell(name)), _arrays(name))


def is_unique(graph: Graph, arrays: Sequence[Array]) -> bool:
    """Tell whether a figure without these names can be labelled in one way only."""
    blank = [v for v, label in graph.names if any(piece in arrays for piece in label)]
    *_, found = colours(graph)
    return len({found[v] for v in blank}) == len(blank)


def _variants(subject: Parameters) -> int:
    """The numbers can be given out in any order."""
    count = 1
    for k in range(2, len(_arrays(dict(subject)["model"])) + 1):
        count *= k
    return count


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    names = [array.name for array in _arrays(dict(subject)["model"])]
    return (*subject, ("order", " ".join(draw.ranked("order", names))))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    cell = load_cell(values["model"])
    by_name = {array.name: array for array in _arrays(values["model"])}
    order = [by_name[name] for name in values["order"].split()]
    signs = dict(zip(order, SIGNS, strict=False))
    pairs = tuple((prose(sign), text(array)) for array, sign in signs.items())
    shown = arranger("figure_blanks", parameters).ranked("answers", [a for _, a in pairs])
    by_text = {text(array): array for array in order}
    names = listed([by_text[name] for name in shown])
    shows = "The figure shows one step of it, with numbers in place of some names. "
    named = tuple(
        prose(f"{sign} is ", Relation((array, cell.written[array.name])))
        for array, sign in signs.items()
    )
    scheme = tuple(
        Mark(1, "B", prose(f"{sign} is ", array, _purpose(cell, array)))
        for array, sign in signs.items()
    )
    part = Part(
        (Paragraph(prose("Which of the numbers are ", *names, "?")),),
        Matching(pairs, (), tuple(shown)),
        len(pairs),
        (
            Paragraph(prose("Each number stands for what is computed there:")),
            Listing(named),
        ),
        scheme,
        (prose("Start with a name whose equation needs no other name: which lines come in?"),),
    )
    return Item(
        id=identifier("figure_blanks", parameters),
        kind="figure_blanks",
        topic="diagrams",
        level=2,
        minutes=1 + len(pairs),
        convention=values["convention"],
        parameters=parameters,
        stem=(
            Paragraph(prose(f"The cell “{cell.title}” computes")),
            equations_of_cell(cell),
            Paragraph(prose(shows, BOXES)),
            Figure(_blanked(values["model"], signs)),
        ),
        parts=(part,),
        proof=Proof("colour refinement of the figure tells every blank from the others", "exact"),
        tags=(values["model"],),
    )


def _purpose(cell: Cell, array: Array) -> str:
    purpose = next((e.purpose for e in cell.equations if e.lhs.name == array.name), "")
    return f": {purpose}" if purpose else ""


@lru_cache(maxsize=256)
def _figure(model: str) -> Diagram:
    """Return the cell's figure, its arrays under their numbers in order."""
    signs = dict(zip(_arrays(model), SIGNS, strict=False))
    graph, cells = place_cell(cell_graph(load_cell(model)))
    described = graph.description
    for array, shown in signs.items():
        described = described.replace(text(array), shown)

    def sign(piece: Node | Expr | str) -> Node | Expr | str:
        return signs.get(piece, piece) if isinstance(piece, Array) else piece

    titled = replace(
        graph, title="one step of a cell, numbers in place of names", description=described
    )
    return laid_out(_relabelled(titled, sign), cells, framed=True)


def _blanked(model: str, signs: Mapping[Array, str]) -> Diagram:
    """Return the cell's figure, its arrays under other numbers: every line stays where it is."""
    figure = _figure(model)
    turned = dict(zip(SIGNS, (signs[array] for array in _arrays(model)), strict=False))

    def sign(piece: Node | Expr | str) -> Node | Expr | str:
        return turned.get(piece, piece) if isinstance(piece, str) else piece

    described = "".join(turned.get(letter, letter) for letter in figure.description)
    return replace(
        figure,
        graph=replace(_relabelled(figure.graph, sign), description=described),
        edges=tuple(replace(edge, link=_link(edge.link, sign)) for edge in figure.edges),
        marks=tuple(replace(mark, label=tuple(map(sign, mark.label))) for mark in figure.marks),
    )


Sign: TypeAlias = Callable[[Node | Expr | str], Node | Expr | str]


def _relabelled(graph: Graph, sign: Sign) -> Graph:
    return replace(
        graph,
        names=tuple((vertex, tuple(map(sign, label))) for vertex, label in graph.names),
        links=tuple(_link(link, sign) for link in graph.links),
    )


def _link(link: Link, sign: Sign) -> Link:
    return replace(link, labels=tuple(tuple(map(sign, label)) for label in link.labels))


KIND = Kind(
    "figure_blanks", "diagrams", "analyse", (2, 2), (3, 7), _subjects, _variants, _draw, _make
)
