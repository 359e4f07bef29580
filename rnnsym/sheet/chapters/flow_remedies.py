"""What is done about vanishing and exploding gradients, and what each remedy does not cure."""

from collections.abc import Iterator
from math import hypot

from rnnsym.blocks import Block, Heading, Paragraph, Table, prose
from rnnsym.expr import Array, Family, Integer, Symbol
from rnnsym.sheet.chapters.phrases import Phrases

__all__ = ["clipping", "clipping_answer", "clipping_question", "remedies"]

GRADIENT, LIMIT = (3, 4), 1
LENGTH, NORM = Symbol("c"), Symbol("N")


def remedies(words: Phrases, lstm: Phrases) -> Iterator[Block]:
    """Yield clipping as a formula, then the table of remedies.

    Args:
        words: about a vanilla network.
        lstm: about an LSTM.
    """
    yield Heading("Remedies", 2)
    yield clipping(words)
    yield Table(
        (prose("remedy"), prose("cures"), prose("does not cure")),
        words.rows(
            ("clipping, by norm or by value", "the step that an exploding gradient would take",
             "vanishing: it only ever shortens a gradient"),
            ("truncation after `k` steps",
             "cost and memory; at most `k − 1` Jacobians are multiplied",
             "vanishing: every dependence beyond the cut becomes exactly 0"),
            ("gates (GRU, LSTM)", "vanishing along the direct edge, while the gate keeps the state",
             "exploding through the recurrent matrices; and a gate below 1 still decays"),
            ("larger forget bias", "vanishing at the start of training, as the gate starts near 1",
             "exploding; and training may close the gate again"),
            ("orthogonal initialisation", "both at the start: all singular values of {U} are 1",
             "slopes below 1 still shrink; training moves {U} away"),
            ("ReLU in place of tanh", "slopes below 1: they are 0 or 1",
             "exploding: states and gradients are no longer bounded by the activation"),
            ("two to four layers (course notes)", "the gradient's way through depth stays short",
             "the way through time, which is as long as before"),
        ),
    )  # fmt: skip
    yield lstm.paragraph(
        "A forget bias of `B` means {b_f} = `B` in every entry at the start; with small weights "
        "the gate then starts near `σ(B)`, see the table above. That depth of two to four layers "
        "is guidance of the course notes, not a theorem."
    )


def clipping(words: Phrases) -> Paragraph:
    """Return clipping as a formula."""
    g = Array(Family("g", "g"), (Symbol("P"), Integer(1)))
    return Paragraph(
        words.say(
            "Clipping by norm: let {g} hold all gradients in one vector and let {N} = ‖{g}‖. Where "
            "{N} > {c}, {g} is multiplied by {c}/{N}: its length becomes {c}, its direction stays. "
            "Clipping by value cuts each entry to the range from −{c} to {c}, which turns the "
            "direction.",
            g=g, N=NORM, c=LENGTH,
        )
    )  # fmt: skip


def clipping_question() -> str:
    """Return the gradient and the limit of the example."""
    given = ", ".join(map(str, GRADIENT))
    return f"Clip the gradient ({given}) by norm and by value, the limit being {LIMIT}."


def clipping_answer() -> str:
    """Return both clipped gradients.

    >>> clipping_answer()
    'Its norm is 5: by norm (0.6, 0.8), by value (1, 1).'
    """
    norm = hypot(*GRADIENT)
    by_norm = ", ".join(f"{LIMIT * x / norm:g}" for x in GRADIENT)
    by_value = ", ".join(f"{max(-LIMIT, min(LIMIT, x)):g}" for x in GRADIENT)
    return f"Its norm is {norm:g}: by norm ({by_norm}), by value ({by_value})."
