"""Counts gate by gate, and the maps of cells of one's own."""

from pathlib import Path

from rnnsym.derive import derive
from rnnsym.memory import stored
from tests.counts import counted, printed


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
