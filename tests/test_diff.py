"""Two derivations side by side: what differs is marked, and nothing else is."""

import json
from pathlib import Path

import pytest

from rnnsym.cell import cell_names
from rnnsym.derivation import Derivation
from rnnsym.derive import derive
from rnnsym.expr import text
from rnnsym.sheet.diff import columns_fit, diff_lines
from rnnsym.system import build_system, read_model
from tests.terminal import Outcome, call

SWAPPED = """
[states]
h = "n"
[equations]
r = "sigmoid(b_r + W_r @ x[t] + U_r @ h[t-1])"
z = "sigmoid(W_z @ x[t] + U_z @ h[t-1] + b_z)"
g = "tanh(W_h @ x[t] + U_h @ (h[t-1] * r[t]) + b_h)"
h = "z[t] * g[t] + h[t-1] * (1 - z[t])"
[latex]
g = '\\tilde{h}'
"""


def derivation(text: str, convention: str = "textbook") -> Derivation:
    return derive(build_system(read_model(text, convention=convention)))


def diff(*arguments: str, folder: Path) -> Outcome:
    return call("diff", *arguments, folder=folder)


def verdicts(a: str, b: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in diff_lines(derivation(a), derivation(b)):
        found.setdefault(line.verdict, []).append(line.name)
    return found


def test_reset_before_against_reset_after() -> None:
    found = verdicts("gru", "gru-reset-after")
    assert found["different"] == ["a_g", "delta_h", "delta_r", "dU_h", "dh_0"]
    assert found["right"] == ["u", "delta_u", "db_u"]
    assert "left" not in found
    assert len(found["same"]) == 17


def test_what_is_one_sided_turns_round() -> None:
    there, back = verdicts("lstm", "lstm-peephole"), verdicts("lstm-peephole", "lstm")
    assert there["right"] == back["left"] == ["dp_f", "dp_i", "dp_o"]
    assert sorted(there["different"]) == sorted(back["different"])


@pytest.mark.parametrize("name", [*cell_names(), "gru*L", "bi(lstm)*2, dense:3"])
def test_nothing_differs_from_itself(name: str) -> None:
    assert set(verdicts(name, name)) == {"same"}


def test_another_order_of_terms_is_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "swapped.toml"
    path.write_text(SWAPPED, encoding="utf-8")
    assert set(verdicts("gru", str(path))) == {"same"}


def test_another_sign_is_a_difference(tmp_path: Path) -> None:
    path = tmp_path / "kept.toml"
    kept = "(1 - z[t]) * g[t] + h[t-1] * z[t]"
    path.write_text(SWAPPED.replace("z[t] * g[t] + h[t-1] * (1 - z[t])", kept), encoding="utf-8")
    assert verdicts("gru", str(path))["different"] == ["h", "delta_h", "delta_g", "delta_z", "dh_0"]


def test_the_document(tmp_path: Path) -> None:
    done = diff("gru", "gru-reset-after", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [x for x in lines if x.startswith("  ≠  a_")] == [
        "  ≠  a_h̃ₜ = W_h xₜ + U_h (rₜ ⊙ hₜ₋₁) + b_h  a_h̃ₜ = W_h xₜ + rₜ ⊙ uₜ + b_h"
    ]
    assert max(len(line) for line in lines) <= 100
    assert " ".join(lines[-2:]).startswith("5 of 22 lines that both have differ; 0 stand in gru")


def test_wide_lines_go_one_under_the_other() -> None:
    lines = diff_lines(derivation("gru"), derivation("gru-reset-after"))
    forward = [x for x in lines if x.section == "Forward"]
    backward = [x for x in lines if x.section == "Backward"]
    assert columns_fit(forward)
    assert not columns_fit(backward)


def test_one_cell_in_two_conventions(tmp_path: Path) -> None:
    twice = ("gru", "gru", "--convention", "textbook", "--convention", "pytorch")
    done = diff(*twice, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Difference: textbook gru and pytorch gru"
    place = lines.index("  ≠  textbook gru  hₜ = (1 − zₜ) ⊙ hₜ₋₁ + zₜ ⊙ h̃ₜ")
    assert lines[place + 1] == "     pytorch gru   hₜ = (1 − zₜ) ⊙ nₜ + zₜ ⊙ hₜ₋₁"
    data = json.loads(diff(*twice, "--format", "json", folder=tmp_path).stdout)
    assert data["conventions"] == ["textbook", "pytorch"]


def test_another_layout_is_a_difference() -> None:
    """Keras's LSTM has the textbook's names and equations, but for rows."""
    lines = diff_lines(derivation("lstm"), derivation("lstm", "keras"))
    different = {line.name for line in lines if line.verdict == "different"}
    assert {"a_f", "delta_h", "dU_f"} <= different
    assert {"f", "c", "delta_c", "db_f"} <= {x.name for x in lines if x.verdict == "same"}
    [line] = [line for line in lines if line.name == "a_f"]
    assert line.left is not None
    assert line.right is not None
    assert [text(side.printed[1]) for side in (line.left, line.right)] == [
        "W_f xₜ + U_f hₜ₋₁ + b_f",
        "xₜ W_f + hₜ₋₁ U_f + b_f",
    ]


def test_json_and_every_other_format(tmp_path: Path) -> None:
    arguments = ("lstm", "lstm-coupled", "--format")
    data = json.loads(diff(*arguments, "json", folder=tmp_path).stdout)
    assert data["differing"] == sum(x["verdict"] != "same" for x in data["lines"]) > 0
    assert {x["name"] for x in data["lines"] if x["right"] is None} >= {"i", "dU_i"}
    for format_name in ("latex", "markdown"):
        assert diff(*arguments, format_name, folder=tmp_path).returncode == 0
    assert diff("lstm", "gru", "--ascii", folder=tmp_path).stdout.isascii()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gru",), "diff takes two models, not 1"),
        (("gru", "lstm", "mgu"), "diff takes two models, not 3"),
        (("gru", "gru-reset-aftr"), "did you mean 'gru-reset-after'?"),
        (("gru", "lstm", "--set", "q=2"), "has no size 'q'"),
        (
            ("gru", "lstm", *("--convention", "d2l") * 3),
            "once for all models, or once for each: 2 models and 3 conventions",
        ),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = diff(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
