"""Derivation, check, start-up and LaTeX against their goals: medians and spread of paired runs."""

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from rnnsym.cell import cell_names
from rnnsym.derive import derive
from rnnsym.export.latex import export_latex
from rnnsym.numeric.check import check_derivation
from rnnsym.sheet.derivation import derivation_document
from rnnsym.system import build_system, read_model

RUNS = 9
MINIMAL_CLICK = "import click\n@click.command()\ndef f(): pass\nf(['--help'])"


def spread(values: Sequence[float], unit: str) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.2f} {unit} (min {low:.2f}, max {high:.2f}, {len(values)} runs)"


def process(*command: str) -> float:
    # An installed package has its bytecode; a development shell may forbid writing it.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *command], check=True, stdout=subprocess.DEVNULL, env=environment
    )
    return time.perf_counter() - start


def ratios(ours: Sequence[str], theirs: Sequence[str]) -> list[float]:
    """Time two processes in turn, and return ours / theirs pair by pair."""
    process(*ours)
    process(*theirs)
    return [process(*ours) / process(*theirs) for _ in range(RUNS)]


def milliseconds(action: Callable[[], object]) -> list[float]:
    found: list[float] = []
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        found.append(1000 * (time.perf_counter() - start))
    return found


WIDTHS = count(1)


def fresh(text: str) -> object:
    """Derive a model that no cache knows: each call has an input size of its own."""
    return derive(build_system(read_model(text, sizes={"d": next(WIDTHS)})))


def main(_: Sequence[str] = ()) -> None:
    """Print every figure with its goal."""
    slowest = max(cell_names(), key=lambda n: statistics.median(milliseconds(lambda: fresh(n))))
    print(f"derive, slowest cell ({slowest}): {spread(milliseconds(lambda: fresh(slowest)), 'ms')}"
          "; goal 10 ms")  # fmt: skip
    for text in ("lstm", "lstm:512", "lstm*3", "lstm*L", "bi(lstm-peephole)*3"):
        print(f"derive {text}: {spread(milliseconds(partial(fresh, text)), 'ms')}")
    for text in ("lstm", "bi(lstm-peephole)*2"):
        derivation = derive(build_system(read_model(text), final_gradients=True))
        check_derivation(derivation)
        figures = milliseconds(partial(check_derivation, derivation))
        print(f"check {text}: {spread(figures, 'ms')}; goal 50 ms")
    imports = ("-c", "import sympy, numpy")
    figures = ratios(("-m", "rnnsym", "derive", "lstm"), imports)
    print(f"rnnsym derive lstm / import sympy, numpy: {spread(figures, '×')}; goal 1.5")
    figures = ratios(("-m", "rnnsym", "--help"), ("-c", MINIMAL_CLICK))
    print(f"rnnsym --help / minimal click program: {spread(figures, '×')}; goal 1.5")
    document = derivation_document(derive(build_system(read_model("lstm"))), None)
    [tex] = export_latex(document).values()
    body = tex.decode().partition("Jacobians between")[0]
    maths = re.findall(r"\\begin\{align\}.*?\\end\{align\}|\$[^$]*\$", body, re.DOTALL)
    print(f"maths of the LSTM's LaTeX: {sum(map(len, maths))} characters; goal 6000")
