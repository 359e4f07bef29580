"""Notebooks that run and JSON that holds everything, both of the document that the sheet is."""

import json
from typing import Any

import pytest

import rnnsym
from rnnsym.blocks import Box, Equations, Line, NumberMatrix, Paragraph, Partial, Relation, prose
from rnnsym.cell import cell_names
from rnnsym.document import Document
from rnnsym.export.document_json import document_json, export_json
from rnnsym.export.notebook import export_notebook
from rnnsym.expr import size
from rnnsym.quiz.paper import paper
from rnnsym.sheet.topic import load_topic, topic_document, topic_names
from rnnsym.version import VERSION
from tests.conftest import optional

TEXTS = ("gru*L", "embedding:10000:8, bi(gru:4), dense:3:softmax")


def notebook(document: Document) -> dict[str, Any]:
    [(name, content)] = export_notebook(document).items()
    assert name == f"{document.name}.ipynb"
    found: dict[str, Any] = json.loads(content)
    return found


def code(document: Document) -> list[str]:
    cells = notebook(document)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", topic_names())
def test_notebooks_keep_to_the_format(name: str) -> None:
    nbformat = optional("nbformat")
    document = topic_document(load_topic(name))
    [content] = export_notebook(document).values()
    read = nbformat.reads(content.decode(), as_version=4)
    nbformat.validate(read)
    ids = [cell["id"] for cell in read.cells]
    assert len(ids) == len(set(ids))


def test_a_notebook_runs() -> None:
    nbformat = optional("nbformat")
    client = optional("nbclient")
    optional("ipykernel")
    optional("matplotlib")
    [content] = export_notebook(rnnsym.model("lstm", loss="squared", n=3).sheet()).values()
    read = nbformat.reads(content.decode(), as_version=4)
    client.NotebookClient(read, timeout=120).execute()
    outputs = [str(cell.outputs) for cell in read.cells if cell.cell_type == "code"]
    assert "$$" in outputs[1]
    assert "dU_f = sum_t(delta_f[t] @ h[t-1].T)" in outputs[2]
    assert "largest relative error" in outputs[3]
    assert "image/svg+xml" in outputs[4]


@pytest.mark.parametrize("text", TEXTS)
def test_the_code_of_a_notebook_is_about_the_model_of_its_sheet(text: str) -> None:
    model = rnnsym.model(text, "d2l" if text == "gru*L" else "textbook", loss_at="last")
    cells = code(model.sheet())
    space: dict[str, Any] = {}
    for source in cells:
        if "IPython" not in source:
            exec(source, space)
    assert space["model"] == model
    assert any("plot_decay" in source for source in cells) == (text == "gru*L")


def test_json_is_the_whole_document() -> None:
    document = rnnsym.model("lstm", n=2).sheet()
    [content] = export_json(document).values()
    data = json.loads(content)
    assert (data["rnnsym"], data["schema"], data["name"]) == (VERSION, 1, "lstm")
    assert len(data["blocks"]) == len(document.blocks)
    assert data["models"][0] == {
        "text": "lstm", "convention": "textbook", "loss": "free", "loss_at": "every", "bias": True,
        "sizes": {"n": 2},
    }  # fmt: skip
    lines = [x for b in data["blocks"] if b["type"] == "equations" for x in b["lines"]]
    [line] = [x for x in lines if x["number"] == "7"]
    assert line["lhs"] == {"formula": "c[t]", "latex": "c_t"}
    assert line["rhs"][0]["formula"] == "f[t] * c[t-1] + i[t] * g[t]"
    assert line["shape"] == ["n", "1"]


@pytest.mark.parametrize("name", topic_names())
def test_every_topic_is_json_the_same_every_time(name: str) -> None:
    document = topic_document(load_topic(name))
    assert export_json(document) == export_json(document)
    assert json.loads(next(iter(export_json(document).values())))["title"] == document.title


def test_json_tells_kinds_of_maths_apart() -> None:
    n = size("n")
    c = rnnsym.model("lstm").system.equations[0].lhs
    line = Line(n, (NumberMatrix((("1", "−2"),)), Partial(c, c, "∂⁺")), comment=prose("x"))
    box = Box("note", "Note", (Paragraph(prose(Relation((n, n), "≤"))),))
    data = document_json(Document("x", "sheet", "X", (), (Equations((line,)), box)))
    [first, second] = data["blocks"]
    assert first["lines"][0]["rhs"][0]["rows"] == [["1", "−2"]]
    assert first["lines"][0]["rhs"][1]["partial"] == "∂⁺"
    assert second["blocks"][0]["content"][0]["relation"] == "≤"


def test_questions_have_their_place_in_json() -> None:
    items = rnnsym.generate_quiz(2, 7)
    blocks = document_json(paper(items, 7, solved=True))["blocks"]
    found = [block for block in blocks if block["type"] == "question"]
    assert [block["id"] for block in found] == [item.id for item in items]


def test_every_cell_is_json() -> None:
    for name in cell_names()[::5]:
        assert document_json(rnnsym.model(name).document(unroll=2))["blocks"]
