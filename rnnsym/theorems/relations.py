"""Theorems on two nets with related weights."""

import numpy as np

from rnnsym.theorems.claim import Theorem
from rnnsym.theorems.related import Arrays, Related, Side, Tie

__all__ = ["RELATIONS"]


def _scaled(initial: Arrays) -> tuple[Arrays, Arrays]:
    """Take the stabiliser's factor e^{m₀} back into cell state and normaliser."""
    factor = np.exp(initial["m"])
    return initial, {**initial, **{name: factor * initial[name] for name in "cs"}}


def _emptied(initial: Arrays) -> tuple[Arrays, Arrays]:
    """Start both without a past, and the stabiliser anywhere."""
    empty = {**initial, **{name: 0 * initial[name] for name in "cs"}}
    return empty, empty


_NEGATED = {"W_i": Tie("W_f", -1), "U_i": Tie("U_f", -1), "b_i": Tie("b_f", -1)}
_NO_PEEPHOLES = {f"p_{gate}": Tie(f"b_{gate}", 0) for gate in "fio"}
_DIAGONAL = {"U_h": Tie("U_h", diagonal=True)}
_AFTER = {**_DIAGONAL, "b_u": Tie("b_h", 0)}
_RENAMED = {f"{a}_{b}": Tie(f"{a}_{c}") for a in "WUb" for b, c in ("zf", "hc")}

RELATIONS = (
    Theorem(
        "cifg",
        "CIFG is the LSTM with i := 1 − f, as σ(−a) = 1 − σ(a): W_i, U_i, b_i are −W_f, −U_f, −b_f",
        "Greff et al. 2017 (arXiv:1503.04069)",
        Related(Side("lstm", _NEGATED), Side("lstm-coupled")),
    ),
    Theorem(
        "peephole",
        "the peephole LSTM with p = 0 is the plain LSTM",
        "Gers, Schraudolph and Schmidhuber 2002",
        Related(Side("lstm-peephole", _NO_PEEPHOLES), Side("lstm")),
    ),
    Theorem(
        "gru-reset",
        "resetting before and after the product is the same where U_h is diagonal and b_u = 0",
        "Cho et al. 2014 (arXiv:1406.1078), both versions",
        Related(Side("gru", _DIAGONAL), Side("gru-reset-after", _AFTER)),
    ),
    Theorem(
        "janet-ugrnn",
        "JANET is the UGRNN under other names",
        "arXiv:1804.04849 and arXiv:1611.09913",
        Related(Side("janet"), Side("ugrnn", _RENAMED)),
    ),
    Theorem(
        "slstm-stabiliser",
        "sLSTM's stabiliser cancels in h and in the gradients of parameters and inputs, where "
        "c₀ and s₀ are scaled with e^{m₀}",
        "Beck et al. 2024 (arXiv:2405.04517)",
        Related(Side("slstm"), Side("slstm-unstabilised"), _scaled),
    ),
    Theorem(
        "slstm-zero",
        "sLSTM's stabiliser cancels as well where c₀ = s₀ = 0, whatever m₀ is",
        "Beck et al. 2024 (arXiv:2405.04517)",
        Related(Side("slstm"), Side("slstm-unstabilised"), _emptied),
    ),
)
