"""The three Jacobians and the unrolled sums as blocks."""

from collections.abc import Iterator

from rnnsym.blocks import Block, Equations, Line, Math, Paragraph, Partial, Relation, prose
from rnnsym.equations import System
from rnnsym.expr import Integer, Node
from rnnsym.jacobian import (
    ChainJacobians,
    StateJacobian,
    TooManyPathsError,
    jacobians,
    unrolled,
)
from rnnsym.sheet.naming import tied, tied_shape

__all__ = ["all_alike", "jacobian_blocks", "unrolled_blocks"]

SIGNS = {"edge": "∂⁺", "block": "∂", "total": "d"}
TITLES = {
    "edge": "Direct edge, the gates and other states held fixed:",
    "block": "One step, the other states of the step before held fixed:",
    "total": "Total along the graph, paths through the other states of the step before included:",
}

ALONE = {
    "edge": "Direct edge, whatever else its equation reads held fixed:",
    "block": "One step, all paths included; there is no other state, so this is the total too:",
}
"""The titles where a chain has one state."""


def jacobian_blocks(system: System, state: Node | None = None) -> Iterator[Block]:
    """Yield edges, blocks and totals of every chain, or those of one of its states."""
    try:
        found = jacobians(system)
    except TooManyPathsError as error:
        yield Paragraph(prose(f"{error}."))
        return
    for chain in found:
        if len(found) > 1:
            yield Paragraph(prose(f"Chain: {chain.title}"))
        if all_alike(chain):
            yield _alike(chain.blocks[0])
            yield Equations(tuple(_line(system, j) for j in chain.blocks))
            continue
        groups = {"edge": chain.edges, "block": chain.blocks, "total": chain.totals}
        titles = ALONE if len(chain.states) == 1 else TITLES
        for kind, title in titles.items():
            group = groups[kind]
            yield Paragraph(prose(title))
            lines = tuple(_line(system, j) for j in group if state in (None, j.of))
            yield Equations(lines)


def all_alike(chain: ChainJacobians) -> bool:
    """Tell whether direct edge, block and total are one: a state that only its equation reads."""
    return len(chain.states) == 1 and chain.edges[0].value == chain.blocks[0].value


def _alike(found: StateJacobian) -> Paragraph:
    """Say that the direct edge, what else the equation reads held fixed, is all there is."""
    edge = Partial(found.of, found.wrt, SIGNS["edge"])
    return Paragraph(
        prose(found.wrt, " acts on ", found.of, " along one edge only: the direct edge ", edge,
              ", whatever else its equation reads held fixed, is the whole Jacobian.")
    )  # fmt: skip


def _line(system: System, found: StateJacobian) -> Line:
    value: Math = Integer(0) if found.value is None else tied(system, found.value)
    partial = Partial(found.of, found.wrt, SIGNS[found.kind])
    lhs: Math = partial if found.name is None else Relation((partial, found.name))
    shape = tied_shape(system, (found.of.shape[0], found.wrt.shape[0]))
    return Line(lhs, value, shape=shape)


def unrolled_blocks(system: System, steps: int) -> Iterator[Block]:
    """Yield, for every chain, each state's dependence on the initial ones as a sum over paths."""
    for chain in jacobians(system):
        lines = [_paths(of, wrt, paths) for of, wrt, paths in unrolled(chain, steps)]
        count = sum(len(paths) for _, _, paths in unrolled(chain, steps))
        yield Paragraph(
            prose(f"Chain {chain.title}: {count} state-to-state paths over {steps} steps.")
        )
        yield Equations(tuple(lines))


def _paths(of: Node, wrt: Node, paths: tuple[Node, ...]) -> Line:
    value: Math | tuple[Math, ...] = paths or Integer(0)
    return Line(Partial(of, wrt, "d"), value)
