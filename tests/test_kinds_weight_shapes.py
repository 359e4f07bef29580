"""Shapes of weights: keys typed in here by hand for the cells that are taught."""

from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from rnnsym.blocks import Equations, Paragraph
from rnnsym.expr import Node
from rnnsym.item import Choice, Item
from rnnsym.quiz import guard
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import parts_of, system_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.kinds.weight_shapes import prove
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import load_kind
from rnnsym.quiz.shape_slips import SLIPS, four_options, shapes_text
from tests.asked import right_options, values, wrong

KIND = load_kind("weight_shapes")


@cache
def items() -> tuple[Item, ...]:
    return tuple(
        draw_item(KIND, subject, Draw(seed, "weight_shapes"), ())
        for subject in KIND.subjects(())
        for seed in range(6)
    )


def sizes(item: Item) -> dict[str, int]:
    return {k: int(v) for k, v in item.parameters if v.isdigit()}


def one_map(d: int, n: int, q: int, p: int = 0) -> Work:
    """Return the arrays of a vanilla layer and its readout, or of a gate of an LSTMP."""
    parts = parts_of(system_of("lstm-projection, dense:2" if p else "vanilla, dense:2"))
    given = {"d": d, "n": n, "p": p, "q": q} if p else {"d": d, "n": n, "q": q}
    return Work((*parts[:3], parts[-2]), tuple(given.items()), 1)


def test_by_hand() -> None:
    for item in items():
        given = sizes(item)
        d, n, q = given["d"], given["n"], given["q"]
        old = given.get("p", n)
        columns = [(n, d), (n, old), (n, 1), (q, old)]
        rows = dict(item.parameters)["convention"] == "d2l"
        shapes = [(b, a) if rows else (a, b) for a, b in columns]
        assert right_options(item.parts[0]) == [", ".join(f"{a} × {b}" for a, b in shapes)]
        joined = (d + old, n) if rows else (n, d + old)
        assert values(item.parts[1]) == list(joined)
        assert sorted(wrong(item.parts[1], "transposed")) == sorted(joined)
        assert item.parts[1].carries == (0,)
        assert load_kind("weight_shapes").make(item.parameters) == item


def test_arrays_of_one_map_are_asked_for() -> None:
    """The matrix of a candidate that multiplies r ⊙ h, and a gate with a peephole, are not."""
    asked = {
        (dict(i.parameters)["model"].split(",")[0], dict(i.parameters)["map"]) for i in items()
    }
    assert ("gru", "a_r") in asked
    assert not {("gru", "a_h"), ("mgu", "a_h"), ("lstm-peephole", "a_f")} & asked
    assert not {"indrnn", "mingru"} & {cell for cell, _ in asked}


def test_rows_stand_to_the_left() -> None:
    for item in items():
        [equations] = [b for b in item.stem if isinstance(b, Equations)]
        *_, note, _ = [printed(b.content) for b in item.stem if isinstance(b, Paragraph)]
        value = equations.lines[-1].rhs
        assert isinstance(value, Node)
        readout = printed((value,))
        if dict(item.parameters)["convention"] == "d2l":
            assert readout == "Hₜ V + b_V"
            assert "every vector is a row" in note
            assert "The input Xₜ has d entries" in note
        else:
            assert readout.startswith("V ")
            assert "column vectors" in note
        assert "The readout sₜ has q entries" in note


def test_no_shape_stands_out() -> None:
    """The key, two mistakes and both together: who takes the commonest shapes finds nothing."""
    for item in items():
        response = item.parts[0].response
        assert isinstance(response, Choice)
        assert len(response.options) == 4
        shapes = [printed(o.content).split(", ") for o in response.options]
        [key] = [o for o in response.options if o.correct]
        right = printed(key.content).split(", ")
        for place in range(4):
            assert Counter(row[place] for row in shapes)[right[place]] != 3
        assert len({row[3] for row in shapes}) > 1, "the readout is asked for too"
        both = [o.misconception for o in response.options if ", and " in o.misconception]
        assert len(both) == 1


def test_every_misconception_is_shown() -> None:
    shown = {
        name
        for item in items()
        for part in item.parts[:1]
        if isinstance(part.response, Choice)
        for option in part.response.options
        for name in option.misconception.split(", and ")
    }
    assert shown == {"", *(slip.name for slip in SLIPS)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("old output taken for the input", "5 × 3, 5 × 3, 5 × 1, 7 × 2"),
        ("readout of the input", "5 × 3, 5 × 2, 5 × 1, 7 × 3"),
        ("bias as long as the input", "5 × 3, 5 × 2, 3 × 1, 7 × 2"),
        ("map to the scores", "7 × 3, 7 × 2, 7 × 1, 7 × 2"),
        ("n in place of p", "5 × 3, 5 × 5, 5 × 1, 7 × 5"),
        ("d and n exchanged", "3 × 5, 3 × 2, 3 × 1, 7 × 2"),
        ("first matrix transposed", "3 × 5, 5 × 2, 5 × 1, 7 × 2"),
        ("readout transposed", "5 × 3, 5 × 2, 5 × 1, 2 × 7"),
        ("all transposed", "3 × 5, 2 × 5, 1 × 5, 2 × 7"),
    ],
)
def test_what_a_slip_gives(name: str, text: str) -> None:
    """For d = 3, n = 5, p = 2 and q = 7."""
    [slip] = [slip for slip in SLIPS if slip.name == name]
    [(changed, _)] = slip.apply(one_map(3, 5, 7, 2))
    assert shapes_text(changed, turned=False) == text


def test_arrays_that_no_step_runs_with_are_refused() -> None:
    work = one_map(3, 5, 7)
    prove(work, turned=False)
    prove(work, turned=True)
    for slip in SLIPS:
        for changed, _ in slip.apply(work):
            if changed.parts != work.parts:
                with pytest.raises(guard.Unfair):
                    prove(changed, turned=False)


def test_too_few_mistakes_are_refused() -> None:
    """With all sizes equal, little is left to be mistaken about."""
    part = one_map(1, 1, 1).parts[0]
    square = replace(part, sides=((1, ""), (1, "")))
    with pytest.raises(guard.Unfair, match="no two mistakes"):
        four_options(Work((square,) * 4, (("d", 1), ("n", 1)), 1), False, "", Draw(1, "x"))
