"""Five architectures side by side, GRU against LSTM, and when to use which."""

import re
from collections.abc import Iterator

from rnnsym.blocks import Block, Box, Heading, Prose, Table, prose
from rnnsym.sheet.chapters.closing import closing
from rnnsym.sheet.chapters.counted import counted, given, parameters_of
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.compare import compare_blocks, pairs
from rnnsym.sheet.study import CheckError, study
from rnnsym.theorems import theorem

__all__ = ["architecture_table", "sections"]

SIZES = {"d": 4, "n": 5}
RARE = re.compile(r"lstm-(?!(peephole|coupled|projection)$)")
ARCHITECTURES = ("vanilla", "bi(vanilla)", "vanilla*2", "gru", "lstm")


def sections() -> Iterator[Block]:
    """Yield the sheet."""
    gru, lstm = about("gru"), about("lstm")
    yield _goals(gru)
    yield from _architectures(gru)
    yield Heading("GRU and LSTM", 2)
    yield from map(_without_rarities, compare_blocks([gru.system, lstm.system]))
    yield from _gates(gru, lstm)
    yield from _use(gru)
    yield _mistakes(gru, lstm)
    yield _takeaways(gru)
    yield from closing([study(name) for name in ARCHITECTURES], tuple(_questions(gru, lstm)))


def _goals(words: Phrases) -> Block:
    return words.box(
        "goals",
        "After this sheet you can",
        (
            "name idea, strength and limitation of each of five recurrent architectures",
            "set GRU and LSTM side by side: states, gates, parameters, paths of the gradient",
            "say when the ratio of parameters is 3 : 4, and when it is not",
            "recommend an architecture for a task, and word the advice as advice",
        ),
    )


def _architectures(words: Phrases) -> Iterator[Block]:
    yield Heading("Five architectures", 2)
    yield architecture_table(words)
    yield words.paragraph(
        "The first three are about *where* states are read; the last two about *what a cell does*. "
        "They combine: a stack of bidirectional LSTMs is all three at once."
    )
    yield Table(
        (prose("model"), prose("parameters"), ("with ", *given(SIZES))),
        tuple(
            (prose(name), prose(counted(name)), prose(f"{parameters_of(name, SIZES)}"))
            for name in ARCHITECTURES
        ),
    )


def architecture_table(words: Phrases) -> Table:
    """Return idea, strength and limitation of each architecture."""
    return Table(
        tuple(prose(x) for x in ("architecture", "idea", "strength", "limitation")),
        words.rows(
            ("vanilla RNN", "one state sums up the past", "simple, few parameters",
             "gradients vanish: long dependencies are hard to learn"),
            ("bidirectional", "a chain in each direction, joined", "both sides as context",
             "not causal, so not for online use; twice the parameters"),
            ("stacked", "each layer reads the one below", "features over several time scales",
             "harder to train: gradients cross time and depth"),
            ("GRU", "two gates mix the old state with a candidate", "memory with few parameters",
             "memory and output are the same state"),
            ("LSTM", "three gates guard a cell state of its own", "finest control of memory",
             "most parameters"),
        ),
    )  # fmt: skip


def _without_rarities(block: Block) -> Block:
    """Leave out of the ratios the cells that no chapter speaks of."""
    if not isinstance(block, Table) or block.head[0] != prose("it changes for"):
        return block
    rows = (row for row in block.rows if not RARE.search(str(row[0][0])))
    return Table(block.head, tuple(rows), block.caption)


def _gates(gru: Phrases, lstm: Phrases) -> Iterator[Block]:
    coupled = theorem("cifg")
    if not coupled.prove().proved:
        raise CheckError(f"the theorem '{coupled.name}' fails: no sheet is made")
    yield Heading("What the gates do", 2)
    yield Table(
        tuple(prose(x) for x in ("task", "GRU", "LSTM")),
        (
            _row(gru, lstm, "keep the old state", "1 − {z[t]}", "{f[t]}"),
            _row(gru, lstm, "write the candidate", "{z[t]}: what is kept is not written",
                 "{i[t]}, chosen apart from {f[t]}"),
            _row(gru, lstm, "let the candidate see the past", "as far as {r[t]} lets it",
                 "always: {h[t-1]} whole"),
            _row(gru, lstm, "show the memory", "always: {h[t]} is the output",
                 "as far as {o[t]} lets it"),
        ),
    )  # fmt: skip
    yield lstm.paragraph(
        "So the LSTM can keep all of its memory and add to it at once ({f[t]} = {i[t]} = 1), which "
        "the GRU cannot. Tie the two gates, {f[t]} = 1 − {i[t]}, and the LSTM becomes its coupled "
        "form with three maps, as many as the GRU has (proved in this run)."
    )
    yield gru.paragraph(
        "Mind the orientation of {z[t]}: here, as in the course notes, {z[t]} near 0 *keeps* the "
        "old state. In D2L, PyTorch and Keras {z[t]} near 1 keeps it. Negating {W_z}, {U_z} and "
        "{b_z} turns one orientation into the other."
    )


def _row(gru: Phrases, lstm: Phrases, task: str, one: str, other: str) -> tuple[Prose, ...]:
    return prose(task), gru.say(one), lstm.say(other)


def _use(words: Phrases) -> Iterator[Block]:
    yield Heading("When to use which", 2)
    yield words.paragraph(
        "The following is guidance of the course notes, not a theorem: on a given task the only "
        "proof is a comparison on held-out data."
    )
    yield Table(
        tuple(prose(x) for x in ("situation", "according to the course notes")),
        words.rows(
            ("a simple baseline", "vanilla RNN"),
            ("smaller dataset, shorter sequences, fast training, few parameters", "GRU"),
            ("longer sequences, more data, performance before simplicity", "LSTM"),
            ("forecasting, online or causal tasks", "GRU or LSTM, one direction"),
            ("understanding a text that is there as a whole", "bidirectional, if later context "
             "helps; stacked GRU or LSTM for deeper representations"),
            ("deeper stacks", "start shallow; two to four layers are often enough"),
        ),
    )  # fmt: skip


def _mistakes(gru: Phrases, lstm: Phrases) -> Block:
    return Box(
        "mistakes",
        "Common mistakes",
        (
            lstm.listing(
                (
                    "“The LSTM has four gates.” Three gates and a candidate: four affine maps.",
                    "“{c[t]} is the output of the LSTM.” It is {h[t]}; {c[t]} stays inside.",
                    "“The LSTM is always better.” It often is on long sequences; not always.",
                    "“GRU and LSTM solve the exploding gradient.” They work against vanishing.",
                )
            ),
            gru.listing(
                (
                    "“The GRU has two affine maps.” Two gates and a candidate: three.",
                    "“{r[t]} forgets the state.” It hides the old state from the candidate only; "
                    "what is kept is decided by {z[t]}.",
                    "“GRU : LSTM is 3 : 4 in every library.” See the table of ratios above.",
                )
            ),
        ),
    )


def _takeaways(words: Phrases) -> Block:
    return words.box(
        "takeaways",
        "Takeaways",
        (
            "GRU: two gates, one state. LSTM: three gates, two states.",
            "Parameters 3 : 4 with one bias per map; other forms and libraries differ.",
            "Both open a direct path for the gradient; neither bounds the other paths.",
            "Choose by length of sequences, amount of data and cost; say that it is guidance.",
        ),
    )


def _questions(gru: Phrases, lstm: Phrases) -> Iterator[tuple[Prose, Prose]]:
    [(_, _, found)] = pairs([gru.study.count, lstm.study.count])
    one, other = (parameters_of(name, SIZES) for name in ("gru", "lstm"))
    yield (
        gru.say("Give the parameters of a GRU and of an LSTM with {sizes}, and their ratio.",
                sizes=given(SIZES)),
        prose(f"{one} and {other}: ", found.top, " : ", found.bottom, "."),
    )  # fmt: skip
    yield (
        gru.say("Which gate of the LSTM has no counterpart in the GRU, and what does it do?"),
        lstm.say("The output gate {o[t]}: it decides how much of the memory {c[t]} is shown."),
    )
    yield (
        gru.say("A sensor is to be forecast step by step. Bidirectional LSTM or GRU?"),
        prose("GRU, or an LSTM in one direction: the future is not there yet."),
    )
    yield (
        lstm.say("Which direct edges do the two cells have, and what do they have in common?"),
        (
            *gru.say("The GRU's is diag(1 − {z[t]}), "),
            *lstm.say("the LSTM's diag({f[t]}): entries between 0 and 1, no matrix."),
        ),
    )
    yield (
        gru.say("Which architectures answer limited capacity, and which long dependencies?"),
        prose("Stacked and bidirectional ones the first; GRU and LSTM the second."),
    )
