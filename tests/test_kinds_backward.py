"""Questions with numbers about the backward pass, worked again by formulas of textbooks.

Over 300 lines: all kinds are worked by the same two recursions written by hand.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import chain, combinations
from math import tanh
from typing import Any

import numpy as np
import pytest

from rnnsym.api import generate_quiz as generate
from rnnsym.blocks import Equations
from rnnsym.item import Blank, Choice, Item, Numeric
from rnnsym.quiz import backward_clip, backward_proof, backward_slips, backward_walk, guard
from rnnsym.quiz.backward_draws import drawn, read
from rnnsym.quiz.backward_gates import gate_plan
from rnnsym.quiz.backward_numbers import unnoticed
from rnnsym.quiz.backward_plan import Setting, plan_of, run
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.numbers import read_matrix
from rnnsym.quiz.registry import load_kind
from tests.asked import mistakes
from tests.nets_by_hand import sigmoid

MANY = 40
Matrix = Any  # a NumPy array
ACTIVATIONS: dict[str, tuple[Callable[[Matrix], Matrix], Callable[[Matrix], Matrix]]] = {
    "vanilla": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "logistic-rnn": (sigmoid, lambda a: sigmoid(a) * (1 - sigmoid(a))),
    "relu-rnn": (lambda a: np.maximum(a, 0), lambda a: (a > 0) * 1.0),
    "linear": (lambda a: a, np.ones_like),
}
SLOPES: dict[str, Callable[[Matrix], Matrix]] = {
    "vanilla": lambda h: 1 - h * h,
    "logistic-rnn": lambda h: h * (1 - h),
}
"""Slopes as functions of the value."""


@cache
def items(kind: str, n: int = MANY) -> tuple[Item, ...]:
    return generate(n, 5, [kind])


def numbers(item: Item) -> dict[str, Matrix]:
    known = ("model", "convention", "T", "k", "arrangement", "loss_at", "sizes", "c")
    return {
        name: np.array(read_matrix(text), dtype=float)
        for name, text in item.parameters
        if name not in known
    }


def blanks(item: Item, part: int) -> dict[str, Blank]:
    response = item.parts[part].response
    assert isinstance(response, Numeric)
    return {printed(blank.label): blank for blank in response.blanks}


def by_hand(item: Item, *, last: bool = False, cut: int = 0, slopes: int = 0) -> dict[str, Matrix]:
    """Goodfellow, Bengio, Courville: the recursion over δ, then the sums over the steps.

    Slopes are taken of the state so many steps before.
    """
    given, values = numbers(item), dict(item.parameters)
    steps = int(values["T"])
    f, slope = ACTIVATIONS[values["model"]]
    weight, rec = given["W"], given["U"]
    bias = given.get("b", np.zeros((len(weight), 1)))
    h, a = {0: given["h[0]"]}, {}
    for t in range(1, steps + 1):
        a[t] = weight @ given[f"x[{t}]"] + rec @ h[t - 1] + bias
        h[t] = f(a[t])
    found: dict[str, Matrix] = {
        "∂L/∂W": 0 * weight, "∂L/∂U": 0 * rec, "∂L/∂b": 0 * bias
    }  # fmt: skip
    back = 0 * h[0]
    for t in range(steps, 0, -1):
        own = h[t] - given[f"target[{t}]"] if t == steps or not last else 0 * h[t]
        delta_h = own + back
        delta = delta_h * (slope(a[t]) if not slopes else SLOPES[values["model"]](h[t - slopes]))
        found[f"h{'₀₁₂₃'[t]}"] = h[t]
        found[f"δ_h{'₀₁₂₃'[t]}"] = delta_h
        found[f"∂L/∂x{'₀₁₂₃'[t]}"] = weight.T @ delta
        found["∂L/∂W"] = found["∂L/∂W"] + delta @ given[f"x[{t}]"].T
        found["∂L/∂U"] = found["∂L/∂U"] + delta @ h[t - 1].T
        found["∂L/∂b"] = found["∂L/∂b"] + delta
        back = rec.T @ delta
        if t == 1:
            found["∂L/∂h₀"] = back
        if cut and (t - 1) % cut == 0:
            back = 0 * back
    return found


def entry(found: dict[str, Matrix], label: str) -> float:
    place, _, name = label.rpartition(" of ")
    matrix = found[name]
    digits = [int(c) for c in place if c.isdigit()]
    i, j = (digits[0], digits[-1] if len(digits) > 1 else 1) if digits else (1, 1)
    return float(matrix[i - 1, j - 1])


def checked(item: Item, part: int, found: dict[str, Matrix]) -> None:
    for label, blank in blanks(item, part).items():
        true = entry(found, label)
        assert abs(float(blank.value) - true) <= 0.0011 + 0.005 * abs(true), (item.id, label)
        assert blank.accepts(Decimal(f"{true:.4f}"))


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_truncated", "bptt_bias"])
def test_no_state_nearly_meets_its_target(kind: str) -> None:
    """Nothing would come back from that step, and mistakes in it would not show."""
    for item in items(kind):
        given, found = numbers(item), by_hand(item)
        for name, aim in given.items():
            if name.startswith("target"):
                state = found[f"h{'₀₁₂₃'[int(name[-2])]}"]
                assert np.all(np.abs(state - aim) > 0.25 - 1e-9), (item.parameters, name)


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_input", "bptt_bias", "bptt_last_step"])
def test_the_slope_of_the_step_before_gives_no_answer(kind: str) -> None:
    bent = [item for item in items(kind) if dict(item.parameters)["model"] in SLOPES]
    assert bent
    for item in bent:
        for part in range(len(item.parts)):
            last = kind == "bptt_last_step" and part == 0
            right, found = by_hand(item, last=last), by_hand(item, last=last, slopes=1)
            for label, blank in blanks(item, part).items():
                wrong = entry(found, label)
                told = any(
                    abs(float(w.value) - wrong) < 0.0011 + 0.005 * abs(wrong) for w in blank.wrong
                )  # hints are worked with four decimals
                same = np.isclose(wrong, entry(right, label))
                assert same or told or len(blank.wrong) == 12, (item.id, label)
                assert same or not blank.accepts(round(Decimal(wrong), 3)), (item.id, label)


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_matrix", "bptt_input", "bptt_bias"])
def test_keys_follow_from_the_recursion(kind: str) -> None:
    for item in items(kind):
        found = by_hand(item)
        for part in range(len(item.parts)):
            checked(item, part, found)


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_matrix", "bptt_input", "bptt_bias"])
def test_no_zero_on_the_way_hides_what_it_is_multiplied_by(kind: str) -> None:
    for item in items(kind):
        if dict(item.parameters)["model"] != "relu-rnn":
            timed = {name: v for name, v in by_hand(item).items() if name[-1] in "₁₂₃"}
            way = (v for name, v in timed.items() if "x" not in name or kind == "bptt_input")
            assert all(np.all(value != 0) for value in way), item.id


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_input", "bptt_bias"])
def test_states_and_targets_of_logistic_units_are_values_that_they_take(kind: str) -> None:
    seen = [i for i in items(kind) if dict(i.parameters)["model"] == "logistic-rnn"]
    assert len(seen) >= 5
    for item in seen:
        given = {k: v for k, v in numbers(item).items() if k.startswith(("h[", "target["))}
        assert len(given) >= 3
        assert all(0 < value <= 1 for value in given.values()), item.id


def test_keys_with_one_loss_and_with_all() -> None:
    for item in items("bptt_last_step"):
        checked(item, 0, by_hand(item, last=True))
        checked(item, 1, by_hand(item))


def test_keys_full_and_truncated() -> None:
    for item in items("bptt_truncated"):
        checked(item, 0, by_hand(item))
        cut = by_hand(item, cut=int(dict(item.parameters)["k"]))
        checked(item, 1, {"g_U": cut["∂L/∂U"]})


@pytest.mark.parametrize(
    ("kind", "part", "said"),
    [("bptt_truncated", 1, "The loss sees it directly"), ("bptt_last_step", 0, "The path through")],
)
def test_what_is_left_out_is_left_out_where_it_is_alone(kind: str, part: int, said: str) -> None:
    """At a cut, and without a loss before the last step: then the last step alone is in the sum."""
    for item in items(kind):
        [blank] = blanks(item, part).values()
        told = [w for w in blank.wrong if "last step only" in w.misconception.split(", or ")]
        assert [said in printed(w.why) for w in told] == [True], item.id


def test_who_takes_the_other_matrix_back_is_told() -> None:
    for item in items("bptt_input"):
        v, found = numbers(item), by_hand(item)
        for part, name, other in ((0, "∂L/∂x₁", v["U"] / v["W"]), (1, "∂L/∂h₀", v["W"] / v["U"])):
            [blank] = blanks(item, part).values()
            told = [float(w.value) for w in blank.wrong if "another matrix" in w.misconception]
            true = float((found[name] * other)[0, 0])
            assert np.allclose(told, true, atol=0.0011, rtol=0.005), item.id
            assert told


def test_each_of_two_losses_is_the_mistake_for_the_other() -> None:
    for item in items("bptt_last_step"):
        [first], [second] = (blanks(item, part).values() for part in (0, 1))
        assert any(w.value == second.value for w in first.wrong)
        assert any(w.value == first.value for w in second.wrong)


def test_a_missing_path_that_looks_like_a_slip_of_sign_is_refused() -> None:
    kind = load_kind("gate_gradient")
    [coupled] = kind.subjects(["lstm-coupled"])
    drawn = {**dict(kind.draw(coupled, Draw(3, "sign"))), "c[2]": "-0.24", "g[3]": "-0.48"}
    with pytest.raises(guard.Unfair, match="turns the sign"):
        kind.make((*drawn.items(), ("arrangement", "1")))


def test_a_step_that_gives_minus_the_sum_is_refused() -> None:
    """Whoever forgets the other steps, and turns the sign of the error, would find the key."""
    subject = {"model": "linear", "convention": "textbook", "T": "2"}
    weights = {"W": "-0.5", "U": "0.5"}
    values = {"x[1]": "-3", "x[2]": "3", "h[0]": "-2", "target[1]": "2.5", "target[2]": "1.75"}
    kind = load_kind("bptt_last_step")
    with pytest.raises(guard.Unfair, match="turns the sign of dL/dU"):
        kind.make((*subject.items(), *weights.items(), *values.items()))
    values["h[0]"] = "4"
    assert kind.make((*subject.items(), *weights.items(), *values.items()))


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_bias", "bptt_last_step", "bptt_truncated"])
def test_no_step_gives_minus_the_sum(kind: str) -> None:
    for item in items(kind):
        for part in range(len(item.parts)):
            for label, blank in blanks(item, part).items():
                for w in blank.wrong if "∂L" in label else ():
                    one = {"last step only", "first step forgotten"} & {
                        *w.misconception.split(", or ")
                    }
                    assert not one or not blank.accepts(-w.value), (item.id, label)


def test_every_unit_is_on_at_one_step_at_least() -> None:
    for item in items("bptt_matrix"):
        if dict(item.parameters)["model"] != "relu-rnn":
            continue
        given = numbers(item)
        h1 = np.maximum(0, given["W"] @ given["x[1]"] + given["U"] @ given["h[0]"])
        h2 = np.maximum(0, given["W"] @ given["x[2]"] + given["U"] @ h1)
        assert np.all(h1 + h2 > 0)


EXACT = ("bptt_scalar", "bptt_input", "bptt_last_step", "bptt_truncated", "clip_value")


@pytest.mark.parametrize("kind", EXACT)
def test_where_nothing_is_rounded_no_other_answer_counts(kind: str) -> None:
    for item in items(kind):
        found = [b for part in range(len(item.parts)) for b in blanks(item, part).values()]
        plain = kind == "clip_value" or dict(item.parameters)["model"] in {"linear", "relu-rnn"}
        assert {blank.tolerance == 0 for blank in found} == {plain}


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_input", "bptt_bias"])
def test_no_answer_is_also_that_to_another_question(kind: str) -> None:
    for item in items(kind):
        found = [b for part in range(len(item.parts)) for b in blanks(item, part).values()]
        exact = [b.value for b in found if b.tolerance == 0]
        assert len(set(exact)) == len(exact)


def test_a_slip_names_the_line_that_it_is_made_in() -> None:
    for item in items("bptt_scalar"):
        for part in range(len(item.parts)):
            for blank in blanks(item, part).values():
                assert all(printed(w.why).startswith("In the line of ") for w in blank.wrong)


def gates_by_hand(item: Item) -> dict[str, Matrix]:
    """Greff et al. 2017 for the LSTM; the GRU's δ with z replacing, reset before the product."""
    v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
    if dict(item.parameters)["model"] == "lstm":
        f, i, g, o = v["f[3]"], v["i[3]"], v["g[3]"], v["o[3]"]
        c, dh = tanh(f * v["c[2]"] + i * g), v["delta_h[3]"]
        dc = dh * o * (1 - c * c) + v["delta_c[4]"] * v["f[4]"]
        found = {
            "δ_o₃": dh * c * o * (1 - o),
            "δ_f₃": dc * v["c[2]"] * f * (1 - f),
            "δ_i₃": dc * g * i * (1 - i),
            "δ_c̃₃": dc * i * (1 - g * g),
        }
    else:
        t = 4 if "h[3]" in v else 3
        r, z, g, old = v[f"r[{t}]"], v[f"z[{t}]"], v[f"g[{t}]"], v[f"h[{t - 1}]"]
        dh = v[f"delta_h[{t}]"]
        dg, dz = dh * z * (1 - g * g), dh * (g - old) * z * (1 - z)
        q = v["U_h"] * dg
        dr = q * old * r * (1 - r)
        found = {"δ_h̃₃": dg, "δ_z₃": dz, "δ_r₃": dr}
        if t == 4:
            carry = dh * (1 - z) + v["U_r"] * dr + v["U_z"] * dz + r * q
            found = {"δ_h₃": v["Delta[3]"] + carry}
    return {name: np.array([[value]]) for name, value in found.items()}


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("gate_gradient", "lstm"), ("gate_gradient", "gru"), ("carry_gradient", "gru")],
)
def test_gates_follow_from_the_published_adjoints(kind: str, cell: str) -> None:
    for item in generate(20, 3, [kind], [cell]):
        checked(item, 0, gates_by_hand(item))


def test_the_edge_and_the_total_of_a_cell_state() -> None:
    for item in generate(20, 3, ["cell_state_paths"], ["lstm"]):
        v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
        f, i, g, c = v["f[3]"], v["i[3]"], v["g[3]"], v["c[2]"]
        through = c * f * (1 - f) * v["U_f"] + g * i * (1 - i) * v["U_i"]
        through += i * (1 - g * g) * v["U_c"]
        total = f + through * v["o[2]"] * (1 - tanh(c) ** 2)
        [edge], [whole] = (blanks(item, part).values() for part in (0, 1))
        assert float(edge.value) == f
        assert abs(float(whole.value) - total) < 0.0011
        assert any(w.value == edge.value for w in whole.wrong)
        assert any(w.value == whole.value for w in edge.wrong)
        told = ["".join(map(str, w.why)) for b in (edge, whole) for w in b.wrong]
        assert any("1 - square(tanh(c[2])) is missing" in why for why in told), told
        assert not any("[t" in why for why in told), "the question has steps with numbers"


def logistic_slope(f: float) -> float:
    return f * (1 - f)


def test_slopes_at_the_wrong_place_are_no_answer_to_the_total() -> None:
    """1 − tanh²(c̃) for 1 − c̃², 1 − c² for 1 − tanh²(c), both, and σ′ of what a gate is already."""
    for item in generate(30, 3, ["cell_state_paths"], ["lstm"]):
        v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
        f, i, g, c = v["f[3]"], v["i[3]"], v["g[3]"], v["c[2]"]
        right = (logistic_slope(f), logistic_slope(i), 1 - g * g, 1 - tanh(c) ** 2)
        squashed = (
            logistic_slope(sigmoid(f)), logistic_slope(sigmoid(i)), 1 - tanh(g) ** 2, 1 - c * c
        )  # fmt: skip
        swapped = (logistic_slope(i), logistic_slope(f), *right[2:])
        [whole] = blanks(item, 1).values()
        slips = [*combinations(range(4), 1), (2, 3), (0, 1)]
        found = [[squashed[k] if k in slip else right[k] for k in range(4)] for slip in slips]
        found += [[swapped[k] if k == one else right[k] for k in range(4)] for one in (0, 1)]
        for df, di, dg, dc in found:
            through = c * df * v["U_f"] + g * di * v["U_i"] + i * dg * v["U_c"]
            total = Decimal(f + through * v["o[2]"] * dc)
            assert not whole.accepts(round(total, 3)), (item.id, total)


def test_slips_about_a_coupled_gate_are_made_wherever_it_stands() -> None:
    for item in generate(30, 3, ["cell_state_paths"], ["lstm-coupled"]):
        v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
        f, g, c = v["f[3]"], v["g[3]"], v["c[2]"]
        back, slope = v["o[2]"] * (1 - tanh(c) ** 2), v["U_c"] * (1 - g * g)
        expected = {
            "derivative forgotten": f + back * ((c - g) * v["U_f"] + (1 - f) * slope),
            "1 − z for z in the cell": 1 - f + back * (
                -logistic_slope(f) * (c - g) * v["U_f"] + f * slope
            ),
            "1 − z and z swapped": f + back * (logistic_slope(f) * (c - g) * v["U_f"] + f * slope),
        }  # fmt: skip
        [whole] = blanks(item, 1).values()
        for name, value in expected.items():
            told = [w.value for w in whole.wrong if name in w.misconception.split(", or ")]
            assert any(abs(float(one) - value) < 0.00051 for one in told), (item.id, name)
        said = [part for w in whole.wrong for part in printed(w.why).split(" Or: ")]
        assert len(set(said)) == len(said), "one slip has two numbers"


def test_what_is_left_out_behind_the_reset_gate_is_told() -> None:
    within = 0.0011  # a hint is worked with four decimals, as the answer is
    for item in generate(20, 3, ["gate_gradient"], ["gru-reset-after"]):
        v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
        r, z, g = v["r[3]"], v["z[3]"], v["g[3]"]
        dg = v["delta_h[3]"] * z * (1 - g * g)
        blank = blanks(item, 0)["δ_r₃"]
        slips = {"bias forgotten": v["U_h"] * v["h[2]"], "state forgotten": v["U_h"]}
        for name, u in slips.items():
            [told] = [float(w.value) for w in blank.wrong if name in w.misconception]
            assert abs(told - dg * u * logistic_slope(r)) < within, (item.id, name)


def test_the_matrix_alone_behind_the_reset_gate_gives_no_answer() -> None:
    for item in generate(150, 3, ["carry_gradient"], ["gru-reset-after"]):
        v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
        r, z, g, old, dh = (v[name] for name in ("r[4]", "z[4]", "g[4]", "h[3]", "delta_h[4]"))
        dg, update = dh * z * (1 - g * g), dh * (g - old) * logistic_slope(z)
        others = v["Delta[3]"] + v["U_h"] * dg * r + v["U_z"] * update + dh * (1 - z)
        reset = dg * logistic_slope(r)
        u = v["U_h"] * old + v["b_u"]
        [blank] = blanks(item, 0).values()
        assert blank.accepts(Decimal(f"{others + v['U_r'] * reset * u:.4f}"))
        alone = others + v["U_r"] * reset * v["U_h"]
        assert not blank.accepts(Decimal(f"{alone:.3f}")), item.id


def test_one_gates_slope_is_not_as_good_as_anothers() -> None:
    for item in generate(30, 3, ["carry_gradient"], ["gru"]):
        v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
        r, z, g, old, dh = (v[name] for name in ("r[4]", "z[4]", "g[4]", "h[3]", "delta_h[4]"))
        dg = dh * z * (1 - g * g)
        [blank] = blanks(item, 0).values()
        for of_z, of_r in ((z, r), (r, r), (z, z)):
            dz, dr = dh * (g - old) * logistic_slope(of_z), v["U_h"] * dg * old
            back = v["U_r"] * dr * logistic_slope(of_r) + v["U_z"] * dz + r * v["U_h"] * dg
            found = Decimal(v["Delta[3]"] + dh * (1 - z) + back)
            assert blank.accepts(round(found, 3)) == ((of_z, of_r) == (z, r)), item.id


def clipped(kind: str, g: Matrix, c: float) -> Matrix:
    return np.clip(g, -c, c) if kind == "clip_value" else g * min(1.0, c / np.linalg.norm(g))


@pytest.mark.parametrize("kind", ["clip_norm", "clip_value"])
def test_clipping(kind: str) -> None:
    below = 0
    for item in items(kind):
        values = dict(item.parameters)
        g = np.array([float(values[name]) for name in "WUb" if name in values])
        found = clipped(kind, g, float(values["c"]))
        key = [float(blank.value) for blank in blanks(item, 0).values()]
        assert np.allclose(key, found, atol=0.00051)
        kept = found == g
        below += kept.all()
        if kind == "clip_value":
            assert kept.any(), "one entry is beyond the limit, and one is not"
        exact = all(blank.tolerance == 0 for blank in blanks(item, 0).values())
        assert exact != ("decimals" in str(item.stem)), "digits are asked for where there are more"
    if kind == "clip_norm":
        assert below > 0, "a gradient that is small enough is asked too"
    else:
        assert below == 0, "some entry is clipped: else the answer would be a copy"


def test_gradients_that_vanish() -> None:
    for item in items("zero_gradient"):
        assert "step is 1 where" in str(item.parts[0].solution[0]), "the slope of a ReLU is told"
        response = item.parts[0].response
        assert isinstance(response, Choice)
        found = by_hand(item, last=dict(item.parameters)["loss_at"] == "last")
        for option in response.options:
            name = printed(option.content).removesuffix(" = 0")
            assert (abs(float(found[name][0, 0])) < 1e-12) == option.correct, name


# Misconceptions


WANTED = {
    "bptt_scalar": {
        "one path missing", "derivative forgotten", "value for derivative", "wrong step",
        "last step only", "first step forgotten", "½ forgotten", "sign of the error",
        "derivative at the output",
    },
    "bptt_matrix": {"transpose missing", "outer product turned round"},
    "bptt_bias": {"outer product added"},
    "bptt_truncated": {"taken with truncation", "taken with full backpropagation through time"},
    "gate_gradient": {
        "factor forgotten", "1 − z and z swapped", "wrong step", "slope of another gate",
        "derivative at the output", "derivative at the argument",
    },
    "carry_gradient": {"one path missing", "slope of another gate", "derivative at the output"},
    "cell_state_paths": {
        "direct for total", "total for direct", "one term missing", "derivative at the output",
        "derivative at the argument", "slope of another gate",
    },
    "clip_norm": {name for name, _, _ in backward_clip.BY_NORM.slips},
    "clip_value": {name for name, _, _ in backward_clip.BY_VALUE.slips},
}  # fmt: skip


@pytest.mark.parametrize("kind", WANTED)
def test_every_misconception_is_told(kind: str) -> None:
    told = {name for item in items(kind) for name in mistakes(item)}
    assert WANTED[kind] <= told


@pytest.mark.parametrize("kind", WANTED)
def test_no_answer_admits_a_misconception(kind: str) -> None:
    for item in items(kind):
        assert guard.check(item) == ()
        for part in range(len(item.parts)):
            for blank in blanks(item, part).values():
                assert not any(blank.accepts(wrong.value) for wrong in blank.wrong)
                assert blank.tolerance <= max(
                    Decimal("0.002"), abs(blank.value) * Decimal("0.01") + Decimal("0.0005")
                )


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_readout"])
def test_an_answer_with_the_other_sign_is_rounded_as_the_answer_is(kind: str) -> None:
    """Exactly it may be 0.66249, and 0.663 where every line is rounded to four decimals."""
    seen = 0
    for item in generate(60, 3, [kind]):
        for blank in (b for part in range(len(item.parts)) for b in blanks(item, part).values()):
            for wrong in blank.wrong:
                if abs(wrong.value + blank.value) <= Decimal("0.001"):
                    assert wrong.value == -blank.value, (item.id, wrong.misconception)
                    seen += 1
    assert seen


def test_one_operator_is_worked_through_all_lines() -> None:
    """Without the carry, δ of the first step is what the loss alone gives there."""
    plan = plan_of(Setting("linear", 2, ("delta_h", "dU")))
    given = read(plan.given, drawn(plan, plan.given, Draw(1, "q")))
    exact = run(plan.lines, given, plan.numbers)
    [dropped] = [
        m for m in backward_slips.mistakes(plan)
        if m.name == "one path missing" and "path" in printed(m.why)
    ]  # fmt: skip
    found = backward_slips.mistaken(plan, dropped, {**given, **exact})
    values = {printed((array,)): value[0][0] for array, value in {**given, **exact}.items()}
    wrong = {printed((array,)): value[0][0] for array, value in found.items()}
    own = values["h₁"] - values["τ₁"]
    assert wrong["δ_h₁"] == own
    assert wrong["∂L/∂U"] == own * values["h₀"] + values["δ_h₂"] * values["h₁"]
    assert "δ_h₂" not in wrong


# What is broken is noticed


def test_the_proof_of_a_sequence_can_fail() -> None:
    plan = plan_of(Setting("vanilla", 3, ("dU", "dW"), truncate=2))
    given = read(plan.given, drawn(plan, plan.given, Draw(1, "q")))
    exact = run(plan.lines, given, plan.numbers)
    backward_proof.prove(plan, given, exact)
    for line in plan.backward:
        [[value]] = exact[line.target]
        with pytest.raises(guard.Unfair, match="complex step"):
            backward_proof.prove(plan, given, exact | {line.target: ((value + Decimal("1e-6"),),)})


@pytest.mark.parametrize(("cell", "carry"), [("lstm", False), ("gru", False), ("gru", True)])
def test_the_proof_of_a_step_can_fail(cell: str, *, carry: bool) -> None:
    plan = gate_plan(cell, carry=carry)
    given = read(plan.given, drawn(plan, plan.given, Draw(2, "q")))
    exact = run(plan.lines, given, plan.numbers)
    backward_walk.prove_step(plan, given, exact)
    for line in plan.backward:
        [[value]] = exact[line.target]
        wrong = exact | {line.target: ((value + Decimal("1e-6"),),)}
        with pytest.raises(guard.Unfair, match="complex step"):
            backward_walk.prove_step(plan, given, wrong)


@pytest.mark.parametrize("clipping", [backward_clip.BY_NORM, backward_clip.BY_VALUE])
def test_a_wrong_way_to_clip_is_noticed(clipping: backward_clip.Clipping) -> None:
    parameters = (("convention", "textbook"), ("sizes", "2 3 6"), ("W", "-2"), ("U", "6"),
                  ("b", "3"), ("c", "2.5"))  # fmt: skip
    assert backward_clip.clip_kind(clipping).make(parameters)
    for name, _, slip in clipping.slips:
        if name == "scaled up":
            continue
        broken = replace(clipping, clip=slip, slips=())
        with pytest.raises(guard.Unfair, match="not what clipping defines"):
            backward_clip.clip_kind(broken).make(parameters)


def test_a_misconception_that_changes_no_answer_is_named() -> None:
    plan = plan_of(Setting("linear", 2, ("dU",)))
    [target] = plan.targets("dU")
    one, two = ((Decimal(1),),), ((Decimal(2),),)
    assert unnoticed({target: one}, [("seen", (), {target: two})]) == ""
    assert unnoticed({target: one}, [("not seen", (), {target: one})]) == "not seen"


@pytest.mark.parametrize("kind", [*WANTED, "bptt_input", "bptt_last_step", "zero_gradient"])
def test_a_kind_fits_what_it_says(kind: str) -> None:
    loaded = load_kind(kind)
    assert loaded.topic == "backward"
    assert all(loaded.variants(subject) > 40 for subject in loaded.subjects(()))


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_matrix", "bptt_bias", "carry_gradient"])
def test_whoever_forgets_the_matrix_on_the_way_back_is_told(kind: str) -> None:
    for item in items(kind):
        parts = range(len(item.parts))
        wrong = [w for part in parts for b in blanks(item, part).values() for w in b.wrong]
        assert any("matrix forgotten" in w.misconception for w in wrong)


@pytest.mark.parametrize("kind", ["bptt_truncated", "bptt_last_step", "bptt_input"])
def test_sums_pay_less_than_functions(kind: str) -> None:
    linear, bent = (
        {item.marks for item in items(kind) if (dict(item.parameters)["model"] == "linear") == sums}
        for sums in (True, False)
    )
    assert max(linear) < min(bent)


def test_inputs_of_a_question_differ() -> None:
    for item in items("bptt_scalar"):
        values = dict(item.parameters)
        inputs = [values[name] for name in values if name.startswith("x[")]
        assert len(inputs) == len(set(inputs)) > 1


@pytest.mark.parametrize("kind", ["gate_gradient", "carry_gradient"])
def test_no_value_stands_for_another_or_for_one_minus_it(kind: str) -> None:
    for item in items(kind):
        sizes = [abs(float(value[0, 0])) for value in numbers(item).values()]
        pairs = list(combinations(sizes, 2))
        assert not any(np.isclose(a, b) or np.isclose(a + b, 1) for a, b in pairs), item.id


def test_no_two_steps_give_the_same_to_an_entry() -> None:
    for item in items("bptt_matrix", 150):
        if dict(item.parameters)["model"] == "linear":
            found, start = by_hand(item), numbers(item)["h[0]"]
            first, second = found["δ_h₁"] @ start.T, found["δ_h₂"] @ found["h₁"].T
            assert not np.any(np.isclose(abs(first), abs(second))), item.id


def test_no_mistake_leaves_an_entry_right_by_chance() -> None:
    """An outer product turned round leaves the diagonal; nothing else leaves anything."""
    diagonal = {"row 1, column 1 of ∂L/∂U", "row 2, column 2 of ∂L/∂U"}
    linear = [i for i in items("bptt_matrix", 150) if dict(i.parameters)["model"] == "linear"]
    for item in linear:
        found = {label: b for part in (0, 1) for label, b in blanks(item, part).items()}
        told = {label: " ".join(w.misconception for w in b.wrong) for label, b in found.items()}
        assert all(("turned round" in text) == (label not in diagonal and "∂L/∂U" in label)
                   for label, text in told.items())  # fmt: skip
        assert all("one path missing" in text for text in told.values())
        assert all("matrix forgotten" in text for text in told.values())


def test_what_the_slope_of_a_relu_changes_comes_out_otherwise_without_it() -> None:
    rectified = [i for i in items("bptt_matrix", 150) if dict(i.parameters)["model"] != "linear"]
    for item in rectified:
        given, found = numbers(item), by_hand(item)
        error = found["h₁"] - given["target[1]"]
        left_out = error + given["U"].T @ found["δ_h₂"]
        gradient = left_out @ given["h[0]"].T + found["δ_h₂"] @ found["h₁"].T
        if np.all(found["h₂"] > 0):  # only the rows of units that are off at step 1 change
            rows = (found["h₁"] == 0).ravel()
            assert not np.any(np.isclose(gradient, found["∂L/∂U"])[rows]), item.id
        else:
            assert not np.any(np.isclose(left_out, found["δ_h₁"])), item.id
            assert not np.any(np.isclose(gradient, found["∂L/∂U"])), item.id


def test_the_columns_of_a_gradient_are_no_multiples_of_each_other() -> None:
    for item in items("bptt_matrix", 150):
        assert np.linalg.matrix_rank(by_hand(item)["∂L/∂U"]) == 2, item.id


def test_the_working_of_matrices_earns_marks() -> None:
    for item in items("bptt_matrix"):
        assert all(any(mark.kind == "M" for mark in part.scheme) for part in item.parts)


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_bias"])
def test_the_states_on_the_way_earn_a_mark(kind: str) -> None:
    for item in items(kind):
        assert "the states, from the equations" in [str(m.text[0]) for m in item.parts[0].scheme]


def test_two_paths_through_one_value_are_told_apart() -> None:
    for item in generate(20, 3, ["gate_gradient"], ["lstm-coupled"]):
        for blank in blanks(item, 0).values():
            said = [text for w in blank.wrong for text in printed(w.why).split(" Or: ")]
            paths = [text.split(": ")[1] for text in said if text.count("The path through")]
            assert len(paths) == len(set(paths)), item.id


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_bias"])
def test_a_mark_speaks_of_b_where_there_is_one(kind: str) -> None:
    for item in items(kind):
        scheme = " ".join(str(mark.text[0]) for mark in item.parts[1].scheme)
        if "parameter multiplies" in scheme:
            assert ("for b" in scheme) == ("b" in numbers(item)), item.id


def test_the_slope_between_the_two_states_of_a_step_is_worked_out() -> None:
    for item in items("cell_state_paths"):
        v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
        shown = [b.lines for b in item.parts[1].solution if isinstance(b, Equations)]
        lines = [
            f"{printed((line.lhs,))} = {printed((line.rhs,))}"
            for line in chain(*shown)
            if not isinstance(line.rhs, tuple)
        ]
        slope = v["o[2]"] * (1 - tanh(v["c[2]"]) ** 2)
        [line] = [line for line in lines if line.startswith("∂h₂/∂c₂")]
        assert line.endswith(f"= {slope:.4f}"), (item.id, line)
        assert any(line.startswith("J_cc₃ = ∂⁺c₃") for line in lines)


def test_one_minus_the_gate_that_keeps_the_state_is_told() -> None:
    for item in items("cell_state_paths"):
        [blank] = blanks(item, 0).values()
        assert any(1 - blank.value == w.value for w in blank.wrong), item.id


@pytest.mark.parametrize("kind", ["bptt_scalar", "bptt_bias"])
def test_a_hint_is_worked_from_lines_that_are_rounded_as_those_of_the_answer(kind: str) -> None:
    for item in (i for i in items(kind, 150) if dict(i.parameters)["model"] in SLOPES):
        v = {name: float(value[0, 0]) for name, value in numbers(item).items()}
        f, _ = ACTIVATIONS[dict(item.parameters)["model"]]
        steps, h = int(dict(item.parameters)["T"]), v["h[0]"]
        for t in range(1, steps + 1):
            h = round(float(f(round(v["W"] * v[f"x[{t}]"] + v["U"] * h + v.get("b", 0), 4))), 4)
        twice = round(2 * (h - v[f"target[{steps}]"]), 3)
        blank = blanks(item, 0)[f"δ_h{'₀₁₂₃'[steps]}"]
        [told] = [float(w.value) for w in blank.wrong if "½ forgotten" in w.misconception]
        assert told == pytest.approx(twice, abs=1e-9), item.id
