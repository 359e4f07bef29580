"""Adjoint lines as sums of coefficient ⊙ adjoint: the coefficients are known before the loop."""

from collections import Counter
from collections.abc import Iterable

from rnnsym.code.plan import Plan
from rnnsym.code.units import LocalLine, arrays_in, shifted
from rnnsym.expr import (
    TIME,
    Array,
    Family,
    Hadamard,
    Node,
    Plus,
    Product,
    Scale,
    fill_like,
    hadamard,
    scale,
    source,
)
from rnnsym.record import record

__all__ = ["Linear", "LinearLine", "linear_lines", "shared_products", "written"]


@record
class Linear:
    """One term: coefficient[t + shift] ⊙ base[t + shift].

    Attributes:
        coefficient: without adjoints, at its own time; None for 1.
        base: an adjoint, or a matrix product of one, at its own time.
        shift: from the line's t to theirs.
    """

    coefficient: Node | None
    base: Node
    shift: int


@record
class LinearLine:
    """A line's terms, and the factor on all of them where there are several."""

    line: LocalLine
    terms: tuple[Linear, ...]
    factor: Node | None


def linear_lines(plan: Plan) -> tuple[LinearLine, ...]:
    """Return the lines of a unit in linear form, in order.

    Where δ_a = k ⊙ δ_b and δ_b = m ⊙ δ_h alone, δ_a = k ⊙ m ⊙ δ_h: both take the same δ_h.
    """
    lines = [_line(line, plan) for line in plan.unit.lines]
    states = {s.family for s, _ in plan.unit.states}
    alone = {
        x.line.target: x.terms[0] for x in lines if _is_alone(x) and x.line.of.family not in states
    }
    chained: dict[Node, Linear] = {}
    for target, term in alone.items():
        before = chained.get(term.base)
        chained[target] = term if before is None else _through(term, before)
    return tuple(
        LinearLine(x.line, (chained[x.line.target],), None) if x.line.target in chained else x
        for x in lines
    )


def _is_alone(line: LinearLine) -> bool:
    """Tell whether a line is one coefficient ⊙ adjoint, at its own time."""
    plain = line.factor is None and not line.line.incoming and len(line.terms) == 1
    return plain and line.terms[0].shift == 0 and line.terms[0].coefficient is not None


def _through(term: Linear, before: Linear) -> Linear:
    """Return a term of an adjoint that is itself one term."""
    assert term.coefficient is not None
    assert before.coefficient is not None
    return Linear(hadamard(before.coefficient, term.coefficient), before.base, 0)


def _line(line: LocalLine, plan: Plan) -> LinearLine:
    found: dict[tuple[Node, int], list[Node | None]] = {}
    for term in line.terms:
        coefficient, base, shift = _linear(term)
        own = None if coefficient is None else plan.kept.replaced(coefficient)
        found.setdefault((plan.kept.replaced(base), shift), []).append(own)
    terms = [Linear(_total(c, base), base, shift) for (base, shift), c in found.items()]
    factor = None if line.factor is None else plan.kept.replaced(line.factor)
    if factor is not None and len(terms) == 1 and not line.incoming and terms[0].shift == 0:
        [only] = terms
        whole = factor if only.coefficient is None else hadamard(only.coefficient, factor)
        terms, factor = [Linear(plan.kept.factored(whole), only.base, 0)], None
    return LinearLine(line, tuple(terms), factor)


def _total(coefficients: list[Node | None], base: Node) -> Node | None:
    if len(coefficients) == 1:
        return coefficients[0]
    ones = [fill_like(1, base) if c is None else c for c in coefficients]
    ones.sort(key=lambda c: isinstance(c, Scale) and bool(c.factor.is_negative))
    return Plus(*ones)


def is_adjoint(node: Node) -> bool:
    """Tell whether an adjoint stands in an expression."""
    return any(a.family.role == "adjoint" for a in arrays_in(node))


def _linear(term: Node) -> tuple[Node | None, Node, int]:
    adjoints = [a for a in arrays_in(term) if a.family.role == "adjoint"]
    shifts = {int(a.time - TIME) for a in adjoints if a.time is not None}
    shift = shifts.pop() if len(shifts) == 1 else 0
    coefficient, base = _split(shifted(term, -shift))
    return coefficient, base, shift


def _split(node: Node) -> tuple[Node | None, Node]:
    if isinstance(node, Scale):
        coefficient, base = _split(node.arg)
        if coefficient is not None:
            return scale(node.factor, coefficient), base
        return None, node
    if isinstance(node, Hadamard):
        dependent = [c for c in node.children if is_adjoint(c)]
        free = [c for c in node.children if not is_adjoint(c)]
        if len(dependent) == 1 and free:
            coefficient, base = _split(dependent[0])
            own = free if coefficient is None else [coefficient, *free]
            return (own[0] if len(own) == 1 else hadamard(*own)), base
    return None, node


def products_in(node: Node) -> list[Node]:
    """Return the matrix products in an expression, outermost only."""
    if isinstance(node, Product):
        return [node]
    return [p for c in node.children for p in products_in(c)]


def shared_products(lines: Iterable[LinearLine]) -> dict[Node, Array]:
    """Name matrix products that stand in several lines, such as U_hᵀ δ_g."""
    uses = Counter(p for line in lines for t in line.terms for p in products_in(t.base))
    found: dict[Node, Array] = {}
    for node in (n for n, count in uses.items() if count > 1):
        adjoint = next(a for a in arrays_in(node) if a.family.role == "adjoint")
        name = f"q_{adjoint.name.removeprefix('delta_')}"
        while name in {a.name for a in found.values()}:
            name += "_"
        found[node] = Array(Family(name, name, "", "adjoint"), node.shape, None, TIME)
    return found


def written(line: LocalLine) -> str:
    """Return the right-hand side of an adjoint line, as a comment quotes it."""
    terms = (["..."] if line.incoming else []) + [source(t) for t in line.terms]
    total = " + ".join(terms) or "0"
    if line.factor is None:
        return total
    return (
        f"({total}) * {source(line.factor)}"
        if len(terms) > 1
        else f"{total} * ({source(line.factor)})"
    )
