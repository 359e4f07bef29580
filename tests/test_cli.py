"""The command line: what is printed, what is written, and how it is said when it cannot be."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rnnsym.cell import cell_names
from rnnsym.export.quiz import paper_formats
from tests.terminal import call, run

CELL = """
[states]
h = "n"
[equations]
h = "tanh(W @ x[t] + U @ h[t-1] + b)"
"""


def broken_cell(equation: str) -> str:
    return CELL.replace("tanh(W @ x[t] + U @ h[t-1] + b)", equation)


def test_help_and_completion_load_neither_sympy_nor_numpy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from rnnsym.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'sympy', 'numpy', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert done.returncode == 0
    words = {"_RNNSYM_COMPLETE": "bash_complete", "COMP_WORDS": "rnnsym de", "COMP_CWORD": "1"}
    assert "derive" in run(folder=tmp_path, **words).stdout


def test_help_names_every_format_of_papers(tmp_path: Path) -> None:
    known = {"tex", "pdf", "html", "md", "ipynb", "json", "text", *paper_formats()}
    for command in ("generate", "regrade"):
        words = call("quiz", command, "--help", folder=tmp_path).stdout.replace(",", " ").split()
        assert known <= set(words)


@pytest.mark.parametrize("name", cell_names())
def test_every_cell_is_derived_and_checked(name: str, tmp_path: Path) -> None:
    done = call("derive", name, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("Check passed")
    assert max(len(line) for line in done.stdout.splitlines()) <= 84  # combining accents count here


def test_a_cell_of_ones_own_works_wherever_a_name_does(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(CELL)
    for command in (
        ["derive", "./mine.toml"],
        ["params", "bi(./mine.toml)*2"],
        ["check", "mine.toml"],
        ["explain", "mine.toml", "delta_h"],
        ["sheet", "mine.toml", "--format", "tex"],
    ):
        done = call(*command, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "output" / "mine-toml.tex").exists()


def test_ascii_where_asked_for_and_where_the_terminal_needs_it(tmp_path: Path) -> None:
    for arguments in (
        ["derive", "bi(gru)*L", "--ascii", "--truncate", "2", "--unroll", "2"],
        ["explain", "lstm", "delta_c", "--ascii"],
        ["cells", "--ascii"],
        ["params", "lstm-projection", "--ascii"],
        ["check", "gru", "--ascii"],
    ):
        assert run(*arguments, folder=tmp_path).stdout.isascii()
    done = run("derive", "lstm", folder=tmp_path, encoding="ascii")
    assert done.returncode == 0
    assert "delta_f[t+1]" in done.stdout


def test_wrt_keeps_only_what_a_gradient_rests_on(tmp_path: Path) -> None:
    text = call("derive", "lstm", "--wrt", "U_f", "--no-check", folder=tmp_path).stdout
    assert "∂L/∂U_f" in text
    assert "∂L/∂W_f" not in text
    assert "Check passed" not in text


def test_a_gradient_is_asked_for_by_its_own_name(tmp_path: Path) -> None:
    names = ("U_f", "dU_f", "dL/dU_f", "∂L/∂U_f")
    found = {call("derive", "lstm", "--wrt", name, folder=tmp_path).stdout for name in names}
    assert len(found) == 1
    assert "∂L/∂U_f" in found.pop()


def test_a_step_is_found_by_name_by_array_and_by_number(tmp_path: Path) -> None:
    names = ("delta_c", "δ_c", "c", "13", "(13)")
    found = {call("explain", "lstm", name, folder=tmp_path).stdout for name in names}
    assert len(found) == 1


def test_truncation_names_what_it_drops(tmp_path: Path) -> None:
    text = call("derive", "lstm", "--truncate", "2", folder=tmp_path).stdout
    assert "δ_cₜ₊₁ ⊙ fₜ₊₁ of δ_cₜ, via cₜ₊₁" in text
    assert "Check passed" in text


def test_json_is_complete_and_versioned(tmp_path: Path) -> None:
    data = json.loads(call("derive", "gru*L", "--format", "json", folder=tmp_path).stdout)
    assert data["schema"] == 2
    assert data["check"]["max_relative_error"] <= 1e-12
    assert all(
        term["formula"] and term["latex"] for step in data["steps"] for term in step["terms"]
    )
    counted = json.loads(call("params", "lstm", "--format", "json", folder=tmp_path).stdout)
    assert (counted["formula"], counted["total"]) == ("4*(n*d + n**2 + n)", None)
    checked = json.loads(call("check", "lstm", "--format", "json", folder=tmp_path).stdout)
    assert all(g["max_relative_error"] <= 1e-12 for g in checked["gradients"].values())
    listed = json.loads(call("cells", "--format", "json", folder=tmp_path).stdout)
    assert [c["name"] for c in listed["cells"]] == cell_names()


def test_check_all_covers_every_cell_in_every_arrangement(tmp_path: Path) -> None:
    done = call("check", "all", "--format", "json", folder=tmp_path)
    data = json.loads(done.stdout)
    assert done.returncode == 0
    assert data["max_relative_error"] <= 1e-12
    expected = {
        shape.format(n) for n in cell_names() for shape in ("{}", "{}*2", "bi({})", "bi({})*2")
    }
    assert {m["model"] for m in data["models"]} == expected


def test_flags_say_what_the_model_text_says(tmp_path: Path) -> None:
    flags = call(
        "derive",
        "gru",
        "--layers",
        "2",
        "--bidirectional",
        "--merge",
        "sum",
        "--no-check",
        folder=tmp_path,
    )
    assert flags.stdout == call("derive", "bi(gru,sum)*2", "--no-check", folder=tmp_path).stdout


def test_an_edited_cell_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(CELL)
    before = call("params", str(path), folder=tmp_path).stdout
    path.write_text(broken_cell("tanh(W @ x[t] + u * h[t-1])"))
    assert call("params", str(path), folder=tmp_path).stdout != before


def test_jacobians_too_long_to_print_are_said_to_be_long(tmp_path: Path) -> None:
    """Twenty squarings in one step: a million paths."""
    powers = "".join(f'q{i + 1} = "q{i}[t] * q{i}[t]"\n' for i in range(20))
    cell = broken_cell("tanh(q20[t])").replace('h = "tanh', 'q0 = "W @ x[t] + h[t-1]"\nh = "tanh')
    (tmp_path / "mine.toml").write_text(cell + powers)
    done = call("derive", "mine.toml", "--no-check", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1,048,576 paths through one step" in " ".join(done.stdout.split())


def test_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    command = f"{sys.executable} -m rnnsym cells > /dev/full"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)


@pytest.mark.parametrize(
    "command", [("check", "lstm", "n=4"), ("check", "gru*L", "L=2"), ("code", "lstm", "n=4")]
)
def test_sizes_that_change_nothing_are_named(command: tuple[str, str, str], tmp_path: Path) -> None:
    *given, size = command
    done = call(*given, "--set", size, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, call(*given, folder=tmp_path).stdout)
    assert f"--set {size} has no effect here" in done.stderr


BAD = {
    "unknown cell": (["derive", "ltsm"], "did you mean 'lstm'"),
    "unknown command": (["dervie", "lstm"], "did you mean 'derive'"),
    "unknown option": (["derive", "lstm", "--unrol", "3"], "--unroll"),
    "unknown format": (["derive", "lstm", "--format", "jsn"], "did you mean 'json'"),
    "unknown sheet format": (["sheet", "lstm", "--format", "htlm"], "did you mean 'html'"),
    "formats as they are typed": (["sheet", "lstm", "--format", "docx"], "tex, md, html, ipynb"),
    "no model": (["derive"], "rnnsym derive --help"),
    "unknown convention": (["params", "lstm", "--convention", "pytorhc"], "did you mean 'pytorch'"),
    "unknown loss": (["derive", "lstm", "--loss", "squred"], "did you mean 'squared'"),
    "unknown place": (["derive", "lstm", "--loss-at", "lst"], "did you mean 'last'"),
    "cell a framework lacks": (["params", "mgu", "--convention", "pytorch"], "pytorch has no cell"),
    "unknown parameter": (["derive", "lstm", "--wrt", "U_q"], "it has: W_f"),
    "unknown step": (["explain", "lstm", "delta_q"], "did you mean 'delta_"),
    "a forward equation": (["explain", "lstm", "(3)"], "steps are (11) to (31)"),
    "code that is no module": (["code", "lstm", "--out", "lstm.txt"], "a .py file or a folder"),
    "unknown kind": (["quiz", "generate", "--kind", "conut"], "did you mean 'count'"),
    "no questions": (["quiz", "generate", "-n", "0"], "0"),
    "size zero": (["params", "lstm", "--set", "n=0"], "at least 1"),
    "size negative": (["params", "lstm", "--set", "n=-3"], "at least 1"),
    "size no integer": (["params", "lstm", "--set", "n=2.5"], "whole number"),
    "size no number": (["params", "lstm", "--set", "n=many"], "whole number"),
    "size huge": (["params", "lstm", "--set", "n=1000000000000"], "too large"),
    "size unheard of": (["params", "lstm", "--set", "k=2"], "no size 'k'"),
    "size twice": (["params", "lstm:64", "--set", "n=2"], "given twice"),
    "sizes in one": (["params", "lstm", "--set", "d=64,n=128"], "once for each size"),
    "size malformed": (["params", "lstm", "--set", "n"], "NAME=NUMBER"),
    "text with a gap": (["derive", "lstm,,gru"], "^"),
    "depth inside bi": (["derive", "bi(lstm*2)"], "write bi(cell)*depth"),
    "flags twice": (["derive", "lstm*2", "--layers", "3"], "single cell"),
    "softmax twice": (["derive", "lstm, dense:3:softmax", "--loss", "cross-entropy"], "dense:3'"),
    "truncation by nothing": (["derive", "lstm", "--truncate", "0"], "0"),
    "no such file": (["derive", "./nowhere.toml"], "no cell file"),
    "unknown paper": (["sheet", "lstm", "--paper", "leter"], "did you mean 'letter'"),
    "one bad format of two": (["sheet", "lstm", "--format", "tex,htm"], "did you mean 'html'"),
    "no templates": (["sheet", "lstm", "--templates", "none"], "no folder of templates: none"),
    "a folder that is a file": (["sheet", "lstm", "--out", "file"], "is a file"),
    "an unwritable folder": (["sheet", "lstm", "--out", "/proc/nowhere"], "cannot write"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_line_and_writes_nothing(name: str, tmp_path: Path) -> None:
    arguments, expected = BAD[name]
    (tmp_path / "file").write_text("")
    done = call(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    caret = 2 if "^" in done.stderr else 0
    assert done.stderr.count("\n") == 1 + caret
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("tanh(W @ x[t] +", "syntax error"),
        ("tahn(W @ x[t])", "did you mean 'tanh'"),
        ("tanh(W @ q[t])", "'q[t]' is never defined"),
        ("tanh(W @ h[t])", "cycle"),
        ("tanh(W @ x[t] + W @ h[t-1])", "sizes d and n differ"),
        ("__import__('os').system('touch owned')", "not part of the cell language"),
        ("(" * 5000 + "x[t]" + ")" * 5000, "characters"),
    ],
)
def test_a_bad_cell_file_is_explained(equation: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(broken_cell(equation))
    done = call("derive", "mine.toml", folder=tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "mine.toml" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "owned").exists()


def test_a_defect_of_ours_is_one_line_with_a_way_to_report_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rnnsym import api
    from rnnsym.cli import main

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(api, "model", fail)
    with pytest.raises(SystemExit) as stop:
        main(["derive", "lstm"])
    assert stop.value.code == 70
    assert capsys.readouterr().err.count("\n") == 1


def test_the_same_command_prints_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    for command in (
        ["derive", "bi(lstm)*2", "--no-check", "--format", "json"],
        ["quiz", "generate", "-n", "3", "--format", "text"],
    ):
        outputs: set[str] = set()
        for seed in ("1", "2"):
            folder = tmp_path / f"{command[0]}{seed}"
            folder.mkdir()
            done = run(*command, folder=folder, PYTHONHASHSEED=seed)
            files = sorted(folder.rglob("*.txt"))
            outputs.add(done.stdout + "".join(p.read_text() for p in files))
        assert len(outputs) == 1
