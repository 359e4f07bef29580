"""QTI 2.1: valid by its schemas, scored by an interpreter of its own and by a player of others.

Over 300 lines: the interpreter of response processing stands with what it scores.
"""

import io
import json
import os
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rnnsym.export.quiz._package import identifier
from rnnsym.export.quiz.qti import export
from rnnsym.item import Item
from rnnsym.quiz.paper import Paper
from rnnsym.quiz.registry import kind_names
from rnnsym.quiz.rounds import generate
from rnnsym.quiz.selection import Selection
from tests.conftest import missing, optional
from tests.quiz_samples import RESPONSES, hostile_paper, item, part, sample_paper

PAPERS = {"plain": sample_paper(), "hostile": hostile_paper()}
NAMESPACE = "{http://www.imsglobal.org/xsd/imsqti_v2p1}"
MATHS = "{http://www.w3.org/1998/Math/MathML}math"
Answers = Mapping[str, Sequence[str]]


def files(paper: Paper) -> dict[str, bytes]:
    [(name, content)] = export(paper).files.items()
    assert name == f"{paper.name}-qti.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def alone(*items: Item) -> Paper:
    return Paper("alone", 7, (("", items),))


def read(one: Item) -> ET.Element:
    """The only item of a package, without the namespace before each name."""
    [text] = [text for name, text in files(alone(one)).items() if name.startswith("items/")]
    root = ET.fromstring(text)
    for found in root.iter():
        found.tag = found.tag.removeprefix(NAMESPACE)
    return root


# An interpreter of response processing


class Session:
    """What an item's own rules make of answers."""

    def __init__(self, root: ET.Element, answers: Answers) -> None:
        self.root = root
        self.values: dict[str, Any] = {"SCORE": 0.0}
        self.values |= {d.attrib["identifier"]: [] for d in root.iter("responseDeclaration")}
        assert answers.keys() <= self.values.keys()
        self.values |= answers
        for rule in root.find("responseProcessing") or ():
            self.run(rule)

    def run(self, rule: ET.Element) -> None:
        if rule.tag == "setOutcomeValue":
            self.values[rule.attrib["identifier"]] = self.value(rule[0])
            return
        [(test, *then)] = rule
        if self.value(test):
            for inner in then:
                self.run(inner)

    def value(self, e: ET.Element) -> Any:
        name = e.get("identifier", "")
        match e.tag:
            case "variable":
                return self.values[name]
            case "baseValue":
                return float(e.text or "") if e.get("baseType") == "float" else [e.text]
            case "correct":
                return self.key(name)
            case "mapResponse":
                return self.mapped(name)
            case _:
                return self.result(e, [self.value(inner) for inner in e])

    def result(self, e: ET.Element, of: list[Any]) -> Any:
        match e.tag:
            case "sum":
                return sum(of)
            case "or":
                return any(of)
            case "and":
                return all(of)
            case "not":
                return not of[0]
            case "isNull":
                return not of[0]
            case "index":
                return of[0][int(e.attrib["n"]) - 1 : int(e.attrib["n"])]
            case _:
                return self.judged(e, *of)

    def judged(self, e: ET.Element, left: Any, right: Any) -> bool:
        match e.tag:
            case "match":
                return bool(left == right)
            case "member":
                return left[0] in right
            case "stringMatch":
                assert e.get("caseSensitive") == "false"
                return [x.lower() for x in left] == [x.lower() for x in right]
            case "gte":
                return float(left[0]) >= float(right)
            case "lte":
                return float(left[0]) <= float(right)
            case _:
                raise AssertionError(e.tag)

    def declared(self, name: str) -> ET.Element:
        [found] = [d for d in self.root.iter("responseDeclaration") if d.get("identifier") == name]
        return found

    def key(self, name: str) -> list[str]:
        return [x.text or "" for x in self.declared(name).findall("correctResponse/value")]

    def mapped(self, name: str) -> float:
        [mapping] = self.declared(name).findall("mapping")
        worth = {e.attrib["mapKey"]: float(e.attrib["mappedValue"]) for e in mapping}
        earned = sum(worth.get(x, 0.0) for x in set(self.values[name]))
        low, high = (float(mapping.attrib[f"{side}Bound"]) for side in ("lower", "upper"))
        return min(max(earned, low), high)

    @property
    def remarks(self) -> list[str]:
        """What is said, without the solution."""
        said = [
            "".join(m.itertext())
            for m in self.root.iter("modalFeedback")
            if self.values.get(m.attrib["outcomeIdentifier"]) == [m.get("identifier")]
        ]
        assert "Proof: " in said[-1]
        return said[:-1]


def key(root: ET.Element) -> dict[str, list[str]]:
    empty = Session(root, {})
    names = [d.attrib["identifier"] for d in root.iter("responseDeclaration")]
    return {name: empty.key(name) for name in names}


@pytest.mark.parametrize("one", sample_paper().items, ids=lambda i: i.kind)
def test_the_key_earns_all_marks_and_nothing_earns_none(one: Item) -> None:
    root = read(one)
    by_hand = {"formula", "open"}
    marked = 4 if one.kind == "apart" else 0 if one.kind in by_hand else one.marks
    assert Session(root, key(root)).values["SCORE"] == pytest.approx(marked, abs=1e-12)
    assert Session(root, {}).values["SCORE"] == 0
    [declared] = [d for d in root.iter("outcomeDeclaration") if d.get("identifier") == "SCORE"]
    assert float(declared.attrib["normalMaximum"]) == marked


ANSWERS: list[tuple[str, Answers, float, list[str]]] = [
    ("choice", {"RESPONSE-a": ["A"]}, 0, ["not 0"]),
    ("choice", {"RESPONSE-a": ["B"]}, 2, ["so it is"]),
    ("several", {"RESPONSE-a": [*"ABCDE"]}, 0, ["so it is", "not 1", "so it is", "so it is",
                                                "not 4"]),
    ("several", {"RESPONSE-a": ["A"]}, 2 / 3, ["so it is"]),
    ("several", {"RESPONSE-a": ["B"]}, 0, ["not 1"]),
    ("number", {"RESPONSE-a-1": ["-0.245"]}, 2, []),
    ("number", {"RESPONSE-a-1": ["-0.244"]}, 0, []),
    ("number", {"RESPONSE-a-1": ["0.75"]}, 0, ["It is 1 less."]),
    ("numbers", {"RESPONSE-a-1": ["0.55"], "RESPONSE-a-2": ["1235"]}, 0.67, ["It is 1 less."]),
    ("matching", {"RESPONSE-a": ["P1 A3", "P2 A2"]}, 0.67, []),
    ("ordering", {"RESPONSE-a": ["S2", "S1", "S3"]}, 0.67, []),
    ("words", {"RESPONSE-a": ["vanishing GRADIENT"]}, 2, []),
    ("words", {"RESPONSE-a": ["exploding"]}, 0, []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answers", "score", "remarks"), ANSWERS)
def test_answers(name: str, answers: Answers, score: float, remarks: list[str]) -> None:
    session = Session(read(item(name, part(RESPONSES[name]))), answers)
    assert session.values["SCORE"] == pytest.approx(score, abs=1e-5)
    assert session.remarks == remarks


# Files


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_files_and_names_agree(paper: Paper) -> None:
    content = files(paper)
    manifest = ET.fromstring(content["imsmanifest.xml"])
    resources = {r.attrib["identifier"]: r for r in manifest.iterfind(".//{*}resource")}
    assert {r.attrib["href"] for r in resources.values()} == content.keys() - {"imsmanifest.xml"}
    [test] = [r for r in resources.values() if "_test_" in r.attrib["type"]]
    needed = [d.attrib["identifierref"] for d in test.iterfind("{*}dependency")]
    assert set(needed) == resources.keys() - {test.attrib["identifier"]}
    root = ET.fromstring(content["test.xml"])
    references = [r.attrib for r in root.iter(f"{NAMESPACE}assessmentItemRef")]
    assert [r["identifier"] for r in references] == needed
    for r in references:
        assert ET.fromstring(content[r["href"]]).get("identifier") == r["identifier"]


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_words_stay_words_and_maths_is_maths(paper: Paper) -> None:
    for name, text in files(paper).items():
        root = ET.fromstring(text)
        assert not [e for e in root.iter() if "script" in e.tag and "}m" not in e.tag]
        if name.startswith("items/"):
            assert len(list(root.iter(MATHS))) > 2
            assert r"\(h" not in "".join(root.itertext())
            assert "\n" not in root.attrib["title"]


def test_ids_come_from_the_questions_alone() -> None:
    names = [list(files(sample_paper(text))) for text in ("one", "another")]
    assert names[0] == names[1]
    odd = [replace(item("words", part(RESPONSES["words"])), id=x) for x in ("a b", "a.b")]
    assert len(files(alone(*odd))) == 4


def test_what_is_lost_is_said() -> None:
    losses = export(sample_paper()).losses
    assert "question 9: (a) is marked by a person, who sees key and scheme" in losses
    assert "question 1: the hints of (a) are shown to tutors only" in losses
    assert any(x.startswith("question 2: right options share the marks of (a)") for x in losses)
    assert any(x.startswith("question 7: (a) counts only as typed") for x in losses)


def test_same_paper_same_bytes() -> None:
    assert export(hostile_paper()) == export(hostile_paper())


# Schemas


@cache
def schema_of(name: str) -> Any:
    """Return the validator of a schema, which takes a second to read."""
    etree = optional("lxml.etree")
    folder = os.environ.get("RNNSYM_QTI_XSD")
    if not folder:  # nothing that CI could install: the schemas are not ours to copy
        pytest.skip(f"RNNSYM_QTI_XSD names no folder with {name}")
    [path] = Path(folder).rglob(name)
    return etree.XMLSchema(etree.parse(str(path)))


def invalid(content: Mapping[str, bytes]) -> list[str]:
    """What the schemas say against the files of a package."""
    etree = optional("lxml.etree")
    said: list[str] = []
    for schema, names in (
        ("imscp_v1p1.xsd", ["imsmanifest.xml"]),
        ("imsqti_v2p1p1.xsd", [name for name in content if name != "imsmanifest.xml"]),
    ):
        judge = schema_of(schema)
        for name in names:
            if not judge.validate(etree.fromstring(content[name]).getroottree()):
                said += (f"{name}: {error.message}" for error in judge.error_log)
    return said


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_valid_by_the_schemas(paper: Paper) -> None:
    assert not invalid(files(paper))


def test_a_question_of_each_kind_is_valid() -> None:
    drawn = generate(Selection.of(), len(kind_names()), 7)
    assert not invalid(files(alone(*drawn)))


def test_the_schemas_find_a_wrong_element() -> None:
    content = files(sample_paper())
    broken = {name: text.replace(b"<mfrac", b"<mfrac depth='1'").replace(b"simpleChoice", b"choice")
              for name, text in content.items()}  # fmt: skip
    assert invalid(broken)


# A player

Play = Callable[[Paper, Sequence[tuple[str, Answers]]], list[dict[str, Any]]]


@pytest.fixture
def play(tmp_path: Path, require_engine: Callable[[str], str]) -> Play:
    """Return what a player makes of answers to items of a paper, converted to QTI 3."""
    converter = optional("qti_convert")  # its types are those of lxml, which has none
    program, node = require_engine("chromium"), require_engine("node")
    modules = os.environ.get("RNNSYM_NODE_MODULES", "")
    if not Path(modules, "@citolab", "qti-components").is_dir():
        missing("RNNSYM_NODE_MODULES names no folder with @citolab/qti-components")

    def played(paper: Paper, answers: Sequence[tuple[str, Answers]]) -> list[dict[str, Any]]:
        converted = converter.upgrade_package_files(files(paper)).files
        items = {one.id: converted[f"items/{identifier(one.id)}.xml"] for one in paper.items}
        path = tmp_path / "plays.json"
        path.write_text(json.dumps([(items[name], given) for name, given in answers]))
        script = Path(__file__).parent / "browser" / "play.mjs"
        done = subprocess.run(
            [node, str(script), program, str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result["problems"] == []
        made: list[dict[str, Any]] = result["made"]
        return made

    return played


def test_a_player_agrees_about_each_answer(play: Play) -> None:
    paper = alone(*(item(name, part(response)) for name, response in RESPONSES.items()))
    found = play(paper, [(f"{name}-0a1b", answers) for name, answers, _, _ in ANSWERS])
    for (name, answers, score, remarks), made in zip(ANSWERS, found, strict=True):
        for variable, given in answers.items():
            assert made["values"][variable] in (list(given), given[0])
        assert float(made["values"]["SCORE"]) == pytest.approx(score, abs=1e-3), (name, answers)
        assert made["said"][:-1] == remarks


def test_a_player_gives_the_key_all_marks_and_nothing_none(play: Play) -> None:
    paper = alone(*hostile_paper().items, *generate(Selection.of(), 9, 7))
    roots = {one.id: read(one) for one in paper.items}
    keys = [(one, {v: k for v, k in key(root).items() if k}) for one, root in roots.items()]
    found = play(paper, [*keys, *((one, {}) for one in roots)])
    whole = [Session(root, key(root)).values["SCORE"] for root in roots.values()]
    scores = [float(made["values"]["SCORE"]) for made in found]
    assert scores == pytest.approx([*whole, *(0 for _ in whole)], abs=1e-3)
    assert sum(whole) > 0
