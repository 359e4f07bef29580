"""Local rules that questions quote: their letters, their bars, and which ones are not repeated."""

import re
import unicodedata
from collections.abc import Iterator

import pytest

from rnnsym.blocks import Equations
from rnnsym.item import Choice, Item
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import load_kind

KINDS = ("adjoint", "find_error", "missing_term", "prove", "write_gradient")


def every(kind: str, cell: str) -> Iterator[Item]:
    """Yield an item about each subject of a cell, with and without a readout."""
    chosen = load_kind(kind)
    for place, subject in enumerate(chosen.subjects([cell])):
        if chosen.variants(subject):
            yield draw_item(chosen, subject, Draw(3, str(place)), ())


def letters(item: Item) -> set[str]:
    """The single letters of all rules in an item."""
    rules = re.findall(r"Written\(text='([^']*)'", repr(item))
    plain = (unicodedata.normalize("NFD", rule) for rule in rules)
    single = re.compile(r"(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])")
    return {letter for rule in plain for letter in single.findall(rule)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("cell", "array"), [("indrnn", "u"), ("jordan", "y"), ("mgu", "f")])
def test_no_letter_of_a_rule_is_an_array_of_the_cell(kind: str, cell: str, array: str) -> None:
    found = [letters(item) for item in every(kind, cell)]
    assert any(found)
    assert not any(array in one for one in found)


def test_letters_are_those_of_the_sheets_where_they_are_free() -> None:
    found = {letter for item in every("missing_term", "gru") for letter in letters(item)}
    assert {"A", "f", "u", "v", "y"} <= found <= {"A", "f", "k", "u", "v", "y"}


@pytest.mark.parametrize("kind", ["adjoint", "missing_term", "find_error"])
def test_a_hint_explains_its_bars_once(kind: str) -> None:
    seen = 0
    for item in every(kind, "vanilla"):
        response = item.parts[0].response
        assert isinstance(response, Choice)
        for option in response.options:
            why = printed(option.why)
            barred = "\u0304" in unicodedata.normalize("NFD", why)
            assert why.count("a bar is short for ∂L/∂") == barred
            assert why.endswith(".")
            seen += barred
    assert seen


def test_in_the_same_way_follows_the_same_rule() -> None:
    [item] = [i for i in every("missing_term", "lstm-peephole")
              if dict(i.parameters)["line"] == "delta_c" and dict(i.parameters)["term"] == "0"
              and "loss" not in dict(i.parameters)]  # fmt: skip
    [shown] = [block for block in item.parts[0].solution if isinstance(block, Equations)]
    reasons = [printed(note.reason) for note in shown.lines[0].notes]
    same = ["in the same way" in reason for reason in reasons]
    assert same == [False, False, False, True, True]
