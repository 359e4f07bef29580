"""Figures as questions: what they show says which name belongs where, and nothing gives it away."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from rnnsym.api import generate_quiz
from rnnsym.blocks import Figure
from rnnsym.cell import load_cell
from rnnsym.diagram import Graph, cell_diagram
from rnnsym.diagram.cell_graph import cell_graph
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.place_cell import place_cell
from rnnsym.expr import Array, Node, arrays_in, text
from rnnsym.item import Matching
from rnnsym.quiz.figures import alike
from rnnsym.quiz.kinds.figure_blanks import KIND, is_unique
from rnnsym.quiz.kinds.figure_missing_edge import DRAWN
from rnnsym.quiz.registry import ARRANGEMENT, load_kind

CELLS = ("lstm", "gru", "lstm-coupled")


@pytest.mark.parametrize("cell", CELLS)
def test_numbers_stand_where_the_names_stood(cell: str) -> None:
    [item] = generate_quiz(1, 5, ["figure_blanks"], [cell])
    response = item.parts[0].response
    assert isinstance(response, Matching)
    [figure] = [block for block in item.stem if isinstance(block, Figure)]
    whole = cell_diagram(load_cell(cell))
    assert len(figure.diagram.marks) == len(whole.marks)
    restored = figure.diagram.description
    for prompt, answer in response.pairs:
        assert answer not in restored
        restored = restored.replace(str(prompt[0]), answer)
    assert restored == whole.description
    shown = {piece for mark in figure.diagram.marks for piece in mark.label}
    assert {prompt[0] for prompt, _ in response.pairs} <= shown
    assert not {text(x) for x in shown if isinstance(x, Node)} & {a for _, a in response.pairs}


def test_a_figure_that_can_be_labelled_in_two_ways_is_not_asked(
    cell_file: Callable[[str], Path],
) -> None:
    """Two gates that do the same thing cannot be told apart."""
    twins = cell_file(
        'title = "Twins"\nsource = "nobody"\n[states]\nh = "n"\n[equations]\n'
        'r = "sigmoid(W_r @ x[t] + U_r @ h[t-1])"\nz = "sigmoid(W_z @ x[t] + U_z @ h[t-1])"\n'
        'h = "r[t] * z[t] * h[t-1]"\n'
    )
    for name, unique in (("lstm", True), ("gru", True), (str(twins), False)):
        cell = load_cell(name)
        gates = tuple(e.lhs for e in cell.equations if e.lhs.name in ("f", "i", "o", "r", "z"))
        assert len(gates) > 1
        assert is_unique(cell_graph(cell), gates) is unique
    assert not KIND.subjects([str(twins)])


def test_cells_with_one_gate_are_no_subjects() -> None:
    asked = {dict(subject)["model"] for subject in KIND.subjects(())}
    assert {"lstm", "gru"} <= asked
    assert "vanilla" not in asked


# The missing edge


def ends(graph: Graph) -> Counter[tuple[str, str]]:
    """The links of a figure; those that are led through one point, taken apart."""
    pairs = [(link.source, link.target) for link in graph.links]
    joined = [source for source, target in pairs if target == "join"]
    apart = [(s, target) for source, target in pairs if source == "join" for s in joined]
    return Counter(apart) + Counter(pair for pair in pairs if "join" not in pair)


@pytest.mark.parametrize("cell", CELLS)
def test_one_arrow_is_missing_and_no_other(cell: str) -> None:
    whole = ends(cell_graph(load_cell(cell)))
    for seed in range(8):
        [item] = generate_quiz(1, seed, ["figure_missing_edge"], [cell])
        [figure] = [block.diagram for block in item.stem if isinstance(block, Figure)]
        [restored] = [block.diagram for block in item.solution if isinstance(block, Figure)]
        [lost] = (whole - ends(figure.graph)).elements()
        assert " > ".join(lost) == dict(item.parameters)["edge"]
        assert ends(restored.graph) == whole
        assert figure.description != restored.description


@pytest.mark.parametrize("cell", CELLS)
def test_no_arrow_is_given_away_by_what_is_left(cell: str) -> None:
    """Something else leaves the start, or two other arrows or none reach the end."""
    shapes = {v.name: v.shape for v in cell_graph(load_cell(cell)).vertices}
    for seed in range(12):
        [item] = generate_quiz(1, seed, ["figure_missing_edge"], [cell])
        [figure] = [block.diagram for block in item.stem if isinstance(block, Figure)]
        source, target = dict(item.parameters)["edge"].split(" > ")
        left = ends(figure.graph)
        other = any(start == source for start, _ in left)
        assert other or shapes[target] != "circle" or len([e for _, e in left if e == target]) > 1


@pytest.mark.parametrize("cell", ["lstm", "lstm-coupled"])
def test_a_sign_stands_where_no_arrow_comes_in(cell: str) -> None:
    """Beside the arrow into the box of tanh(c) it would seem to name what that arrow carries."""
    graph, name = cell_graph(load_cell(cell)), "h"
    links = tuple(link for link in graph.links if link.source != name)
    diagram = laid_out(*place_cell(replace(graph, links=links, names=((name, ("①",)),))))
    places = dict(zip((v.name for v in diagram.graph.vertices), diagram.places, strict=True))
    [mark] = diagram.marks
    [(_, entry)] = [edge.points[-2] for edge in diagram.edges if edge.link.target == name]
    assert (entry < places[name].top) is not (mark.y < places[name].top)


def names_in(graph: Graph) -> dict[str, object]:
    """What the vertices are called: a name, a sign, or that of the value that leaves there."""
    labels = {v.name: v.label for v in graph.vertices if v.shape == "label"}
    outputs = {x.source: labels[x.target] for x in graph.links if x.target.endswith(" out")}
    return {v: label[0] for v, label in (labels | dict(graph.names) | outputs).items()}


@pytest.mark.parametrize("cell", CELLS)
def test_neither_equations_nor_figure_alone_give_the_missing_arrow_away(cell: str) -> None:
    """One wrong option is an arrow of the equations, but drawn; the others are in neither."""
    for seed in range(12):
        [item] = generate_quiz(1, seed, ["figure_missing_edge"], [cell])
        [figure] = [block.diagram for block in item.stem if isinstance(block, Figure)]
        called = names_in(figure.graph)
        drawn = {
            (called[source], called[end]) for source, end in ends(figure.graph) if end in called
        }
        there = [o for o in item.options if (o.content[1], o.content[3]) in drawn]
        assert [o.misconception for o in there] == [DRAWN]


@pytest.mark.parametrize("cell", ["lstm", "lstm-peephole"])
def test_what_a_gate_reads_is_in_its_equation(cell: str) -> None:
    """Which arrows into the gates are right can be read off the equations alone."""
    judged: Counter[bool] = Counter()
    written = load_cell(cell).written
    for seed in range(30):
        [item] = generate_quiz(1, seed, ["figure_missing_edge"], [cell])
        for option in item.options:
            _, source, _, target = option.content
            if isinstance(source, Array) and isinstance(target, Array) and target.name in "figo":
                right = option.correct or option.misconception == DRAWN
                assert right == (source in arrays_in(written[target.name]))
                judged[option.correct] += 1
    assert min(judged[True], judged[False]) > 5


def test_an_option_that_would_be_right_as_well_is_no_option(
    cell_file: Callable[[str], Path],
) -> None:
    """Without the arrow of h nothing tells the gates ① and ② apart: it might lead to either."""
    twins = cell_file(
        'title = "Twins"\nsource = "nobody"\n[states]\nh = "n"\n[equations]\n'
        'g = "tanh(V @ x[t])"\nh = "sigmoid(W_r @ x[t] + U_r @ h[t-1]) * sigmoid(W_z @ x[t]) '
        '+ g[t] * h[t-1]"\n'
    )
    kind = load_kind("figure_missing_edge")
    [subject] = kind.subjects([str(twins)])
    asked = (*subject, ("edge", "h[t - 1] > h"))
    items = [kind.make((*asked, (ARRANGEMENT, str(i)))) for i in range(30)]
    ends_at = {option.content[3] for item in items for option in item.options}
    assert "①" in ends_at
    assert "②" not in ends_at


# Which figure


def shown(graph: Graph) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    return ends(graph), Counter(str(v.label) for v in graph.vertices if v.shape != "dot")


@pytest.mark.parametrize("cell", [*CELLS, "lstm-projection"])
def test_one_of_three_figures_is_that_of_the_equations(cell: str) -> None:
    graph = cell_graph(load_cell(cell))
    for seed in range(8):
        [item] = generate_quiz(1, seed, ["figure_which"], [cell])
        figures = [block for block in item.stem if isinstance(block, Figure)]
        assert [f.caption for f in figures] == [option.content for option in item.options]
        same = [shown(f.diagram.graph) == shown(graph) for f in figures]
        assert same == [option.correct for option in item.options]
        boxes = [shown(f.diagram.graph)[1] for f in figures]
        assert boxes.count(boxes[same.index(True)]) > 1, "counting boxes gives it away"
        assert not any(alike(a.diagram.graph, b.diagram.graph) for a, b in combinations(figures, 2))
        assert not any(f.diagram.marks for f in figures), "a name gives it away"
        named = [{str(v.label) for v in f.diagram.graph.vertices if v.shape == "label"}
                 for f in figures]  # fmt: skip
        assert named[0] == named[1] == named[2], "an input or output gives it away"


@pytest.mark.parametrize(
    ("cell", "rival", "what"),
    [("lstm", "lstm-peephole", "too many"), ("lstm-peephole", "lstm", "missing")],
)
def test_where_counting_boxes_is_not_enough_arrows_are_named(
    cell: str, rival: str, what: str
) -> None:
    items = (generate_quiz(1, seed, ["figure_which"], [cell])[0] for seed in range(20))
    told = [o.why for i in items for o in i.options if o.misconception == f"taken for {rival}"]
    assert told
    for why in told:
        said = "".join(text(piece) if isinstance(piece, Array) else str(piece) for piece in why)
        assert said.endswith(f", 2 {what} from cₜ₋₁ to σ, 1 {what} from cₜ to σ.")


def test_a_cell_of_which_no_two_arrows_can_be_exchanged_is_not_asked() -> None:
    kind = load_kind("figure_which")
    assert kind.subjects(["vanilla", "jordan"]) == []
    assert kind.subjects(["lstm"])


def test_figures_are_told_apart_by_their_arrows() -> None:
    plain, peephole = (cell_graph(load_cell(name)) for name in ("lstm", "lstm-peephole"))
    assert alike(plain, replace(plain, links=plain.links[::-1]))
    assert not alike(plain, peephole)
    turned = tuple(replace(x, target="i") if x == plain.links[0] else x for x in plain.links)
    assert not alike(plain, replace(plain, links=turned))


@pytest.mark.parametrize("cell", ["gru", "lstm", "mgu"])
def test_no_figure_is_told_by_a_sign_that_it_lacks(cell: str) -> None:
    """Where other cells have all of its signs, it takes more than to look for one."""
    for item in generate_quiz(6, 3, ["figure_which"], [cell]):
        names = [cell, *dict(item.parameters)["others"].split()]
        graphs = [cell_graph(load_cell(name.partition("↔")[0])) for name in names]
        signs = [{v.label for v in g.vertices if v.shape != "label"} for g in graphs]
        assert signs[0] == signs[1] == signs[2], names
