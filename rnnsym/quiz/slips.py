"""Mistakes in a step forward, as operators on the equations of any cell."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from rnnsym.audit.rewrite import Misconception, Rule, complement, everywhere, subtrees
from rnnsym.blocks import Prose, prose
from rnnsym.cell import Cell, CellEquation
from rnnsym.errors import ShapeError
from rnnsym.expr import (
    TIME,
    Array,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    apply,
    arrays_in,
    fill_like,
    hadamard,
    matmul,
    minus,
    plus,
)
from rnnsym.record import record

__all__ = ["MISCONCEPTIONS", "NO_BIAS", "PUT_IN", "Slip", "Work"]

NO_BIAS, PUT_IN = "bias forgotten", "tanh for the identity"


@record
class Work:
    """The equations of one step, in an order in which they can be computed."""

    cell: Cell
    equations: tuple[CellEquation, ...]

    @property
    def gates(self) -> tuple[Array, ...]:
        """What lies between 0 and 1 and is no state: the sigmoids."""
        states = {s.name for s in self.cell.states}
        return tuple(
            e.lhs
            for e in self.equations
            if isinstance(e.rhs, Map) and e.rhs.name == "sigmoid" and e.lhs.name not in states
        )


Slip: TypeAlias = tuple[Work, Prose]


def _changed(work: Work, rule: Rule, why: Prose, only: CellEquation | None = None) -> list[Slip]:
    """The work with a rule applied to all equations, or to one, unless it changes none."""
    try:
        equations = tuple(
            replace(e, rhs=everywhere(e.rhs, rule)) if only in (None, e) else e
            for e in work.equations
        )
    except ShapeError:  # what is left does not fit together, so nobody gets a number from it
        return []
    return [] if equations == work.equations else [(replace(work, equations=equations), why)]


def _in_each(work: Work, rule: Rule, why: Callable[[Array], Prose]) -> list[Slip]:
    """The work with a rule applied to one equation, for each one that it changes."""
    return [s for e in work.equations for s in _changed(work, rule, why(e.lhs), e)]


def _swapped(work: Work) -> Sequence[Slip]:
    mixed = {complement(n) for e in work.equations for n in subtrees(e.rhs)} & set(work.gates)

    def swap(node: Node) -> Node | None:
        inner = complement(node)
        if inner in mixed:
            return inner
        return minus(fill_like(1, node), node) if node in mixed else None

    return [
        slip
        for equation in work.equations
        for gate in work.gates
        if gate in {complement(n) for n in subtrees(equation.rhs)}
        for slip in _changed(work, swap, _swap_reason(gate), equation)
    ]


def _swap_reason(gate: Array) -> Prose:
    return prose("This swaps ", gate, " and ", minus(fill_like(1, gate), gate), ".")


def _function_left_out(work: Work) -> Sequence[Slip]:
    def bare(node: Node) -> Node | None:
        return node.arg if isinstance(node, Map) else None

    return _in_each(work, bare, lambda lhs: prose("The function in ", lhs, " is left out."))


def _other_function(work: Work) -> Sequence[Slip]:
    other = {"tanh": "sigmoid", "sigmoid": "tanh"}

    def turn(node: Node) -> Node | None:
        if isinstance(node, Map) and node.name in other:
            return apply(other[node.name], node.arg)
        return None

    return [
        slip
        for equation in work.equations
        for slip in _changed(work, turn, _other_reason(equation), equation)
    ]


def _other_reason(equation: CellEquation) -> Prose:
    names = {node.name for node in equation.rhs.atoms(Map)}
    if {"tanh", "sigmoid"} <= names:
        return prose("σ and tanh are taken for each other in ", equation.lhs, ".")
    wrong, right = ("σ", "tanh") if "tanh" in names else ("tanh", "σ")
    return prose(f"{wrong} stands in place of {right} in ", equation.lhs, ".")


def _tanh_put_in(work: Work) -> Sequence[Slip]:
    """Put a tanh around a candidate that is but an affine map."""
    states = {s.name for s in work.cell.states}
    read = {a for e in work.equations if e.lhs.name in states for a in arrays_in(e.rhs)}
    read -= {a for e in work.equations for m in e.rhs.atoms(Map) for a in arrays_in(m)}

    def bent(node: Node) -> Node | None:
        affine = isinstance(node, Plus) and node.atoms(Product) and not node.atoms(Map)
        return apply("tanh", node) if affine else None

    return [
        slip
        for e in work.equations
        if e.lhs in read and e.lhs.name not in states and bent(e.rhs) is not None
        for slip in _changed(work, bent, prose("There is no tanh in ", e.lhs, " here."), e)
    ]


def _rounded_gates(work: Work) -> Sequence[Slip]:
    gates = {e.rhs for e in work.equations if e.lhs in work.gates}

    def step(node: Node) -> Node | None:
        return apply("step", node.arg) if isinstance(node, Map) and node in gates else None

    why = prose("A gate takes any value between 0 and 1: it is not rounded to a bit.")
    return _changed(work, step, why)


def _gate_after(work: Work) -> Sequence[Slip]:
    """Turn U (r ⊙ h) into r ⊙ (U h), where both have the same number of rows."""
    gates = set(work.gates)

    def move(node: Node) -> Node | None:
        if not isinstance(node, Product) or not isinstance(node.children[-1], Hadamard):
            return None
        *left, inner = node.children
        gate = next((c for c in inner.children if c in gates), None)
        if gate is None or node.shape != inner.shape:
            return None
        others = [c for c in inner.children if c != gate]
        return hadamard(gate, matmul(*left, hadamard(*others)))

    why = prose("The gate multiplies the old state before the matrix does, not after.")
    return _changed(work, move, why)


def _gate_before(work: Work) -> Sequence[Slip]:
    """Turn r ⊙ (U h) into U (r ⊙ h), also where the product has a name of its own."""
    gates = set(work.gates)
    named = {e.lhs: e.rhs for e in work.equations}

    def move(node: Node) -> Node | None:
        gate = next((c for c in node.children if c in gates), None)
        if not isinstance(node, Hadamard) or gate is None or len(node.children) != 2:
            return None
        inner = next((c for c in node.children if c != gate), gate)
        value = named.get(inner, inner) if isinstance(inner, Array) else inner
        terms = value.children if isinstance(value, Plus) else (value,)
        if not any(isinstance(t, Product) and t.shape == t.children[-1].shape for t in terms):
            return None
        return plus(
            *(
                matmul(*t.children[:-1], hadamard(gate, t.children[-1]))
                if isinstance(t, Product)
                else t
                for t in terms
            )
        )

    why = prose("The gate multiplies what the matrix gives, not what it reads.")
    return _changed(work, move, why)


def _state_ignored(work: Work) -> Sequence[Slip]:
    found: list[Slip] = []
    for state in work.cell.states:
        old = state.xreplace({TIME: TIME - 1})

        def zero(node: Node, old: Node = old) -> Node | None:
            return fill_like(0, node) if node == old else None

        found += _changed(work, zero, prose("The given ", old.xreplace({TIME: TIME * 0 + 1}),
                                               " is not zero."))  # fmt: skip
    return found


def _gate_left_out(work: Work) -> Sequence[Slip]:
    found: list[Slip] = []
    for gate in work.gates:

        def without(node: Node, gate: Node = gate) -> Node | None:
            if not isinstance(node, Hadamard) or gate not in node.children:
                return None
            kept = [everywhere(c, without) for c in node.children if c != gate]
            return hadamard(*kept) if kept else None

        for equation in work.equations:
            why = prose("The factor ", gate, " is left out in ", equation.lhs, ".")
            found += _changed(work, without, why, equation)
    return found


def _no_biases(work: Work) -> Sequence[Slip]:
    biases = set(work.cell.biases)

    def bare(node: Node) -> Node | None:
        if not isinstance(node, Plus) or not biases & set(node.children):
            return None
        kept = [everywhere(c, bare) for c in node.children if c not in biases]
        return plus(*kept)

    return _changed(work, bare, prose("The bias vectors are left out."))


MISCONCEPTIONS = (
    Misconception(PUT_IN, _tanh_put_in),
    Misconception("1 − z and z swapped", _swapped),
    Misconception("function left out", _function_left_out),
    Misconception("σ for tanh, tanh for σ", _other_function),
    Misconception("gates rounded to bits", _rounded_gates),
    Misconception("reset after instead of before", _gate_after, needs_matrices=True),
    Misconception("reset before instead of after", _gate_before, needs_matrices=True),
    Misconception("initial state ignored", _state_ignored),
    Misconception("gate left out", _gate_left_out),
    Misconception(NO_BIAS, _no_biases),
)
