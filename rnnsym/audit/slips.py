"""Mistakes in a line of the derivation, as operators on its terms and on its expression."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from rnnsym.audit.rewrite import Misconception, Rule, complement, one_by_one, subtrees, without
from rnnsym.blocks import Prose, Relation, Written, prose
from rnnsym.derivation import Step, Term
from rnnsym.expr import (
    BOUND,
    LAYER,
    TIME,
    Array,
    Expr,
    Hadamard,
    Map,
    Node,
    Product,
    Sigma,
    Transpose,
    arrays_in,
    hadamard,
    matmul,
    scale,
    sigma,
    transpose,
)
from rnnsym.record import record

__all__ = ["MISCONCEPTIONS", "SIGN", "Row", "Slip", "derivatives", "without_term"]


@record
class Row:
    """A line of the derivation, and the right-hand side that somebody gives it."""

    step: Step
    value: Node


Slip: TypeAlias = tuple[Row, Prose]


def _at_each_place(row: Row, rule: Rule, why: Prose) -> Sequence[Slip]:
    return [(replace(row, value=changed), why) for changed in one_by_one(row.value, rule)]


def _term_dropped(row: Row) -> Sequence[Slip]:
    terms = row.step.terms
    return [without_term(row, term) for term in terms] if len(terms) > 1 else []


def without_term(row: Row, term: Term) -> Slip:
    """Leave out one term of a line, which may be its only one."""
    rest = replace(row.step, terms=tuple(t for t in row.step.terms if t is not term))
    why = prose("The loss sees it directly too: ", term.value, " is missing.")
    if term.source is not None:
        through = term.source.lhs.xreplace(dict(zip((LAYER, TIME), term.index, strict=True)))
        why = prose("The path through ", through, " is missing: ", term.value, ".")
        if sum((t.source, t.index) == (term.source, term.index) for t in row.step.terms) > 1:
            why = prose("More than one path leads through ", through, ": the term ", term.value,
                        " is missing.")  # fmt: skip
    return replace(row, value=rest.value()), why


def _wrong_step(row: Row) -> Sequence[Slip]:
    """f_t in place of f_{t+1}, h_t in place of h_{t−1}, δ_t in place of δ_{t+1}."""
    found: list[Slip] = []
    for array in dict.fromkeys(n for n in subtrees(row.value) if isinstance(n, Array)):
        here = _same_step(array)
        if here is not None and here != row.step.target:
            why = prose("It is ", array, " that belongs there, not ", here, ".")
            found += _at_each_place(row, _exchange(array, here), why)
    return found


def _exchange(old: Node, new: Node) -> Rule:
    return lambda node: new if node == old else None


HERE: dict[Expr | None, Expr] = {
    index + shift: index for index in (TIME, BOUND) for shift in (-1, 1)
}
"""The step of a line, by the one before and the one after."""


def _same_step(array: Array) -> Array | None:
    """The array at the step of the line, if it is at the one before or after."""
    here = HERE.get(array.time)
    return None if array.time is None or here is None else array.xreplace({array.time: here})


def _transpose_missing(row: Row) -> Sequence[Slip]:
    def bare(node: Node) -> Node | None:
        if isinstance(node, Product) and isinstance(node.children[0], Transpose):
            first, *others = node.children
            fits = first.shape[0] == first.shape[1]
            return matmul(first.children[0], *others) if fits else None
        return None

    why = prose("Backwards, the matrix is transposed: ", Written("y = A v"), " gives ",
                Written("v̄ = Aᵀ ȳ"), ".")  # fmt: skip
    return _at_each_place(row, bare, why)


def _outer_product_turned(row: Row) -> Sequence[Slip]:
    def turn(node: Node) -> Node | None:
        if not isinstance(node, Product) or len(node.children) != 2:
            return None
        left, right = node.children
        both = left.shape[1] == 1 and right.shape[0] == 1
        return matmul(transpose(right), transpose(left)) if both else None

    rows, columns = row.step.target.shape
    why = prose("δ stands on the left, what the matrix multiplies on the right.")
    if rows != columns:
        its, right = Relation((columns, rows), "×"), Relation((rows, columns), "×")
        why = prose("Its shape is ", its, ", the matrix is ", right, ": it does not fit.")
    return _at_each_place(row, turn, why)


def _outer_product_added(row: Row) -> Sequence[Slip]:
    """Take ∂L/∂b for ∂L/∂W: what is only added has the factor 1."""
    source = row.step.terms[0].source if row.step.terms else None
    if source is None or not isinstance(row.value, Sigma) or not isinstance(row.value.body, Array):
        return []
    index, first, last = row.value.bounds
    read = [a for a in arrays_in(source.rhs) if a.name == "x"]
    why = prose("What is only added has the factor 1: the input belongs to its matrix.")
    bodies = (matmul(row.value.body, transpose(x.xreplace({TIME: index}))) for x in read)
    return [(replace(row, value=sigma(body, index, first, last)), why) for body in bodies]


def derivatives(node: Node) -> list[tuple[Node, ...]]:
    """The factors of a product that are the derivative of a function, written through its value."""
    found: list[tuple[Node, ...]] = []
    for child in node.children if isinstance(node, Hadamard) else ():
        inner = complement(child)
        if inner is not None and inner in node.children:
            found.append((inner, child))
        elif _is_map(inner, "square") or _is_map(child, "step"):
            found.append((child,))
    return found


def _is_map(node: Node | None, name: str) -> bool:
    return isinstance(node, Map) and node.name == name


def _derivative_forgotten(row: Row) -> Sequence[Slip]:
    found: list[Slip] = []
    for factors in dict.fromkeys(f for n in subtrees(row.value) for f in derivatives(n)):

        def drop(node: Node, factors: tuple[Node, ...] = factors) -> Node | None:
            return without(node, *factors) if factors in derivatives(node) else None

        why = prose("The derivative ", hadamard(*factors), " is missing.")
        found += _at_each_place(row, drop, why)
    return found


def _value_for_derivative(row: Row) -> Sequence[Slip]:
    """σ in place of σ′ = σ ⊙ (1 − σ), tanh in place of tanh′ = 1 − tanh²."""
    found: list[Slip] = []
    for node in dict.fromkeys(subtrees(row.value)):
        inner = complement(node)
        if inner is not None and _is_map(inner, "square"):
            found += _value_taken(row, node, node, inner.children[0])
        for value, rest in (pair for pair in derivatives(node) if len(pair) == 2):
            shorter = without(node, rest)
            if shorter is not None:
                found += _value_taken(row, node, hadamard(value, rest), shorter, value)
    return found


def _value_taken(
    row: Row, old: Node, derivative: Node, new: Node, value: Node | None = None
) -> Sequence[Slip]:
    why = prose("It is the derivative ", derivative, " that belongs there, not the value ",
                value or new, ".")  # fmt: skip
    return _at_each_place(row, _exchange(old, new), why)


def _factor_forgotten(row: Row) -> Sequence[Slip]:
    """ȳ in place of ȳ ⊙ b, for y = a ⊙ b."""
    found: list[Slip] = []
    for node in dict.fromkeys(n for n in subtrees(row.value) if isinstance(n, Hadamard)):
        in_derivative = {part for pair in derivatives(node) for part in pair}
        for factor in node.children:
            if _is_value(factor) and factor not in in_derivative:
                why = prose("The other factor of the product is missing: ", factor, ".")
                shorter = without(node, factor)
                found += _at_each_place(row, _exchange(node, shorter), why) if shorter else []
    return found


def _is_value(node: Node) -> bool:
    """Tell whether an expression holds values of the forward pass only."""
    held = [n for n in subtrees(node) if isinstance(n, Array)]
    return all(a.family.role == "value" and a.time is not None for a in held)


def _gate_swapped(row: Row) -> Sequence[Slip]:
    """Z in place of 1 − z, where that is no derivative."""
    found: list[Slip] = []
    for node in dict.fromkeys(n for n in subtrees(row.value) if isinstance(n, Hadamard)):
        pairs = {part for pair in derivatives(node) for part in pair}
        for child in node.children:
            inner = complement(child)
            if isinstance(inner, Array) and child not in pairs:
                new = Hadamard(*(inner if c == child else c for c in node.children))
                why = prose("In ", node, " it is ", child, " that belongs there, not ", inner, ".")
                found += _at_each_place(row, _exchange(node, new), why)
    return found


def _sum_forgotten(row: Row) -> Sequence[Slip]:
    if not isinstance(row.value, Sigma):
        return []
    index, _, last = row.value.bounds
    why = prose("All steps share the parameter, so the gradient is a sum over all of them.")
    return [(replace(row, value=row.value.body.xreplace({index: last})), why)]


def _first_step_forgotten(row: Row) -> Sequence[Slip]:
    if not isinstance(row.value, Sigma):
        return []
    index, first, last = row.value.bounds
    start: Expr = first + 1
    why = prose("The first step has its part too.")
    return [(replace(row, value=sigma(row.value.body, index, start, last)), why)]


def _sign_flipped(row: Row) -> Sequence[Slip]:
    why = prose("That is the direction of descent, not the gradient.")
    return [(replace(row, value=scale(-1, row.value)), why)]


SIGN = "sign flipped"
MISCONCEPTIONS = (
    Misconception("one path missing", _term_dropped),
    Misconception("wrong step", _wrong_step),
    Misconception("transpose missing", _transpose_missing),
    Misconception("outer product turned round", _outer_product_turned),
    Misconception("outer product added", _outer_product_added),
    Misconception("derivative forgotten", _derivative_forgotten),
    Misconception("value for derivative", _value_for_derivative),
    Misconception("factor forgotten", _factor_forgotten),
    Misconception("1 − z and z swapped", _gate_swapped),
    Misconception("last step only", _sum_forgotten),
    Misconception("first step forgotten", _first_step_forgotten),
    Misconception(SIGN, _sign_flipped),
)
