"""Mistakes in a Jacobian over one step or several, as operators on the matrix of one step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from rnnsym.audit.rewrite import Misconception, Rule, complement, everywhere, subtrees, without
from rnnsym.blocks import Prose, prose
from rnnsym.expr import (
    TIME,
    Array,
    Diag,
    Expr,
    Fill,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    Scale,
    apply,
    diag,
    fill_like,
    hadamard,
    matmul,
    minus,
    plus,
    scale,
    transpose,
)
from rnnsym.expr.forward import chain
from rnnsym.quiz.jacobian_work import SlopeOf, Work, at, over

__all__ = ["MISCONCEPTIONS"]


Slip: TypeAlias = tuple[Work, Prose]


def _each(work: Work, rule: Rule, why: Prose) -> Sequence[Slip]:
    """The work with a rule applied in every step."""
    return _of_steps(work, everywhere(work.one, rule), why)


def _exchange(old: Node, new: Node) -> Rule:
    return lambda node: new if node == old else None


def _of_steps(work: Work, one: Node, why: Prose) -> Sequence[Slip]:
    if one == work.one:
        return []
    return [(replace(work, value=over(one, work.steps)), why)]


def _turned(work: Work) -> Sequence[Slip]:
    value = work.value
    terms = value.children if isinstance(value, Plus) else (value,)
    why = prose("That is the transpose. It takes a gradient back; entry (i, j) of the Jacobian is "
                "the effect of entry j on entry i.")  # fmt: skip
    return [(replace(work, value=plus(*map(transpose, terms))), why)]


def _factors_reversed(work: Work) -> Sequence[Slip]:
    """Turn the product of every step round, its matrices as they are."""

    def turn(node: Node) -> Node | None:
        return matmul(*reversed(node.children)) if isinstance(node, Product) else None

    why = prose("The function acts last, so its slope stands on the left of the matrix.")
    return _each(work, turn, why)


def _steps_reversed(work: Work) -> Sequence[Slip]:
    product: Node = at(work.one, work.steps - 1)
    for back in reversed(range(work.steps - 1)):
        product = chain(product, at(work.one, back))
    why = prose("By the chain rule the factor of the latest step stands on the left.")
    return [(replace(work, value=product), why)]


def _slope_rule(slope: SlopeOf, new: Node | None) -> Rule:
    """Replace a derivative by something else, in its place, or by 1."""

    def rule(node: Node) -> Node | None:
        factors = node.children if isinstance(node, Hadamard) else (node,)
        if not all(f in factors for f in slope.factors):
            return None
        put = {slope.factors[0]: new or fill_like(1, node)}
        return hadamard(*(put.get(f, f) for f in factors if f in put or f not in slope.factors))

    return rule


def _without_identity(node: Node) -> Node:
    """Drop every diag(1) of a product."""
    if isinstance(node, Plus):
        return plus(*map(_without_identity, node.children))
    if isinstance(node, Scale):
        return scale(node.factor, _without_identity(node.arg))
    if not isinstance(node, Product):
        return node
    kept = [c for c in node.children if not (isinstance(c, Diag) and isinstance(c.arg, Fill))]
    return matmul(*kept) if kept else node


def _slope_left_out(work: Work) -> Sequence[Slip]:
    found: list[Slip] = []
    for slope in work.slopes:
        one = everywhere(work.one, _slope_rule(slope, None))
        why = prose("The slope ", hadamard(*slope.factors), " of the function is missing.")
        found += _of_steps(work, _without_identity(one), why)
    return found


def _value_for_slope(work: Work) -> Sequence[Slip]:
    found: list[Slip] = []
    for slope in work.slopes:
        why = prose("It is the slope ", hadamard(*slope.factors), " that belongs there, not the "
                    "value ", slope.value, ".")  # fmt: skip
        found += _each(work, _slope_rule(slope, slope.value), why)
    return found


def _slope_at_another(work: Work) -> Sequence[Slip]:
    """1 − tanh²(h) for 1 − h², and 1 − c² for 1 − tanh²(c): value and argument confused."""
    found: list[Slip] = []
    for slope in work.slopes:
        value = slope.value
        named = not isinstance(value, Map)
        new = value.arg if isinstance(value, Map) else apply(slope.function, value)
        changed = hadamard(*(everywhere(f, _exchange(value, new)) for f in slope.factors))
        said = "already the value of the function" if named else "not the value of the function"
        why = prose("The slope is ", hadamard(*slope.factors), ": ", value if named else new,
                    f" is {said}.")  # fmt: skip
        found += _each(work, _slope_rule(slope, changed), why)
    return found


def _gate_of(node: Node, work: Work) -> tuple[Node | None, bool]:
    """Return the gate z of diag(z) or diag(1 − z), and whether it is 1 minus it."""
    if not isinstance(node, Diag):
        return None, False
    inner = complement(node.arg)
    gate = inner or node.arg
    return (gate, inner is not None) if gate in work.gates else (None, False)


def _slope_taken_of_gate(work: Work) -> Sequence[Slip]:
    """diag(f ⊙ (1 − f)) for diag(f): what a gate multiplies is not inside of the gate."""

    def rule(node: Node) -> Node | None:
        gate, _ = _gate_of(node, work)
        return None if gate is None else diag(hadamard(gate, minus(fill_like(1, gate), gate)))

    why = prose("The gate multiplies the state, which stands outside of the gate's own function.")
    return _each(work, rule, why)


def _step_before(work: Work) -> Sequence[Slip]:
    """Every value of step t taken one step earlier."""
    now = [n for n in subtrees(work.one) if isinstance(n, Array) and n.time == TIME]
    found: list[Slip] = []
    for array in dict.fromkeys(now):
        old = array.xreplace({TIME: TIME - 1})
        where = ("In the factor of step ", TIME, " it") if work.steps > 1 else ("It",)
        why = prose(*where, " is ", array, " that belongs there, not ", old, ".")
        found += _each(work, _exchange(array, old), why)
    return found


def _complement_taken(work: Work) -> Sequence[Slip]:
    """1 − z for z, or z for 1 − z."""
    found: list[Slip] = []
    for node in dict.fromkeys(subtrees(work.one)):
        gate, turned = _gate_of(node, work)
        if gate is not None and isinstance(node, Diag):
            other = gate if turned else minus(fill_like(1, gate), gate)
            why = prose("It is ", node.arg, " that multiplies the old state, not ", other, ".")
            found += _each(work, _exchange(node, diag(other)), why)
    return found


def _other_gate(work: Work) -> Sequence[Slip]:
    found: list[Slip] = []
    for gate in (g for g in work.gates if Diag(g) in set(subtrees(work.one))):
        for other in work.gates:
            if other != gate and other.shape == gate.shape:
                why = prose("It is ", gate, " that multiplies the old state, not ", other, ".")
                found += _each(work, _exchange(diag(gate), diag(other)), why)
    return found


def _term_missing(work: Work) -> Sequence[Slip]:
    if not isinstance(work.one, Plus):
        return []
    terms = work.one.children
    return [
        (replace(work, value=over(plus(*(t for t in terms if t is not gone)), work.steps)),
         prose("A path is left out: the term ", gone, " is missing."))
        for gone in terms
    ]  # fmt: skip


def _factor_missing(work: Work) -> Sequence[Slip]:
    """A gate of an elementwise product left out, where it is no part of a slope."""
    found: list[Slip] = []
    for gate in work.gates:
        slopes = [set(slope.factors) for slope in work.slopes if gate in slope.factors]

        def rule(node: Node, gate: Array = gate, slopes: list[set[Node]] = slopes) -> Node | None:
            if any(slope <= set(node.children) for slope in slopes):
                return None
            return without(node, gate)

        found += _each(work, rule, prose("The factor ", gate, " is missing."))
    return found


def _added(work: Work) -> Sequence[Slip]:
    terms = (at(work.one, back) for back in range(work.steps))
    why = prose("Along one path the factors of the steps are multiplied; paths are added.")
    return [(replace(work, value=plus(*terms)), why)]


def _one_step_taken(work: Work) -> Sequence[Slip]:
    product: Node = work.one
    for _ in range(1, work.steps):
        product = chain(product, work.one)
    why = prose("Every step has values of its own: the factors are not all those of step ", TIME,
                ".")  # fmt: skip
    return [(replace(work, value=product), why)]


def _miscounted(work: Work) -> Sequence[Slip]:
    if work.steps == 1:
        return []
    first: Expr = TIME - work.steps
    why = prose("From ", work.of.xreplace({TIME: first}), " to ", work.of,
                f" there are {work.steps} steps, so {work.steps} factors.")  # fmt: skip
    counts = (work.steps - 1, work.steps + 1)
    return [(replace(work, value=over(work.one, number)), why) for number in counts]


MISCONCEPTIONS: tuple[Misconception[Work], ...] = (
    Misconception("transpose of the Jacobian", _turned),
    Misconception("slope left out", _slope_left_out),
    Misconception("value for slope", _value_for_slope),
    Misconception("value and argument confused", _slope_at_another),
    Misconception("slope of the gate", _slope_taken_of_gate),
    Misconception("step before", _step_before),
    Misconception("1 − z and z swapped", _complement_taken),
    Misconception("gates exchanged", _other_gate),
    Misconception("one path missing", _term_missing),
    Misconception("factor forgotten", _factor_missing),
    Misconception("factors reversed", _factors_reversed),
    Misconception("steps reversed", _steps_reversed),
    Misconception("added, not multiplied", _added),
    Misconception("one step for all", _one_step_taken),
    Misconception("steps miscounted", _miscounted),
)
