"""The gates of a cell at their limits: each put to 0 and 1, and the equations simplified."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from rnnsym.audit.rewrite import complement, subtrees
from rnnsym.blocks import Block, Heading, Inline, Math, Paragraph, Prose, Relation, Table, prose
from rnnsym.cell import Cell
from rnnsym.errors import ShapeError
from rnnsym.expr import (
    TIME,
    Array,
    Expr,
    Fill,
    Hadamard,
    Integer,
    Map,
    Node,
    Plus,
    Product,
    Scale,
    Transpose,
    Tuple,
    arrays_in,
    fill_like,
    plus,
    rebuild,
)
from rnnsym.record import record

__all__ = ["Limit", "gates_of_cell", "limits", "limits_section"]

TITLE = "The gates at their limits"
PLACED = " (in any layer and direction, whose marks are left out)"
INTUITION = (
    "A gate lies between 0 and 1 in every entry: near 0 it blocks what it multiplies, near 1 it "
    "lets it pass, and in between it lets a part of it pass. Put to its limits, each gate leaves"
)


@record
class Limit:
    """An equation at a limit.

    Attributes:
        at: what is put to which number.
        lhs: what the equation defines.
        before, after: its right-hand side as it stands, and at the limit.
    """

    at: tuple[tuple[Array, int], ...]
    lhs: Array
    before: Node
    after: Node

    @property
    def lost(self) -> tuple[Array, ...]:
        """The arrays of the step that the equation no longer reads."""
        left = set(arrays_in(self.after))
        gone = (a for a in arrays_in(self.before) if a.time is not None and a not in left)
        put = {gate for gate, _ in self.at}
        return tuple(a for a in dict.fromkeys(gone) if a not in put)


def gates_of_cell(cell: Cell) -> tuple[Array, ...]:
    """Return what lies between 0 and 1, is no state, and multiplies entry by entry.

    >>> from rnnsym.cell import load_cell
    >>> [gate.name for gate in gates_of_cell(load_cell("lstm"))]
    ['f', 'i', 'o']
    """
    states = {s.name for s in cell.states}
    return tuple(
        e.lhs
        for e in cell.equations
        if isinstance(e.rhs, Map) and e.rhs.name == "sigmoid" and e.lhs.name not in states
        if any(_multiplies(e.lhs, rhs) for rhs in cell.written.values())
    )


def _multiplies(gate: Array, node: Node) -> bool:
    """Tell whether a gate is a factor, or 1 minus it is."""
    factors = node.children if isinstance(node, Hadamard) else ()
    inner = (gate, *(c for c in factors if complement(c) == gate))
    return any(f in inner for f in factors) or any(_multiplies(gate, c) for c in node.children)


def limits(cell: Cell) -> Iterator[Limit]:
    """Yield every equation that reads a gate, with that gate at 0 and at 1.

    Two gates of one equation are put to limits together where a single array is left: f → 1 and
    i → 0 leave the old cell state.

    >>> from rnnsym.cell import load_cell
    >>> for limit in limits(load_cell("gru")):
    ...     print(limit.lhs, "=", limit.after)
    g[t] = tanh(W_h @ x[t] + b_h)
    g[t] = tanh(W_h @ x[t] + U_h @ h[t-1] + b_h)
    h[t] = h[t-1]
    h[t] = g[t]
    """
    gates = gates_of_cell(cell)
    defined = {e.lhs.name: e.lhs for e in cell.equations}
    for gate in gates:
        for name, rhs in cell.written.items():
            if _multiplies(gate, rhs):
                for value in (0, 1):
                    yield from _limit({gate: value}, defined[name], rhs)
    for name, rhs in cell.written.items():
        read = [gate for gate in gates if _multiplies(gate, rhs)]
        for pair in combinations(read, 2):
            for values in product((1, 0), repeat=2):
                found = _limit(dict(zip(pair, values, strict=True)), defined[name], rhs)
                yield from (x for x in found if isinstance(x.after, Array))


def _limit(at: Mapping[Array, int], lhs: Array, rhs: Node) -> list[Limit]:
    try:
        after = folded(rhs, at)
    except ShapeError:  # the gate is broadcast by its shape, which a number lacks
        return []
    return [Limit(tuple(at.items()), lhs, rhs, after)]


def folded(node: Node, at: Mapping[Array, int]) -> Node:
    """Return an expression with arrays put to whole numbers, and the numbers worked out."""
    if isinstance(node, Array):
        return fill_like(at[node], node) if node in at else node
    children = tuple(folded(child, at) for child in node.children)
    if children == node.children:
        return node
    return _folded(rebuild(node, children))


def _folded(node: Node) -> Node:
    """Work out an operation on constants, its operands worked out already."""
    numbers = [child.value for child in node.children if isinstance(child, Fill)]
    match node:
        case Scale() if numbers:
            return _filled(node.factor * numbers[0], node)
        case Plus() if len(numbers) > 1:
            rest = (child for child in node.children if not isinstance(child, Fill))
            return plus(_filled(sum(numbers, Integer(0)), node), *rest)
        case Product() if 0 in numbers:
            return fill_like(0, node)
        case Transpose() if numbers:
            return _filled(numbers[0], node)
        case _:
            return node


def _filled(number: Expr, like: Node) -> Node:
    return Fill(number, Tuple(*like.shape))


def limits_section(cell: Cell, *, placed: bool = False) -> Iterator[Block]:
    """Yield what is left of the equations at the limits of the gates, with words for it.

    Args:
        cell: its equations, without layer and direction.
        placed: whether it stands in a model with layers or directions, which is then said.
    """
    found = list(limits(cell))
    if not found:
        yield from _without_gates(cell)
        return
    yield Heading(f"The gates of {cell.name} at their limits" if placed else TITLE, 2)
    yield Paragraph(prose(f"{INTUITION}{PLACED if placed else ''}:"))
    head = (prose("limit"), prose("what is left"), prose("in words"))
    rows = tuple(
        (_joined(_limits(x)), prose(Relation((x.lhs, x.after))), _words(cell, x)) for x in found
    )
    yield Table(head, rows)


def _limits(limit: Limit) -> list[Relation]:
    return [Relation((gate, Integer(value)), "→") for gate, value in limit.at]


def _joined(parts: Sequence[Math]) -> Prose:
    joined: list[Inline] = []
    for i, part in enumerate(parts):
        joined += [", ", part] if i else [part]
    return tuple(joined)


def _words(cell: Cell, limit: Limit) -> Prose:
    """Say what a limit does to an equation, by what it leaves of it."""
    old = limit.lhs.xreplace({TIME: TIME - 1})
    if limit.after == old:
        return prose("the old state is copied; along this edge its gradient passes whole")
    if isinstance(limit.after, Fill):
        return prose("nothing passes, and no gradient comes back through it")
    if isinstance(limit.after, Array) and old in limit.lost:
        return prose("overwritten: ", old, " is forgotten")
    if limit.lost:
        return (*_joined(limit.lost), " is cut off" if len(limit.lost) == 1 else " are cut off")
    [(gate, value), *_] = limit.at
    return prose("what ", gate, " multiplies passes whole") if value else ()


def _without_gates(cell: Cell) -> Iterator[Block]:
    """Say that nothing decides what is kept, and what is left without the recurrent weights."""
    state, *others = cell.states
    inner = (node for rhs in cell.written.values() for c in rhs.children for node in subtrees(c))
    if others or any(isinstance(node, Map) and node.name == "sigmoid" for node in inner):
        return
    rhs, old = cell.written[state.name], state.xreplace({TIME: TIME - 1})
    weights = (a for a in dict.fromkeys(arrays_in(rhs)) if a.time is None)
    cut = [
        w for w in weights if old in arrays_in(rhs) and old not in arrays_in(folded(rhs, {w: 0}))
    ]
    yield Heading("Intuition", 2)
    parts: list[Inline] = ["No gate decides what is kept: at every step ", old]
    parts += [" goes through the same weights and the same function again."]
    for weight in cut:
        zero = Relation((weight, Integer(0)), "→")
        left = Relation((state, folded(rhs, {weight: 0})))
        parts += [" At the limit ", zero, " there is no memory at all: ", left, "."]
    yield Paragraph(tuple(parts))
