"""The idea of a gated cell, before its equations: what it is for, and why gradients survive."""

from collections.abc import Iterator

from rnnsym.blocks import Block, Heading
from rnnsym.sheet.chapters.phrases import about

__all__ = ["idea"]

IDEAS = {
    "gru": (
        "A vanilla network mixes all that it knows into one state at every step. Nothing decides "
        "what to keep, and over many steps its gradients vanish. The GRU keeps one state {h[t]}; "
        "two gates stand before it. The *update gate* {z[t]} mixes the old state with a candidate "
        "{g[t]}: where it is near 0 the old state is copied, where it is near 1 it is replaced. "
        "The *reset gate* {r[t]} decides how much of the old state the candidate sees.",
        "Why that helps against vanishing: the new state is a sum, and along its first term, "
        "{(1 - z[t]) * h[t-1]}, a gradient meets no matrix and no squashing, only {1 - z[t]}. "
        "Where {z[t]} stays near 0 it passes nearly whole over many steps. According to the course "
        "notes a GRU is simpler than an LSTM, often trains faster, and works well on many "
        "sequences of medium length.",
    ),
    "lstm": (
        "The LSTM separates memory from output. The *cell state* {c[t]} is the long-term memory, "
        "which is kept and added to. The *hidden state* {h[t]} is the working state: what of the "
        "memory is shown, to the gates of the next step and to what reads the layer. Three gates "
        "guard the memory: the *forget gate* {f[t]} decides what is kept, the *input gate* {i[t]} "
        "what is written, the *output gate* {o[t]} what is shown. What could be written is the "
        "candidate {g[t]}; it is no gate, but it is the fourth affine map.",
        "Why that helps against vanishing: the memory is updated by a sum, "
        "{f[t] * c[t-1] + i[t] * g[t]}, where a vanilla network squeezes everything through one "
        "nonlinear state again and again. Along the first term a gradient meets no matrix and no "
        "squashing, only {f[t]}. It is a route that can stay open and not a guarantee: a forget "
        "gate below 1 still decays, and the paths through {h[t-1]} can still explode.",
    ),
}


def idea(cell: str) -> Iterator[Block]:
    """Yield the section, nothing for a cell that has no gates."""
    if cell in IDEAS:
        yield Heading("The idea", 2)
        yield from map(about(cell).paragraph, IDEAS[cell])
