"""Factors between counts: by formulas of the literature, typed in here by hand."""

from decimal import Decimal
from fractions import Fraction
from functools import cache

import pytest

from rnnsym.blocks import Equations, Paragraph
from rnnsym.count import Count, count
from rnnsym.equations import System
from rnnsym.expr import text_scalar
from rnnsym.item import Item
from rnnsym.quiz import counting_factors, guard
from rnnsym.quiz.counting import system_of
from rnnsym.quiz.counting_factors import factor_blank, surplus
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import load_kind
from tests.asked import blanks, values, wrong

KIND = load_kind("count_factor")
MAPS = {"vanilla": 1, "gru": 3, "gru-reset-after": 3, "lstm": 4, "lstm-peephole": 4}
MORE = {("gru-reset-after", "textbook"): 1, ("lstm-peephole", "textbook"): 3, ("gru", "keras"): 3}


@cache
def items() -> tuple[Item, ...]:
    return tuple(
        draw_item(KIND, subject, Draw(seed, "count_factor"), ())
        for subject in KIND.subjects(())
        for seed in range(5)
    )


def total(cell: str, convention: str, d: int, n: int, *, bias: bool) -> int:
    vectors = MAPS[cell] * (2 if convention == "pytorch" else 1) + MORE.get((cell, convention), 0)
    return MAPS[cell] * n * (d + n) + (vectors * n if bias else 0)


def test_by_hand() -> None:
    for item in items():
        v = dict(item.parameters)
        d, n, bias = int(v["d"]), int(v["n"]), "biases" not in v
        a, b = (total(v[name], v["convention"], d, n, bias=bias) for name in ("first", "second"))
        k = Fraction(MAPS[v["second"]], MAPS[v["first"]])
        if len(item.parts) == 2:
            assert [x for part in item.parts for x in values(part)] == [float(k), b]
            assert f"has {a} parameters" in str(item.parts[1].stem)
            assert b == k * a, "whatever the sizes are"
            assert item.parts[1].carries == (0,)
        else:
            assert [values(part)[0] for part in item.parts[:2]] == [a, b]
            assert abs(values(item.parts[2])[0] - b / a) <= 0.0005
            assert values(item.parts[3]) == [b - k * a]
            assert values(item.parts[3])[0] == MORE[v["second"], v["convention"]] * n
            assert wrong(item.parts[2], "all maps alike") == [float(k)]


def test_both_forms_are_asked() -> None:
    asked = {(len(item.parts), dict(item.parameters)["convention"]) for item in items()}
    assert asked == {(2, "textbook"), (2, "pytorch"), (4, "textbook"), (4, "keras")}
    reset_after = [i for i in items() if dict(i.parameters)["second"] == "gru-reset-after"]
    assert {len(i.parts) for i in reset_after if "biases" in dict(i.parameters)} == {2}


def test_what_mistakes_give() -> None:
    """An LSTM has 4 maps and 3 gates, a GRU 3 maps and 2 gates."""
    names = ("gates only", "update of the state counted", "states counted", "other way round")
    expected = {
        ("vanilla", "lstm"): [3, 5, 2, 0.25],
        ("vanilla", "gru"): [2, 4, 1, 0.333],
        ("lstm", "gru"): [0.667, 0.8, 0.5, 1.333],
        ("lstm", "vanilla"): [0.333, 0.2, 0.5, 4],
    }
    seen = set[tuple[str, str]]()
    for item in items():
        v = dict(item.parameters)
        if len(item.parts) == 2 and (v["first"], v["second"]) in expected:
            seen.add((v["first"], v["second"]))
            found = [wrong(item.parts[0], name) for name in names]
            assert found == [[x] for x in expected[v["first"], v["second"]]]
    assert seen == set(expected)


def test_the_equation_without_parameters_is_one_of_a_layer_with_gates() -> None:
    looked = 0
    for item in items():
        v = dict(item.parameters)
        if len(item.parts) != 2:
            continue
        told = [
            printed(w.why) for w in blanks(item.parts[0])[0].wrong if "stand in" in printed(w.why)
        ]
        looked += len(told)
        for place in ("first", "second"):
            state = {"lstm": "cₜ", "gru": "hₜ", "gru-reset-after": "hₜ"}.get(v[place])
            if state:
                assert all(f"in the {place} layer's equation for {state}" in text for text in told)
            else:
                assert not any(place in text for text in told)
    assert looked > 10


def test_stems_say_what_is_needed() -> None:
    """The convention always; the equations, unless a vanilla layer, GRU or LSTM as it is taught."""
    for item in items():
        v = dict(item.parameters)
        said = " ".join(printed(b.content) for b in item.stem if isinstance(b, Paragraph))
        shown = [b for b in item.stem if isinstance(b, Equations)]
        taught = {v["first"], v["second"]} <= {"vanilla", "gru", "lstm"} and len(item.parts) == 2
        assert len(shown) == (0 if taught else 2)
        assert "Convention: " in said
        assert ("no bias vectors at all" in said) == ("biases" in v)
        assert ("Here d = " in said) == (len(item.parts) == 4)


def test_the_factor_stands_before_what_it_multiplies() -> None:
    for item in items():
        if len(item.parts) == 2:
            [asked] = [b for b in item.parts[0].stem if isinstance(b, Paragraph)]
            assert "the second has kP, whatever" in printed(asked.content)


def test_a_cell_of_another_kind() -> None:
    """Its factor to a vanilla layer, if that is a whole number whatever the sizes are."""
    [mgu] = KIND.subjects(("mgu",))
    item = draw_item(KIND, mgu, Draw(1, "x"), ())
    assert values(item.parts[0]) == [2]
    assert not KIND.subjects(("indrnn",))
    assert not KIND.subjects(("lstm-projection",))
    assert [dict(s)["second"] for s in KIND.subjects(("lstm-peephole",))] == ["lstm-peephole"]


def test_surplus_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = system_of("lstm"), system_of("gru-reset-after")
    assert text_scalar(surplus(a, b)) == "n"
    surplus.cache_clear()

    def of_the_first(_system: System) -> Count:
        return count(a)

    monkeypatch.setattr(counting_factors, "count", of_the_first)
    with pytest.raises(guard.Unfair, match="disagree"):
        surplus(a, b)
    surplus.cache_clear()


def test_a_factor_that_a_mistake_nearly_gives_is_refused() -> None:
    claims = [("near", Fraction(3, 4), ("no",))]
    found = factor_blank(("k",), Fraction(31, 40), claims, "0.005")
    assert (found.value, found.tolerance) == (Decimal("0.775"), Decimal("0.001"))
    assert found.wrong[0].value == Decimal("0.75")
    with pytest.raises(guard.Unfair, match="'near' gives"):
        factor_blank(("k",), Fraction(752, 1000), claims, "0.005")
    with pytest.raises(guard.Unfair, match="'near' gives"):
        factor_blank(("k",), Fraction(3, 4), claims)


def test_items_are_fair_and_whole() -> None:
    for item in items():
        assert guard.check(item) == ()
        assert KIND.make(item.parameters) == item
        for part in item.parts:
            assert sum(mark.points for mark in part.scheme) == part.marks
            assert all(blank.wrong for blank in blanks(part))
