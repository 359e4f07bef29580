"""Worked examples: each number is found again from its formula, by an evaluator of this file's own.

The evaluator reads the text of a formula, knows matrices as lists of rows, and counts in decimal
or in complex numbers; it shares nothing with rnnsym's.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest

from rnnsym.blocks import Equations, Line, NumberMatrix, Paragraph, Relation
from rnnsym.cell import cell_names
from rnnsym.derivation import Derivation
from rnnsym.derive import derive
from rnnsym.errors import InputError
from rnnsym.expr import LAYERS, TIME, Integer, Node, source
from rnnsym.sheet.layout import in_layout
from rnnsym.sheet.worked import worked_data, worked_example
from rnnsym.system import build_system, read_model
from tests.worked_values import COMPLEX, DECIMAL, Evaluator, Matrix, Numbers

MODELS = (
    *cell_names("textbook"),
    "bi(vanilla)",
    "bi(gru)",
    "bi(lstm)",
    "bi(vanilla)*2",
    "bi(vanilla,sum)",
    "vanilla*2",
    "gru*L",
    "lstm, gru",
    "qrnn*2",
)
STEP = 1e-30


def derivation(model: str, **choices: str) -> Derivation:
    return derive(build_system(read_model(model, **choices)))  # type: ignore[arg-type] # of texts


def read(rows: Sequence[Sequence[str]], kind: Numbers) -> Matrix:
    return [[kind.of(entry) for entry in row] for row in rows]


def start(data: Mapping[str, Any], kind: Numbers) -> dict[str, Matrix]:
    known = {entry["name"]: read(entry["value"], kind) for entry in data["given"]}
    fractions = {k: v.split("/") for k, v in data["constants"].items()}
    for name, parts in fractions.items():
        top, bottom = (kind.of(p) for p in (*parts, "1")[:2])
        known[name] = [[top / bottom]]
    return known


def rounded(matrix: Matrix, places: int) -> list[list[str]]:
    unit = Decimal(1).scaleb(-places)
    shown = [[entry.quantize(unit, ROUND_HALF_UP) for entry in row] for row in matrix]
    return [[f"{abs(e) if e == 0 else e:f}" for e in row] for row in shown]


# Every number


@pytest.mark.parametrize("model", MODELS)
def test_every_number_follows_from_its_formula(model: str) -> None:
    data = worked_data(derivation(model))
    assert json.loads(json.dumps(data)) == data
    known = start(data, DECIMAL)
    evaluate = Evaluator(known, DECIMAL, data["sizes"].get("n", 1))
    with localcontext(prec=40):
        for line in data["lines"]:
            value = rounded(evaluate.text(line["formula"]), 4)
            assert value == line["value"], line
            known[line["name"]] = read(value, DECIMAL)
        for result in data["results"]:
            assert rounded(known[result["name"]], 3) == result["value"]


@pytest.mark.parametrize("model", MODELS)
def test_gradients_are_those_of_the_complex_step(model: str) -> None:
    found = derivation(model)
    data = worked_data(found)
    slopes = dict(complex_step(found, data))
    assert slopes
    for result in data["results"]:
        name = result["name"].removeprefix("dL/d")
        exact = [float(e) for row in result["exact"] for e in row]
        assert all(abs(a - b) < 1e-9 for a, b in zip(exact, slopes[name], strict=True)), name
        shown = [Decimal(e) for row in result["value"] for e in row]
        for a, b in zip(shown, exact, strict=True):
            assert abs(a - Decimal(b)) <= Decimal(data["tolerance"]), name


def complex_step(found: Derivation, data: Mapping[str, Any]) -> Iterator[tuple[str, list[float]]]:
    """Yield ∂L/∂ of each array given, the loss being Σ Δ · output."""
    for entry in data["given"]:
        name, rows = entry["name"], entry["value"]
        places = [(i, j) for i in range(len(rows)) for j in range(len(rows[0]))]
        yield name, [loss(found, data, (name, *place)).imag / STEP for place in places]


def loss(found: Derivation, data: Mapping[str, Any], moved: tuple[str, int, int]) -> complex:
    known = start(data, COMPLEX)
    name, i, j = moved
    known[name][i][j] += 1j * STEP
    evaluate = Evaluator(known, COMPLEX, data["sizes"].get("n", 1))
    for line in data["lines"]:
        if line["part"].startswith("Forward"):
            known[line["name"]] = evaluate.text(line["formula"])
    term = found.system.loss_terms[0]
    total = 0j
    for time in range(1, data["T"] + 1):
        at = {TIME: Integer(time), LAYERS: Integer(2)}
        y, delta = (known[source(a.xreplace(at))] for a in (term.target, term.given))
        total += sum(a[0] * b[0] for a, b in zip(y, delta, strict=True))
    return total


@pytest.mark.parametrize("model", MODELS)
def test_the_page_prints_these_numbers(model: str) -> None:
    """The numbers put into each formula give what stands behind them, to the digits shown."""
    found = derivation(model)
    data = worked_data(found)
    displays = [b for b in worked_example(found) if isinstance(b, Equations)]
    given, *shown = ([*display.lines] for display in displays)
    assert [(source_of(x.lhs), entries(x.rhs)) for x in given] == [
        (entry["name"], entry["value"]) for entry in data["given"]
    ]
    lines = [line for display in shown for line in display]
    assert len(lines) == len(data["lines"])
    evaluate = Evaluator({}, DECIMAL, data["sizes"].get("n", 1))
    for line, wanted in zip(lines, data["lines"], strict=True):
        assert source_of(line.lhs) == wanted["name"]
        for side in numbers_of(line):
            assert rounded(evaluate.text(source_of(side)), 4) == wanted["value"], line


@pytest.mark.parametrize("convention", ["d2l", "keras", "onnx", "pytorch"])
@pytest.mark.parametrize("model", ["gru", "bi(lstm)"])
def test_numbers_turn_round_with_the_rows_of_a_convention(model: str, convention: str) -> None:
    found = derivation(model, convention=convention)
    turned = in_layout(tuple(worked_example(found, 2, n=2)), convention)
    evaluate = Evaluator({}, DECIMAL)
    products = 0
    for block in turned[2:]:
        for line in block.lines if isinstance(block, Equations) else ():
            *put, value = numbers_of(line)
            wanted = evaluate.text(source_of(value))
            for side in put:
                products += "@" in source_of(side)
                result = evaluate.text(source_of(side))
                assert rounded(result, 4) == rounded(wanted, 4), line
    assert products


def source_of(math: Any) -> str:
    assert isinstance(math, Node)
    return source(math)


def entries(math: Any) -> list[list[str]]:
    assert isinstance(math, NumberMatrix)
    return [[entry.replace("−", "-") for entry in row] for row in math.rows]


def numbers_of(line: Line) -> Iterator[Any]:
    """Yield the sides of a line that consist of numbers, the last one before its ≈."""
    assert isinstance(line.rhs, Relation)
    _, *numbers = line.rhs.sides
    for side in numbers:
        yield side.sides[0] if isinstance(side, Relation) else side


# Fair numbers


ZEROS = {
    # The diagonal of W - W.T is 0.
    "antisymmetric": {"dL/dW"},
    "antisymmetric-gated": {"dL/dW"},
    # The stabiliser is the larger exponent, and nothing flows through it.
    "slstm": {"a_e[1]", "a_i[1]", "a_e[2]", "a_i[2]", "delta_m[1]", "delta_m[2]", "dL/dm[0]"},
}


@pytest.mark.parametrize("model", cell_names("textbook"))
def test_numbers_are_distinct_and_hide_nothing(model: str) -> None:
    found = derivation(model)
    data = worked_data(found)
    weights = {source(w.array) for w in found.system.weights}
    drawn = [abs(Decimal(e)) for g in data["given"] if g["name"] in weights for r in g["value"]
             for e in r]  # fmt: skip
    assert len(set(drawn)) == len(drawn)
    assert all(0 < e < 1 and len(str(e)) <= 4 for e in drawn)
    values = {line["name"]: line["value"] for line in data["lines"]}
    hidden = {n for n, rows in values.items() if any(Decimal(e) == 0 for r in rows for e in r)}
    assert not hidden - ZEROS.get(model, set())


def test_the_stabiliser_cancels() -> None:
    data = worked_data(derivation("slstm"))
    values = {line["name"]: line["value"] for line in data["lines"]}
    assert abs(Decimal(values["delta_m[2]"][0][0])) <= Decimal("0.0002")


def test_the_same_numbers_every_time() -> None:
    first = worked_data(derivation("gru"))
    assert worked_data(derivation("gru", loss_at="every")) == first
    sized = derive(build_system(read_model("gru", sizes={"d": 64, "n": 128})))
    assert worked_data(sized)["lines"] == first["lines"]


# Choices


def test_losses_and_their_value() -> None:
    squared = worked_data(derivation("vanilla, dense:1", loss="squared"), 2)
    lines = {line["name"]: line for line in squared["lines"]}
    assert lines["L"]["formula"] == "L[1] + L[2]"
    last = worked_data(derivation("vanilla, dense:2", loss="cross-entropy", loss_at="last"), 3)
    [value] = [line for line in last["lines"] if line["name"] == "L"]
    assert value["part"] == "Loss"
    assert last["sizes"]["q"] == 2


def test_sizes_and_steps_can_be_chosen() -> None:
    data = worked_data(derivation("vanilla"), 3, n=2)
    assert (data["T"], data["sizes"]) == (3, {"d": 1, "n": 2})
    assert [len(g["value"]) for g in data["given"][:3]] == [2, 2, 2]


@pytest.mark.parametrize(
    ("sizes", "steps", "words"),
    [
        ({"m": 2}, None, "unknown size 'm'"),
        ({"n": 0}, None, "n"),
        ({}, 0, "T"),
    ],
)
def test_bad_sizes_are_named(sizes: dict[str, int], steps: int | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        worked_data(derivation("vanilla"), steps, **sizes)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("bi(lstm)*2", "it would have 196 lines; at most 140 are printed"),
        ("embedding:10:2, gru", "an embedding only picks a column"),
    ],
)
def test_what_has_no_example_says_why(model: str, words: str) -> None:
    found = derivation(model)
    assert worked_data(found)["reason"] == words
    [block] = worked_example(found)
    assert isinstance(block, Paragraph)
    assert words in str(block.content)


def test_a_wrong_derivation_is_not_printed() -> None:
    """A term dropped anywhere is found by the complex step, whatever is drawn."""
    found = derivation("vanilla")
    [stage] = found.stages
    for place, step in enumerate(stage.steps):
        for term in step.terms if len(step.terms) > 1 else ():
            steps = list(stage.steps)
            kept = tuple(t for t in step.terms if t != term)
            steps[place] = replace(step, terms=kept)
            wrong = replace(found, stages=(replace(stage, steps=tuple(steps)),), truncate=99)
            assert "complex step" in worked_data(wrong)["reason"]
