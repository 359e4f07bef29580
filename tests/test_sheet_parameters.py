"""Counting on a sheet: every number is the number of entries of arrays, or a named mistake's."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import pytest

from rnnsym.blocks import Block, Box, Equations, Line, Paragraph, Relation, Table
from rnnsym.cell import cell_names
from rnnsym.expr import SOURCE, Expr, Formula, Integer, formula_in, size
from rnnsym.sheet.parameters import example_sizes, parameter_section
from rnnsym.system import build_system, read_model

MODELS = (
    *cell_names("textbook"),
    "bi(gru)",
    "lstm*2",
    "bi(lstm)*2",
    "gru*L",
    "vanilla, dense:3",
    "embedding:10:2, lstm:3, dense:4",
)


def section(model: str) -> tuple[Block, ...]:
    return tuple(parameter_section(build_system(read_model(model))))


def lines(blocks: Sequence[Block]) -> list[Line]:
    [display] = [b for b in blocks if isinstance(b, Equations)]
    return list(display.lines)


def value(math: Any) -> int:
    """Work a printed count out as Python would."""
    if isinstance(math, Integer):
        return int(math)
    assert isinstance(math, Formula)
    text = formula_in(math, SOURCE)
    assert set(text) <= set("0123456789+-*() "), text
    return int(eval(text, {"__builtins__": {}}))  # of nothing but digits and signs


@pytest.mark.parametrize("model", MODELS)
def test_each_side_comes_to_the_number(model: str) -> None:
    for line in lines(section(model)):
        assert isinstance(line.rhs, Relation)
        values = [value(side) for side in line.rhs.sides]
        assert len(values) >= 2
        assert len(set(values)) == 1, values


@pytest.mark.parametrize("model", [m for m in MODELS if "*L" not in m])
def test_the_number_is_that_of_the_arrays(model: str) -> None:
    system = build_system(read_model(model))
    numbers: dict[Expr, Expr] = {size(k): Integer(v) for k, v in example_sizes(system, {}).items()}
    total = 0
    for weight in system.weights:
        spans = weight.layer
        layers = [1] if spans is None else range(int(spans.first), int(spans.last) + 1)
        for layer in layers:
            total += prod(int(side) for side in shape(system, weight.array.shape, layer, numbers))
    first = lines(section(model))[0]
    assert isinstance(first.rhs, Relation)
    assert value(first.rhs.sides[-1]) == total


def shape(
    system: Any, sides: Sequence[Expr], layer: int, numbers: dict[Expr, Expr]
) -> Iterator[Expr]:
    from rnnsym.tied import TiedSizes

    tied = TiedSizes(system)
    return (tied.at(side, Integer(layer)).xreplace(numbers) for side in sides)


@pytest.mark.parametrize("model", MODELS)
def test_each_mistake_gives_another_number(model: str) -> None:
    boxes = [b for b in section(model) if isinstance(b, Box)]
    assert len(boxes) == (0 if "dense" in model or "*L" in model else 1)
    for box in boxes:
        [right, table] = box.blocks
        assert isinstance(right, Paragraph)
        assert isinstance(table, Table)
        assert len(table.rows) >= 2
        assert all(gives[0] != right.content[-2] for _name, gives, _why in table.rows)


def test_the_gru_has_three_numbers() -> None:
    blocks = section("gru")
    by_convention = [b for b in blocks if isinstance(b, Table)][-1]
    assert {row[-1][0] for row in by_convention.rows} == {"150", "155", "165"}
    [first, *_] = lines(blocks)
    assert isinstance(first.rhs, Relation)
    shown = [formula_in(s, SOURCE) if isinstance(s, Formula) else s for s in first.rhs.sides]
    assert shown == ["3*(5*4 + 5**2 + 5)", "3*50", Integer(150)]


def test_mistakes_of_the_lstm() -> None:
    [box] = [b for b in section("lstm") if isinstance(b, Box)]
    [_, table] = box.blocks
    assert isinstance(table, Table)
    found = {row[0][0]: row[1][0] for row in table.rows}
    assert found["no biases"] == Integer(180)
    assert found["second bias"] == Integer(220)
    assert found["one block forgotten"] == Integer(150)
    assert found["sizes swapped"] == Integer(160)


def test_a_cell_of_one_convention_says_so() -> None:
    words = [b for b in section("indrnn") if isinstance(b, Paragraph)]
    assert any("No other convention" in str(b.content) for b in words)


def test_sizes_in_the_text_stay() -> None:
    system = build_system(read_model("bi(lstm:4), dense:5"))
    assert example_sizes(system, {}) == {"d": 6, "n": 4, "q": 5}
    assert example_sizes(system, {"d": 2}) == {"d": 2, "n": 4, "q": 5}
