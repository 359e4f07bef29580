"""Diagrams: every read is an edge, nothing overlaps, and edges carry what the derivation says."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from random import Random

import pytest

from rnnsym.cell import FOLDER, cell_names, load_cell, read_cell
from rnnsym.derive import derive
from rnnsym.diagram import (
    Diagram,
    Frame,
    Graph,
    Link,
    Vertex,
    backward_diagram,
    cell_diagram,
    unrolled_diagram,
)
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.widths import label_in
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.export.box_drawing import TERMINAL, drawn, text_width
from rnnsym.expr import SOURCE, UNICODE, Array, arrays_in, text
from rnnsym.system import build_system, read_model

MODELS = (
    "gru*3",
    "lstm*2",
    "bi(gru)",
    "bi(vanilla,sum)",
    "bi(lstm)*2",
    "gru*L",
    "gru, lstm",
    "embedding:100:8, bi(gru), dense:3:softmax",
    "qrnn*2",
    "slstm*2",
)
VIEWS = ("cell", "unrolled", "backward")


def system(model: str, loss_at: str = "every") -> System:
    return build_system(read_model(model, loss_at=loss_at))


@cache
def figure(view: str, model: str) -> Diagram:
    if view == "cell":
        return cell_diagram(load_cell(model))
    if view == "unrolled":
        return unrolled_diagram(system(model))
    return backward_diagram(derive(system(model)))


FIGURES = [*((view, cell) for view in VIEWS for cell in cell_names()),
           *((view, model) for view in VIEWS[1:] for model in MODELS)]  # fmt: skip


# Every read is an edge


def reads_of(diagram: Diagram, vertex: str, named: set[str]) -> set[str]:
    """The named results and inputs that a vertex is made of, along the figure's lines."""
    shape = {v.name: v.shape for v in diagram.graph.vertices}
    found: set[str] = set()
    for link in diagram.graph.links:
        if link.target == vertex:
            known = link.source in named or shape[link.source] == "label"
            found |= {link.source} if known else reads_of(diagram, link.source, named)
    return found


@pytest.mark.parametrize("name", cell_names())
def test_every_read_of_a_cell_is_an_edge_and_every_edge_a_read(name: str) -> None:
    cell, diagram = load_cell(name), figure("cell", name)
    carrier = {label[0].name: v for v, label in diagram.graph.names if isinstance(label[0], Array)}
    for link in diagram.graph.links:
        if link.target.endswith(" out"):
            carrier[link.target.removesuffix(" out")] = link.source
    for equation, rhs in cell.written.items():
        expected = {
            carrier[a.name] if str(a.time) == "t" and a.name in carrier else f"{a.name}[{a.time}]"
            for a in arrays_in(rhs)
            if a.time is not None
        }
        others = {v for k, v in carrier.items() if k != equation}
        assert reads_of(diagram, carrier[equation], others) == expected, equation


def test_a_changed_equation_changes_the_figure(cell_file: Callable[[str], Path]) -> None:
    content = FOLDER / "gru.toml"
    changed = content.read_text(encoding="utf-8").replace("r[t] * h[t-1]", "r[t] * z[t]")
    diagram = cell_diagram(read_cell(cell_file(changed)))
    product = next(x.target for x in diagram.graph.links if (x.source, x.target) == ("r", "g"))
    assert {x.source for x in diagram.graph.links if x.target == product} == {"r", "z"}


def test_each_input_feeds_both_chains() -> None:
    graph = figure("unrolled", "bi(gru)").graph
    label = {v.name: label_in(v.label, UNICODE) for v in graph.vertices}
    for step in "₁₂₃":
        readers = [label[x.target] for x in graph.links if label[x.source] == f"x{step}"]
        assert readers == ["gru→", "gru←"]
    into = [[text(a) for a in x.reads] for x in graph.links if label[x.target] == "concat"]
    assert into[:2] == [["h→₁"], ["h←₁"]]


def test_layers_and_steps_of_a_stack() -> None:
    graph = figure("unrolled", "gru*L").graph
    assert sum(v.shape == "box" for v in graph.vertices) == 9
    last = unrolled_diagram(system("gru*2", "last"), 2).graph
    assert [label_in(v.label, UNICODE) for v in last.vertices if v.name == "L"] == ["L"]


# What flows back


def flows(diagram: Diagram) -> dict[tuple[str, str], list[str]]:
    label = {v.name: label_in(v.label, UNICODE) for v in diagram.graph.vertices}
    place = dict(diagram.cells)
    return {
        (f"{label[x.source]} {place[x.source][0]}", f"{label[x.target]} {place[x.target][0]}"):
            [label_in(t, UNICODE) for t in x.labels]
        for x in diagram.graph.links
    }  # fmt: skip


def test_what_flows_back_through_a_vanilla_network() -> None:
    found = flows(figure("backward", "vanilla"))
    assert found["vanilla 2", "vanilla 1"] == ["Uᵀ δ_a₂"]
    assert found["vanilla 3", "x₃ 3"] == ["Wᵀ δ_a₃"]
    assert found["L₂ 2", "vanilla 2"] == ["Δ₂"]
    assert found["vanilla 1", "h₀ 0"] == ["Uᵀ δ_a₁"]


def test_long_terms_stand_below_and_each_state_has_its_own() -> None:
    diagram = figure("backward", "lstm")
    assert flows(diagram)["lstm 3", "lstm 2"] == ["B", "δ_c₃ ⊙ f₃"]
    key = next(k for k in diagram.graph.keys if k.letter == "B")
    assert label_in(key.label, UNICODE) == "U_fᵀ δ_fₜ₊₁ + U_iᵀ δ_iₜ₊₁ + U_cᵀ δ_c̃ₜ₊₁ + U_oᵀ δ_oₜ₊₁"


@pytest.mark.parametrize("model", ["lstm", "bi(gru)", "gru*3", "lem"])
def test_every_edge_carries_something_back(model: str) -> None:
    diagram = figure("backward", model)
    assert all(x.labels for x in diagram.graph.links)
    forward = figure("unrolled", model)
    assert [(x.target, x.source) for x in diagram.graph.links] == [
        (x.source, x.target) for x in forward.graph.links
    ]


def test_truncation_cuts_edges() -> None:
    diagram = backward_diagram(derive(system("vanilla"), 2))
    cut = [x for x in diagram.graph.links if x.dashed]
    assert [[text(a) for a in x.reads] for x in cut] == [["h₂"]]
    assert "truncation cuts it" in diagram.description
    assert "╌" in drawn(diagram)
    both = backward_diagram(derive(system("bi(vanilla)"), 3), 4)
    cut = [x for x in both.graph.links if x.dashed]
    assert [[text(a) for a in x.reads] for x in cut] == [["h→₃"], ["h←₂"]]


# Geometry


def corners(place: Frame, shape: str) -> tuple[float, float, float, float]:
    """A vertex as print has it, a little larger."""
    if shape == "box":
        return place.left - 0.1, place.top - 0.1, place.right + 0.1, place.bottom + 0.1
    return place.left - 0.1, place.top - 0.45, place.right + 0.1, place.bottom + 0.45


Box = tuple[float, float, float, float]


def apart(a: Box, b: Box) -> bool:
    return a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


def segments(diagram: Diagram) -> Iterator[tuple[int, Box]]:
    for number, edge in enumerate(diagram.edges):
        for (a, b), (c, d) in pairwise(edge.points):
            yield number, (min(a, c), min(b, d), max(a, c), max(b, d))


@pytest.mark.parametrize(("view", "model"), FIGURES)
def test_nothing_overlaps(view: str, model: str) -> None:
    check_geometry(figure(view, model))


def meeting(a: Box, b: Box) -> list[tuple[float, float]]:
    """The first and last point that two upright or level lines share."""
    low, high = (max(a[0], b[0]), max(a[1], b[1])), (min(a[2], b[2]), min(a[3], b[3]))
    return [low, high] if low[0] <= high[0] and low[1] <= high[1] else []


def check_geometry(diagram: Diagram) -> None:
    graph = diagram.graph
    boxes = {
        v.name: corners(p, v.shape) for v, p in zip(graph.vertices, diagram.places, strict=True)
    }
    labels = [(m.x - 0.4, m.y - 0.4, m.x + m.width - 0.6, m.y + 0.4) for m in diagram.marks]
    for a, b in combinations([*boxes.values(), *labels], 2):
        assert apart(a, b), "two vertices or labels overlap"
    lines = list(segments(diagram))
    for label in labels:
        assert all(apart(label, line) for _, line in lines), "a label on a line"
    for number, line in lines:
        link = diagram.edges[number].link
        for name, box in boxes.items():
            if name not in (link.source, link.target):
                assert apart(box, line), f"{link} runs through {name}"
    for (i, a), (j, b) in combinations(lines, 2):
        if graph.line(diagram.edges[i].link) != graph.line(diagram.edges[j].link):
            ends = {*diagram.edges[i].points, *diagram.edges[j].points}
            for point in meeting(a, b):
                inside = any(not apart(box, (*point, *point)) for box in boxes.values())
                assert inside or point not in ends, "a line ends on another line"
    for edge in diagram.edges:
        for name, end in ((edge.link.source, edge.points[0]), (edge.link.target, edge.points[-1])):
            assert not apart(boxes[name], (*end, *end)), "an edge that does not reach its vertex"
    for place in (*diagram.places, *([diagram.frame] if diagram.frame else [])):
        assert 0 <= place.left <= place.right < diagram.width
        assert 0 <= place.top <= place.bottom < diagram.height


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_nothing_overlaps_in_any_graph(seed: int, shared: bool) -> None:
    random = Random(seed)
    places = random.sample([(column, row) for column in range(3) for row in range(4)], 10)
    names = "abcdefghij"
    pairs = random.sample([(a, b) for a in names for b in names if a != b], 15)
    busy = [name for pair in pairs for name in pair]
    vertices = tuple(Vertex(n, (n,), "circle" if busy.count(n) < 4 else "box") for n in names)
    graph = Graph("any", "", vertices, tuple(Link(a, b, ((a,),)) for a, b in pairs), shared=shared)
    check_geometry(laid_out(graph, dict(zip(names, places, strict=True))))


@pytest.mark.parametrize("name", cell_names())
def test_a_cell_fits_the_terminal_and_the_page(name: str) -> None:
    diagram = figure("cell", name)
    assert text_width(drawn(diagram)) <= TERMINAL
    plain = drawn(diagram, ascii_only=True)
    assert plain.isascii()
    assert text_width(plain) <= TERMINAL
    assert diagram.width <= 90  # a page of 166 mm has 80 at full size


@pytest.mark.parametrize("view", VIEWS)
def test_ascii_is_ascii(view: str) -> None:
    for model in ("lstm", "gru"):
        assert drawn(figure(view, model), ascii_only=True).isascii()


def test_a_figure_is_the_same_each_time() -> None:
    cell = load_cell("slstm")
    assert cell_diagram(cell) == cell_diagram(cell)


def test_too_much_to_draw_is_said() -> None:
    with pytest.raises(InputError, match=r"gru\*40: .* 166 vertices, at most 80 are drawn: take"):
        unrolled_diagram(system("gru*40"))


def test_two_vertices_in_one_place_cannot_be_drawn() -> None:
    graph = figure("cell", "gru").graph
    with pytest.raises(InputError, match="too many lines"):
        laid_out(graph, {v.name: (0, 0) for v in graph.vertices})


# Words


def test_the_description_says_what_the_figure_shows() -> None:
    words = figure("cell", "lstm").description
    assert words.startswith("In come xₜ, hₜ₋₁ and cₜ₋₁. fₜ is σ of xₜ and hₜ₋₁.")
    assert "cₜ is the sum of (the product of fₜ and cₜ₋₁) and (the product of iₜ and c̃ₜ)." in words
    assert words.endswith("hₜ is the product of oₜ and (tanh of cₜ). Out go hₜ and cₜ.")
    assert "gru→ reads x₁ and h→₀." in figure("unrolled", "bi(gru)").description
    assert "Uᵀ δ_a₂ flows back from vanilla" in figure("backward", "vanilla").description


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("model", ["vanilla", "lstm", "gru"])
def test_golden(view: str, model: str, golden: Callable[[str, str], None]) -> None:
    golden(f"draw-{model}-{view}.txt", drawn(figure(view, model)) + "\n")


def test_golden_of_composed_models(golden: Callable[[str, str], None]) -> None:
    golden("draw-bi-gru.txt", drawn(figure("unrolled", "bi(gru)")) + "\n")
    golden("draw-gru-ascii.txt", drawn(figure("cell", "gru"), ascii_only=True) + "\n")
    golden("draw-slstm.txt", drawn(figure("cell", "slstm")) + "\n")
    assert label_in(figure("cell", "gru").graph.vertices[0].label, SOURCE) == "x[t]"
