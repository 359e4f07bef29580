"""Sheets as processes against the imports they cannot do without: CPU seconds of paired runs."""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["main"]

RUNS = 9
IMPORTS = ("-c", "import sympy, numpy, jinja2")
FORMATS = "tex,html,md"
ALL_FORMATS = "tex,html,md,text,ipynb,json"


def cpu(folder: Path, *command: str) -> float:
    """Return the CPU seconds of a process, its bytecode cached as that of an installed package."""
    hidden = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *command], check=True, stdout=subprocess.DEVNULL, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def sheet(folder: Path, text: str, formats: str) -> tuple[str, ...]:
    """Return the command that writes a sheet."""
    out = str(folder / "out")
    return "-m", "rnnsym", "sheet", text, "--format", formats, "--force", "--out", out


def main(arguments: Sequence[str] = ()) -> None:
    """Print the ratio for each sheet asked for, lstm by default, and the time of the booklet."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for text in arguments or ("lstm",):
            command = sheet(folder, text, FORMATS)
            pairs = [(cpu(folder, *command), cpu(folder, *IMPORTS)) for _ in range(RUNS + 1)]
            ours, theirs = zip(*pairs[1:], strict=True)  # the first run writes the bytecode
            low, middle, high = statistics.quantiles(
                (a / b for a, b in pairs[1:]), n=4, method="inclusive"
            )
            print(
                f"sheet {text} ({FORMATS}): {statistics.median(ours):.2f} s CPU, "
                f"{middle:.2f} × imports (quartiles {low:.2f}–{high:.2f}, "
                f"minima {min(ours) / min(theirs):.2f}); goal 2"
            )
        command = sheet(folder, "booklet", ALL_FORMATS)
        seconds = min(cpu(folder, *command) for _ in range(3))
        print(f"booklet ({ALL_FORMATS}): {seconds:.2f} s CPU; goal 5 s")
