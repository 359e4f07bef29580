"""Sheets and papers through a real TeX: they compile, nothing sticks out, text can be read back."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

import rnnsym
from rnnsym.blocks import (
    Block,
    Box,
    Code,
    Contents,
    Emphasis,
    EquationRef,
    Equations,
    Heading,
    Line,
    Listing,
    PageBreak,
    Paragraph,
    Table,
    prose,
)
from rnnsym.cell import cell_names
from rnnsym.document import Document, Question, Style
from rnnsym.equations import CONVENTIONS
from rnnsym.export.latex import block_latex, export_latex
from rnnsym.export.latex_page import Page
from rnnsym.export.latex_words import escape
from rnnsym.expr import size
from rnnsym.quiz.paper import paper
from rnnsym.sheet.topic import load_topic, numbered, topic_document, topic_names

MODELS = ("bi(lstm)*2", "gru*L", "embedding:10000:128, bi(lstm:64), lstm:32, dense:10:softmax")
HOSTILE = '\\input{/etc/passwd} $x$ & # % _ ^ ~ { } " `a` -- <script> | \\write18{ls} \x00'
FOREIGN = "naïve Łódź ŋ ĸ αβγ Ωω ς h̃ ȳ ū̃ x₁ y² t₊₁ 漢字 🙂 ‖·‖ ∇ ﬁ"
PAPER = {"a4": (595.3, 62), "letter": (612.0, 62)}
LARGE_MARGIN, EXAM_MARGIN = 42, 72


def chapters(models: Mapping[str, rnnsym.Model]) -> Document:
    """Return several derivations as chapters of one document: one run of TeX."""
    blocks: list[Block] = [Contents()]
    for i, (name, model) in enumerate(models.items(), 1):
        found = model.document(unroll=2).blocks
        plain = [block for block in found if not isinstance(block, Question)]
        blocks += [PageBreak(), Heading(name), *numbered(plain, f"{i}")]
    return Document("chapters", "derivation", "All cells", (prose("x"),), tuple(blocks))


def hostile() -> Document:
    text = prose(HOSTILE, Emphasis(HOSTILE), FOREIGN, EquationRef("1"), EquationRef("99"))
    n = size("n")
    line = Line(n, n, "1", (n, n), comment=text)
    blocks: tuple[Block, ...] = (
        Contents(), Heading(HOSTILE, 2), Heading(FOREIGN, 3), Paragraph(text), Equations((line,)),
        Table((text, text), ((text, text),), HOSTILE), Listing((text,), "letters"),
        Code(f"{HOSTILE}\n\\end{{Verbatim}} │ {FOREIGN}\n{'long ' * 21}"),
        *(Box(kind, HOSTILE, (Paragraph(text), Table((text,), ((text,),)), Equations((line,))))
          for kind in ("goals", "mistakes", "takeaways", "note")),
    )  # fmt: skip
    return Document("hostile", "sheet", f"{HOSTILE} {FOREIGN}", (text,), blocks)


Built = tuple[Callable[[], Document], Style]


def cells(place: int) -> Document:
    return chapters({name: rnnsym.model(name) for name in cell_names()[place::4]})


def conventions() -> Document:
    return chapters({name: rnnsym.model("lstm", name) for name in CONVENTIONS})


def large() -> Document:
    return chapters({text: rnnsym.model(text) for text in ("gru", "slstm", "bi(lstm)*2")})


def subjects() -> dict[str, Built]:
    """Return every document that is compiled, each built when its turn comes."""
    found: dict[str, Built] = {f"cells {i}": (partial(cells, i), Style()) for i in range(4)}
    for name in topic_names():
        found[name] = (partial(topic, name), Style())
    for text in (*MODELS, "slstm"):
        found[text] = (partial(sheet, text), Style())
    for solved in (False, True):
        found[f"quiz {solved}"] = (partial(quiz, solved), Style())
    found["conventions"] = (conventions, Style("letter"))
    found["large"] = (large, Style(large=True))
    return {**found, "hostile": (hostile, Style())}


def topic(name: str) -> Document:
    return topic_document(load_topic(name))


def sheet(text: str) -> Document:
    return rnnsym.model(text).sheet()


def quiz(solved: bool) -> Document:
    return paper(rnnsym.generate_quiz(12, 3), 3, solved=solved)


SUBJECTS = subjects()


@dataclass(frozen=True)
class Run:
    """What one run of TeX left."""

    code: int
    output: str
    pdf: Path

    def words(self) -> list[tuple[str, float]]:
        """Return the words of the PDF, each with its right edge in points."""
        command = ["pdftotext", "-bbox", str(self.pdf), "-"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.findall(r'xMax="([\d.]+)" yMax="[\d.]+">([^<]*)<', text)
        return [(word, float(edge)) for edge, word in found]


def compiled(tex: bytes, folder: Path) -> Run:
    folder.mkdir()
    (folder / "x.tex").write_bytes(tex)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "x"]
    environment = {**os.environ, "max_print_line": "1000", "openin_any": "p"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return Run(done.returncode, done.stdout.decode("utf-8", "replace"), folder / "x.pdf")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Run]]]:
    """TeX works on two documents while Python makes the next."""
    folder = tmp_path_factory.mktemp("tex")
    with ThreadPoolExecutor(2) as pool:
        found: dict[str, Future[Run]] = {}
        for place, (name, (build, style)) in enumerate(SUBJECTS.items()):
            [tex] = export_latex(build(), style).values()
            found[name] = pool.submit(compiled, tex, folder / str(place))
        yield found


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_document_is_set_without_complaint(
    name: str, runs: dict[str, Future[Run]], require_engine: Callable[[str], str]
) -> None:
    require_engine("pdflatex")
    run = runs[name].result()
    assert run.code == 0, run.output[-2000:]
    assert complaints(run.output) == []


def complaints(output: str) -> list[str]:
    """Return the lines of a log that say that something is not as it should be."""
    bad = "Missing character|does not exist|multiply defined|Font Warning|Token not allowed"
    found = [line for line in output.splitlines() if re.search(bad, line)]
    for width, what in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\) (.*)", output):
        found += [f"{width} pt too wide {what}"] if float(width) > 2 else []
    return found


@pytest.mark.parametrize("name", [n for n in SUBJECTS if n not in ("hostile", "cheatsheet")])
def test_nothing_sticks_out(
    name: str, runs: dict[str, Future[Run]], require_engine: Callable[[str], str]
) -> None:
    """TeX says nothing of a display that is too wide."""
    require_engine("pdftotext")
    style = SUBJECTS[name][1]
    width, margin = PAPER[style.paper]
    margin = LARGE_MARGIN if style.large else EXAM_MARGIN if "quiz" in name else margin
    edge = width - margin + 3  # microtype hangs full stops into the margin
    assert [(word, x) for word, x in runs[name].result().words() if x > edge] == []


def test_hostile_words_are_printed_as_they_are(
    runs: dict[str, Future[Run]], require_engine: Callable[[str], str]
) -> None:
    require_engine("pdftotext")
    words = " ".join(word for word, _ in runs["hostile"].result().words())
    assert r"\input{/etc/passwd} $x$ &amp; # % _" in words
    assert "root:" not in words
    assert "&lt;script&gt;" in words
    assert "Łódź" in words
    assert "6F22" in words, "a letter that the fonts lack is shown by its number"


@pytest.mark.parametrize("hostile", ["\\input{/etc/passwd}", "$x$ & # % _ ^ ~ {", "\\write18{ls}"])
def test_words_are_escaped(hostile: str) -> None:
    bare = escape(hostile)
    for sign in "$&#%_":
        assert sign not in re.sub(rf"\\{re.escape(sign)}", "", bare)
    assert "\\input" not in bare
    assert "\\write" not in bare


def test_a_display_is_one_alignment_with_shapes_and_links() -> None:
    [tex] = export_latex(rnnsym.model("lstm").document()).values()
    text = tex.decode()
    backward = text[text.index(r"\section{Backward}") : text.index(r"\subsection{Gradients of")]
    assert backward.count(r"\begin{alignat}") == 1
    assert backward.count(r"\side{n \times 1}") == 6
    assert r"\hypertarget{eq:11}{(11)}" in backward
    assert r"\hyperlink{eq:10}{(10)}" in backward


def test_references_are_links_where_the_line_is_in_the_document() -> None:
    text = Paragraph(prose("see ", EquationRef("7")))
    assert block_latex(text, Page(numbers=frozenset({"7"}))) == "see \\hyperlink{eq:7}{(7)}\\par"
    assert block_latex(text) == "see (7)\\par"


def test_narrow_pages_break_lines_into_more_rows() -> None:
    displays = [b for b in rnnsym.model("gru").document().blocks if isinstance(b, Equations)]
    display = max(displays, key=lambda b: len(b.lines[0].notes))
    rows = [block_latex(display, Page(width=width)).count(r"\notag") for width in (470, 250, 170)]
    assert rows[0] < rows[1] < rows[2]
