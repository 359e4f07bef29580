"""Parameter counts: published numbers, formulas in print, and the sizes of arrays."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnsym.count import count
from rnnsym.expr import LATEX, LAYERS, SOURCE, Integer, expand, formula_in
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.system import build_system, read_model
from tests.counts import SHIPPED, counted, evaluated, printed

PUBLISHED = json.loads((Path(__file__).parent / "data" / "param_counts.json").read_text())
CELLS = {"SimpleRNN": "vanilla", "GRU": "gru", "LSTM": "lstm"}


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row['cell']}-{row['count']}")
def test_published_counts(row: dict[str, Any]) -> None:
    cell = CELLS[row["cell"]]
    text = cell if row["directions"] == 1 else f"bi({cell})"
    assert counted(text, row["convention"], d=row["d"], n=row["n"]).total == row["count"]


@pytest.mark.parametrize(
    ("cell", "convention", "total"),
    [
        ("gru", "textbook", 150),
        ("gru-reset-after", "textbook", 155),
        ("gru", "keras", 165),
        ("gru", "pytorch", 165),
    ],
)
def test_a_gru_from_4_to_5_by_convention(cell: str, convention: str, total: int) -> None:
    assert counted(cell, convention, d=4, n=5).total == total


@pytest.mark.parametrize("cell", ["vanilla", "gru", "lstm"])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_closed_form_of_a_pytorch_stack(cell: str, directions: int, depth: int) -> None:
    gates = {"vanilla": 1, "gru": 3, "lstm": 4}[cell]
    d, n = 7, 3
    single = cell if directions == 1 else f"bi({cell})"
    expected = directions * gates * n * (d + (depth - 1) * directions * n + depth * n + 2 * depth)
    for text, depth_given in ((f"{single}*{depth}", {}), (f"{single}*L", {"L": depth})):
        assert counted(text, "pytorch", d=d, n=n, **depth_given).total == expected


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("depth", [1, 3])
def test_a_pytorch_stack_with_projection(directions: int, depth: int) -> None:
    d, n, p = 7, 5, 3
    inputs = [d] + [directions * p] * (depth - 1)
    expected = sum(directions * (4 * n * (i + p + 2) + p * n) for i in inputs)
    cell = "lstm-projection" if directions == 1 else "bi(lstm-projection)"
    assert counted(f"{cell}*{depth}", "pytorch", d=d, n=n, p=p).total == expected


FORMULAS = [
    ("vanilla", "textbook", "nd + n² + n"),
    ("relu-rnn", "textbook", "nd + n² + n"),
    ("logistic-rnn", "textbook", "nd + n² + n"),
    ("gru", "textbook", "3(nd + n² + n)"),
    ("gru-reset-after", "textbook", "3(nd + n² + n) + n"),
    ("lstm", "textbook", "4(nd + n² + n)"),
    ("lstm-1997", "textbook", "3(nd + n² + n)"),
    ("lstm-coupled", "textbook", "3(nd + n² + n)"),
    ("lstm-peephole", "textbook", "4(nd + n² + n) + 3n"),
    ("lstm-projection", "textbook", "4(nd + np + n) + pn"),
    ("mgu", "textbook", "2(nd + n² + n)"),
    ("ugrnn", "textbook", "2(nd + n² + n)"),
    ("indrnn", "textbook", "nd + 2n"),
    ("mingru", "textbook", "2(nd + n)"),
    ("jordan", "textbook", "nd + np + n + pn + p"),
    ("antisymmetric", "textbook", "nd + n² + n"),
    ("antisymmetric-gated", "textbook", "n² + 2(nd + n)"),
    ("atr", "textbook", "nd + n²"),
    ("brc", "textbook", "3nd + 2n"),
    ("cfn", "textbook", "2(nd + n² + n) + nd"),
    ("cornn", "textbook", "2n² + nd + n"),
    ("elman-output", "textbook", "nd + n² + n + pn + p"),
    ("fastgrnn", "textbook", "nd + n² + 2n + 2"),
    ("fastrnn", "textbook", "nd + n² + n + 2"),
    ("janet", "textbook", "2(nd + n² + n)"),
    ("jordan-decay", "textbook", "nd + np + n + pn + p"),
    ("leaky", "textbook", "nd + n² + n"),
    ("lem", "textbook", "4(nd + n² + n)"),
    ("ligru", "textbook", "2(nd + n² + n)"),
    ("linear", "textbook", "nd + n² + n"),
    ("lipschitz", "textbook", "n² + nd + n² + n"),
    ("lstm-coupled-peephole", "textbook", "3(nd + n² + n) + 2n"),
    ("lstm-multiplicative", "textbook", "5(nd + n²) + 4n"),
    ("lstm-nfg", "textbook", "3(nd + n² + n) + 2n"),
    ("lstm-niaf", "textbook", "4(nd + n² + n) + 3n"),
    ("lstm-nig", "textbook", "3(nd + n² + n) + 2n"),
    ("lstm-noaf", "textbook", "4(nd + n² + n) + 3n"),
    ("lstm-nog", "textbook", "3(nd + n² + n) + 2n"),
    ("minimalrnn", "textbook", "nd + n + 2n² + n"),
    ("minlstm", "textbook", "3(nd + n)"),
    ("multiplicative-rnn", "textbook", "pd + pn + nd + np + n"),
    ("mut1", "textbook", "2nd + nd + n² + n + n² + 2n"),
    ("mut3", "textbook", "3(nd + n² + n)"),
    ("nbrc", "textbook", "2(nd + n²) + nd"),
    ("qrnn", "textbook", "6nd"),
    ("ran", "textbook", "nd + 2(nd + n² + n)"),
    ("scrn", "textbook", "pd + np + nd + n²"),
    ("slstm", "textbook", "4(nd + n² + n)"),
    ("slstm-unstabilised", "textbook", "4(nd + n² + n)"),
    ("sru", "textbook", "4nd + 4n"),
    ("star", "textbook", "nd + n + nd + n² + n"),
    ("trnn", "textbook", "2nd + n"),
    ("vanilla", "pytorch", "nd + n² + 2n"),
    ("gru", "pytorch", "3(nd + n² + 2n)"),
    ("lstm", "pytorch", "4(nd + n² + 2n)"),
    ("lstm-projection", "pytorch", "4(nd + np + 2n) + pn"),
    ("vanilla", "keras", "nd + n² + n"),
    ("gru", "keras", "3(nd + n² + 2n)"),
    ("gru-reset-before", "keras", "3(nd + n² + n)"),
    ("lstm", "keras", "4(nd + n² + n)"),
    ("bi(vanilla)", "textbook", "2(nd + n² + n)"),
    ("bi(lstm)", "textbook", "2·4(nd + n² + n)"),
    ("bi(lstm-peephole)", "textbook", "2·4(nd + n² + n) + 6n"),
    ("gru*3", "textbook", "3(nd + n² + n) + 3·2(2n² + n)"),
    ("gru*L", "textbook", "3(nd + n² + n) + 3(L−1)(2n² + n)"),
    ("vanilla*L", "textbook", "nd + n² + n + (L−1)(2n² + n)"),
    ("bi(lstm)*2", "textbook", "2·4(nd + n² + n) + 2·4(3n² + n)"),
    ("bi(lstm,sum)*2", "textbook", "2·4(nd + n² + n) + 2·4(2n² + n)"),
    ("lstm-projection*2", "textbook", "4(nd + np + n) + pn + 4(2np + n) + pn"),
    ("gru*L, lstm", "textbook",
     "3(n₁d + n₁² + n₁) + 3(L−1)(2n₁² + n₁) + 4(n₂n₁ + n₂² + n₂)"),
    ("lstm, gru", "textbook", "4(n₁d + n₁² + n₁) + 3(n₂n₁ + n₂² + n₂)"),
    ("bi(lstm), gru", "textbook", "2·4(n₁d + n₁² + n₁) + 3(2n₂n₁ + n₂² + n₂)"),
    ("embedding:9:4, vanilla, dense:3", "textbook", "Ve + ne + n² + n + q(n + 1)"),
    ("bi(gru)*2, dense:5:tanh", "textbook",
     "2·3(nd + n² + n) + 2·3(3n² + n) + q(2n + 1)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "convention", "formula"), FORMULAS)
def test_formulas_as_a_textbook_writes_them(text: str, convention: str, formula: str) -> None:
    assert printed(counted(text, convention).formula) == formula


def test_every_shipped_cell_has_its_formula_here() -> None:
    here = {(text, convention) for text, convention, _ in FORMULAS}
    same_as_vanilla = {("relu-rnn", "pytorch"), ("relu-rnn", "keras")}
    assert set(SHIPPED) - here == same_as_vanilla


@pytest.mark.parametrize(
    ("text", "latex", "python"),
    [
        ("lstm", "4(nd + n^{2} + n)", "4*(n*d + n**2 + n)"),
        ("bi(lstm)", r"2 \cdot 4(nd + n^{2} + n)", "2*4*(n*d + n**2 + n)"),
        (
            "gru*L",
            "3(nd + n^{2} + n) + 3(L-1)(2n^{2} + n)",
            "3*(n*d + n**2 + n) + 3*(L-1)*(2*n**2 + n)",
        ),
        (
            "vanilla, vanilla",
            "n_{1}d + n_{1}^{2} + n_{1} + n_{2}n_{1} + n_{2}^{2} + n_{2}",
            "n_1*d + n_1**2 + n_1 + n_2*n_1 + n_2**2 + n_2",
        ),
    ],
)
def test_formulas_in_latex_and_python(text: str, latex: str, python: str) -> None:
    formula = counted(text).formula
    assert formula_in(formula, LATEX) == latex
    assert formula_in(formula, SOURCE) == python


def test_without_biases() -> None:
    for text, formula in (
        ("lstm", "4(nd + n²)"),
        ("lstm-peephole", "4(nd + n²) + 3n"),
        ("vanilla, dense:5", "nd + n² + qn"),
    ):
        found = count(build_system(read_model(text, bias=False)))
        assert printed(found.formula) == formula
        assert found.to_json()["bias"] is False


def test_a_closed_form_agrees_with_every_depth() -> None:
    for single in ("gru", "bi(lstm)", "bi(lstm-peephole,mean)", "lstm-projection", "jordan"):
        closed = counted(f"{single}*L").formula.value
        for depth in range(1, 6):
            at_depth = closed.xreplace({LAYERS: Integer(depth)})
            assert expand(at_depth) == expand(counted(f"{single}*{depth}").formula.value)


SINGLE = ["vanilla", "gru", "gru-reset-after", "lstm", "lstm-peephole", "indrnn", "mingru"]
PROJECTED = ["lstm-projection", "jordan"]


@st.composite
def layers(draw: st.DrawFn) -> str:
    cell = draw(st.sampled_from(SINGLE + PROJECTED))
    if draw(st.booleans()):
        cell += f":{draw(st.integers(1, 40))}"
        cell += f":{draw(st.integers(1, 9))}" if draw(st.booleans()) and "j" in cell else ""
    merge = draw(st.sampled_from(["", ",sum", ",mean", ",mul"]))
    cell = f"bi({cell}{merge})" if draw(st.booleans()) else cell
    return cell + draw(st.sampled_from(["", "*2", "*4"]))


@st.composite
def models(draw: st.DrawFn) -> str:
    parts = draw(st.lists(layers(), min_size=1, max_size=3))
    if draw(st.booleans()):
        place = draw(st.integers(0, len(parts) - 1))
        parts[place] = parts[place].partition("*")[0] + "*L"
    if draw(st.booleans()):
        parts.insert(0, f"embedding:{draw(st.integers(1, 30))}:{draw(st.integers(1, 9))}")
    readouts = draw(st.lists(st.sampled_from(["dense:3", "dense:2:tanh"]), max_size=2))
    return ", ".join([*parts, *readouts])


def entries(sizes: Sizes, *, matrices_only: bool = False) -> int:
    total = 0
    for weight in sizes.system.weights:
        for layer in sizes.range(weight.layer):
            rows, cols = sizes.shape(weight.array.shape, layer)
            is_vector = weight.array.shape[1] == 1
            total += 0 if matrices_only and is_vector else rows * cols
    return total


@settings(max_examples=60, deadline=None, derandomize=True)
@given(text=models(), bias=st.booleans(), numbers=st.lists(st.integers(1, 50), min_size=12))
@example(text="bi(lstm)*2, gru*L, dense:3", bias=True, numbers=[*range(2, 15)])
def test_a_count_is_the_size_of_the_arrays(text: str, bias: bool, numbers: list[int]) -> None:
    system = build_system(read_model(text))
    free = [name for name in system.size_names if name not in system.bound]
    drawn = dict(zip(free, numbers, strict=False))
    if "L" in drawn:
        drawn["L"] = drawn["L"] % 4 + 1
    found = count(build_system(read_model(text, bias=bias, sizes=drawn)))
    sizes = uniform_sizes(found.system, steps=4)
    assert found.total == entries(sizes)
    assert evaluated(formula_in(found.formula, SOURCE), dict(found.system.bound)) == found.total
    assert sum(layer.total or 0 for layer in found.layers) == found.total
    for layer in found.layers:
        gates = sum((gate.total or 0) * len(sizes.range(gate.layers)) for gate in layer.gates)
        assert gates == layer.total
        for gate in layer.gates:
            assert sum(p.total or 0 for p in gate.parameters) == gate.total
    if not text.startswith("embedding"):
        assert found.multiply_adds.total == entries(sizes, matrices_only=True)


def test_a_total_waits_for_its_last_size() -> None:
    assert counted("lstm:64*2").total is None
    assert counted("lstm:64*2", d=32).total == 4 * (64 * 32 + 64**2 + 64) + 4 * (2 * 64**2 + 64)
    assert counted("gru*L", d=2, n=3).total is None
    assert [layer.total for layer in counted("lstm, dense:10", d=2).layers] == [None, None]
    assert [layer.total for layer in counted("lstm:4, dense:10").layers] == [None, 50]
