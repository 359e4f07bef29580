"""What a backward pass starts from: numbers for every array that is given, drawn small."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache

from rnnsym.expr import Array, Map, Node, source
from rnnsym.quiz.backward_plan import Plan
from rnnsym.quiz.draw import Draw, Unlike
from rnnsym.quiz.numbers import Matrix, as_text, read_matrix
from rnnsym.quiz.registry import Parameters

__all__ = ["drawn", "is_exact", "label", "read", "rectified"]

POOLS = {
    "smooth": {
        "weight": "-1.2 -0.8 -0.6 0.6 0.8 1.2",
        "x": "-1 -0.6 0.6 0.8 1",
        "state": "-0.6 -0.4 0.2 0.4 0.6 0.8",
        "target": "-1 -0.5 0.5 1",
    },
    "exact": {
        "weight": "-3 -2 -0.5 0.5 2 3",
        "x": "-2 -1 1 2",
        "state": "-2 -1 1 2",
        "target": "-3 -2 -1 1 2 3",
    },
    "rectified": {
        "weight": "0.5 2 3",
        "x": "1 2",
        "x off": "-3 -2",
        "state": "-1 1 2",
        "target": "-3 -2 -1 1 2 3",
    },
    "gates": {
        "weight": "-1.6 -1.2 1.4 1.8",
        "gate": "0.12 0.2 0.36 0.44 0.6 0.72",
        "state": "-0.84 -0.48 -0.24 0.34 0.58 0.68",
        "adjoint": "-5 -4 3 6",
        "target": "-2 -1 1 2",
    },
}
"""Where lines are rounded, no factor is an odd number of tenths: half of its products with a
number of four decimals would be ties. Among gates, no number is another or one minus another,
whatever the sign: who takes one for the other gets another answer."""
OFF = 2


@lru_cache(maxsize=4096)
def label(array: Array) -> str:
    """Return the name of an array as a parameter of an item."""
    return source(array)


@lru_cache(maxsize=512)
def is_exact(plan: Plan) -> bool:
    """Tell whether the lines hold nothing but sums and products, so that nothing is rounded."""
    maps = {node.name for line in plan.lines for node in _maps(line.value)}
    return maps <= {"relu", "step"}


def _maps(node: Node) -> Iterator[Map]:
    if isinstance(node, Map):
        yield node
    for child in node.children:
        yield from _maps(child)


def drawn(plan: Plan, given: Sequence[Array], draw: Draw) -> Parameters:
    """Draw a number for every entry of what is given, as parameters of an item.

    Of what plays one part no two are alike, as long as there are numbers left.
    """
    unlike: dict[str, Unlike] = {}
    found: list[tuple[str, str]] = []
    for array in given:
        role, pool, (rows, columns) = _pool(plan, array)
        name = label(array)
        part = unlike.setdefault(role, Unlike(draw))
        found.append((name, as_text(tuple(
            tuple(part.choice(f"{name}[{i},{j}]", pool) for j in range(columns))
            for i in range(rows)
        ))))  # fmt: skip
    return tuple(found)


@lru_cache(maxsize=4096)
def _pool(plan: Plan, array: Array) -> tuple[str, tuple[Decimal, ...], tuple[int, int]]:
    """What part an array plays, from what its entries are drawn, and its shape."""
    role, pools = _role(plan, array), POOLS[plan.setting.numbers or _pool_of(plan)]
    return role, tuple(map(Decimal, pools[role].split())), plan.sizes.shape(array.shape)


def _pool_of(plan: Plan) -> str:
    if not is_exact(plan):
        return "smooth"
    return "rectified" if rectified(plan) and dict(plan.setting.sizes)["n"] == 1 else "exact"


@lru_cache(maxsize=512)
def rectified(plan: Plan) -> bool:
    """Tell whether there is a ReLU."""
    return any(node.name == "relu" for line in plan.forward for node in _maps(line.value))


def _role(plan: Plan, array: Array) -> str:
    if array.time is None:
        return "weight"
    if array.family.role == "adjoint":
        return "adjoint"
    if any(array.name == term.given.name for term in plan.system.loss_terms):
        return "target"
    if array.name == plan.system.input.name:
        # A ReLU that is on at every step shows nothing: it is off at the second one.
        off = _pool_of(plan) == "rectified" and array.time == OFF
        return "x off" if off else "x"
    return "gate" if array.name in _gates(plan) else "state"


@lru_cache(maxsize=512)
def _gates(plan: Plan) -> frozenset[str]:
    """What lies between 0 and 1."""
    sigmoids = (
        e.lhs.name
        for e in plan.system.equations
        if e.fused and isinstance(e.rhs, Map) and e.rhs.name == "sigmoid"
    )
    return frozenset(sigmoids)


def read(given: Sequence[Array], parameters: Parameters) -> dict[Array, Matrix]:
    """Return what ``drawn`` drew."""
    values = dict(parameters)
    return {array: read_matrix(values[label(array)]) for array in given}
