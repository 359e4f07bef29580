"""Cells written by hand as textbooks have them, and chains of them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Arrays = dict[str, Any]
Step = Callable[[Arrays, Any, Arrays], Arrays]


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def affine(p: Arrays, gate: str, x: Any, h: Any, w: str = "W", u: str = "U") -> Any:
    return p[f"{w}_{gate}"] @ x + p[f"{u}_{gate}"] @ h + p[f"b_{gate}"]


def vanilla(p: Arrays, x: Any, s: Arrays) -> Arrays:
    return {"h": np.tanh(p["W"] @ x + p["U"] @ s["h"] + p["b"])}


def logistic(p: Arrays, x: Any, s: Arrays) -> Arrays:
    return {"h": sigmoid(p["W"] @ x + p["U"] @ s["h"] + p["b"])}


def mingru(p: Arrays, x: Any, s: Arrays) -> Arrays:
    z = sigmoid(p["W_z"] @ x + p["b_z"])
    g = p["W_h"] @ x + p["b_h"]
    return {"z": z, "g": g, "h": (1 - z) * s["h"] + z * g}


def mgu(p: Arrays, x: Any, s: Arrays) -> Arrays:
    f = sigmoid(affine(p, "f", x, s["h"]))
    g = np.tanh(affine(p, "h", x, f * s["h"]))
    return {"f": f, "g": g, "h": (1 - f) * s["h"] + f * g}


def ugrnn(p: Arrays, x: Any, s: Arrays) -> Arrays:
    g, z = np.tanh(affine(p, "h", x, s["h"])), sigmoid(affine(p, "z", x, s["h"]))
    return {"g": g, "z": z, "h": z * s["h"] + (1 - z) * g}


def gru(p: Arrays, x: Any, s: Arrays) -> Arrays:
    r, z = sigmoid(affine(p, "r", x, s["h"])), sigmoid(affine(p, "z", x, s["h"]))
    g = np.tanh(affine(p, "h", x, r * s["h"]))
    return {"r": r, "z": z, "g": g, "h": (1 - z) * s["h"] + z * g}


def gru_after(p: Arrays, x: Any, s: Arrays) -> Arrays:
    r, z = sigmoid(affine(p, "r", x, s["h"])), sigmoid(affine(p, "z", x, s["h"]))
    u = p["U_h"] @ s["h"] + p["b_u"]
    g = np.tanh(p["W_h"] @ x + r * u + p["b_h"])
    return {"r": r, "z": z, "u": u, "g": g, "h": (1 - z) * s["h"] + z * g}


def lstm(p: Arrays, x: Any, s: Arrays) -> Arrays:
    f, i, o = (sigmoid(affine(p, gate, x, s["h"])) for gate in "fio")
    g = np.tanh(affine(p, "c", x, s["h"]))
    c = f * s["c"] + i * g
    return {"f": f, "i": i, "g": g, "c": c, "o": o, "h": o * np.tanh(c)}


def peephole(p: Arrays, x: Any, s: Arrays) -> Arrays:
    f, i = (sigmoid(affine(p, k, x, s["h"]) + p[f"p_{k}"] * s["c"]) for k in "fi")
    g = np.tanh(affine(p, "c", x, s["h"]))
    c = f * s["c"] + i * g
    o = sigmoid(affine(p, "o", x, s["h"]) + p["p_o"] * c)
    return {"f": f, "i": i, "g": g, "c": c, "o": o, "h": o * np.tanh(c)}


def coupled(p: Arrays, x: Any, s: Arrays) -> Arrays:
    f, o = (sigmoid(affine(p, k, x, s["h"])) for k in "fo")
    g = np.tanh(affine(p, "c", x, s["h"]))
    c = f * s["c"] + (1 - f) * g
    return {"f": f, "g": g, "c": c, "o": o, "h": o * np.tanh(c)}


def without_forget(p: Arrays, x: Any, s: Arrays) -> Arrays:
    i, o = (sigmoid(affine(p, k, x, s["h"])) for k in "io")
    g = np.tanh(affine(p, "c", x, s["h"]))
    c = s["c"] + i * g
    return {"i": i, "g": g, "c": c, "o": o, "h": o * np.tanh(c)}


def projected(p: Arrays, x: Any, s: Arrays) -> Arrays:
    f, i, o = (sigmoid(affine(p, gate, x, s["r"])) for gate in "fio")
    g = np.tanh(affine(p, "c", x, s["r"]))
    c = f * s["c"] + i * g
    m = o * np.tanh(c)
    return {"f": f, "i": i, "g": g, "c": c, "o": o, "m": m, "r": p["W_r"] @ m}


def jordan(p: Arrays, x: Any, s: Arrays) -> Arrays:
    h = np.tanh(affine(p, "h", x, s["y"]))
    return {"h": h, "y": sigmoid(p["W_y"] @ h + p["b_y"])}


CELLS: Mapping[str, Step] = {
    "vanilla": vanilla, "logistic-rnn": logistic, "mingru": mingru, "mgu": mgu, "ugrnn": ugrnn,
    "gru": gru, "gru-reset-after": gru_after, "lstm": lstm, "lstm-peephole": peephole,
    "lstm-coupled": coupled, "lstm-1997": without_forget, "lstm-projection": projected,
    "jordan": jordan,
}  # fmt: skip
STATES = {"lstm-projection": ("r", "c"), "jordan": ("y",)}


def states(cell: str) -> tuple[str, ...]:
    return STATES.get(cell, ("h", "c") if cell.startswith("lstm") else ("h",))


def unrolled(
    cell: str, p: Arrays, steps: int, only: Mapping[int, Arrays] | None = None
) -> list[Arrays]:
    """Return what each step makes; ``only`` has other weights for some steps."""
    state = {name: p[f"{name}[0]"] for name in states(cell)}
    found: list[Arrays] = []
    for t in range(1, steps + 1):
        found.append(CELLS[cell]((only or {}).get(t, p), p[f"x[{t}]"], state))
        state = found[-1]
    return found


def chained(cell: str, p: Arrays, tag: str, inputs: list[Any], start: str) -> list[Any]:
    """The states of one chain or layer, its weights and start told from others by a tag."""
    own = {k.removesuffix(tag): v for k, v in p.items() if k.endswith(tag)}
    state = p[start]
    found: list[Any] = []
    for x in inputs:
        state = CELLS[cell](own, x, {"h": state})["h"]
        found.append(state)
    return found
