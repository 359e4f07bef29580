"""Bounds on Jacobians in words: what the edges can do, and which condition is sufficient."""

from collections.abc import Iterator
from fractions import Fraction

from rnnsym.blocks import Block, Inline, Listing, Partial, Prose, Relation, Written, prose
from rnnsym.equations import System
from rnnsym.expr import TIME, Diag, Expr, Fill, Map, Node, Rational, Symbol
from rnnsym.flow.bounds import Bound, BoundTerm, ChainBounds, chain_bounds
from rnnsym.flow.examples import DIRECT_EDGE
from rnnsym.jacobian import ChainJacobians, StateJacobian
from rnnsym.sheet.naming import tied
from rnnsym.sheet.rounded import power

__all__ = ["bound_blocks", "edge_prose", "norm_bounds"]

GAMMA = Written("γ")
STEP_BOUND, STEPS_PASSED = Symbol("u"), Symbol("k")
MANY_STEPS = (
    "For many steps, write these bounds, each at its largest over the steps, as one matrix: a row "
    "for each new state, a column for each old one. If its largest |eigenvalue| is below 1 the "
    "gradient must vanish; only if it is at least 1 can the gradient explode, and it need not."
)


def bound_blocks(system: System, chain: ChainJacobians) -> Iterator[Block]:
    """Yield what is known of the norms of a chain's Jacobians, and what follows from it."""
    bounds = chain_bounds(chain)
    items = [edge_prose(system, edge, bounds) for edge in chain.edges]
    for state in bounds.ranges.bounded:
        first = state.xreplace({TIME: TIME - chain.loop.order})
        given = () if state in bounds.ranges.always else (" as long as |", first, "| ≤ 1")
        items.append(prose("|", state, "| ≤ 1 in every entry", *given, ", by its equation."))
    items += norm_bounds(system, chain)
    items += _conditions(system, bounds)
    yield Listing(tuple(items))


def norm_bounds(system: System, chain: ChainJacobians) -> list[Prose]:
    """Return ‖J‖ ≤ its bound for every block of a chain that has one."""
    return [_bound(system, b) for b in chain_bounds(chain).blocks if b.terms]


def edge_prose(system: System, edge: StateJacobian, bounds: ChainBounds) -> Prose:
    """Say what the direct edge of a state can do to a gradient."""
    name = Partial(edge.of, edge.wrt, "∂⁺")
    if edge.value is None:
        return prose(
            "Direct edge ", name, " = 0: what ", edge.of, " keeps passes through other arrays."
        )
    value = tied(system, edge.value)
    head: Prose = prose("Direct edge ", Relation((name, value)), ": ")
    if not isinstance(edge.value, Diag):
        return (*head, "every path meets the recurrent weights.")
    if isinstance(edge.value.arg, Fill):
        return (*head, "along it a gradient neither vanishes nor explodes.")
    if isinstance(edge.value.arg, Map) and edge.value.arg.name == "step":
        return (*head, "entries 0 or 1: each is passed whole or cut.")
    if bounds.ranges.interval(edge.value.arg) == (0.0, 1.0):
        kept, steps = DIRECT_EDGE
        return (
            *head,
            "entries between 0 and 1. Along it a gradient cannot explode, and it decays as the "
            f"product of these entries: at {kept} throughout, {steps} steps leave ",
            *power(kept, steps),
            ".",
        )
    return (*head, "no bound on its entries is proven here.")


def _bound(system: System, bound: Bound) -> Prose:
    """Return ‖J‖ ≤ its bound."""
    name = bound.jacobian.name
    left: Node | Partial = name or Partial(bound.jacobian.of, bound.jacobian.wrt)
    parts: list[Inline] = ["‖", left, "‖ ≤ "]
    for i, term in enumerate(bound.terms):
        parts += [" + "] if i else []
        parts += _term(system, term)
    return tuple(parts)


def _term(system: System, term: BoundTerm) -> Iterator[Inline]:
    factors = len(term.norms) + len(term.maxima)
    if term.number != 1 or not factors:
        yield _rational(term.number)
        yield " " if factors else ""
    for i, node in enumerate(term.norms):
        yield from (" ‖" if i else "‖", tied(system, node), "‖")
    for i, node in enumerate(term.maxima):
        yield from (" max|" if i or term.norms else "max|", tied(system, node), "|")


def _conditions(system: System, bounds: ChainBounds) -> Iterator[Prose]:
    simple = bounds.simple
    if simple is not None:
        yield from _simple_conditions(system, next(iter(bounds.blocks)).jacobian, simple)
    elif len(bounds.blocks) > 1:
        yield prose(MANY_STEPS)
    elif (constant := next(iter(bounds.blocks)).constant) is not None:
        yield prose(
            "Whatever the weights are, this bound is ",
            _rational(constant),
            ": no gradient explodes along this chain.",
        )
    else:
        yield prose(
            "A bound below 1 is sufficient for the gradient to vanish; above 1 it is necessary for "
            "it to explode, and not sufficient."
        )
    kept = [b for b in bounds.blocks if _is_diagonal(b) and _fixed(b) >= 1]
    if kept and any(b.constant is None for b in bounds.blocks):
        yield prose(
            "Here it is at least 1, since ",
            kept[0].jacobian.of,
            " may be kept whole: the bound never proves that the gradient vanishes.",
        )


def _is_diagonal(bound: Bound) -> bool:
    """Tell whether a block is a state's Jacobian by itself."""
    return bound.jacobian.of.family == bound.jacobian.wrt.family


def _fixed(bound: Bound) -> Fraction:
    """Return what a bound is at least, whatever the weights are."""
    alone = (t.number for t in bound.terms if not t.norms and not t.maxima)
    return sum(alone, Fraction(0))


def _simple_conditions(system: System, found: StateJacobian, term: BoundTerm) -> Iterator[Prose]:
    largest: list[Inline] = []
    for node in term.norms:
        largest += [" ‖" if largest else "‖", tied(system, node), "‖"]
    limit = _rational(1 / term.number)
    yield prose(
        GAMMA,
        " = ",
        _rational(term.number),
        " bounds the slopes, so over ",
        STEPS_PASSED,
        " steps the norm is at most ",
        STEP_BOUND**STEPS_PASSED,
        " with ",
        STEP_BOUND,
        " = ",
        GAMMA,
        " ",
        *largest,
        ". ",
        *largest,
        " < ",
        Written("1/γ"),
        " = ",
        limit,
        " is sufficient for the gradient of ",
        found.of,
        " to vanish.",
    )
    yield prose(
        *largest,
        " > ",
        limit,
        " is necessary for it to explode, and not sufficient. Eigenvalues of the recurrent matrix "
        "decide in a linear network only.",
    )


def _rational(number: Fraction) -> Expr:
    return Rational(number.numerator, number.denominator)
