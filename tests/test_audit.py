"""The judge for formulas: what it says, what it refuses, and how fast."""

import json
import time
from pathlib import Path

import pytest

from rnnsym.api import model
from rnnsym.audit import audit
from rnnsym.audit.notation import parse
from rnnsym.audit.reading import Reading
from rnnsym.audit.symbols import Symbols
from rnnsym.errors import InputError
from rnnsym.expr import source
from tests.audits import derived, judged, program_values
from tests.terminal import Outcome, call

CARRY = "Δ + U_r'δ_r[t+1] + U_z'δ_z[t+1] + (U_h'δ_g[t+1]) r[t+1] + δ_h[t+1] z[t+1]"


def command(*arguments: str) -> Outcome:
    return call(*arguments, folder=Path.cwd())


def test_a_counterexample_of_rows_names_the_entry_of_the_row() -> None:
    found = model("gru", "d2l").audit("Σ_t δ_Z", "b_r").counterexample
    assert found is not None
    assert found.entry is not None
    assert found.entry[0] == 1


@pytest.mark.parametrize(
    ("formula", "reading"),
    [
        ("U_f^T δ_f ⊙ f", "(U_f.T @ delta_f[t]) * f[t]"),
        ("f ⊙ U_f^T δ_f", "f[t] * (U_f.T @ delta_f[t])"),
        ("f * U_f.T @ δ_f", "f[t] * (U_f.T @ delta_f[t])"),
        ("δ_f ⊙ f h_{t-1}^T U_f f", "delta_f[t] * (f[t] @ h[t-1].T @ U_f @ f[t])"),
        ("U_f U_f δ_f", "U_f @ U_f @ delta_f[t]"),
        ("(U_f * U_f) δ_f", "(U_f * U_f) @ delta_f[t]"),
        ("2 f / 4", "1/2 * f[t]"),
        ("f_t − 1", "f[t] - 1"),
        ("σ'(a_f)", "sigmoid(a_f[t]) * (1 - sigmoid(a_f[t]))"),
        ("U_f' f", "U_f.T @ f[t]"),
        ("(I - diag(f)) c", "(I - diag(f[t])) @ c[t]"),
        ("Σ_k f_k + c", "(sum_t(f[t])) + c[t]"),
    ],
)
def test_shapes_decide(formula: str, reading: str) -> None:
    derivation = derived("lstm")
    line = derivation.find("delta_c")[0].target
    assert (
        source(Reading(Symbols(derivation), line, formula).expression(parse(formula)[1])) == reading
    )


def test_layers_and_directions() -> None:
    network = "bi(lstm)*2"
    gradient = "sum_t(delta_f h[t-1]^T)"
    assert judged(network, "U_f_fwd", gradient) == "equal"
    assert judged(network, "U_f_bwd", gradient) == "different"
    assert judged(network, "U_f_bwd", gradient.replace("-", "+")) == "equal"
    assert (
        judged(network, "U_f[2,fwd]", r"\sum_t \overrightarrow{\delta}_{f,t}^{(2)} h→⁽²⁾ₜ₋₁ᵀ")
        == "equal"
    )
    assert judged(network, "U_f[2,fwd]", "sum_t(delta_f_fwd[1,t] @ h_fwd[1,t-1].T)") == "shape"
    assert judged("lstm, gru", "U_z", "sum_t(delta_z[t] h[t-1].T)") == "equal"
    above = r"Δ + W_r^{(l+1)T} δ_r^{(l+1)} + W_z^{(l+1)T} δ_z^{(l+1)} + W_h[l+1]' δ_g[l+1,t]"
    assert judged("gru*L", "y", above) == "equal"


# Verdicts


@pytest.mark.parametrize(
    ("network", "wrt", "formula", "kind"),
    [
        ("lstm", "U_f", "sum_t(delta_f[t] @ h[t-1].T)", "equal"),
        ("lstm", "U_f", "sum_t(h[t-1] @ delta_f[t].T)", "transposed"),
        ("lstm", "W_f", "sum_t(x[t] @ delta_f[t].T)", "transposed"),
        ("lstm", "W_f", "sum_t(x[t] @ delta_i[t].T)", "shape"),
        ("lstm", "U_f", "sum_t(delta_f[t] @ h[t-1])", "shape"),
        ("lstm", "U_f", "sum_t(delta_f[t] @ h[t].T)", "different"),
        ("lstm", "b_f", "sum_t(exp(exp(1e9 delta_f)))", "undecided"),
        ("lstm", "b_f", "sum_t(log(-exp(delta_f)))", "undecided"),
        ("lstm", "b_f", "sum_t(delta_f / (f - sigmoid(a_f)))", "undecided"),
        ("lstm", "b_f", "sum_t(delta_f) + 1e-20", "different"),
        ("lstm", "f", "δ_c ⊙ c_{t-1}", "equal"),
        ("lstm", "dL/df[t]", "δ_f / (f (1 - f))", "equal"),
        ("lstm", "delta_f", "∂L/∂f_t ⊙ σ'(a_f)", "equal"),
        ("lstm", "h_0", "U_f.T δ_f[1] + U_i.T δ_i[1] + U_c' δ_g[1] + U_o^T δ_o[1]", "equal"),
        ("lstm", "x", "W_f.T δ_f + W_i.T δ_i + W_c.T δ_g + W_o.T δ_o", "equal"),
        ("lstm", "delta_h[T]", "Delta[T]", "equal"),
        ("lstm", None, "c_t = f_t ⊙ c_{t-1} + i_t ⊙ c̃_t", "equal"),
        ("lstm", "c", "f * c[t-1] + i * g", "equal"),
        ("lstm", None, "4(nd + n^2 + n)", "equal"),
        ("lstm", "params", "4 n (d + n + 1)", "equal"),
        ("lstm", "params", "4nd + 4n^2", "different"),
        ("lstm", "multiply_adds", "4n(d + n)", "equal"),
        ("gru*L", "params", "3(nd + n^2 + n) + 3(L-1)(2n^2 + n)", "equal"),
        ("lstm", "U_f", "dU_f = sum_t(delta_f h_prev^T)", "equal"),
        ("vanilla, dense:3", "V", "Σ_t δ_s h_t^T", "equal"),
    ],
)
def test_verdicts(network: str, wrt: str | None, formula: str, kind: str) -> None:
    assert judged(network, wrt, formula) == kind


@pytest.mark.parametrize(
    ("network", "wrt", "formula", "name"),
    [
        ("lstm", "c", "δ_h ⊙ o ⊙ (1 - tanh²(c))", "one path missing"),
        ("lstm", "c", "δ_h ⊙ o ⊙ (1 - tanh²(c)) + δ_c[t+1] ⊙ f_t", "wrong step"),
        ("lstm", "delta_f", "δ_c ⊙ c_{t-1}", "derivative forgotten"),
        ("lstm", "delta_f", "δ_c ⊙ c_{t-1} ⊙ f", "value for derivative"),
        ("lstm", "U_f", "Σ_t h_{t-1} δ_f^T", "outer product turned round"),
        ("lstm", "b_f", "-Σ_t δ_f", "sign flipped"),
        ("lstm", "b_f", "δ_f[T]", "last step only"),
        ("lstm", "b_f", "Σ_{t=2}^T δ_f", "first step forgotten"),
        ("lstm", "b_f", "δ_f", "sum over the steps missing"),
        ("lstm", "b_f", "Σ_t δ_i", "gates exchanged"),
        ("gru", "h", CARRY, "1 − z and z swapped"),
        ("vanilla", "h", "Δ + U δ_a[t+1]", "transpose missing"),
        ("lstm", "params", "4(nd + n^2)", "biases forgotten"),
        ("lstm", "params", "4(nd + n^2 + 2n)", "a second bias"),
        ("lstm", "params", "4T(nd + n^2 + n)", "times T"),
    ],
)  # fmt: skip
def test_the_misconception_is_named(network: str, wrt: str, formula: str, name: str) -> None:
    verdict = audit(derived(network), wrt, formula)
    assert verdict.mistake is not None
    assert verdict.mistake.name == name


def test_the_missing_carry_is_printed() -> None:
    lines_ = model("lstm").audit("δ_h ⊙ o ⊙ (1 - tanh²(c))", "c").lines()
    assert lines_[0] == "different"
    assert any("δ_cₜ₊₁ ⊙ fₜ₊₁" in line and "missing" in line for line in lines_)


def test_a_counterexample_is_true() -> None:
    verdict = audit(derived("lstm"), "b_f", "sum_t(delta_i)")
    found = verdict.counterexample
    assert found is not None
    assert found.entry is not None
    values = program_values(derived("lstm"), found.seed)
    row = found.entry[0] - 1
    for name, shown in (("delta_i", found.formula), ("delta_f", found.derived)):
        total = sum(values[name][t][row, 0] for t in range(1, 5))
        assert float(shown) == pytest.approx(total, rel=1e-5)


def test_aliases() -> None:
    assert judged("lstm", "Uf", "Σ_t δ_F s_{t-1}^T", Uf="U_f", F="f", s="h") == "equal"
    with pytest.raises(InputError, match="alias F=q: unknown symbol 'q'"):
        judged("lstm", "U_f", "F", F="q")


# Bad input


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("delta_q", r"unknown symbol 'delta_q'; did you mean 'delta_\w'"),
        ("(delta_f", r"'\(' is never closed"),
        ("delta_f)", r"'\)' has no place here"),
        ("(delta_f]", r"'\)' is expected here"),
        ("", "empty"),
        ("+", "the formula ends where a factor is expected"),
        ("h_t-1", "can be read in two ways"),
        ("f ? c", r"'\?' is no sign"),
        ("f_{q}", "'q' is no index"),
        ("h[q]", "'q' is no index"),
        (r"\frobnicate f", "not a notation that is known"),
        ("f^99", "a power is an integer of at most 8"),
        ("f^{1/2}", "a power is an integer"),
        ("U_f^{-1} f", "inverse of a matrix"),
        ("f / 0", "divides by zero"),
        ("1/0 f", "divides by zero"),
        ("(" * 200 + "f" + ")" * 200, "nested more than 40"),
        ("f^" * 500 + "2", "nested more than 40"),
        ("-" * 1600 + "f", "signs"),
        (r"\tilde" * 600 + "{f}", "nested more than 40"),
        ("f" * 5000, "4000"),
        ("sum_t(sum_k(sum_s(sum_r(f))))", "3 deep"),
        ("a = b = c", "'=' has no place"),
        ("f + 1 = c", "left-hand side of a formula is one symbol"),
        ("__import__('os')", "unknown symbol|no place|expected"),
        ("1e999999 f", "unknown symbol"),
        ("delta_c[t]", "itself"),
        ("sum_t(f, 1", "never closed"),
        ("h[1,2,3]", "at most a layer and a time"),
        ("softmax'(f)", "derivative of softmax"),
        ("f\0c", "is no sign"),
    ],
)
def test_bad_formulas(formula: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        audit(derived("lstm"), "c", formula)
    assert len(str(caught.value)) < 600


def test_the_caret_stands_under_the_place() -> None:
    with pytest.raises(InputError) as caught:
        audit(derived("lstm"), "c", "δ_c̃ ⊙ (f + q)")
    _, shown, caret = str(caught.value).split("\n")
    plain = "".join(c for c in shown if c != "\u0303")
    assert plain[caret.index("^")] == "q"


@pytest.mark.parametrize("wrt", ["q", "U_q", "1 + f", "Delta", ""])
def test_bad_targets(wrt: str) -> None:
    with pytest.raises(InputError):
        audit(derived("lstm"), wrt, "f")


def test_something_must_be_asked() -> None:
    with pytest.raises(InputError, match="--wrt"):
        audit(derived("lstm"), None, "delta_f")
    with pytest.raises(InputError, match="left-hand side is another"):
        audit(derived("lstm"), "U_f", "dL/dU_i = sum_t(delta_i h_prev^T)")


# Command line


@pytest.mark.parametrize(
    ("arguments", "code", "first"),
    [
        (["lstm", "--wrt", "U_f", "sum_t(delta_f[t] @ h[t-1].T)"], 0, "equal"),
        (["lstm", "--wrt", "U_f", "sum_t(h[t-1] @ delta_f[t].T)"], 1, "transposed"),
        (["lstm", "--wrt", "U_f", "delta_f"], 1, "shape"),
        (["lstm", "--wrt", "b_f", "sum_t(delta_i)"], 1, "different"),
        (["lstm", "--wrt", "b_f", "sum_t(exp(1e9 + delta_f))"], 3, "undecided"),
        (["lstm", "--wrt", "Uf", "--alias", "Uf=U_f", "Σ δ_f h_{t-1}^T"], 0, "equal"),
    ],
)
def test_command(arguments: list[str], code: int, first: str) -> None:
    done = command("audit", *arguments)
    assert (done.returncode, done.stdout.split()[0]) == (code, first)
    as_json = command("audit", *arguments, "--format", "json")
    assert as_json.returncode == code
    data = json.loads(as_json.stdout)
    assert data["verdict"] == first
    assert (data["counterexample"] is None) == (first not in ("transposed", "different"))
    assert command("audit", *arguments, "--ascii").stdout.isascii()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lstm"], "one formula"),
        (["lstm", "--wrt", "U_f", "--file", "/nowhere/f.txt"], "cannot read"),
        (["lstm", "--wrt", "U_f", "f", "--alias", "q"], "NEW=OLD"),
        (["lstm", "--wrt", "U_f", "f", "--alias", "q=f", "--alias", "q=i"], "twice"),
        (["lstm", "--wrt", "U_q", "f"], "unknown symbol 'U_q'"),
        (["ltsm", "--wrt", "U_f", "f"], "did you mean 'lstm'"),
    ],
)
def test_command_refuses(arguments: list[str], message: str) -> None:
    done = command("audit", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert not done.stdout


def test_command_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "formula.txt"
    path.write_text("\\frac{\\partial L}{\\partial U_f}\n = \\sum_t \\delta_{f,t} h_{t-1}^\\top\n")
    assert command("audit", "lstm", "--file", str(path)).returncode == 0
    path.write_bytes("\ufeffdL/dU_f = Σ δ_f h_prev^T\r\n".encode())  # as Windows' editor saves it
    assert command("audit", "lstm", "--file", str(path)).returncode == 0
    path.write_bytes(b"\xff\xfe\x00")
    assert command("audit", "lstm", "--file", str(path)).returncode == 2


# Speed


@pytest.mark.parametrize("network", ["lstm", "gru", "bi(lstm)*2"])
def test_an_answer_takes_less_than_a_second(network: str) -> None:
    derivation = derived(network)
    wrt = "b_f_fwd" if network.startswith("bi") else "U_z" if network == "gru" else "c"
    for formula in ("sum_t(delta_h)", "δ_h h_{t-1}^T", "sum_t(h[t-1] h[t-1]^T)"):
        start = time.process_time()
        audit(derivation, wrt, formula)
        assert time.process_time() - start < 1
