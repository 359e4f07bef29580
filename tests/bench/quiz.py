"""Quizzes: items a second of each kind, a long paper as JSON, papers of a roster as Moodle XML.

Rates are taken in CPU seconds, so that other programs at work count little; of several runs, the
least.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from rnnsym.errors import InputError
from rnnsym.export.quiz.json import item_json
from rnnsym.quiz.drawing import series
from rnnsym.quiz.registry import Kind, kind_names, load_kind
from rnnsym.quiz.selection import Selection

__all__ = ["Rate", "main", "rate_of"]

FIRST, BATCH, BATCHES = 30, 20, 4
"""Items that set a kind up, then items timed together, so often."""
GOAL = 250
ITEMS = 10_000
PAPERS = (100, 1000)
JOBS = (1, 2)
RUNS = 2

Rate = tuple[float, tuple[float, float]]
"""Items a second in the middle batch, and in the slowest and the fastest one."""


def rate_of(kind: Kind, seed: int = 0) -> Rate | None:
    """Return how fast items of a kind are made, proven and written; None where there are few."""
    items = series(kind, Selection((kind,)), seed)
    found: list[float] = []
    with suppress(InputError):  # a subject has run out
        json.dumps([item_json(item) for item in islice(items, FIRST)])
        for _ in range(BATCHES):
            start = time.process_time()
            made = [item_json(item) for item in islice(items, BATCH)]
            json.dumps(made)
            if len(made) == BATCH:
                found.append(BATCH / (time.process_time() - start))
    return (statistics.median(found), (min(found), max(found))) if found else None


def run(folder: Path, *options: str) -> tuple[float, float, float]:
    """Return CPU seconds, seconds and peak MB of ``rnnsym quiz generate``.

    The seconds of all its processes count together, the peak is that of the largest one.
    """
    command = (sys.executable, "-m", "rnnsym", "quiz", "generate", "--force", *options)
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--out", str(folder / "out")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # what the format cannot carry, many times over
    )
    _, status, used = os.wait4(process.pid, 0)
    taken = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, taken, used.ru_maxrss / 1024


def _kinds(names: Sequence[str]) -> None:
    rates = {name: rate_of(load_kind(name)) for name in names}
    known = sorted((rate, name) for name, rate in rates.items() if rate is not None)
    mean = statistics.harmonic_mean([rate[0] for rate, _ in known])
    slow = [(rate, name) for rate, name in known if rate[0] < GOAL]
    print(f"{len(known)} kinds in turn, set up: {mean:.0f} items a second; goal {GOAL} a core")
    print(f"{len(slow)} kinds below {GOAL} a second (batches of {BATCH}, slowest–fastest):")
    for (middle, (low, high)), name in slow:
        print(f"  {name}: {middle:.0f} ({low:.0f}–{high:.0f})")


def _papers(folder: Path) -> None:
    for jobs in JOBS:
        options = ("-n", str(ITEMS), "--format", "json", "--jobs", str(jobs))
        cpu, wall, peak = map(min, zip(*(run(folder, *options) for _ in range(RUNS)), strict=True))
        print(f"{ITEMS} items to JSON, --jobs {jobs}: {cpu:.1f} s CPU, {wall:.1f} s, "
              f"peak {peak:.0f} MB; goal 20 s with two processes")  # fmt: skip
    for jobs in JOBS:
        peaks: list[float] = []
        for number in PAPERS:
            roster = folder / f"{number}.csv"
            rows = "".join(f"s{i},Student {i}\n" for i in range(number))
            roster.write_text(f"id,name\n{rows}", encoding="utf-8")
            options = ("--roster", str(roster), "--format", "moodle", "--jobs", str(jobs))
            cpu, taken, peak = run(folder, *options)
            peaks.append(peak)
            print(f"{number} papers of 10 to Moodle XML, --jobs {jobs}: {cpu:.1f} s CPU, "
                  f"{taken:.1f} s")  # fmt: skip
        few, many = PAPERS
        print(f"peak memory: {peaks[0]:.0f} MB for {few} papers, {peaks[1]:.0f} MB for {many}: "
              f"{peaks[1] / peaks[0]:.2f} ×; goals 20 s with two processes, 1 ×")  # fmt: skip


def main(arguments: Sequence[str] = ()) -> None:
    """Print the rates of the kinds named; of all kinds, and of long papers, where none is."""
    _kinds(arguments or kind_names())
    if not arguments:
        with TemporaryDirectory() as name:
            _papers(Path(name))
