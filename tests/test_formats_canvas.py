"""Canvas: names that agree in all files, and a reader of its own that finds what JSON says."""

import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from rnnsym.export.quiz.canvas import export
from rnnsym.item import Blank, Numeric
from rnnsym.quiz.paper import Paper
from tests.quiz_readers import flat_html, flat_response, flat_text, questions
from tests.quiz_samples import RESPONSES, hostile_paper, item, part, sample_paper

PAPERS = {"plain": sample_paper(), "hostile": hostile_paper()}
TYPES = {
    "multiple_choice_question": "choice",
    "multiple_answers_question": "choice",
    "numerical_question": "numeric",
    "matching_question": "matching",
    "short_answer_question": "words",
    "essay_question": "written",
}


def files(paper: Paper) -> dict[str, ET.Element]:
    [(name, content)] = export(paper).files.items()
    assert name == f"{paper.name}-canvas.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert "non_cc_assessments/" in packed.namelist()
        made = {x: packed.read(x) for x in packed.namelist() if not x.endswith("/")}
    return {name: ET.fromstring(text) for name, text in made.items()}


def read(paper: Paper) -> list[ET.Element]:
    """The questions, without the namespace before each name."""
    [root] = [root for root in files(paper).values() if root.tag.endswith("questestinterop")]
    for found in root.iter():
        found.tag = found.tag.partition("}")[2]
    return list(root.iter("item"))


def alone(name: str) -> Paper:
    return Paper("one", 7, (("", (item(name, part(RESPONSES[name])),)),))


def fact(q: ET.Element, name: str) -> str:
    facts = {f.findtext("fieldlabel"): f.findtext("fieldentry") for f in q.iter("qtimetadatafield")}
    return facts[name] or ""


def html(inside: ET.Element) -> str:
    [text] = inside.findall(".//mattext")
    assert text.get("texttype") == "text/html"
    return flat_html(text.text or "")


def said(q: ET.Element, ident: str) -> str:
    found = [html(f) for f in q.iter("itemfeedback") if f.get("ident") == ident]
    assert len(found) <= 1
    return found[0] if found else ""


def earning(q: ET.Element) -> Iterator[tuple[ET.Element, float]]:
    for condition in q.iter("respcondition"):
        worth, test = condition.find("setvar"), condition.find("conditionvar")
        if worth is not None and test is not None:
            yield test, float(worth.text or "")


def responded(q: ET.Element) -> dict[str, Any]:
    """What a question says, as ``flat_response`` has it."""
    kind = fact(q, "question_type")
    reader = {"choice": choice, "numeric": number, "matching": matching, "words": accepted}
    name = TYPES[kind]
    return {"type": name, **(reader[name](q) if name in reader else {})}


def choice(q: ET.Element) -> dict[str, Any]:
    [(test, percent)] = earning(q)
    assert percent == 100
    several = fact(q, "question_type") == "multiple_answers_question"
    wrong = {v.text for v in test.iterfind("and/not/varequal")}
    right = {v.text for v in test.iterfind("and/varequal" if several else "varequal")}
    labels = {label.attrib["ident"]: html(label) for label in q.iter("response_label")}
    assert list(labels) == fact(q, "original_answer_ids").split(",")
    assert not several or right | wrong == labels.keys()
    options = [(text[3:], key in right, said(q, f"{key}_fb")) for key, text in labels.items()]
    return {"several": several, "options": options}


def number(q: ET.Element) -> dict[str, Any]:
    [fib] = q.iter("render_fib")
    assert fib.get("fibtype") == "Decimal"
    [(test, percent)] = earning(q)
    assert percent == 100
    values = [
        float(test.findtext(path, "")) for path in ("or/varequal", "or/and/vargte", "or/and/varlte")
    ]
    return {"bounds": values}


def matching(q: ET.Element) -> dict[str, Any]:
    earned = list(earning(q))
    assert sum(percent for _, percent in earned) == pytest.approx(100, abs=0.05)
    right = {v.get("respident"): v.text for test, _ in earned for v in test.iter("varequal")}
    pairs: list[tuple[str, str]] = []
    answers: list[str] = []
    for asked in q.iter("response_lid"):
        labels = {
            x.attrib["ident"]: x.findtext(".//mattext", "") for x in asked.iter("response_label")
        }
        [prompt] = asked.findall("material")
        pairs.append((html(prompt), labels[right[asked.get("ident")] or ""]))
        answers = sorted(labels.values())
    return {"pairs": pairs, "answers": answers}


def accepted(q: ET.Element) -> dict[str, Any]:
    [(test, _)] = earning(q)
    return {"accepted": [flat_text(v.text or "") for v in test.iter("varequal")]}


def wanted(response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the questions of one part should say."""
    flat = flat_response(response)
    if flat["type"] == "numeric":
        for b in flat["blanks"]:
            low, high = b["value"] - b["tolerance"], b["value"] + b["tolerance"]
            yield {"type": "numeric", "bounds": pytest.approx([b["value"], low, high])}
    elif flat["type"] == "ordering":
        steps = flat["steps"]
        pairs = [(steps[place], str(place + 1)) for place in (2, 0, 1)]
        yield {"type": "matching", "pairs": pairs, "answers": ["1", "2", "3"]}
    else:
        yield flat


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_the_reader_finds_what_json_says(paper: Paper) -> None:
    found = read(paper)
    for asked in questions(paper):
        mine = [q for q in found if q.attrib["ident"].startswith(f"q-{asked['id']}")]
        assert [responded(q) for q in mine] == [
            one for p in asked["parts"] for one in wanted(p["response"])
        ]
        assert sum(Decimal(fact(q, "points_possible")) for q in mine) == sum(
            p["marks"] for p in asked["parts"]
        )
        for q in mine:
            [presented] = q.findall("presentation/material")
            assert "What is it?" in html(presented)
            assert "Proof: by hand" in said(q, "general_fb")
            assert "\n" not in q.attrib["title"]
    assert len({q.attrib["ident"] for q in found}) == len(found)


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_names_agree_in_all_files(paper: Paper) -> None:
    content = files(paper)
    [quiz, meta] = content["imsmanifest.xml"].iterfind(".//{*}resource")
    name = quiz.attrib["identifier"]
    assert content.keys() == {
        "imsmanifest.xml", f"{name}/{name}.xml", f"{name}/assessment_meta.xml"
    }  # fmt: skip
    assert quiz.find("{*}file").get("href") == f"{name}/{name}.xml"  # type: ignore[union-attr]
    needed = quiz.find("{*}dependency")
    assert needed is not None
    assert needed.get("identifierref") == meta.get("identifier")
    assert meta.get("href") == f"{name}/assessment_meta.xml"
    about = content[f"{name}/assessment_meta.xml"]
    assert about.get("identifier") == name
    [assessment] = content[f"{name}/{name}.xml"]
    assert assessment.get("ident") == name
    marks = sum(one.marks for one in paper.items)
    assert float(about.findtext("{*}points_possible", "")) == marks


def test_every_feedback_is_called_and_there() -> None:
    for q in read(sample_paper()):
        called = [d.attrib["linkrefid"] for d in q.iter("displayfeedback")]
        assert called == [f.attrib["ident"] for f in q.iter("itemfeedback")]


def test_a_bound_near_zero_is_moved_and_said() -> None:
    near = Numeric((Blank(("x",), Decimal("0.005"), Decimal("0.005")),))
    paper = Paper("one", 7, (("", (item("near", part(near)),)),))
    [q] = read(paper)
    assert number(q)["bounds"] == [0.005, -0.0001, 0.01]
    assert any("0.0001 below zero" in loss for loss in export(paper).losses)
    assert not any("below zero" in loss for loss in export(sample_paper()).losses)


def test_what_is_lost_is_said() -> None:
    losses = export(sample_paper()).losses
    assert "question 4: it becomes 3 questions, each with the whole stem" in losses
    assert "question 1: the hints of (a)" in losses
    assert any(x.startswith("question 7: (a) counts only as typed") for x in losses)
    assert losses[-1].startswith("the sections' titles")


def test_same_paper_same_bytes() -> None:
    assert export(hostile_paper()) == export(hostile_paper())
