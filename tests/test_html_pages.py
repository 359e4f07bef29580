"""Pages in HTML as others see them: templates of one's own, validators, browsers, print."""

import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnsym
from rnnsym.blocks import (
    Code,
    Heading,
    Listing,
    Paragraph,
    prose,
)
from rnnsym.document import Style
from rnnsym.export.html import export_html
from rnnsym.quiz.paper import paper
from rnnsym.sheet.topic import load_topic, topic_document, topic_names
from tests.strategies import vector
from tests.test_html import MODELS, derived, made_of, page


def test_templates_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "html"
    folder.mkdir()
    (folder / "logo.png").write_bytes(b"picture")
    (folder / "document.html.j2").write_text(
        '{% extends "rnnsym/document.html.j2" %}\n'
        '{% block title %}<img src="{{ assets["logo.png"] }}" alt="Logo">'
        "{{ super() }}{% endblock %}"
    )
    text = page(made_of(Paragraph(prose("x"))), Style(templates=tmp_path))
    assert '<img src="data:image/png;base64,cGljdHVyZQ==" alt="Logo"><h1>Title</h1>' in re.sub(
        r">\s+<", "><", text
    )


# Real readers


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every topic, some models, a convention in rows, a paper and its key, as files."""
    folder = tmp_path_factory.mktemp("pages")
    items = rnnsym.generate_quiz(20, 3)
    documents = [
        *(topic_document(load_topic(name)) for name in topic_names()),
        derived("textbook", MODELS[0]),
        derived("keras", "gru"),
        *(paper(items, 3, solved=solved) for solved in (False, True)),
        made_of(Heading("One"), Listing((prose(vector("a")),), "letters"), Code("x", "python")),
    ]
    for document in documents:
        for name, content in export_html(document).items():
            (folder / name).write_bytes(content)
    return sorted(folder.iterdir())


# The validator knows MathML 3; MathML Core has these two attributes on every element.
NEWER = re.compile(r"Attribute “(displaystyle|scriptlevel)” not allowed on element “m\w+”")


def test_pages_are_valid(
    pages: list[Path], node_modules: Path, require_engine: Callable[[str], str]
) -> None:
    jar = node_modules / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = [require_engine("java"), "-jar", str(jar), "--format", "json", *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    messages = [m["message"] + m.get("extract", "") for m in json.loads(done.stderr)["messages"]]
    assert not [message for message in messages if not NEWER.search(message)]


@pytest.mark.parametrize(
    ("kind", "program"), [("chromium", "chromium"), ("firefox", "firefox-esr")]
)
def test_pages_in_browsers(
    pages: list[Path],
    kind: str,
    program: str,
    node_modules: Path,
    require_engine: Callable[[str], str],
    tmp_path: Path,
) -> None:
    """Each page is sound on a phone, on a desk and on paper; Firefox prints it for good."""
    script = Path(__file__).parent / "browser" / "look.mjs"
    pictures = os.environ.get("RNNSYM_PICTURES", "")
    prints = str(tmp_path) if kind == "firefox" else ""
    browser = [kind, require_engine(program)]
    command = ["node", str(script), *browser, pictures, prints, *map(str, pages)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "RNNSYM_NODE_MODULES": str(node_modules)},
    )
    assert done.returncode == 0, done.stderr
    faults = {Path(name).name: found for name, found in json.loads(done.stdout).items() if found}
    assert not faults
    printed = list(tmp_path.glob("*.pdf"))
    assert len(printed) == (len(pages) if prints else 0)
    for path in printed:
        assert not off_the_page(require_engine("pdftotext"), path), path.name


MARGIN = 5 / 25.4 * 72
"""Points at the edge of a sheet of paper that no printer reaches."""


def off_the_page(pdftotext: str, path: Path) -> list[str]:
    """Return the words of a PDF that are cut, or lie where no printer prints."""
    command = [pdftotext, "-bbox", str(path), "-"]
    root = ET.fromstring(subprocess.run(command, capture_output=True, check=True).stdout)
    found: list[str] = []
    for sheet in (x for x in root.iter() if x.tag.endswith("page")):
        right = float(sheet.attrib["width"]) - MARGIN
        for word in sheet:
            if float(word.attrib["xMin"]) < MARGIN or float(word.attrib["xMax"]) > right:
                found.append("".join(word.itertext()))
    return found
