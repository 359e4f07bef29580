"""The guard: which items are fair, and why others are not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rnnsym.blocks import NumberMatrix, Prose, prose
from rnnsym.expr import Array, Family, Formula, Group, Integer, Tuple, hadamard, plus, size
from rnnsym.item import (
    Blank,
    Choice,
    FormulaAnswer,
    Item,
    Mark,
    Matching,
    Numeric,
    Open,
    Option,
    Ordering,
    Part,
    Proof,
    Response,
    Words,
    WrongNumber,
)
from rnnsym.quiz import guard

N = (size("n"), Integer(1))
A, B, C = (Array(Family(s, s), Tuple(*N)) for s in "abc")


def of(response: Response, *, marks: int = 1, **more: Any) -> Item:
    proof = Proof("none", "exact")
    part = Part((), response, marks, (), **more)
    return Item("i", "k", "counts", 1, 1, "textbook", (), (), (part,), proof)


def item(*contents: Prose, keys: int = 1) -> Item:
    options = tuple(
        Option(content, "" if i < keys else f"slip {i}", prose("why"))
        for i, content in enumerate(contents)
    )
    return of(Choice(options))


def column(*entries: str) -> Prose:
    return prose(NumberMatrix(tuple((entry,) for entry in entries)))


def number(value: int) -> Prose:
    return prose(Integer(value))


FAIR = [
    (number(1), number(2), number(3)),
    (prose(A), prose(B), prose(hadamard(A, B))),
    (column("0.100"), column("0.110"), column("0.300")),
    (column("0.100", "0.200"), column("0.100", "0.300"), column("0.100")),
    (prose("yes"), prose("no"), prose("perhaps")),
]
UNFAIR = [
    ((number(1), number(2)), "only 2 options"),
    ((number(1), number(2), number(1)), "the key and 'slip 2' are printed alike"),
    ((number(1), number(2), number(2)), "'slip 1' and 'slip 2' are printed alike"),
    ((prose(hadamard(A, B)), prose(C), prose(hadamard(B, A))), "the key and 'slip 2' are equal"),
    (
        (
            prose(hadamard(plus(A, B), C)),
            prose(A),
            prose(plus(hadamard(A, C), hadamard(B, C))),
        ),
        "the key and 'slip 2' are equal",
    ),
    ((column("0.100"), column("0.200"), column("0.104")), "the key and 'slip 2' are equal"),
    ((column("1.00"), column("2.00"), column("1.0")), "the key and 'slip 2' are equal"),
    (
        (
            prose(Formula((Group((), ((size("n"), size("d")),)),))),
            number(3),
            prose(size("d") * size("n")),
        ),
        "the key and 'slip 2' are equal",
    ),
    (
        (
            prose(Formula((Group((Integer(2),), ((size("n"),), (Integer(1),))),))),
            number(3),
            prose(2 * size("n") + 2),
        ),
        "the key and 'slip 2' are equal",
    ),
]


@pytest.mark.parametrize("contents", FAIR)
def test_guard_passes_different_options(contents: tuple[Prose, ...]) -> None:
    assert guard.check(item(*contents)) == ()


@pytest.mark.parametrize(("contents", "reason"), UNFAIR)
def test_guard_names_equal_options(contents: tuple[Prose, ...], reason: str) -> None:
    found = guard.check(item(*contents))
    assert any(reason in one or "printed alike" in one for one in found)


@pytest.mark.parametrize("keys", [0, 2])
def test_guard_wants_one_key(keys: int) -> None:
    assert guard.check(item(number(1), number(2), number(3), keys=keys)) == (
        f"{keys} options are the key, not 1",
    )


def blank(value: str, wrong: str, tolerance: str = "0.005") -> Numeric:
    slip = WrongNumber(Decimal(wrong), "slip", prose("why"))
    return Numeric((Blank(prose("h"), Decimal(value), Decimal(tolerance), (slip,)),))


def twice(response: Numeric) -> Numeric:
    [one] = response.blanks
    return Numeric((replace(one, wrong=one.wrong * 2),))


PAIRS = ((prose("f"), "forget"), (prose("i"), "input"))
STEPS = tuple(prose(word) for word in ("one", "two", "three"))
MARKED = (Mark(1, "B", prose("all of it")),)


@pytest.mark.parametrize(
    ("response", "more", "reason"),
    [
        (blank("0.500", "0.520"), {}, None),
        (blank("0.500", "0.504"), {}, "within its tolerance"),
        (twice(blank("0.500", "0.520")), {}, "two misconceptions give the same h"),
        (Numeric(()), {}, "blanks"),
        (Matching(PAIRS, ("output",), ("forget", "input", "output")), {}, None),
        (Matching(PAIRS, ("output",), ("forget", "input")), {}, "answers shown"),
        (Matching(PAIRS, ("input",), ("forget", "input")), {}, "answers shown"),
        (Matching(PAIRS[:1] * 2, (), ("forget",)), {}, "prompts"),
        (Ordering(STEPS, (2, 0, 1)), {"scheme": MARKED}, None),
        (Ordering(STEPS, (2, 0, 1)), {}, "no scheme"),
        (Ordering(STEPS, (0, 1, 2)), {"scheme": MARKED}, "right order"),
        (Ordering(STEPS, (0, 1)), {"scheme": MARKED}, "shown as"),
        (Ordering(STEPS[:1] * 3, (2, 0, 1)), {"scheme": MARKED}, "alike"),
        (Words(("forget gate", "f")), {}, None),
        (Words(("F", "f")), {}, "accepted words"),
        (FormulaAnswer("lstm", "U_f", ()), {}, "no formula"),
        (Open(4), {"scheme": MARKED}, None),
        (Open(4), {}, "no scheme"),
        (Open(4), {"scheme": MARKED, "marks": 2}, "1 of 2 marks"),
        (Words(("f",)), {"carries": (0,)}, "do not come before"),
    ],
)
def test_guard_looks_at_every_response(
    response: Response, more: dict[str, Any], reason: str | None
) -> None:
    found = guard.check(of(response, **more))
    assert (found == ()) if reason is None else any(reason in line for line in found)


def test_several_options_may_be_right_and_truth_stands_alone() -> None:
    options = tuple(item(number(1), number(2), number(3), keys=2).options)
    assert guard.check(of(Choice(options, several=True))) == ()
    truth = (Option(prose("True"), "", ()), Option(prose("False"), "not so", ()))
    assert guard.check(of(Choice(truth))) == ()
    assert guard.check(of(Choice(truth[:1]))) != ()


def test_options_differ_by_one_percent() -> None:
    near = [prose(NumberMatrix(((text,),))) for text in ("12.000", "12.050", "13.000")]
    assert guard.check(item(*near)) == ("the key and 'slip 1' are equal",)
