"""Counts: parameters, multiply–adds and memory, from the shapes in a system's equations."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from rnnsym.affine import AffineMap, affine_maps, multiply_adds
from rnnsym.derive import derive
from rnnsym.equations import Block, Equation, System
from rnnsym.expr import (
    LATEX,
    SOURCE,
    STEPS,
    Array,
    Expr,
    Formula,
    Group,
    Integer,
    Shape,
    Span,
    formula_in,
    size,
    source,
    source_scalar,
)
from rnnsym.expr.formula import Term, factored, gathered, grouped
from rnnsym.memory import Stored, stored
from rnnsym.model_text import Dense, Embedding
from rnnsym.record import record
from rnnsym.tied import TiedSizes, alike, length
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "Amount", "Count", "Gate", "LayerCount", "Parameter", "count"]

SCHEMA = 1
ONE = Integer(1)
Terms: TypeAlias = tuple[Term, ...]


@record
class Amount:
    """How many: as a formula, and as a number once every size in it has one."""

    formula: Formula
    total: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the formula as Python reads it, and the number."""
        return {"formula": formula_in(self.formula, SOURCE), "total": self.total}


@record
class Parameter(Amount):
    """One trained array: its entries.

    Attributes:
        array: the array, with direction and layer.
        shape: rows and columns, the sizes of a stack's layers written as one.
    """

    array: Array
    shape: Shape

    def to_json(self) -> dict[str, Any]:
        """Return name, shape and entries."""
        shape = [source_scalar(s) for s in self.shape]
        return {"name": self.array.name, "shape": shape, **Amount.to_json(self)}


@record
class Gate(Amount):
    """One affine map of one layer and direction: a gate, a candidate, a projection, a readout.

    Attributes:
        array: what the map computes, behind its function: f for a_f.
        equation: the equation that holds the map.
        parameters: matrices first, then vectors.
        layers: the layers that have such a map of their own, or None where there is one layer.
    """

    array: Array
    equation: Equation
    parameters: tuple[Parameter, ...]
    layers: Span | None

    def to_json(self) -> dict[str, Any]:
        """Return name, direction, layers, equation and parameters."""
        ends = None if self.layers is None else (self.layers.first, self.layers.last)
        return {
            "name": self.array.name,
            "direction": self.array.family.direction,
            "layers": None if ends is None else [source_scalar(end) for end in ends],
            "equation": f"{source(self.equation.lhs)} = {source(self.equation.rhs)}",
            **Amount.to_json(self),
            "parameters": [p.to_json() for p in self.parameters],
        }


@record
class LayerCount(Amount):
    """One layer of the model's text, in all its depth and both its directions."""

    title: str
    gates: tuple[Gate, ...]

    def to_json(self) -> dict[str, Any]:
        """Return title, count and gates."""
        gates = [gate.to_json() for gate in self.gates]
        return {"title": self.title, **Amount.to_json(self), "gates": gates}


@record
class Count(Amount):
    """The parameters of a model, and what a step of it costs.

    Attributes:
        system: what was counted; ``system.bound`` holds the sizes that are numbers.
        layers: the parameters of each layer of the model's text.
        steps: the number for T in ``memory``, or None.
    """

    system: System
    layers: tuple[LayerCount, ...]
    steps: int | None

    @property
    def multiply_adds(self) -> Amount:
        """Those of the matrix products of one time step, forward.

        A lookup is none, nor is what happens once per sequence.
        """
        return _Counter(self.system, self.steps).multiply_adds()

    @property
    def memory(self) -> Amount:
        """Numbers kept for the backward pass over T steps: linear in T."""
        return _Counter(self.system, self.steps).memory()

    def to_json(self) -> dict[str, Any]:
        """Return everything, formulas as Python text in the names of the sizes.

        Keys: schema, rnnsym (its version), model, convention, bias, sizes (those given), formula,
        total (null while a size is symbolic), latex, layers (title, formula, total, gates), and
        multiply_adds and memory (formula, total).
        """
        model = self.system.model
        return {
            "schema": SCHEMA,
            "rnnsym": VERSION,
            "model": str(model),
            "convention": model.convention,
            "bias": model.bias,
            "sizes": dict(self.system.bound),
            **Amount.to_json(self),
            "latex": formula_in(self.formula, LATEX),
            "layers": [layer.to_json() for layer in self.layers],
            "multiply_adds": self.multiply_adds.to_json(),
            "memory": self.memory.to_json(),
        }

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {formula_in(self.formula, LATEX)}$"


@lru_cache(maxsize=256)
def count(system: System, steps: int | None = None) -> Count:
    """Count the parameters of ``system``; its multiply–adds and its memory when they are asked.

    Args:
        system: index equations.
        steps: a number for T, for the memory.

    >>> from rnnsym.expr import UNICODE
    >>> from rnnsym.system import build_system, read_model
    >>> counted = count(build_system(read_model("lstm", sizes={"d": 64, "n": 128})))
    >>> formula_in(counted.formula, UNICODE), counted.total
    ('4(nd + n² + n)', 98816)
    >>> formula_in(counted.multiply_adds.formula, UNICODE), counted.multiply_adds.total
    ('4n(d + n)', 98304)
    >>> formula_in(counted.memory.formula, UNICODE), counted.memory.total
    ('T(6n + d)', None)
    """
    return _Counter(system, steps).count()


Measure: TypeAlias = Callable[[AffineMap, Expr], tuple[Terms, Terms]]
"""What an affine map at a layer counts: the terms of its matrices, and of its vectors."""


class _Counter:
    """Walks the layers of a model, adding up what a measure finds in their affine maps."""

    def __init__(self, system: System, steps: int | None) -> None:
        self.system, self.steps = system, steps
        self.weights = frozenset(w.array for w in system.weights)
        self.sizes = TiedSizes(system)
        embeds = isinstance(system.model.layers[0], Embedding)
        self.table = system.weights[0].array if embeds else None
        numbers = dict(system.bound) | ({} if steps is None else {"T": steps})
        self.numbers: dict[Expr, Expr] = {size(k): Integer(v) for k, v in numbers.items()}

    def count(self) -> Count:
        """Count all layers."""
        layers = tuple(self._layer(b) for b in self.system.blocks if b.spec is not None)
        parameters = self._amount(g for layer in layers for g in layer.formula.groups)
        return Count(parameters.formula, parameters.total, self.system, layers, self.steps)

    def multiply_adds(self) -> Amount:
        """Count those of one step."""
        return self._amount(
            factored(group)
            for block in self.system.blocks
            if not isinstance(block.spec, Embedding)
            for group in self._groups(block, self._products)
        )

    def memory(self) -> Amount:
        """Count the numbers kept."""
        return self._amount(self._memory())

    def _amount(self, groups: Iterable[Group]) -> Amount:
        formula = Formula(tuple(groups))
        return Amount(formula, formula.at(self.numbers))

    # Parameters

    def _layer(self, block: Block) -> LayerCount:
        groups = self._groups(block, self._entries)
        if isinstance(block.spec, Dense):
            groups = [factored(group) for group in groups]
        whole = self._amount(groups)
        gates = tuple(
            self._gate(found, layer, span)
            for layer, span in alike(block)
            for loop in block.loops
            for found in affine_maps(loop, self.weights)
            if found.parameters
        )
        return LayerCount(whole.formula, whole.total, str(block.spec), gates)

    def _groups(self, block: Block, measure: Measure) -> list[Group]:
        """Return the maps of a block: alike in both directions, and in all later layers."""
        found: list[Group] = []
        for layer, span in alike(block):
            chains = Counter(
                grouped(measure(m, layer) for m in affine_maps(loop, self.weights))
                for loop in block.loops
            )
            for groups, directions in chains.items():
                before, after = Integer(directions), length(span)
                found += [Group((before, *g.times, after), g.terms) for g in groups]
        return found

    def _entries(self, found: AffineMap, layer: Expr) -> tuple[Terms, Terms]:
        entries = [(p.shape[1] != 1, self._size_of(p, layer)) for p in found.parameters]
        matrices = gathered(term for is_matrix, term in entries if is_matrix)
        return matrices, gathered(term for is_matrix, term in entries if not is_matrix)

    def _size_of(self, parameter: Array, layer: Expr) -> Term:
        rows, cols = (self.sizes.at(s, layer) for s in parameter.shape)
        # A table is written with its number of words first.
        return (cols, rows) if parameter == self.table else (rows, cols)

    def _gate(self, found: AffineMap, layer: Expr, span: Span | None) -> Gate:
        parameters = tuple(self._parameter(p, layer) for p in found.parameters)
        terms = gathered(t for p in parameters for g in p.formula.groups for t in g.terms)
        whole = self._amount([Group((), terms)])
        array, equation = found.array, found.equations[0]
        return Gate(whole.formula, whole.total, array, equation, parameters, span)

    def _parameter(self, array: Array, layer: Expr) -> Parameter:
        amount = self._amount([Group((), gathered([self._size_of(array, layer)]))])
        rows, cols = (self.sizes.at(s, layer) for s in array.shape)
        return Parameter(amount.formula, amount.total, array, (rows, cols))

    # Costs

    def _products(self, found: AffineMap, layer: Expr) -> tuple[Terms, Terms]:
        every_step = found.equations[0].time is not None
        counted = (t for p in found.products if every_step for t in multiply_adds(p))
        return gathered(tuple(self.sizes.at(s, layer) for s in term) for term in counted), ()

    def _memory(self) -> Iterator[Group]:
        kept = stored(derive(self.system))
        for times in ((STEPS,), ()):
            terms = gathered(self._numbers(s) for s in kept if s.every_step == bool(times))
            if terms:
                yield Group(times, terms)

    def _numbers(self, kept: Stored) -> Term:
        # A one-hot vector is kept as the place of its 1.
        one_hot = self.table is not None and kept.array == self.system.input
        return (length(kept.layers), ONE if one_hot else self.sizes.at(kept.array.shape[0]))
