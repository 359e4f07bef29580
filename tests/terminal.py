"""The program as its user runs it: a process of its own."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from rnnsym.cli import main

__all__ = ["Outcome", "call", "run"]


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def call(*arguments: str, folder: Path) -> Outcome:
    """Run the command line in this process: the same code without the half second of imports."""
    buffers = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(b, encoding="utf-8", newline="") for b in buffers)
    before = Path.cwd()
    os.chdir(folder)
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stop:
            main(arguments)
    finally:
        os.chdir(before)
    out.flush()
    err.flush()
    code = stop.value.code
    printed, complained = (b.getvalue().decode() for b in buffers)
    return Outcome(code if isinstance(code, int) else 0, printed, complained)


def run(
    *arguments: str, folder: Path, encoding: str = "utf-8", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run rnnsym in a folder and return what it printed."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, **variables}
    return subprocess.run(
        [sys.executable, "-m", "rnnsym", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding=encoding,
        timeout=300,
        check=False,
    )
