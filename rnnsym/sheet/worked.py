"""A worked example: a model with small numbers, every value forward and backward.

What sheets call, none with a heading of its own:

- ``worked_example(derivation, steps=None, **sizes)`` yields the blocks;
- ``worked_data(derivation, steps=None, **sizes)`` returns the same as JSON has it, under "worked".
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from typing import Any

from rnnsym.blocks import (
    Block,
    Equations,
    Heading,
    Inline,
    Line,
    Math,
    NumberMatrix,
    Paragraph,
    Prose,
    Relation,
    prose,
)
from rnnsym.derivation import Derivation
from rnnsym.errors import one_of
from rnnsym.expr import LAYERS, STEPS, Array, Constant, Expr, Integer, Node, size, source
from rnnsym.model_text import Embedding, checked_size
from rnnsym.quiz.by_hand import SHOWN, WORKED
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, shown
from rnnsym.sheet.arithmetic import Arithmetic, is_data, number
from rnnsym.sheet.naming import tied
from rnnsym.sheet.worked_lines import Part, Row
from rnnsym.sheet.worked_numbers import TOLERANCE, LengthError, Worked, work

__all__ = ["worked_data", "worked_example"]

SHORT = 30
"""An example of at most so many lines goes on for a third step."""


def worked_example(
    derivation: Derivation, steps: int | None = None, **sizes: int
) -> Iterator[Block]:
    """Yield a worked example: what is given, every line forward and backward, the gradients.

    The numbers are drawn from the model's name, the same at every call. A model too long for an
    example gets a paragraph that says so.

    Args:
        derivation: of any model; sizes bound in it do not matter here.
        steps: T, by default 2, or 3 where that stays short.
        **sizes: other sizes than 1, such as ``n=2``.

    Raises:
        InputError: a size that the model lacks, or that is none.
    """
    try:
        example = _worked(derivation, steps, sizes)
    except (LengthError, Unfair) as error:
        yield Paragraph(
            prose(f"No worked example is printed of {derivation.system.model}: {error}.")
        )
        return
    yield Paragraph(_intro(example))
    yield Equations(tuple(Line(a, _given(m)) for a, m in example.given.items()))
    put = Arithmetic(example.sizes, example.point)
    for part in example.parts:
        yield Heading(part.title, 3)
        yield Equations(tuple(_line(example, part, row, put) for row in part.rows))
    yield Paragraph(_proof(example))


def _worked(derivation: Derivation, steps: int | None, sizes: dict[str, int]) -> Worked:
    for name, value in sizes.items():
        checked_size(one_of("size", name, derivation.system.size_names), value)
    if steps is not None:
        checked_size("T", steps)
    chosen = tuple(sizes.items())
    if isinstance(derivation.system.model.layers[0], Embedding):
        raise LengthError("an embedding only picks a column")
    if steps is not None:
        return work(derivation, steps, chosen)
    example = work(derivation, 2, chosen)
    if sum(len(part.rows) for part in example.parts) > SHORT:
        return example
    return work(derivation, 3, chosen)


def _intro(example: Worked) -> Prose:
    numbers = [*_chosen(example), (STEPS, example.sizes.steps)]
    parts: list[Inline] = ["Let "]
    for place, (symbol, value) in enumerate(numbers):
        parts += [", "] if place else []
        parts.append(Relation((symbol, Integer(value))))
    return (
        *parts,
        f". Every line is rounded to {WORKED} decimals (a tie away from zero) and the next line "
        f"uses the rounded number; gradients are given to {SHOWN} decimals. Given are",
    )


def _given(matrix: Matrix) -> NumberMatrix:
    return NumberMatrix(tuple(tuple(shown(e).replace("-", "−") for e in row) for row in matrix))


def _chosen(example: Worked) -> list[tuple[Expr, int]]:
    found: list[tuple[Expr, int]] = []
    for name, value in example.sizes.values.items():
        found.append((size(name), value if isinstance(value, int) else next(iter(value.values()))))
    if example.sizes.system.symbolic_depth:
        found.append((LAYERS, example.sizes.depth))
    return found


def _line(example: Worked, part: Part, row: Row, put: Arithmetic) -> Line:
    """Return formula = numbers = value, the numbers only where they add something."""
    value: Math = number(example.worked[row.target])
    if part.result:
        value = Relation((value, number(example.result(row.target))), "≈")
    formula = tied(example.sizes.system, row.value)
    put_in = () if is_data(row.value) else (put.of(row.value),)
    return Line(row.target, Relation((formula, *put_in, value)))


def _proof(example: Worked) -> Prose:
    bound = example.error.quantize(Decimal("0.0001"), ROUND_CEILING)
    return prose(
        "The exact gradients, without rounding on the way, equal numerical derivatives of the "
        "forward equations (by the complex step); those given differ from them by at most "
        f"{bound} ({TOLERANCE} is allowed)."
    )


# As data


def worked_data(derivation: Derivation, steps: int | None = None, **sizes: int) -> dict[str, Any]:
    """Return the numbers behind ``worked_example``, or why there are none.

    Keys: model, convention, T, sizes {name: number}, constants {name: number}, decimals {way,
    result}, tolerance, given [{name, value}], lines [{part, name, formula, value}] in order, and
    results [{name, value, exact}]. Formulas are in the cell language, sizes and indices as numbers;
    values are rows of decimals as texts; "exact" has ten decimals. Where there is no example:
    model, convention and reason.
    """
    model = derivation.system.model
    head = {"model": str(model), "convention": model.convention}
    try:
        example = _worked(derivation, steps, sizes)
    except (LengthError, Unfair) as error:
        return {**head, "reason": str(error)}
    return {
        **head,
        "T": example.sizes.steps,
        "sizes": {str(symbol): value for symbol, value in _chosen(example)},
        "constants": _constants(example),
        "decimals": {"way": WORKED, "result": SHOWN},
        "tolerance": shown(TOLERANCE),
        "given": [{"name": source(a), "value": _texts(m)} for a, m in example.given.items()],
        "lines": [_data(example, part, row) for part in example.parts for row in part.rows],
        "results": [_result(example, target) for target in example.results],
    }


def _data(example: Worked, part: Part, row: Row) -> dict[str, Any]:
    formula: Node = row.value.xreplace(example.sizes.rule)
    return {
        "part": part.title,
        "name": source(row.target),
        "formula": source(formula),
        "value": _texts(example.worked[row.target]),
    }


def _result(example: Worked, target: Array) -> dict[str, Any]:
    exact = tuple(tuple(e.quantize(Decimal("1e-10")) for e in row) for row in example.exact[target])
    return {
        "name": source(target),
        "value": _texts(example.result(target)),
        "exact": _texts(exact),
    }


def _texts(matrix: Matrix) -> list[list[str]]:
    return [[shown(entry) for entry in row] for row in matrix]


def _constants(example: Worked) -> dict[str, str]:
    found: set[Constant] = set()
    for part in example.parts:
        for row in part.rows:
            found |= row.value.atoms(Constant)
    return {c.name: str(c.value) for c in sorted(found, key=lambda c: c.name)}
