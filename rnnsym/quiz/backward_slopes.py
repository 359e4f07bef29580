"""Slopes at the wrong place: of what is a value already, of an argument, another gate or step."""

from collections.abc import Iterable, Iterator, Sequence

from rnnsym.audit.rewrite import Misconception, Rule, complement, everywhere, subtrees, without
from rnnsym.audit.slips import Row, Slip, derivatives
from rnnsym.blocks import Prose, prose
from rnnsym.expr import TIME, Array, Map, Node, apply, fill_like, hadamard, minus, scale

__all__ = ["slopes_misplaced", "turned"]


def slopes_misplaced(lines: Iterable[Node]) -> tuple[Misconception[Row], ...]:
    """Return the misconceptions about slopes; the gates in ``lines`` can be taken for another."""
    gates = tuple(dict.fromkeys(gate for line in lines for gate in _gates(line)))
    return (
        Misconception("derivative at the output", _function_twice),
        Misconception("derivative at the argument", _function_skipped),
        Misconception("slope of another gate", lambda row: _of_another(row, gates)),
        Misconception("slope of the step before", _of_the_step_before),
    )


def turned(gate: Array) -> Misconception[Row]:
    """Return the slip of who takes 1 − g for g in the cell itself, so that slopes turn too."""
    other = minus(fill_like(1, gate), gate)
    both: dict[Node, Node] = {gate: other, other: gate}

    def rule(node: Node) -> Node | None:
        if (gate, other) not in derivatives(node):
            return both.get(node)
        rest = without(node, gate, other)
        slope = _slope(gate)
        return scale(-1, slope if rest is None else hadamard(everywhere(rest, rule), slope))

    why = prose(
        "In this answer ", gate, " and ", other, " are swapped from the start, as in another cell."
    )
    return Misconception("1 − z for z in the cell", lambda row: _changed(row, [(rule, why)]))


def _gates(node: Node) -> Iterator[Array]:
    """Yield every g whose slope g ⊙ (1 − g) is in an expression."""
    for found in dict.fromkeys(f for n in subtrees(node) for f in derivatives(n)):
        if len(found) == 2 and isinstance(found[0], Array):
            yield found[0]


def _squared(node: Node) -> list[Node]:
    """Every v whose slope 1 − v² is in an expression."""
    inner = (complement(n) for n in subtrees(node))
    squares = (n for n in inner if isinstance(n, Map) and n.name == "square")
    return list(dict.fromkeys(n.arg for n in squares))


def _function_twice(row: Row) -> Sequence[Slip]:
    """1 − tanh²(h) in place of 1 − h², and σ(f) ⊙ (1 − σ(f)) in place of f ⊙ (1 − f)."""
    values = [v for v in _squared(row.value) if isinstance(v, Array)]
    gates = list(dict.fromkeys(_gates(row.value)))
    tanh = [(_square_rule({v: apply("tanh", v)}), _said_tanh(v)) for v in values]
    logistic = [(_gate_rule({g: apply("sigmoid", g)}), _said_gate(g)) for g in gates]
    found = [*tanh, *logistic]
    if len(gates) > 1:
        every: dict[Node, Node] = {g: apply("sigmoid", g) for g in gates}
        found.append((_gate_rule(every), prose(*_said_gate(gates[0]), " So is every gate.")))
    return _changed(row, found)


def _function_skipped(row: Row) -> Sequence[Slip]:
    """1 − c² in place of 1 − tanh²(c), alone and where 1 − h² is taken wrong as well."""
    found: list[tuple[Rule, Prose]] = []
    values = [v for v in _squared(row.value) if isinstance(v, Array)]
    for value in _squared(row.value):
        if not isinstance(value, Map):
            continue
        why = prose(
            "The derivative is ", _tanh_slope(value), ": ", value.arg, " is not the value of tanh."
        )
        found.append((_square_rule({value: value.arg}), why))
        for other in values:
            both: dict[Node, Node] = {value: value.arg, other: apply("tanh", other)}
            found.append((_square_rule(both), prose(*why, " And ", other, " is one already.")))
    return _changed(row, found)


def _of_another(row: Row, gates: Sequence[Array]) -> Sequence[Slip]:
    """Take i ⊙ (1 − i) for f ⊙ (1 − f)."""
    found: list[tuple[Rule, Prose]] = []
    for gate in dict.fromkeys(_gates(row.value)):
        for other in gates:
            if other != gate and (other.shape, other.time) == (gate.shape, gate.time):
                found.append((_gate_rule({gate: other}), _not_that(_slope(gate), _slope(other))))
    return _changed(row, found)


def _of_the_step_before(row: Row) -> Sequence[Slip]:
    """1 − h_{t−1}² in place of 1 − h_t², and the same of h_t ⊙ (1 − h_t)."""
    found: list[tuple[Rule, Prose]] = []
    for values, slope, rule in (
        (_squared(row.value), _tanh_slope, _square_rule),
        (_gates(row.value), _slope, _gate_rule),
    ):
        for value in dict.fromkeys(v for v in values if isinstance(v, Array) and v.time == TIME):
            before = value.xreplace({TIME: TIME - 1})
            found.append((rule({value: before}), _not_that(slope(value), slope(before))))
    return _changed(row, found)


def _not_that(slope: Node, other: Node) -> Prose:
    return prose("It is the derivative ", slope, " that belongs there, not ", other, ".")


def _changed(row: Row, found: Iterable[tuple[Rule, Prose]]) -> Sequence[Slip]:
    slips = ((Row(row.step, everywhere(row.value, rule)), why) for rule, why in found)
    return [(slip, why) for slip, why in slips if slip != row]


def _square_rule(new: dict[Node, Node]) -> Rule:
    def rule(node: Node) -> Node | None:
        if isinstance(node, Map) and node.name == "square" and node.arg in new:
            return apply("square", new[node.arg])
        return None

    return rule


def _gate_rule(new: dict[Node, Node]) -> Rule:
    """Put other values in place of g wherever g ⊙ (1 − g) stands."""

    def rule(node: Node) -> Node | None:
        for pair in derivatives(node):
            if len(pair) == 2 and pair[0] in new:
                slope, rest = _slope(new[pair[0]]), without(node, *pair)
                return slope if rest is None else hadamard(everywhere(rest, rule), slope)
        return None

    return rule


def _slope(value: Node) -> Node:
    return hadamard(value, minus(fill_like(1, value), value))


def _tanh_slope(value: Node) -> Node:
    return minus(fill_like(1, value), apply("square", value))


def _said_tanh(value: Array) -> Prose:
    square = apply("square", value)
    return prose("tanh′ belongs at the pre-activation: there it is 1 − ", square, ".")


def _said_gate(gate: Array) -> Prose:
    return prose("σ′ belongs at the pre-activation: there it is ", _slope(gate), ".")
