"""Three figures without names: which of them is the cell of these equations?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations

from rnnsym.blocks import Figure, Inline, Paragraph, Prose, prose
from rnnsym.cell import load_cell
from rnnsym.diagram import Diagram, Graph, Label, Link
from rnnsym.diagram.cell_graph import cell_graph
from rnnsym.diagram.describe import cell_sentences
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.place_cell import place_cell
from rnnsym.diagram.widths import label_in
from rnnsym.expr import UNICODE
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.figures import BOXES, colours, equations_of_cell, is_end, leads
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "figure_which"
RIVALS = 4
"""How many of the cells most like the right one are drawn from, and how many wirings of it."""
EXCHANGED = "↔"
"""Behind the name of a cell and before a number: its figure with two arrows exchanged."""


@lru_cache(maxsize=256)
def _graph(name: str) -> Graph:
    """The figure of a cell without the names inside it, as it is or with two arrows exchanged."""
    model, _, place = name.partition(EXCHANGED)
    bare = _exchanges(model)[int(place)] if place else _bare(model)
    return replace(bare, description=cell_sentences(bare))


@lru_cache(maxsize=256)
def _bare(model: str) -> Graph:
    return replace(cell_graph(load_cell(model)), title="one step of a cell", names=())


@lru_cache(maxsize=256)
def _exchanges(model: str) -> tuple[Graph, ...]:
    """Return some figures that differ from a cell's only in where two arrows end."""
    right = _bare(model)
    found = {_look(right): right}
    for graph in _rewired(right):
        found.setdefault(_look(graph), graph)
        if len(found) > RIVALS:
            break
    return tuple(found.values())[1:]


def _rewired(graph: Graph) -> Iterator[Graph]:
    """Yield a figure with the ends of two arrows exchanged, where that changes what it computes."""
    sign = {v.name: v.label for v in graph.vertices}
    inner = [x for x in graph.links if not is_end(x.target)]
    # In no order that begins at one arrow: the few that are taken are to differ.
    for one, other in Draw(0, NAME).ranked("arrows", combinations(inner, 2), _named):
        if sign[one.source] == sign[other.source] or sign[one.target] == sign[other.target]:
            continue
        first, second = replace(one, target=other.target), replace(other, target=one.target)
        kept = tuple(x for x in graph.links if x not in (one, other))
        new = replace(graph, links=(*kept, first, second))
        once = len({(x.source, x.target) for x in new.links}) == len(new.links)
        if once and not any(leads(new, x.target, x.source) for x in (first, second)):
            yield new


def _named(arrows: Sequence[Link]) -> str:
    return ", ".join(f"{x.source} > {x.target}" for x in arrows)


def _look(graph: Graph) -> tuple[bytes, ...]:
    """Return what two figures share that cannot be told apart."""
    *_, finest = colours(graph)
    return tuple(sorted(finest.values()))


@lru_cache(maxsize=256)
def _figure(model: str) -> Diagram:
    return laid_out(*place_cell(_graph(model)), framed=True)


@lru_cache(maxsize=256)
def _pairs(model: str) -> tuple[str, ...]:
    """Two other figures each, as like the right one as can be; no two of the three look alike.

    What they read and put out has the same names: those are printed and would tell them apart.
    One of the two at least has the same boxes: counting boxes is not enough. The other is a cell,
    where one suits: what is wired by chance looks it.
    Where cells allow it, all three have the same signs.
    """
    same = _look(_graph(model))
    rivals = [n for n in EXAMINED if _ends(n) == _ends(model) and _look(_graph(n)) != same]
    near = sorted(rivals, key=lambda name: (_distance(name, model), name))[:RIVALS]
    wirings = [f"{model}{EXCHANGED}{place}" for place in range(len(_exchanges(model)))]
    unlike: dict[tuple[bytes, ...], str] = {}
    for name in (*near, *wirings):
        unlike.setdefault(_look(_graph(name)), name)
    pairs = [
        pair
        for pair in combinations(unlike.values(), 2)
        if any(_parts(name) == _parts(model) for name in pair)
    ]
    real = [pair for pair in pairs if any(EXCHANGED not in name for name in pair)]
    alike = [pair for pair in real if all({*_parts(n)} == {*_parts(model)} for n in pair)]
    return tuple(" ".join(pair) for pair in alike or real or pairs)


def _distance(a: str, b: str) -> int:
    """How many boxes and circles of two figures differ."""
    first, second = _parts(a), _parts(b)
    return ((first - second) + (second - first)).total()


def _ends(model: str) -> Counter[tuple[str, str]]:
    """The inputs and outputs of a figure."""
    return Counter({part: count for part, count in _parts(model).items() if part[0] == "label"})


@lru_cache(maxsize=256)
def _parts(model: str) -> Counter[tuple[str, str]]:
    """What a figure is made of, and how often."""
    return Counter((v.shape, label_in(v.label, UNICODE)) for v in _graph(model).vertices)


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook")) for name in cells or EXAMINED if _pairs(name)
    ]


def _variants(subject: Parameters) -> int:
    return len(_pairs(dict(subject)["model"]))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    pairs = _pairs(dict(subject)["model"])
    return (*subject, ("others", draw.choice("others", pairs)))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model = values["model"]
    cell = load_cell(model)
    names = [model, *values["others"].split()]
    shown = arranger(NAME, parameters).ranked("figures", names)
    options = tuple(_option(place, name, model) for place, name in enumerate(shown, 1))
    figures = (Figure(_figure(name), _numbered(place)) for place, name in enumerate(shown, 1))
    right = shown.index(model) + 1
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="diagrams",
        level=3,
        minutes=3,
        convention=values["convention"],
        parameters=parameters,
        stem=(
            Paragraph(prose(f"The cell “{cell.title}” computes")),
            equations_of_cell(cell),
            Paragraph(prose("One of these figures shows a step of it; the names inside are left "
                            "out. ", BOXES)),
            *figures,
        ),
        parts=(
            Part(
                (Paragraph(prose("Which figure is it?")),),
                Choice(options),
                2,
                (Paragraph(prose(*_numbered(right), f": {_made_of(model)}.")),),
                hints=(prose("Count the boxes and circles of each sign, then follow the arrows."),),
            ),
        ),
        proof=Proof("the figure of the equations; colour refinement tells it from others", "exact"),
        tags=(model,),
    )  # fmt: skip


def _numbered(place: int) -> Prose:
    return prose(f"Figure {place}")


def _option(place: int, name: str, model: str) -> Option:
    if name == model:
        said = f"It has {_made_of(model)}, and the arrows that the equations need."
        return Option(_numbered(place), "", prose(said))
    if EXCHANGED in name:
        why = prose("Two of its arrows are exchanged: ", *_difference(name, model), ".")
        return Option(_numbered(place), "arrows exchanged", why)
    other = prose(f"It is the cell “{load_cell(name).title}”: ", *_difference(name, model), ".")
    return Option(_numbered(place), f"taken for {name}", other)


def _made_of(model: str) -> str:
    """Say which boxes and circles a figure has."""
    inner = {sign: count for (shape, sign), count in _parts(model).items() if shape != "label"}
    return ", ".join(f"{count} × {sign}" for sign, count in inner.items())


def _difference(name: str, model: str) -> Prose:
    """Say in what a figure differs from that of the equations."""
    mine, right = _parts(name), _parts(model)
    for part in [*right, *mine]:
        if mine[part] != right[part]:
            needed = f"{right[part] or 'none'} {'are' if right[part] > 1 else 'is'} needed"
            return prose(f"it has {mine[part] or 'no'} {part[1]}, where {needed}")
    more, less = _arrows(name) - _arrows(model), _arrows(model) - _arrows(name)
    told = [*_counted("too many", more), *_counted("missing", less)]
    return prose("it has the same boxes and circles, but other arrows", *told)


def _counted(what: str, arrows: Counter[tuple[Label, Label]]) -> Iterator[Inline]:
    """Say of arrows that they are too many, or missing."""
    for (source, target), number in arrows.items():
        yield from (f", {number} {what} from ", _spoken(source), " to ", _spoken(target))


def _spoken(label: Label) -> Inline:
    """Return a label in a sentence: "1−" stays together."""
    return label[0] if len(label) == 1 else label_in(label, UNICODE)


@lru_cache(maxsize=256)
def _arrows(model: str) -> Counter[tuple[Label, Label]]:
    """The arrows of a figure and how often they are there, by what stands at both ends."""
    graph = _graph(model)
    shown = {v.name: v.label for v in graph.vertices}
    outputs = {x.source: shown[x.target] for x in graph.links if x.target.endswith(" out")}
    ends = shown | outputs
    return Counter((ends[x.source], ends[x.target]) for x in graph.links)


KIND = Kind(NAME, "diagrams", "analyse", (3, 3), (2, 2), _subjects, _variants, _draw, _make)
