"""A paper that marks itself: played in a browser with right, wrong and partly right answers."""

import json
import os
import re
import subprocess
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from rnnsym.document import Style
from rnnsym.export.quiz import paper_exporter
from rnnsym.export.quiz.html import export
from tests.quiz_samples import RESPONSES, hostile_paper, sample_paper

Action: TypeAlias = tuple[str, ...]
Play: TypeAlias = Callable[..., list[Any]]
NUMBER = {name: i for i, name in enumerate((*RESPONSES, "together", "apart"), 1)}


def page(text: str = "x") -> str:
    return export(sample_paper(text)).files["sample.html"].decode()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("quiz")
    papers = {"plain": sample_paper(), "hostile": hostile_paper()}
    for name, paper in papers.items():
        (folder / f"{name}.html").write_bytes(export(paper).files["sample.html"])
    return {name: folder / f"{name}.html" for name in papers}


@pytest.fixture
def play(files: dict[str, Path], node_modules: Path, require_engine: Callable[[str], str]) -> Play:
    """Act on a page and return what was read; an error of its script, or a dialog, fails."""
    program = require_engine("chromium")

    def played(*actions: Action, name: str = "plain") -> list[Any]:
        script = Path(__file__).parent / "browser" / "act.mjs"
        done = subprocess.run(
            ["node", str(script), program, str(files[name]), json.dumps(actions)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "RNNSYM_NODE_MODULES": str(node_modules)},
        )
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result["problems"] == []
        found: list[Any] = result["found"]
        return found

    return played


def form(name: str, place: int = 1) -> str:
    return f"form:has(#question-{NUMBER[name]}-{place}-result)"


def field(name: str, i: int, place: int = 1) -> str:
    return f"#question-{NUMBER[name]}-{place}-{i}"


def option(name: str, letter: str) -> str:
    return f'input[name="question-{NUMBER[name]}-1"][value="{letter}"]'


def checked(name: str, place: int = 1) -> list[Action]:
    """Check a part, and read the result and the marks beside its rows."""
    where = form(name, place)
    return [
        ("click", f"{where} button"),
        ("text", f"#question-{NUMBER[name]}-{place}-result"),
        ("text", f"{where} .sign"),
    ]


def typed(name: str, *texts: str) -> list[Action]:
    return [("type", field(name, i), text) for i, text in enumerate(texts, 1)]


def chosen(name: str, *texts: str) -> list[Action]:
    return [("select", field(name, i), text) for i, text in enumerate(texts, 1)]


def ticked(name: str, letters: str) -> list[Action]:
    return [("click", option(name, letter)) for letter in letters]


YES, NO = "✓ right", "✗ wrong"
WHYS = "A: so it is C: so it is D: so it is"
CASES: dict[str, tuple[str, list[Action], str, str]] = {
    "choice right": ("choice", ticked("choice", "B"), "Right: 2 of 2 marks. so it is", ""),
    "choice wrong": ("choice", ticked("choice", "C"), "Wrong: 0 of 2 marks. not 2", ""),
    "choice none": ("choice", [], "Choose an answer first.", ""),
    "several right": (
        "several", ticked("several", "ACD"), f"Right: 2 of 2 marks. {WHYS}", "",
    ),
    "several partly": (
        "several", ticked("several", "AC"), f"Partly right: 1 of 2 marks. {WHYS}", "",
    ),
    "several with one wrong": (
        "several", ticked("several", "ACDB"),
        "Partly right: 1 of 2 marks. A: so it is B: not 1 C: so it is D: so it is", "",
    ),
    "several all": (
        "several", ticked("several", "ABCDE"),
        "Wrong: 0 of 2 marks. A: so it is B: not 1 C: so it is D: so it is E: not 4", "",
    ),
    "number right": ("number", typed("number", "-0.25"), "Right: 2 of 2 marks.", YES),
    "number rounded": ("number", typed("number", "−0,2550"), "Right: 2 of 2 marks.", YES),
    "number off": ("number", typed("number", "-0.2551"), "Wrong: 0 of 2 marks.", NO),
    "number known wrong": (
        "number", typed("number", "1.75"), "Wrong: 0 of 2 marks. It is 2 less.", NO,
    ),
    "number none": ("number", typed("number", "a half"), "Give a number, such as -0.25.", ""),
    "numbers partly": (
        "numbers", typed("numbers", "0.545", "1,234", "3"),
        "Partly right: 1.33 of 2 marks. It is 1 less.", f"{YES} | {YES} | {NO}",
    ),
    "matching right": (
        "matching", chosen("matching", "forget", "input", "forget"), "Right: 2 of 2 marks.",
        f"{YES} | {YES} | {YES}",
    ),
    "matching partly": (
        "matching", chosen("matching", "cell & <gate>", "input", "input"),
        "Partly right: 0.67 of 2 marks.", f"{NO} | {YES} | {NO}",
    ),
    "ordering right": (
        "ordering", chosen("ordering", "3", "1", "2"), "Right: 2 of 2 marks.",
        f"{YES} | {YES} | {YES}",
    ),
    "words right": ("words", typed("words", " VANISHING gradients "), "Right: 2 of 2 marks.", ""),
    "words by comma": ("words", typed("words", "Vanishing,gradients"), "Right: 2 of 2 marks.", ""),
    "words wrong": ("words", typed("words", "exploding"), "Wrong: 0 of 2 marks.", ""),
}  # fmt: skip


def test_every_response_is_marked(play: Play) -> None:
    actions = [
        action
        for name, acts, _, _ in CASES.values()
        for action in (*acts, *checked(name), ("click", "#start-again"))
    ]
    found = iter(play(*actions))
    for case, (_, _, result, signs) in CASES.items():
        read = next(found)
        assert read == result, case
        assert next(found) == signs, case


def test_the_score_counts_what_is_checked(play: Play) -> None:
    marks = 2 * 9 + 15 + 8
    found = play(
        ("text", "#score"),
        *ticked("choice", "B"), *checked("choice"), ("text", "#score"),
        *typed("numbers", "0.545", "7", "7"), *checked("numbers"), ("text", "#score"),
        ("click", "#check-all"), ("focus",), ("text", "#score"),
        ("click", "#start-again"), ("text", "#score"),
    )  # fmt: skip
    scores = [text for text in found if str(text).startswith("Score")]
    assert scores == [
        f"Score: 0 of {marks} marks; 0 of 16 parts checked.",
        f"Score: 2 of {marks} marks; 1 of 16 parts checked.",
        f"Score: 2.67 of {marks} marks; 2 of 16 parts checked.",
        # What is written by hand waits for its marks.
        f"Score: 2.67 of {marks} marks; 5 of 16 parts checked.",
        f"Score: 0 of {marks} marks; 0 of 16 parts checked.",
    ]


def test_writing_is_marked_by_oneself(play: Play) -> None:
    where, box = form("open"), f"{form('open')} .scheme input"
    found = play(
        ("text", f"{where} .after"),
        *checked("open"),
        ("text", f"{where} .after"),
        ("click", box),
        ("text", f"{where} .verdict"),
        ("text", "#score"),
    )
    assert found[0] == ""
    assert found[1] == "Compare with the solution and mark yourself: 0 of 2 marks."
    assert "Give yourself marks for: M1: method A1: answer" in found[3]
    assert "Because of" in found[3]
    assert found[4] == "Compare with the solution and mark yourself: 1 of 2 marks."
    assert found[5].startswith("Score: 1 of")


def test_the_solution_is_hidden_until_an_answer_is_checked(play: Play) -> None:
    where = form("choice")
    found = play(
        ("text", f"{where} details.after"),
        *checked("choice"),
        ("text", f"{where} details.after"),
        *ticked("choice", "A"),
        *checked("choice"),
        ("text", f"{where} details.after summary"),
    )
    assert found[0] == found[3] == ""
    assert found[-1] == "Solution and marks"


def test_keys_of_the_keyboard_are_enough(play: Play) -> None:
    tab, space, enter = (("press", key) for key in ("Tab", "Space", "Enter"))
    found = play(
        *(tab for _ in range(3)), space, ("press", "ArrowDown"), enter,
        ("text", "#question-1-1-result"),
        ("press", "Tab"), ("text", ":focus"), enter, ("text", f"{form('choice')} details p"),
    )  # fmt: skip
    assert found[0] == "Right: 2 of 2 marks. so it is"
    assert found[1].startswith("Hint")
    assert found[2].startswith("Think of")


def test_a_field_that_has_a_problem_is_focused(play: Play) -> None:
    found = play(
        *typed("numbers", "0.545", "x", "2"), *checked("numbers"), ("focus",),
        ("count", "[aria-invalid]"),
    )  # fmt: skip
    assert found[2] == f"question-{NUMBER['numbers']}-1-2"
    assert found[3] == 1


def test_pages_are_accessible_and_stay_within_the_screen(play: Play) -> None:
    shown: list[Action] = [("click", "#check-all"), *ticked("choice", "A"), *checked("choice")]
    shown += [*typed("numbers", "1.545", "2", "2"), *checked("numbers")]
    picture: list[Action] = []
    if os.environ.get("RNNSYM_PICTURES"):
        picture = [("picture", str(Path(os.environ["RNNSYM_PICTURES"]) / "quiz.png"))]
    found = play(("axe",), *shown, ("axe",), ("wide",), *picture, ("requests",))
    assert found[0] == []
    assert found[5] == found[6] == found[-1] == []


def test_hostile_text_is_text(play: Play) -> None:
    found = play(("count", "script"), ("count", "main script"), ("text", "h1"), name="hostile")
    assert found[:2] == [1, 0]
    assert found[2].startswith("<script>alert(1)</script> ]]> &amp;")


# Without a browser


def test_pages_are_valid(
    files: dict[str, Path], node_modules: Path, require_engine: Callable[[str], str]
) -> None:
    jar = node_modules / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = [require_engine("java"), "-jar", str(jar), "--format", "json"]
    done = subprocess.run(
        [*command, *map(str, files.values())], capture_output=True, text=True, check=False
    )
    messages = [m["message"] for m in json.loads(done.stderr)["messages"]]
    assert not [m for m in messages if not re.search("displaystyle|scriptlevel", m)]


def test_keys_are_not_read_by_the_way() -> None:
    text = page()
    keys = [json.loads(b64decode(key)) for key in re.findall(r'data-key="([^"]*)"', text)]
    assert keys[:2] == [[False, True, False], [True, False, True, True, False]]
    assert keys[2] == [{"value": -0.25, "tolerance": 0.005, "wrong": [0.75, 1.75]}]
    assert keys[5:7] == [["3", "1", "2"], ["Vanishing gradient", "vanishing  gradients"]]
    assert "1234" not in re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)


def test_same_bytes_and_losses() -> None:
    assert export(sample_paper()) == export(sample_paper())
    losses = export(sample_paper()).losses
    assert (
        "question 1: marks for method are not given; the scheme stands with the solution" in losses
    )
    assert not any(loss.startswith("question 9:") for loss in losses)


def test_a_page_is_set_in_its_style(tmp_path: Path) -> None:
    folder = tmp_path / "html"
    folder.mkdir()
    own = '{% extends "rnnsym/document.html.j2" %}{% block title %}<h1>Mine</h1>{% endblock %}'
    (folder / "document.html.j2").write_text(own)
    exporter = paper_exporter("html", Style(large=True, templates=tmp_path))
    text = exporter(sample_paper()).files["sample.html"].decode()
    assert "<h1>Mine</h1>" in text
    assert "font-size: 137.5%" in text
    assert 'id="check-all"' in text
