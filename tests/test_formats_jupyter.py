"""jupyterquiz: what its script reads, nothing lost, hostile text harmless."""

import json
from typing import Any

import nbformat
import pytest

from rnnsym.export.quiz.jupyter import export
from rnnsym.quiz.paper import Paper
from tests.quiz_samples import RESPONSES, hostile_paper, item, part, sample_paper

PAPERS = {"plain": sample_paper(), "hostile": hostile_paper()}
TYPES = {"multiple_choice", "many_choice", "numeric", "string"}


def read(paper: Paper) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    files = export(paper).files
    questions = json.loads(files[f"{paper.name}-jupyter.json"])
    notebook = json.loads(files[f"{paper.name}-jupyter.ipynb"])
    return questions, notebook


def alone(name: str) -> Paper:
    return Paper("one", 7, (("", (item(name, part(RESPONSES[name])),)),))


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_every_question_is_of_the_format(paper: Paper) -> None:
    questions, notebook = read(paper)
    for question in questions:
        assert question["type"] in TYPES
        right = [a for a in question["answers"] if a["correct"]]
        assert right
        assert question["type"] in ("many_choice", "string") or len(right) == 1
        assert "<script" not in json.dumps(question)
    nbformat.validate(nbformat.from_dict(notebook))  # type: ignore[no-untyped-call]
    code = [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"]
    compile("\n".join(code), "notebook", "exec")
    assert f"{paper.name}-jupyter.json" in code[0]


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("choice", ["multiple_choice"]),
        ("several", ["many_choice"]),
        ("number", ["numeric"]),
        ("numbers", ["numeric"] * 3),
        ("matching", ["multiple_choice"] * 3),
        ("words", ["string"]),
        ("ordering", []),
        ("formula", []),
        ("open", []),
    ],
)
def test_each_response_is_graded_or_told_as_a_loss(name: str, types: list[str]) -> None:
    questions, notebook = read(alone(name))
    assert [q["type"] for q in questions] == types
    losses = "\n".join(export(alone(name)).losses)
    assert ("marked by hand" in losses) == (not types)
    assert ("counts only as typed in the key" in losses) == (name == "words")
    shown = [c for c in notebook["cells"] if "<summary>Key</summary>" in c["source"]]
    assert len(shown) == (not types)


def test_numbers_are_accepted_within_their_tolerance_and_slips_have_reasons() -> None:
    [question], _ = read(alone("number"))
    right, *wrong, other = question["answers"]
    assert right["range"] == [-0.255, -0.245]
    assert [a["range"] for a in wrong] == [[0.745, 0.755], [1.745, 1.755]]
    assert all(a["feedback"] for a in wrong)
    assert other["type"] == "default"


def test_same_paper_same_bytes() -> None:
    assert export(sample_paper()) == export(sample_paper())
