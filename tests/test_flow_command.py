"""``rnnsym flow``: what it prints, plots and refuses."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from rnnsym.cell import cell_names
from rnnsym.errors import InputError
from rnnsym.export.plot import PLOT_FORMATS, plot_decay
from rnnsym.expr import SOURCE
from rnnsym.flow.measure import MAX_LAGS, Setting, measure
from rnnsym.flow.paths import main_state
from rnnsym.jacobian import jacobians
from tests.conftest import optional
from tests.flows import system_of
from tests.terminal import call


def flow(*arguments: str, folder: Path) -> Any:
    return call("flow", *arguments, folder=folder)


def test_the_command_side_by_side(tmp_path: Path) -> None:
    done = flow("vanilla", "gru", "lstm", "--set", "n=8", "--lags", "20", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"lag k +vanilla +gru +lstm h +lstm c\n", done.stdout)
    assert "‖U‖ < 1/γ = 1 is sufficient" in " ".join(done.stdout.split())
    assert max(len(line) for line in done.stdout.splitlines()) <= 84
    assert done.stdout == flow(
        "vanilla", "gru", "lstm", "--set", "n=8", "--lags", "20", folder=tmp_path
    ).stdout  # fmt: skip


def test_a_stack_is_shown_layer_by_layer(tmp_path: Path) -> None:
    done = flow("bi(lstm)*2", "--set", "n=3", "--lags", "5", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Largest singular value of ∂s_T/∂s_(T−k)") == 2
    assert done.stdout.count("Largest singular value of dy_T/ds_(T−k)") == 1
    assert "bi(lstm)*2 layer 2 backward h  bi(lstm)*2 layer 2 backward c" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 100


def test_options_change_what_is_measured(tmp_path: Path) -> None:
    texts = {
        flow("lstm", "--set", "n=8", *options, folder=tmp_path).stdout
        for options in ((), ("--seed", "1"), ("--init", "orthogonal"), ("--forget-bias", "1"))
    }
    assert len(texts) == 4
    assert any("b_f = 1, so that fₜ keeps more of cₜ" in t for t in texts)


@pytest.mark.parametrize("name", [*cell_names(), "gru*L", "bi(lstm)*2", "lstm*3, dense:4"])
def test_every_model_has_a_document_in_every_format(name: str, tmp_path: Path) -> None:
    for format_name in ("text", "latex", "markdown", "json"):
        done = flow(name, "--format", format_name, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    assert flow(name, "--ascii", folder=tmp_path).stdout.isascii()


def test_json_holds_the_curves(tmp_path: Path) -> None:
    done = flow("gru", "lstm", "--set", "n=4", "--lags", "3", "--format", "json", folder=tmp_path)
    data = json.loads(done.stdout)
    gru, lstm = data["models"]
    assert [len(c["norms"]) for c in lstm["measured"]["layers"][0]["curves"]] == [3, 3]
    assert gru["sizes"] == {"d": 4, "n": 4}
    assert gru["chains"][0]["bounds"][0]["terms"][0] == {"number": 1.0, "norms": [], "maxima": []}
    assert json.loads(flow("gru", "--format", "json", folder=tmp_path).stdout)["models"][0][
        "measured"
    ] is None  # fmt: skip


@pytest.mark.parametrize("ending", PLOT_FORMATS)
def test_a_plot_has_the_same_bytes_each_time(ending: str, tmp_path: Path) -> None:
    optional("matplotlib")
    arguments = ("gru", "lstm", "--set", "n=4", "--lags", "5", "--plot", f"flow.{ending}")
    assert "written: flow" in flow(*arguments, folder=tmp_path).stderr
    first = (tmp_path / f"flow.{ending}").read_bytes()
    assert "unchanged: flow" in flow(*arguments, folder=tmp_path).stderr
    assert first == (tmp_path / f"flow.{ending}").read_bytes()
    other = flow(*arguments, "--seed", "1", folder=tmp_path)
    assert other.returncode == 2
    assert "--force" in other.stderr
    assert flow(*arguments, "--seed", "1", "--force", folder=tmp_path).returncode == 0
    assert first != (tmp_path / f"flow.{ending}").read_bytes()


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = flow("gru", "--set", "n=4", "--plot", "flow.svg", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "rnnsym: plots need matplotlib: pip install 'rnnsym[plot]'\n"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="plot"):
        plot_decay([measure(system_of("gru", d=2, n=2), Setting(lags=2))], "svg")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gruu",), "did you mean 'gru'?"),
        (("gru", "--set", "n=4", "--lags", "0"), f"lags are from 1 to {MAX_LAGS:,}, not 0"),
        (("gru", "--set", "n=4", "--lags", "100000000"), "not 100000000"),
        (("gru", "--set", "q=4"), "'gru' has no size 'q'"),
        (("gru", "lstm-projection", "--set", "n=4"), "p=…"),
        (("gru", "--set", "d=4"), "'gru' needs numbers for its sizes: n=…"),
        (("gru", "--lags", "5"), "needs numbers for its sizes"),
        (("gru", "--set", "n=0"), "must be at least 1"),
        (("gru", "--set", "n=100000"), "sizes up to"),
        (("gru", "--set", "n=4", "--seed", "-1"), "a seed is 0 or more"),
        (("gru", "--set", "n=4", "--init", "orthagonal"), "did you mean 'orthogonal'?"),
        (("gru", "--set", "n=4", "--forget-bias", "nan"), "a forget bias is from"),
        (("vanilla", "--set", "n=4", "--forget-bias", "1"), "no gate with a bias keeps a state"),
        (("gru", "--set", "n=4", "--plot", "flow.gif"), "unknown plot format 'gif'"),
        (("gru", "--set", "n=4", "--plot", "flow"), "unknown plot format 'flow'"),
        ((), "Missing argument"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = flow(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_step_or_an_unproven_edge_is_no_gate(tmp_path: Path) -> None:
    done = flow("slstm", folder=tmp_path)
    words = " ".join(done.stdout.split())
    assert "diag(f̂ₜ): no bound on its entries is proven here." in words
    assert "entries 0 or 1: each is passed whole or cut." in words


def test_the_closed_form_in_print(tmp_path: Path) -> None:
    words = " ".join(flow("gru*L", folder=tmp_path).stdout.split())
    assert "C(L+k−1, k) · 4ᵏ · 3ᴸ⁻¹ paths" in words


def test_ascii_is_the_cell_language(tmp_path: Path) -> None:
    done = flow("vanilla", "--set", "n=3", "--lags", "4", "--ascii", folder=tmp_path)
    assert done.stdout.isascii()
    [chain] = jacobians(system_of("vanilla"))
    assert SOURCE.array(main_state(chain)) in done.stdout
    assert "||U||" in done.stdout
