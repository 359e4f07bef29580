"""Symptoms of training, remedies and what each does not cure; each remedy's claim is computed."""

from collections.abc import Callable
from functools import cache

import numpy as np

from rnnsym.flow.bounds import chain_bounds
from rnnsym.quiz.derivation_flow import gates_of
from rnnsym.quiz.derivation_paths import chain_of
from rnnsym.record import record

__all__ = ["REMEDIES", "Remedy", "holds"]

STEPS, FLOOR = 50, 1e-6
"""Over so many steps, and below which factor, a gradient counts as vanished."""


@record
class Remedy:
    """What is done against a symptom.

    Attributes:
        name: as an answer.
        does: how it helps.
        symptoms: what it is for, in several wordings that share no word with the name.
        limits: what it does not cure, in wordings of the same sort.
        because: why it does not.
        helps: computes whether it does what it is for, and leaves alone what it does not cure.
    """

    name: str
    does: str
    symptoms: tuple[str, ...]
    limits: tuple[str, ...]
    because: str
    helps: Callable[[], bool]


def _clipping() -> bool:
    """A gradient of norm 1e4 comes down to 5, its direction kept; one of 1e-12 stays as it is."""
    long, short = np.array([6e3, -8e3]), np.array([6e-13, 8e-13])
    cut, left = (g * min(1.0, 5 / np.linalg.norm(g)) for g in (long, short))
    same = np.allclose(cut / 5, long / np.linalg.norm(long))
    return bool(np.isclose(np.linalg.norm(cut), 5) and same and np.array_equal(left, short))


def _gates() -> bool:
    """A factor near 1 keeps the direct edge; the bound of a step still grows with the weights."""
    kept = any(gate.sign for gate in gates_of("lstm"))
    terms = [t for block in chain_bounds(chain_of("lstm")).blocks for t in block.terms]
    return kept and 0.99**STEPS > 0.5 and any(term.norms for term in terms)


def _gate_bias() -> bool:
    """At the start σ(0) = 0.5 is kept, with a bias of 3 far more; the bias is trained as well."""
    plain, biased = (float(1 / (1 + np.exp(-b))) ** STEPS for b in (0, 3))
    trained = {a.name for gate in gates_of("lstm") for a in gate.biases}
    return plain < FLOOR < 0.05 < biased and bool(trained)


def _truncation() -> bool:
    """With cuts after every k steps at most k steps are kept, and none leads over a cut."""
    window = 10
    kept = [sum(1 for s in range(t) if (s // window) == ((t - 1) // window)) for t in range(1, 101)]
    return max(kept) == window < 100


def _orthogonal() -> bool:
    """All singular values are 1: the linear product keeps its length; tanh's slopes shrink it."""
    weights = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    values = np.linalg.svd(np.linalg.matrix_power(weights, STEPS), compute_uv=False)
    slopes = np.linalg.matrix_power(0.7 * weights, STEPS)
    return bool(np.allclose(values, 1) and np.linalg.norm(slopes, 2) < FLOOR)


REMEDIES = (
    Remedy(
        "clipping the gradient by its norm",
        "A gradient whose norm is above a threshold is scaled down to it, so no update is huge.",
        (
            "Now and then one update moves the weights 10 000 times as far as the others do, and "
            "the loss becomes NaN.",
            "Training runs well until single batches throw the weights far off.",
        ),
        (
            "An update that is far too small stays as small as it is.",
            "It can only shorten an update: one that is too short stays too short.",
        ),
        "What is below the threshold is left as it is.",
        _clipping,
    ),
    Remedy(
        "an LSTM or a GRU in place of the vanilla cell",
        "The new state is the old one times a factor (f, or 1 − z), plus something: with the "
        "factor near 1, the gradient has a direct path that hardly shrinks.",
        (
            "A net of tanh units, its weights well chosen at the start, still cannot use an input "
            "of 100 steps ago: what it learns is always the last few steps.",
            "All that a net of tanh units remembers goes through one squashed state, and early "
            "steps get almost no gradient all through training.",
        ),
        (
            "It changes the equation of the state, so that a direct path leads through the steps; "
            "along the other paths, large weights can still make a product grow without limit.",
            "It eases vanishing by adding instead of squashing; against explosion it does nothing.",
        ),
        "Gates and candidate read the old state through weights, and nothing bounds those.",
        _gates,
    ),
    Remedy(
        "a larger initial bias of the forget gate",
        "With a bias of 3, the gate begins near σ(3) = 0.95 in place of σ(0) = 0.5.",
        (
            "In an untrained LSTM only half of the cell state is left after each step.",
            "A new LSTM loses at every step half of what it holds, and it takes long until it "
            "keeps anything.",
        ),
        (
            "A new LSTM keeps more of its memory; after training the gate may be small again.",
            "A new LSTM no longer loses half of its memory at each step, but training can undo "
            "that.",
        ),
        "The bias is a parameter: training moves it like any other.",
        _gate_bias,
    ),
    Remedy(
        "truncated backpropagation through time",
        "Nothing flows back over a cut, so only the steps since the last cut are stored and "
        "worked backwards.",
        (
            "Sequences have 100 000 steps, and what must be stored for one update does not fit "
            "into memory.",
            "Sequences are so long that one update takes minutes.",
        ),
        (
            "It saves memory, but a loss sends nothing at all to inputs further back than its "
            "window.",
            "Each update costs less, but the error of a late step reaches few of the steps before.",
        ),
        "At a cut the state is taken for a constant, whose derivative is 0.",
        _truncation,
    ),
    Remedy(
        "orthogonal initialisation",
        "All singular values of an orthogonal matrix are 1: it keeps the length of every vector.",
        (
            "Before the first update the recurrent matrix has singular values from 0.01 to 3.",
            "Right at the start, the recurrent matrix stretches some directions threefold at each "
            "step and nearly wipes out others.",
        ),
        (
            "Singular values become 1, but the slopes of tanh beside them are mostly below 1.",
            "It makes the recurrent matrix keep every length at first; saturated units with slopes "
            "near 0 still shrink what flows back.",
        ),
        "The Jacobian of a step is that matrix times the slopes of the function, which stay.",
        _orthogonal,
    ),
)


@cache
def holds(name: str) -> bool:
    """Tell whether a remedy does as it claims, by numbers."""
    return next(remedy for remedy in REMEDIES if remedy.name == name).helps()
