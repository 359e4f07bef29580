"""Templates of one's own: they go before ours, say where they are broken, and reach nothing."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnsym
from rnnsym.document import Document
from rnnsym.errors import InputError
from tests.terminal import call

EXTENDED = r"""\BLOCK{extends "rnnsym/article.tex.j2"}
\BLOCK{block preamble}
\usepackage{graphicx}
\BLOCK{endblock}
\BLOCK{block title}
Deep Learning, \VAR{paper}
\VAR{super()}
\BLOCK{endblock}
"""
HTML = '{% extends "rnnsym/document.html.j2" %}{% block title %}Deep <b>Learning</b>{% endblock %}'
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for exporter in ("latex", "html"):
        (tmp_path / "mine" / exporter).mkdir(parents=True)
    return tmp_path / "mine"


def document() -> Document:
    return rnnsym.model("vanilla").document()


def written(folder: Path, template: str, name: str = "latex/article.tex.j2") -> str:
    """Return what a template of one's own makes of a document."""
    (folder / name).write_text(template)
    format_name = name.split("/", maxsplit=1)[0]
    [path] = [
        w.path
        for w in rnnsym.write(
            document(), folder / "out", formats=[format_name], templates=folder, force=True
        )
        if w.path.stem == "vanilla"
    ]
    return path.read_text()


def test_a_template_extends_ours(folder: Path) -> None:
    text = written(folder, EXTENDED)
    assert r"\usepackage{graphicx}" in text
    assert text.index("Deep Learning, a4") < text.index(r"\LARGE\bfseries")
    assert r"\section{Backward}" in text


def test_a_template_extends_the_page(folder: Path) -> None:
    text = written(folder, HTML, "html/document.html.j2")
    assert "Deep <b>Learning</b>" in text
    assert "Backward" in text


def test_a_logo_is_there_when_tex_runs(folder: Path, require_engine: Callable[[str], str]) -> None:
    require_engine("pdflatex")
    (folder / "latex" / "logo.png").write_bytes(PNG)
    (folder / "latex" / "article.tex.j2").write_text(
        EXTENDED.replace("Deep Learning,", r"\includegraphics[width=1cm]{logo.png}")
    )
    rnnsym.write(document(), folder / "out", formats=["tex", "pdf"], templates=folder)
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert names == ["logo.png", "vanilla.pdf", "vanilla.tex"]
    images = ["pdfimages", "-list", str(folder / "out" / "vanilla.pdf")]
    listed = subprocess.run(images, capture_output=True, text=True, check=True).stdout
    assert " image " in listed


BROKEN = {
    "undefined": (r"\VAR{titel}", "article.tex.j2, line 1: 'titel' is undefined"),
    "third line": ("a\nb\n" + r"\VAR{document.nothing}", "line 3"),
    "syntax": (r"\BLOCK{if}", "line 1: Expected an expression"),
    "in our block": (EXTENDED.replace("paper}", "course}"), "line 6: 'course' is undefined"),
    "unknown parent": (r'\BLOCK{extends "rnnsym/artcle.tex.j2"}', "'rnnsym/artcle.tex.j2'"),
    "unsafe": (r"\VAR{title.__class__.__mro__}", "unsafe"),
    "endless": (r"\BLOCK{for i in range(10**9)}x\BLOCK{endfor}", "Range too big"),
    "arithmetic": (r"\VAR{1/0}", "division by zero"),
    "no text": ("\udcff", "utf-8"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_template_is_one_line_and_nothing_is_written(name: str, folder: Path) -> None:
    template, expected = BROKEN[name]
    path = folder / "latex" / "article.tex.j2"
    path.write_bytes(template.encode("utf-8", "surrogateescape"))
    done = call("sheet", "vanilla", "--format", "tex", "--templates", "mine", folder=folder.parent)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert expected in done.stderr
    assert [p.name for p in folder.parent.iterdir()] == ["mine"]


def test_html_templates_cannot_reach_files(folder: Path) -> None:
    with pytest.raises(InputError, match=r"document\.html\.j2, line 1: .*unsafe"):
        written(folder, "{{ style.templates.write_text('x') }}", "html/document.html.j2")


def test_a_folder_without_templates_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine"

    def refused() -> str:
        done = call("sheet", "vanilla", "--templates", "mine", folder=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        return done.stderr

    assert "no folder of templates: mine" in refused()
    mine.write_text("")
    assert "no folder of templates: mine" in refused()
    mine.unlink()
    mine.mkdir()
    assert "mine holds no template that rnnsym looks for (html/" in refused()


def test_tex_that_a_template_breaks_is_reported_with_its_source_kept(
    folder: Path, require_engine: Callable[[str], str]
) -> None:
    require_engine("pdflatex")
    (folder / "latex" / "article.tex.j2").write_text(
        EXTENDED.replace("Deep Learning", r"\undefinedcommand")
    )
    done = call("sheet", "vanilla", "--templates", "mine", folder=folder.parent)
    assert done.returncode == 2
    assert "TeX failed on vanilla.tex, line" in done.stderr
    assert r"Undefined control sequence" in done.stderr
    assert "with the templates in mine" in done.stderr
    assert (folder.parent / "output" / "vanilla.tex").exists()
