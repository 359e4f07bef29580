"""What to remember about stacked networks: mistakes, takeaways, questions."""

from collections.abc import Iterator

from rnnsym.blocks import Block, Prose, prose
from rnnsym.flow.paths import count_paths, main_state
from rnnsym.sheet.chapters.counted import counted, given
from rnnsym.sheet.chapters.phrases import Phrases

__all__ = ["DEEP", "SIZES", "stacked_mistakes", "stacked_questions", "stacked_takeaways"]

SIZES = {"d": 4, "n": 5}
LAYERS_ASKED, STEPS_ASKED = 3, 2
DEEP = "gru*3"
"""The stack whose parameters are counted."""


def stacked_mistakes(words: Phrases) -> Block:
    """Return the common mistakes."""
    return words.box(
        "mistakes",
        "Common mistakes",
        (
            "“Layer {l} reads {x[t]}.” Only layer 1 does, see {@a}: later ones read the layer "
            "below, and {d} enters the count once.",
            "“Layer {l} reads the layer below at {t-1}.” It reads it at {t}; its *own* state at "
            "{t-1}.",
            "“The layers share their weights.” Steps do; layers do not: count each.",
            "One of the two terms of {@delta_h} is left out: the carry, or what comes from above.",
            "{W[l]} is written in {@delta_y} where {W[l+1]} stands: it is the layer above that has "
            "read.",
            "“Deeper is always better.” Gradients cross time and depth; the course notes advise "
            "two to four layers.",
        ),
    )


def stacked_takeaways(words: Phrases) -> Block:
    """Return what to keep in mind."""
    return words.box(
        "takeaways",
        "Takeaways",
        (
            "One recursion over layers and steps, layer 0 being the input.",
            "Gradients return two ways: through time by {U[l]}, through depth by {W[l+1]}.",
            "Layer 1 counts with {d}, every later one with the width of the layer below.",
            "Two to four layers as a start, according to the course notes.",
        ),
    )


def stacked_questions(words: Phrases, alone: Prose) -> Iterator[tuple[Prose, Prose]]:
    """Yield five questions with their answers.

    Args:
        words: about a stack.
        alone: what arrives at the state of its top layer at the last step.
    """
    state = main_state(words.study.chains[0])
    paths = count_paths(words.system, state, state, STEPS_ASKED, LAYERS_ASKED)
    yield (
        words.say("Which two arrays does the pre-activation of layer {l} at step {t} read?"),
        words.say(
            "{y[l-1,t]}, the output of the layer below ({x[t]} for layer 1), and {h[l,t-1]}."
        ),
    )
    yield (
        words.say(f"How many parameters has {DEEP} with {{sizes}}?", sizes=given(SIZES)),
        prose(counted(DEEP, SIZES), "."),
    )
    yield (
        words.say("What arrives at the state of the top layer at the last step, in symbols?"),
        (*alone, ": the loss alone."),
    )
    yield (
        words.say(
            f"How many paths lead from layer 1 at step {{t}} − {STEPS_ASKED} to layer "
            f"{LAYERS_ASKED} "
            "at step {t}?"
        ),
        words.say(
            f"{paths}: {STEPS_ASKED} steps in time and {LAYERS_ASKED - 1} in depth, in any order."
        ),
    )
    yield (
        words.say("Why not twenty layers?"),
        words.say(
            "Gradients have to cross all of them as well as all steps, and the course notes see "
            "less return from each: they advise two to four."
        ),
    )
