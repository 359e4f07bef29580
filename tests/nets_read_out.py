"""The nets written by hand with a readout and a loss, and their gradients by small changes."""

from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from rnnsym.expr import STEPS, TIME, Array, Node, size
from rnnsym.quiz.decimals import Place, Point, evaluate
from tests.nets_with_gradients import DELTAS, GATES, NETS, D, N, T

__all__ = ["Q", "T", "loss_of", "net", "right"]

Q = 5


def loss_of(values: dict[Any, Any], loss: str, at: str) -> float:
    total = 0.0
    for t in range(1, T + 1) if at == "every" else [T]:
        s, target = values["s", t], values["target", t]
        if loss == "squared":
            total += 0.5 * ((s - target) ** 2).sum()
        else:
            total -= float(np.log(np.exp(s) / np.exp(s).sum())[target.argmax()].item())
    return float(total)


@cache
def net(cell: str, loss: str, at: str) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Its values, and the gradient of its loss in everything."""
    rng = np.random.default_rng(11)
    shapes: dict[Any, tuple[int, int]] = {"V": (Q, N), "b_V": (Q, 1), ("h", 0): (N, 1)}
    for k in GATES[cell]:
        shapes |= {f"W{k}": (N, D), f"U{k}": (N, N), f"b{k}": (N, 1)}
    shapes |= {("x", t): (D, 1) for t in range(T + 2)}
    shapes |= {("c", 0): (N, 1)} if cell == "lstm" else {}
    given = {key: rng.uniform(-0.9, 0.9, shape) for key, shape in shapes.items()}
    targets = {("target", t): rng.uniform(-0.9, 0.9, (Q, 1)) for t in range(1, T + 1)}
    if loss == "cross-entropy":
        targets = {key: np.eye(Q)[:, [key[1]]] for key in targets}
    shapes |= {(name, t): (N, 1) for name in DELTAS[cell] for t in range(1, T + 1)}
    shapes |= {("s", t): (Q, 1) for t in range(1, T + 1)}

    def run(add: dict[Any, Any]) -> dict[Any, Any]:
        v = NETS[cell](given, add) | targets
        for t in range(1, T + 1):
            v["s", t] = v["V"] @ v["h", t] + v["b_V"] + add.get(("s", t), 0)
        return v

    gradients: dict[Any, Any] = {}
    for key, shape in shapes.items():
        gradients[key] = np.zeros(shape)
        for index in np.ndindex(shape):
            step = np.zeros(shape)
            step[index] = 1e-5
            up, down = (loss_of(run({key: sign * step}), loss, at) for sign in (1, -1))
            gradients[key][index] = (up - down) / 2e-5
    return run({}), gradients


def right(which: tuple[str, str, str], target: Array, node: Node, time: int = 2) -> bool:
    """Whether an expression is the gradient that the left-hand side of a line stands for."""
    values, gradients = net(*which)

    def read(place: Place, _shape: object) -> Any:
        name, _, _, at = place
        plain = name.removeprefix("delta_")
        known = values if plain == name else gradients
        found = known[plain if at is None else (plain, at)]
        return tuple(tuple(Decimal(float(x)) for x in row) for row in found)

    numbers = ((TIME, time), (STEPS, T), (size("n"), N), (size("d"), D), (size("q"), Q))
    try:
        found = np.array(evaluate(node, Point(numbers, read)), dtype=float)
    except KeyError:  # a step that does not exist
        return False
    steps = {TIME: TIME * 0 + time, STEPS: TIME * 0 + T}
    at = None if target.time is None else int(target.time.xreplace(steps))
    name = target.name.removeprefix("delta_")
    wanted = gradients[name if at is None else (name, at)]
    return found.shape == wanted.shape and bool(np.max(np.abs(found - wanted)) < 1e-7)
