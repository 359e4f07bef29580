"""The adjoint system of a model, by one rule: shift the index of every edge back.

If y[k] = F(… s[k+δ] …), then s̄[k] receives F's local adjoint at ȳ with every index shifted by −δ.
Applied to (ℓ, t) this gives the recursion over time, over depth and for the backward direction,
with symbolic sizes, T and L; the ranges of the equations give the boundary conditions.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.derivation import Derivation, Stage, Step, Term
from rnnsym.equations import Equation, State, System
from rnnsym.expr import (
    LAYER,
    STEPS,
    TIME,
    Array,
    Expr,
    Family,
    Map,
    Node,
    Span,
    activation,
    contributions,
    hadamard,
    map_rule,
    size_of_layer,
)
from rnnsym.record import record

__all__ = ["Derivation", "Stage", "Step", "Term", "adjoint_of", "derive", "needed"]

LOSS_RULE = "the loss sees it directly"


@record
class _Edge:
    """An occurrence of an array in an equation, with what flows back to it."""

    reference: Array
    value: Node
    source: Equation | None
    rules: tuple[str, ...]
    time: Span | None
    layer: Span | None
    state: bool = False


@lru_cache(maxsize=256)
def derive(system: System, truncate: int | None = None) -> Derivation:
    """Derive all adjoints and gradients of ``system``, nothing unrolled.

    Args:
        system: index equations.
        truncate: detach states every ``truncate`` steps, as truncated BPTT does in practice.

    >>> from rnnsym.system import build_system, read_model
    >>> from rnnsym.expr import text
    >>> [step] = derive(build_system(read_model("vanilla"))).find("dU")
    >>> text(step.target), text(step.value())
    ('∂L/∂U', 'Σₜ δ_aₜ hₜ₋₁ᵀ')
    """
    return _Deriver(system, truncate).derivation()


class _Deriver:
    """Collects every edge once, then sorts them by the array they lead to."""

    def __init__(self, system: System, truncate: int | None) -> None:
        self.system, self.truncate = system, truncate
        self.states = {s.array.family: s for s in system.states}
        self.fused: dict[Node, Equation] = {
            e.rhs.arg: e for e in system.equations if e.fused and isinstance(e.rhs, Map)
        }
        self.edges: dict[Family, list[_Edge]] = {}
        for equation in system.equations:
            for edge in self._edges_of(equation):
                self.edges.setdefault(edge.reference.family, []).append(edge)
        for term in system.loss_terms:
            edge = _Edge(term.target, term.gradient, None, (LOSS_RULE,), term.time, term.layer)
            self.edges.setdefault(term.target.family, []).insert(0, edge)

    def derivation(self) -> Derivation:
        """Walk the model backwards, then gather the gradients."""
        stages = [
            Stage(
                block,
                loop,
                tuple(self._adjoint(e) for e in reversed(loop.equations) if not e.fused),
            )
            for block in reversed(self.system.blocks)
            for loop in reversed(block.loops)
        ]
        return Derivation(
            self.system,
            tuple(stages),
            tuple(self._weight(w.array, w.layer) for w in self.system.weights),
            (self._input(self.system.input),),
            tuple(self._initial(s) for s in self.system.states),
            self.truncate,
        )

    # Edges

    def _edges_of(self, equation: Equation) -> Iterator[_Edge]:
        if equation.fused:
            return
        upstream = adjoint_of(equation)
        rhs = equation.rhs
        for found in contributions(rhs, upstream):
            value, rules = found.value, found.rules
            if isinstance(rhs, Map):
                value, rules = _through_output(equation, rhs, upstream)
            yield _Edge(
                found.leaf,
                value,
                equation,
                rules,
                equation.time,
                equation.layer,
                self._is_carry(found.leaf, equation),
            )

    def _is_carry(self, leaf: Array, equation: Equation) -> bool:
        """Tell whether an occurrence reads a state of another step."""
        own, read = equation.lhs.time, leaf.time
        return own == TIME and read is not None and read != TIME and leaf.family in self.states

    def _terms(self, array: Array, time: Span | None, layer: Span | None) -> Iterator[Term]:
        """Yield the edges that lead to ``array``, each with its index shifted back."""
        widths = self._widths(array.layer)
        edges = self.edges.get(array.family, [])
        placed = (_placed(e, array, time, layer, widths) for e in edges)
        yield from sorted((p for p in placed if p is not None), key=_textbook_order)

    def _widths(self, layer: Expr | None) -> dict[Expr, Expr]:
        """What a stack's width m is at the layer of a target: its own output, or its input."""
        found: dict[Expr, Expr] = {}
        for name, span, below, inside in self.system.widths:
            if layer == LAYER:
                found[size_of_layer(name, LAYER)] = inside
            found[size_of_layer(name, span.first - 1)] = below
        return found

    # Lines

    def _adjoint(self, equation: Equation) -> Step:
        consumer, factor, rule = equation.lhs, None, ""
        fused = self.fused.get(equation.lhs)
        if fused is not None and isinstance(fused.rhs, Map):
            consumer = fused.lhs
            entry = activation(fused.rhs.name)
            factor, rule = entry.derivative(fused.rhs.arg, fused.lhs), map_rule(fused.rhs.name)
        terms = tuple(self._terms(consumer, equation.time, equation.layer))
        target = adjoint_of(equation)
        return Step(
            target.name, target, equation.lhs, terms, factor, rule, equation.time, equation.layer
        )

    def _weight(self, array: Array, layer: Span | None) -> Step:
        terms = tuple(self._terms(array, None, layer))
        summed = next((t.source.time for t in terms if t.source is not None), None)
        return Step(f"d{array.name}", _gradient(array), array, terms, None, "", None, layer, summed)

    def _input(self, array: Array) -> Step:
        span = Span(STEPS * 0 + 1, STEPS)
        terms = tuple(self._terms(array, span, None))
        return Step(f"d{array.name}", _gradient(array), array, terms, None, "", span, None)

    def _initial(self, state: State) -> Step:
        start = state.array.xreplace({TIME: state.initial})
        terms = tuple(self._terms(start, None, state.layer))
        name = f"d{start.name}_0"
        return Step(name, _gradient(start), start, terms, None, "", None, state.layer)


def adjoint_of(equation: Equation) -> Array:
    """Return δ of an equation's left-hand side, with its indices."""
    lhs = equation.lhs
    name, label = equation.adjoint
    family = Family(f"delta_{name}", label, lhs.family.direction, "adjoint")
    return Array(family, lhs.shape, lhs.layer, lhs.time)


def _gradient(array: Array) -> Array:
    family = array.family
    role = Family(family.name, family.label, family.direction, "gradient")
    return Array(role, array.shape, array.layer, array.time)


def _through_output(equation: Equation, rhs: Map, upstream: Array) -> tuple[Node, tuple[str, ...]]:
    """For y = f(a), write f′(a) through the y that is already there."""
    entry = activation(rhs.name)
    value = hadamard(upstream, entry.derivative(rhs.arg, equation.lhs))
    return value, (map_rule(rhs.name),)


def _placed(
    edge: _Edge, target: Array, time: Span | None, layer: Span | None, widths: dict[Expr, Expr]
) -> Term | None:
    """Shift an edge's index back so that its end is ``target``; None where it never is."""
    across = _inverse(edge.reference.layer, LAYER, edge.layer, target.layer, layer)
    along = _inverse(edge.reference.time, TIME, edge.time, target.time, time)
    if across is None or along is None:
        return None
    moved = {i: j for i, j in ((LAYER, across.index), (TIME, along.index)) if i != j}
    value = edge.value.xreplace(moved) if moved else edge.value
    value = value.xreplace(widths) if widths else value
    return Term(
        value,
        edge.source,
        (across.index, along.index),
        edge.rules,
        along.span,
        across.span,
        edge.state and target.time == TIME,
    )


def _textbook_order(term: Term) -> int:
    """The loss first, then the same step, then the carries from other steps."""
    return 0 if term.source is None else 1 if term.index[1] == TIME else 2


@record
class _Shifted:
    """The source's index written in the target's, and where the target's index is valid."""

    index: Expr
    span: Span | None


def _inverse(
    reference: Expr | None,
    symbol: Expr,
    source: Span | None,
    target: Expr | None,
    target_span: Span | None,
) -> _Shifted | None:
    if reference is None or target is None:
        return _Shifted(symbol, source)
    if not reference.has(symbol) or source is None:
        edge, index = Span(reference, reference), symbol
    else:
        delta = int(reference - symbol)
        edge, index = source.shifted(delta), target - delta
    if target_span is None:
        reached = edge if edge.has(target) else None
    else:
        reached = edge.meet(target_span)
    return None if reached is None else _Shifted(index, reached)


def needed(derivation: Derivation, wanted: Step) -> Sequence[Step]:
    """Return the adjoint lines that ``wanted`` rests on, in order."""
    by_family = {s.target.family: s for s in derivation.adjoints}
    seen: set[Family] = set()
    waiting = [wanted]
    while waiting:
        step = waiting.pop()
        for term in step.terms:
            for array in term.value.atoms(Array) if term.source else ():
                if array.family in by_family and array.family not in seen:
                    seen.add(array.family)
                    waiting.append(by_family[array.family])
    return [s for s in derivation.adjoints if s.target.family in seen]
