"""What a step costs and keeps, and counts as data."""

import json
import re

import pytest

from rnnsym.count import count
from rnnsym.derive import derive
from rnnsym.expr import STEPS, expand
from rnnsym.memory import stored
from rnnsym.numeric.program import identifier, program_source
from rnnsym.system import build_system, read_model
from tests.counts import SHIPPED, counted, evaluated, printed


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
