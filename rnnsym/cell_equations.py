"""What a cell is: named equations of one step, states, parameters."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import field, replace
from functools import lru_cache
from typing import Any

from rnnsym.expr import Array, Node, Plus, arrays_in, plus, rebuild
from rnnsym.record import record

__all__ = ["Cell", "CellEquation"]


@record
class CellEquation:
    """One equation of one step: a gate, a state, or a pre-activation named on the way.

    Attributes:
        lhs: the array defined, at time t.
        rhs: its value.
        adjoint: name and LaTeX label of its adjoint's subject ("f" for the pre-activation a_f).
        fused: whether this is y = f(a) with a named and y no state, so that ∂L/∂y is written
            inside the adjoint of a and nowhere else.
        purpose: one line on what the equation is for.
    """

    lhs: Array
    rhs: Node
    adjoint: tuple[str, str]
    fused: bool
    purpose: str


@record
class Cell:
    """A recurrent cell: named vector equations of one time step.

    Attributes:
        equations: in an order in which they can be computed, pre-activations named.
        written: the equations as the file writes them, by name.
        states: the arrays carried from step to step, at time t.
        output: what the next layer and the loss see.
        parameters: in order of appearance.
        constraint: what ties the parameters, or what the file changes in its source.
        pack: for a framework's cell, how its packed arrays are made of the parameters.
        domain: states whose initial value is restricted, e.g. ``{"s": "positive"}``.
        textbook: for a framework's cell, the textbook's parameters in its own, and "cell", the
            name of the textbook's.
    """

    name: str
    title: str
    source: str
    equations: tuple[CellEquation, ...]
    written: Mapping[str, Node]
    states: tuple[Array, ...]
    output: Array
    parameters: tuple[Array, ...]
    constraint: str = ""
    pack: Mapping[str, Any] = field(default_factory=dict[str, Any])
    domain: Mapping[str, str] = field(default_factory=dict[str, str])
    textbook: Mapping[str, str] = field(default_factory=dict[str, str])

    def __hash__(self) -> int:
        return hash((self.name, self.equations))

    @property
    def size_names(self) -> tuple[str, ...]:
        """The symbolic sizes besides the input's d, in order of appearance."""
        arrays = (*self.states, *(e.lhs for e in self.equations), *self.parameters)
        found = (str(s) for a in arrays for s in a.shape if s.is_Symbol)
        return tuple(dict.fromkeys(name for name in found if name != "d"))

    @property
    def biases(self) -> tuple[Array, ...]:
        """The parameter vectors that are only ever added."""
        added = Counter(c for e in self.equations for c in _added(e.rhs))
        uses = Counter(a for e in self.equations for a in arrays_in(e.rhs))
        return tuple(p for p in self.parameters if added[p] == uses[p] > 0)

    def without_biases(self) -> "Cell":
        """Return the cell with every bias vector left out."""
        return _unbiased(self)


@lru_cache(maxsize=64)
def _unbiased(cell: Cell) -> Cell:
    gone = frozenset(cell.biases)
    return replace(
        cell,
        equations=tuple(replace(e, rhs=_without(e.rhs, gone)) for e in cell.equations),
        written={name: _without(rhs, gone) for name, rhs in cell.written.items()},
        parameters=tuple(p for p in cell.parameters if p not in gone),
        pack={k: v for k, v in cell.pack.items() if not _all_gone(v, gone)},
    )


def _all_gone(packed: Any, gone: frozenset[Array]) -> bool:
    """Tell whether an entry of ``[pack]`` names nothing but parameters that are left out."""
    match packed:
        case [_, *_]:
            return all(_all_gone(part, gone) for part in packed)
        case _:
            return any(parameter.name == packed for parameter in gone)


def _added(node: Node) -> list[Node]:
    own = list(node.children) if isinstance(node, Plus) else []
    return own + [a for c in node.children for a in _added(c)]


def _without(node: Node, gone: frozenset[Array]) -> Node:
    if isinstance(node, Plus):
        return plus(*(_without(c, gone) for c in node.children if c not in gone))
    return rebuild(node, tuple(_without(c, gone) for c in node.children))
