"""Backpropagation through time of a vanilla network with a readout and a loss."""

from collections.abc import Iterator
from typing import Any

from rnnsym.blocks import (
    Block,
    Equations,
    Figure,
    Heading,
    Line,
    Note,
    Table,
    prose,
)
from rnnsym.derivation import Step
from rnnsym.derive import derive
from rnnsym.diagram import backward_diagram, unrolled_diagram
from rnnsym.expr import TIME, Array, Family, Integer
from rnnsym.sheet.chapters.bptt_review import CUT, bptt_mistakes, bptt_questions, bptt_takeaways
from rnnsym.sheet.chapters.closing import closing
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.derivation import backward_blocks, forward_blocks
from rnnsym.sheet.lines import where_of
from rnnsym.sheet.study import CheckError, Study, study
from rnnsym.sheet.symbols import symbol_table
from rnnsym.sheet.worked import worked_data, worked_example
from rnnsym.sheet.worked_lines import loss_of
from rnnsym.theorems import theorem

__all__ = ["data", "sections"]

MODEL, LOSS = "vanilla, dense:3", "cross-entropy"
WORKED, STEPS, FIGURE_STEPS = "vanilla, dense:1", 3, 3
SOURCES = (
    "Goodfellow, Bengio and Courville 2016, Deep Learning, equations (10.18) to (10.28)",
    "Werbos 1990, Backpropagation through time: what it does and how to do it",
    "Williams and Peng 1990, on truncated backpropagation through time",
)


def sections() -> Iterator[Block]:
    """Yield the sheet."""
    words, last = about(MODEL, LOSS), about(MODEL, LOSS, "last")
    yield _goals(words)
    yield from _network(words)
    yield from _method(words)
    yield from backward_blocks(words.derivation, words.derivation.steps, words.study.numbers)
    yield from _reading(words)
    yield Figure(
        backward_diagram(words.derivation, FIGURE_STEPS),
        words.say("The same graph backwards: what flows back along each edge."),
    )
    yield Heading("Worked example", 2)
    yield words.paragraph(
        "The numbers are those of a network with one output. A softmax of one score is always 1, "
        "so the loss here is half the squared error, and of all lines above only {@delta_s} "
        "changes: what comes back to the readout is its output less the target."
    )
    yield from worked_example(_example().derivation, STEPS)
    yield from _last_step(words, last)
    yield from _truncation(words)
    yield from _cost(words)
    yield from _published(words)
    yield bptt_mistakes(words)
    yield bptt_takeaways(words)
    yield from closing([words.study], tuple(bptt_questions(words, last)), SOURCES)


def data() -> dict[str, Any]:
    """Return the numbers of the worked example."""
    return {"worked": worked_data(_example().derivation, STEPS)}


def _example() -> Study:
    return study(WORKED, loss="squared")


def _goals(words: Phrases) -> Block:
    return words.box(
        "goals",
        "After this sheet you can",
        (
            "derive every adjoint of a recurrent network by shifting an index, without unrolling",
            "say why {dL/dU} is a sum over all steps, and give its shape",
            "tell a loss at every step from a loss at the last step",
            "say what truncated BPTT drops and what it still carries",
            "give time and memory of BPTT for a sequence of length {T}",
        ),
    )


def _network(words: Phrases) -> Iterator[Block]:
    yield Heading("The network", 2)
    yield words.paragraph(
        "A recurrent network reads a sequence {x[1]}, …, {x[T]}, one vector per step, and keeps a "
        "*state* {h[t]} that sums up what it has read. A readout turns each state into scores "
        "{s[t]}, and the softmax turns scores into probabilities: entry `j` is exp(`s_j`), divided "
        "by the sum of the exponentials of all scores."
    )
    yield symbol_table(words.system)
    yield from forward_blocks(words.system, words.study.numbers)
    yield from _loss(words)
    yield Figure(
        unrolled_diagram(words.system, FIGURE_STEPS),
        words.say("The network unrolled: the same weights at every step."),
    )
    yield words.paragraph(
        "The arrays {W}, {U}, {b}, {V}, {b_V} carry no step: the same numbers are used at every "
        "step. So the network has {formula} parameters whatever {T} is, and each of them acts on "
        "the loss through every step that uses it.",
        formula=words.study.count.formula,
    )


def _loss(words: Phrases) -> Iterator[Block]:
    [term] = words.system.loss_terms
    one = Array(Family("L", "L"), (Integer(1), Integer(1)), None, TIME)
    yield words.paragraph(
        "The loss {L} is the cross-entropy of these probabilities with the target {target[t]}, "
        "added up over the steps. The entries of {target[t]} are probabilities too; mostly one of "
        "them is 1 and the others are 0:",
        L=Array(one.family, one.shape),
    )
    yield Equations((Line(one, loss_of(term), shape=one.shape),))


def _method(words: Phrases) -> Iterator[Block]:
    yield Heading("The method: one rule, an index shift", 2)
    yield words.paragraph(
        "Write δ for the gradient of the loss with respect to an array of one step: {delta_h[t]} "
        "for {h[t]}, {delta_a[t]} for {a[t]}. All of BPTT is the chain rule, applied like this:"
    )
    yield words.listing(
        (
            "Take an array of step {t}, such as {h[t]}, and look for every equation that reads it, "
            "at whichever step: here {@s} reads {h[t]}, and {@a} reads {h[t-1]}.",
            "What an equation reads as {h[t-1]} at step {t} is {h[t]} at step {t+1}: shift it.",
            "Each reading gives one term: what arrives at the left-hand side, taken back through "
            "the equation by a local rule. So {h[t]} gets a term from step {t} and one from {t+1}.",
            "A term exists only where its equation does: at {t} = {T} there is no step {t+1}.",
            "Run the equations backwards, from {t} = {T} to 1. A shared array gets one term from "
            "every step: its gradient is a sum over {t}.",
        ),
        "numbers",
    )


def _reading(words: Phrases) -> Iterator[Block]:
    yield Heading("What the recursion says", 2)
    yield words.paragraph(
        "Line {@delta_s} is where the loss comes in. By the chain rule −log of the probability of "
        "entry `k` has the slope softmax({s[t]}) in the scores, less 1 in entry `k`. Weighted with "
        "the entries of {target[t]}, which add up to 1, that is the prediction less the target."
    )
    yield words.paragraph(
        "Line {@delta_h} is the heart of it. Its first term is the blame for the output of this "
        "step; its second, the *carry*, is the blame for all later outputs, handed back by step "
        "{t+1}. Line {@delta_a} passes it through the slope of tanh. Going back one more step "
        "multiplies by {U.T} and by slopes again: over many steps this product tends to vanish or "
        "to explode, which is what *gradient flow* is about."
    )
    yield words.paragraph(
        "Line {@dU} is an outer product at every step: the error {delta_a[t]} beside what {U} was "
        "multiplied with, {h[t-1]}. {W} and {V} follow the same pattern: error times input. A bias "
        "has the input 1, so its gradient is the sum of the errors."
    )


def _last_step(words: Phrases, last: Phrases) -> Iterator[Block]:
    yield Heading("A loss at every step, or at the last one", 2)
    yield words.paragraph(
        "For tagging or language models every step has a target, and the lines above hold. For "
        "classifying a whole sequence only the last state is read. Then the loss enters once, and "
        "what the earlier states receive is the carry alone:"
    )
    yield Equations(tuple(_plain(last, s) for s in last.derivation.adjoints))
    yield words.paragraph(
        "The parameters still collect a term from every step: it is the loss that stands at the "
        "last step, not the recurrence."
    )


def _plain(words: Phrases, step: Step) -> Line:
    """A line of another model than the sheet's own: it gets no number."""
    places = ((t.value, where_of(words.derivation, step, t)) for t in step.terms)
    notes = tuple(Note(value, where) for value, where in places if where)
    return Line(step.target, step.value(), shape=step.target.shape, notes=notes)


def _truncation(words: Phrases) -> Iterator[Block]:
    cut = derive(words.system, CUT)
    dropped = [t.value for s in cut.adjoints for t in s.terms if t.detached]
    listed = tuple(x for i, value in enumerate(dropped) for x in ((", ", value) if i else (value,)))
    yield Heading("Truncated BPTT", 2)
    yield words.paragraph(
        "For long sequences one cuts the backward pass after every `k` steps. The forward pass "
        "goes on: the state is carried across the cut as a number, but its gradient is not. With "
        f"`k` = {CUT} these terms are dropped at {{t}} = {CUT}, {2 * CUT}, …: {{dropped}}. All "
        "else stays.",
        dropped=listed,
    )
    yield words.listing(
        (
            "It bounds the cost: `k` steps are stored instead of {T}, and at most `k − 1` "
            "Jacobians are multiplied.",
            "It biases the gradient: a dependence that crosses a cut contributes exactly 0.",
            "The states still carry information across cuts; only learning what to carry stops.",
        )
    )


def _cost(words: Phrases) -> Iterator[Block]:
    counted = words.study.count
    yield Heading("Time and memory", 2)
    yield words.paragraph(
        "Each step of the forward pass costs {steps} multiply–adds. Going back, each matrix "
        "product gives two: one for the vector, one for the matrix; so the backward pass costs "
        "about twice the forward pass. Both grow linearly in {T}, and cannot be done in parallel "
        "over {t}. What the backward pass reads again has to be kept: {memory} numbers, also "
        "linear in {T}.",
        steps=counted.multiply_adds.formula,
        memory=counted.memory.formula,
    )


def _published(words: Phrases) -> Iterator[Block]:
    """The book's lines are compared with ours before anything is said of them."""
    found = theorem("goodfellow")
    if not found.prove().proved:
        raise CheckError(f"the theorem '{found.name}' fails: no sheet is made")
    yield Heading("The same in Goodfellow, Bengio and Courville", 2)
    yield words.paragraph(
        "The book's equations (10.18) to (10.28) are the lines above. Its names differ; what it "
        "calls ∇ at a hidden state is our {delta_h[t]}, and it writes {delta_a[t]} out wherever it "
        "stands. The two sets of formulas were compared line by line in the run that printed this."
    )
    yield Table(
        tuple(prose(x) for x in ("here", "the book's name", "lines")),
        words.rows(
            ("{W}, {U}, {V}", "`U`, `W`, `V`", "{@dW}, {@dU}, {@dV}"),
            ("{b}, {b_V}", "`b`, `c`", "{@db}, {@db_V}"),
            ("{s[t]}, softmax({s[t]})", "`o`, ŷ", "{@delta_s}"),
            ("{h[t]}", "`h`", "{@delta_h}"),
        ),
    )
