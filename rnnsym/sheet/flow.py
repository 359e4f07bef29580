"""Gradient flow as a document: products of Jacobians, bounds and their conditions, paths, decay."""

from collections.abc import Iterator, Sequence

from rnnsym.blocks import (
    Block,
    Heading,
    Inline,
    Paragraph,
    Partial,
    Prose,
    Table,
    prose,
)
from rnnsym.convention import read_convention
from rnnsym.document import Document
from rnnsym.equations import System
from rnnsym.expr import (
    LAYERS,
    TIME,
    Array,
    Expr,
    Family,
    Integer,
    Symbol,
    concat,
)
from rnnsym.flow.measure import Decay
from rnnsym.flow.paths import closed_form, count_paths, main_state, step_paths
from rnnsym.jacobian import ChainJacobians, jacobians
from rnnsym.sheet.flow_bounds import bound_blocks
from rnnsym.sheet.flow_facts import general_facts
from rnnsym.sheet.flow_measured import measured_blocks
from rnnsym.sheet.jacobians import jacobian_blocks
from rnnsym.sheet.layout import in_layout
from rnnsym.sheet.naming import conventions_in, slug, titles
from rnnsym.version import VERSION

__all__ = ["flow_document"]

START = Symbol("k", integer=True)
SHOWN_STEPS = (1, 2, 5, 10)
SHOWN_DEPTHS = (1, 2, 3, 4)


def flow_document(systems: Sequence[System], decays: Sequence[Decay] = ()) -> Document:
    """Return how gradients flow through each model, and side by side what was measured."""
    blocks: list[Block] = []
    for system, name in zip(systems, titles(systems), strict=True):
        blocks.append(Heading(name, 2))
        blocks += in_layout(tuple(_model_blocks(system)), system.model.convention)
    blocks += [Heading("What holds for every net", 2), general_facts()]
    if decays:
        blocks += measured_blocks(decays)
    names = ", ".join(titles(systems))
    norms = "‖·‖ and σ_max are largest singular values, max|·| is the largest entry"
    lines = (*conventions_in(systems)[:-1], prose(norms), prose(f"rnnsym {VERSION}"))
    return Document(
        f"flow-{slug(names)}", "derivation", f"Gradient flow: {names}", lines, tuple(blocks)
    )


def _model_blocks(system: System) -> Iterator[Block]:
    chains = jacobians(system)
    for chain in chains:
        yield from _product(chain, system.model.convention)
    yield from jacobian_blocks(system)
    yield Heading("Bounds", 3)
    for chain in chains:
        yield from bound_blocks(system, chain)
    yield Heading("Paths", 3)
    yield from _paths(system, chains)


# The product of Jacobians


def _product(chain: ChainJacobians, convention: str) -> Iterator[Block]:
    forward = chain.loop.order > 0
    following = START + 1 if forward else START - 1
    before = TIME - 1 if forward else TIME + 1
    stacked = concat(*chain.states)
    names = [b.name for b in chain.blocks if b.name is not None]
    single = len(chain.states) == 1
    whole = (
        names[0]
        if single
        else Array(Family("J", "J"), (stacked.shape[0], stacked.shape[0]), None, TIME)
    )
    at_start = stacked.xreplace({TIME: START})
    last = whole.xreplace({TIME: following})
    factors: list[Inline] = [whole, " ", whole.xreplace({TIME: before}), " … ", last]
    # Rows pass through the steps from left to right.
    in_columns = read_convention(convention).product == "W x"
    parts: list[Inline] = [Partial(stacked, at_start, "d" if single else "∂"), " = "]
    parts += factors if in_columns else reversed(factors)
    order = "newest" if in_columns else "oldest"
    parts += [f": the product of the Jacobians of the steps between, {order} first."]
    if not single:
        parts += [" ", whole, " is made of the blocks "]
        for i, name in enumerate(names):
            parts += [", ", name] if i else [name]
        parts += [" below."]
    yield Paragraph(tuple(parts))


# Paths


def _paths(system: System, chains: Sequence[ChainJacobians]) -> Iterator[Block]:
    for chain in chains:
        yield from _paths_of(system, chain)
    start, end = main_state(chains[0]), main_state(chains[-1])
    depths = SHOWN_DEPTHS if system.symbolic_depth else (int(system.depth),)
    if depths == (1,):
        return
    head = (prose("layers"), *(prose(_many(k, "step")) for k in SHOWN_STEPS))
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
        "Through time and depth, from layer 1 at step t − k to layer ", depth, " at step t: ",
        *ways, " paths: k steps in time and ", depth - 1, " in depth, in any order, "
        f"{_many(in_time, 'way')} through a step and {in_depth} through a layer."
    )  # fmt: skip
