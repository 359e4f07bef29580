"""Matrix products inside a gate's formula get a name, so that they join the others.

In n = tanh(W x + b + r ⊙ (U h + c)) the product with h stands inside another. As u = U h + c it
is an affine equation like those of the gates, and all of them take h in one product.
"""

from collections.abc import Iterator
from dataclasses import replace

from rnnsym.code.units import LocalEquation, LocalLine, Unit, arrays_in, shifted
from rnnsym.expr import TIME, Array, Family, Hadamard, Node, Plus, Product, Transpose, rebuild

__all__ = ["with_inner_products_named"]

SHIFTS = (0, 1, -1)


def with_inner_products_named(unit: Unit) -> Unit:
    """Return a unit in which an affine expression inside a product is an equation of its own."""
    for place, equation in enumerate(unit.equations):
        for node in _inside(equation.rhs):
            weight = _weight(node, unit)
            adjoint = None if weight is None else _adjoint(weight, unit)
            if weight is not None and adjoint is not None:
                return with_inner_products_named(_named(unit, place, node, weight, adjoint))
    return unit


def _inside(node: Node) -> Iterator[Node]:
    """Yield the sums and matrix products that are factors of an elementwise product."""
    for child in node.children:
        if isinstance(node, Hadamard) and isinstance(child, Plus | Product):
            yield child
        yield from _inside(child)


def _weight(node: Node, unit: Unit) -> Array | None:
    """Return the W of W h + c, where W stands nowhere else and h is of another step."""
    terms = node.children if isinstance(node, Plus) else (node,)
    [first, *rest] = terms
    if not isinstance(first, Product) or not all(t in unit.weights for t in rest):
        return None
    [weight, *vector] = first.children
    uses = [a for e in unit.equations for a in arrays_in(e.rhs) if a == weight]
    carried = all(isinstance(v, Array) and v.time == TIME - unit.order for v in vector)
    single = len(vector) == 1 and len(uses) == 1 and carried
    return weight if isinstance(weight, Array) and weight in unit.weights and single else None


def _adjoint(weight: Array, unit: Unit) -> Node | None:
    """Return what Wᵀ multiplies, at its own time: the adjoint of W h + c."""
    found = {
        shifted(node.children[1], -by)
        for line in unit.lines
        for term in line.terms
        for node in _products(term)
        for by in SHIFTS
        if node.children[0] == Transpose(weight) and len(node.children) == 2
        if all(a.time == TIME + by for a in arrays_in(node.children[1]))
    }
    only = found.pop() if len(found) == 1 else None
    return only if isinstance(only, Hadamard) else None


def _products(node: Node) -> Iterator[Product]:
    if isinstance(node, Product):
        yield node
    for child in node.children:
        yield from _products(child)


def _named(unit: Unit, place: int, node: Node, weight: Array, adjoint: Node) -> Unit:
    """Return the unit with one more equation, and one more adjoint line."""
    equation = unit.equations[place]
    taken = {e.lhs.name for e in unit.equations} | {w.name for w in unit.weights}
    taken |= {r.local.name for r in unit.reads}
    name = f"u_{equation.lhs.name.removeprefix('a_')}"
    while name in taken:
        name += "_"
    array = Array(Family(name, name), node.shape, None, TIME)
    family = Family(f"delta_{name}", f"delta_{name}", "", "adjoint")
    delta = Array(family, node.shape, None, TIME)

    def swapped(old: Node) -> Node:
        return _swapped(_swapped(old, node, array), adjoint, delta)

    source = {a for a in arrays_in(adjoint) if a.family.role == "adjoint"}
    lines: list[LocalLine] = []
    for line in unit.lines:
        lines.append(replace(line, terms=tuple(swapped(t) for t in line.terms)))
        if line.target in source:
            lines.append(LocalLine(delta, array, (adjoint,), None, incoming=False))
    equations = list(unit.equations)
    equations[place] = LocalEquation(equation.lhs, _swapped(equation.rhs, node, array))
    equations.insert(place, LocalEquation(array, node))
    return replace(
        unit,
        equations=tuple(equations),
        lines=tuple(lines),
        gradients=tuple((w, tuple(swapped(t) for t in terms)) for w, terms in unit.gradients),
        reads=tuple(replace(r, terms=tuple(swapped(t) for t in r.terms)) for r in unit.reads),
    )


def _swapped(node: Node, old: Node, new: Array) -> Node:
    for by in SHIFTS:
        if node == shifted(old, by):
            return new.xreplace({TIME: TIME + by})
    return rebuild(node, tuple(_swapped(c, old, new) for c in node.children))
