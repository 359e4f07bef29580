"""Sheets and papers through a real TeX: they compile, nothing sticks out, text can be read back."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnsym
from rnnsym.cell import cell_names
from rnnsym.document import Document
from rnnsym.export.formats import render_files
from rnnsym.export.latex_words import escape
from rnnsym.export.pdf import ENGINES, TexError, typeset
from rnnsym.quiz.paper import paper

MODELS = (
    *cell_names(),
    "bi(lstm)*2",
    "gru*L",
    "embedding:10000:128, bi(lstm:64), lstm:32, dense:10:softmax",
)


def compiled(document: Document, engine: str, folder: Path) -> str:
    """Compile a document once and return TeX's log."""
    [(name, tex)] = render_files(document, "latex").items()
    (folder / name).write_bytes(tex)
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    return (folder / name).with_suffix(".log").read_text("utf-8", "replace")


def check_log(log: str) -> None:
    too_wide = [float(w) for w in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(too_wide, default=0) <= 2, log
    assert "Missing character" not in log


@pytest.mark.parametrize("text", MODELS)
def test_sheets_compile(text: str, tmp_path: Path, require_engine: Callable[[str], str]) -> None:
    check_log(compiled(rnnsym.model(text).sheet(), require_engine("pdflatex"), tmp_path))


@pytest.mark.parametrize("solved", [False, True])
def test_papers_compile(solved: bool, tmp_path: Path, require_engine: Callable[[str], str]) -> None:
    document = paper(rnnsym.generate_quiz(12, 3), 3, solved=solved)
    check_log(compiled(document, require_engine("pdflatex"), tmp_path))


def test_pdfs_are_the_same_bytes_with_fonts_and_text(
    tmp_path: Path, require_engine: Callable[[str], str]
) -> None:
    require_engine("pdflatex")
    [(name, tex)] = render_files(rnnsym.model("lstm").sheet(), "latex").items()
    engine = next(e for e in ENGINES if e.name == "pdflatex")
    first = typeset("lstm", tex, engine)
    assert first == typeset("lstm", tex, engine)
    path = (tmp_path / name).with_suffix(".pdf")
    path.write_bytes(first)
    fonts = subprocess.run(
        [require_engine("pdffonts"), str(path)], capture_output=True, text=True, check=True
    )
    assert {line.split()[-5] for line in fonts.stdout.splitlines()[2:]} == {"yes"}
    text = subprocess.run(
        [require_engine("pdftotext"), str(path), "-"], capture_output=True, text=True, check=True
    )
    assert all(sign in text.stdout for sign in ("⊙", "δ", "tanh", "forget gate"))


def test_a_tex_error_names_line_and_question(require_engine: Callable[[str], str]) -> None:
    require_engine("pdflatex")
    engine = next(e for e in ENGINES if e.name == "pdflatex")
    source = (
        b"\\documentclass{exam}\n\\begin{document}\n\\begin{questions}\n\\question[2] % count-1\n"
        b"\\undefinedhere\n\\end{questions}\n\\end{document}\n"
    )
    with pytest.raises(TexError, match=r"line 5, in count-1: Undefined control sequence"):
        typeset("broken", source, engine)


@pytest.mark.parametrize("hostile", ["\\input{/etc/passwd}", "$x$ & # % _ ^ ~ {", "\\write18{ls}"])
def test_words_are_escaped(hostile: str) -> None:
    bare = escape(hostile)
    for sign in "\\{}$&#%_":
        alone = re.sub(rf"\\{re.escape(sign)}|\\text\w+\{{\}}|\\\\", "", bare)
        if sign in "$&#%_":
            assert sign not in alone
    assert "\\input" not in bare
    assert "\\write" not in bare
