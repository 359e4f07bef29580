"""Stacked networks: the recursion over layers and steps, and the gradient's two ways."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from rnnsym.blocks import Block, Figure, Heading, Listing, Prose, Relation, Table, prose
from rnnsym.diagram import backward_diagram, unrolled_diagram
from rnnsym.expr import (
    LAYER,
    LAYERS,
    STEPS,
    TIME,
    Array,
    Expr,
    Integer,
    Node,
    Plus,
    Span,
    Symbol,
)
from rnnsym.flow.paths import count_paths, main_state
from rnnsym.sheet.chapters.closing import closing
from rnnsym.sheet.chapters.counted import at, counted, given, parameters_of
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.chapters.stacked_review import (
    DEEP,
    SIZES,
    stacked_mistakes,
    stacked_questions,
    stacked_takeaways,
)
from rnnsym.sheet.derivation import backward_blocks, forward_blocks
from rnnsym.sheet.guidance import form_guidance
from rnnsym.sheet.naming import tied
from rnnsym.sheet.study import study
from rnnsym.sheet.symbols import symbol_table, widths
from rnnsym.sheet.worked import worked_data, worked_example

__all__ = ["data", "sections"]

CELL, MODEL = "vanilla", "vanilla*L"
DRAWN, FIGURE_STEPS = "vanilla*3", 3
WORKED, WORKED_STEPS = "vanilla*2", 2
SOURCES = ("Pascanu, Gulcehre, Cho and Bengio 2014, How to construct deep RNNs",)
DEPTHS, STEPS_SHOWN = (1, 2, 3, 4), (1, 2, 5, 10)


def sections() -> Iterator[Block]:
    """Yield the sheet."""
    words = about(MODEL)
    yield _goals(words)
    yield from _why(words)
    yield from _forward(words)
    yield from backward_blocks(words.derivation, words.derivation.steps, words.study.numbers)
    yield from _two_ways(words)
    yield from _paths(words)
    yield Heading("Worked example", 2)
    yield words.paragraph("Two layers over two steps, with one unit in each layer.")
    yield from worked_example(study(WORKED).derivation, WORKED_STEPS)
    yield from _counts(words)
    yield from _depth(words)
    yield stacked_mistakes(words)
    yield stacked_takeaways(words)
    questions = stacked_questions(words, _arriving(words, LAYERS, STEPS))
    yield from closing([words.study], tuple(questions), SOURCES)


def data() -> dict[str, Any]:
    """Return the numbers of the worked example."""
    return {"worked": worked_data(study(WORKED).derivation, WORKED_STEPS)}


def _goals(words: Phrases) -> Block:
    return words.box(
        "goals",
        "After this sheet you can",
        (
            "write the equations of layer {l} at step {t}, and say what layer 1 reads",
            "say what arrives at {h[l,t]} on the way back, from later steps and from above",
            "work a short sequence by hand, up the layers and back down",
            "count the parameters of a stack layer by layer",
            "say why a deep stack is harder to train, and quote the guidance",
        ),
    )


def _why(words: Phrases) -> Iterator[Block]:
    yield Heading("Why stack", 2)
    yield words.paragraph(
        "One layer passes what it reads through one nonlinearity per step. A stack feeds the "
        "states of one recurrent layer to the next, step by step, so that each layer works on a "
        "sequence of features that the one below has made. According to the course notes lower "
        "layers pick up simple and short-range patterns, higher ones abstract and long-range ones:"
    )
    yield Table(
        tuple(prose(x) for x in ("input", "lower layers", "higher layers")),
        words.rows(
            ("text", "characters, words", "phrases, sentences"),
            ("speech", "phonemes, syllables", "words"),
            ("time series", "short-term changes", "medium- and long-term trends"),
        ),
    )


def _forward(words: Phrases) -> Iterator[Block]:
    yield Heading("The recursion over layers and steps", 2)
    yield words.paragraph(
        "Two indices: {t} counts steps, {l} = 1, …, {L} counts layers. Layer {l} reads the output "
        "of the layer below at the *same* step, and its own state of the step *before*. Layer 0 is "
        "the input, so that one equation serves all layers:"
    )
    yield symbol_table(words.system)
    yield from widths(words.system)
    yield from forward_blocks(words.system, words.study.numbers)
    yield Figure(
        unrolled_diagram(study(DRAWN).system, FIGURE_STEPS),
        words.say("Three layers over three steps: up is depth, right is time."),
    )
    yield words.paragraph(
        "In one line, with the output written as the state: {h[l,t]} is tanh of {together}, and "
        "{h[0,t]} stands for {x[t]}. Each layer has weights of its own, shared over steps and not "
        "over layers. Step {t} of layer {l} needs step {t} of layer {l-1} and step {t-1} of layer "
        "{l}, so the grid can be filled layer by layer or step by step.",
        together=tied(words.system, _one_line(words)),
    )


def _one_line(words: Phrases) -> Node:
    """The pre-activation in the course notes' form: what a layer reads is a state."""
    found = next(e for e in words.system.equations if e.lhs.name == "a")
    state = words.system.states[0].array
    rule = {
        array: Array(state.family, array.shape, array.layer, array.time)
        for array in found.rhs.atoms(Array)
        if array.name == "y"
    }
    return found.rhs.xreplace(rule)


def _two_ways(words: Phrases) -> Iterator[Block]:
    yield Heading("The gradient's two ways", 2)
    yield words.paragraph(
        "A state is read twice: by its own layer at the next step and by the layer above at the "
        "same step. So its gradient comes back two ways, through *time* by {U[l]} in {@delta_h}, "
        "and through *depth* by {W[l+1]} in {@delta_y}. With one put into the other, what arrives "
        "at {h[l,t]} is:"
    )
    inside, last = (LAYER, TIME), (LAYERS, STEPS)
    corners = (
        ("inside the stack", inside),
        ("top layer", (last[0], inside[1])),
        ("last step", (inside[0], last[1])),
        ("top layer, last step", last),
    )
    rows = ((prose(name), _arriving(words, *place)) for name, place in corners)
    yield Table((prose("where"), words.say("what arrives at {h[l,t]}")), tuple(rows))
    yield Figure(
        backward_diagram(study(DRAWN).derivation, FIGURE_STEPS),
        words.say("Backwards: down through the layers, left through time."),
    )
    yield words.paragraph(
        "Only the top layer sees the loss directly. Everything below learns from what has come "
        "down through the matrices and slopes of all layers between, and, within each layer, back "
        "through time. Every way multiplies a Jacobian at each move, so gradients can vanish or "
        "explode along both."
    )


def _arriving(words: Phrases, layer: Expr, time: Expr) -> Prose:
    """Add up the terms of both ways that exist at a layer and a step."""
    [state] = words.derivation.find("delta_h")
    output = next(s for s in words.derivation.find("delta_y") if s.layer is not None)
    terms = [t for t in (*output.terms, *state.terms) if t.value != output.target]
    here = [t.value for t in terms if _exists(t.layer, layer) and _exists(t.time, time)]
    total = Plus(*here) if len(here) > 1 else here[0]
    return prose(tied(words.system, total))


def _exists(span: Span | None, at: Expr) -> bool:
    """Tell whether a term's range holds the last index; or, for ℓ and t, an index before it."""
    assert span is not None
    if at in (LAYERS, STEPS):
        return span.last == at
    return span.first == 1


def _paths(words: Phrases) -> Iterator[Block]:
    state = main_state(words.study.chains[0])
    yield Heading("How many paths", 2)
    yield words.paragraph(
        "A path from layer 1 at step {t} − `k` to layer {L} at step {t} takes `k` steps in time "
        "and {L-1} in depth, in any order: there are as many as ways to choose which `k` of the "
        "`k` + {L-1} steps go through time. Counted here on the graph itself:"
    )
    head = (prose("layers"), *(prose(Relation((Symbol("k"), Integer(k)))) for k in STEPS_SHOWN))
    rows = (
        (
            prose(str(x)),
            *(prose(f"{count_paths(words.system, state, state, k, x):,}") for k in STEPS_SHOWN),
        )
        for x in DEPTHS
    )
    yield Table(head, tuple(rows))


def _counts(words: Phrases) -> Iterator[Block]:
    first, *_, later = (g.formula for g in study(DEEP).count.layers[0].gates)
    yield Heading("Counting", 2)
    yield words.paragraph(
        f"{DEEP} stands for three GRU layers on top of each other, with {{n}} units in each. "
        "Layer 1 reads {d} entries, every later one the {n} of the layer below. So all layers "
        "from the second on have the same number of parameters, which {d} does not enter; a stack "
        "of {L} vanilla layers has {formula}.",
        formula=counted(MODEL),
    )
    yield Table(
        (prose("model"), prose("parameters"), ("with ", *given(SIZES))),
        tuple(
            (prose(name), prose(counted(name)), prose(f"{parameters_of(name, SIZES)}"))
            for name in (f"{CELL}*2", DEEP, "lstm*2", "bi(lstm)*2")
        ),
    )
    small, large = at(first, SIZES), at(later, SIZES)
    yield words.paragraph(
        f"In {DEEP} a gate of layer 1 has {small} parameters, one of a later layer {large}: "
        f"3 · {small} + 2 · 3 · {large} = {parameters_of(DEEP, SIZES)}. After a concatenated "
        "bidirectional layer a layer reads 2{n} entries."
    )


def _depth(words: Phrases) -> Iterator[Block]:
    units = _same_budget()
    yield Heading("How deep", 2)
    yield words.paragraph(
        f"Deep or wide: {DEEP} with {{sizes}} has {parameters_of(DEEP, SIZES)} parameters; one "
        f"layer of {units} units has {parameters_of('gru', SIZES | {'n': units})}. "
        "At about the same cost the stack has three nonlinearities per step, the wide layer one.",
        sizes=given(SIZES),
    )
    yield Listing(tuple(prose(x) for x in form_guidance([words.system])))
    yield words.paragraph(
        "This is guidance, not a theorem: start shallow, add a layer while it helps, and expect "
        "less from each further one."
    )


def _same_budget() -> int:
    """Return the units of the widest GRU layer with at most the parameters of the stack."""
    budget = parameters_of(DEEP, SIZES)
    counts = ((n, parameters_of("gru", SIZES | {"n": n})) for n in range(1, budget))
    return max(n for n, _ in takewhile(lambda pair: pair[1] <= budget, counts))
