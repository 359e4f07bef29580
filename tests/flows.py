"""Runs of random nets, and numbers near one another."""

from typing import Any

import numpy as np

from rnnsym.equations import System
from rnnsym.flow.run import Run, random_runs
from rnnsym.numeric.sizes import small_sizes
from rnnsym.system import build_system, read_model

T = 5


def system_of(text_: str, **sizes: int) -> System:
    return build_system(read_model(text_, sizes=sizes))


def run_of(system: System, seed: int = 1, **options: Any) -> Run:
    """Return the last layer of a run, forward where there are two directions."""
    runs = random_runs(system, small_sizes(system, T), seed=seed, **options)
    return next(run for run in runs if run.layer == runs[-1].layer and run.chain.block is
                runs[-1].chain.block)  # fmt: skip


def near(a: Any, b: Any, relative: float = 1e-9) -> bool:
    return bool(np.allclose(a, b, rtol=relative, atol=0.0))
