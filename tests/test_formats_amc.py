"""Auto Multiple Choice: the source compiles with its package, and the scanner is told the keys."""

import re
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from rnnsym.export.quiz.amc import export
from rnnsym.item import Blank, Numeric
from rnnsym.quiz.paper import Paper
from tests.conftest import missing
from tests.quiz_samples import RESPONSES, hostile_paper, item, part, sample_paper

PAPERS = {"plain": sample_paper(), "hostile": hostile_paper()}


def source(paper: Paper) -> str:
    [(name, text)] = export(paper).files.items()
    assert name == f"{paper.name}-amc.tex"
    return text.decode()


def alone(name: str) -> str:
    return source(Paper("one", 7, (("", (item(name, part(RESPONSES[name])),)),)))


@pytest.fixture
def pdflatex(require_engine: Callable[[str], str]) -> str:
    """Return the path of a pdflatex that finds the package of Auto Multiple Choice."""
    package = "automultiplechoice.sty"
    if (
        subprocess.run(
            [require_engine("kpsewhich"), package], capture_output=True, check=False
        ).returncode
        != 0
    ):
        missing(f"{package} is not installed")
    return require_engine("pdflatex")


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_the_source_compiles(paper: Paper, tmp_path: Path, pdflatex: str) -> None:
    (tmp_path / "paper.tex").write_text(source(paper))
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "paper.pdf").exists()
    # What the scanner reads: each question of the source is there by its name.
    told = (tmp_path / "paper.amc").read_text()
    names = re.findall(r"\\begin\{question\w*\}\{([^}]*)\}", source(paper))
    assert len(set(names)) == len(names) > len(paper.items)
    assert all(f"={name}}}" in told for name in names)


def test_keys() -> None:
    assert re.findall(r"\\(\w+)choice\{", alone("choice")) == ["wrong", "correct", "wrong"]
    assert alone("several").count(r"\correctchoice") == 3
    assert r"\scoring{mz=2}" in alone("several")
    assert re.findall(r"\\correctchoice\{(.*)\}", alone("ordering")) == ["3", "1", "2"]
    assert re.findall(r"\\correctchoice\{(.*)\}", alone("matching")) == [
        "forget",
        "input",
        "forget",
    ]
    assert r"\correctchoice[2]{2}\scoring{2}" in alone("open")


def test_numbers() -> None:
    assert (
        r"\AMCnumericChoices{-0.250}{digits=4,decimals=3,sign=true,approx=5,"
        "scoreexact=2.00,scoreapprox=2.00}"
    ) in alone("number")
    whole = Numeric((Blank(("x",), Decimal(1234), Decimal(0)),))
    text = source(Paper("one", 7, (("", (item("n", part(whole)),)),)))
    assert "{1234}{digits=4,decimals=0,sign=true,approx=0" in text


def test_hostile_words_are_no_commands() -> None:
    assert not re.search(
        r"\\input\b|\\nabla", source(hostile_paper()).split(r"\begin{document}")[1]
    )


def test_what_is_lost_is_said() -> None:
    losses = export(sample_paper()).losses
    assert "question 9: (a) is marked by a person, on boxes for its marks" in losses
    assert losses[-1].startswith("the sections' titles")


def test_same_paper_same_bytes() -> None:
    assert export(hostile_paper()) == export(hostile_paper())
