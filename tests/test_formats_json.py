"""Papers in JSON: they hold everything, and are rebuilt from it."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from rnnsym.errors import InputError
from rnnsym.export.quiz.json import SCHEMA, export, read
from rnnsym.item import Item, Response
from rnnsym.quiz.blueprint import Blueprint, Section
from rnnsym.quiz.paper import Paper, draw_papers
from rnnsym.quiz.registry import load_kind
from rnnsym.quiz.roster import Student
from rnnsym.quiz.rounds import generate
from rnnsym.quiz.selection import Selection
from tests.quiz_samples import LINES, RESPONSES, hostile_paper, sample_paper
from tests.test_papers import MINE

KINDS = ("adjoint", "count", "find_error", "forward", "name_paths", "order_steps", "prove")


def text_of(paper: Paper) -> str:
    exported = export(paper)
    assert exported.losses == ()
    [(name, content)] = exported.files.items()
    assert name == f"{paper.name}.json"
    return content.decode()


def drawn() -> Paper:
    section = Section(Selection.of(KINDS), len(KINDS), title="Part / one")
    [paper] = draw_papers(Blueprint((section,)), 7, roster=[Student("s1", "Ann <b>")])
    return paper


def test_a_paper_is_read_back() -> None:
    paper = drawn()
    again = read(text_of(paper))
    assert again == paper
    assert text_of(again) == text_of(paper)


def test_a_paper_with_a_users_kind_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MINE.replace("BODY", "pass"))
    items = generate(Selection.of([str(path)]), 2, 7)
    paper = Paper("p", 7, (("", items),), kind_files={"mine": str(path)})
    assert read(text_of(paper), [load_kind(str(path))]) == paper
    with pytest.raises(InputError, match="--kind"):
        read(text_of(paper))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("{", "["), "no paper in JSON: "),
        (('"schema": 1', '"schema": 2'), "schema 1 is read, not 2"),
        (('"sections"', '"section"'), "with schema and sections"),
        (('"rnnsym": "', '"rnnsym": "9'), "was made by rnnsym 9"),
        (('"seed": 7', '"seed": "7"'), "whole number, not '7'"),
        (('"seed": 7', '"seed": true'), "whole number, not True"),
        (('"kind": "count"', '"kind": "cuont"'), "unknown kind 'cuont'; did you mean 'count'"),
        (('"id": "count', '"id": "caunt'), "comes out as"),
        (('"parameters"', '"parameter"'), "no paper can be rebuilt"),
        (('"correct": true', '"correct": false'), "comes out otherwise: the file was changed"),
        (('"marks": ', '"marks": 1'), "comes out otherwise"),
    ],
)
def test_a_changed_file_is_refused(change: tuple[str, str], words: str) -> None:
    text = text_of(Paper("p", 7, (("", generate(Selection.of(["count"], (), ["lstm"]), 1, 7)),)))
    assert change[0] in text
    with pytest.raises(InputError, match=words) as caught:
        read(text.replace(*change, 1))
    assert "\n" not in str(caught.value)


def test_everything_is_there() -> None:
    paper = hostile_paper()
    data = json.loads(text_of(paper))
    assert data["schema"] == SCHEMA
    assert data["student"] == {"id": "s1", "name": LINES}
    found = [question for section in data["sections"] for question in section["questions"]]
    assert [question["number"] for question in found] == list(range(1, len(paper.items) + 1))
    for question, item in zip(found, paper.items, strict=True):
        check(question, item)
    types = {part["response"]["type"] for question in found for part in question["parts"]}
    assert len(types) == len(get_args(Response)) == len({type(r) for r in RESPONSES.values()})


def check(question: dict[str, Any], item: Item) -> None:
    for name in ("id", "kind", "topic", "level", "minutes", "convention", "marks"):
        assert question[name] == getattr(item, name)
    assert (question["parameters"], question["tags"]) == (dict(item.parameters), list(item.tags))
    assert question["proof"] == {"method": item.proof.method, "error": item.proof.error}
    assert len(question["stem"]) == len(item.stem)
    for said, part in zip(question["parts"], item.parts, strict=True):
        assert (said["marks"], said["carries"]) == (part.marks, list(part.carries))
        points = [(mark["points"], mark["kind"]) for mark in said["scheme"]]
        assert points == [(mark.points, mark.kind) for mark in part.scheme]
        assert len(said["hints"]) == len(part.hints)
        assert len(said["solution"]) == len(part.solution)


def test_responses() -> None:
    said = {
        question["kind"]: question["parts"][0]["response"]
        for question in json.loads(text_of(sample_paper()))["sections"][0]["questions"]
    }
    assert said["several"]["several"] is True
    assert [o["correct"] for o in said["several"]["options"]] == [True, False, True, True, False]
    assert [o["misconception"] for o in said["choice"]["options"]] == ["wrong 0", "", "wrong 2"]
    [blank] = said["number"]["blanks"]
    assert (blank["value"], blank["tolerance"]) == ("-0.250", "0.005")
    assert [wrong["value"] for wrong in blank["wrong"]] == ["0.750", "1.750"]
    assert blank["label"] == [{"formula": "h[t]", "latex": "h_t"}]
    assert said["matching"]["extras"] == ["cell & <gate>"]
    assert [pair["answer"] for pair in said["matching"]["pairs"]] == ["forget", "input", "forget"]
    assert said["ordering"]["shown"] == [2, 0, 1]
    assert said["words"]["accepted"][0] == "Vanishing gradient"
    assert (said["formula"]["model"], said["formula"]["wrt"]) == ("lstm", "h_0")
    assert said["open"] == {"type": "open", "lines": 3}


def test_same_bytes() -> None:
    assert text_of(drawn()) == text_of(drawn())
