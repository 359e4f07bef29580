"""Golden files: what is printed, as data. ``--update-golden`` rewrites them."""

from collections.abc import Callable

import pytest

import rnnsym
from rnnsym.export.formats import render_files
from rnnsym.export.text import ASCII
from rnnsym.quiz.paper import paper

# One cell of each make: the others differ from these in equations, not in how they are printed.
CELLS = ("vanilla", "gru", "gru-reset-after", "lstm", "lstm-peephole", "lstm-projection", "jordan",
         "mingru", "antisymmetric", "fastgrnn", "slstm")  # fmt: skip
MODELS = ("bi(lstm)*2", "gru*L", "embedding:100:12, bi(gru:6,sum), lstm:5, dense:4")


@pytest.mark.parametrize("name", CELLS)
def test_derivations_of_the_cells(name: str, golden: Callable[[str, str], None]) -> None:
    document = rnnsym.model(name).document(unroll=2)
    [content] = render_files(document, "text").values()
    golden(f"derive-{name}.txt", content.decode())


@pytest.mark.parametrize("text", MODELS)
def test_derivations_of_composed_models(text: str, golden: Callable[[str, str], None]) -> None:
    document = rnnsym.model(text, loss="cross-entropy", loss_at="last").document(truncate=2)
    golden(f"derive-{document.name}.txt", ASCII.document(document))


@pytest.mark.parametrize("format_name", ["latex", "markdown"])
@pytest.mark.parametrize("cell", ["vanilla", "gru", "lstm"])
def test_sheets(cell: str, format_name: str, golden: Callable[[str, str], None]) -> None:
    for name, content in render_files(rnnsym.model(cell).sheet(), format_name).items():
        golden(f"sheet-{name}", content.decode())


def test_conventions(golden: Callable[[str, str], None]) -> None:
    for convention in ("pytorch", "keras"):
        document = rnnsym.model("gru", convention).document()
        [content] = render_files(document, "text").values()
        golden(f"derive-gru-{convention}.txt", content.decode())


def test_the_paper_of_the_readme(golden: Callable[[str, str], None]) -> None:
    items = rnnsym.generate_quiz(5, 7)
    for solved in (False, True):
        for name, content in render_files(paper(items, 7, solved=solved), "latex").items():
            golden(name, content.decode())
