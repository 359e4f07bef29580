"""The emitted modules as files: scripts, style, names, what is refused, and the command."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnsym.cli.main import main
from rnnsym.code.module import file_name, module_source
from rnnsym.errors import InputError
from rnnsym.system import read_model
from tests.code_models import GRID, loaded, source_of


def broken(text: str) -> list[str]:
    """Return a module's source with one line of its backward functions broken, for every line."""
    lines = module_source(read_model(text)).splitlines()
    start = next(i for i, x in enumerate(lines) if re.match(r"def \w+_backward\(", x))
    end = next(i for i, x in enumerate(lines) if x.startswith("def forward("))
    found: list[str] = []
    for i in range(start, end):
        changed = re.sub(
            r"((?:add|multiply|square|subtract)\(.*, (\w+)\))$", r"\1; \2 *= 1.01", lines[i]
        )
        changed = re.sub(r"^( +dot_\w+\(\w+, (\w+)\))$", r"\1; \2 *= 1.01", changed)
        changed = re.sub(r"^( +)(\w+) (\+=|\*=) (.*)$", r"\1\2 \3 1.01 * (\4)", changed)
        if changed != lines[i] and "hold" not in changed:
            found.append("\n".join([*lines[:i], changed, *lines[i + 1 :]]))
    return found


@pytest.mark.parametrize("text", ["lstm", "gru", "gru-reset-after", "lstm-peephole"])
def test_the_check_of_a_broken_module_fails(text: str) -> None:
    mutants = broken(text)
    assert len(mutants) > 10
    for source in mutants:
        namespace: dict[str, Any] = {"__name__": "broken"}
        exec(compile(source, "broken.py", "exec"), namespace)
        assert max(namespace["check"]().values()) > 1e-12, source


def test_the_module_is_a_script(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    source = module_source(read_model("bi(gru), dense:3"))
    path.write_text(source)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"largest relative error \d\.\de-1\d: passed", done.stdout)
    path.write_text(source.replace("row *= z[at_t]", "row *= 2 * z[at_t]"))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "FAILED" in done.stdout


def test_the_source_is_the_same_whatever_the_hash_seed() -> None:
    command = "from rnnsym.code.module import *; from rnnsym.system import read_model\n"
    command += "print(module_source(read_model('bi(lstm-peephole)*2, gru, dense:3')))"
    sources = {
        subprocess.run(
            [sys.executable, "-c", command],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(sources) == 1


@pytest.mark.parametrize("target", ["numpy", "pytorch"])
def test_the_source_is_clean(
    target: str, tmp_path: Path, require_engine: Callable[[str], str]
) -> None:
    ruff = require_engine("ruff")
    texts = [shape.format(cell) for cell, shape in GRID]
    for place, text in enumerate(texts):
        (tmp_path / f"m{place}.py").write_text(source_of(text, target))
    options = ["check", "--isolated", "--no-cache", "--select", "E,F,W", "--line-length", "100"]
    done = subprocess.run(
        [ruff, *options, "--output-format", "concise", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[:2000]


def test_a_stack_of_symbolic_depth_needs_its_number() -> None:
    with pytest.raises(InputError, match=r"--set L=3"):
        module_source(read_model("gru*L"))
    assert max(loaded("gru*L", sizes={"L": 3})["check"]().values()) <= 1e-12


def test_names_of_files() -> None:
    assert file_name(read_model("bi(lstm)*2, dense:3"), "pytorch") == "bi_lstm_2_dense_3_pytorch.py"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def command(*arguments: str) -> int:
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        return int(str(stop.value.code))

    assert command("code", "gru") == 0
    assert capsys.readouterr().out == module_source(read_model("gru"))
    path = str(tmp_path / "net.py")
    assert command("code", "gru", "--out", path) == 0
    assert command("code", "gru", "--out", path) == 0
    assert "unchanged" in capsys.readouterr().out
    assert command("code", "lstm", "--out", path) == 2
    assert "--force" in capsys.readouterr().err
    assert command("code", "lstm", "--out", path, "--force") == 0
    assert command("code", "gru", "--target", "numpi") == 2
    assert "did you mean 'numpy'" in capsys.readouterr().err


def test_a_cell_that_the_framework_lacks_has_no_code() -> None:
    with pytest.raises(InputError, match="pytorch has no cell 'mgu'"):
        module_source(read_model("mgu", convention="pytorch"))
