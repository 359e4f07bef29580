"""Numbers of a forward question: drawn where they are first read, until the lines there suit."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import TypeVar

from rnnsym.cell import Cell
from rnnsym.expr import Array, arrays_in
from rnnsym.quiz.decimals import Place
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.forward_net import Net, label, lines_of, place_of
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.line_by_line import Line
from rnnsym.quiz.numbers import Matrix, as_text
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.slips import Work
from rnnsym.quiz.subject import cell_of
from rnnsym.sheet.worked_lines import Row

__all__ = ["POOL", "STEEP", "Pool", "draw_along"]

LOTS = 12
"""Numbers tried for the lines that are the first to read them, before all are drawn anew."""
K = TypeVar("K")
Values = Mapping[Place, Matrix]
Pool = Mapping[str, tuple[Decimal, ...]]
"""Numbers to draw from: "weight", "vector", "input", "state", "gate"; or by an array's name."""


def _numbers(text: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, text.split()))


POOL: Pool = {
    "weight": _numbers("-0.8 -0.6 -0.5 -0.4 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.2"),
    "vector": _numbers("-0.4 -0.3 -0.2 0.2 0.3 0.4 0.5"),
    "input": _numbers("-1 -0.8 -0.5 0.5 0.8 1 1.5"),
    "gate": _numbers("0.1 0.2 0.3 0.4 0.6 0.7 0.8 0.9"),
    "state": _numbers("-0.8 -0.6 -0.5 -0.4 0.4 0.5 0.6 0.7 0.8"),
}
STEEP: Pool = {"weight": _numbers("-1.4 -1.2 -1.1 -0.9 -0.8 -0.7 0.7 0.8 0.9 1.1 1.2 1.4")}
"""Weights that keep most functions away from 0, where leaving them out is hardly seen."""


def draw_along(
    net: Net,
    draw: Draw,
    pool: Pool = POOL,
    follow: Callable[[Sequence[Line], Values, K | None], K | None] = lambda _rows, _given, _k: None,
    fixed: Values = MappingProxyType({}),
) -> Parameters:
    """Return numbers for everything given, as parameters of an item.

    Args:
        net: the lines.
        draw: of every choice.
        pool: what numbers are drawn from.
        follow: works some lines with what is given so far and what it found before, and returns
            what it finds; where it raises Unfair, other numbers are tried.
        fixed: numbers that are drawn elsewhere.

    Raises:
        Unfair: no numbers suit some lines; the last reason.
    """
    given, found = fixed, None
    for arrays, lines in _stages(net):
        refused = dict[tuple[Matrix, ...], str]()
        for lot in range(LOTS):
            again = replace(draw, question=f"{draw.question}/{lot}")
            numbers = _drawn(net, arrays, again, pool, given)
            own = tuple(numbers[place_of(a)] for a in arrays)
            if own in refused:
                continue
            try:
                found = follow(lines, numbers, found)
            except Unfair as error:
                refused[own] = str(error)
                continue
            given = numbers
            break
        else:
            raise Unfair([*refused.values()][-1])
    return tuple((label(a), as_text(given[place_of(a)])) for a in net.given)


@lru_cache(maxsize=256)
def _stages(net: Net) -> tuple[tuple[tuple[Array, ...], tuple[Line, ...]], ...]:
    """Return the lines in runs, each with the numbers that its first line is the first to read."""
    left, found = dict.fromkeys(net.given), list[tuple[tuple[Array, ...], list[Row]]]()
    for row in net.rows:
        read = {place_of(a) for a in arrays_in(row.value)}
        fresh = tuple(a for a in left if place_of(a) in read)
        if fresh or not found:
            found.append((fresh, []))
        found[-1][1].append(row)
        for array in fresh:
            del left[array]
    return tuple((fresh, lines_of(tuple(rows), net.numbers)) for fresh, rows in found)


def _drawn(net: Net, arrays: Sequence[Array], draw: Draw, pool: Pool, given: Values) -> Values:
    """Return numbers for those arrays that have none yet: weights unlike weights, others others."""
    found, taken = dict(given), {True: set[Decimal](), False: set[Decimal]()}
    for (*_, time), matrix in given.items():
        taken[time is None].update(chain(*matrix))
    for array in arrays:
        if place_of(array) in given:
            continue
        name, like = label(array), taken[array.time is None]
        sort, positive, (rows, columns) = _source(net, array)
        values = pool.get(array.name) or pool.get(sort) or POOL[sort]
        if positive:
            values = tuple(v for v in values if v > 0)
        entries: list[Decimal] = []
        for i in range(rows * columns):
            left = _unlike(values, like)
            entries.append(left[draw.integer(f"{name}[{i}]", 0, len(left) - 1)])
            like.add(entries[-1])
        found[place_of(array)] = tuple(
            tuple(entries[i : i + columns]) for i in range(0, len(entries), columns)
        )
    return found


def _unlike(values: Sequence[Decimal], taken: Container[Decimal]) -> Sequence[Decimal]:
    """Return values that nobody takes for one taken: of another size, or else of another sign.

    >>> _unlike((Decimal(1), Decimal(-2)), {Decimal(2)})
    [Decimal('1')]
    """
    other = [v for v in values if v not in taken and -v not in taken]
    return other or [v for v in values if v not in taken] or values


@lru_cache(maxsize=4096)
def _source(net: Net, array: Array) -> tuple[str, bool, tuple[int, int]]:
    """Return from what pool entries are drawn, whether they are positive, and the shape."""
    cell = cell_of(net.system)
    sort = "gate" if array.name in _gates(cell) else _sort(array)
    return sort, cell.domain.get(array.name) == "positive", net.sizes.shape(array.shape)


@lru_cache(maxsize=256)
def _gates(cell: Cell) -> frozenset[str]:
    return frozenset(gate.name for gate in Work(cell, cell.equations).gates)


def _sort(array: Array) -> str:
    if array.time is not None:
        return "input" if array.name == "x" else "state"
    return "vector" if array.shape[1] == 1 else "weight"
