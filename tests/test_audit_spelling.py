"""Symbols as different books spell them: capitals, accents, no space, and what stays unknown."""

import pytest

from rnnsym.api import model
from rnnsym.errors import InputError


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
