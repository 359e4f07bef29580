"""Counts against published ones, against the sizes of the arrays, and as a textbook prints them."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnsym.cell import cell_names
from rnnsym.count import Count, count
from rnnsym.derive import derive
from rnnsym.expr import LATEX, LAYERS, SOURCE, STEPS, UNICODE, Formula, Integer, expand, formula_in
from rnnsym.memory import stored
from rnnsym.numeric.program import identifier, program_source
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.system import build_system, read_model

PUBLISHED = json.loads((Path(__file__).parent / "data" / "param_counts.json").read_text())
CELLS = {"SimpleRNN": "vanilla", "GRU": "gru", "LSTM": "lstm"}
SHIPPED = [(c, v) for v in ("textbook", "pytorch", "keras") for c in cell_names(v)]


def counted(text: str, convention: str = "textbook", /, **sizes: int) -> Count:
    return count(build_system(read_model(text, convention=convention, sizes=sizes)))


def printed(formula: Formula) -> str:
    return formula_in(formula, UNICODE)


# Published numbers


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


# Formulas in print

FORMULAS = [
    ("vanilla", "textbook", "nd + n² + n"),
    ("relu-rnn", "textbook", "nd + n² + n"),
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
    for text, formula in (("lstm", "4(nd + n²)"), ("lstm-peephole", "4(nd + n²) + 3n")):
        found = count(build_system(read_model(text, bias=False)))
        assert printed(found.formula) == formula
        assert found.to_json()["bias"] is False


def test_a_closed_form_agrees_with_every_depth() -> None:
    for single in ("gru", "bi(lstm)", "bi(lstm-peephole,mean)", "lstm-projection", "jordan"):
        closed = counted(f"{single}*L").formula.value
        for depth in range(1, 6):
            at_depth = closed.xreplace({LAYERS: Integer(depth)})
            assert expand(at_depth) == expand(counted(f"{single}*{depth}").formula.value)


# Every count is the size of the arrays

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


OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Pow: lambda a, b: a**b,
}


def evaluated(text: str, sizes: dict[str, int]) -> int:
    """Evaluate a formula's Python text: +, −, *, ** of names and whole numbers, nothing else."""

    def value(node: ast.expr) -> int:
        match node:
            case ast.BinOp():
                return OPERATORS[type(node.op)](value(node.left), value(node.right))
            case ast.Name():
                return sizes[node.id]
            case ast.Constant(value=int(number)):
                return number
            case _:
                raise AssertionError(ast.dump(node))

    return value(ast.parse(text, mode="eval").body)


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


# Gates


def test_the_gates_of_an_lstm() -> None:
    (layer,) = counted("lstm", d=3, n=2).layers
    assert layer.title == "lstm"
    assert [gate.array.name for gate in layer.gates] == ["f", "i", "g", "o"]
    gate = layer.gates[0]
    assert gate.equation.lhs.name == "a_f"
    assert [(p.array.name, printed(p.formula), p.total) for p in gate.parameters] == [
        ("W_f", "nd", 6),
        ("U_f", "n²", 4),
        ("b_f", "n", 2),
    ]
    assert (printed(gate.formula), gate.total, gate.layers) == ("nd + n² + n", 12, None)


def test_what_is_only_added_into_a_gate_belongs_to_it() -> None:
    (layer,) = counted("gru-reset-after").layers
    assert [g.array.name for g in layer.gates] == ["r", "z", "g"]
    assert [p.array.name for p in layer.gates[-1].parameters] == ["W_h", "U_h", "b_h", "b_u"]
    (layer,) = counted("mingru").layers
    assert [g.array.name for g in layer.gates] == ["z", "g"]


def test_a_gate_is_named_after_what_it_gives() -> None:
    assert [g.array.name for g in counted("vanilla").layers[0].gates] == ["h"]
    assert [g.array.name for g in counted("jordan").layers[0].gates] == ["h", "y"]
    assert [g.array.name for g in counted("lstm-projection").layers[0].gates][-1] == "r"
    readout = counted("vanilla, dense:3:softmax").layers[1]
    assert [g.array.name for g in readout.gates] == ["s"]


def test_the_gates_of_a_stack_tell_directions_and_layers() -> None:
    (layer,) = counted("bi(vanilla)*L").layers
    found = [
        (g.array.family.direction, str(g.layers), printed(g.formula), g.parameters[0].shape)
        for g in layer.gates
    ]
    assert [(direction, span, formula) for direction, span, formula, _ in found] == [
        ("fwd", "1..1", "nd + n² + n"),
        ("bwd", "1..1", "nd + n² + n"),
        ("fwd", "2..L", "3n² + n"),
        ("bwd", "2..L", "3n² + n"),
    ]
    assert str(found[2][3]) == "(n, 2*n)"


# A user's cell

FAST = """
[states]
h = "n"
[equations]
z = "sigmoid(W @ x[t] + U @ h[t-1] + b_z)"
g = "tanh(W @ x[t] + U @ h[t-1] + b_h)"
h = "z[t] * h[t-1] + (1 - z[t]) * g[t]"
"""
TWO_MAPS = """
[states]
h = "n"
[sizes]
v = "k"
[equations]
v = "W_1 @ x[t] + U_1 @ h[t-1]"
h = "tanh(W_2 @ v[t] + b)"
"""
RESIDUAL = """
[states]
h = "n"
[equations]
g = "tanh(W @ x[t] + b)"
h = "h[t-1] + g[t]"
"""


def test_what_only_a_derivative_reads_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "residual.toml"
    path.write_text(RESIDUAL)
    assert printed(counted(str(path)).memory.formula) == "T(n + d)"
    assert [s.array.name for s in stored(derive(counted(str(path)).system))] == ["g", "x"]


def test_shared_matrices_count_once(tmp_path: Path) -> None:
    path = tmp_path / "fast.toml"
    path.write_text(FAST)
    found = counted(str(path))
    assert printed(found.formula) == "nd + n² + 2n"
    assert printed(found.multiply_adds.formula) == "n(d + n)"


def test_what_passes_through_a_matrix_is_a_map_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(TWO_MAPS)
    found = counted(str(path))
    assert [g.array.name for g in found.layers[0].gates] == ["v", "h"]
    assert printed(found.multiply_adds.formula) == "k(d + n) + nk"


# Costs


@pytest.mark.parametrize(
    ("text", "steps", "memory"),
    [
        ("vanilla", "n(d + n)", "T(n + d)"),
        ("gru", "3n(d + n)", "T(4n + d)"),
        ("lstm", "4n(d + n)", "T(6n + d)"),
        ("lstm-projection", "4n(d + p) + pn", "T(6n + p + d)"),
        ("mingru", "2nd", "T(3n + d)"),
        ("bi(lstm)", "2·4n(d + n)", "T(12n + d)"),
        ("gru*L", "3n(d + n) + 6(L−1)n²", "T(4Ln + d)"),
        ("bi(gru,sum)*L", "2·3n(d + n) + 12(L−1)n²", "T(8Ln + (L−1)n + d)"),
        ("bi(gru,sum)*3, dense:5", "2·3n(d + n) + 24n² + qn", "T(27n + d)"),
        ("embedding:9:4, vanilla", "n(e + n)", "T(e + n + 1)"),
        ("vanilla, dense:5", "n(d + n) + qn", "T(n + d)"),
        ("vanilla, dense:5:softmax", "n(d + n) + qn", "T(n + q + d)"),
    ],
)
def test_costs(text: str, steps: str, memory: str) -> None:
    found = counted(text)
    assert printed(found.multiply_adds.formula) == steps
    assert printed(found.memory.formula) == memory


def test_a_loss_at_the_last_step_is_paid_once() -> None:
    model = read_model("vanilla, dense:5", loss="cross-entropy", loss_at="last")
    found = count(build_system(model))
    assert printed(found.multiply_adds.formula) == "n(d + n)"
    assert printed(found.memory.formula) == "T(n + d) + q"


def test_memory_with_a_number_of_steps() -> None:
    system = build_system(read_model("lstm", sizes={"d": 3, "n": 2}))
    assert count(system).memory.total is None
    assert count(system, steps=10).memory.total == 10 * (6 * 2 + 3)


@pytest.mark.parametrize(("cell", "convention"), SHIPPED)
@pytest.mark.parametrize("form", ["{}", "bi({},mul)", "{}*L"])
def test_memory_is_what_the_program_reads_backwards(cell: str, convention: str, form: str) -> None:
    """The names on the right of the generated program's backward half; copies looked through."""
    derivation = derive(build_system(read_model(form.format(cell), convention=convention)))
    forward, _, backward = program_source(derivation).partition("total_ = ")
    copies = re.findall(r"^ +(\w+)\[[^]=]*\] = (\w+)\[[^]]*\]$", forward, re.M)
    made = set(re.findall(r"^ +(\w+)\[[^]]*\] = ", forward, re.M)) | {"x"}
    values = [line.partition(" = ")[2] for line in backward.splitlines()]
    read = {name for value in values for name in re.findall(r"(\w+)\[", value)} & made
    copied = {name for name, _ in copies} & read
    read |= {source for name, source in copies if name in copied}
    assert {identifier(s.array) for s in stored(derivation)} == read - copied


def test_memory_grows_with_the_steps_and_nothing_more() -> None:
    for text in ("lstm", "bi(gru)*L, dense:3", "jordan, vanilla"):
        memory = expand(counted(text).memory.formula.value)
        slope = memory.diff(STEPS)
        assert slope != 0
        assert slope.diff(STEPS) == 0


# JSON


def test_json_holds_formulas_and_totals() -> None:
    data = counted("bi(lstm:2)*2, dense:3", d=4).to_json()
    assert json.loads(json.dumps(data)) == data
    assert list(data) == [
        "schema", "rnnsym", "model", "convention", "bias", "sizes", "formula", "total", "latex",
        "layers", "multiply_adds", "memory",
    ]  # fmt: skip
    assert data["sizes"] == {"n": 2, "q": 3, "d": 4}
    assert data["total"] == evaluated(data["formula"], data["sizes"])
    assert [layer["title"] for layer in data["layers"]] == ["bi(lstm:2)*2", "dense:3"]
    gate = data["layers"][0]["gates"][0]
    assert gate["name"] == "f"
    assert gate["direction"] == "fwd"
    assert gate["layers"] == ["1", "1"]
    assert gate["equation"].startswith("a_f_fwd[l,t] = W_f_fwd[l] @ y[l-1,t] + ")
    assert gate["parameters"][0] == {
        "name": "W_f", "shape": ["n", "d"], "formula": "n*d", "total": 8,
    }  # fmt: skip
    assert data["memory"]["total"] is None


def test_json_total_is_null_while_a_size_is_symbolic() -> None:
    data = counted("gru*L", n=3).to_json()
    assert data["total"] is None
    assert data["formula"] == "3*(n*d + n**2 + n) + 3*(L-1)*(2*n**2 + n)"
    assert data["layers"][0]["total"] is None


def test_a_notebook_shows_the_formula() -> None:
    shown = getattr(counted("lstm"), "_repr_latex_")()  # noqa: B009 - Jupyter's own name
    assert shown == r"$\displaystyle 4(nd + n^{2} + n)$"
