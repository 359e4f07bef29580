"""Diagrams in print and on the command line: valid SVG, TikZ that compiles, errors of one line."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rnnsym.blocks import Block, Box, Figure, prose
from rnnsym.cell import cell_names, load_cell
from rnnsym.derive import derive
from rnnsym.diagram import backward_diagram, cell_diagram, unrolled_diagram
from rnnsym.diagram.pieces import pieces
from rnnsym.document import Document
from rnnsym.export.formats import render_files
from rnnsym.export.svg import svg
from rnnsym.export.svg_math import svg_runs
from rnnsym.export.tikz import label_latex, tikz
from rnnsym.expr import TIME, Array, Family, Integer, size
from rnnsym.system import build_system, read_model
from tests.terminal import call

NAME = "{http://www.w3.org/2000/svg}"
STACK = build_system(read_model("bi(lstm)*2"))


@pytest.mark.parametrize("name", cell_names())
def test_svg_is_text_with_a_title_and_no_script(name: str) -> None:
    diagram = cell_diagram(load_cell(name))
    root = ElementTree.fromstring(svg(diagram))
    assert root.tag == f"{NAME}svg"
    assert root.get("role") == "img"
    assert [child.tag for child in root[:2]] == [f"{NAME}title", f"{NAME}desc"]
    assert root[0].text == diagram.title
    assert root[1].text == diagram.description
    tags = {element.tag.removeprefix(NAME) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "g", "rect", "circle", "path", "text", "tspan"}
    colours = {e.get(a) for e in root.iter() for a in ("fill", "stroke")}
    assert colours <= {None, "none", "currentColor"}
    texts = ["".join(e.itertext()) for e in root.iter(f"{NAME}text")]
    boxes = sum(v.shape in ("box", "label") for v in diagram.graph.vertices)
    sums = sum(v.label == ("+",) for v in diagram.graph.vertices)
    assert len(texts) == boxes + sums + len(diagram.marks)
    assert "xt" in texts


def test_scripts_in_svg_are_raised_and_lowered() -> None:
    h = Array(Family("h", "h", "fwd"), (size("n"), Integer(1)), Integer(2), TIME - 1)
    assert svg_runs((h,), 10) == (
        '<tspan font-style="italic">h</tspan>'
        '<tspan dy="2.5" font-size="7"><tspan font-style="italic">t</tspan>−1</tspan>'
        '<tspan dy="-6.5" font-size="7">→(2)</tspan>'
    )
    assert svg_runs(("tanh",), 10) == "tanh"
    assert svg_runs(("<&",), 10) == "&lt;&amp;"


def test_labels_in_latex() -> None:
    assert label_latex(("1−",)) == "$1-$"
    assert label_latex((Integer(1), "−")) == "$1-$"
    assert label_latex(("gru→",)) == r"gru$\,{\to}$"
    assert label_latex(("my_cell",)) == r"my\_cell"
    assert label_latex(("σ",)) == r"$\sigma$"


def test_lines_that_run_together_are_drawn_once() -> None:
    diagram = cell_diagram(load_cell("lstm"))
    drawn = [frozenset(p.points) for p in pieces(diagram, 0.45)]
    assert len(drawn) == len(set(drawn)) < sum(len(e.points) for e in diagram.edges)
    heads = [p.points[-1] for p in pieces(diagram, 0.45) if p.arrow]
    dots = {v.name for v in diagram.graph.vertices if v.shape == "dot"}
    assert len(heads) == sum(e.link.target not in dots for e in diagram.edges)


def test_figures_stand_in_every_document(
    require_engine: Callable[[str], str], tmp_path: Path
) -> None:
    engine = require_engine("pdflatex")
    figures: list[Block] = [
        *(
            Figure(cell_diagram(load_cell(n)), prose("The cell ", n))
            for n in ("lstm", "slstm", "lem")
        ),
        Figure(unrolled_diagram(STACK), prose("Unrolled")),
        Figure(backward_diagram(derive(STACK))),
        Box("note", "Boxed", (Figure(cell_diagram(load_cell("gru"))),)),
    ]
    document = Document("figures", "sheet", "Figures", (prose("textbook"),), tuple(figures))
    [source] = render_files(document, "latex").values()
    (tmp_path / "figures.tex").write_bytes(source)
    done = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", "figures.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    [markdown] = render_files(document, "markdown").values()
    assert markdown.decode().count("```text") == len(figures)
    [page] = render_files(document, "text").values()
    assert "The cell lstm" in page.decode()
    assert max(map(len, page.decode().splitlines())) <= 81


def test_a_wide_figure_shrinks_to_the_page() -> None:
    for diagram in (cell_diagram(load_cell("slstm")), backward_diagram(derive(STACK))):
        for points in (470.0, 260.0):
            across = re.search(r"x=([\d.]+)mm", tikz(diagram, points))
            assert across is not None
            assert float(across[1]) * diagram.width <= points * 166 / 470 + 0.1


# The command


def test_draw_prints_a_cell_or_the_graph_over_time(tmp_path: Path) -> None:
    cell = call("draw", "lstm", folder=tmp_path)
    assert cell.returncode == 0
    assert "(⊙)" in cell.stdout
    assert "h←₂" in call("draw", "bi(gru)", folder=tmp_path).stdout
    assert "Uᵀ δ_a₂" in call("draw", "vanilla", "--view", "backward", folder=tmp_path).stdout
    assert call("draw", "gru", "--ascii", folder=tmp_path).stdout.isascii()
    two = call("draw", "gru", "--view", "unrolled", "--steps", "2", folder=tmp_path)
    assert "x₂" in two.stdout
    assert "x₃" not in two.stdout


def test_draw_writes_files(tmp_path: Path) -> None:
    done = call("draw", "lstm", "--format", "svg", "--out", "figures", folder=tmp_path)
    assert done.stdout == "written: figures/lstm-cell.svg\n"
    again = call("draw", "lstm", "--format", "svg", "--out", "figures", folder=tmp_path)
    assert again.stdout == "unchanged: figures/lstm-cell.svg\n"
    tex = call("draw", "gru*2", "--format", "tex", "--out", "a.tex", folder=tmp_path)
    assert tex.stdout == "written: a.tex\n"
    assert r"\begin{tikzpicture}" in (tmp_path / "a.tex").read_text(encoding="utf-8")
    svg = call("draw", "gru", "--out", "gru.svg", folder=tmp_path)
    assert svg.stdout == "written: gru.svg\n"
    assert "<svg" in (tmp_path / "gru.svg").read_text(encoding="utf-8")
    (tmp_path / "b.txt").write_text("mine", encoding="utf-8")
    kept = call("draw", "gru", "--out", "b.txt", folder=tmp_path)
    assert (kept.returncode, kept.stderr) == (
        2, "rnnsym: b.txt exists with other content; --force replaces it\n")  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ltsm"], "unknown cell 'ltsm'; did you mean 'lstm'?"),
        (["gru", "--view", "unroled"], "unknown view 'unroled'; did you mean 'unrolled'?"),
        (["gru", "--steps", "2"], "--steps goes with --view unrolled or backward"),
        (["gru", "--truncate", "2"], "--truncate goes with --view backward, not with --view cell"),
        (["gru, lstm", "--view", "cell"], "'gru, lstm' has several cells (gru, lstm)"),
        (["gru", "--format", "svg", "--out", "a.pdf"], "--format svg writes .svg files, not a.pdf"),
        (["gru", "--out", "a.png"], "not a.png (known: .txt, .svg, .tex)"),
        (["gru*30"], "126 vertices, at most 80 are drawn"),
        (["bi(lstm)*3", "--steps", "3"], "columns, a terminal has 80: fewer --steps"),
        (["gru", "--view", "unrolled", "--steps", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_line(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    done = call("draw", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_name_that_tex_finds_too_wide_shrinks(tmp_path: Path) -> None:
    options = ("--view", "unrolled", "--format", "tex")
    drawn = call("draw", "bi(mgu)", *options, folder=tmp_path).stdout
    boxes = [line for line in drawn.splitlines() if line.startswith(r"\node") and "mgu" in line]
    assert len(boxes) == 6
    assert all(r"\resizebox" in box for box in boxes)
    assert r"\resizebox" not in call("draw", "lstm", *options[2:], folder=tmp_path).stdout
