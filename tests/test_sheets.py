"""Sheets about one cell or model: complete, derived anew from every equation, checked."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import rnnsym
from rnnsym.blocks import Block, Box, EquationRef, Heading, Line, Paragraph, Table, Written, prose
from rnnsym.cell import cell_names, load_cell
from rnnsym.document import Document
from rnnsym.equations import CONVENTIONS
from rnnsym.errors import InputError
from rnnsym.export.written import written_latex, written_words
from rnnsym.expr import Node, arrays_in, equal, fill_like, text
from rnnsym.numeric.check import check_derivation
from rnnsym.quiz.likeness import fingerprint
from rnnsym.sheet import study as studies
from rnnsym.sheet.limits import limits
from rnnsym.sheet.mistakes import mistakes
from rnnsym.sheet.questions import drawn_items
from rnnsym.sheet.study import CheckError, study
from rnnsym.sheet.topic import find_topic, load_topic, numbered, topic_names
from tests.terminal import call

MODELS = ("bi(mgu)*2", "gru*L", "lstm, gru, dense:4")


def parts(part: Any) -> Iterator[Any]:
    """Yield everything that stands in a block, expressions whole."""
    yield part
    match part:
        case (*several,):
            for one in several:
                yield from parts(one)
        case _ if is_dataclass(part) and not isinstance(part, type):
            for field in fields(part):
                yield from parts(getattr(part, field.name))
        case _:
            pass


def formulas(blocks: Any) -> list[Node]:
    return [part for part in parts(tuple(blocks)) if isinstance(part, Node)]


def headings(document: Document) -> list[str]:
    return [b.text for b in document.blocks if isinstance(b, Heading) and b.level == 2]


def boxes(document: Document) -> list[str]:
    return [b.kind for b in document.blocks if isinstance(b, Box)]


# Maths


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_rule_is_set_as_maths(convention: str) -> None:
    """No sign of a rule is lost on its way to LaTeX or to words, and no two read alike."""
    rules = {
        part.text
        for name in cell_names(convention)
        for part in parts(rnnsym.model(name, convention).document().blocks)
        if isinstance(part, Written)
    }
    assert len(rules) >= 4
    assert all(written_latex(rule).isascii() for rule in rules)
    assert all(written_words(rule).isascii() for rule in rules)
    for read in (written_latex, written_words):
        assert len({read(rule) for rule in rules}) == len(rules)


def test_a_sign_that_no_rule_has_is_refused() -> None:
    with pytest.raises(KeyError):
        written_latex("y = a ⊘ b")


@pytest.mark.parametrize(("cell", "titles"), [("vanilla", 0), ("lstm", 1), ("gru", 2)])
def test_columns_that_say_nothing_are_left_out(cell: str, titles: int) -> None:
    tables = [b for b in rnnsym.model(cell).sheet().blocks if isinstance(b, Table)]
    [table] = [t for t in tables if t.head[0] == prose("convention and model")]
    assert len([t for t in table.head if t in (prose("reset"), prose("old state"))]) == titles
    assert all(set(column) != {prose("–")} for column in zip(*table.rows, strict=True))


# Complete


@pytest.mark.parametrize("name", [*cell_names(), *MODELS])
def test_every_cell_has_a_sheet(name: str) -> None:
    document = rnnsym.model(name).sheet()
    found = boxes(document)
    assert (found[0], found[-1]) == ("goals", "takeaways")
    assert "mistakes" in found
    wanted = ["Symbols", "Forward equations", "Backward", "Parameters, operations, memory"]
    wanted += ["Worked example", "Check", "Sources", "Questions", "Answers"]
    assert [title for title in headings(document) if title in wanted] == wanted
    answers = [b.text for b in document.blocks if isinstance(b, Heading) and "Answer " in b.text]
    assert len(answers) == 5
    numbers = [p.number for p in parts(document.blocks) if isinstance(p, Line) and p.number]
    assert len(numbers) == len(set(numbers))
    cited = {p.number for p in parts(document.blocks) if isinstance(p, EquationRef)}
    assert cited <= set(numbers)
    assert document.data["worked"]["model"] == str(document.models[0])


@pytest.mark.parametrize("convention", ["d2l", "pytorch", "keras", "onnx", "flax"])
def test_conventions_have_sheets(convention: str) -> None:
    document = rnnsym.model("gru", convention).sheet()
    assert "Questions" not in headings(document)  # those are asked in the textbook's convention
    assert document != rnnsym.model("gru").sheet()


def test_a_model_too_long_is_refused() -> None:
    with pytest.raises(InputError, match=r"545 equations, .* prints up to 300 \(rnnsym derive"):
        rnnsym.model(", ".join(["lstm"] * 17)).sheet()


# Derived from the equations


def test_no_formula_stays_behind_when_names_change(cell_file: Callable[[str], Path]) -> None:
    source = Path(rnnsym.__file__).parent / "cells" / "gru.toml"
    changed = source.read_text(encoding="utf-8").partition("[latex]")[0]
    for old, new in (("r[t]", "p[t]"), ("z[t]", "q[t]"), ("g[t]", "k[t]"), ("h[t", "s[t")):
        changed = changed.replace(old, new)
    for old, new in (("W_", "A_"), ("U_", "B_"), ("b_", "c_")):
        changed = changed.replace(old, new)
    for old, new in (
        ("\nr =", "\np ="),
        ("\nz =", "\nq ="),
        ("\ng =", "\nk ="),
        ("\nh =", "\ns ="),
    ):
        changed = changed.replace(old, new)
    document = rnnsym.model(str(cell_file(changed))).sheet()
    names = {a.name for formula in formulas(document.blocks) for a in arrays_in(formula)}
    assert {"p", "q", "k", "s", "A_r", "B_r", "c_r"} <= names
    assert names.isdisjoint({"r", "z", "g", "h", "W_r", "W_z", "W_h", "U_r", "b_r"})


def test_no_line_stays_behind_when_an_equation_changes(
    cell_file: Callable[[str], Path],
) -> None:
    source = (Path(rnnsym.__file__).parent / "cells" / "gru.toml").read_text(encoding="utf-8")
    swapped = "z[t] * h[t-1] + (1 - z[t]) * g[t]"
    changed = cell_file(source.replace("(1 - z[t]) * h[t-1] + z[t] * g[t]", swapped))
    old, new = rnnsym.model("gru"), rnnsym.model(str(changed))
    lines = [set(map(text, lines_of(m.sheet()))) for m in (old, new)]
    right = [{f"{s.target} = {text(s.value())}" for s in m.derive().steps} for m in (old, new)]
    stale = {line.partition(" = ")[2] for line in right[0] - right[1]}
    assert len(stale) > 3
    assert stale <= lines[0]
    assert stale.isdisjoint(lines[1])


def lines_of(document: Document) -> Iterator[Node]:
    """Yield what stands in the sheet, without wrong lines: mistakes, and options of questions."""
    titles = [b.text if isinstance(b, Heading) else "" for b in document.blocks]
    blocks = document.blocks[: titles.index("Questions")]
    yield from formulas(b for b in blocks if not (isinstance(b, Box) and b.kind == "mistakes"))


@pytest.mark.parametrize("name", cell_names())
def test_mistakes_are_mistakes(name: str) -> None:
    found = study(name)
    right = {number: step.value() for step, number in found.numbers.steps.items()}
    right |= {number: equation.rhs for equation, number in found.numbers.forward.items()}
    targets = {number: step.target for step, number in found.numbers.steps.items()}
    targets |= {number: equation.lhs for equation, number in found.numbers.forward.items()}
    shown = list(mistakes(found))
    assert len(shown) >= 5
    for mistake in shown:
        assert mistake.lhs == targets[mistake.number]
        assert fingerprint(mistake.wrong) != fingerprint(right[mistake.number]), mistake


def test_limits_of_the_gates() -> None:
    found = [
        (*(f"{gate.name}={value}" for gate, value in x.at), f"{text(x.lhs)} = {text(x.after)}")
        for x in limits(load_cell("lstm"))
    ]
    assert found == [
        ("f=0", "cₜ = iₜ ⊙ c̃ₜ"),
        ("f=1", "cₜ = cₜ₋₁ + iₜ ⊙ c̃ₜ"),
        ("i=0", "cₜ = fₜ ⊙ cₜ₋₁"),
        ("i=1", "cₜ = fₜ ⊙ cₜ₋₁ + c̃ₜ"),
        ("o=0", "hₜ = 0"),
        ("o=1", "hₜ = tanh(cₜ)"),
        ("f=1", "i=0", "cₜ = cₜ₋₁"),
        ("f=0", "i=1", "cₜ = c̃ₜ"),
    ]


@pytest.mark.parametrize("name", cell_names())
def test_limits_hold(name: str) -> None:
    """The equation with numbers for its gates is what stands beside the limit."""
    for limit in limits(load_cell(name)):
        rule = {gate: fill_like(value, gate) for gate, value in limit.at}
        assert fingerprint(limit.before.xreplace(rule)) == fingerprint(limit.after)
        assert not equal(limit.before, limit.after)


# Questions


def test_questions_depend_on_the_sheet_only() -> None:
    first, again = drawn_items("lstm", ["lstm"]), drawn_items("lstm", ["lstm"])
    assert first == again
    assert [item.id for item in first] != [item.id for item in drawn_items("other", ["lstm"])]
    assert all("lstm" in dict(item.parameters)["model"] for item in first)
    assert [item.level for item in first] == sorted(item.level for item in first)
    assert len({item.id for item in first}) == 5


# Checked


def test_a_failing_check_makes_no_sheet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def failing(*arguments: Any) -> Any:
        return replace(check_derivation(*arguments), errors={"W": 1.0})

    monkeypatch.setattr(studies, "check_derivation", failing)
    with pytest.raises(CheckError, match="'mgu:7' fails its check") as error:
        rnnsym.model("mgu:7").sheet()
    assert error.value.exit_code == 1


# Topics


def test_topics_are_the_files_of_their_folder() -> None:
    files = (Path(rnnsym.__file__).parent / "sheet" / "topics").glob("*.py")
    names = sorted(f.stem.replace("_", "-") for f in files if f.stem != "__init__")
    assert topic_names() == names
    assert {"vanilla", "gru", "lstm"} <= set(names)
    for name in names:
        topic = load_topic(name)
        assert (topic.name, bool(topic.title), bool(topic.line)) == (name, True, True)


def test_a_word_is_a_topic_or_a_cell() -> None:
    assert find_topic("lstm") is None
    assert find_topic("bi(lstm)*2") is None
    assert find_topic("./mine.toml") is None
    with pytest.raises(InputError, match="unknown topic or cell 'lsmt'; did you mean 'lstm'"):
        find_topic("lsmt")


def test_a_chapter_has_its_own_numbers() -> None:
    blocks = tuple(load_topic("vanilla").sections())
    chapter = numbered(blocks, "3")
    assert len(chapter) == len(blocks)
    old = [p.number for p in parts(blocks) if isinstance(p, Line | EquationRef)]
    new = [p.number for p in parts(chapter) if isinstance(p, Line | EquationRef)]
    assert new == [n and f"3.{n}" for n in old]
    inside: Block = Box("note", "", (Paragraph(prose("see ", EquationRef("2"))),))
    [box] = numbered([inside], "4")
    assert EquationRef("4.2") in list(parts(box))


# The command


def test_topics_are_listed(tmp_path: Path) -> None:
    done = call("sheet", "--list", folder=tmp_path)
    assert done.returncode == 0
    listed = done.stdout.splitlines()
    assert [line.split()[0] for line in listed[:-1]] == topic_names()


def test_several_sheets_at_once(tmp_path: Path) -> None:
    done = call("sheet", "vanilla", "mgu*2", "--format", "md", folder=tmp_path)
    assert done.returncode == 0
    assert sorted(p.name for p in (tmp_path / "output").iterdir()) == ["mgu-2.md", "vanilla.md"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "no topic is given; rnnsym sheet --list shows them"),
        (("vanila",), "unknown topic or cell 'vanila'; did you mean 'vanilla'"),
        (("vanilla", "nonsense*2"), "unknown cell 'nonsense'"),
        (("gradient-flow", "--set", "n=3"), "--set goes with a cell or a model text"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], problem: str, tmp_path: Path) -> None:
    done = call("sheet", *arguments, "--format", "md", folder=tmp_path)
    assert done.returncode == 2
    assert problem in done.stderr
    assert not list(tmp_path.rglob("*.md"))
