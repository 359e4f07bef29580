"""The two derivatives of a cell state by the one before, as lines to be worked by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rnnsym.errors import InputError
from rnnsym.expr import STEPS, TIME, Array, Diag, Expr, Family, Integer, Node, arrays_in
from rnnsym.expr import size as symbol
from rnnsym.jacobian import ChainJacobians, StateJacobian, jacobians
from rnnsym.quiz.backward_gates import HERE, LONG
from rnnsym.quiz.backward_plan import Line as Worked
from rnnsym.quiz.backward_plan import Plan, Setting
from rnnsym.system import build_system, read_model

__all__ = ["INNER", "RULE", "Paths", "line_of", "named", "paths_of"]

RULE: dict[Expr, Expr] = {TIME: Integer(HERE), STEPS: Integer(LONG)}
INNER = "inner"
"""The name of what leads through the step before."""


@dataclass(frozen=True)
class Paths:
    """The two derivatives of a cell state, and the lines that lead to the second.

    Attributes:
        state: the cell state.
        plan: the lines at the step that is asked about, the edge first and the total last.
        blocks: what the names in the total stand for.
    """

    state: Array
    plan: Plan
    blocks: tuple[StateJacobian, ...]


@lru_cache(maxsize=256)
def paths_of(model: str) -> Paths | None:
    """Return what is asked about a cell; None where it has no such state, or peepholes."""
    system = build_system(read_model(model))
    [chain] = jacobians(system)
    for edge, total in zip(chain.edges, chain.totals, strict=True):
        held = next(b for b in chain.blocks if (b.of, b.wrt) == (edge.of, edge.wrt))
        if edge.of == system.output or edge.value is None or edge.value != held.value:
            continue
        if total.value is None or set(system.size_names) > {"d", "n"}:
            continue
        setting = Setting(model, LONG, ("cell_state_paths",), numbers="paths")
        numbers = ((STEPS, LONG), (symbol("d"), 1), (symbol("n"), 1))
        plan = Plan(setting, system, numbers, tuple(_lines(chain, edge, total)))
        return Paths(edge.of, plan, chain.blocks)
    return None


def _lines(chain: ChainJacobians, edge: StateJacobian, total: StateJacobian) -> Iterator[Worked]:
    """Yield the edge, the parts of the total, and the total.

    What leads through the step before is worked by itself: it is the last part.
    """
    if edge.value is None or total.value is None:
        raise InputError(f"{edge.of} does not depend on the state before")
    yield line_of(named("edge", edge.of), edge.value)
    for block in chain.blocks:
        if block.name in set(arrays_in(total.value)) and block.value is not None and block.name:
            yield line_of(block.name, block.value)
    inner = {node: Array(_family(edge.of, INNER), node.shape, None, TIME)
             for node in total.value.atoms(Diag)}  # fmt: skip
    for node, target in inner.items() if len(inner) == 1 else ():
        yield line_of(target, node)
    value = total.value.xreplace(inner) if len(inner) == 1 else total.value
    yield line_of(named("total", edge.of), value)


def named(name: str, state: Array) -> Array:
    """Return what stands for a derivative of a state."""
    return Array(_family(state, name), state.shape, None, TIME)


def _family(state: Array, name: str) -> Family:
    return type(state.family)(name, name)


def line_of(target: Array, value: Node) -> Worked:
    """Return a line of the step that is asked about."""
    return Worked(target.xreplace(RULE), value.xreplace(RULE), None, HERE)
