"""Questions about gradient flow: keys recomputed here in floats, misconceptions, broken keys.

Over 300 lines: one table of kinds, whose keys are recomputed by the same few helpers.
"""

import math
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, Decimal
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from rnnsym.blocks import Block, Paragraph
from rnnsym.item import Choice, Item, Matching, Numeric
from rnnsym.quiz import derivation_remedies, guard
from rnnsym.quiz.derivation_remedies import REMEDIES, Remedy, holds
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.kinds import flow_scale, path_count
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.numbers import read_matrix
from rnnsym.quiz.registry import load_kind
from tests.asked import blanks, mistakes, right_options, values

KINDS = ("clipping_effect", "flow_scale", "flow_threshold", "forget_bias", "path_count", "remedy",
         "remedy_limits", "spectral_radius", "truncation_reach")  # fmt: skip


@cache
def items(kind: str, cell: str = "", number: int = 60) -> tuple[Item, ...]:
    """Items of a kind, its subjects in turn."""
    chosen = load_kind(kind)
    subjects = list(chosen.subjects([cell] if cell else []))
    return tuple(
        draw_item(chosen, subjects[i % len(subjects)], Draw(11, f"{i}"), ()) for i in range(number)
    )


def drawn(item: Item) -> dict[str, str]:
    return dict(item.parameters)


def said_in(blocks: Sequence[Block]) -> str:
    return " ".join(printed(block.content) for block in blocks if isinstance(block, Paragraph))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# Keys

KEPT_BY_COMPLEMENT = {"gru", "mgu", "mingru"}
"""Their own equations say (1 − z) ⊙ h⁻."""


def test_scales_are_powers() -> None:
    for item in items("flow_scale"):
        given = drawn(item)
        factor = float(given["value"])
        if given["model"] in KEPT_BY_COMPLEMENT:
            factor = 1 - factor
        scale, when = item.parts
        mantissa, exponent = values(scale)
        assert math.isclose(mantissa * 10**exponent, factor ** int(given["steps"]), rel_tol=0.06)
        assert 1 <= mantissa < 10
        [steps] = values(when)
        digits = int(given["digits"]) * (1 if factor > 1 else -1)
        assert steps == math.floor(digits / math.log10(factor)) + 1


def scaled(cell: str, value: str) -> Item:
    kind = load_kind("flow_scale")
    subject, *_ = kind.subjects([cell])
    return kind.make((*subject, ("value", value), ("steps", "50"), ("digits", "6"),
                      ("arrangement", "1")))  # fmt: skip


def test_a_gate_of_six_tenths_after_fifty_steps() -> None:
    assert values(scaled("lstm", "0.6").parts[0]) == [8.1, -12]


def test_a_factor_that_is_one_minus_itself_is_refused() -> None:
    with pytest.raises(guard.Unfair, match="one minus"):
        scaled("gru", "0.5")


@pytest.mark.parametrize("factor", ["1", "-0.5", "0"])
def test_a_factor_whose_powers_go_nowhere_is_refused(factor: str) -> None:
    with pytest.raises(guard.Unfair, match="neither grows nor shrinks"):
        scaled("linear", factor)


def test_a_gate_swapped_with_one_minus_it_is_named() -> None:
    for item in items("flow_scale"):
        _, exponent = blanks(item.parts[0])
        said = [printed(x.why) for x in exponent.wrong if "complement taken" in x.misconception]
        coupled = drawn(item)["model"] in {*KEPT_BY_COMPLEMENT, "lstm-coupled", "ugrnn"}
        assert all(("This swaps" in text) is coupled for text in said)
        assert not said or drawn(item)["model"] != "linear"  # nothing is lost without a gate


UPPER = "⁰¹²³⁴⁵⁶⁷⁸⁹"


def test_a_bias_keeps_its_share() -> None:
    for item in items("forget_bias"):
        given = drawn(item)
        kept, steps = sigmoid(float(given["bias"])), int(given["steps"])
        factor, share, half = (values(part)[0] for part in item.parts)
        assert abs(factor - kept) < 6e-4
        lines = [b for p in item.parts for b in p.solution if isinstance(b, Paragraph)]
        said = " ".join(printed(line.content) for line in lines)
        powers = re.findall(rf"(0\.\d{{4}})([{UPPER}]+) = (0\.\d+)", said)
        assert len(powers) == (3 if half > 2 else 2)
        for base, raised, value in powers:  # what is printed is true as it is printed
            k = int("".join(str(UPPER.index(digit)) for digit in raised))
            assert round(float(base) ** k, 3) == float(value), (base, k, value)
        assert share == float(powers[0][2])
        assert kept**half < 0.5 <= kept ** (half - 1)
        assert [half - 1] == [
            w.value
            for blank in blanks(item.parts[2])
            for w in blank.wrong
            if "one step too few" in w.misconception
        ]
        worked = round(kept, 4) ** steps
        [blank] = blanks(item.parts[1])
        assert blank.accepts(Decimal(str(round(worked, 3))))
        assert blank.accepts(Decimal(str(round(round(kept, 3) ** steps, 3))))


SLOPES: dict[str, Callable[[Any], Any]] = {
    "vanilla": lambda a: 1 - np.tanh(a) ** 2,
    "logistic-rnn": lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    "elman-output": lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    "relu-rnn": lambda a: (a > 0) * 1.0,
    "linear": np.ones_like,
}


def test_the_bound_and_what_follows_from_it() -> None:
    seen: set[tuple[str, bool, bool]] = set()
    for item in items("flow_threshold", number=120):
        given = drawn(item)
        weights = np.array(read_matrix(given["U"]), dtype=float)
        norm, [bound] = np.linalg.norm(weights, 2), values(item.parts[0])
        gamma = SLOPES[given["model"]](np.linspace(-3, 3, 601)).max()
        assert math.isclose(bound, gamma * norm, rel_tol=1e-9)
        radius = abs(np.linalg.eigvals(weights)).max()
        assert len({round(size, 6) for size in (norm, radius, abs(weights).max())}) == 3
        linear = given["model"] == "linear"
        assert linear or (gamma * radius < 1) == (bound < 1)
        [said] = right_options(item.parts[1])
        expected = "tends" if gamma * radius < 1 else "grows" if linear else "depends"
        assert said.split()[1] == expected
        solution = " ".join(
            printed(b.content) for b in item.parts[1].solution if isinstance(b, Paragraph)
        )
        assert ("necessary, not sufficient" in solution) == (linear and expected == "grows")
        seen.add((expected, linear, bound < 1))
    tending = {("tends", False, True), ("tends", True, False)}
    assert seen == {("depends", False, False), ("grows", True, False), *tending}


def test_eigenvalues_decide_the_linear_net_only() -> None:
    seen: set[str] = set()
    for item in items("spectral_radius", number=120):
        given = drawn(item)
        weights = np.array(read_matrix(given["U"]), dtype=float)
        steps = int(given["steps"])
        radius, corner = (values(part)[0] for part in item.parts[:2])
        assert math.isclose(radius, abs(np.linalg.eigvals(weights)).max(), rel_tol=1e-9)
        masked = np.diag([1.0, 0.0]) @ weights
        assert abs(corner - np.linalg.matrix_power(masked, steps)[0, 0]) < 6e-4
        far = [np.linalg.norm(np.linalg.matrix_power(m, 300), 2) > 1 for m in (weights, masked)]
        [said] = right_options(item.parts[2])
        words = {
            (False, False): "In both nets it tends",
            (False, True): "In the linear net it tends",
            (True, False): "In the linear net it grows",
            (True, True): "In both nets it grows",
        }[bool(far[0]), bool(far[1])]
        assert said.startswith(words)
        seen.add(words)
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("matrix", "name"),
    [("2 -3; 1 -1.7", "multiplied, not raised"), ("1.2 2; 1 -0.5", "another number")],
)
def test_no_slip_finds_the_radius_or_the_power(matrix: str, name: str) -> None:
    given = {**drawn(items("spectral_radius")[0]), "U": matrix, "steps": "2"}
    with pytest.raises(guard.Unfair, match=name):
        load_kind("spectral_radius").make(tuple(given.items()))


def test_the_frobenius_norm_is_no_spectral_norm() -> None:
    for item in items("flow_threshold"):
        entries = np.array(read_matrix(drawn(item)["U"]), float)
        [blank] = blanks(item.parts[0])
        [found] = [w for w in blank.wrong if "Frobenius" in w.misconception]
        assert abs(float(found.value / blank.value) - np.linalg.norm(entries)
                   / np.linalg.norm(entries, 2)) < 5e-3 / float(blank.value)  # fmt: skip


def test_a_tolerance_is_that_of_the_rule_printed() -> None:
    for kind in ("spectral_radius", "flow_threshold"):
        for item in items(kind):
            for part in item.parts[:-1]:
                [blank] = blanks(part)
                told = "at most 1 % or 0.002" in said_in(part.stem)
                share = (abs(blank.value) / 100).quantize(Decimal("0.001"), ROUND_DOWN)
                assert blank.tolerance == (max(share, Decimal("0.002")) if told else 0)


def test_no_input_acts_on_a_linear_net() -> None:
    for item in items("flow_threshold", "linear"):
        [*_, choice] = item.parts
        assert isinstance(choice.response, Choice)
        said = {printed(option.content): printed(option.why) for option in choice.response.options}
        assert all("whatever" not in text for text in said)
        [why] = [why for text, why in said.items() if "depends" in text]
        assert "exactly Uᵏ" in why
        assert "(here the identity)" in said_in(item.stem)


def test_truncation_reaches_back_to_the_last_cut() -> None:
    for item in items("truncation_reach"):
        given = drawn(item)
        window, step = int(given["window"]), int(given["step"])
        first = (step - 1) // window * window + 1
        assert values(item.parts[0]) == [first]
        assert values(item.parts[1]) == [step - first]
        inputs = item.parts[2].response
        assert isinstance(inputs, Choice)
        right_at = dict[int, bool]()
        for option in inputs.options:
            digits = "".join(re.findall(r"[₀-₉]", printed(option.content)))
            time = int(digits.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")))
            right_at[time] = option.correct
            assert option.correct == (first <= time <= step)
        assert right_at[first - 1] is False, "the input at the cut"
        assert step % window, "who counts the window back from the loss finds the cut"
        assert step - first >= 2, "of a single Jacobian nothing is multiplied"
        right = sum(option.correct for option in inputs.options)
        assert 2 <= right <= len(inputs.options) - 2


@pytest.mark.parametrize(("step", "fair"), [("31", False), ("32", False), ("33", True)])
def test_a_loss_too_near_to_the_cut_is_refused(step: str, fair: bool) -> None:
    """The last cut lies after step 30; from step 32 a single Jacobian leads back to step 31."""
    given = {"model": "vanilla", "convention": "textbook", "window": "6", "step": step,
             "arrangement": "0"}  # fmt: skip
    truncated = load_kind("truncation_reach")
    if fair:
        assert truncated.make(tuple(given.items())).parts
        return
    with pytest.raises(guard.Unfair, match="first or second step"):
        truncated.make(tuple(given.items()))


WAYS = {"vanilla": (1, 1), "relu-rnn": (1, 1), "gru": (4, 3), "ugrnn": (3, 2), "mingru": (1, 2)}
"""In time and in depth, counted by hand on the equations."""


def test_paths_are_orders_times_ways() -> None:
    looked = 0
    for item in items("path_count"):
        given = drawn(item)
        cell, depth = given["model"].split("*")
        if cell not in WAYS:
            continue
        looked += 1
        steps, up = int(given["steps"]), int(depth) - 1
        assert values(item.parts[0]) == list(WAYS[cell])
        moves = [m for m in product("tu", repeat=steps + up) if m.count("u") == up]
        a, b = WAYS[cell]
        assert values(item.parts[1]) == [sum(a ** m.count("t") * b ** m.count("u") for m in moves)]
    assert looked > 10


def test_clipping() -> None:
    for item in items("clipping_effect"):
        given = drawn(item)
        gradient = np.array([float(entry) for entry in given["g"].split()])
        threshold, limit = float(given["norm"]), float(given["value"])
        by_norm = gradient * min(1, threshold / np.linalg.norm(gradient))
        by_value = np.clip(gradient, -limit, limit)
        assert np.allclose(values(item.parts[0]), by_norm)
        assert np.allclose(values(item.parts[1]), by_value)
        kept = math.isclose(by_value @ gradient,
                            float(np.linalg.norm(by_value) * np.linalg.norm(gradient)))  # fmt: skip
        [said] = right_options(item.parts[2])
        assert said.startswith("Both" if kept else "Only the one clipped by norm")


@pytest.mark.parametrize("kind", ["remedy", "remedy_limits"])
def test_each_sentence_goes_with_its_remedy(kind: str) -> None:
    said = {
        text.rstrip("."): remedy.name
        for remedy in REMEDIES
        for text in (*remedy.symptoms, *remedy.limits)
    }
    for item in items(kind):
        response = item.parts[0].response
        assert isinstance(response, Matching)
        assert [said[printed(prompt)] for prompt, _ in response.pairs] == [
            answer for _, answer in response.pairs
        ]
        assert len(set(response.shown)) == len(REMEDIES)
        worked = [str(block) for block in item.parts[0].solution]
        for (prompt, _), block in zip(response.pairs, worked, strict=True):
            assert printed(prompt) in block
        reasons = [r.because for r in REMEDIES for _, answer in response.pairs if r.name == answer]
        told = [reason for reason in reasons if any(reason in block for block in worked)]
        assert told == (reasons if kind == "remedy_limits" else [])


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: remedy.name)
def test_what_is_said_of_a_remedy_is_computed(remedy: Remedy) -> None:
    assert holds(remedy.name)
    assert len(remedy.symptoms) == len(remedy.limits) == 2


def words(text: str) -> set[str]:
    """Words of more than four letters by their stems, roughly."""
    return {word[:5] for word in re.findall(r"[a-z]{5,}", text.lower())}


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: remedy.name)
def test_a_remedy_is_not_found_by_its_words(remedy: Remedy) -> None:
    for said in (*remedy.symptoms, *remedy.limits):
        assert not words(said) & words(remedy.name)


# Misconceptions, guards

SHOWN = {
    "flow_scale": {name for name, _, _ in flow_scale.MISCONCEPTIONS},
    "forget_bias": {"linear decay", "one step only", "complement taken", "bias left at 0",
                    "one step too few"},
    "flow_threshold": {"another γ", "smallest taken", "largest entry taken", "eigenvalue taken",
                       "necessary taken for sufficient"},
    "spectral_radius": {"largest entry", "trace", "determinant", "multiplied, not raised",
                        "largest singular value", "power of U", "largest signed eigenvalue",
                        "sign kept", "smaller |λ| taken",
                        "slopes below 1 taken to shrink every product"},
    "truncation_reach": {"window counted back from the loss", "cut put a step too early",
                         "no truncation", "gradient taken over a cut"},
    "path_count": {name for name, _, _ in path_count.MISCONCEPTIONS},
    "clipping_effect": {"left as it is", "clipped by norm", "sum of entries taken for the norm",
                        "direction taken to be kept by value"},
}  # fmt: skip


@pytest.mark.parametrize("kind", SHOWN)
def test_every_misconception_is_shown(kind: str) -> None:
    seen = {name for item in items(kind) for name in mistakes(item)}
    assert SHOWN[kind] <= seen


@pytest.mark.parametrize("kind", KINDS)
def test_no_mistake_is_let_pass_as_an_answer(kind: str) -> None:
    for item in items(kind):
        assert guard.check(item) == ()
        for part in item.parts:
            for blank in part.response.blanks if isinstance(part.response, Numeric) else ():
                assert not any(blank.accepts(wrong.value) for wrong in blank.wrong)


def _too_much(base: Decimal, exponent: int) -> Decimal:
    return base ** (exponent + 1)


def _short(*_: object) -> tuple[Decimal, ...]:
    return (Decimal("0.42"),)


def _back(window: int, step: int) -> int:
    return step - window


def _never(*_: object) -> bool:
    return False


@pytest.mark.parametrize(
    ("kind", "name", "broken"),
    [
        ("flow_scale", "power", _too_much),
        ("forget_bias", "power", _too_much),
        ("flow_threshold", "_lengths", _short),
        ("spectral_radius", "power", _too_much),
        ("truncation_reach", "_first", _back),
        ("path_count", "comb", math.perm),
        ("clipping_effect", "_parallel", _never),
        ("remedy", "holds", _never),
    ],
)
def test_a_broken_key_is_refused(
    kind: str, name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    item = items(kind)[0]
    module = f"rnnsym.quiz.kinds.{kind}" if kind != "remedy" else "rnnsym.quiz.derivation_matching"
    monkeypatch.setattr(f"{module}.{name}", broken)
    with pytest.raises(guard.Unfair):
        load_kind(kind).make(item.parameters)


def test_a_linear_net_that_grows_is_told_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [dict(item.parameters) for item in items("flow_threshold")]
    # fmt: off
    grows = next(item for item, g in zip(items("flow_threshold"), given, strict=True)
                 if g["model"] == "linear"
                 and np.abs(np.linalg.eigvals(np.array(read_matrix(g["U"]), float))).max() > 1)
    # fmt: on
    monkeypatch.setattr("rnnsym.quiz.kinds.flow_threshold._is_linear", _never)
    with pytest.raises(guard.Unfair, match="'open'"):
        load_kind("flow_threshold").make(grows.parameters)


def test_a_remedy_that_does_not_help_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivation_remedies, "FLOOR", 1e-20)
    broken = [remedy.name for remedy in REMEDIES if not remedy.helps()]
    assert "a larger initial bias of the forget gate" in broken


@pytest.mark.parametrize("cell", ["mingru", "linear", "gru", "lstm"])
def test_what_is_held_fixed_is_said_where_something_else_moves(cell: str) -> None:
    for item in items("flow_scale", cell, 5):
        said = item.stem[-1]
        assert isinstance(said, Paragraph)
        assert ("held fixed" in printed(said.content)) == (cell in {"gru", "lstm"})
        if cell == "gru":
            assert "only, with zₜ and h̃ₜ held fixed" in printed(said.content)
        plus = any("∂⁺" in printed(block.content) for block in item.parts[0].solution
                   if isinstance(block, Paragraph))  # fmt: skip
        assert plus == ("∂⁺" in printed(said.content))
