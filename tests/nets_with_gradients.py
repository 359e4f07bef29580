"""A vanilla net and an LSTM written by hand, and their gradients by small changes."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from rnnsym.expr import STEPS, TIME, Array, Node, size
from rnnsym.quiz.decimals import Place, Point, evaluate
from tests.nets_by_hand import sigmoid

N, D, T = 3, 2, 4


def vanilla(p: dict[Any, Any], add: dict[Any, Any]) -> dict[Any, Any]:
    """Every value of four steps; ``add`` is added to an array as soon as it is computed."""
    v = {key: value + add.get(key, 0) for key, value in p.items()}
    for t in range(1, T + 1):
        a = v["W"] @ v["x", t] + v["U"] @ v["h", t - 1] + v["b"]
        v["a", t] = a + add.get(("a", t), 0)
        v["h", t] = np.tanh(v["a", t]) + add.get(("h", t), 0)
    return v


def lstm(p: dict[Any, Any], add: dict[Any, Any]) -> dict[Any, Any]:
    v = {key: value + add.get(key, 0) for key, value in p.items()}
    for t in range(1, T + 1):
        for gate, k in (("f", "f"), ("i", "i"), ("g", "c"), ("o", "o")):
            a = v[f"W_{k}"] @ v["x", t] + v[f"U_{k}"] @ v["h", t - 1] + v[f"b_{k}"]
            v[gate, t] = (np.tanh if gate == "g" else sigmoid)(a + add.get((gate, t), 0))
        c = v["f", t] * v["c", t - 1] + v["i", t] * v["g", t]
        v["c", t] = c + add.get(("c", t), 0)
        v["h", t] = v["o", t] * np.tanh(v["c", t]) + add.get(("h", t), 0)
    return v


GATES = {"vanilla": [""], "lstm": ["_f", "_i", "_c", "_o"]}
NETS: dict[str, Callable[..., dict[Any, Any]]] = {"vanilla": vanilla, "lstm": lstm}
DELTAS = {"vanilla": ["a", "h"], "lstm": ["f", "i", "g", "o", "c", "h"]}


@cache
def net(cell: str) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Its values, and the gradient of L = Σ Δᵀh in everything, by small changes."""
    rng = np.random.default_rng(7)
    shapes: dict[Any, tuple[int, int]] = {}
    for k in GATES[cell]:
        shapes |= {f"W{k}": (N, D), f"U{k}": (N, N), f"b{k}": (N, 1)}
    shapes |= {("h", 0): (N, 1), **{("x", t): (D, 1) for t in range(T + 2)}}
    shapes |= {("c", 0): (N, 1)} if cell == "lstm" else {}
    given = {key: rng.uniform(-0.9, 0.9, shape) for key, shape in shapes.items()}
    delta = {t: rng.uniform(-0.9, 0.9, (N, 1)) for t in range(1, T + 1)}
    shapes |= {(name, t): (N, 1) for name in DELTAS[cell] for t in range(1, T + 1)}

    def loss(add: dict[Any, Any]) -> float:
        values = NETS[cell](given, add)
        return float(sum((delta[t] * values["h", t]).sum() for t in delta))

    gradients: dict[Any, Any] = {}
    for key, shape in shapes.items():
        gradients[key] = np.zeros(shape)
        for index in np.ndindex(shape):
            step = np.zeros(shape)
            step[index] = 1e-5
            gradients[key][index] = (loss({key: step}) - loss({key: -step})) / 2e-5
    return NETS[cell](given, {}) | {("Delta", t): d for t, d in delta.items()}, gradients


def value(cell: str, node: Node, time: int = 2) -> Any:
    """What an expression gives in that net."""
    values, gradients = net(cell)

    def read(place: Place, _shape: object) -> Any:
        name, _, _, at = place
        known = gradients if name.startswith("delta_") else values
        plain = name.removeprefix("delta_")
        found = known[plain if at is None else (plain, at)]
        return tuple(tuple(Decimal(float(x)) for x in row) for row in found)

    numbers = ((TIME, time), (STEPS, T), (size("n"), N), (size("d"), D))
    return np.array(evaluate(node, Point(numbers, read)), dtype=float)


def true(cell: str, target: Array, time: int = 2) -> Any:
    """The gradient that a line's left-hand side stands for."""
    at = None if target.time is None else int(target.time.xreplace({TIME: TIME * 0 + time}))
    name = target.name.removeprefix("delta_")
    return net(cell)[1][name if at is None else (name, at)]


def right(cell: str, target: Array, node: Node) -> bool:
    try:
        found, wanted = value(cell, node), true(cell, target)
    except KeyError:  # a step before the first
        return False
    return found.shape == wanted.shape and bool(np.max(np.abs(found - wanted)) < 1e-7)
