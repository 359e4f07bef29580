"""Lint finds what it is there to find."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rnnsym.blocks import prose
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.lint import lint_kind
from rnnsym.quiz.registry import Kind, Parameters, kind_names, load_kind
from tests.terminal import run
from tests.test_papers import MINE, written

SEEDS = range(60)


@pytest.mark.parametrize("name", kind_names())
def test_every_kind_is_clean(name: str) -> None:
    report = lint_kind(load_kind(name), SEEDS)
    assert report.findings == []
    assert report.items == len(SEEDS)


def made(change: Callable[[Item], Item] = lambda item: item, **of: Any) -> Kind:
    """A kind of sums whose items go through ``change``."""

    def make(parameters: Parameters) -> Item:
        number = int(dict(parameters)["k"])
        place = int(dict(parameters)["arrangement"]) % 4
        options = [
            Option(prose(str(100 + number + i)), f"off by {i}", prose("no")) for i in range(4)
        ]
        options[place] = replace(options[place], misconception="")
        part = Part((), Choice(tuple(options)), 1, (), ())
        part = replace(part, stem=_words("Which?"), solution=_words("So."))
        item = Item("x", "sums", "counts", 1, 1, "textbook", parameters, (), (part,),
                    Proof("again", "exact"))  # fmt: skip
        return change(item)

    kind = Kind(
        "sums", "counts", "apply", (1, 1), (1, 1), lambda cells: [(("about", "k"),)],
        lambda subject: 800, lambda s, draw: (*s, ("k", str(draw.integer("k", 0, 799)))), make,
    )  # fmt: skip
    return replace(kind, **of)


def _words(text: str) -> tuple[Any, ...]:
    from rnnsym.blocks import Paragraph

    return (Paragraph(prose(text)),)


def with_options(item: Item, options: tuple[Option, ...]) -> Item:
    return with_part(item, response=Choice(options))


def with_part(item: Item, **of: Any) -> Item:
    return replace(item, parts=(replace(item.parts[0], **of),))


def first_is_key(item: Item) -> Item:
    options = sorted(item.options, key=lambda option: not option.correct)
    return with_options(item, tuple(options))


def long_key(item: Item) -> Item:
    options = tuple(
        replace(o, content=(*o.content, ", as it should be")) if o.correct else o
        for o in item.options
    )
    return with_options(item, options)


def alike(item: Item) -> Item:
    options = item.options
    return with_options(item, (options[0], replace(options[1], content=options[0].content),
                               *options[2:]))  # fmt: skip


calls = iter(range(10**9))
BROKEN: list[tuple[Callable[[Item], Item], str]] = [
    (first_is_key, "place among 4 options is a cue: A 120"),
    (long_key, "the key is the longest of 4 options in 120 of 120 items"),
    (alike, "printed alike"),
    (lambda item: replace(item, id=f"x{next(calls)}"), "the same parameters give another item"),
    (lambda item: replace(item, proof=Proof("", "")), "carries no proof"),
    (lambda item: replace(item, level=4), "its level is 4, not 1 to 1"),
    (lambda item: replace(item, minutes=0), "0 minutes"),
    (lambda item: replace(item, topic="forward"), "it says sums, forward"),
    (lambda item: replace(item, parts=(replace(item.parts[0], stem=()),)), "asks nothing"),
    (
        lambda item: replace(item, parts=(replace(item.parts[0], solution=()),)),
        "no worked solution",
    ),
]


def test_a_sound_kind_is_clean() -> None:
    report = lint_kind(made(), range(120))
    assert report.findings == []
    assert (report.items, report.draws) == (120, 120)
    assert report.distinct > 90


@pytest.mark.parametrize(("change", "words"), BROKEN, ids=[words for _, words in BROKEN])
def test_lint_names_what_is_wrong(change: Callable[[Item], Item], words: str) -> None:
    report = lint_kind(made(change), range(120))
    assert any(words in finding.reason for finding in report.findings)


def test_findings_name_seed_and_item(tmp_path: Path) -> None:
    path = written(tmp_path, "mine.py", MINE.replace("BODY", "pass"))
    done = run("quiz", "lint", "-n", "3", "--kind", str(path), folder=tmp_path)
    assert done.returncode == 1
    assert "seed 0, mine-" in done.stdout
    assert "a part has no worked solution" in done.stdout


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (("def make(parameters):", "def make(parameters):\n    raise KeyError(1)"), "KeyError"),
        (("lambda subject: 8", "lambda subject: 1 / 0"), "ZeroDivisionError"),
        (("lambda cells: [", "lambda cells: None and ["), "TypeError"),
    ],
)
def test_lint_names_a_kind_that_fails(broken: tuple[str, str], words: str, tmp_path: Path) -> None:
    text = MINE.replace("BODY", "pass")
    assert broken[0] in text
    path = written(tmp_path, "mine.py", text.replace(*broken))
    done = run("quiz", "lint", "-n", "2", "--kind", str(path), folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert words in done.stdout


def test_lint_side_by_side_says_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, "mine.py", MINE.replace("BODY", "pass"))
    options = ("quiz", "lint", "-n", "3", "--kind", f"{path},remedy,count")
    alone = run(*options, folder=tmp_path)
    beside = run(*options, "--jobs", "2", folder=tmp_path)
    assert (beside.returncode, beside.stdout) == (alone.returncode, alone.stdout)
    assert beside.returncode == 1
    assert [line.split(":")[0] for line in beside.stdout.splitlines() if line[0] != " "] == [
        "mine", "remedy", "count",
    ]  # fmt: skip


def test_lint_as_json(tmp_path: Path) -> None:
    done = run("quiz", "lint", "-n", "2", "--kind", "count,adjoint", "--format", "json",
               folder=tmp_path)  # fmt: skip
    assert done.returncode == 0
    data = json.loads(done.stdout)
    assert data["clean"] is True
    assert [k["kind"] for k in data["kinds"]] == ["count", "adjoint"]
    assert data["kinds"][0]["items"] == 2
