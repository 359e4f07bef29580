"""Tables of the cheat sheet: counts, conventions, advice, slips, values."""

from collections.abc import Iterator
from math import tanh

from rnnsym.blocks import (
    Block,
    Box,
    Heading,
    Listing,
    Paragraph,
    Prose,
    Table,
    prose,
)
from rnnsym.equations import System
from rnnsym.sheet.chapters.compare import architecture_table
from rnnsym.sheet.chapters.counted import counted, given, parameters_of
from rnnsym.sheet.chapters.phrases import Phrases
from rnnsym.sheet.conventions import conventions_document, forms
from rnnsym.sheet.parameters import parameter_section
from rnnsym.sheet.rounded import short, sigmoid
from rnnsym.sheet.study import studied, study
from rnnsym.system import read_model

__all__ = ["choice", "conventions", "counts", "miscounts", "slips", "values"]

COUNTED = ("vanilla", "gru", "lstm", "lstm-peephole", "lstm-coupled", "lstm-projection",
           "vanilla*L", "bi(gru)", "bi(gru)*2", "vanilla, dense:3")  # fmt: skip
COSTED = ("vanilla", "gru", "lstm", "bi(lstm)", "vanilla*L")
TRAPS = "bi(gru)*2"
GRU, CONVENTIONS = "gru", ("textbook", "d2l", "pytorch", "keras", "onnx", "flax")
ARGUMENTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)
GATES, SPANS = (0.5, 0.9, 0.99), (10, 50, 100)
SIZES = {"d": 4, "n": 5}


def counts(words: Phrases) -> Iterator[Block]:
    """Yield formulas and numbers of parameters, operations, memory."""
    sizes = {**SIZES, "p": 3, "L": 3}
    rows = (
        (prose(name), prose(counted(name)), prose(f"{parameters_of(name, sizes)}"))
        for name in COUNTED
    )
    yield Heading("Parameters", 2)
    yield Table((prose("model"), prose("formula"), prose("number")), tuple(rows))
    costs = (
        (prose(name), prose(x.multiply_adds.formula), prose(x.memory.formula))
        for name, x in ((name, study(name).count) for name in COSTED)
    )
    head = (prose("model"), prose("multiply–adds per step"), prose("kept for BPTT"))
    yield words.paragraph(
        "Numbers: {sizes}. One affine map: {one}. Never × {T}.",
        sizes=given(sizes),
        one=words.study.count.layers[0].gates[0].formula,
    )
    yield Table(head, tuple(costs))


def conventions() -> Iterator[Block]:
    """Yield what libraries make of a GRU."""
    found = [
        (name, None if form is None else _sized(form, name))
        for name, form in forms(GRU)
        if name in CONVENTIONS and form in (None, GRU)
    ]
    yield Heading("Conventions of the GRU", 2)
    for block in conventions_document(GRU, found).blocks:
        if isinstance(block, Table):
            keep = [1, 2, 3, len(block.head) - 1]
            rows = (
                (prose(name), *(row[i] for i in keep))
                for (name, _), row in zip(found, block.rows, strict=True)
            )
            yield Table((prose("library"), *(block.head[i] for i in keep)), tuple(rows))


def miscounts() -> Iterator[Block]:
    """What each misconception counts, where most of them can be made."""
    section = parameter_section(study(TRAPS).system, SIZES, conventions=False)
    tables = (t for b in section if isinstance(b, Box) for t in b.blocks if isinstance(t, Table))
    yield Heading("Miscounts", 2)
    yield Paragraph(
        prose(f"{TRAPS} has {parameters_of(TRAPS, SIZES)} parameters with ", *given(SIZES), ":")
    )
    for table in tables:
        yield Table(table.head[:2], tuple(row[:2] for row in table.rows))


def values() -> Iterator[Block]:
    """What one needs to work an example without a calculator, and how gates decay."""
    yield Heading("Values", 2)
    rows = (
        tuple(prose(f"{value:.{digits}f}") for value, digits in (
            (x, 1), (sigmoid(x), 3), (sigmoid(x) * (1 - sigmoid(x)), 3), (tanh(x), 3),
            (1 - tanh(x) ** 2, 3),
        ))
        for x in ARGUMENTS
    )  # fmt: skip
    yield Table(tuple(prose(x) for x in ("x", "σ", "σ′", "tanh", "tanh′")), tuple(rows))
    decay = ((prose(f"{f:g}"), *(short(f**k) for k in SPANS)) for f in GATES)
    head = (prose("gate"), *(prose(f"after {k}") for k in SPANS))
    yield Table(head, tuple(decay))


def _sized(text: str, convention: str) -> System:
    return studied(read_model(text, convention=convention, sizes=SIZES)).system


def _in_words(row: tuple[Prose, ...]) -> Prose:
    """An architecture in one line, where a table of four columns has no room."""
    name, idea, strength, limitation = row
    return (*name, ": ", *idea, ". + ", *strength, ". − ", *limitation, ".")


def choice(words: Phrases) -> Iterator[Block]:
    """Yield architectures in a line each, and the advice of the course notes."""
    yield Heading("Architectures", 2)
    yield Listing(tuple(_in_words(row) for row in architecture_table(words).rows))
    yield Heading("Which one (course notes' advice)", 2)
    yield words.listing(
        (
            "Vanilla: a simple baseline.",
            "GRU: less data, shorter sequences, speed, few parameters.",
            "LSTM: long sequences, more data, performance.",
            "Bidirectional: the whole sequence is there. Stacked: more time scales.",
        )
    )


def slips(gru: Phrases, lstm: Phrases) -> Iterator[Block]:
    """Yield what goes wrong in derivations."""
    yield Heading("Mistakes", 2)
    yield gru.listing(
        (
            "The carry from {t+1} left out; {t} written where {t+1} stands.",
            "Derivative of the function, or the transpose, forgotten.",
            "{z[t]} and 1 − {z[t]} swapped; the reset applied after the product.",
            "One of the GRU's four paths from {h[t]} to {h[t-1]} missing.",
            "A second layer that reads {n} where it reads 2{n}.",
        )
    )
    yield lstm.listing(
        (
            "{f[t]} in place of {f[t+1]} in the carry of {c[t]}.",
            "tanh left out of {o[t] * tanh(c[t])}.",
            "“Four gates”: three and a candidate. “Clipping cures vanishing”: exploding only.",
        )
    )
