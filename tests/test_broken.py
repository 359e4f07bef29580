"""A check must be able to fail: ranges, shifts, slices, losses, truncation, broken in turn."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import rnnsym.derive
from rnnsym.derivation import Derivation, Step, Term
from rnnsym.derive import derive
from rnnsym.equations import System
from rnnsym.expr import STEPS, Expr, Integer, Node, Span, scale, split
from rnnsym.numeric import check, program
from rnnsym.numeric.check import check_derivation, relative_error
from tests.test_check import UNCACHED, system

# A line that reads past an end finds nothing there, or an array of another shape.
STOPS = (KeyError, ValueError)


def fails(derivation: Derivation) -> bool:
    """Tell whether the check reports a failure, or cannot even run the program."""
    try:
        return not check_derivation(derivation).passed
    except STOPS:
        return True


# Ranges and shifts. Each takes what _inverse found: the index, and where it is valid.


def later(span: Span | None) -> Span | None:
    return None if span is None else Span(span.first + 1, span.last)


def sooner(span: Span | None) -> Span | None:
    return None if span is None else Span(span.first, span.last - 1)


def longer(span: Span | None) -> Span | None:
    return None if span is None else Span(span.first, span.last + 1)


def turned_round(index: Expr, symbol: Expr) -> Expr:
    return 2 * symbol - index


def unshifted(index: Expr, symbol: Expr) -> Expr:
    return symbol if index.has(symbol) else index


STACKS = ("gru*2", "vanilla*L", "jordan*2, dense:3")
ALONG = [("t", text) for text in ("vanilla", "bi(lstm)", *STACKS)] + [("l", s) for s in STACKS]


@pytest.mark.parametrize(("axis", "text"), ALONG)
@pytest.mark.parametrize("wrong", [later, sooner, longer])
def test_a_broken_range_fails(
    text: str,
    wrong: Callable[[Span | None], Span | None],
    axis: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right: Callable[..., Any] = getattr(rnnsym.derive, "_inverse")  # noqa: B009 - it is private

    def inverse(reference: Any, symbol: Any, *rest: Any) -> Any:
        found = right(reference, symbol, *rest)
        moved = str(symbol) == axis and reference is not None and reference != symbol
        return replace(found, span=wrong(found.span)) if found and moved else found

    built = system(text)
    assert not fails(UNCACHED(built))
    monkeypatch.setattr(rnnsym.derive, "_inverse", inverse)
    assert fails(UNCACHED(built))


@pytest.mark.parametrize("text", ["vanilla", "bi(lstm)", "gru*2", "vanilla*L"])
@pytest.mark.parametrize("wrong", [turned_round, unshifted])
def test_a_broken_shift_fails(
    text: str, wrong: Callable[[Expr, Expr], Expr], monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Callable[..., Any] = getattr(rnnsym.derive, "_inverse")  # noqa: B009 - it is private

    def inverse(reference: Any, symbol: Any, *rest: Any) -> Any:
        found = right(reference, symbol, *rest)
        return replace(found, index=wrong(found.index, symbol)) if found else found

    monkeypatch.setattr(rnnsym.derive, "_inverse", inverse)
    assert fails(UNCACHED(system(text)))


def start_off(node: Node, start: Expr | int, length: Expr) -> Node:
    return split(node, start + 1, length)


def always_first(node: Node, start: Expr | int, length: Expr) -> Node:
    return split(node, 0, length)


def too_short(node: Node, start: Expr | int, length: Expr) -> Node:
    return split(node, start, length - 1)


@pytest.mark.parametrize("text", ["bi(vanilla)", "bi(gru)*2"])
@pytest.mark.parametrize("wrong", [start_off, always_first, too_short])
def test_a_broken_slice_fails(
    text: str, wrong: Callable[..., Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package exports a function of the module's name.
    monkeypatch.setattr(import_module("rnnsym.expr.adjoint"), "split", wrong)
    assert fails(UNCACHED(system(text)))


# The loss: where it reaches, and what it hands back.

LOSSES: dict[str, Callable[[System], Any]] = {
    "first step forgotten": lambda s: replace(s.loss_terms[0], time=Span(Integer(2), STEPS)),
    "last step forgotten": lambda s: replace(s.loss_terms[0], time=Span(Integer(1), STEPS - 1)),
    "last step only": lambda s: replace(s.loss_terms[0], time=Span(STEPS, STEPS)),
    "the ½ forgotten": lambda s: replace(
        s.loss_terms[0], gradient=scale(2, s.loss_terms[0].gradient)
    ),
    "sign of ŷ − y": lambda s: replace(
        s.loss_terms[0], gradient=scale(-1, s.loss_terms[0].gradient)
    ),
}


@pytest.mark.parametrize("loss", ["free", "squared", "cross-entropy"])
@pytest.mark.parametrize("wrong", LOSSES)
def test_a_broken_loss_fails(wrong: str, loss: str) -> None:
    built = system("bi(vanilla), dense:5", loss=loss)
    changed = replace(built, loss_terms=(LOSSES[wrong](built),))
    assert not fails(UNCACHED(built))
    assert fails(replace(UNCACHED(changed), system=built))


def test_a_loss_at_the_wrong_place_fails() -> None:
    built = system("lstm, dense:5", loss_at="last")
    [term] = built.loss_terms
    early = {STEPS: STEPS - 1}
    changed = replace(term, target=term.target.xreplace(early))
    assert fails(replace(UNCACHED(replace(built, loss_terms=(changed,))), system=built))


# Truncation


@pytest.mark.parametrize("text", ["vanilla", "lstm-peephole*2", "bi(gru)", "jordan"])
@pytest.mark.parametrize(("taken", "told"), [(2, None), (None, 2), (2, 3), (3, 2), (1, 2)])
def test_broken_truncation_fails(
    text: str, taken: int | None, told: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program cuts every ``taken`` steps, the oracle every ``told``."""
    right = program.run
    told_derivation, taken_derivation = (derive(system(text), k) for k in (told, taken))
    assert not fails(told_derivation)

    def run(_: Derivation, env: Any) -> dict[str, Any]:
        return right(taken_derivation, env)

    monkeypatch.setattr(check, "run", run)
    assert fails(told_derivation)


def test_a_cut_edge_that_is_kept_fails() -> None:
    def kept(step: Step) -> Step:
        return replace(step, terms=tuple(replace(t, detached=False) for t in step.terms))

    assert fails(with_steps(derive(system("lstm"), 2), kept))


def with_steps(derivation: Derivation, change: Callable[[Step], Step]) -> Derivation:
    """Return a derivation with its adjoint lines changed."""
    stages = tuple(replace(s, steps=tuple(map(change, s.steps))) for s in derivation.stages)
    return replace(derivation, stages=stages)


# Lines: any term left out, in any line.


@pytest.mark.parametrize("text", ["gru", "lstm-peephole", "bi(mgu,mean)*2, dense:3:tanh"])
def test_a_term_left_out_of_any_line_fails(text: str) -> None:
    derivation = derive(system(text))
    for step in derivation.adjoints:
        for term in step.terms:

            def without(other: Step, line: Step = step, gone: Term = term) -> Step:
                kept = tuple(t for t in other.terms if t is not gone)
                return replace(other, terms=kept) if other is line else other

            assert fails(with_steps(derivation, without)), (step.key, term.value)


def test_a_factor_left_out_of_any_line_fails() -> None:
    derivation = derive(system("lstm"))
    for step in derivation.adjoints:
        if step.factor is not None:

            def without(other: Step, line: Step = step) -> Step:
                return replace(other, factor=None) if other is line else other

            assert fails(with_steps(derivation, without)), step.key


# Numbers


def test_relative_error() -> None:
    one = np.ones((2, 1))
    assert relative_error(one, one) == 0
    assert relative_error(one, 1000 * one) == 0.999
    assert relative_error(0.25 * one, 0.5 * one) == 0.25
    assert relative_error(np.ones((2, 1)), np.ones((1, 2))) == np.inf
    for number in (np.nan, np.inf):
        assert relative_error(number * one, one) == np.inf
        assert relative_error(one, number * one) == np.inf
        assert relative_error(number * one, number * one) == np.inf


@pytest.mark.parametrize("entries", [check.MAX_ENTRIES, 0])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_nan_fails(number: float, entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = program.run
    monkeypatch.setattr(check, "MAX_ENTRIES", entries)

    def run(derivation: Derivation, env: Any) -> dict[str, Any]:
        outcome = right(derivation, env)
        outcome["dU_f"][0, 0] = number
        return outcome

    monkeypatch.setattr(check, "run", run)
    report = check_derivation(derive(system("lstm")))
    assert not report.passed
    assert report.max_relative_error == np.inf
