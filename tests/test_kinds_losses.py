"""Derivations of nets with a readout and its loss, against nets written here.

Over 300 lines: the nets with their losses, written by hand, stand with what is asked of them.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
import pytest

from rnnsym.audit import audit
from rnnsym.blocks import Equations, Line, Paragraph, Relation
from rnnsym.expr import STEPS, TIME, Array, Node, Sigma, size, source, text
from rnnsym.item import Choice, FormulaAnswer, Item, Open
from rnnsym.quiz import derivation_lines, guard
from rnnsym.quiz.decimals import Place, Point, evaluate
from rnnsym.quiz.derivation_lines import derivation_of, how_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import Parameters, load_kind
from tests.nets_read_out import Q, T, loss_of, net, right

KINDS = ("adjoint", "derive_gradient", "find_error", "missing_term", "prove", "write_gradient")
LOSSES = [(loss, at) for loss in ("cross-entropy", "squared") for at in ("every", "last")]


# Items


def which_of(item: Item) -> tuple[str, str, str]:
    values = dict(item.parameters)
    return values["model"].split(",")[0], values["loss"], values["loss at"]


def readouts(kind: str, cell: str) -> list[Parameters]:
    found = load_kind(kind)
    subjects = [s for s in found.subjects([cell]) if "loss" in dict(s)]
    return [subject for subject in subjects if found.variants(subject)]


@cache
def items(kind: str, cell: str, seeds: int = 2) -> tuple[Item, ...]:
    subjects = readouts(kind, cell)
    return tuple(
        draw_item(load_kind(kind), subject, Draw(seed, "q"), ())
        for subject in subjects
        for seed in range(seeds)
    )


def node_in(content: Any) -> Node:
    [node] = [part for part in content if isinstance(part, Node)]
    return node


def asked_line(item: Item) -> Array:
    values = dict(item.parameters)
    [step] = derivation_of(values["model"], *how_of(values)).find(values["line"])
    return step.target


def said(item: Item) -> str:
    return " ".join(printed(b.content) for b in item.stem if isinstance(b, Paragraph))


# Keys


@pytest.mark.parametrize("cell", ["vanilla", "lstm"])
def test_formulas_to_write_are_gradients_of_a_net_written_here(cell: str) -> None:
    lines: set[tuple[str, ...]] = set()
    for item in items("write_gradient", cell, 1):
        response = item.parts[0].response
        assert isinstance(response, FormulaAnswer)
        target, _, answer = response.answer
        assert isinstance(target, Array)
        assert isinstance(answer, Node)
        assert right(which_of(item), target, answer), text(target)
        values = dict(item.parameters)
        derivation = derivation_of(values["model"], *how_of(values))
        assert audit(derivation, response.wrt, source(answer)).kind == "equal"
        lines.add((values["loss"], values["loss at"], values["line"]))
    every = {(loss, "every", key) for loss, _ in LOSSES for key in ("delta_s", "delta_h", "dV")}
    last = {(loss, "last", key) for loss, _ in LOSSES for key in ("delta_s", "dV")}
    assert lines == every | last


def test_every_line_from_the_loss_to_a_gradient_is_true() -> None:
    """And no part needs what is not asked before it, but for the same line of the next step."""
    wanted: set[str] = set()
    for item in items("derive_gradient", "vanilla", 1):
        known: set[str] = set()
        order: list[str] = []
        for part in item.parts:
            assert isinstance(part.response, FormulaAnswer)
            target, _, answer = part.response.answer
            assert isinstance(target, Array)
            assert isinstance(answer, Node)
            assert right(which_of(item), target, answer), text(target)
            held = (a for a in answer.atoms(Array) if a.family.role == "adjoint")
            assert {a.name for a in held if a.time != TIME + 1} <= known
            known.add(target.name)
            order.append(text(target))
        wanted.add(" ".join(order))
    assert wanted == {f"δ_sₜ ∂L/∂V δ_hₜ δ_aₜ ∂L/∂{last}" for last in "UW"}


@pytest.mark.parametrize("cell", ["vanilla", "lstm"])
def test_one_option_is_the_gradient_of_a_net_written_here(cell: str) -> None:
    for item in items("adjoint", cell):
        target = asked_line(item)
        verdicts = [right(which_of(item), target, node_in(o.content)) for o in item.options]
        assert verdicts == [o.correct for o in item.options], item.parameters


@pytest.mark.parametrize("cell", ["vanilla", "lstm"])
def test_only_the_missing_term_completes_its_line(cell: str) -> None:
    for item in items("missing_term", cell):
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        [line] = shown.lines
        assert isinstance(line.lhs, Array)
        assert isinstance(line.rhs, Node)
        gap = next(a for a in line.rhs.atoms(Array) if a.name == "?")
        fits = [right(which_of(item), line.lhs, line.rhs.xreplace({gap: node_in(o.content)}))
                for o in item.options]  # fmt: skip
        assert fits == [o.correct for o in item.options]
    assert {text(node_in(o.content)) for i in items("missing_term", cell) for o in i.options
            if o.correct} == {"Vᵀ δ_sₜ"}  # fmt: skip


@pytest.mark.parametrize("cell", ["vanilla", "lstm"])
def test_what_is_to_be_shown_is_true(cell: str) -> None:
    seen: set[str] = set()
    for item in items("prove", cell, 1):
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        [line] = shown.lines
        assert isinstance(line.lhs, Array)
        assert isinstance(line.rhs, Node)
        assert right(which_of(item), line.lhs, line.rhs)
        assert isinstance(item.parts[0].response, Open)
        assert line.rhs.children, "nothing to show"
        seen.add(text(line.lhs))
    assert seen == {"δ_sₜ", "δ_s[T]", "δ_hₜ", "∂L/∂V"}


def test_exactly_the_line_named_is_wrong() -> None:
    for item in items("find_error", "vanilla", 20):
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        verdicts = [right(which_of(item), line.lhs, line.rhs) for line in shown.lines
                    if isinstance(line.lhs, Array) and isinstance(line.rhs, Node)]  # fmt: skip
        response = item.parts[0].response
        assert isinstance(response, Choice)
        assert verdicts == [letter != response.key for letter in "ABCD"], item.parameters


@pytest.mark.parametrize(("loss", "at"), LOSSES)
def test_the_loss_that_a_stem_states_is_the_loss(loss: str, at: str) -> None:
    """As printed: ½ and the sum with it; and each line of the worked solution holds."""
    found = [i for i in items("write_gradient", "vanilla", 1) if which_of(i)[1:] == (loss, at)]
    [item] = [i for i in found if dict(i.parameters)["line"] == "delta_s"]
    values, _ = net("vanilla", loss, at)
    [stated] = stated_in(item)
    assert abs(number(stated, values) - loss_of(values, loss, at)) < 1e-12
    assert ("½" in text(stated)) == (loss == "squared")
    assert bool(stated.atoms(Sigma)) == (at == "every")
    for line in lines_of(item):
        assert np.allclose(number(line.lhs, values), number(line.rhs, values))


def stated_in(item: Item) -> Iterator[Node]:
    """What the stem says L is."""
    for block in item.stem:
        for part in block.content if isinstance(block, Paragraph) else ():
            if isinstance(part, Relation) and printed((part.sides[0],)) == "L":
                assert isinstance(part.sides[1], Node)
                yield part.sides[1]


def lines_of(item: Item) -> Iterator[Line]:
    """The lines of the worked solution that hold values only."""
    for block in item.parts[0].solution:
        for line in block.lines if isinstance(block, Equations) else ():
            if isinstance(line.lhs, Node) and not isinstance(line.lhs, Array):
                yield line


def number(node: Any, values: dict[Any, Any]) -> float:
    def read(place: Place, _shape: object) -> Any:
        return tuple(tuple(Decimal(float(x)) for x in row) for row in values[place[0], place[3]])

    numbers = ((TIME, 2), (STEPS, T), (size("q"), Q))
    [[entry]] = evaluate(node, Point(numbers, read))
    return float(entry)


# Stems, misconceptions, guards


@pytest.mark.parametrize("kind", KINDS)
def test_a_stem_says_which_steps_are_read_out_and_introduces_all(kind: str) -> None:
    for item in items(kind, "vanilla", 1):
        _, loss, at = which_of(item)
        words = said(item)
        assert ("at every step:" in words) == ("a sum over all steps" in words) == (at == "every")
        assert ("after the last step only" in words) == ("of the last step only" in words)
        assert ("1 at the right class and 0 elsewhere" in words) == (loss == "cross-entropy")
        readout = "sₜ" if at == "every" else "s[T]"
        assert f"The readout {readout} has q entries" in words
        shown = [*item.stem, *(part for o in item.options for part in o.content)]
        held = {a for part in shown for a in arrays(part) if a.family.role == "adjoint"}
        for name in {a.name for a in held}:
            assert any(f"{text(a)} = ∂L/∂" in words for a in held if a.name == name), name
        assert not re.search(r"∂s\[T\] (and .*)?for t = 1", words)


def arrays(part: object) -> Iterator[Array]:
    """All arrays in what is printed."""
    match part:
        case Node():
            yield from part.atoms(Array)
        case Paragraph(content):
            yield from chain.from_iterable(map(arrays, content))
        case Equations(lines):
            for line in lines:
                yield from (*arrays(line.lhs), *arrays(line.rhs))
        case Relation(sides):
            yield from chain.from_iterable(map(arrays, sides))
        case _:
            return


def test_reasons_name_what_is_used_and_what_multiplies_what() -> None:
    kind = load_kind("adjoint")
    [alone] = [s for s in kind.subjects(["vanilla"]) if dict(s)["line"] == "delta_a"
               and "loss" not in dict(s)]  # fmt: skip
    found = [*items("adjoint", "vanilla", 12),
             *(draw_item(kind, alone, Draw(seed, "q"), ()) for seed in range(12))]  # fmt: skip
    reasons = {printed(o.why) for item in found for o in item.options}
    assert {
        "hₜ is used in aₜ₊₁ only.",
        "Every place where hₜ is used gives one term.",
        "W multiplies xₜ₊₁; it is U that multiplies hₜ.",
        "It is δ_hₜ that belongs there, not δ_hₜ₊₁.",
        "V is used in sₜ only, at every step.",
        "aₜ is used in hₜ only.",
    } <= reasons


def test_every_misconception_of_a_loss_is_shown() -> None:
    found = [i for kind in ("adjoint", "missing_term") for i in items(kind, "vanilla", 12)]
    shown = {o.misconception for item in found for o in item.options}
    assert {
        "target minus guess", "slope of the readout taken again", "other loss", "½ not cancelled",
        "½ forgotten", "right class only", "every class taken for the right one",
        "summed all the same", "step before the last", "last loss let in at every step",
        "outer product added", "next loss let in directly", "last step only",
        "outer product turned round", "transpose missing", "one path missing",
    } <= shown  # fmt: skip


@pytest.mark.parametrize(("cell", "slope"), [("vanilla", "1 − hₜ²"), ("relu-rnn", "step(hₜ)")])
def test_a_wrong_slope_keeps_the_mark_for_the_path(cell: str, slope: str) -> None:
    for item in items("derive_gradient", cell, 1):
        parts = {printed(p.response.answer[:1]): p for p in item.parts
                 if isinstance(p.response, FormulaAnswer)}  # fmt: skip
        method, accuracy = parts["δ_aₜ"].scheme
        assert (method.kind, accuracy.kind) == ("M", "A")
        assert printed(method.text).startswith("δ_hₜ times a slope")
        assert printed(accuracy.text).startswith(f"the slope {slope},")


def test_marks_of_the_loss_are_those_of_its_steps() -> None:
    for item in items("prove", "vanilla", 1):
        scheme = item.parts[0].scheme
        assert sum(mark.points for mark in scheme) == item.marks
        if dict(item.parameters)["line"] == "delta_s":
            assert [mark.kind for mark in scheme] == ["M", "M", "A"]
            assert "taken apart" in printed(scheme[0].text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_is_not_the_gradient_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = items(kind, "vanilla", 1)[0]

    def half(*_: object) -> float:
        return 0.5

    monkeypatch.setattr(derivation_lines, "error", half)
    with pytest.raises(guard.Unfair, match="is off by"):
        load_kind(kind).make(item.parameters)


@pytest.mark.parametrize("kind", KINDS)
def test_bare_cells_keep_their_parameters(kind: str) -> None:
    """So that what was drawn before is drawn again; a kind about readouts asks about no others."""
    for subject in load_kind(kind).subjects(()):
        values = dict(subject)
        assert ("," in values["model"]) == ("loss" in values) == ("loss at" in values)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", ["jordan", "lstm-projection", "slstm", "relu-rnn"])
def test_any_cell_can_be_read_out(kind: str, cell: str) -> None:
    """Also where the cell has a V, an s or a y of its own."""
    for subject in readouts(kind, cell):
        assert guard.check(draw_item(load_kind(kind), subject, Draw(3, "q"), ())) == ()
