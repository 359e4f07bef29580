"""The figure of a cell without one of its arrows: where does it belong?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from rnnsym.blocks import Block, Figure, Inline, Paragraph, Prose, prose
from rnnsym.cell import Cell, load_cell
from rnnsym.diagram import Diagram, Graph, Label, Link
from rnnsym.diagram.cell_graph import cell_graph
from rnnsym.diagram.describe import cell_sentences
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.place_cell import place_cell
from rnnsym.errors import InputError
from rnnsym.expr import Array
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.figures import BOXES, SIGNS, alike, equations_of_cell, is_end, leads
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.options import WRONG, arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "figure_missing_edge"
Ends = tuple[str, str]
DRAWN = "an arrow that is not missing"
"""One such is among the options: else the equations alone would give the answer away."""


@dataclass(frozen=True, slots=True)
class _Named:
    """The graph of a cell, in which every vertex can be spoken of.

    Attributes:
        graph: with a sign for each result that has no name of its own.
        called: by vertex, its name or sign.
    """

    cell: Cell
    graph: Graph
    called: dict[str, Label]

    def without(self, edge: Ends) -> Graph:
        """Return the graph that lacks an arrow."""
        links = tuple(x for x in self.graph.links if (x.source, x.target) != edge)
        return replace(self.graph, links=links)

    def sources(self, vertex: str) -> list[str]:
        """Return where the arrows into a vertex come from."""
        return [x.source for x in self.graph.links if x.target == vertex]


@lru_cache(maxsize=256)
def _named(model: str) -> _Named | None:
    """Return a cell's figure with signs, or None where there are too few of them."""
    cell = load_cell(model)
    graph = cell_graph(cell)
    labels = {v.name: v.label for v in graph.vertices if v.shape == "label"}
    called = labels | dict(graph.names)
    called |= {x.source: labels[x.target] for x in graph.links if is_end(x.target)}
    unnamed = [v.name for v in graph.vertices if v.name not in called]
    if len(unnamed) > len(SIGNS):
        return None
    signs: dict[str, Label] = {v: (sign,) for v, sign in zip(unnamed, SIGNS, strict=False)}
    names = (*graph.names, *signs.items())
    return _Named(cell, replace(graph, names=names), called | signs)


# What can be asked


@lru_cache(maxsize=256)
def _edges(model: str) -> Mapping[str, Ends]:
    """The arrows that can be left out: nothing is left alone, and three others might be missing."""
    named = _named(model)
    if named is None:
        return {}
    links = [(x.source, x.target) for x in named.graph.links if not is_end(x.target)]
    return {" > ".join(edge): edge for edge in links if _is_askable(named, edge)}


@lru_cache(maxsize=256)
def _asked(model: str) -> Sequence[str]:
    """The arrows that are drawn from: those that the rest does not give away, if there are any."""
    named, edges = _named(model), _edges(model)
    return [e for e in edges if named and not _is_given_away(named, edges[e])] or list(edges)


def _is_given_away(named: _Named, edge: Ends) -> bool:
    """Tell whether nothing else leaves its start and one arrow only reaches a circle at its end."""
    source, target = edge
    rest = named.without(edge)
    [shape] = [v.shape for v in rest.vertices if v.name == target]
    alone = shape == "circle" and len([x for x in rest.links if x.target == target]) == 1
    return alone and all(x.source != source for x in rest.links)


def _is_askable(named: _Named, edge: Ends) -> bool:
    rest = named.without(edge)
    touched = {end for x in rest.links for end in (x.source, x.target)}
    inside = {x.target for x in rest.links}
    whole = edge[1] in inside and all(v.name in touched for v in rest.vertices)
    return whole and len(list(islice(_wrong(named, edge), WRONG))) == WRONG


def _wrong(named: _Named, edge: Ends) -> Iterator[tuple[str, Ends]]:
    """Yield arrows that belong nowhere in the figure, and what each is mistaken for."""
    rest = named.without(edge)
    source, target = edge
    inner = [v.name for v in rest.vertices if v.shape != "label"]
    starts = [v.name for v in rest.vertices if not is_end(v.name)]
    tried = [
        *(("the end of another arrow", (source, t)) for t in inner),
        *(("the start of another arrow", (s, target)) for s in starts),
        ("the arrow turned round", (target, source)),
    ]
    for name, (s, t) in tried:
        new = t in inner and s not in named.sources(t) and not leads(rest, t, s)
        if new and not _means(named, edge, (s, t)):
            yield name, (s, t)


def _there(named: _Named, edge: Ends) -> Iterator[Ends]:
    """Yield arrows of the figure that start or end where the missing one does, or else any."""
    pairs = ((x.source, x.target) for x in named.graph.links if not is_end(x.target))
    others = [pair for pair in pairs if pair != edge]
    yield from [(s, t) for s, t in others if s == edge[0] or t == edge[1]] or others


def _means(named: _Named, edge: Ends, other: Ends) -> bool:
    """Tell whether another arrow in place of this one would be right as well.

    It is, where vertices that only have signs change places, or where it goes into another sum, or
    product, of the same whole: (x + y) + z = x + (y + z).
    """
    (_, a), (_, b) = edge, other
    label = {v.name: v.label for v in named.graph.vertices}
    joined = a in named.sources(b) or b in named.sources(a)
    if joined and label[a] == label[b] and label[a] in (("+",), ("⊙",)):
        return True
    known = {v: str(name) for v, name in named.called.items() if isinstance(name[0], Array)}
    if any(x != y and (x in known or y in known) for x, y in zip(edge, other, strict=True)):
        return False
    rest = named.without(edge)
    return alike(replace(rest, links=(*rest.links, Link(*other))), named.graph, known)


# The question


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook")) for name in cells or EXAMINED if _edges(name)
    ]


def _variants(subject: Parameters) -> int:
    return len(_asked(dict(subject)["model"]))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, ("edge", draw.choice("edge", _asked(dict(subject)["model"]))))


@lru_cache(maxsize=1024)
def _figure(model: str, edge: Ends | None) -> Diagram:
    """The figure of a cell with its signs, without one arrow of it."""
    named = _named(model)
    assert named is not None, "a subject without enough signs"
    graph = named.graph if edge is None else named.without(edge)
    said = "one step of the cell" if edge is None else "one step of the cell, an arrow left out"
    shown = replace(graph, title=said, description=cell_sentences(graph))
    try:
        return laid_out(*place_cell(shown), framed=True)
    except InputError as error:
        raise Unfair(str(error)) from error


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model = values["model"]
    named = _named(model)
    edge = _edges(model).get(values["edge"])
    if named is None or edge is None:
        raise InputError(f"the figure of '{model}' has no arrow '{values['edge']}' to leave out")
    right = Option(_said(named, edge), "", _takes_in(named, edge[1]))
    wrong = [
        Option(_said(named, other), name, _takes_in(named, other[1], other[0]))
        for name, other in _wrong(named, edge)
    ]
    arrange = arranger(NAME, parameters)
    there = [
        Option(_said(named, e), DRAWN, prose("The figure has that arrow."))
        for e in _there(named, edge)
    ]
    shown = arrange.ranked("there", there, lambda option: printed(option.content))[:1]
    signs = f"{SIGNS[0]} and so on are values without a name. "
    signed = any(name in [*SIGNS] for [name] in named.called.values())
    asked = prose(
        "Which arrow is missing? An arrow to a value ends at the box or circle "
        "that makes it. ", signs if signed else "", BOXES,
    )  # fmt: skip
    stem: tuple[Block, ...] = (
        Paragraph(prose(f"The cell “{named.cell.title}” computes")),
        equations_of_cell(named.cell),
        Paragraph(prose("The figure shows one step of it, but for one arrow:")),
        Figure(_figure(model, edge)),
    )
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="diagrams",
        level=2,
        minutes=2,
        convention=values["convention"],
        parameters=parameters,
        stem=stem,
        parts=(
            Part(
                (Paragraph(asked),),
                Choice(mixed(right, [*wrong, *shown], arrange, always=shown)),
                1,
                (
                    Paragraph(prose("The whole figure:")),
                    Figure(_figure(model, None)),
                ),
                hints=(prose("Follow each equation: every array it reads is an arrow."),),
            ),
        ),
        proof=Proof("with this arrow, and with no other option, the equations' figure", "exact"),
        tags=(model,),
    )


def _said(named: _Named, edge: Ends) -> Prose:
    source, target = (_spoken(named, end) for end in edge)
    return prose("from ", source, " to ", target)


def _spoken(named: _Named, vertex: str) -> Inline:
    [name] = named.called[vertex]
    return name


def _takes_in(named: _Named, target: str, but: str = "") -> Prose:
    """Say what leads into a vertex, and what does not."""
    *most, last = [_spoken(named, s) for s in named.sources(target)]
    said: list[Inline] = [_spoken(named, target), " is made of "]
    for place, name in enumerate(most):
        said += [", ", name] if place else [name]
    said += [" and ", last] if most else [last]
    return (*said, ", not of ", _spoken(named, but), ".") if but else (*said, ".")


KIND = Kind(NAME, "diagrams", "analyse", (2, 2), (1, 1), _subjects, _variants, _draw, _make)
