"""Counts as a textbook writes them: sums of groups such as 4(nd + n² + n), never multiplied out."""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import TypeAlias

from rnnsym.expr._sympy import Expr, Integer
from rnnsym.expr.printing import Notation
from rnnsym.record import record

__all__ = ["Formula", "Group", "Term", "factored", "formula_in", "gathered", "grouped"]

Term: TypeAlias = tuple[Expr, ...]
"""A product of numbers and sizes, its sizes in the order of print."""
ONE = Integer(1)


@record
class Group:
    """``times`` multiplied, times the sum of ``terms``; every term is a product of factors."""

    times: Term
    terms: tuple[Term, ...]

    @property
    def value(self) -> Expr:
        """The group as one SymPy expression."""
        total: Expr = Integer(0)
        for term in self.terms:
            total = total + prod(term, start=ONE)
        return total * prod(self.times, start=ONE)


@record
class Formula:
    """A sum of groups, printed in their order."""

    groups: tuple[Group, ...]

    @property
    def value(self) -> Expr:
        """The formula as one SymPy expression."""
        total: Expr = Integer(0)
        for group in self.groups:
            total = total + group.value
        return total

    def at(self, numbers: Mapping[Expr, Expr]) -> int | None:
        """Return the number, or None while a size in it has none."""
        factors = {f for g in self.groups for term in (g.times, *g.terms) for f in term}
        known = {factor: factor.xreplace(numbers) for factor in factors}
        if not all(value.is_number for value in known.values()):
            return None
        return sum(
            prod(int(known[f]) for f in (*group.times, *term))
            for group in self.groups
            for term in group.terms
        )


def _split(term: Iterable[Expr]) -> tuple[int, Term]:
    """Return the product of a term's numbers, and its sizes."""
    number = 1
    sizes: list[Expr] = []
    for factor in term:
        coefficient, rest = factor.as_coeff_Mul()
        number *= int(coefficient)
        sizes += [] if rest == 1 else [rest]
    return number, tuple(sizes)


def _product(sizes: Sequence[Expr]) -> Expr:
    """Return the product of sizes, whatever their order: 1 where there are none."""
    return prod(sizes[1:], start=sizes[0]) if sizes else ONE


def gathered(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return the terms with equal products added up, in order of appearance.

    >>> from rnnsym.expr.indices import size
    >>> n, p = size("n"), size("p")
    >>> gathered([(n, p), (n,), (2 * p, n)])
    ((3, n, p), (1, n))
    """
    written: dict[Expr, Term] = {}
    numbers: dict[Expr, int] = {}
    for term in terms:
        number, sizes = _split(term)
        product = _product(sizes)
        written.setdefault(product, sizes)
        numbers[product] = numbers.get(product, 0) + number
    return tuple((Integer(k), *written[product]) for product, k in numbers.items() if k)


def _numbers(terms: Iterable[Term]) -> dict[Expr, int]:
    split = (_split(term) for term in gathered(terms))
    return {_product(sizes): number for number, sizes in split}


def _shared(polynomials: Sequence[tuple[Term, ...]]) -> tuple[Term, ...]:
    """Return what is in every polynomial: of each product, the smallest number of it."""
    counted = [_numbers(terms) for terms in polynomials]
    found: list[Term] = []
    for _, *sizes in gathered(polynomials[0]):
        product = _product(sizes)
        found.append((Integer(min(c.get(product, 0) for c in counted)), *sizes))
    return gathered(found)


def grouped(maps: Iterable[tuple[tuple[Term, ...], tuple[Term, ...]]]) -> tuple[Group, ...]:
    """Return the sum of affine maps, those with equal matrices grouped: 4(nd + n² + n) + 3n.

    Args:
        maps: the terms of each map's matrices, and of its vectors; what vectors the maps of a
            group do not share is written at the end.
    """
    alike: dict[frozenset[tuple[Expr, int]], list[tuple[tuple[Term, ...], tuple[Term, ...]]]] = {}
    for matrices, vectors in maps:
        alike.setdefault(frozenset(_numbers(matrices).items()), []).append((matrices, vectors))
    groups: list[Group] = []
    rest: list[Term] = []
    for same in alike.values():
        matrices, _ = same[0]
        common = _shared([vectors for _, vectors in same]) if matrices else ()
        if matrices:
            groups.append(Group((Integer(len(same)),), gathered((*matrices, *common))))
        rest += [term for _, vectors in same for term in _less(vectors, common)]
    if rest and groups and groups[-1].times == (ONE,):
        return (*groups[:-1], Group((ONE,), gathered((*groups[-1].terms, *rest))))
    return (*groups, Group((ONE,), gathered(rest))) if rest else tuple(groups)


def _less(terms: tuple[Term, ...], gone: tuple[Term, ...]) -> tuple[Term, ...]:
    return gathered((*terms, *((Integer(-1), *term) for term in gone)))


def factored(group: Group) -> Group:
    """Return the group with the sizes that all its terms share taken out: 4n(d + n)."""
    terms = [_split(term) for term in group.terms]
    if len(terms) < 2:
        return group
    shared: list[Expr] = []
    for factor in terms[0][1]:
        if all(sizes.count(factor) > shared.count(factor) for _, sizes in terms):
            shared.append(factor)
    return Group((*group.times, *shared), tuple(_divided(n, sizes, shared) for n, sizes in terms))


def _divided(number: int, sizes: Term, by: list[Expr]) -> Term:
    left = list(sizes)
    for factor in by:
        left.remove(factor)
    return (Integer(number), *left)


def formula_in(formula: Formula, notation: Notation) -> str:
    """Return a formula in LaTeX, text or Python.

    >>> from rnnsym.expr.indices import size
    >>> from rnnsym.expr.text import SOURCE, UNICODE
    >>> n, d = size("n"), size("d")
    >>> lstm = Formula((Group((Integer(4),), ((n, d), (n, n), (n,))),))
    >>> formula_in(lstm, UNICODE), formula_in(lstm, SOURCE)
    ('4(nd + n² + n)', '4*(n*d + n**2 + n)')
    """
    printed = (_group(g, notation) for g in formula.groups)
    return " + ".join(printed) or notation.scalar(Integer(0))


def _group(group: Group, notation: Notation) -> str:
    if len(group.terms) == 1:
        return _term((*group.times, *group.terms[0]), notation)
    inner = " + ".join(_term(t, notation) for t in group.terms)
    outer = [_factor(t, notation) for t in group.times if t != 1]
    return notation.multiplied([*outer, f"({inner})"]) if outer else inner


def _term(factors: Term, notation: Notation) -> str:
    """A product: its number first, then its sizes, equal neighbours as powers (6n²d)."""
    number, sizes = _split(factors)
    powers: list[tuple[Expr, int]] = []
    for factor in sizes:
        if powers and powers[-1][0] == factor:
            powers[-1] = (factor, powers[-1][1] + 1)
        else:
            powers.append((factor, 1))
    printed = [
        _factor(base, notation) if n == 1 else notation.scalar(base**n) for base, n in powers
    ]
    shown = [str(number)] if number != 1 or not printed else []
    return notation.multiplied([*shown, *printed])


def _factor(factor: Expr, notation: Notation) -> str:
    printed = notation.scalar(factor)
    return f"({printed})" if factor.is_Add else printed
