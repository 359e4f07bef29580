"""Generated NumPy against NumPy tuned by hand and against PyTorch's autograd, in one process.

Run by ``python -m tests.bench code``, with any of its cells, hidden sizes, batches and dtypes:
``python -m tests.bench code gru n=8,32 B=1 float32``. Pairs are timed in turn, A B A B …, on the
one thread that ``tests.bench`` allows every library.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from rnnsym.code.module import module_source
from rnnsym.system import read_model
from tests.bench import hand

__all__ = ["CELLS", "Size", "Task", "main"]

STEPS, SECONDS, FEWEST = 50, 1.5, 15
Floats: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Action: TypeAlias = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell under test: its model and convention, and its gates in the order of the stack."""

    model: str
    convention: str
    gates: tuple[str, ...]
    states: tuple[str, ...]
    torch: str


CELLS = {
    "lstm": Cell("lstm", "textbook", ("o", "i", "f", "c"), ("h", "c"), "LSTM"),
    "gru": Cell("gru", "textbook", ("r", "z", "h"), ("h",), ""),
    "gru-after": Cell("gru", "pytorch", ("r", "z", "n"), ("h",), "GRU"),
}


@dataclass(frozen=True, slots=True)
class Size:
    """Hidden size (and input size), batch and dtype."""

    n: int
    batch: int
    dtype: str

    def __str__(self) -> str:
        return f"n={self.n} B={self.batch} {self.dtype}"


class Task:
    """One cell at one size: the same weights and input for each contestant."""

    def __init__(self, cell: Cell, size: Size, seed: int = 0) -> None:
        self.cell, self.size, n = cell, size, size.n
        rng = np.random.default_rng(seed)

        def draw(*shape: int) -> Floats:
            drawn: Floats = rng.standard_normal(shape) / np.sqrt(n)
            return drawn.astype(size.dtype)

        kinds = ("W_i", "W_h", "b_i", "b_h") if cell.convention == "pytorch" else ("W_", "U_", "b_")
        self.weights = {
            kind + gate: draw(n, 1 if kind[0] == "b" else n)
            for kind, gate in product(kinds, cell.gates)
        }
        self.stacked = [np.concatenate([self.weights[k + g] for g in cell.gates]) for k in kinds]
        self.x, self.dy = draw(STEPS, n, size.batch), draw(STEPS, n, size.batch)
        self.initial = {state: draw(n, size.batch) for state in cell.states}

    def generated(self) -> Action:
        """Return the emitted module's forward and backward pass."""
        module: dict[str, Any] = {"__name__": "emitted"}
        model = read_model(self.cell.model, convention=self.cell.convention)
        exec(compile(module_source(model), "emitted.py", "exec"), module)
        p = module["weights"](self.weights, np.dtype(self.size.dtype))

        def run() -> Any:
            y, _, cache = module["forward"](p, self.x, self.initial)
            return y, module["backward"](cache, self.dy)

        return run

    def by_hand(self) -> Action:
        """Return the program tuned by hand."""
        functions: dict[str, Callable[..., Any]] = {
            "lstm": hand.lstm, "textbook": hand.gru, "pytorch": hand.gru_after
        }  # fmt: skip
        run = functions.get(self.cell.model) or functions[self.cell.convention]
        arguments = (*self.stacked, self.x, self.dy, *self.initial.values())
        return lambda: run(*arguments)

    def torch(self) -> Action:
        """Return nn.LSTM or nn.GRU with autograd."""
        torch: Any = import_module("torch")
        torch.set_num_threads(1)
        n = self.size.n
        net: Any = getattr(torch.nn, self.cell.torch or "GRU")(n, n)
        net = net.to(getattr(torch, self.size.dtype))

        def tensor(array: Floats) -> Any:
            rows = np.ascontiguousarray(array.swapaxes(-1, -2))
            return torch.from_numpy(rows).requires_grad_()

        x, dy = tensor(self.x), tensor(self.dy).detach()
        initial = [tensor(v[None]) for v in self.initial.values()]
        state = tuple(initial) if len(initial) > 1 else initial[0]
        leaves = [*net.parameters(), x, *initial]
        return lambda: torch.autograd.grad(net(x, state)[0], leaves, dy)


def interleaved(ours: Action, theirs: Action) -> tuple[list[float], list[float]]:
    """Time two actions in turn, A B A B …: milliseconds of the process, a list for each."""
    found: tuple[list[float], list[float]] = ([], [])
    ours()
    theirs()
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(found[0]) < FEWEST:
        for times, action in zip(found, (ours, theirs), strict=True):
            start = time.process_time()
            action()
            times.append(1000 * (time.process_time() - start))
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the median and the quartiles of the paired ratios, and the ratio of the minima."""
    pairs = [a / b for a, b in zip(ours, theirs, strict=True)]
    low, middle, high = statistics.quantiles(pairs, n=4)
    return f"{middle:.2f} (quartiles {low:.2f}–{high:.2f}, minima {min(ours) / min(theirs):.2f})"


def chosen(arguments: Sequence[str]) -> Iterator[tuple[str, Size]]:
    """Yield the cells and sizes that the arguments choose; all where they say nothing."""
    names = [a for a in arguments if a in CELLS] or list(CELLS)
    dtypes = [a for a in arguments if a.startswith("float")] or ["float64", "float32"]
    numbers = dict(a.split("=") for a in arguments if "=" in a)
    widths = [int(n) for n in numbers.get("n", "8,32,128,512").split(",")]
    batches = [int(b) for b in numbers.get("B", "1,32").split(",")]
    for name, dtype, batch, n in product(names, dtypes, batches, widths):
        yield name, Size(n, batch, dtype)


def main(arguments: Sequence[str] = ()) -> None:
    """Print, for each cell and size, the ratios and what a step takes."""
    with_torch = find_spec("torch") is not None
    print(f"forward + backward, T = {STEPS}, one thread; goals: by hand 1.05, PyTorch below 1"
          " (its float32 LSTM may stay ahead)")  # fmt: skip
    for name, size in chosen(arguments):
        task = Task(CELLS[name], size)
        ours, rivals = task.generated(), {"by hand": task.by_hand()}
        if with_torch:
            rivals["PyTorch"] = task.torch()
        print(f"{name} {size}", end="", flush=True)
        for rival, theirs in rivals.items():  # in pairs: each follows the other, none a third
            figures = interleaved(ours, theirs)
            step = 1000 * statistics.median(figures[0]) / STEPS
            print(f"; {step:.1f} µs a step ÷ {rival} {ratio(*figures)}", end="", flush=True)
        print()
