"""Gradient flow as a document: products of Jacobians, bounds and their conditions, paths, decay."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rnnsym.blocks import (
    Block,
    Heading,
    Inline,
    Listing,
    Paragraph,
    Partial,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.document import Document
from rnnsym.equations import System
from rnnsym.expr import (
    LAYERS,
    TIME,
    Array,
    Diag,
    Expr,
    Family,
    Fill,
    Integer,
    Node,
    Product,
    Rational,
    Symbol,
    concat,
)
from rnnsym.flow.bounds import Bound, BoundTerm, ChainBounds, chain_bounds
from rnnsym.flow.examples import DIRECT_EDGE, counterexample
from rnnsym.flow.measure import Decay
from rnnsym.flow.paths import closed_form, count_paths, main_state, step_paths
from rnnsym.jacobian import ChainJacobians, StateJacobian, jacobians
from rnnsym.sheet.flow_measured import measured_blocks
from rnnsym.sheet.jacobians import jacobian_blocks
from rnnsym.sheet.naming import convention_lines, slug, tied
from rnnsym.version import VERSION

__all__ = ["bound_prose", "edge_prose", "flow_document"]

START = Symbol("k", integer=True)
SHOWN_STEPS = (1, 2, 5, 10)
SHOWN_DEPTHS = (1, 2, 3, 4)


def flow_document(systems: Sequence[System], decays: Sequence[Decay] = ()) -> Document:
    """Return how gradients flow through each model, and side by side what was measured."""
    blocks: list[Block] = []
    for system in systems:
        blocks += _model_blocks(system)
    blocks += _general_blocks()
    if decays:
        blocks += measured_blocks(decays)
    names = ", ".join(str(s.model) for s in systems)
    norms = "‖·‖ and σ_max are largest singular values, max|·| is the largest entry"
    lines = (*convention_lines(systems[0])[:1], prose(norms), prose(f"rnnsym {VERSION}"))
    return Document(
        f"flow-{slug(names)}", "derivation", f"Gradient flow: {names}", lines, tuple(blocks)
    )


def _model_blocks(system: System) -> Iterator[Block]:
    yield Heading(str(system.model), 2)
    chains = jacobians(system)
    for chain in chains:
        yield from _product(chain)
    yield from jacobian_blocks(system)
    yield Heading("Bounds", 3)
    for chain in chains:
        yield from _bounds(system, chain)
    yield Heading("Paths", 3)
    yield from _paths(system, chains)


# The product of Jacobians


def _product(chain: ChainJacobians) -> Iterator[Block]:
    forward = chain.loop.order > 0
    following = START + 1 if forward else START - 1
    before = TIME - 1 if forward else TIME + 1
    stacked = concat(*chain.states)
    names = [b.name for b in chain.blocks if b.name is not None]
    single = len(chain.states) == 1
    whole = names[0] if single else Array(Family("J", "J"), (stacked.shape[0],) * 2, None, TIME)
    at_start = stacked.xreplace({TIME: START})
    factors = Product(whole, whole.xreplace({TIME: before}))
    last = whole.xreplace({TIME: following})
    parts: list[Inline] = [Partial(stacked, at_start, "d" if single else "∂"), " = ", factors]
    parts += [" … ", last, ": the product of the Jacobians of the steps between, newest first."]
    if not single:
        parts += [" ", whole, " is made of the blocks "]
        for i, name in enumerate(names):
            parts += [", ", name] if i else [name]
        parts += [" below."]
    yield Paragraph(tuple(parts))


# Bounds


def _bounds(system: System, chain: ChainJacobians) -> Iterator[Block]:
    bounds = chain_bounds(chain)
    items = [edge_prose(system, edge, bounds) for edge in chain.edges]
    for state in bounds.ranges.bounded:
        first = state.xreplace({TIME: TIME - chain.loop.order})
        items.append(
            prose(
                "|", state, "| ≤ 1 in every entry as long as |", first, "| ≤ 1 (by its equation)."
            )
        )
    items += [bound_prose(system, b) for b in bounds.blocks if b.terms]
    items += _conditions(system, bounds)
    yield Listing(tuple(items))


def edge_prose(system: System, edge: StateJacobian, bounds: ChainBounds) -> Prose:
    """Say what the direct edge of a state can do to a gradient."""
    name = Partial(edge.of, edge.wrt, "∂⁺")
    if edge.value is None:
        return prose(
            "Direct edge ", name, " = 0: what ", edge.of, " keeps passes through other arrays."
        )
    value = tied(system, edge.value)
    head: Prose = prose("Direct edge ", Relation((name, value)), ": ")
    if not isinstance(edge.value, Diag):
        return (*head, "every path meets the recurrent weights.")
    if isinstance(edge.value.arg, Fill):
        return (*head, "along it a gradient neither vanishes nor explodes.")
    if bounds.ranges.interval(edge.value.arg) == (0.0, 1.0):
        kept, steps = DIRECT_EDGE
        return (
            *head,
            "entries between 0 and 1. Along it a gradient cannot explode, and it decays as the "
            f"product of these entries: at {kept} throughout, {steps} steps leave "
            f"{kept}^{steps} = {kept**steps:.1e}.",
        )
    return (*head, "entries of any size.")


def bound_prose(system: System, bound: Bound) -> Prose:
    """Return ‖J‖ ≤ its bound."""
    name = bound.jacobian.name
    left: Node | Partial = name or Partial(bound.jacobian.of, bound.jacobian.wrt)
    parts: list[Inline] = ["‖", left, "‖ ≤ "]
    for i, term in enumerate(bound.terms):
        parts += [" + "] if i else []
        parts += _term(system, term)
    return tuple(parts)


def _term(system: System, term: BoundTerm) -> Iterator[Inline]:
    factors = len(term.norms) + len(term.maxima)
    if term.number != 1 or not factors:
        yield _rational(term.number)
        yield " " if factors else ""
    for i, node in enumerate(term.norms):
        yield from (" ‖" if i else "‖", tied(system, node), "‖")
    for i, node in enumerate(term.maxima):
        yield from (" max|" if i or term.norms else "max|", tied(system, node), "|")


def _conditions(system: System, bounds: ChainBounds) -> Iterator[Prose]:
    simple = bounds.simple
    if simple is not None:
        yield from _simple_conditions(system, bounds.blocks[0].jacobian, simple)
    elif len(bounds.blocks) > 1:
        yield prose(
            "Let N hold these bounds, block by block. Its spectral radius below 1 is sufficient "
            "for the gradient to vanish; at least 1 is necessary for it to explode, and not "
            "sufficient."
        )
    elif bounds.blocks[0].constant is not None:
        yield prose(
            "Whatever the weights are, this bound is ",
            _rational(bounds.blocks[0].constant),
            ": no gradient explodes along this chain.",
        )
    else:
        yield prose(
            "A bound below 1 is sufficient for the gradient to vanish; above 1 it is necessary for "
            "it to explode, and not sufficient."
        )
    kept = [b for b in bounds.blocks if b.jacobian.of in _own(b) and _fixed(b) >= 1]
    if kept and any(b.constant is None for b in bounds.blocks):
        yield prose(
            "Here it is at least 1, since ",
            kept[0].jacobian.of,
            " may be kept whole: the bound never proves that the gradient vanishes.",
        )


def _own(bound: Bound) -> tuple[Array, ...]:
    """Return the state whose diagonal block a bound is of."""
    of, wrt = bound.jacobian.of, bound.jacobian.wrt
    return (of,) if of.family == wrt.family else ()


def _fixed(bound: Bound) -> Fraction:
    """Return what a bound is at least, whatever the weights are."""
    alone = (t.number for t in bound.terms if not t.norms and not t.maxima)
    return sum(alone, Fraction(0))


def _simple_conditions(system: System, found: StateJacobian, term: BoundTerm) -> Iterator[Prose]:
    largest: list[Inline] = []
    for node in term.norms:
        largest += [" σ_max(" if largest else "σ_max(", tied(system, node), ")"]
    gamma = _rational(term.number)
    limit = _rational(1 / term.number)
    yield prose(
        "γ = ",
        gamma,
        " bounds the slopes, so over m steps the norm is at most (γ ",
        *largest,
        ")^m. ",
        *largest,
        " < 1/γ = ",
        limit,
        " is sufficient for the gradient of ",
        found.of,
        " to vanish.",
    )
    yield prose(
        *largest,
        " > ",
        limit,
        " is necessary for it to explode, and not sufficient. The largest |eigenvalue| decides in "
        "the linear net only.",
    )


def _rational(number: Fraction) -> Expr:
    return Rational(number.numerator, number.denominator)


# Paths


def _paths(system: System, chains: Sequence[ChainJacobians]) -> Iterator[Block]:
    for chain in chains:
        yield from _paths_of(system, chain)
    start, end = main_state(chains[0]), main_state(chains[-1])
    depths = SHOWN_DEPTHS if system.symbolic_depth else (int(system.depth),)
    if depths == (1,):
        return
    head = (prose("layers"), *(prose(f"{k} steps") for k in SHOWN_STEPS))
    rows = tuple(
        (
            prose(str(depth)),
            *(prose(f"{count_paths(system, start, end, k, depth):,}") for k in SHOWN_STEPS),
        )
        for depth in depths
    )
    yield Table(head, rows, "Paths from the state of layer 1 to that of the last layer")


def _paths_of(system: System, chain: ChainJacobians) -> Iterator[Block]:
    paths = step_paths(chain)
    states = chain.states
    if len(states) == 1:
        ways = paths.through_time[0][0]
        old = states[0].xreplace({TIME: TIME - chain.loop.order})
        yield Paragraph(
            prose(
                f"{_many(ways, 'path')} from ", old, " to ", states[0], " in one step, so ",
                Integer(ways) ** START if ways > 1 else Integer(ways), " over k steps."
            )
        )  # fmt: skip
        closed = closed_form(system, chain)
        if closed is not None and system.depth != 1:
            yield Paragraph(_closed_form(system, *closed))
        return
    head = (prose("paths in one step"), *(prose("from ", _old(s, chain)) for s in states))
    rows = tuple(
        (prose("to ", s), *(prose(str(n)) for n in row))
        for s, row in zip(states, paths.through_time, strict=True)
    )
    yield Table(head, rows)
    place = states.index(main_state(chain))
    counts = ", ".join(f"{paths.over(k)[place][place]:,}" for k in SHOWN_STEPS)
    steps = ", ".join(str(k) for k in SHOWN_STEPS)
    yield Paragraph(
        prose(
            "Over k steps: the k-th power of this table. From ", states[place], f" to itself over "
            f"{steps} steps: {counts} paths.", *_recurrence(paths.through_time)
        )
    )  # fmt: skip


def _old(state: Array, chain: ChainJacobians) -> Array:
    return state.xreplace({TIME: TIME - chain.loop.order})


def _recurrence(table: tuple[tuple[int, ...], ...]) -> Prose:
    """Two states: every entry of the powers obeys the recurrence of Cayley and Hamilton."""
    if len(table) != 2:
        return ()
    (a, b), (c, d) = table
    trace, determinant = a + d, a * d - b * c
    times = "" if abs(determinant) == 1 else f"{abs(determinant)} "
    tail = f" {'−' if determinant > 0 else '+'} {times}N_(k−2)" if determinant else ""
    return (f" Each entry obeys N_k = {trace} N_(k−1){tail}.",)


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _closed_form(system: System, in_time: int, in_depth: int) -> Prose:
    """C(k + L − 1, k) aᵏ bᴸ⁻¹, the factors that are 1 left out."""
    depth: Expr = LAYERS if system.symbolic_depth else system.depth
    ways: list[Inline] = ["C(", START + depth - 1, ", k)"]
    if in_time > 1:
        ways += [" · ", Integer(in_time) ** START]
    if in_depth > 1:
        ways += [" · ", Integer(in_depth) ** (depth - 1)]
    return prose(
        "Through time and depth, from layer 1 at ", TIME - START, " to layer ", depth, " at ", TIME,
        ": ", *ways, " paths: k steps in time and ", depth - 1, " in depth, in any order, "
        f"{_many(in_time, 'way')} through a step and {in_depth} through a layer."
    )  # fmt: skip


# What holds for every net


def _general_blocks() -> Iterator[Block]:
    found = counterexample()
    rows = "; ".join(", ".join(f"{x:g}" for x in row) for row in found.matrix)
    yield Heading("What holds for every net", 2)
    yield Listing(
        (
            prose(
                "The gradient is the sum over all paths. It vanishes only where the product along "
                "every path does, or where they cancel; one path that does not is enough to keep "
                "it alive."
            ),
            prose(
                "Eigenvalues do not decide in a net with slopes: U = "
                f"[{rows}] has spectral radius {found.spectral_radius:.2f}, and with unit 2 of a "
                f"tanh net saturated the Jacobian over {found.steps} steps has norm "
                f"{found.norm:.0e}."
            ),
            prose(
                "Gates keep a direct path open, and so work against vanishing. They do not bound "
                "the other paths, through the recurrent weights: an LSTM or a GRU can explode."
            ),
            prose(
                "Clipping scales a gradient that is too long down to a given length, its direction "
                "kept. It cures the effect of exploding; it cannot bring back what has vanished."
            ),
            prose(
                "Truncation after every k steps drops each product that crosses a cut: at most "
                "k − 1 Jacobians are multiplied. That bounds how far a gradient can explode, and "
                "makes every longer dependence exactly 0: it does not cure vanishing."
            ),
            prose(
                "Orthogonal recurrent matrices have all singular values 1: only slopes and gates then "
                "shrink a product. A larger bias of a gate that keeps the state moves "
                "what it keeps towards 1."
            ),
        )
    )
