"""Forward kinds: every key against formulas written by hand here, every trap where it belongs.

Over 300 lines: one table of kinds is worked by cells written by hand.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from rnnsym.expr import Array
from rnnsym.item import Blank, Numeric
from rnnsym.quiz import forward_question, guard, line_by_line
from rnnsym.quiz.by_hand import tolerance
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.line_by_line import Line
from rnnsym.quiz.numbers import read_matrix
from rnnsym.quiz.registry import load_kind
from tests.asked import HALF_UNIT, blanks, close, wrong
from tests.forward_questions import KINDS, all_count, given, items, model
from tests.nets_by_hand import affine, chained, lstm, sigmoid, states, unrolled, vanilla

BILLIONTH = Decimal("1e-9")


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
                kinds = [mark.kind for mark in part.scheme]
                assert kinds.count("A") == len(part.response.blanks)
                assert kinds.count("M") == len(kinds) - kinds.count("A")


def test_marks_follow_the_work() -> None:
    """Whatever the kind, a mark is worth one minute to two, or a little more at a calculator."""
    for kind in KINDS.keys() - {"missing_gate", "reset_placement"}:
        for item in items(kind):
            assert 0.7 <= item.minutes / item.marks <= 2.3, (kind, item.parameters)


def test_no_function_is_taken_of_nearly_zero_or_where_it_is_flat() -> None:
    """A gate of about one half does not show whether z or 1 − z was taken."""
    for item in items("forward_bidirectional", 8):
        p, cell = given(item), model(item).removeprefix("bi(").partition(",")[0].removesuffix(")")
        if cell == "mingru":
            for way in ("_fwd", "_bwd"):
                inner = [p[f"W_z{way}"] * p[f"x[{t}]"] + p[f"b_z{way}"] for t in (1, 2, 3)]
                assert np.all(np.abs(inner) > 0.2 - 1e-9), item.parameters
                assert np.all(np.abs(inner) < 2 + 1e-9), item.parameters


def test_states_of_several_steps() -> None:
    for item in items("forward_steps"):
        cell = model(item)
        found = unrolled(cell, given(item), len(item.parts))
        assert len(item.parts) == (3 if cell in {"vanilla", "logistic-rnn"} else 2)
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


def test_of_two_states_one_alone_may_not_be_carried_on() -> None:
    """Who starts step 2 of an LSTM from h₀ keeps c₁, or takes c₀ as well: either shows."""
    for item in items("forward_steps", 8):
        if model(item) != "lstm":
            continue
        p, second = given(item), item.parts[1]
        [first, _] = unrolled("lstm", p, 2)
        starts = {"h": p["h[0]"], "c": first["c"]}, {"h": p["h[0]"], "c": p["c[0]"]}
        named = wrong(second, "initial state used again")
        for start in starts:
            step = lstm(p, p["x[2]"], start)
            for name in ("c", "h"):
                assert any(abs(step[name].item() - value) < HALF_UNIT for value in named)


def test_a_mistake_at_every_step_shows() -> None:
    """W and U taken for each other in one map, or the function of a step left out."""
    for item in items("forward_steps", 6):
        p, cell = given(item), model(item)
        for name in (k for k in p if k.startswith("W")):
            other = name.replace("W", "U")
            if other in p:
                swapped = {**p, name: p[other], other: p[name]}
                assert not all_count(item, unrolled(cell, swapped, len(item.parts))), name
        if cell == "vanilla":
            for left_out in range(len(item.parts)):
                h, found = p["h[0]"], list[Mapping[str, Any]]()
                for t in range(len(item.parts)):
                    a = p["W"] @ p[f"x[{t + 1}]"] + p["U"] @ h + p["b"]
                    h = a if t == left_out else np.tanh(a)
                    found.append({"h": h})
                assert not all_count(item, found), left_out


def test_terms_do_not_hide_each_other() -> None:
    """Who leaves out two of three terms finds another number in every entry."""
    for item in items("reset_placement", 20):
        p = given(item)
        assert np.all(np.abs(p["W_h"] @ p["x[1]"] + p["b_h"]) > 1e-12), item.parameters


def test_the_gate_acts_on_every_entry_of_the_variant() -> None:
    """Who leaves it out is off by more than a slip of the pen, wherever it stands."""
    for item in items("reset_placement", 20):
        p = given(item)
        gate = next(v for name, v in p.items() if name in {"f[1]", "r[1]"})
        for inner in (p["U_h"] @ p["h[0]"] * (1 - gate), p["U_h"] @ (p["h[0]"] * (1 - gate))):
            if "b_u" not in p:
                assert np.all(np.abs(inner) > 0.002), item.parameters
        for part in item.parts[:2]:
            for blank in blanks(part):
                assert any("gate left out" in w.misconception for w in blank.wrong)
                off = [abs(w.value - blank.value) for w in blank.wrong]
                assert min(off) > tolerance(blank.value), item.parameters


def test_maps_earn_the_method_marks() -> None:
    [mark] = [m for m in items("forward_affine")[0].parts[0].scheme if m.kind == "M"]
    assert mark.points == 1
    assert [m.kind for m in items("forward_affine")[0].parts[1].scheme] == ["A", "A"]
    points = {model(i): i.parts[0].scheme[0].points for i in items("forward_steps")}
    assert (points["vanilla"], points["gru"], points["lstm"]) == (1, 2, 2)


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
        ends = [merge(right[t], left[t]) for t in (0, 2)]
        assert close(merged, *(end[-1:] for end in ends))  # of a stack, what is not copied from (a)
        assert merged.carries == (0, 1)
        trap = wrong(merged, "backward list left in reading order")
        turned = np.concatenate([merge(right[0], reading[0]), merge(right[2], reading[2])]).ravel()
        assert trap
        assert all(np.min(np.abs(turned - value)) < HALF_UNIT for value in trap)
        from_left = chained(cell, p, "_bwd", inputs, "h_bwd[4]")
        for value in wrong(back, "backward chain run from the left"):
            assert min(abs(value - state[0, 0]) for state in from_left) < HALF_UNIT


def test_a_gate_is_swapped_with_its_rest_at_every_step() -> None:
    """Who takes z for 1 − z does so three times."""
    for item in items("forward_bidirectional", 6):
        p = given(item)
        if "W_z_fwd" not in p:
            continue
        h, found = p["h_fwd[0]"], list[float]()
        for t in (1, 2, 3):
            z = sigmoid(p["W_z_fwd"] @ p[f"x[{t}]"] + p["b_z_fwd"])
            h = z * h + (1 - z) * (p["W_h_fwd"] @ p[f"x[{t}]"] + p["b_h_fwd"])
            found.append(h.item())
        named = wrong(item.parts[0], "1 − z and z swapped")
        assert len(named) == 3
        assert all(abs(a - b) < HALF_UNIT for a, b in zip(named, found, strict=True))


def test_no_bias_can_be_left_out_of_a_whole_chain() -> None:
    """Not even where one of its answers alone would count."""
    for item in items("forward_bidirectional", 16):
        p = given(item)
        p |= {name: value * 0 for name, value in p.items() if name.startswith("b")}
        cell = model(item).removeprefix("bi(").removesuffix(")").partition(", ")[0]
        inputs = [p[f"x[{t}]"] for t in (1, 2, 3)]
        right = chained(cell, p, "_fwd", inputs, "h_fwd[0]")
        left = chained(cell, p, "_bwd", inputs[::-1], "h_bwd[4]")[::-1]
        for part, found in zip(item.parts, (right, left), strict=False):
            assert not counted(blanks(part), found), item.parameters
            named = wrong(part, "bias forgotten")
            assert len(named) == 3
            assert all(abs(a - b.item()) < HALF_UNIT for a, b in zip(named, found, strict=True))


def test_no_answer_comes_out_of_the_wrong_direction_or_of_no_softmax() -> None:
    """Not even one of several, by chance: it would earn its mark."""
    for item in items("forward_bidirectional", 16):
        p = given(item)
        cell = model(item).removeprefix("bi(").removesuffix(")").partition(", ")[0]
        from_left = chained(cell, p, "_bwd", [p[f"x[{t}]"] for t in (1, 2, 3)], "h_bwd[4]")
        assert not counted(blanks(item.parts[1]), from_left), item.parameters
    for item in items("forward_loss", 16):
        if dict(item.parameters)["loss"] == "cross-entropy":
            p, cell = given(item), model(item).partition(",")[0]
            [step] = unrolled(cell, p, 1)
            each = sigmoid(p["V"] @ step["h"] + p["b_V"])
            assert not counted(blanks(item.parts[-2]), each), item.parameters


def counted(asked: Sequence[Blank], found: Iterable[Any]) -> list[Blank]:
    """Return the answers for which one of these numbers counts."""
    numbers = (Decimal(str(round(np.asarray(value).item(), 3))) for value in found)
    pairs = zip(asked, numbers, strict=True)
    return [blank for blank, number in pairs if blank.accepts(number)]


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
            if len(times) == 2:
                off = (scores[t - 1] - p[f"target[{3 - t}]"] for t in times)
                [exchanged] = wrong(item.parts[-1], "targets exchanged")
                assert abs(exchanged - sum(0.5 * e.item() ** 2 for e in off)) < HALF_UNIT
        assert close(item.parts[-1], loss)
        for part in item.parts:
            assert all(blank.wrong for blank in blanks(part)) or part is item.parts[-2]
            for blank in blanks(part):
                if printed(blank.label).startswith("h"):
                    assert "readout" not in str([w.why for w in blank.wrong])
    assert len(seen) == 3


# Rounding


def by_three(number: Any) -> Any:
    return np.rint(number * 1000) / 1000


def test_a_small_answer_may_be_two_units_off() -> None:
    assert tolerance(Decimal("0.020")) == tolerance(Decimal("0.000")) == Decimal("0.002")


def test_no_answer_counts_that_the_rule_printed_shuts_out() -> None:
    """1 % of 0.463 is less than 0.005, so 0.468 does not count."""
    assert tolerance(Decimal("-1.250")) == Decimal("0.012")
    for item in items("forward_steps"):
        for part in item.parts:
            for blank in blanks(part):
                assert blank.tolerance <= max(abs(blank.value) / 100, Decimal("0.002"))


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
                    assert blank.tolerance in (0, tolerance(blank.value))
                    assert not any(blank.accepts(w.value) for w in blank.wrong)
                    assert all(w.why for w in blank.wrong)


@pytest.mark.parametrize("kind", list(KINDS))
def test_parameters_give_the_item_again(kind: str) -> None:
    for item in items(kind)[:4]:
        assert KINDS[kind].make(item.parameters) == item


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_wrong_line_is_not_proven(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    item = items(kind)[0]
    right = line_by_line.working

    def off(lines: Sequence[Line], known: Any, *args: Any) -> Iterator[Line]:
        """Every line a billionth too large, which no rounding shows."""
        for line in right(lines, known, *args):
            known[line.place] = tuple(
                tuple(entry + BILLIONTH for entry in row) for row in known[line.place]
            )
            yield line

    for module in (line_by_line, forward_question):
        monkeypatch.setattr(module, "working", off)
    with pytest.raises(guard.Unfair, match=r"oracle|not exact|no number for paper"):
        KINDS[kind].make(item.parameters)


def test_gate_and_state_of_an_update_share_no_number() -> None:
    """Who reads one for the other is to notice: f in place of h₀, say."""
    for item in items("cell_update"):
        gate, state, *_ = (set(matrix.flat) for matrix in given(item).values())
        assert not gate & state


def test_no_number_of_the_first_step_is_an_initial_state_again() -> None:
    """Else the state and the candidate swapped give the answer's negative, or the answer."""
    for item in items("forward_steps"):
        before = [abs(v) for k, m in given(item).items() if k.endswith("[0]") for v in m.flat]
        [first, *_] = unrolled(model(item), given(item), 1)
        made = [abs(v) for matrix in first.values() for v in np.ravel(matrix)]
        assert not any(abs(a - b) < 1e-12 for a in before for b in made), item.parameters


@pytest.mark.parametrize("kind", ["forward_bidirectional", "forward_steps"])
def test_no_answer_counts_for_another_step(kind: str) -> None:
    """Who works step 1 again, or copies its answer, is not right by chance."""
    for item in items(kind, 8):
        asked = [blank for part in item.parts for blank in blanks(part)]
        for one, other in permutations(asked, 2):
            a, b = one.label[-1], other.label[-1]
            assert isinstance(a, Array)
            assert isinstance(b, Array)
            if a.family == b.family:
                assert not one.accepts(other.value), (item.parameters, a, b)


def test_inputs_and_initial_states_differ_in_size() -> None:
    """Who takes one for the other, or its negative, is to notice it."""
    for item in items("forward_steps"):
        sizes = [abs(v) for name, m in given(item).items() if "[" in name for v in m.flat]
        assert len(set(sizes)) == len(sizes), item.parameters


def test_a_weight_left_out_of_a_step_shows() -> None:
    """No weight is 1 or −1, and those of different gates differ."""
    kind = load_kind("forward")
    for subject in kind.subjects(()):
        for seed in range(3):
            values = dict(draw_item(kind, subject, Draw(seed, "test/forward"), ()).parameters)
            for letter in "WUb":
                named = {k: v for k, v in values.items() if k.partition("_")[0] == letter}
                assert len(set(named.values())) == len(named), (subject, values)
                for matrix in map(read_matrix, named.values()):
                    assert not {abs(entry) for row in matrix for entry in row} & {0, 1}
