"""The named mistake that a wrong formula makes: the operator that turns the right line into it."""

from collections.abc import Iterable, Iterator, Sequence

from rnnsym.audit.rewrite import Misconception, complement, everywhere, one_by_one, subtrees
from rnnsym.audit.slips import MISCONCEPTIONS as LINE
from rnnsym.audit.slips import Row, Slip
from rnnsym.blocks import Prose, prose
from rnnsym.errors import ShapeError
from rnnsym.expr import (
    BOUND,
    TIME,
    Array,
    Expr,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    Shape,
    Sigma,
    Transpose,
    hadamard,
    plus,
    rebuild,
    scale,
)

__all__ = ["MISCONCEPTIONS", "mistakes"]


def _exchanged(row: Row, old: Node, new: Node, why: Prose) -> Sequence[Slip]:
    found = one_by_one(row.value, lambda node: new if node == old else None)
    return [(Row(row.step, value), why) for value in found]


def _arrays(node: Node) -> list[Array]:
    return list(dict.fromkeys(n for n in subtrees(node) if isinstance(n, Array)))


def _gates_exchanged(row: Row, others: Iterable[Array]) -> Sequence[Slip]:
    """One gate in place of another, one adjoint or matrix in place of another."""
    found: list[Slip] = []
    for one in _arrays(row.value):
        for other in others:
            new = Array(other.family, one.shape, one.layer, one.time)
            if _kind(one) == _kind(other) and one.family != other.family and new != row.step.target:
                why = prose("It is ", one, " that belongs there, not ", new, ".")
                found += _exchanged(row, one, new, why)
    return found


def _kind(array: Array) -> tuple[str, str, Shape, bool]:
    family = array.family
    return family.role, family.direction, array.shape, array.time is None


def _gate_turned(row: Row) -> Sequence[Slip]:
    """1 − z in place of z and z in place of 1 − z at once: what the other convention says."""
    found: list[Slip] = []
    for other in dict.fromkeys(subtrees(row.value)):
        gate = complement(other)
        if isinstance(gate, Array):
            both = {gate: other, other: gate}
            why = prose("Here ", gate, " stands where ", other, " should, and the other way round.")
            found.append((Row(row.step, everywhere(row.value, both.get)), why))
    return found


NEIGHBOURS: dict[Expr | None, Sequence[Expr]] = {
    index + shift: [index + other for other in others]
    for index in (TIME, BOUND)
    for shift, others in ((-1, (1,)), (1, (-1,)), (0, (-1, 1)))
}
"""The steps that are taken for a step."""


def _wrong_neighbour(row: Row) -> Sequence[Slip]:
    """The step before in place of the step after, and the step before or after in place of this."""
    found: list[Slip] = []
    for array in _arrays(row.value):
        for other in NEIGHBOURS.get(array.time, ()):
            new = Array(array.family, array.shape, array.layer, other)
            why = prose("It is ", array, " that belongs there, not ", new, ".")
            found += _exchanged(row, array, new, why)
    return found


def _part_missing(row: Row) -> Sequence[Slip]:
    """A term of any sum, left out; nobody leaves out the 1 of 1 − z."""
    found: list[Slip] = []
    for node in dict.fromkeys(n for n in subtrees(row.value) if isinstance(n, Plus)):
        for term in (c for c in node.children if _arrays(c)):
            rest = plus(*(c for c in node.children if c is not term))
            found += _exchanged(row, node, rest, prose("The term ", term, " is missing."))
    return found


def _factor_missing(row: Row) -> Sequence[Slip]:
    found: list[Slip] = []
    for node in dict.fromkeys(n for n in subtrees(row.value) if isinstance(n, Hadamard | Product)):
        for i, factor in enumerate(node.children):
            others = tuple(c for j, c in enumerate(node.children) if j != i)
            rest = hadamard(*others) if isinstance(node, Hadamard) else _product(others)
            if rest is not None and rest.shape == node.shape:
                why = prose("The factor ", factor, " is missing.")
                found += _exchanged(row, node, rest, why)
    return found


def _product(factors: tuple[Node, ...]) -> Node | None:
    return factors[0] if len(factors) == 1 else None


def _turned(row: Row) -> Sequence[Slip]:
    """A transpose too many or too few, where the matrix is square."""
    found: list[Slip] = []
    for node in dict.fromkeys(subtrees(row.value)):
        if not isinstance(node, Product):
            continue
        for i, factor in enumerate(node.children):
            rows, cols = factor.shape
            if rows != cols or isinstance(factor, Transpose):
                continue
            turned = Transpose(factor)
            children = (*node.children[:i], turned, *node.children[i + 1 :])
            why = prose("It is ", factor, " that belongs there, not ", turned, ".")
            found += _exchanged(row, node, rebuild(node, children), why)
    return found


def _function_missing(row: Row) -> Sequence[Slip]:
    found: list[Slip] = []
    for node in dict.fromkeys(n for n in subtrees(row.value) if isinstance(n, Map)):
        why = prose("It is ", node, " that belongs there, not ", node.arg, ".")
        found += _exchanged(row, node, node.arg, why)
    return found


def _sum_missing(row: Row) -> Sequence[Slip]:
    if not isinstance(row.value, Sigma):
        return []
    index, _, _ = row.value.bounds
    why = prose("The sum over all steps is missing: every step shares the parameter.")
    return [(Row(row.step, row.value.body.xreplace({index: TIME})), why)]


def _sign_in_a_sum(row: Row) -> Sequence[Slip]:
    found: list[Slip] = []
    for node in dict.fromkeys(n for n in subtrees(row.value) if isinstance(n, Plus)):
        for i, term in enumerate(node.children):
            if not _arrays(term):
                continue
            changed = (*node.children[:i], scale(-1, term), *node.children[i + 1 :])
            why = prose("The sign of ", term, " is turned round.")
            found += _exchanged(row, node, plus(*changed), why)
    return found


MISCONCEPTIONS: tuple[Misconception[Row], ...] = (
    *LINE,
    Misconception("1 − z and z swapped", _gate_turned),
    Misconception("sum over the steps missing", _sum_missing),
    Misconception("one term missing", _part_missing),
    Misconception("factor missing", _factor_missing),
    Misconception("wrong step", _wrong_neighbour),
    Misconception("transpose too many", _turned),
    Misconception("function missing", _function_missing),
    Misconception("sign of a term", _sign_in_a_sum),
)
"""What is looked for, the usual mistakes first."""


def mistakes(row: Row, others: Iterable[Array]) -> Iterator[tuple[str, Prose, Node]]:
    """Yield every mistake that can be made in a line: its name, why it is wrong, what it gives.

    Args:
        row: the line.
        others: the arrays that can be taken for one in the line.
    """
    seen = {row.value}
    exchange: Misconception[Row] = Misconception(
        "gates exchanged", lambda row: _gates_exchanged(row, others)
    )
    for misconception in (*MISCONCEPTIONS, exchange):
        try:
            slips = misconception.apply(row)
        except ShapeError:  # what is left does not fit together, so nobody writes it
            continue
        for slip, why in slips:
            if slip.value not in seen:
                seen.add(slip.value)
                yield misconception.name, why, slip.value
