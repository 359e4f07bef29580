"""Bounds on the norms of Jacobians: submultiplicative, term by term, each factor by what it is."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import prod

from rnnsym.expr import Array, Diag, Expr, Fill, Hadamard, Node, Plus, Product, Scale, evaluated
from rnnsym.flow.ranges import Ranges, ranges
from rnnsym.jacobian import ChainJacobians, StateJacobian
from rnnsym.record import record

__all__ = ["Bound", "BoundTerm", "ChainBounds", "chain_bounds", "is_parameter"]


@record
class BoundTerm:
    """``number`` · Π ‖norms‖ · Π max|maxima|: a bound on the spectral norm of one term.

    Attributes:
        norms: matrices, bounded by their largest singular values.
        maxima: vectors on a diagonal, bounded by their largest entries.
    """

    number: Fraction
    norms: tuple[Node, ...]
    maxima: tuple[Node, ...]

    def value(self, sizes_of: Mapping[Node, float]) -> float:
        """Return the bound as a number, given those of its norms and maxima."""
        return float(self.number) * prod(sizes_of[n] for n in (*self.norms, *self.maxima))


@record
class Bound:
    """A bound on the spectral norm of a Jacobian: the sum of ``terms``."""

    jacobian: StateJacobian
    terms: tuple[BoundTerm, ...]

    @property
    def constant(self) -> Fraction | None:
        """The bound where it is a number whatever the weights are."""
        if any(term.norms or term.maxima for term in self.terms):
            return None
        return sum((term.number for term in self.terms), Fraction(0))

    def value(self, sizes_of: Mapping[Node, float]) -> float:
        """Return the bound as a number, given those of its norms and maxima."""
        return sum(term.value(sizes_of) for term in self.terms)


@record
class ChainBounds:
    """Bounds on the Jacobians of one chain.

    Attributes:
        ranges: what they rest on.
        edges, blocks: one for every edge and block of the chain, in its order.
    """

    ranges: Ranges
    edges: tuple[Bound, ...]
    blocks: tuple[Bound, ...]

    @property
    def simple(self) -> BoundTerm | None:
        """The one term γ‖U‖ that bounds a step of a chain of one state, if that is all there is."""
        if len(self.blocks) != 1 or len(self.blocks[0].terms) != 1:
            return None
        term = self.blocks[0].terms[0]
        return term if term.norms and not term.maxima else None


def chain_bounds(chain: ChainJacobians) -> ChainBounds:
    """Bound the edges and blocks of a chain.

    >>> from rnnsym.jacobian import jacobians
    >>> from rnnsym.system import build_system, read_model
    >>> [vanilla] = jacobians(build_system(read_model("vanilla")))
    >>> chain_bounds(vanilla).simple
    BoundTerm(number=Fraction(1, 1), norms=(U,), maxima=())
    """
    known = ranges(chain.loop, chain.states)
    edges, blocks = (
        tuple(Bound(j, tuple(_merged(_terms(j.value, known)))) for j in group)
        for group in (chain.edges, chain.blocks)
    )
    return ChainBounds(known, edges, blocks)


def _merged(terms: Iterator[BoundTerm]) -> list[BoundTerm]:
    found: dict[tuple[tuple[Node, ...], tuple[Node, ...]], Fraction] = {}
    for term in terms:
        key = term.norms, term.maxima
        found[key] = found.get(key, Fraction(0)) + term.number
    return [BoundTerm(number, *key) for key, number in found.items() if number]


def _terms(value: Node | None, known: Ranges) -> Iterator[BoundTerm]:
    if value is None:
        return
    for term in value.children if isinstance(value, Plus) else (value,):
        number = Fraction(1)
        bare = term
        if isinstance(bare, Scale):
            number, bare = _size(bare.factor), bare.arg
        norms: list[Node] = []
        maxima: list[Node] = []
        for factor in bare.children if isinstance(bare, Product) else (bare,):
            if isinstance(factor, Diag):
                largest, rest = _diagonal(factor.arg, known)
                number *= largest
                maxima += rest
            else:
                norms.append(factor)
        yield BoundTerm(number, tuple(norms), tuple(maxima))


def _size(number: Expr) -> Fraction:
    value = evaluated(number)
    return abs(Fraction(value.p, value.q))


def _diagonal(entries: Node, known: Ranges) -> tuple[Fraction, list[Node]]:
    """Bound the entries of a diagonal: slopes by γ, gates by their range, the rest by max|·|."""
    number = Fraction(1)
    if isinstance(entries, Scale):
        number, entries = _size(entries.factor), entries.arg
    factors = list(entries.children) if isinstance(entries, Hadamard) else [entries]
    for slope in known.slopes:
        while all(factors.count(f) >= slope.factors.count(f) for f in slope.factors):
            number *= slope.gamma
            for factor in slope.factors:
                factors.remove(factor)
    unbounded: list[Node] = []
    for factor in factors:
        largest = known.largest(factor)
        if largest is None:
            unbounded.append(factor)
        else:
            number *= largest
    return number, unbounded


def is_parameter(node: Node) -> bool:
    """Tell whether a node is made of trained arrays only."""
    if isinstance(node, Array):
        return node.time is None
    return not isinstance(node, Fill) and all(is_parameter(c) for c in node.children)
