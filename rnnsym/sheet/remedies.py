"""Gradient flow on a model's sheet: its Jacobians, what bounds them, remedies and their limits."""

from collections.abc import Iterator, Sequence
from math import exp

from rnnsym.blocks import Block, Heading, Inline, Paragraph, Prose, Relation, Table, prose
from rnnsym.equations import System
from rnnsym.expr import Array, Integer, Symbol, fill_like, minus
from rnnsym.flow.bounds import chain_bounds
from rnnsym.flow.run import KeepGate, keep_gates, recurrent_weights
from rnnsym.jacobian import TooManyPathsError
from rnnsym.sheet.flow_bounds import bound_blocks
from rnnsym.sheet.jacobians import jacobian_blocks
from rnnsym.sheet.rounded import power
from rnnsym.sheet.study import Study

__all__ = ["flow_section", "remedies"]

BIAS, SPAN = 2, 20
"""A bias of a gate that keeps a state, and over how many steps its effect is worked out."""
PRODUCT = (
    "Over many steps the gradient is multiplied by one Jacobian for each step. ‖·‖ is the largest "
    "singular value"
)
STEPS_KEPT = Symbol("k")


def flow_section(study: Study) -> Iterator[Block]:
    """Yield the Jacobians, their bounds, and the remedies with what each does not cure."""
    yield Heading("Jacobians: vanishing and exploding gradients", 2)
    yield from jacobian_blocks(study.system)
    try:
        chains = study.chains
    except TooManyPathsError:  # said by the blocks above
        return
    terms = (t for c in chains for b in chain_bounds(c).blocks for t in b.terms)
    largest = ", max|·| the largest entry without its sign" if any(t.maxima for t in terms) else ""
    yield Paragraph(prose(f"{PRODUCT}{largest}."))
    for chain in chains:
        yield from bound_blocks(study.system, chain)
    gates = [gate for chain in chains for gate in keep_gates(chain)]
    weights = sorted({w for c in chains for w in recurrent_weights(c)}, key=str)
    yield remedies(study.system, gates, [w for w in weights if w.shape[0] == w.shape[1]])


def remedies(system: System, gates: Sequence[KeepGate], matrices: Sequence[Array]) -> Table:
    """Return the table of remedies: what each does in this model, and what it does not cure.

    Args:
        system: the model.
        gates: those that keep a state.
        matrices: the square recurrent ones.
    """
    rows = [
        (
            prose("clipping the gradient"),
            prose("scales a gradient that is too long down to a given length"),
            prose("vanishing: what has vanished is not brought back"),
        ),
        (
            prose("truncation after ", STEPS_KEPT, " steps"),
            prose("at most ", STEPS_KEPT - 1, " Jacobians are multiplied; memory for ", STEPS_KEPT,
                  " steps only"),
            prose("vanishing: every dependence over a cut becomes exactly 0"),
        ),
        *(_gates(gates)),
        *(_initialisation(matrices, "slopes and gates" if gates else "slopes")),
    ]  # fmt: skip
    if system.depth != 1:
        does = "the way through depth stays short: two to four, according to the course notes"
        lacks = "the way through time, which is as long as before"
        rows.append((prose("few layers"), prose(does), prose(lacks)))
    head = (prose("remedy"), prose("what it does here"), prose("what it does not cure"))
    return Table(head, tuple(rows))


def _gates(gates: Sequence[KeepGate]) -> Iterator[tuple[Prose, ...]]:
    if not gates:
        yield (
            prose("gates"),
            prose("none here; GRU and LSTM have them: they keep a direct path open"),
            prose("exploding: the paths through the recurrent weights stay"),
        )
        return
    listed: list[Inline] = []
    biases: list[Inline] = []
    for gate in gates:
        listed += [", " if listed else "", gate.state, " by ", _kept(gate)]
        for bias in gate.biases:
            biases += [", " if biases else "", Relation((bias, Integer(BIAS * gate.sign)))]
    yield (
        prose("gates"),
        prose("keep ", *listed[1:], ": the direct path stays open where this is near 1"),
        prose("exploding through the recurrent weights; any number below 1 still decays"),
    )
    if biases:
        kept = float(f"{1 / (1 + exp(-BIAS)):.2f}")
        yield (
            prose("larger bias of such a gate"),
            prose(
                *biases[1:],
                f": about σ({BIAS}) = {kept} is kept at first, after {SPAN} steps ",
                *power(kept, SPAN),
            ),
            prose("training may close the gate again; exploding"),
        )


def _kept(gate: KeepGate) -> Inline:
    """Return what multiplies the old state: f, or 1 − z."""
    return gate.gate if gate.sign > 0 else minus(fill_like(1, gate.gate), gate.gate)


def _initialisation(matrices: Sequence[Array], factors: str) -> Iterator[tuple[Prose, ...]]:
    if matrices:
        listed = [part for m in matrices for part in (", ", m)][1:]
        yield (
            prose("orthogonal initialisation"),
            prose(*listed, ": all singular values are 1 at the start"),
            prose(f"{factors} below 1; training moves the matrices away"),
        )
