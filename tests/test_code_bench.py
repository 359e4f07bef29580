"""What the bench times computes the same: generated NumPy, NumPy tuned by hand, PyTorch."""

from typing import Any

import numpy as np
import pytest

from tests.bench.code import CELLS, Size, Task, chosen
from tests.conftest import framework

SIZES = (Size(4, 1, "float64"), Size(6, 3, "float64"), Size(96, 64, "float64"))


def error(a: Any, b: Any) -> float:
    assert np.shape(a) == np.shape(b)
    return float(np.max(np.abs(a - b)) / max(1.0, float(np.max(np.abs(b)))))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", CELLS)
def test_the_contestants_agree(name: str, size: Size) -> None:
    task = Task(CELLS[name], size)
    y, (gradients, dx, initial) = task.generated()()
    by_hand = iter(task.by_hand()())
    assert error(next(by_hand), y) <= 1e-12
    gates = len(task.cell.gates)
    names = list(task.weights)
    for first in range(0, len(names), gates):
        stacked = np.concatenate([gradients[k] for k in names[first : first + gates]])
        assert error(next(by_hand), stacked) <= 1e-12, names[first]
    assert error(next(by_hand), dx) <= 1e-12
    for state in task.cell.states:
        assert error(next(by_hand), initial[state]) <= 1e-12, state
    assert next(by_hand, None) is None


@pytest.mark.parametrize("name", CELLS)
def test_pytorch_returns_as_many_gradients(name: str) -> None:
    framework("torch")
    task = Task(CELLS[name], SIZES[1])
    *_, dx, first = task.torch()()[: 4 + 2]
    assert dx.shape == (50, 3, 6)
    assert first.shape == (1, 3, 6)


def test_a_choice_narrows_the_sizes() -> None:
    assert [(n, str(s)) for n, s in chosen(["gru", "n=8,32", "B=1", "float32"])] == [
        ("gru", "n=8 B=1 float32"),
        ("gru", "n=32 B=1 float32"),
    ]
    assert len(list(chosen([]))) == 3 * 16
