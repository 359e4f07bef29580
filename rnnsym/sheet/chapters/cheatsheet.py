"""The cheat sheet: the formulas that one looks up, on two pages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rnnsym.blocks import (
    Block,
    Equations,
    Figure,
    Heading,
    Line,
    Listing,
    Partial,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.diagram import backward_diagram, cell_diagram
from rnnsym.expr import ACTIVATIONS, TIME, Array, Family, Integer, Node
from rnnsym.flow.examples import DIRECT_EDGE, counterexample
from rnnsym.model_text import MERGES
from rnnsym.sheet.chapters.cheat_tables import (
    choice,
    conventions,
    counts,
    miscounts,
    slips,
    values,
)
from rnnsym.sheet.chapters.flow_remedies import clipping
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.compare import written_equations
from rnnsym.sheet.flow_bounds import norm_bounds
from rnnsym.sheet.limits import limits_section
from rnnsym.sheet.naming import tied
from rnnsym.sheet.rounded import power
from rnnsym.sheet.study import study
from rnnsym.sheet.worked import worked_example
from rnnsym.sheet.worked_lines import loss_of

__all__ = ["sections"]

READOUT = "vanilla, dense:3"
SLOPES = ("sigmoid", "tanh", "relu")
SHOWN = {"gru": ("W_r", "U_r", "b_r", "U_h"), "lstm": ("W_f", "U_f", "b_f")}
"""Parameters whose gradients are printed; those of the other gates are like them."""
SHORTEST = 2
"""A line of so many sides is a name, its formula or its numbers, and nothing else."""
BOTH = ("delta_h", "delta_y", "dx")
SIGNS = {"edge": "∂⁺", "block": "∂", "total": "d"}
ALIKE = {
    "gru": "Likewise for `z` and the candidate, where {U_h} has met {r[t] * h[t-1]}.",
    "lstm": "Likewise for `i`, the candidate and `o`.",
}


def sections() -> Iterator[Block]:
    """Yield the sheet, headings at level 2."""
    yield from _rules(about("vanilla"))
    yield from _vanilla(about(READOUT, "cross-entropy"))
    yield from _cell("GRU", "gru")
    yield from _cell("LSTM", "lstm")
    yield from _limits()
    yield from _jacobians()
    yield from _flow(about("vanilla"))
    yield from _bidirectional(about("bi(vanilla)"))
    yield from _stacked(about("vanilla*L"))
    yield from counts(about("lstm"))
    yield from conventions()
    yield from choice(about("lstm"))
    yield from slips(about("gru"), about("lstm"))
    yield from miscounts()
    yield from values()
    yield from _worked("vanilla", 2)
    yield from _worked("lstm", 1, "Forward", "Backward")


def _worked(name: str, steps: int, *parts: str) -> Iterator[Block]:
    """Yield the numbers of a worked example, of some parts or all; the formulas stand above."""
    yield Heading(f"Worked: {name}, d = n = 1, T = {steps}", 2)
    [given, *others] = _displays(worked_example(study(name).derivation, steps), parts)
    yield given
    yield Equations(tuple(_in_numbers(line) for display in others for line in display.lines))


def _displays(blocks: Iterable[Block], parts: tuple[str, ...]) -> Iterator[Equations]:
    """Yield the displays below a heading that begins with one of these words, or all."""
    wanted = True
    for block in blocks:
        if isinstance(block, Heading):
            wanted = not parts or block.text.startswith(parts)
        elif isinstance(block, Equations) and wanted:
            yield block


def _in_numbers(line: Line) -> Line:
    """Leave out of a line what stands between its name and the numbers put in."""
    if isinstance(line.rhs, Relation) and len(line.rhs.sides) > SHORTEST:
        return replace(line, rhs=Relation(line.rhs.sides[1:]))
    return line


def _rules(words: Phrases) -> Iterator[Block]:
    slopes = "; ".join(f"`{ACTIVATIONS[name].rule}`" for name in SLOPES)
    largest = ", ".join(f"{ACTIVATIONS[name].lipschitz:g}" for name in SLOPES)
    yield Heading("Rules", 2)
    yield words.listing(
        (
            "δ is the gradient of the loss with respect to a state or a pre-activation, of the "
            "same shape; Δ is what the loss gives.",
            "One term for every equation that reads an array. What step {t} reads of {t-1} is read "
            "of {t} by {t+1}. Shared weights: a sum over {t}.",
            "`y = A v: Ā = ȳ vᵀ, v̄ = Aᵀ ȳ`. `y = u ⊙ v: ū = ȳ ⊙ v`. `y = f(u): ū = ȳ ⊙ f′(u)`. "
            "`y = [u; v]`: slices of `ȳ`.",
            f"{slopes}. Largest slopes: {largest}.",
        )
    )


def _cell(title: str, name: str) -> Iterator[Block]:
    """The equations as the cell's file writes them, a figure, and the lines of the derivation."""
    words = about(name)
    [cell] = (b.cell for b in words.system.blocks if b.cell is not None)
    yield Heading(f"{title}: forward", 2)
    yield _display([(lhs, rhs) for lhs, rhs in written_equations(words.system)])
    yield Heading(f"{title}: backward", 2)
    shown = {f"d{name}" for name in SHOWN[name]}
    found = words.derivation
    steps = [s for s in found.steps if s not in found.weights or s.name in shown]
    yield _display([(step.target, step.value()) for step in steps])
    yield words.paragraph(ALIKE[name])
    yield Figure(cell_diagram(cell))


def _display(lines: Sequence[tuple[Node, Node]]) -> Equations:
    return Equations(tuple(Line(lhs, rhs) for lhs, rhs in lines))


def _vanilla(words: Phrases) -> Iterator[Block]:
    """A vanilla network with a readout: BPTT as a whole."""
    [readout] = (e for e in words.system.equations if e.lhs == words.system.output)
    forward = [*written_equations(words.system), (readout.lhs, readout.rhs)]
    [term] = words.system.loss_terms
    loss = Array(Family("L", "L"), (Integer(1), Integer(1)), None, TIME)
    yield Heading("Vanilla RNN with a readout: forward", 2)
    yield _display([*forward, (loss, loss_of(term))])
    yield Heading("Vanilla RNN with a readout: backward", 2)
    yield _display([(step.target, step.value()) for step in words.derivation.steps])
    yield Figure(backward_diagram(words.derivation, 3))
    yield words.paragraph(
        "At {t} = {T} the term from {t+1} is absent. Squared error {half}: {delta_s[t]} is "
        "{s[t]} − {target[t]}. Any other loss: {V.T @ delta_s[t]} is what it gives, Δ. Loss at the "
        "last step only: {delta_s[t]} exists at {T} alone. Truncation drops the carry "
        "{U.T @ delta_a[t+1]} at every cut.",
        half="½‖s − τ‖²",
    )


def _limits() -> Iterator[Block]:
    yield Heading("Gates at their limits", 2)
    for name in ("gru", "lstm"):
        cell = next(b.cell for b in study(name).system.blocks if b.cell is not None)
        for block in limits_section(cell):
            if isinstance(block, Table):
                yield Table(block.head[:2], tuple(row[:2] for row in block.rows))


def _jacobians() -> Iterator[Block]:
    """Direct edges of the cells; of the LSTM's cell state also what else reaches it."""
    lines: list[Line] = []
    for name in ("vanilla", "gru", "lstm"):
        [chain] = study(name).chains
        cell = chain.states[-1]
        further = (*chain.blocks, *chain.totals) if len(chain.states) > 1 else ()
        found = (*chain.edges, *(j for j in further if j.of == cell))
        lines += [
            Line(Partial(j.of, j.wrt, SIGNS[j.kind]), j.value) for j in found if j.value is not None
        ]
    yield Heading("Jacobians: ∂⁺ direct edge, ∂ one step, d total", 2)
    yield Equations(tuple(lines))


def _flow(words: Phrases) -> Iterator[Block]:
    gate, steps = DIRECT_EDGE
    found = counterexample()
    yield Heading("Gradient flow", 2)
    yield words.listing(
        (
            "‖{∂h[T]/∂h[t]}‖ ≤ (γ ‖{U}‖) to the power {T-t}, ‖{U}‖ the largest singular value. "
            "Below 1: sufficient to vanish. Above 1: necessary, not sufficient, to explode.",
            "Linear network: the largest |eigenvalue| decides. With slopes it does not: "
            f"{found.spectral_radius:.2f} can give a norm of {found.norm:.0f} after {found.steps} "
            "steps.",
        )
    )
    yield Listing((prose("A gate that stays below 1 decays: ", *power(gate, steps), "."),))
    for name in ("gru", "lstm"):
        system = study(name).system
        yield Listing(tuple(norm_bounds(system, study(name).chains[0])))
    yield clipping(words)
    yield Table(
        (prose("remedy"), prose("cures"), prose("not")),
        words.rows(
            ("clipping", "exploding", "vanishing"),
            ("truncation", "cost", "vanishing: cuts are 0"),
            ("gates", "vanishing, where open", "exploding"),
            ("forget bias", "vanishing, at the start", "exploding"),
            ("orthogonal {U}", "both, at the start", "slopes below 1"),
        ),
    )


def _bidirectional(words: Phrases) -> Iterator[Block]:
    forward = [e for e in words.system.equations if e.lhs.name in ("a", "y")]
    steps = [s for s in (*words.derivation.adjoints, *words.derivation.inputs) if s.name in BOTH]
    merges: list[tuple[Prose, ...]] = []
    for merge in MERGES:
        system = about(f"bi(vanilla,{merge})").system
        [joined] = (e for e in system.equations if e.lhs == system.output)
        merges.append((prose(merge), prose(joined.rhs), prose(joined.lhs.shape[0])))
    yield Heading("Bidirectional", 2)
    yield _display([(e.lhs, e.rhs) for e in forward])
    yield _display([(s.target, s.value()) for s in steps])
    yield Table((prose("merge"), prose("output"), prose("width")), tuple(merges))
    yield words.paragraph(
        "Every {x[t]} feeds both chains. Reverse the list of backward states before joining. Not "
        "causal: no online use."
    )


def _stacked(words: Phrases) -> Iterator[Block]:
    [a, *_] = (e for e in words.system.equations if e.lhs.name == "a")
    steps = [s for s in words.derivation.adjoints if s.layer is not None and s.name in BOTH]
    pairs = [(a.lhs, a.rhs), *((s.target, s.value()) for s in steps)]
    yield Heading("Stacked", 2)
    yield _display([(lhs, tied(words.system, rhs)) for lhs, rhs in pairs])
    yield words.paragraph(
        "Layer 0 is {x[t]}. Two ways back: time by {U[l]}, depth by {W[l+1]}. Two to four layers, "
        "according to the course notes."
    )
