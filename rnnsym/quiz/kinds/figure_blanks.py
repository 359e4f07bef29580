"""The figure of a cell with numbers in place of names: which array is which?"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.blocks import Figure, Paragraph, prose
from rnnsym.cell import Cell, load_cell
from rnnsym.diagram import Diagram, Graph, Label
from rnnsym.diagram.cell_graph import cell_graph
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.place_cell import place_cell
from rnnsym.expr import Array, text
from rnnsym.item import Item, Mark, Matching, Part, Proof
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.figures import SIGNS, colours, equations_of_cell
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND", "is_unique"]

FEWEST = 2


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
    found = colours(graph)
    return len({found[v] for v in blank}) == len(blank)


def _sentences(graph: Graph, signs: dict[Array, str]) -> list[str]:
    described = graph.description
    for array, sign in signs.items():
        described = described.replace(text(array), sign)
    return described.split(". ")


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
    names = (", ".join(shown[:-1]), shown[-1])
    shows = "The figure shows one step of a cell, with numbers in place of some names."
    scheme = tuple(
        Mark(1, "B", prose(f"{sign} is ", array, _purpose(cell, array)))
        for array, sign in signs.items()
    )
    part = Part(
        (Paragraph(prose(f"Which of the numbers are {names[0]} and {names[1]}?")),),
        Matching(pairs, (), tuple(shown)),
        len(pairs),
        (
            Paragraph(prose("The cell is “", cell.title, "”, whose equations the figure shows:")),
            equations_of_cell(cell),
        ),
        scheme,
    )
    return Item(
        id=identifier("figure_blanks", parameters),
        kind="figure_blanks",
        topic="diagrams",
        level=2,
        minutes=1 + len(pairs),
        convention=values["convention"],
        parameters=parameters,
        stem=(Paragraph(prose(shows)), Figure(_blanked(cell, signs))),
        parts=(part,),
        proof=Proof("colour refinement of the figure tells every blank from the others", "exact"),
        tags=(values["model"],),
    )


def _purpose(cell: Cell, array: Array) -> str:
    purpose = next((e.purpose for e in cell.equations if e.lhs.name == array.name), "")
    return f": {purpose}" if purpose else ""


def _blanked(cell: Cell, signs: dict[Array, str]) -> Diagram:
    """Return the cell's figure, each of the arrays under its number."""
    graph, cells = place_cell(cell_graph(cell))

    def label(old: Label) -> Label:
        return tuple(signs.get(x, x) if isinstance(x, Array) else x for x in old)

    blank = replace(
        graph,
        title="one step of a cell, numbers in place of names",
        description=". ".join(_sentences(graph, signs)),
        names=tuple((vertex, label(old)) for vertex, old in graph.names),
        links=tuple(
            replace(link, labels=tuple(label(old) for old in link.labels)) for link in graph.links
        ),
    )
    return laid_out(blank, cells, framed=True)


KIND = Kind(
    "figure_blanks", "diagrams", "analyse", (2, 2), (2, 7), _subjects, _variants, _draw, _make
)
