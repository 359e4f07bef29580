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
