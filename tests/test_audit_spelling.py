"""Symbols as different books spell them: capitals, accents, no space, and what stays unknown."""

import pytest

from rnnsym.api import model
from rnnsym.audit import audit
from rnnsym.errors import InputError
from rnnsym.expr import latex, source, text
from rnnsym.sheet.layout import in_layout


@pytest.mark.parametrize(
    ("network", "formula"),
    [
        ("vanilla", "h_t = tanh(Wx_t + Uh_{t-1} + b)"),
        ("vanilla", "H_t = tanh(WX[t] + UH[t-1] + b)"),
        ("lstm", r"C_t = f_t \odot C_{t-1} + i_t \odot \tilde{C}_t"),
        ("lstm", "C_t = f_t C_{t-1} + i_t ĉ_t"),
        ("gru", "h[t] = (1 - z[t]) * h[t-1] + z[t] * h~[t]"),
        ("gru", r"h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \hat{h}_t"),
    ],
)
def test_other_spellings(network: str, formula: str) -> None:
    assert model(network).audit(formula).kind == "equal"


def test_the_other_convention_of_a_gate_is_named() -> None:
    verdict = model("gru").audit("h[t] = z ⊙ h[t-1] + (1 - z) ⊙ g")
    assert verdict.kind == "different"
    assert verdict.mistake is not None
    assert verdict.mistake.name == "1 − z and z swapped"


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("h_t = tanh(W_xh x_t)", "W_xh"),
        ("h_t = tanh(Wq_t)", "Wq_t"),
        ("h_t = tanh(hx_t)", "hx_t"),
        ("h_t = tanh(B)", "B"),
    ],
)
def test_what_a_model_lacks_stays_unknown(formula: str, name: str) -> None:
    with pytest.raises(InputError, match=f"unknown symbol '{name}'"):
        model("vanilla").audit(formula)


NOTHING = " + h - h ⊙ exp(h) / exp(h)"  # which no normal form sees
ABOVE = "W_r[l+1]' δ_r[l+1,t] + W_z[l+1]' δ_z[l+1,t] + W_h[l+1]' δ_g[l+1,t]"
FOUR = " + ".join(f"W_{a}[{{0}}]' δ_{b}[{{0}},t]" for a, b in ("ff", "ii", "cg", "oo"))


@pytest.mark.parametrize(
    ("network", "place", "formula"),
    [
        # In a line for every ℓ or t, what stands above the stack reaches its last layer only.
        ("gru*L, dense:3", "every", f"V^T δ_s + {ABOVE}"),
        ("lstm*2, lstm", "every", f"{FOUR.format(3)} + {FOUR.format('l+1')}"),
        ("gru*2", "last", f"Δ[T] + {ABOVE}"),
    ],
)
def test_an_edge_from_above_reaches_one_layer(network: str, place: str, formula: str) -> None:
    derived = model(network, loss_at=place)
    assert derived.audit(formula + NOTHING, "delta_y[l,t]").kind == "equal"
    assert derived.audit(f"{formula} + δ_h", "delta_y[l,t]").kind == "different"


def test_a_greek_letter_takes_its_index() -> None:
    verdict = model("lstm", loss_at="last").audit("Δ[T]", "delta_h[T]")
    assert (verdict.kind, str(verdict.reading)) == ("equal", "Delta[T]")


@pytest.mark.parametrize(
    ("network", "wrt", "formula"),
    [
        ("lstm", "U_f", r"\sum_{t=1}^{T} \delta_f^{(t)} (h^{(t-1)})^T"),
        ("lstm", "U_f", r"\sum_t \delta_f^t (h^{t-1})^\top"),
        ("lstm", "U_f", "sum_t np.outer(delta_f[t], h[t-1])"),
        ("lstm", "U_f", "∑ₜ (δcₜ ⊙ cₜ₋₁ ⊙ fₜ ⊙ (1−fₜ)) hₜ₋₁ᵀ"),
        ("lstm", "c", "δh ⊙ o ⊙ (1 − tanh²c) + δc(t+1) ⊙ f(t+1)"),
        ("lstm", None, r"f_t = \frac{1}{1+e^{-(W_f x_t + U_f h_{t-1} + b_f)}}"),
        ("lstm", "a_f", "[U_f, W_f] [h_{t-1}; x_t] + b_f"),
        ("lstm", "params", "4[n(d+n)+n]"),
        # Goodfellow, Bengio and Courville's notation, and that of NumPy courses
        ("vanilla", "W", r"\sum_t \mathrm{diag}\left(1-(h^{(t)})^2\right)(\nabla_{h^{(t)}} L)\,"
                         r" x^{(t)\top}"),
        ("vanilla", "U", "dU = sum_t (1 - h_t^2) * dh_t @ h_{t-1}.T"),
        ("vanilla", "U", r"\[ \sum_t \delta_t h_{t-1}^\top \]"),
        ("vanilla", "U", "Σ δ h_{t-1}^T"),
        ("vanilla", "U", "Σ_k δ_k h_{k-1}^T"),
        ("lstm*2", "W_f[2]", "Σ_t δ_f^{(2)} (h_t^{(1)})^T"),
        ("lstm*2", "W_f[1]", "Σ_t δ_f[1,t] x_t^T"),
        ("lstm*L", "a_f", "W_f[l] h[l-1,t] + U_f[l] h[l,t-1] + b_f[l]"),
    ],
)  # fmt: skip
def test_notations_of_books_and_courses(network: str, wrt: str | None, formula: str) -> None:
    assert model(network).audit(formula, wrt).kind == "equal"


def test_a_size_may_have_another_letter() -> None:
    assert model("lstm").audit("4(hd + h² + h)", "params", {"h": "n"}).kind == "equal"
    with pytest.raises(InputError, match="--alias h=n"):
        model("lstm").audit("4(hd + h² + h)", "params")


@pytest.mark.parametrize("convention", ["textbook", "d2l", "onnx"])
def test_a_matrix_of_ones_is_printed_as_one(convention: str) -> None:
    """Without its shape, 1 a would be read as a itself."""
    derived = model("vanilla, dense:3:softmax", convention).derive()
    [step] = derived.find("delta_a_s")
    sides = in_layout((step.target, step.value()), convention)
    for printer in (text, source, latex):
        formula = " = ".join(printer(side) for side in sides)
        assert "1 1" in formula.replace(" @", "")
        assert audit(derived, None, formula).kind == "equal", formula
