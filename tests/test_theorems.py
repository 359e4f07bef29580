"""Theorems: each is proved on several seeds, and each fails when it is broken."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnnsym.errors import InputError
from rnnsym.expr import minus, scale
from rnnsym.system import build_system, read_model
from rnnsym.theorems import THEOREMS, Claim, Theorem, theorem
from rnnsym.theorems.biases import TwoBiases
from rnnsym.theorems.claim import Outcome, difference
from rnnsym.theorems.published import Published
from rnnsym.theorems.related import Arrays, Related, Side, Tie
from rnnsym.theorems.steps import Diagonal, LinearNet
from tests.terminal import call


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", THEOREMS)
def test_proved(name: str, seed: int) -> None:
    outcome = theorem(name).prove(seed)
    assert outcome.proved
    assert 0 <= outcome.residual <= 1e-12


def related(name: str) -> Related:
    claim = THEOREMS[name].claim
    assert isinstance(claim, Related)
    return claim


def with_tie(name: str, parameter: str, tie: Tie) -> Related:
    """Return a claim with one binding of its left side changed."""
    claim = related(name)
    return replace(claim, left=Side(claim.left.cell, {**claim.left.ties, parameter: tie}))


def with_right_tie(name: str, parameter: str, tie: Tie) -> Related:
    claim = related(name)
    return replace(claim, right=Side(claim.right.cell, {**claim.right.ties, parameter: tie}))


def unscaled(initial: Arrays) -> tuple[Arrays, Arrays]:
    return initial, initial


def half_empty(initial: Arrays) -> tuple[Arrays, Arrays]:
    without_cell = {**initial, "c": 0 * initial["c"]}
    return without_cell, {**without_cell, "s": 0 * initial["s"]}


def published(name: str, line: str, text: str) -> Published:
    claim = THEOREMS[name].claim
    assert isinstance(claim, Published)
    assert claim.lines[line] != text
    return replace(claim, lines={**claim.lines, line: text})


BROKEN: dict[str, list[Claim]] = {
    "cifg": [
        with_tie("cifg", "W_i", Tie("W_f")),
        with_tie("cifg", "b_i", Tie("b_f", 0)),
        replace(related("cifg"), right=Side("lstm-1997")),
    ],
    "peephole": [with_tie("peephole", f"p_{gate}", Tie(f"b_{gate}")) for gate in "fio"],
    "gru-reset": [
        replace(related("gru-reset"), left=Side("gru")),
        with_right_tie("gru-reset", "b_u", Tie("b_h")),
        with_right_tie("gru-reset", "U_h", Tie("U_h")),
    ],
    "janet-ugrnn": [with_right_tie("janet-ugrnn", "W_z", Tie("W_c"))],
    "slstm-stabiliser": [replace(related("slstm-stabiliser"), initial=unscaled)],
    "slstm-zero": [replace(related("slstm-zero"), initial=half_empty)],
    "two-biases": [
        TwoBiases((("gru", "b_in", "b_hn", None),)),
        TwoBiases((("lstm", "b_ii", "b_hf", None),)),
    ],
    "candidate-bias": [TwoBiases((("gru", "b_in", "b_hn", "z"),))],
    "mingru": [
        Diagonal("mingru", "z[t]"),
        Diagonal("gru", "1 - z[t]"),
        Diagonal("vanilla", "1 - square(h[t])"),
    ],
    "linear": [LinearNet("vanilla"), LinearNet("leaky")],
    "goodfellow": [
        published("goodfellow", "delta_s", "target[t] - guess"),
        published("goodfellow", "delta_h@T", "2 * (V.T @ delta_s[T])"),
        published("goodfellow", "delta_h", "V.T @ delta_s[t]"),
        published("goodfellow", "dU", "sum: ((1 - square(h[t])) * delta_h[t]) @ h[t].T"),
        published("goodfellow", "db", "sum: delta_h[t]"),
    ],
    "greff": [
        published("greff", "delta_c", "delta_h[t] * o[t] * (1 - square(tanh(c[t])))"),
        published("greff", "delta_o", "delta_h[t] * c[t] * o[t] * (1 - o[t])"),
        published("greff", "dp_f", "sum: c[t] * delta_f[t]"),
        published("greff", "dx", "W_c.T @ delta_g[t]"),
    ],
}


@pytest.mark.parametrize(
    ("name", "claim"), [(name, claim) for name, claims in BROKEN.items() for claim in claims]
)
def test_every_theorem_can_fail(name: str, claim: Claim) -> None:
    outcome = replace(THEOREMS[name], claim=claim).prove()
    assert not outcome.proved
    assert outcome.residual > 1e-3


def test_every_theorem_is_broken_here() -> None:
    assert set(BROKEN) == set(THEOREMS)


@pytest.mark.parametrize("name", ["goodfellow", "greff"])
def test_every_published_line_can_fail(name: str) -> None:
    """Twice a line is another line: no comparison passes whatever it is given."""
    claim = THEOREMS[name].claim
    assert isinstance(claim, Published)
    for line, text in claim.lines.items():
        twice = f"sum: 2 * ({text[5:]})" if text.startswith("sum: ") else f"2 * ({text})"
        assert published(name, line, twice).differences(0)[line] > 1e-3


def test_a_difference_is_measured() -> None:
    system = build_system(read_model("vanilla"))
    h = system.output
    assert difference(h, h, system, 0) == 0
    assert difference(scale(2, h), h, system, 0) > 0.1
    assert difference(minus(h, h), h, system, 0) > 0.1


@pytest.mark.parametrize("residual", [float("nan"), float("inf"), 1e-11])
def test_what_is_no_proof(residual: float) -> None:
    assert not Outcome(THEOREMS["cifg"], residual).proved


def test_gradients_of_a_tie_are_taken_back() -> None:
    value = np.arange(9.0).reshape(3, 3)
    assert np.array_equal(Tie("U", -1, diagonal=True)(value), -np.diag([0.0, 4.0, 8.0]))


def test_unknown_theorem_names_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown theorem 'mingur'; did you mean 'mingru'"):
        theorem("mingur")


def test_prove_prints_one_line_each(tmp_path: Path) -> None:
    done = call("prove", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    assert [row.split()[0] for row in rows] == list(THEOREMS)
    for row in rows:
        assert float(row.split()[1]) <= 1e-12
        assert row.split()[2] == "proved"
    assert call("prove", "--ascii", folder=tmp_path).stdout.isascii()


def test_prove_some_as_json(tmp_path: Path) -> None:
    done = call("prove", "greff", "cifg", "greff", "--format", "json", folder=tmp_path)
    data = json.loads(done.stdout)
    assert data["proved"]
    assert [row["name"] for row in data["theorems"]] == ["greff", "cifg"]
    assert all(row["residual"] <= 1e-12 for row in data["theorems"])


def test_prove_says_no(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken: dict[str, Theorem] = {
        name: replace(t, claim=BROKEN[name][0]) for name, t in THEOREMS.items()
    }
    monkeypatch.setattr("rnnsym.theorems.THEOREMS", broken)
    for arguments in (["prove", "cifg"], ["prove", "--format", "json"]):
        done = call(*arguments, folder=tmp_path)
        assert done.returncode == 1
        assert "FAILED" in done.stdout or not json.loads(done.stdout)["proved"]


def test_prove_refuses_unknown_names(tmp_path: Path) -> None:
    done = call("prove", "greef", folder=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'greff'?" in done.stderr
