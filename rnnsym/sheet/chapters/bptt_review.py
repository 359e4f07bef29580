"""What to remember about backpropagation through time: mistakes, takeaways, questions."""

from collections.abc import Iterator

from rnnsym.blocks import Block, Prose, Relation
from rnnsym.expr import Integer
from rnnsym.sheet.chapters.counted import at, given
from rnnsym.sheet.chapters.phrases import Phrases

__all__ = ["CUT", "bptt_mistakes", "bptt_questions", "bptt_takeaways"]

CUT, LENGTH = 20, 100
"""After how many steps the backward pass is cut, and the steps of a sequence."""
SIZES = {"d": 4, "n": 5}


def bptt_mistakes(words: Phrases) -> Block:
    """Return the common mistakes."""
    return words.box(
        "mistakes",
        "Common mistakes",
        (
            "The carry is left out of {@delta_h}: {V.T @ delta_s[t]} alone is what reaches {h[T]}, "
            "and no other state.",
            "{U.T @ delta_a[t]} is written in {@delta_h}: the carry comes from step {t+1}.",
            "“{target[t]} − softmax({s[t]})” in {@delta_s}: that is the direction of descent.",
            "The ½ of a squared error is forgotten: every gradient doubles.",
            "“{delta_a[T] @ h[T-1].T} is the gradient of {U}.” It is the last term of the sum in "
            "{@dU}; the loss may stand at one step, {U} is used at all of them.",
            "The outer product turned round: {h[t-1] @ delta_a[t].T} in {@dU}. If {U} were no "
            "square its shape would not fit; as it is, the matrix comes out transposed.",
            "“Truncation forgets the state.” It drops gradients at the cuts; states go on.",
        ),
    )


def bptt_takeaways(words: Phrases) -> Block:
    """Return what to keep in mind."""
    return words.box(
        "takeaways",
        "Takeaways",
        (
            "One term for every reading: {delta_h[t]} has one from the readout and one from the "
            "next step.",
            "Shared weights: one sum over {t} for each array, an outer product in each summand.",
            "The same parameters at every step: their number does not depend on {T}; memory does.",
            "Truncation cuts gradients, not states.",
        ),
    )


def bptt_questions(words: Phrases, last: Phrases) -> Iterator[tuple[Prose, Prose]]:
    """Yield five questions with their answers.

    Args:
        words: about a network with a loss at every step.
        last: about one with a loss at the last step.
    """
    [carry] = last.derivation.find("delta_h")
    numbers = words.study.count.memory.formula
    yield (
        words.say("How many terms does {delta_h[t]} have for {t} < {T}, and how many at {T}?"),
        words.say("Two, by {@delta_h}: from the readout and from step {t+1}. At {T} the first."),
    )
    yield (
        words.say("Of which shape is {delta_a[t] @ h[t-1].T}, and why is it summed over {t}?"),
        words.say("{n} × {n}, as {U} is. {U} is used at every step, and each use gives a term."),
    )
    yield (
        words.say("The loss stands at the last step only. What is {delta_h[t]} for {t} < {T}?"),
        (*words.say("The carry alone: "), carry.terms[-1].value, "."),
    )
    yield (
        words.say(
            f"How many numbers does BPTT keep for {{sizes}}, 3 outputs and {LENGTH} steps?",
            sizes=given(SIZES),
        ),
        (Relation((numbers, Integer(at(numbers, SIZES | {"q": 3, "T": LENGTH})))), "."),
    )
    yield (
        words.say(
            f"A sequence of {LENGTH} steps is cut every {CUT}. Over how many Jacobians can a "
            "gradient pass at most? Does the state of step 1 still influence the last output?"
        ),
        words.say(f"Over {CUT - 1}. Yes: states cross the cuts, gradients do not."),
    )
