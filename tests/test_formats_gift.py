"""GIFT, read by an independent parser: it says what the paper in JSON says."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnsym.export.quiz.gift import escape, export
from rnnsym.item import Words
from rnnsym.quiz.paper import Paper
from tests.quiz_readers import (
    flat_html,
    flat_prose,
    flat_response,
    flat_text,
    paragraphs,
    questions,
)
from tests.quiz_samples import RESPONSES, hostile_paper, item, part, sample_paper

PAPERS = {"plain": sample_paper(), "hostile": hostile_paper()}


def text_of(paper: Paper) -> str:
    [(name, content)] = export(paper).files.items()
    assert name == f"{paper.name}.gift.txt"
    return content.decode()


@pytest.fixture
def parsed(
    tmp_path: Path, require_engine: Callable[[str], str]
) -> Callable[[Paper], list[dict[str, Any]]]:
    """Return what gift-pegjs finds in a paper."""
    folder = Path(os.environ.get("RNNSYM_NODE_MODULES", ""))
    packages = Path(require_engine(str(folder / ".bin" / "pegjs"))).parent.parent

    def read(paper: Paper) -> list[dict[str, Any]]:
        path = tmp_path / "paper.gift.txt"
        path.write_text(text_of(paper), encoding="utf-8")
        script = Path(__file__).parent / "browser" / "gift.cjs"
        done = subprocess.run(
            [require_engine("node"), str(script), str(path)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "RNNSYM_NODE_MODULES": str(packages)},
        )
        assert done.returncode == 0, done.stderr
        [found] = json.loads(done.stdout)
        read: list[dict[str, Any]] = found
        return read

    return read


def flat(text: dict[str, str] | None) -> str:
    if text is None:
        return ""
    assert text["format"] == "html"
    return flat_html(text["text"])


def plain(text: str) -> str:
    """Return an answer to match: the parser leaves some of its own escapes there."""
    for code, sign in (("092", "\\"), ("058", ":"), ("035", "#"), ("061", "="), ("123", "{"),
                       ("125", "}"), ("126", "~")):  # fmt: skip
        text = text.replace(f"&&{code};", sign)
    return text


def response(q: dict[str, Any]) -> dict[str, Any]:
    """Return what a question says in the words of the JSON."""
    match q["type"]:
        case "MC":
            several = all(choice["weight"] is not None for choice in q["choices"])
            found = [
                (
                    flat(c["text"]),
                    (c["weight"] or 0) > 0 if several else c["isCorrect"],
                    flat(c["feedback"]),
                )
                for c in q["choices"]
            ]
            return {"type": "choice", "several": several, "options": found}
        case "Numerical":
            first, *wrong = q["choices"]
            assert first["weight"] is None
            assert all(choice["weight"] == 0 for choice in wrong)
            shown = q["stem"]["text"].rsplit("<p>", 1)[1]
            blank = {
                "label": flat_html(shown.removesuffix(" = ?</p>")),
                "value": first["text"]["number"],
                "tolerance": first["text"]["range"],
                "wrong": [(c["text"]["number"], flat(c["feedback"])) for c in wrong],
            }
            return {"type": "numeric", "blanks": [blank]}
        case "Matching":
            pairs = [
                (flat(p["subquestion"]) if p["subquestion"]["text"] else "", plain(p["subanswer"]))
                for p in q["matchPairs"]
            ]
            if all(answer.isdigit() for _, answer in pairs):
                steps = sorted(pairs, key=lambda pair: int(pair[1]))
                return {"type": "ordering", "steps": [step for step, _ in steps]}
            answers = sorted({answer for _, answer in pairs})
            asked = [pair for pair in pairs if pair[0]]
            return {"type": "matching", "pairs": asked, "answers": answers}
        case "Short":
            accepted = [flat_text(c["text"]["text"]) for c in q["choices"]]
            return {"type": "words", "accepted": accepted}
        case _:
            assert q["type"] == "Essay"
            return {"type": "written"}


@pytest.mark.parametrize("name", PAPERS)
def test_the_parser_finds_what_json_says(
    name: str, parsed: Callable[[Paper], list[dict[str, Any]]]
) -> None:
    paper = PAPERS[name]
    found = [q for q in parsed(paper) if q["type"] != "Category"]
    for number, said in enumerate(questions(paper), 1):
        mine = [q for q in found if q["id"].startswith(said["id"])]
        responses: list[dict[str, Any]] = []
        for made in map(response, mine):
            if made["type"] == "numeric" and responses and responses[-1]["type"] == "numeric":
                responses[-1]["blanks"] += made["blanks"]
            else:
                responses.append(made)
        assert responses == [flat_response(p["response"]) for p in said["parts"]]
        proof = flat_text(f"Proof: {said['proof']['method']} ({said['proof']['error']}).")
        for q in mine:
            assert q["title"].startswith(f"{number:02} {said['kind']}")
            assert {said["topic"], "level 2", "tag"} <= set(q["tags"])
            assert flat(q["globalFeedback"]).endswith(proof)
            assert "Because of" in flat(q["globalFeedback"])
            assert all(text in flat(q["stem"]) for text in paragraphs(said["stem"]))
            assert not q["hasEmbeddedAnswers"]
    assert len(found) == len({q["id"] for q in found}) == len(RESPONSES) + 2 + 5 + 4
    assert flat_prose(["x"]) == "x"


def test_sections_are_categories(parsed: Callable[[Paper], list[dict[str, Any]]]) -> None:
    titles = [q["title"] for q in parsed(sample_paper("a/b")) if q["type"] == "Category"]
    assert titles == ["$course$/rnnsym/sample", "$course$/rnnsym/sample/Parts a//b"]


def test_escapes() -> None:
    assert escape("\\nabla \\{ a: b }\r\n=#~") == r"\\nabla \\\{ a\: b \}\n\=\#\~"
    assert escape(r"\neq \nu") == r"\\neq \\nu"


def test_a_blank_line_ends_a_question_only() -> None:
    text = text_of(hostile_paper())
    starts = text.count("\n// [id:")
    assert text.strip().count("\n\n") == starts + 2 + 1  # two categories, the first with its lines


def test_an_arrow_is_no_pair() -> None:
    words = part(Words(("a -> b",)))
    exported = export(Paper("p", 7, (("", (item("words", words),)),)))
    assert "question 1: 'a -> b' has an arrow: it is marked by hand" in exported.losses
    assert not any("as typed" in loss for loss in exported.losses)


def test_losses() -> None:
    losses = export(sample_paper()).losses
    assert "question 1: that it is worth 2 marks" in losses
    assert "question 4: the 3 numbers of (a) become questions" in losses
    assert "question 10: its 5 parts become questions of their own" in losses
    assert "question 9: the hints of (a)" in losses
    assert any(x.startswith("question 2: right options share the marks of (a)") for x in losses)
    assert any(x.startswith("question 7: (a) counts only as typed") for x in losses)


def test_same_bytes() -> None:
    assert text_of(hostile_paper()) == text_of(hostile_paper())
