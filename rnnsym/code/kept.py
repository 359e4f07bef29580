"""What the forward pass keeps for the backward pass, in equations of its own.

An elementwise function inside an equation, as in h = o ⊙ tanh(c), is read again by the local
derivatives; an elementwise product that a matrix takes, as in U (r ⊙ h), by the matrix's gradient.
"""

from collections.abc import Iterator

from rnnsym.code.units import LocalEquation, Unit, arrays_in, shifted
from rnnsym.expr import TIME, Array, Family, Hadamard, Map, Node, Product, hadamard, rebuild

__all__ = ["Kept", "with_kept_named"]


class Kept:
    """The arrays that hold expressions, by expression at t."""

    def __init__(self, unit: Unit) -> None:
        self.shifts = {0, unit.order}  # never to where only initial states are
        self.own = {e.lhs.family for e in unit.equations}
        self.names = {e.lhs.name for e in unit.equations} | {w.name for w in unit.weights}
        self.names |= {r.local.name for r in unit.reads}
        self.arrays: dict[Node, Array] = {}

    def named(self, node: Node) -> Iterator[LocalEquation]:
        """Name what is worth keeping inside an expression, innermost first."""
        for child in node.children:
            yield from self.named(child)
        if isinstance(node, Map) and isinstance(node.arg, Array) and node.arg.time == TIME:
            yield from self._equation(node, f"{node.name}_{node.arg.name}")
        if isinstance(node, Product) and isinstance(node.children[-1], Hadamard):
            vector = self.replaced(node.children[-1])
            if any(a.family in self.own for a in arrays_in(vector)):
                yield from self._equation(vector, "_".join(a.name for a in arrays_in(vector)))

    def _equation(self, node: Node, name: str) -> Iterator[LocalEquation]:
        if node in self.arrays:
            return
        while name in self.names:
            name += "_"
        self.names.add(name)
        self.arrays[node] = Array(Family(name, name), node.shape, None, TIME)
        yield LocalEquation(self.arrays[node], node)

    def replaced(self, node: Node) -> Node:
        """Return an expression that reads what is kept, whatever its time."""
        node = rebuild(node, tuple(self.replaced(c) for c in node.children))
        for by in self.shifts if isinstance(node, Map | Hadamard) else ():
            found = self.arrays.get(shifted(node, -by))
            if found is not None:
                return shifted(found, by)
        return node

    def factored(self, node: Node) -> Node:
        """Return a product that reads what is kept of its factors."""
        for whole, array in self.arrays.items():
            if isinstance(node, Hadamard) and isinstance(whole, Hadamard):
                rest = [c for c in node.children if c not in whole.children]
                if len(rest) + len(whole.children) == len(node.children):
                    node = hadamard(array, *rest)
        return node


def with_kept_named(unit: Unit) -> tuple[tuple[LocalEquation, ...], Kept]:
    """Return a unit's equations, what is kept among them, and what that is."""
    kept, found = Kept(unit), list[LocalEquation]()
    for equation in unit.equations:
        if not isinstance(equation.rhs, Map):
            found += kept.named(equation.rhs)
        rhs = equation.rhs if isinstance(equation.rhs, Map) else kept.replaced(equation.rhs)
        found.append(LocalEquation(equation.lhs, rhs))
    return tuple(found), kept
