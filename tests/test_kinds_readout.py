"""Questions about a backward pass from a readout, worked again by the slope of the loss.

Over 300 lines: one net written by hand answers for every part.
"""

from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest

from rnnsym.api import generate_quiz as generate
from rnnsym.blocks import Equations, Line, NumberMatrix, Paragraph
from rnnsym.errors import InputError
from rnnsym.item import Item, WrongNumber
from rnnsym.quiz import backward_proof, backward_slips, guard
from rnnsym.quiz.backward_draws import drawn, read
from rnnsym.quiz.backward_plan import Plan, Setting, plan_of, run
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.numbers import read_matrix
from tests.asked import blanks, mistakes, wrong

Numbers = dict[str, Any]  # NumPy arrays by name
STEP, RATE = 1e-30, 0.2
LOSSES = ("squared", "cross-entropy")
PLACES = ("every", "last")


@cache
def items() -> tuple[Item, ...]:
    return generate(80, 5, ["bptt_readout"])


def about(loss: str, at: str = "", model: str = "") -> list[Item]:
    told = {"loss": loss, "loss at": at, "model": model}
    wanted = {name: value for name, value in told.items() if value}
    return [item for item in items() if wanted.items() <= dict(item.parameters).items()]


def numbers(item: Item) -> Numbers:
    skipped = ("model", "convention", "T", "q", "loss", "loss at", "eta", "arrangement")
    return {
        name: np.array(read_matrix(text), dtype=complex)
        for name, text in item.parameters
        if name not in skipped
    }


def loss_of(item: Item, v: Numbers, seen: Numbers | None = None) -> complex:
    """The loss, as a program of its own; what is in ``v`` as s+1, h+1 … is added on the way."""
    values = dict(item.parameters)
    f = np.tanh if values["model"] == "vanilla" else np.positive
    h, total = v["h[0]"], 0j
    for t in (1, 2):
        h = f(v["W"] @ v[f"x[{t}]"] + v["U"] @ h) + v.get(f"h+{t}", 0)
        s = v["V"] @ h + v.get(f"s+{t}", 0)
        if seen is not None:
            seen |= {
                f"h{t}": h.real,
                f"s{t}": s.real,
                f"p{t}": np.exp(s.real) / np.exp(s.real).sum(),
            }
        if t == 1 and values["loss at"] == "last":
            continue
        y = v[f"target[{t}]"]
        if values["loss"] == "squared":
            total += ((s - y) ** 2).sum() / 2
        else:
            total += -(y * np.log(np.exp(s) / np.exp(s).sum())).sum()
    return complex(total)


def slope(item: Item, name: str) -> Any:
    """The derivative of the loss in each entry of an array, or in what is added to a value."""
    given = numbers(item)
    old = given[name] if name in given else 0 * given["V" if name[0] == "s" else "h[0]"]
    found = np.zeros(old.shape)
    for place in np.ndindex(old.shape):
        moved = old.astype(complex)
        moved[place] += 1j * STEP
        found[place] = loss_of(item, {**given, name: moved}).imag / STEP
    return found


def worked(item: Item) -> list[list[float]]:
    times = (2, 1) if dict(item.parameters)["loss at"] == "every" else (2,)
    gradient = slope(item, "U")
    parts = (
        [slope(item, f"s+{t}") for t in times],
        [slope(item, "V")],
        [slope(item, "h+2"), slope(item, "h+1")],
        [gradient],
        [numbers(item)["U"].real - RATE * gradient],
    )
    return [[float(e) for array in part for e in array.ravel()] for part in parts]


def test_keys_are_slopes_of_the_loss() -> None:
    for item in items():
        for part, found in zip(item.parts, worked(item), strict=True):
            for blank, value in zip(blanks(part), found, strict=True):
                assert blank.accepts(Decimal(f"{value:.4f}")), item.id
                assert abs(float(blank.value) - value) <= max(0.0012, 0.005 * abs(value)), item.id


def test_every_loss_and_place_is_asked() -> None:
    asked = {(dict(i.parameters)["loss"], dict(i.parameters)["loss at"]) for i in items()}
    assert asked == {(loss, at) for loss in LOSSES for at in PLACES}


def told(item: Item) -> dict[str, list[list[float]]]:
    lines = (x for b in item.stem if isinstance(b, Equations) for x in b.lines)
    return {
        printed((line.lhs,)): [[float(e) for e in row] for row in line.rhs.rows]
        for line in lines
        if isinstance(line, Line) and isinstance(line.rhs, NumberMatrix)
    }


def test_the_stem_tells_what_the_forward_pass_gave() -> None:
    for item in items():
        seen: Numbers = {}
        loss_of(item, numbers(item), seen)
        values, stem = dict(item.parameters), told(item)
        last = "s" if values["loss"] == "squared" else "p"
        names = [f"{name}{t}" for name in ("h", last) for t in (1, 2)]
        for name in names:
            if name[0] == "h" or values["loss at"] == "every" or name[1] == "2":
                shown = stem[name[0] + "₀₁₂"[int(name[1])]]
                assert np.allclose(shown, seen[name], atol=2e-4), (item.id, name)


def test_the_solution_does_not_work_out_what_was_told() -> None:
    for item in items():
        solved = " ".join(map(str, item.solution))
        assert "a_1 =" not in solved
        names = {
            printed((x.lhs,)) for b in item.solution if isinstance(b, Equations) for x in b.lines
        }
        assert not names & {"a₁", "h₁", "h₂", "s₂", "p₂"}


def test_the_stem_of_the_last_part_tells_the_rate() -> None:
    for item in items():
        [paragraph] = item.parts[4].stem
        assert isinstance(paragraph, Paragraph)
        asked = printed(paragraph.content)
        assert "learning rate η = 0.2 replaces U by U_new" in asked
        exact = blanks(item.parts[4])[0].tolerance == 0
        assert ("0.002" in asked) != exact
        assert item.parts[4].carries == (0, 1, 2, 3)


def test_no_probability_is_nearly_0_or_1() -> None:
    for item in about("cross-entropy"):
        seen: Numbers = {}
        loss_of(item, numbers(item), seen)
        times = (1, 2) if dict(item.parameters)["loss at"] == "every" else (2,)
        assert all(0.05 <= e <= 0.95 for t in times for e in seen[f"p{t}"].ravel())


# Misconceptions


WANTED = {
    "sign of the error", "one path missing", "matrix forgotten", "last step only",
    "derivative forgotten", "derivative at the output", "value for derivative", "wrong step",
    "sign of the step", "learning rate forgotten", "step for the new value",
}  # fmt: skip
OWN = {
    "squared": {"½ forgotten"},
    "cross-entropy": {"derivative of the softmax once more", "softmax skipped"},
}


@pytest.mark.parametrize("loss", LOSSES)
def test_every_misconception_is_told(loss: str) -> None:
    found = {name for item in about(loss) for name in mistakes(item)}
    assert WANTED | OWN[loss] <= found
    assert not found & (OWN["squared"] | OWN["cross-entropy"]) - OWN[loss]


def near(found: list[float], *wanted: Any) -> bool:
    values = np.concatenate([np.ravel(w) for w in wanted])
    return len(found) == len(values) and np.allclose(found, values, atol=0.0012, rtol=0.005)


def test_mistakes_in_the_step_are_worked_from_the_gradient() -> None:
    for item in items():
        g, u = slope(item, "U"), numbers(item)["U"].real
        step = item.parts[4]
        assert near(wrong(step, "sign of the step"), u + RATE * g)
        assert near(wrong(step, "learning rate forgotten"), u - g)
        assert near(wrong(step, "step for the new value"), -RATE * g)


def test_target_minus_guess_turns_every_sign() -> None:
    for item in items():
        parts = zip(item.parts[:4], worked(item), strict=False)
        assert all(near(wrong(part, "sign of the error"), -np.array(v)) for part, v in parts)


def test_the_derivative_of_the_softmax_is_not_taken_twice() -> None:
    for item in about("cross-entropy", "last"):
        seen: Numbers = {}
        loss_of(item, numbers(item), seen)
        p, found = seen["p2"], slope(item, "s+2")
        part = item.parts[0]
        assert near(wrong(part, "derivative of the softmax once more"), found * p * (1 - p))
        y = numbers(item)["target[2]"].real
        assert near(wrong(part, "softmax skipped"), -y / p)


def named(item: Item, part: int, label: str, text: str) -> list[WrongNumber]:
    [blank] = [b for b in blanks(item.parts[part]) if printed(b.label) == label]
    return [w for w in blank.wrong if text in printed(w.why)]


def test_a_forgotten_readout_leaves_what_comes_back() -> None:
    for item in about("squared", "every"):
        back = slope(item, "h+1") - numbers(item)["V"].real.T @ slope(item, "s+1")
        [found] = named(item, 2, "δ_h₁", "The path through sₜ is missing")
        assert near([float(found.value)], back)


def test_the_last_step_alone_gives_its_term_of_the_readout() -> None:
    for item in about("squared", "every"):
        seen: Numbers = {}
        loss_of(item, numbers(item), seen)
        assert near(wrong(item.parts[1], "last step only"), slope(item, "s+2") @ seen["h2"].T)


def test_without_the_derivative_of_tanh() -> None:
    for item in about("cross-entropy", "every", "vanilla"):
        v, own = numbers(item), slope(item, "s+1")
        [found] = named(item, 2, "δ_h₁", "The derivative 1 − hₜ² is missing")
        without = v["V"].real.T @ own + v["U"].real * slope(item, "h+2")
        assert near([float(found.value)], without)


def test_no_answer_admits_a_misconception() -> None:
    for item in items():
        assert guard.check(item) == ()
        for part in item.parts:
            assert not any(b.accepts(w.value) for b in blanks(part) for w in b.wrong)


# What is broken is noticed


def plan(loss: str) -> Plan:
    q = 1 if loss == "squared" else 3
    return plan_of(
        Setting(
            f"vanilla, dense:{q}", 2, ("delta_s", "dV", "delta_h", "dU"),
            sizes=(("d", 1), ("n", 1), ("q", q)), loss=loss, descent=("dU",), rate="0.2",
        )
    )  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
def test_the_proof_can_fail(loss: str) -> None:
    about = plan(loss)
    given = read(about.given, drawn(about, about.given, Draw(1, "q")))
    exact = run(about.lines, given, about.numbers)
    backward_proof.prove(about, given, exact)
    for line in (*about.backward, *about.descent):
        value = exact[line.target]
        broken = ((value[0][0] + Decimal("1e-6"),), *value[1:])
        with pytest.raises(guard.Unfair, match="gives another"):
            backward_proof.prove(about, given, exact | {line.target: broken})


def test_only_the_step_itself_is_marked_in_its_part() -> None:
    """Whoever brings a wrong gradient along has the marks of the step."""
    about = plan("squared")
    [new] = [line.target for line in about.descent]
    changed = [m.name for m in backward_slips.mistakes(about) if new in m.targets]
    assert changed == ["sign of the step", "learning rate forgotten", "step for the new value"]


# Other cells


def test_a_cell_that_has_a_number_with_a_name_tells_it() -> None:
    for item in generate(4, 5, ["bptt_readout"], ["leaky"]):
        assert told(item)["α"] == [[0.3]]


def test_a_logistic_unit_of_a_cell_file(tmp_path: Any) -> None:
    file = tmp_path / "logistic.toml"
    file.write_text(
        'title = "Logistic"\nsource = "own"\n[states]\nh = "n"\n[equations]\n'
        'h = "sigmoid(W @ x[t] + U @ h[t-1] + b)"\n'
    )
    for item in generate(4, 5, ["bptt_readout"], [str(file)]):
        h1, h2 = (told(item)[name][0][0] for name in ("h₁", "h₂"))
        assert 0 < h1 < 1
        assert 0 < h2 < 1


@pytest.mark.parametrize("cell", ["lstm", "relu-rnn"])
def test_other_cells_are_refused(cell: str) -> None:
    with pytest.raises(InputError, match=f"asks nothing about {cell}"):
        generate(1, 5, ["bptt_readout"], [cell])


def test_where_the_loss_alone_reads_a_score_no_hint_names_another_reader() -> None:
    shown = [blank for item in items() for part in item.parts for blank in blanks(part)]
    said = [text for b in shown for w in b.wrong for text in printed(w.why).split(" Or: ")]
    assert any("of δ_sₜ: Step t has a term in the loss as well" in text for text in said)
    assert not any("δ_sₜ: The loss sees it directly too" in text for text in said)
