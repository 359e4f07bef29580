"""Moodle XML, read back by a reader of its own: it says what the paper in JSON says.

Over 300 lines: the reader, which shares no code with the exporter, stands with what it reads.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rnnsym.export.quiz.moodle import export
from rnnsym.item import Choice, Item
from rnnsym.quiz.paper import Paper
from tests.quiz_readers import (
    flat_html,
    flat_prose,
    flat_response,
    flat_text,
    paragraphs,
    questions,
)
from tests.quiz_samples import (
    RESPONSES,
    hostile_paper,
    item,
    numbers,
    options,
    part,
    sample_paper,
)

PAPERS = {"plain": sample_paper(), "hostile": hostile_paper()}
LEGAL_TEXT = (
    "100 90 83.33333 80 75 70 66.66667 60 50 40 33.33333 30 25 20 16.66667 14.28571 12.5 "
    "11.11111 10 5 0"
)
ALMOST = Decimal("0.001")
LEGAL = set(map(Decimal, LEGAL_TEXT.split()))


def xml(paper: Paper) -> str:
    [text] = export(paper).files.values()
    return text.decode()


def read(paper: Paper) -> list[dict[str, Any]]:
    """Return the questions of a paper's Moodle XML, its categories left out."""
    return [question(q) for q in ET.fromstring(xml(paper)) if q.get("type") != "category"]


def text_of(element: ET.Element, path: str) -> str:
    found = element.findtext(f"{path}/text")
    assert found is not None, path
    return found


def html_of(element: ET.Element, path: str) -> str:
    inner = element.find(path)
    assert inner is not None, path
    assert inner.get("format") == "html", path
    return flat_html(text_of(element, path)) if text_of(element, path).strip() else ""


def question(q: ET.Element) -> dict[str, Any]:
    kind = q.get("type", "")
    common = {
        "kind": kind,
        "id": q.findtext("idnumber"),
        "name": text_of(q, "name"),
        "grade": q.findtext("defaultgrade"),
        "text": "" if kind == "cloze" else html_of(q, "questiontext"),
        "solution": html_of(q, "generalfeedback"),
        "hints": [flat_html(hint.findtext("text", "")) for hint in q.iter("hint")],
        "tags": [tag.findtext("text") for tag in q.iter("tag")],
    }
    responses = list(READERS[kind](q))
    return {**common, "responses": responses}


def multichoice(q: ET.Element) -> Iterator[dict[str, Any]]:
    answers = q.findall("answer")
    shares = [Decimal(answer.get("fraction", "")) for answer in answers]
    several = q.findtext("single") == "false"
    assert all(abs(share) in LEGAL for share in shares)
    positive = sum((share for share in shares if share > 0), Decimal())
    assert abs(positive - 100) < ALMOST
    assert several or sorted(shares)[-2:] == [0, 100]
    # Whoever ticks all of them gets nothing.
    assert not several or min(shares) >= 0 or abs(sum(shares, Decimal())) < ALMOST
    found = [
        (flat_html(text_of(answer, ".")), share > 0, html_of(answer, "feedback"))
        for answer, share in zip(answers, shares, strict=True)
    ]
    yield {"type": "choice", "several": several, "options": found}


def numerical(q: ET.Element) -> Iterator[dict[str, Any]]:
    *answers, rest = q.findall("answer")
    assert (text_of(rest, "."), rest.get("fraction")) == ("*", "0")
    assert q.findtext("showunits") == "3"
    first, *wrong = [
        (float(text_of(a, ".")), html_of(a, "feedback"), a.get("fraction")) for a in answers
    ]
    assert first[1:] == ("", "100")
    assert all(fraction == "0" for *_, fraction in wrong)
    [tolerance] = {float(a.findtext("tolerance", "")) for a in answers}
    label, found = re.subn(r" = \?</p>$", "", text_of(q, "questiontext").rsplit("<p>", 1)[1])
    assert found
    pairs = [(value, why) for value, why, _ in wrong]
    blank = {"label": flat_html(label), "value": first[0], "tolerance": tolerance, "wrong": pairs}
    yield {"type": "numeric", "blanks": [blank]}


def matching(q: ET.Element) -> Iterator[dict[str, Any]]:
    pairs = [
        (flat_html(s.findtext("text", "")) if s.findtext("text") else "", text_of(s, "answer"))
        for s in q.findall("subquestion")
    ]
    yield matched([pair for pair in pairs if pair[0]], {answer for _, answer in pairs})


def matched(pairs: list[tuple[str, str]], answers: set[str]) -> dict[str, Any]:
    if all(answer.isdigit() for answer in answers):
        steps = sorted(pairs, key=lambda pair: int(pair[1]))
        return {"type": "ordering", "steps": [step for step, _ in steps]}
    return {"type": "matching", "pairs": pairs, "answers": sorted(answers)}


def shortanswer(q: ET.Element) -> Iterator[dict[str, Any]]:
    assert q.findtext("usecase") == "0"
    accepted = [flat_text(text_of(a, ".").replace(r"\*", "*")) for a in q.findall("answer")]
    yield {"type": "words", "accepted": accepted}


def essay(q: ET.Element) -> Iterator[dict[str, Any]]:
    assert re.search(r"M1 +method +A\d +answer", html_of(q, "graderinfo"))
    assert "Because of" in html_of(q, "graderinfo")
    yield {"type": "written"}


# Cloze: {weight:TYPE:%100%right#feedback~%0%wrong}, where } and # in a text have a backslash.


def gaps(text: str) -> Iterator[tuple[str, int, str, list[tuple[int, str, str]]]]:
    """Yield what stands before each gap, its weight and type, and its answers."""
    end = 0
    for found in re.finditer(r"\{(\d+):([A-Z_]+):((?:\\[}#]|[^}])*)\}", text):
        answers = [answer(a) for a in found[3].split("~")]
        assert len(answers) >= 2 or found[2] in ("NUMERICAL", "SHORTANSWER")
        assert 100 in [percent for percent, _, _ in answers]
        yield text[end : found.start()], int(found[1]), found[2], answers
        end = found.end()


def answer(text: str) -> tuple[int, str, str]:
    found = re.fullmatch(r"%(\d+)%(.*?)(?:(?<!\\)#(.*))?", text, re.DOTALL)
    assert found, text
    shown, why = (re.sub(r"\\([}#])", r"\1", x or "") for x in found.groups()[1:])
    assert not re.search(r"(?<!\\)[}#]", found[2])
    return int(found[1]), shown, why


def cloze(q: ET.Element) -> Iterator[dict[str, Any]]:
    text = text_of(q, "questiontext")
    assert q.findtext("defaultgrade") is None
    lists: list[tuple[str, str, list[str]]] = []
    found = list(gaps(text))
    after = [*(before for before, *_ in found[1:]), text]
    for (before, weight, kind, answers), behind in zip(found, after, strict=True):
        del weight
        right = [shown for percent, shown, _ in answers if percent == 100]
        row = before.rsplit("<p>", 1)[1]
        if kind == "MULTICHOICE":
            step = row or behind.split("</p>")[0]
            lists.append((flat_html(step.removesuffix(": ")), right[0], [a[1] for a in answers]))
            if len(lists) == 3:
                pairs = [(prompt, flat_html(a)) for prompt, a, _ in lists]
                yield matched(pairs, {flat_html(a) for a in lists[0][2]})
                lists = []
        elif kind == "MULTICHOICE_V":
            shown = [(flat_html(s)[3:], percent == 100, flat_html(w)) for percent, s, w in answers]
            yield {"type": "choice", "several": False, "options": shown}
        elif kind == "SHORTANSWER":
            yield {"type": "words", "accepted": [flat_html(shown) for _, shown, _ in answers]}
        else:
            assert kind == "NUMERICAL"
            parsed = [(*map(float, shown.split(":")), flat_html(why)) for _, shown, why in answers]
            (value, tolerance, _), *wrong = parsed
            blank = {
                "label": flat_html(row.removesuffix(" = ")),
                "value": value,
                "tolerance": tolerance,
                "wrong": [(w, why) for w, _, why in wrong],
            }
            yield {"type": "numeric", "blanks": [blank]}


READERS = {
    "multichoice": multichoice, "numerical": numerical, "matching": matching,
    "shortanswer": shortanswer, "essay": essay, "cloze": cloze,
}  # fmt: skip


def joined(responses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Numbers one after the other are the blanks of one response, or of several."""
    made: list[dict[str, Any]] = []
    for response in responses:
        if response["type"] == "numeric" and made and made[-1]["type"] == "numeric":
            made[-1] = {"type": "numeric", "blanks": made[-1]["blanks"] + response["blanks"]}
        else:
            made.append(response)
    return made


@pytest.mark.parametrize("name", PAPERS)
def test_the_reader_finds_what_json_says(name: str) -> None:
    paper = PAPERS[name]
    found = read(paper)
    for number, said in enumerate(questions(paper), 1):
        mine = [q for q in found if str(q["id"]).startswith(said["id"])]
        responses = [response for q in mine for response in joined(q["responses"])]
        assert responses == [flat_response(p["response"]) for p in said["parts"]]
        assert all(q["name"].startswith(f"{number:02} {said['kind']}") for q in mine)
        assert all(said["topic"] in q["tags"] and "level 2" in q["tags"] for q in mine)
        proof = flat_text(f"Proof: {said['proof']['method']} ({said['proof']['error']}).")
        assert all(q["solution"].endswith(proof) for q in mine)
        for p in said["parts"]:
            hints = [flat_prose(hint) for hint in p["hints"]]
            assert any(set(hints) <= set(q["hints"]) for q in mine)
            assert any(paragraphs(p["solution"])[0] in q["solution"] for q in mine)
        for q in mine:
            if q["kind"] != "cloze":
                assert all(text in q["text"] for text in paragraphs(said["stem"]))
    assert len({q["id"] for q in found}) == len(found) == len(RESPONSES) + 1 + 2


def test_marks() -> None:
    marks = {q["id"]: q["grade"] for q in read(sample_paper())}
    assert marks["choice-0a1b"] == marks["open-0a1b"] == "2"
    assert marks["apart-0a1b-b"] == "4"
    root = ET.fromstring(xml(sample_paper()))
    weights = {
        q.findtext("idnumber"): [weight for _, weight, *_ in gaps(text_of(q, "questiontext"))]
        for q in root.iter("question")
        if q.get("type") == "cloze"
    }
    # Three numbers share two marks: each gets two of six.
    assert weights["numbers-0a1b"] == [2, 2, 2]
    assert weights["together-0a1b"] == [3, 3, *[1] * 6, 3]
    assert "question 4: it counts 6 marks, since each gap gets whole ones" in (
        export(sample_paper()).losses
    )


@pytest.mark.parametrize(
    ("right", "wrong"), [(r, w) for r in range(1, 9) for w in range(9) if 3 <= r + w <= 8]
)
def test_shares_are_legal(right: int, wrong: int) -> None:
    several = Choice(options(*[True] * right, *[False] * wrong), several=True)
    [found] = read(alone(item("several", part(several))))
    assert found["kind"] == "multichoice"


def alone(only: Item) -> Paper:
    return Paper("alone", 7, (("", (only,)),))


def test_categories_are_sections() -> None:
    root = ET.fromstring(xml(replace(sample_paper(), sections=(("a/b", ()), ("", ())))))
    paths = [text_of(q, "category") for q in root.iter("question")]
    assert paths == ["$course$/rnnsym/sample/a//b", "$course$/rnnsym/sample"]
    said = html_of(next(iter(root)), "info")
    assert said.startswith("Quiz Student s1, Quiz Convention")


def test_no_tag_no_maths_and_no_gap_begins_in_a_users_words() -> None:
    root = ET.fromstring(xml(hostile_paper()))
    for found in root.findall(".//*[@format='html']/text"):
        text = found.text or ""
        assert "<script" not in text
        assert "$$" not in text
        assert text.count("\\(") == text.count("\\)")
    cells = [q for q in root.iter("question") if q.get("type") == "cloze"]
    assert [len(list(gaps(text_of(q, "questiontext")))) for q in cells] == [3, 9, 3]
    assert not any(re.search(r"\{#\d", text_of(q, "questiontext")) for q in cells)


def test_signs_that_xml_lacks_are_replaced() -> None:
    paper = alone(item("words", part(RESPONSES["words"]), text="a\x00b\x1bc\ud800d"))
    [found] = read(paper)
    assert "a\ufffdb\ufffdc\ufffdd" in found["text"]


def test_several_numbers_of_a_part_stay_together() -> None:
    three = numbers("1", "2", "3", tolerance="0")
    kinds = [q["kind"] for q in read(alone(item("n", part(three, 3), part(RESPONSES["open"]))))]
    assert kinds == ["cloze", "essay"]


def test_losses() -> None:
    losses = export(sample_paper()).losses
    assert "question 11: its 2 parts become questions of their own" in losses
    assert "question 9: what is written by hand has no hints" in losses
    assert any(x.startswith("question 2: right options share the marks of (a)") for x in losses)
    assert any(x.startswith("question 7: (a) counts only as typed") for x in losses)
    carried = item("n", part(RESPONSES["number"]), replace(part(RESPONSES["number"]), carries=(0,)))
    assert any("carried forward" in loss for loss in export(alone(carried)).losses)


def test_same_bytes() -> None:
    assert xml(hostile_paper()) == xml(hostile_paper())
