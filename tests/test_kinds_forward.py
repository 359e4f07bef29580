"""Forward kinds: every key against formulas written by hand here, every trap where it belongs."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest

from rnnsym.item import Blank, Choice, Item, Numeric, Part
from rnnsym.quiz import forward_items, forward_net, guard
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.forward_items import tolerance
from rnnsym.quiz.kinds import (
    cell_update,
    forward_affine,
    forward_bidirectional,
    forward_gates,
    forward_loss,
    forward_saturated,
    forward_stacked,
    forward_steps,
    missing_gate,
    reset_placement,
)
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.numbers import read_matrix

KINDS = {
    module.KIND.name: module.KIND
    for module in (
        cell_update, forward_affine, forward_bidirectional, forward_gates, forward_loss,
        forward_saturated, forward_stacked, forward_steps, missing_gate, reset_placement,
    )
}  # fmt: skip
EACH = 3
Arrays = dict[str, Any]
Step = Callable[[Arrays, Any, Arrays], Arrays]
HALF_UNIT = 0.0005001
BILLIONTH = Decimal("1e-9")


@cache
def items(kind: str, times: int = EACH) -> tuple[Item, ...]:
    """Some items about every subject of a kind."""
    known = KINDS[kind]
    return tuple(
        draw_item(known, subject, Draw(seed, f"test/{kind}"), ())
        for subject in known.subjects(())
        for seed in range(times)
    )


def given(item: Item) -> Arrays:
    """Return the numbers of the parameters, by name."""
    skipped = {"model", "convention", "asked", "arrangement", "loss", "loss at"}
    return {k: np.array(read_matrix(v), float) for k, v in item.parameters if k not in skipped}


def model(item: Item) -> str:
    return dict(item.parameters)["model"]


def blanks(part: Part) -> tuple[Blank, ...]:
    assert isinstance(part.response, Numeric)
    return part.response.blanks


def values(part: Part) -> list[float]:
    return [float(blank.value) for blank in blanks(part)]


def close(part: Part, *arrays: Any) -> bool:
    """Tell whether the answers are these arrays' entries, as they are rounded for print."""
    found = np.concatenate([np.ravel(a) for a in arrays])
    return found.shape == (len(values(part)),) and bool(
        np.all(np.abs(found - values(part)) < HALF_UNIT)
    )


def wrong(part: Part, name: str) -> list[float]:
    """Return what one misconception gives, in the order of the blanks."""
    return [float(w.value) for b in blanks(part) for w in b.wrong if w.misconception == name]


# Cells by hand


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def affine(p: Arrays, gate: str, x: Any, h: Any, w: str = "W", u: str = "U") -> Any:
    return p[f"{w}_{gate}"] @ x + p[f"{u}_{gate}"] @ h + p[f"b_{gate}"]


def vanilla(p: Arrays, x: Any, s: Arrays) -> Arrays:
    return {"h": np.tanh(p["W"] @ x + p["U"] @ s["h"] + p["b"])}


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
    "vanilla": vanilla, "mingru": mingru, "mgu": mgu, "ugrnn": ugrnn, "gru": gru,
    "gru-reset-after": gru_after, "lstm": lstm, "lstm-peephole": peephole,
    "lstm-coupled": coupled, "lstm-1997": without_forget, "lstm-projection": projected,
    "jordan": jordan,
}  # fmt: skip
STATES = {"lstm-projection": ("r", "c"), "jordan": ("y",)}


def states(cell: str) -> tuple[str, ...]:
    return STATES.get(cell, ("h", "c") if cell.startswith("lstm") else ("h",))


def unrolled(cell: str, p: Arrays, steps: int) -> list[Arrays]:
    state = {name: p[f"{name}[0]"] for name in states(cell)}
    found: list[Arrays] = []
    for t in range(1, steps + 1):
        found.append(CELLS[cell](p, p[f"x[{t}]"], state))
        state = found[-1]
    return found


# Keys


@pytest.mark.parametrize("kind", list(KINDS))
def test_items_are_fair(kind: str) -> None:
    for item in items(kind):
        assert guard.check(item) == ()
        assert item.kind == kind
        assert item.topic == "forward"
        for place, part in enumerate(item.parts):
            assert part.stem
            assert part.solution
            assert all(before < place for before in part.carries)
            if isinstance(part.response, Numeric):
                assert sum(mark.points for mark in part.scheme) == part.marks
                assert {mark.kind for mark in part.scheme} == {"M", "A"}


def test_a_part_for_every_gate() -> None:
    for item in items("forward_gates"):
        [found] = unrolled(model(item), given(item), 1)
        assert len(item.parts) == len(found)
        for part, (name, value) in zip(item.parts, by_print(item, found), strict=True):
            assert close(part, value), (model(item), name)
        assert item.parts[-1].carries


def by_print(item: Item, found: Arrays) -> Iterator[tuple[str, Any]]:
    """The arrays in the order in which the parts ask them."""
    names = {"c̃": "g", "h̃": "g"}
    for part in item.parts:
        name = printed(blanks(part)[0].label).removesuffix("₁")
        yield name, found[names.get(name, name)]


def test_states_of_several_steps() -> None:
    for item in items("forward_steps"):
        cell = model(item)
        found = unrolled(cell, given(item), len(item.parts))
        assert len(item.parts) == (3 if cell == "vanilla" else 2)
        for part, step in zip(item.parts, found, strict=True):
            order = [n for n in step if n in states(cell)]
            assert close(part, *(step[n] for n in order)), cell
        assert [part.carries for part in item.parts[1:]] == [(k,) for k in range(len(found) - 1)]


def test_a_later_step_starts_from_the_one_before() -> None:
    for item in items("forward_steps"):
        if model(item) != "vanilla":
            continue
        p = given(item)
        [_, second, _] = item.parts
        forgotten = vanilla(p, p["x[2]"], {"h": p["h[0]"] * 0})["h"]
        first = vanilla(p, p["x[2]"], {"h": p["h[0]"]})["h"]
        assert abs(wrong(second, "state not carried on")[0] - forgotten[0, 0]) < HALF_UNIT
        assert abs(wrong(second, "initial state used again")[0] - first[0, 0]) < HALF_UNIT
        assert wrong(second, "first input used again")


def chained(cell: str, p: Arrays, tag: str, inputs: list[Any], start: str) -> list[Any]:
    """The states of one chain or layer, its weights and start told from others by a tag."""
    own = {k.removesuffix(tag): v for k, v in p.items() if k.endswith(tag)}
    state = p[start]
    found: list[Any] = []
    for x in inputs:
        state = CELLS[cell](own, x, {"h": state})["h"]
        found.append(state)
    return found


def test_stacked_layers() -> None:
    for item in items("forward_stacked", 8):
        p, cell = given(item), model(item).removesuffix("*2")
        inputs = [p["x[1]"], p["x[2]"]]
        lower = chained(cell, p, "[1]", inputs, "h[1,0]")
        upper = chained(cell, p, "[2]", lower, "h[2,0]")
        for part, state in zip(item.parts, (*lower, *upper), strict=True):
            assert close(part, state)
        skipped = chained(cell, p, "[2]", inputs, "h[2,0]")
        reads = wrong(item.parts[2], "upper layer reads the input")
        assert abs(reads[0] - skipped[0][0, 0]) < HALF_UNIT
        assert [part.carries for part in item.parts] == [(), (0,), (0,), (1, 2)]


MERGES: Mapping[str, Callable[[Any, Any], Any]] = {
    "concat": lambda a, b: np.concatenate([a, b]),
    "sum": lambda a, b: a + b,
    "mean": lambda a, b: (a + b) / 2,
}


def test_both_directions_are_aligned() -> None:
    for item in items("forward_bidirectional", 6):
        p = given(item)
        cell, _, named = model(item).removeprefix("bi(").removesuffix(")").partition(", ")
        merge = MERGES[named or "concat"]
        inputs = [p[f"x[{t}]"] for t in (1, 2, 3)]
        right = chained(cell, p, "_fwd", inputs, "h_fwd[0]")
        reading = chained(cell, p, "_bwd", inputs[::-1], "h_bwd[4]")
        left = reading[::-1]
        both, back, merged = item.parts
        assert close(both, *right)
        assert close(back, *left)
        assert close(merged, merge(right[0], left[0]), merge(right[2], left[2]))
        assert merged.carries == (0, 1)
        trap = wrong(merged, "backward list left in reading order")
        turned = np.concatenate([merge(right[0], reading[0]), merge(right[2], reading[2])]).ravel()
        assert trap
        assert all(np.min(np.abs(turned - value)) < HALF_UNIT for value in trap)
        from_left = chained(cell, p, "_bwd", inputs, "h_bwd[4]")
        for value in wrong(back, "backward chain run from the left"):
            assert min(abs(value - state[0, 0]) for state in from_left) < HALF_UNIT


def test_losses() -> None:
    seen: set[tuple[str, str]] = set()
    for item in items("forward_loss"):
        p, cell = given(item), model(item).partition(",")[0]
        asked = dict(item.parameters)
        seen.add((asked["loss"], asked["loss at"]))
        steps = 1 if asked["loss"] == "cross-entropy" else 2
        found = unrolled(cell, p, steps)
        scores = [p["V"] @ step["h"] + p["b_V"] for step in found]
        if asked["loss"] == "cross-entropy":
            powers = np.exp(scores[0])
            share = powers / powers.sum()
            assert close(item.parts[-2], share)
            loss = -np.log(share[p["target[1]"] == 1])
            [tenth] = wrong(item.parts[-1], "logarithm to base 10")
            assert abs(tenth - loss[0] / np.log(10)) < HALF_UNIT
        else:
            times = (1, 2) if asked["loss at"] == "every" else (2,)
            loss = np.sum([0.5 * (scores[t - 1] - p[f"target[{t}]"]) ** 2 for t in times], axis=0)
            [doubled] = wrong(item.parts[-1], "½ forgotten")
            assert abs(doubled - 2 * loss[0, 0]) < HALF_UNIT
            assert bool(wrong(item.parts[-1], "last step only")) == (len(times) == 2)
        assert close(item.parts[-1], loss)
    assert len(seen) == 3


UPDATES: Mapping[str, Callable[[Arrays, Arrays], Any]] = {
    "gru": lambda p, gate: (1 - gate["z"]) * p["h[0]"] + gate["z"] * p["g[1]"],
    "ugrnn": lambda p, gate: gate["z"] * p["h[0]"] + (1 - gate["z"]) * p["g[1]"],
    "mgu": lambda p, gate: (1 - gate["f"]) * p["h[0]"] + gate["f"] * p["g[1]"],
    "lstm": lambda p, gate: gate["f"] * p["c[0]"] + gate["i"] * p["g[1]"],
    "lstm-coupled": lambda p, gate: gate["f"] * p["c[0]"] + (1 - gate["f"]) * p["g[1]"],
    "lstm-1997": lambda p, gate: p["c[0]"] + gate["i"] * p["g[1]"],
}
LIKE = {"gru-reset-after": "gru", "mingru": "gru", "lstm-peephole": "lstm",
        "lstm-projection": "lstm"}  # fmt: skip


def updated(item: Item, gates: Arrays) -> Any:
    return UPDATES[LIKE.get(model(item), model(item))](given(item), gates)


def gates_of(item: Item) -> Arrays:
    return {name.removesuffix("[1]"): value for name, value in given(item).items()}


def test_update_is_entry_by_entry() -> None:
    for item in items("cell_update"):
        assert close(item.parts[0], updated(item, gates_of(item)))
        assert {w.misconception for b in blanks(item.parts[0]) for w in b.wrong} >= {
            "⊙ read as a matrix product", "initial state ignored"}  # fmt: skip


def test_saturated_gates_are_bits() -> None:
    for item in items("forward_saturated"):
        bits = {
            name.removeprefix("a_"): np.where(value > 0, 1.0, 0.0)
            for name, value in gates_of(item).items()
        }
        assert close(item.parts[0], updated(item, bits))
        assert all(
            len(np.unique(bits[gate])) == 2 for gate in bits if f"a_{gate}" in gates_of(item)
        )
        assert item.minutes <= 6


def test_the_gate_found_gives_the_state() -> None:
    for item in items("missing_gate", 6):
        asked, gates = dict(item.parameters)["asked"], gates_of(item)
        [value] = values(item.parts[0])
        drawn, back = updated(item, gates), updated(item, {**gates, asked: value})
        assert np.max(np.abs(drawn - back)) < 1e-12
        assert abs(value - gates[asked][0, 0]) < 1e-12
        told = [text for block in item.stem for text in shown_numbers(block)]
        assert f"{asked}[1]" not in told
        assert told


def shown_numbers(block: Any) -> list[str]:
    """The names of the arrays whose numbers a paragraph tells."""
    return [str(part.sides[0]) for part in getattr(block, "content", ()) if hasattr(part, "sides")]


def test_affine_map_and_gate() -> None:
    for item in items("forward_affine", 2):
        p, asked = given(item), dict(item.parameters)["asked"]
        weights = next(k.removeprefix("W").removeprefix("_") for k in p if k.startswith("W"))
        tag = f"_{weights}" if weights else ""
        state = next(v for k, v in p.items() if k.endswith("[0]") and k[0] in "hry")
        inner = p[f"W{tag}"] @ p["x[1]"] + p[f"U{tag}"] @ state + p.get(f"b{tag}", 0)
        if "p" + tag in p:
            inner = inner + p["p" + tag] * p["c[0]"]
        assert close(item.parts[0], inner), (model(item), asked)
        outer = sigmoid(inner) if asked in set("fizory") else np.tanh(inner)
        assert close(item.parts[1], outer), (model(item), asked)
        columns = p[f"W{tag}"].T @ p["x[1]"] + inner - p[f"W{tag}"] @ p["x[1]"]
        found = wrong(item.parts[0], "matrix read by columns")
        assert any(np.min(np.abs(columns - value)) < HALF_UNIT for value in found)
        assert item.parts[1].carries == (0,)


def test_reset_before_and_after() -> None:
    for item in items("reset_placement", 6):
        p = given(item)
        gate = p["r[1]"] if "r[1]" in p else p["f[1]"]
        before = p["W_h"] @ p["x[1]"] + p["U_h"] @ (gate * p["h[0]"]) + p["b_h"]
        after = p["W_h"] @ p["x[1]"] + gate * (p["U_h"] @ p["h[0]"]) + p["b_h"]
        pair = [before, after]
        if model(item) == "gru-reset-after":
            pair = [after + gate * p["b_u"], before + p["b_u"]]
        assert close(item.parts[0], pair[0]), model(item)
        assert close(item.parts[1], pair[1]), model(item)
        choice = item.parts[2].response
        assert isinstance(choice, Choice)
        [right] = [printed(o.content) for o in choice.options if o.correct]
        assert "is diagonal" in right


# Rounding


def by_three(number: Any) -> Any:
    return np.rint(number * 1000) / 1000


def test_a_small_answer_may_be_two_units_off() -> None:
    assert tolerance(Decimal("0.020")) == tolerance(Decimal("0.000")) == Decimal("0.002")
    assert tolerance(Decimal("-1.250")) == Decimal("0.013")


def test_rounding_on_the_way_is_accepted() -> None:
    for item in items("forward_steps"):
        if model(item) != "gru":
            continue
        p = given(item)
        h: Any = p["h[0]"]
        for t, part in enumerate(item.parts, 1):
            x = p[f"x[{t}]"]
            r, z = by_three(sigmoid(affine(p, "r", x, h))), by_three(sigmoid(affine(p, "z", x, h)))
            g = by_three(np.tanh(affine(p, "h", x, r * h)))
            h = by_three((1 - z) * h + z * g)
            assert blanks(part)[0].accepts(Decimal(str(h[0, 0])))


def test_tolerance_rejects_every_misconception() -> None:
    for kind in KINDS:
        for item in items(kind):
            for part in item.parts:
                if not isinstance(part.response, Numeric):
                    continue
                for blank in part.response.blanks:
                    assert blank.tolerance == tolerance(blank.value)
                    assert not any(blank.accepts(w.value) for w in blank.wrong)
                    assert all(w.why for w in blank.wrong)


@pytest.mark.parametrize("kind", list(KINDS))
def test_parameters_give_the_item_again(kind: str) -> None:
    for item in items(kind)[:4]:
        assert KINDS[kind].make(item.parameters) == item


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_wrong_line_is_not_proven(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    item = items(kind)[0]
    module = missing_gate if kind == "missing_gate" else forward_items
    right = forward_net.run

    def off(rows: Any, known: Any, *args: Any, **named: Any) -> Any:
        """Every line a billionth too large, which no rounding shows."""
        found = right(rows, known, *args, **named)
        return {
            place: matrix
            if place in known
            else tuple(tuple(e + BILLIONTH for e in r) for r in matrix)
            for place, matrix in found.items()
        }

    monkeypatch.setattr(module, "run", off)
    with pytest.raises(guard.Unfair, match=r"oracle|not exact"):
        KINDS[kind].make(item.parameters)
