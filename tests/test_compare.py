"""Comparison: ratios that are exact, and say when they hold."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from rnnsym.cell import cell_names
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.ratio import ratio
from rnnsym.sheet.compare import gates_of, variants
from rnnsym.sheet.guidance import guidance
from rnnsym.system import build_system, read_model
from tests.terminal import Outcome, call


def system_of(text: str, **sizes: int) -> System:
    return build_system(read_model(text, sizes=sizes))


def compare(*arguments: str, folder: Path) -> Outcome:
    return call("compare", *arguments, folder=folder)


@pytest.mark.parametrize("convention", ["textbook", "pytorch"])
def test_gru_to_lstm_is_three_to_four(convention: str) -> None:
    models = (read_model(t, convention=convention) for t in ("gru", "lstm"))
    a, b = (count(build_system(m)).formula.value for m in models)
    found = ratio(a, b)
    assert (str(found.top), str(found.bottom), found.constant) == ("3", "4", True)


@pytest.mark.parametrize(
    ("a", "b", "limit"),
    [
        ("gru-reset-after", "lstm", (3, 4)),
        ("gru", "lstm-peephole", (3, 4)),
        ("gru", "lstm-projection", None),
        ("mgu", "lstm", (1, 2)),
    ],
)
def test_ratios_are_exact(a: str, b: str, limit: tuple[int, int] | None) -> None:
    """The symbolic ratio at numbers is the ratio of the numbers."""
    found = ratio(*(count(system_of(t)).formula.value for t in (a, b)))
    assert found.constant == (a == "mgu")
    assert found.limit == limit
    for sizes in ({"d": 3, "n": 5, "p": 2}, {"d": 64, "n": 7, "p": 6}):
        totals: list[int] = []
        for text in (a, b):
            own = {k: v for k, v in sizes.items() if k in system_of(text).size_names}
            total = count(system_of(text, **own)).total
            assert total is not None
            totals.append(total)
        at = {s: sizes[str(s)] for s in (found.top / found.bottom).free_symbols}
        top, bottom = (int(x.subs(at)) for x in (found.top, found.bottom))
        assert Fraction(top, bottom) == Fraction(*totals)


def test_variants_say_when_three_to_four_fails() -> None:
    found = dict(variants(system_of("gru"), system_of("lstm")))
    assert found["pytorch convention"].constant
    assert str(found["gru-reset-after : lstm"].top) == "3*d + 3*n + 4"
    assert found["gru : lstm-projection"].limit is None
    assert not list(variants(system_of("gru*2"), system_of("lstm")))


def test_gates_are_told_from_candidates() -> None:
    def named(text: str) -> list[list[str]]:
        return [[a.name for a in group] for group in gates_of(system_of(text))]

    assert named("lstm") == [["f", "i", "o"], ["g"]]
    assert named("gru") == [["r", "z"], ["g"]]
    assert named("vanilla") == [[], ["h"]]
    assert named("lstm-projection") == [["f", "i", "o"], ["g", "r"]]


def test_the_document(tmp_path: Path) -> None:
    done = compare("gru", "lstm", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "  states                  1: h            2: h, c" in lines
    assert "Parameters, gru : lstm = 3 : 4, whatever the sizes are." in lines
    side_by_side = [x for x in lines if "rₜ = σ(W_r" in x and "fₜ = σ(W_f" in x]
    assert len(side_by_side) == 1
    assert "diag(1 − zₜ)" in done.stdout
    assert "diag(fₜ)" in done.stdout
    assert max(len(line) for line in lines) <= 84


def test_guidance_is_the_notes_and_never_a_law() -> None:
    texts = ("vanilla", "gru", "lstm-peephole", "bi(gru)*2", "mgu")
    lines = list(guidance([system_of(t) for t in texts]))
    assert len(lines) == 6
    for line in lines:
        assert "course notes" in line
        assert not {"always", "never", "best", "must"} & set(line.lower().split())
    assert "do not treat mgu" in " ".join(lines)


@pytest.mark.parametrize("name", cell_names())
def test_every_cell_compares_with_the_lstm_in_every_format(name: str, tmp_path: Path) -> None:
    for format_name in ("latex", "markdown", "json"):
        assert compare("lstm", name, "--format", format_name, folder=tmp_path).returncode == 0
    assert compare("lstm", name, "--ascii", folder=tmp_path).stdout.isascii()


def test_json(tmp_path: Path) -> None:
    arguments = ("gru", "lstm", "vanilla", "--set", "n=4", "--set", "d=5", "--format", "json")
    data = json.loads(compare(*arguments, folder=tmp_path).stdout)
    assert [m["total"] for m in data["models"]] == [120, 160, 40]
    assert [(r["of"], r["to"]) for r in data["ratios"]] == [
        ("gru", "lstm"),
        ("gru", "vanilla"),
        ("lstm", "vanilla"),
    ]
    assert data["ratios"][0]["parameters"] == {
        "top": "3",
        "bottom": "4",
        "constant": True,
        "limit": [3, 4],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gru",), "compare takes two models or more"),
        (("gru", "ltsm"), "did you mean 'lstm'?"),
        (("gru", "lstm", "--set", "p=3"), "'gru' has no size 'p'"),
        (("gru",) * 9, "9 models at once (at most 8)"),
        (("gru", "lstm", "--format", "pdf"), "unknown format 'pdf'"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = compare(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
