"""Counting parameters: one formula per affine map, layers, conventions, and back again."""

from collections.abc import Iterator, Sequence

from rnnsym.blocks import (
    Block,
    Box,
    Heading,
    Listing,
    Paragraph,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.equations import System
from rnnsym.expr import Formula, Integer
from rnnsym.sheet.chapters.closing import closing
from rnnsym.sheet.chapters.counted import at, counted, given, parameters_of
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.conventions import conventions_document, forms
from rnnsym.sheet.parameters import parameter_section, reduced, substituted
from rnnsym.sheet.study import studied, study
from rnnsym.system import read_model

__all__ = ["sections"]

SIZES = {"d": 4, "n": 5}
CELLS = ("vanilla", "gru", "lstm", "lstm-peephole", "lstm-coupled", "lstm-projection")
PROJECTED = 3
LAYERED = ("gru*3", "bi(gru)", "bi(gru)*2", "bi(lstm,sum)*2", "lstm, dense:3", "bi(lstm), dense:3")
PIPELINE = "embedding:1000:16, bi(lstm:8)*2, dense:3"
CONVENTIONS = ("textbook", "d2l", "pytorch", "keras")
LARGE = {"d": 64, "n": 128}
TRAPS = "bi(gru)*2"
SHORTHAND = (
    "gru*3 stands for three layers, bi(gru)*2 for two bidirectional ones, sum for a merge by "
    "addition, dense:3 for a readout of three outputs."
)
BUDGET = 100_000
ASKED = {"d": 10, "n": 20}


def sections() -> Iterator[Block]:
    """Yield the chapter."""
    words = about("lstm")
    yield _goals(words)
    yield from _map(words)
    yield from _cells(words)
    yield from _layers(words)
    yield from _by_convention(words)
    yield from _backwards(words)
    yield from _costs(words)
    yield from _mistakes()
    yield _takeaways(words)
    yield from closing([study(name) for name in (*CELLS, *LAYERED)], tuple(_questions(words)))


def _goals(words: Phrases) -> Block:
    return words.box(
        "goals",
        "After this sheet you can",
        (
            "count the parameters of any recurrent layer from the shapes in its equations",
            "count stacks, bidirectional layers, projections, readouts and embeddings",
            "explain why libraries report other numbers for what looks like the same layer",
            "go back from a number of parameters to a size",
        ),
    )


def _map(words: Phrases) -> Iterator[Block]:
    [gate, *_] = words.study.count.layers[0].gates
    yield Heading("One affine map", 2)
    yield words.paragraph(
        "Whatever a gate is called, its affine map has a matrix for the input, one for the old "
        "state and a bias, such as {W_f} ({n} × {d}), {U_f} ({n} × {n}) and {b_f} ({n} × 1): "
        "{one} numbers. So count the affine maps, gates *and* candidate, and multiply. The length "
        "{T} of the sequence does not enter: every step uses the same numbers.",
        one=gate.formula,
    )
    maps = [(g.array, g.parameters) for g in words.study.count.layers[0].gates]
    yield Table(
        (prose("map"), prose("its parameters"), prose("count")),
        tuple(
            (
                prose(array),
                tuple(
                    x for i, p in enumerate(found) for x in ((", ", p.array) if i else (p.array,))
                ),
                prose(gate.formula),
            )
            for array, found in maps
        ),
        "The LSTM: three gates and a candidate",
    )


def _cells(words: Phrases) -> Iterator[Block]:
    yield Heading("Cells", 2)
    yield _worked(CELLS, {**SIZES, "p": PROJECTED})
    yield words.listing(
        (
            "A *peephole* lets a gate look at the cell state through a vector: {n} more for each.",
            "*Coupled* gates (CIFG) save one map: the input gate is 1 − {f[t]}.",
            "A *projection* makes the state that recurs `p` wide: all recurrent matrices shrink, "
            "and the projection has `p` × {n} numbers of its own, without a bias.",
        )
    )


def _worked(names: Sequence[str], sizes: dict[str, int]) -> Table:
    """The count of each model: formula, numbers put in, brackets worked out, number."""
    head = (prose("model"), ("parameters with ", *given(sizes)))
    return Table(head, tuple((prose(name), prose(_steps(name, sizes))) for name in names))


def _steps(name: str, sizes: dict[str, int]) -> Relation:
    formula = study(name).count.formula
    numbers = {**study(name).system.bound, **sizes}
    total = Integer(at(formula, numbers))
    put, inside = substituted(formula, numbers), reduced(formula, numbers)
    brackets = len(inside.groups) > 1 or any(group.times for group in inside.groups)
    return Relation((formula, put, inside, total) if brackets else (formula, put, total))


def _layers(words: Phrases) -> Iterator[Block]:
    yield Heading("Stacks, directions, readouts, embeddings", 2)
    rules = words.listing(
        (
            "Layer 1 reads {d} entries, each later layer what the one below puts out.",
            "Two directions: twice the parameters. A concatenated output is 2{n} wide, and a "
            "second layer reads 2{n} in *both* chains.",
            "A readout of `q` outputs has a row of weights and a bias for each: `q`(width + 1).",
            "An embedding has a vector for each word: words × entries, without a bias.",
        )
    )
    yield Listing((*rules.items, prose(SHORTHAND)))
    yield _worked(LAYERED, SIZES)
    layers = study(PIPELINE).count.layers
    yield Table(
        (prose("layer"), prose("parameters"), prose("number")),
        (
            *((prose(x.title), prose(x.formula), prose(f"{x.total}")) for x in layers),
            (prose("together"), prose(), prose(f"{study(PIPELINE).count.total}")),
        ),
        f"A whole network: {PIPELINE}",
    )


def _by_convention(words: Phrases) -> Iterator[Block]:
    numbers = sorted({parameters_of("gru", SIZES, name) for name in ("textbook", "pytorch")})
    after = parameters_of("gru-reset-after", SIZES)
    lstm = [parameters_of("lstm", SIZES, name) for name in ("textbook", "pytorch")]
    yield Heading("Why libraries differ", 2)
    yield words.paragraph(
        f"A GRU with {{sizes}} has {numbers[0]}, {after} or {numbers[1]} parameters. The equations "
        "look alike, but some conventions train two bias vectors for each map, and where the reset "
        "gate acts after the product, the candidate's recurrent bias cannot be merged into the "
        "other one. An LSTM has "
        f"{lstm[0]} with one bias for each map and {lstm[1]} with two (PyTorch).",
        sizes=given(SIZES),
    )
    found = [
        (name, None if form is None else _sized(form, name))
        for name, form in forms("gru")
        if name in CONVENTIONS
    ]
    yield from (b for b in conventions_document("gru", found).blocks if isinstance(b, Table))


def _sized(text: str, convention: str) -> System:
    """Return a model with its sizes put in, which has passed its check."""
    return studied(read_model(text, convention=convention, sizes=SIZES)).system


def _backwards(words: Phrases) -> Iterator[Block]:
    total = parameters_of("lstm", LARGE)
    quarter, n = total // 4, LARGE["n"]
    fitting = _widest("gru", {"d": LARGE["d"]})
    yield Heading("Back from a number to a size", 2)
    yield words.paragraph(
        f"An LSTM with {{n}} = {n} has {total} parameters. How wide is its input? Divide by the "
        f"number of maps, {total} / 4 = {quarter}; by {{n}}, {quarter} / {n} = {quarter // n}; and "
        f"take away {{n}} + 1: {{d}} = {quarter // n} − {n + 1} = {quarter // n - n - 1}."
    )
    yield words.paragraph(
        f"How many units may a GRU with {{d}} = {LARGE['d']} have within {BUDGET} parameters? "
        "{formula} is quadratic in {n}: solve, and round down. "
        f"{{n}} = {fitting} gives {parameters_of('gru', LARGE | {'n': fitting})}, "
        f"{{n}} = {fitting + 1} would give {parameters_of('gru', LARGE | {'n': fitting + 1})}.",
        formula=counted("gru"),
    )


def _widest(name: str, sizes: dict[str, int]) -> int:
    """Return the largest n within the budget."""
    n = 1
    while parameters_of(name, sizes | {"n": n + 1}) <= BUDGET:
        n += 1
    return n


def _costs(words: Phrases) -> Iterator[Block]:
    names = ("vanilla", "gru", "lstm", "bi(lstm)", "vanilla*L")
    yield Heading("Operations and memory", 2)
    rows = (
        (prose(name), prose(study(name).count.multiply_adds.formula),
         prose(study(name).count.memory.formula))
        for name in names
    )  # fmt: skip
    head = (prose("model"), prose("multiply–adds per step"), prose("numbers kept for BPTT"))
    yield Table(head, tuple(rows))
    yield words.paragraph(
        "Operations and memory do grow with {T}; the number of parameters does not."
    )


def _mistakes() -> Iterator[Block]:
    """What each misconception counts in a model that has most of the traps."""
    section = parameter_section(study(TRAPS).system, SIZES, conventions=False)
    yield Heading("Common mistakes", 2)
    yield Paragraph(
        prose(f"What each mistake makes of {TRAPS}, in which most of them can be made:")
    )
    yield from (block for block in section if isinstance(block, Box))


def _takeaways(words: Phrases) -> Block:
    return words.box(
        "takeaways",
        "Takeaways",
        (
            "Affine maps × (`n d + n² + n`): 1 for vanilla, 3 for GRU, 4 for LSTM.",
            "Say the convention: one bias or two, reset before or after.",
            "Second layer: the width of the first, doubled after a concatenation.",
            "Never × {T}.",
        ),
    )


def _questions(words: Phrases) -> Sequence[tuple[Prose, Prose]]:
    two, hidden = parameters_of("lstm", ASKED, "pytorch"), ASKED["n"]
    total = parameters_of("vanilla", ASKED)
    return (
        (
            words.say("How many parameters has an LSTM with {sizes}?", sizes=given(ASKED)),
            prose(_equation("lstm"), "."),
        ),
        (
            words.say("And with the two bias vectors of PyTorch? Why do they not do more?"),
            words.say(
                f"{two}: 4 · {hidden} more. Two vectors that are added act as one; in the LSTM "
                "they even have the same gradient."
            ),
        ),
        (
            words.say("How many has bi(gru)*2 with {sizes}?", sizes=given(ASKED)),
            prose(_equation("bi(gru)*2"), "."),
        ),
        (
            words.say(
                f"A vanilla layer with {{n}} = {hidden} has {total} parameters. How wide is its "
                "input?"
            ),
            words.say(
                f"{total} / {hidden} = {total // hidden}, less {{n}} + 1 = {hidden + 1}: "
                f"{{d}} = {total // hidden - hidden - 1}."
            ),
        ),
        (
            words.say("The sequences become twice as long. What doubles, what does not?"),
            words.say("Time and memory of BPTT double; the number of parameters stays."),
        ),
    )


def _equation(name: str) -> Relation:
    formula: Formula = study(name).count.formula
    return Relation((formula, substituted(formula, ASKED), Integer(parameters_of(name, ASKED))))
