"""What is left of a gradient at most: nets run here in floats, under inputs of every size."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from rnnsym.item import Item
from rnnsym.quiz import guard
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.kinds import flow_bound
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import load_kind
from tests.asked import mistakes, values, wrong
from tests.nets_by_hand import sigmoid

KIND = load_kind("flow_bound")
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "logistic-rnn": (sigmoid, lambda a: sigmoid(a) * (1 - sigmoid(a))),
    "vanilla": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
}
"""Each with its derivative."""


@cache
def items() -> tuple[Item, ...]:
    return tuple(
        draw_item(KIND, subject, Draw(seed, "bound"), ())
        for subject in KIND.subjects(())
        for seed in range(30)
    )


def largest(model: str, weight: float, steps: int) -> float:
    """The derivative over so many steps under inputs that put each pre-activation at 0."""
    function, slope = FUNCTIONS[model]
    h, found = 0.7, 1.0
    for _ in range(steps):
        a = -weight * h + weight * h
        found *= abs(slope(a) * weight)
        h = function(a)
    return found


def test_no_inputs_give_more_than_the_bound() -> None:
    random = np.random.default_rng(3)
    for item in items():
        given = dict(item.parameters)
        model, weight, steps = given["model"], float(given["U"]), int(given["steps"])
        [bound] = values(item.parts[0])
        assert math.isclose(bound, largest(model, weight, 1), rel_tol=1e-12)
        mantissa, exponent = values(item.parts[1])
        assert math.isclose(mantissa * 10**exponent, largest(model, weight, steps), rel_tol=0.06)
        function, slope = FUNCTIONS[model]
        h = random.normal(size=50)
        product = np.ones(50)
        for _ in range(steps):
            a = random.normal(size=50) * 2 + weight * h
            product, h = product * np.abs(slope(a) * weight), function(a)
        assert np.all(product <= bound**steps)


def test_below_the_limit_and_from_there_on() -> None:
    for item in items():
        model = dict(item.parameters)["model"]
        [limit] = values(item.parts[2])
        assert largest(model, 0.9 * limit, 200) < 1e-8
        assert largest(model, limit, 200) == pytest.approx(1)


def test_every_misconception_is_shown_and_none_is_let_pass() -> None:
    assert set(flow_bound.MISCONCEPTIONS) <= {name for item in items() for name in mistakes(item)}
    for item in items():
        assert guard.check(item) == ()


def test_a_slope_left_out_is_that_of_a_linear_net() -> None:
    for item in items():
        given = dict(item.parameters)
        if given["model"] == "logistic-rnn":
            assert wrong(item.parts[0], "slope left out") == [abs(float(given["U"]))]
            assert wrong(item.parts[2], "slope left out") == [1]


def test_the_stem_says_that_inputs_act() -> None:
    for item in items():
        said = " ".join(printed(getattr(block, "content", ())) for block in item.stem)
        assert "W ≠ 0" in said
        assert f"U = {dict(item.parameters)['U']} " in said


@pytest.mark.parametrize("cell", ["linear", "relu-rnn", "lstm", "leaky"])
def test_other_cells_have_no_such_bound(cell: str) -> None:
    assert KIND.subjects([cell]) == []


def test_another_bound_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    known = flow_bound.Unit.bound

    def doubled(unit: flow_bound.Unit, weight: Decimal, gamma: Fraction | None = None) -> Decimal:
        return known(unit, weight, gamma) * 2

    given = {"model": "vanilla", "convention": "textbook", "U": "0.7", "steps": "20"}
    assert KIND.make(tuple(given.items()))
    monkeypatch.setattr(flow_bound.Unit, "bound", doubled)
    with pytest.raises(guard.Unfair, match="running the equation gives"):
        KIND.make(tuple(given.items()))


def test_a_function_that_is_steeper_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_bound, "AROUND", (Decimal(0),))
    given = {"model": "vanilla", "convention": "textbook", "U": "0.85", "steps": "20"}
    with pytest.raises(guard.Unfair, match="steeper elsewhere"):
        KIND.make(tuple(given.items()))
