"""Bidirectional networks: two chains, how they are joined, and what their gradients are."""

from collections.abc import Iterator
from typing import Any

from rnnsym.blocks import (
    Block,
    Equations,
    Figure,
    Heading,
    Line,
    Listing,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.diagram import unrolled_diagram
from rnnsym.model_text import MERGES
from rnnsym.sheet.chapters.closing import closing
from rnnsym.sheet.chapters.counted import counted, given, parameters_of
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.derivation import backward_blocks, forward_blocks
from rnnsym.sheet.guidance import form_guidance
from rnnsym.sheet.naming import tied
from rnnsym.sheet.study import study
from rnnsym.sheet.symbols import symbol_table
from rnnsym.sheet.worked import worked_data, worked_example

__all__ = ["data", "sections"]

CELL, MODEL = "vanilla", "bi(vanilla)"
SHOWN = 4
FIGURE_STEPS, WORKED_STEPS = 3, 2
SIZES = {"d": 4, "n": 5}
SOURCES = ("Schuster and Paliwal 1997, Bidirectional recurrent neural networks",)
HEAD = "dense:3"


def sections() -> Iterator[Block]:
    """Yield the sheet."""
    words = about(MODEL)
    yield _goals(words)
    yield from _idea(words)
    yield from _merges(words)
    yield from _alignment(words)
    yield from backward_blocks(words.derivation, words.derivation.steps, words.study.numbers)
    yield from _reading(words)
    yield Heading("Worked example", 2)
    yield words.paragraph(
        "The backward chain starts at the last step, and each output waits for both chains."
    )
    yield from worked_example(words.derivation, WORKED_STEPS)
    yield from _counts(words)
    yield from _use(words)
    yield _mistakes(words)
    yield _takeaways(words)
    yield from closing([words.study], tuple(_questions(words)), SOURCES)


def data() -> dict[str, Any]:
    """Return the numbers of the worked example."""
    return {"worked": worked_data(study(MODEL).derivation, WORKED_STEPS)}


def _goals(words: Phrases) -> Block:
    return words.box(
        "goals",
        "After this sheet you can",
        (
            "write the equations of both chains, with the right neighbour in each",
            "give the width of the output for each way of merging, and what the next layer reads",
            "say how the gradient splits between the chains and in which order each is computed",
            "work a short sequence by hand, each chain in its own order",
            "count parameters, a second layer and a readout included",
            "say when a bidirectional network cannot be used, and why",
        ),
    )


def _idea(words: Phrases) -> Iterator[Block]:
    yield Heading("Two chains over one sequence", 2)
    yield words.paragraph(
        "In a network that reads from left to right {h_fwd[t]} knows the past only. Where the "
        "whole sequence is there, a second chain of the same kind reads it from right to left: "
        "{h_bwd[t]} knows the future. Every input {x[t]} feeds *both* chains, and at each step the "
        "two states are joined. The chains share no parameter and do not read each other."
    )
    yield symbol_table(words.system)
    yield from forward_blocks(words.system, words.study.numbers)
    yield Figure(
        unrolled_diagram(words.system, FIGURE_STEPS),
        words.say("Every input feeds both chains; their states are joined at every step."),
    )
    yield words.paragraph(
        "Mind the neighbours: {@a[fwd]} reads {h_fwd[t-1]} and starts from {h_fwd[0]}; {@a[bwd]} "
        "reads {h_bwd[t+1]} and starts beyond the end, from {h_bwd[T+1]}."
    )


def _merges(words: Phrases) -> Iterator[Block]:
    yield Heading("Merging, and widths", 2)
    yield Table(
        (
            *(prose(x) for x in ("merge", "output", "its width", "a second layer reads")),
            words.say("goes back to {h_fwd[t]}"),
        ),
        tuple(_merge(f"bi({CELL},{merge})", merge) for merge in MERGES),
    )
    yield words.paragraph(
        "Concatenation keeps both halves apart, at the price of a wider next layer; sum, mean and "
        "product keep the width and mix the directions, so that what follows cannot tell them "
        "apart. The course notes name concatenation first; PyTorch always concatenates."
    )


def _merge(text: str, name: str) -> tuple[Prose, ...]:
    words = about(text)
    [joined] = (e for e in words.system.equations if e.lhs == words.system.output)
    [carry] = words.derivation.find("delta_h[fwd]")
    deep = study(f"{text}*2").system
    [(_, _, _, read)] = deep.widths
    return (
        prose(name),
        prose(Relation((joined.lhs, joined.rhs))),
        prose(joined.lhs.shape[0]),
        prose(tied(deep, read)),
        prose(carry.terms[0].value),
    )


def _alignment(words: Phrases) -> Iterator[Block]:
    yield Heading("Alignment", 2)
    yield words.paragraph(
        "A program runs the backward chain over the reversed sequence, so its states come out last "
        "step first. Before they are joined, that list has to be reversed: {h_fwd[t]} and "
        f"{{h_bwd[t]}} of the same step {{t}} belong together. With {{T}} = {SHOWN}:"
    )
    steps = range(1, SHOWN + 1)
    yield Table(
        (words.say("step {t}"), *(prose(str(t)) for t in steps)),
        (
            _row(words, "h_fwd", [*steps]),
            _row(words, "h_bwd", [SHOWN + 1 - t for t in steps]),
        ),
    )
    last = about(MODEL, loss_at="last")
    [summary] = (e for e in last.system.equations if e.lhs == last.system.output)
    yield words.paragraph(
        "For one output per sequence one joins what each chain knows at its own end:"
    )
    yield Equations((Line(summary.lhs, summary.rhs, shape=summary.lhs.shape),))
    yield words.paragraph(
        "The output {y[T]} of the last step is something else: its second half {h_bwd[T]} has read "
        "{x[T]} only."
    )


def _row(words: Phrases, name: str, order: list[int]) -> tuple[Prose, ...]:
    return words.say(f"{{{name}[t]}} comes out as number"), *(prose(str(k)) for k in order)


def _reading(words: Phrases) -> Iterator[Block]:
    yield Heading("What the derivation says", 2)
    yield words.listing(
        (
            "The adjoint of a concatenation is a slice: in {@delta_h[fwd]} the first {n} rows of "
            "{delta_y[t]} go to the forward chain, in {@delta_h[bwd]} the others to the backward "
            "chain.",
            "Each chain is run against its own order: {@delta_h[fwd]} from {t} = {T} down, with a "
            "carry from {t+1}; {@delta_h[bwd]} from {t} = 1 up, with a carry from {t-1}.",
            "The chains meet in the input again: {@dx} has one term from each.",
            "The recurrent gradient of the backward chain pairs {delta_a_bwd[t]} with "
            "{h_bwd[t+1]}, see {@dU[bwd]}: the state that step {t} has read.",
        )
    )


def _counts(words: Phrases) -> Iterator[Block]:
    yield Heading("Counting", 2)
    rows = [
        CELL,
        MODEL,
        f"{MODEL}*2",
        f"{MODEL}, {HEAD}",
        f"bi({CELL},sum)*2",
        "bi(gru)",
        "bi(lstm)",
    ]
    yield words.paragraph(
        f"{MODEL}*2 stands for two bidirectional layers, the second reading the merged output of "
        f"the first; {HEAD} for a readout of three outputs; sum for a merge by addition."
    )
    yield Table(
        (prose("model"), prose("parameters"), ("with ", *given(SIZES))),
        tuple(
            (prose(name), prose(counted(name)), prose(f"{parameters_of(name, SIZES)}"))
            for name in rows
        ),
    )
    yield words.paragraph(
        "Two chains double the parameters of one layer. In a second layer the input matrices of "
        "*both* chains are {n} × 2{n} after a concatenation, so it has more than twice the "
        "parameters of a plain second layer. A readout after it reads 2{n} entries, and is there "
        "once, not twice."
    )


def _use(words: Phrases) -> Iterator[Block]:
    yield Heading("When to use it, and when not", 2)
    yield words.paragraph(
        "{y[t]} depends on {h_bwd[t]}, which depends on all inputs up to {x[T]}. No output can be "
        "given before the sequence has ended. So a bidirectional network is not *causal*: it "
        "cannot forecast, follow speech in real time or predict the next token. Trained for such a "
        "task it would read its own answer from the future, and fail when that is missing."
    )
    yield Table(
        (prose("use it for"), prose("not for")),
        words.rows(
            ("sentiment of a finished text", "forecasts made online"),
            ("named entities in a sentence", "next-token prediction"),
            ("recorded speech", "speech in real time"),
            ("encoding a whole sequence", "anything where causality matters"),
        ),
    )
    yield Listing(tuple(prose(x) for x in form_guidance([words.system])))


def _mistakes(words: Phrases) -> Block:
    n = SIZES["n"]
    return words.box(
        "mistakes",
        "Common mistakes",
        (
            "“Each chain reads half of the inputs.” Every {x[t]} feeds both, see {@a[fwd]} and "
            "{@a[bwd]}.",
            "“The second layer reads {n} entries.” After a concatenation it reads 2{n}: "
            f"{2 * n}, not {n}, in the example.",
            "“The directions share their weights.” Each has its own: the count doubles.",
            "“{y[T]} sums up the sequence.” Its backward half has read one input.",
            "The states of the backward chain are joined in {@y} without reversing their list.",
            "{h_bwd[t-1]} is written in {@a[bwd]} where the backward chain reads {h_bwd[t+1]}, or "
            "in {@dU[bwd]}, where the same state belongs.",
            "{delta_a_bwd[t+1]} is written in {@delta_h[bwd]}: the carry comes from {t-1}.",
            "One of the two terms of {@dx} is left out.",
        ),
    )


def _takeaways(words: Phrases) -> Block:
    return words.box(
        "takeaways",
        "Takeaways",
        (
            "One forward chain, one backward chain, joined at every step; every input feeds both.",
            "Concatenated width 2{n}; parameters twice those of one direction.",
            "Backwards each chain runs against its own order, and the input collects both.",
            "For sequences that are there as a whole; not for online, causal tasks.",
        ),
    )


def _questions(words: Phrases) -> Iterator[tuple[Prose, Prose]]:
    [forward] = words.derivation.find("delta_h[fwd]")
    [backward] = words.derivation.find("delta_h[bwd]")
    yield (
        words.say("Which state does each chain read at step {t}, and where does it start?"),
        words.say(
            "Forward {h_fwd[t-1]}, from {h_fwd[0]}; backward {h_bwd[t+1]}, from the state given "
            "for {t} = {T} + 1."
        ),
    )
    yield (
        words.say("How many parameters has bi(gru)*2 with {sizes}?", sizes=given(SIZES)),
        (counted("bi(gru)*2", SIZES), *words.say(": the second layer reads 2{n} entries.")),
    )
    yield (
        words.say("The merge is a concatenation. What are {delta_h_fwd[t]} and {delta_h_bwd[t]}?"),
        (forward.value(), " and ", backward.value(), "."),
    )
    yield (
        words.say("In which order over {t} is each of the two computed?"),
        words.say(
            "{delta_h_fwd[t]} from {T} down to 1, {delta_h_bwd[t]} from 1 up to {T}: each against "
            "the order of its chain."
        ),
    )
    yield (
        words.say("Why is a bidirectional network no language model that predicts the next token?"),
        words.say(
            "{h_bwd[t]} has read the tokens after {t}, the answer among them. In use they are not "
            "there yet."
        ),
    )
