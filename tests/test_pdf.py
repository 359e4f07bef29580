"""PDFs: made by whatever TeX there is, confined, the same each time, with text, links, metadata."""

import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import rnnsym
from rnnsym.document import Document
from rnnsym.export import pdf
from rnnsym.export.formats import render_files
from rnnsym.export.latex import export_latex
from rnnsym.export.pdf import ENGINES, Engine, NoEngineError, TexError, find_engine, typeset
from tests.conftest import missing
from tests.terminal import call, run

HEAD = "\\documentclass{article}\n\\begin{document}\n"
PDFLATEX = next(engine for engine in ENGINES if engine.name == "pdflatex")


def document() -> Document:
    return rnnsym.model("lstm").document()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the PDF of the LSTM's derivation, by the engine that a user would get."""
    try:
        find_engine()
    except NoEngineError as error:
        missing(str(error))
    path = tmp_path_factory.mktemp("pdf") / "lstm.pdf"
    path.write_bytes(render_files(document(), "pdf")["lstm.pdf"])
    return path


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_fonts_are_embedded_with_their_letters(
    made: Path, require_engine: Callable[[str], str]
) -> None:
    rows = said(require_engine("pdffonts"), str(made)).splitlines()[2:]
    assert rows
    assert {(row.split()[-5], row.split()[-3]) for row in rows} == {("yes", "yes")}


def test_text_is_read_back_in_order(made: Path, require_engine: Callable[[str], str]) -> None:
    text = said(require_engine("pdftotext"), str(made), "-")
    assert re.search(r"ℎ𝑡 = 𝑜𝑡 ⊙ tanh\(𝑐𝑡\s*\)", text), text[:1500]
    assert "𝛿" in text
    assert "forget gate: how much of the old cell state is kept" in text
    assert re.search(r"page 2 of \d", text)
    assert "??" not in text


def test_metadata_links_and_bookmarks(made: Path, require_engine: Callable[[str], str]) -> None:
    info = said(require_engine("pdfinfo"), str(made))
    assert re.search(r"Title: +Backpropagation through time: lstm\n", info)
    assert re.search(r"Subject: +Textbook convention", info)
    assert re.search(r"Keywords: +recurrent neural network", info)
    assert re.search(r"Creator: +rnnsym", info)
    assert "eq:11" in said("pdfinfo", "-dests", str(made))


def test_the_same_bytes_every_time(require_engine: Callable[[str], str]) -> None:
    require_engine("pdflatex")
    files = {"x.tex": f"{HEAD}\\today\n\\end{{document}}".encode()}
    first = typeset("x", files, PDFLATEX)
    time.sleep(1.1)  # a clock that showed would have moved on
    assert typeset("x", files, PDFLATEX) == first


@pytest.mark.parametrize(
    "attack",
    [
        "\\input{/etc/passwd}",
        "\\openin1=../secret \\read1 to\\x \\x",
        "\\immediate\\openout1=../owned \\immediate\\write1{x}\\errmessage{done}",
        "\\immediate\\write18{touch ../owned}\\errmessage{done}",
    ],
)
def test_tex_is_confined(
    attack: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    require_engine: Callable[[str], str],
) -> None:
    require_engine("pdflatex")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "secret").write_text("secret")
    files = {"x.tex": f"{HEAD}{attack}\n\\end{{document}}".encode()}
    with pytest.raises(TexError) as refused:
        typeset("x", files, PDFLATEX)
    assert "root:" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def broken(replaced: str, by: str) -> Mapping[str, bytes]:
    tex = export_latex(document())["lstm.tex"].decode()
    assert replaced in tex
    return {"lstm.tex": tex.replace(replaced, by).encode()}


@pytest.mark.parametrize("name", ["pdflatex", "latexmk"])
def test_an_error_names_block_and_formula(name: str, require_engine: Callable[[str], str]) -> None:
    require_engine(name)
    engine = next(e for e in ENGINES if e.name == name)
    files = broken(r"f_t \odot c_{t-1} +", r"f_t \nosuchsign c_{t-1} +")
    with pytest.raises(TexError) as refused:
        typeset("lstm", files, engine)
    message = str(refused.value)
    assert re.search(r"lstm\.tex, line \d+ \(block \d+, equations 1-10, in Forward", message)
    assert "equation (7)): Undefined control sequence" in message
    assert r"\nosuchsign" in message
    assert "\n" not in message


def test_an_error_in_a_paper_names_the_question(require_engine: Callable[[str], str]) -> None:
    require_engine("pdflatex")
    source = f"{HEAD}%% block 4, question 2 (count-1)\n\\undefinedhere\n\\end{{document}}\n"
    with pytest.raises(TexError, match=r"line 4 \(block 4, question 2 \(count-1\)\): Undefined"):
        typeset("x", {"x.tex": source.encode()}, PDFLATEX)


def fake(folder: Path, script: str) -> Engine:
    """Return an engine that is a shell script."""
    path = folder / "fake"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Engine("fake", (str(path),), 1)


def test_an_engine_that_hangs_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "TIMEOUT", 1)
    engine = fake(tmp_path, f"(sleep 3; touch {tmp_path}/survived) & wait")
    with pytest.raises(TexError, match=r"fake did not finish x\.tex within 1 s"):
        typeset("x", {"x.tex": b""}, engine)
    time.sleep(3)
    assert not (tmp_path / "survived").exists()


def test_an_engine_that_makes_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(TexError, match="made no PDF"):
        typeset("x", {"x.tex": b""}, fake(tmp_path, "exit 0"))
    with pytest.raises(TexError, match=r"TeX failed on x\.tex: no network"):
        typeset("x", {"x.tex": b""}, fake(tmp_path, "echo no network; exit 101"))


def test_engines_are_probed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is there but does not start is passed over."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf, "ENGINES", (fake(tmp_path, "exit 127"),))
    with pytest.raises(
        NoEngineError, match=r"paper\.pdf is not made: no TeX engine found: install"
    ):
        find_engine("paper")


def test_without_an_engine_the_source_is_kept(tmp_path: Path) -> None:
    asked = run("sheet", "vanilla", "--format", "pdf", folder=tmp_path, PATH=str(tmp_path))
    assert (asked.returncode, asked.stderr.count("\n")) == (2, 1)
    assert "vanilla.pdf is not made: no TeX engine found: install" in asked.stderr
    assert asked.stdout == "written: output/vanilla.tex\n"


def test_letter_and_large_print(tmp_path: Path, require_engine: Callable[[str], str]) -> None:
    require_engine("pdflatex")
    options = ["--format", "pdf", "--paper", "letter", "--large-print"]
    assert (
        call("quiz", "generate", "-n", "1", "--kind", "count", *options, folder=tmp_path).returncode
        == 0
    )
    paper = str(tmp_path / "output" / "quiz-seed0.pdf")
    info = said(require_engine("pdfinfo"), paper)
    assert re.search(r"Page size: +612 x 792 pts \(letter\)", info)
    boxes = said(require_engine("pdftotext"), "-bbox", "-l", "1", paper, "-")
    (top, bottom), *_ = re.findall(r'yMin="([\d.]+)"[^>]*yMax="([\d.]+)">Convention:<', boxes)
    assert float(bottom) - float(top) > 14  # 17.3 points of Latin Modern Roman 17
