"""Mistakes in a forward pass of several steps, layers or directions, as changed lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations

from rnnsym.audit.rewrite import everywhere
from rnnsym.blocks import Prose, prose
from rnnsym.cell import Cell, CellEquation
from rnnsym.equations import Loop, System
from rnnsym.errors import ShapeError
from rnnsym.expr import (
    Array,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    Transpose,
    arrays_in,
    equal,
    fill_like,
    matmul,
    plus,
    size,
    spread,
    transpose,
)
from rnnsym.quiz.decimals import Place
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.forward_net import Net
from rnnsym.quiz.line_by_line import Reads
from rnnsym.quiz.slips import MISCONCEPTIONS, NO_BIAS, PUT_IN, Work
from rnnsym.sheet.worked_lines import Row, placed

__all__ = [
    "IGNORED", "LEFT_OUT", "Slipped", "again", "as_dot", "cell_slips", "crossed", "exchanged",
    "instead",
    "shortened", "slips_of", "state_slips", "transposed",
]  # fmt: skip

IGNORED, LEFT_OUT = "initial state ignored", "function left out"


@dataclass(frozen=True, slots=True, eq=False)
class Slipped:
    """Lines as somebody works them who holds a misconception.

    Attributes:
        name: of the misconception.
        why: why that is wrong.
        rows: the lines, in the order in which they are then computed.
        reads: what is looked up elsewhere.
    """

    name: str
    why: Prose
    rows: tuple[Row, ...]
    reads: Reads = field(default_factory=dict[Place, Place])


@lru_cache(maxsize=1024)
def slips_of(system: System, loop: Loop) -> tuple[tuple[str, Prose, tuple[Node, ...]], ...]:
    """Return every slip of a chain's cell: its name, its reason, the right-hand sides then."""
    cell = next(b.cell for b in system.blocks if loop in b.loops)
    made_here = {e.lhs.name for e in loop.equations}
    if cell is None or not made_here.issuperset(s.name for s in cell.states):
        return ()
    made = tuple(CellEquation(e.lhs, e.rhs, e.adjoint, e.fused, e.purpose) for e in loop.equations)
    work = Work(_at_loop(cell, loop), made)
    return tuple(
        (m.name, why, tuple(e.rhs for e in changed.equations))
        for m in MISCONCEPTIONS
        for changed, why in m.apply(work)
    )


def _at_loop(cell: Cell, loop: Loop) -> Cell:
    """The cell with the arrays of one chain for its states and parameters."""
    own = {e.lhs.name: e.lhs for e in loop.equations}
    read = {a.name: a for e in loop.equations for a in e.rhs.atoms(Array) if a.time is None}
    return replace(
        cell,
        equations=tuple(
            CellEquation(e.lhs, e.rhs, e.adjoint, e.fused, e.purpose) for e in loop.equations
        ),
        states=tuple(own[s.name] for s in cell.states),
        parameters=tuple(read[p.name] for p in cell.parameters if p.name in read),
    )


def cell_slips(
    net: Net, loop: Loop, layer: int, time: int, rows: Sequence[Row]
) -> Iterator[Slipped]:
    """Yield what the cell's misconceptions make of some lines of one step.

    Args:
        net: the model.
        loop: the chain that the lines are of.
        layer: at which layer.
        time: at which step.
        rows: the lines of a part; a slip elsewhere is carried forward to it, not made in it.
    """
    scalar = all(value == 1 for symbol, value in net.numbers if symbol == size("n"))
    matrices = {m.name for m in MISCONCEPTIONS if m.needs_matrices}
    targets = [placed(e.lhs, net.sizes, layer, time) for e in loop.equations]
    for name, why, changed in slips_of(net.system, loop):
        if (scalar and name in matrices) or (name == IGNORED and time > 1):
            continue
        if name == LEFT_OUT and any(node.name == "relu" for row in rows
                                    for node in row.value.atoms(Map)):  # fmt: skip
            continue  # it changes nothing where the unit is on, and where it is off all is 0
        then = {
            target: Row(target, placed(rhs, net.sizes, layer, time))
            for target, rhs, e in zip(targets, changed, loop.equations, strict=True)
            if rhs != e.rhs
        }
        if any(row.target in then for row in rows):
            slipped = tuple(then.get(row.target, row) for row in rows)
            said = tuple(
                placed(part, net.sizes, layer, time) if isinstance(part, Node) else part
                for part in why
            )
            yield Slipped(name, _gone(rows, slipped) if name == NO_BIAS else said, slipped)


def _gone(rows: Sequence[Row], slipped: Sequence[Row]) -> Prose:
    """Say what is read no more."""
    read, kept = (dict.fromkeys(a for r in some for a in arrays_in(r.value))
                  for some in (rows, slipped))  # fmt: skip
    gone = [a for a in read if a not in kept]
    return prose(*listed(gone), " is left out." if len(gone) == 1 else " are left out.")


def state_slips(
    net: Net, loop: Loop, layer: int, time: int, rows: Sequence[Row]
) -> Iterator[Slipped]:
    """Yield mistakes in the lines of the states: those in the gates hardly show at the end."""
    states = {s.array.name for s in net.system.states}
    old = {row.target: row for row in rows}
    for slip in cell_slips(net, loop, layer, time, rows):
        changed = {row.target.name for row in slip.rows if old[row.target] != row}
        if slip.name in {IGNORED, PUT_IN} or changed <= states:
            yield slip


def again(net: Net, loop: Loop, layer: int, time: int, rows: Sequence[Row]) -> Iterator[Slipped]:
    """Yield what becomes of a later step for somebody who reads the first one's numbers again.

    Of several states, the first alone is read again, or all of them.
    """
    states = [s.array for s in net.system.states if s.array.family in _families(loop)]
    if time == 1 or not states:
        return

    def put(changes: Mapping[Array, Node]) -> tuple[Row, ...]:
        return tuple(Row(row.target, row.value.xreplace(changes)) for row in rows)

    for some in dict.fromkeys((tuple(states[:1]), tuple(states))):
        old = [placed(s, net.sizes, layer, time - 1) for s in some]
        first = [placed(s, net.sizes, layer, 0) for s in some]
        start = prose(f"Step {time} starts from ", *listed(old), ", ")
        is_not = "which is not zero." if len(some) == 1 else "which are not zero."
        yield Slipped(
            "initial state used again",
            prose(*start, "not from ", *listed(first), " again."),
            put(dict(zip(old, first, strict=True))),
        )
        yield Slipped(
            "state not carried on", prose(*start, is_not), put({a: fill_like(0, a) for a in old})
        )
    now, before = (placed(net.system.input, net.sizes, 0, t) for t in (time, 1))
    if any(now in row.value.atoms(Array) for row in rows):
        yield Slipped(
            "first input used again",
            prose(f"Step {time} reads ", now, ", not ", before, "."),
            put({now: before}),
        )


def _families(loop: Loop) -> set[object]:
    return {e.lhs.family for e in loop.equations}


def transposed(net: Net, row: Row) -> Iterator[Slipped]:
    """Yield a line with one of its square matrices read by columns, for each that it has."""
    for matrix in dict.fromkeys(arrays_in(row.value)):
        rows, columns = net.sizes.shape(matrix.shape)
        if matrix.time is None and rows == columns > 1:
            value = row.value.xreplace({matrix: Transpose(matrix)})
            why = prose("Each row of ", matrix, " makes one entry, not each column.")
            yield Slipped("matrix read by columns", why, (Row(row.target, value),))


def crossed(net: Net, row: Row) -> Iterator[Slipped]:
    """Yield a sum with the matrices of its two products swapped, if they have one shape."""
    products = [c.children for c in row.value.children if isinstance(c, Product)]
    if (
        not isinstance(row.value, Plus)
        or len(products) != 2
        or not all(isinstance(a, Array) for pair in products for a in pair)
    ):
        return
    (w, _), (u, _) = products
    if net.sizes.shape(w.shape) == net.sizes.shape(u.shape):
        value = row.value.xreplace({w: u, u: w})
        why = prose("This swaps ", w, " and ", u, ".")
        yield Slipped("matrices swapped", why, (Row(row.target, value),))


def exchanged(cell: Cell, row: Row) -> Iterator[Slipped]:
    """Yield the line with two of its gates in each other's place."""
    names = {gate.name for gate in Work(cell, cell.equations).gates}
    gates = dict.fromkeys(a for a in arrays_in(row.value) if a.name in names)
    for one, other in combinations(gates, 2):
        why = prose("This exchanges ", one, " and ", other, ".")
        value = row.value.xreplace({one: other, other: one})
        if not equal(value, row.value):  # as they are where both are factors of one product
            yield Slipped("gates exchanged", why, (Row(row.target, value),))


def shortened(row: Row) -> Iterator[Slipped]:
    """Yield an affine map without one of its terms, for each of them."""
    if isinstance(row.value, Plus) and row.value.atoms(Product):
        for term in row.value.children:
            kept = [other for other in row.value.children if other != term]
            why = prose("The term ", term, " is left out.")
            yield Slipped("term left out", why, (Row(row.target, plus(*kept)),))


def as_dot(net: Net, row: Row) -> Iterator[Slipped]:
    """Yield the line with every ⊙ of two vectors read as their product, the same in each row.

    Of vectors of one entry that is no mistake.
    """

    def dot(node: Node) -> Node | None:
        if not isinstance(node, Hadamard) or len(node.children) != 2:
            return None
        a, b = node.children
        return spread(matmul(transpose(a), b), node.shape[0])

    try:
        value = everywhere(row.value, dot)
    except ShapeError:
        return
    if value == row.value or net.sizes.shape(row.target.shape) == (1, 1):
        return
    why = prose("⊙ multiplies entry by entry: it sums nothing up and leaves a vector.")
    yield Slipped("⊙ read as a matrix product", why, (Row(row.target, value),))


def instead(name: str, why: Prose, rows: Sequence[Row], reads: Mapping[Place, Place]) -> Slipped:
    """Return the lines with some arrays looked up in the wrong place."""
    return Slipped(name, why, tuple(rows), dict(reads))
