"""What to remember about gradient flow: mistakes, takeaways, questions."""

from collections.abc import Iterator

from rnnsym.blocks import Block, Box, Prose
from rnnsym.sheet.chapters.flow_remedies import clipping_answer, clipping_question
from rnnsym.sheet.chapters.phrases import Phrases
from rnnsym.sheet.rounded import power

__all__ = ["flow_mistakes", "flow_questions", "flow_takeaways"]

TOP, GATE, SPAN = 0.9, 0.95, 20


def flow_mistakes(words: Phrases, lstm: Phrases) -> Block:
    """Return the common mistakes."""
    return Box(
        "mistakes",
        "Common mistakes",
        (
            words.listing(
                (
                    "“Clipping cures vanishing.” It shortens gradients; one that has vanished is "
                    "short already.",
                    "“The LSTM cures exploding.” Its direct edge cannot explode; its total can.",
                    "“An eigenvalue of {U} above 1 means explosion.” In the linear network only; "
                    "with slopes it decides nothing.",
                    "“‖{U}‖ > 1, so the gradient explodes.” The bound is an upper one: above "
                    "1 it allows explosion and does not prove it.",
                    "“One path vanishes, so the gradient does.” All of them must, or cancel.",
                    "“NaN in the loss means a vanishing gradient.” It means an exploding one.",
                )
            ),
            lstm.listing(
                (
                    "“The Jacobian of the cell state is diag({f[t]}).” That is the direct edge, "
                    "and the block with {h[t-1]} held fixed; the total adds more paths.",
                )
            ),
        ),
    )


def flow_takeaways(words: Phrases) -> Block:
    """Return what to keep in mind."""
    return words.box(
        "takeaways",
        "Takeaways",
        (
            "One Jacobian per step; a product of many shrinks or grows exponentially.",
            "γ ‖{U}‖ < 1 is sufficient to vanish; above 1 it is necessary, not sufficient, to "
            "explode.",
            "Gates open a direct path against vanishing; clipping handles exploding; neither does "
            "the other's work.",
            "A gate of 0.5 is no memory: what counts is how near to 1 it stays.",
        ),
    )


def flow_questions(words: Phrases, lstm: Phrases) -> Iterator[tuple[Prose, Prose]]:
    """Yield five questions with their answers."""
    yield (
        words.say(
            f"In a tanh network the largest singular value ‖{{U}}‖ is {TOP:g}. What is the largest "
            f"norm that {{∂h[T]/∂h[t]}} can have over {SPAN} steps? Does its gradient vanish for "
            f"certain?"
        ),
        words.say(
            "At most {bound}, since γ = 1 for tanh. Yes: a bound below 1 per step is sufficient.",
            bound=power(TOP, SPAN),
        ),
    )
    yield (
        words.say("And if ‖{U}‖ = 1.2? May one conclude that the gradient explodes?"),
        words.say(
            "No. The bound grows, but it is a bound: ‖{U}‖ > 1 is necessary for exploding, "
            "and slopes below 1 may shrink the product all the same."
        ),
    )
    yield (
        lstm.say(
            f"A forget gate stays at {GATE:g}. What is left of a gradient along the direct edge of "
            f"{{c[t]}} after {SPAN} steps? And after {5 * SPAN}?"
        ),
        lstm.say(
            "{one}, and {five}: slow, and still a decay.",
            one=power(GATE, SPAN), five=power(GATE, 5 * SPAN),
        ),
    )  # fmt: skip
    yield (
        words.say(
            f"{clipping_question()} Which of the two keeps the direction, and which of vanishing "
            "and exploding does clipping cure?"
        ),
        words.say(
            f"{clipping_answer()} By norm keeps the direction. Clipping cures exploding only."
        ),
    )
    yield (
        lstm.say("Name the three Jacobians of the LSTM's cell state. Which of them are diagonal?"),
        lstm.say(
            "The direct edge {∂⁺c[t]/∂c[t-1]}, all gates held fixed; the block {∂c[t]/∂c[t-1]}, "
            "{h[t-1]} held fixed; the total, along the graph. The first two are diag({f[t]}), the "
            "total is not diagonal: it adds the paths through {h[t-1]}."
        ),
    )
