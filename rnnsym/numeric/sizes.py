"""Numbers for symbolic sizes: one for every symbol, and a free one for every layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, cycle

from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.expr import LAYER, LAYERS, STEPS, Expr, Integer, Shape, Span, size, size_of_layer
from rnnsym.model_text import MAX_DEPTH

__all__ = ["Sizes", "small_sizes", "uniform_sizes"]

Value = int | Mapping[int, int]


@dataclass(frozen=True)
class Sizes:
    """Every size of a system as a number.

    Attributes:
        values: by name; a mapping from layer to number for the sizes of a stack.
        steps: T.
        depth: L.
        batch: sequences side by side, as columns.
    """

    system: System
    values: Mapping[str, Value]
    steps: int
    depth: int
    batch: int = 1

    @cached_property
    def rule(self) -> dict[Expr, Expr]:
        """Replacements for every symbol and every size of a layer."""
        rule: dict[Expr, Expr] = {LAYERS: Integer(self.depth), STEPS: Integer(self.steps)}
        for name, value in self.values.items():
            if isinstance(value, int):
                rule[size(name)] = Integer(value)
            else:
                rule |= {size_of_layer(name, Integer(k)): Integer(v) for k, v in value.items()}
        for name, span, below, inside in self.system.widths:
            first, last = (int(e.xreplace(rule)) for e in (span.first, span.last))
            rule[size_of_layer(name, Integer(first - 1))] = self._resolved(below, rule)
            for k in range(first, last + 1):
                value_at = inside.xreplace({LAYER: Integer(k)})
                rule[size_of_layer(name, Integer(k))] = self._resolved(value_at, rule)
        return rule

    @staticmethod
    def _resolved(expr: Expr, rule: dict[Expr, Expr]) -> Expr:
        return expr.xreplace({LAYERS: rule[LAYERS]}).xreplace(rule)

    def number(self, expr: Expr, layer: int | None = None) -> int:
        """Return a size or an index as an int, at one layer."""
        if (expr, layer) not in self._found:
            at = expr if layer is None else expr.xreplace({LAYER: Integer(layer)})
            placed = at.xreplace({LAYERS: Integer(self.depth)})
            self._found[expr, layer] = int(placed.xreplace(self.rule))
        return self._found[expr, layer]

    @cached_property
    def _found(self) -> dict[tuple[Expr, int | None], int]:
        return {}

    def shape(self, shape: Shape, layer: int | None = None) -> tuple[int, int]:
        """Return a shape as numbers, at one layer."""
        return self.number(shape[0], layer), self.number(shape[1], layer)

    def range(self, span: Span | None) -> list[int]:
        """Return the indices of a span, or [0] where there is none."""
        if span is None:
            return [0]
        return list(range(self.number(span.first), self.number(span.last) + 1))

    def tables(self) -> dict[str, Value]:
        """Return the sizes by name, widths included, as generated code reads them."""
        tables: dict[str, Value] = dict(self.values)
        for name, span, _, _ in self.system.widths:
            layers = range(self.number(span.first) - 1, self.number(span.last) + 1)
            tables[name] = {k: int(self.rule[size_of_layer(name, Integer(k))]) for k in layers}
        return tables


MANY = 14


def small_sizes(system: System, steps: int = 4, depth: int = 3) -> Sizes:
    """Return pairwise-distinct small sizes, free in every layer: they hide no transpose."""
    depth = depth if system.symbolic_depth else int(system.depth)
    at: dict[Expr, Expr] = {LAYERS: Integer(depth)}
    values: dict[str, Value] = {}
    # A deep stack takes the same numbers again: layers that meet still differ.
    following = chain(range(2, MANY), cycle(range(3, MANY)))
    layered = {name: span.at(at) for name, span in system.layered_sizes}
    for name in system.size_names:
        if name == "L":
            continue
        if name in layered:
            first, last = int(layered[name].first), int(layered[name].last)
            values[name] = {k: next(following) for k in range(first, last + 1)}
        else:
            values[name] = next(following)
    return Sizes(system, values, steps, depth)


def uniform_sizes(system: System, steps: int, batch: int = 1) -> Sizes:
    """Return the sizes that the model was given, the same in every layer of a stack.

    Raises:
        InputError: a size is still symbolic, or the depth L is beyond what a model text may say.
    """
    missing = [name for name in system.size_names if name not in system.bound]
    if missing:
        listed = ", ".join(f"{name}=…" for name in missing)
        raise InputError(f"'{system.model}' needs numbers for its sizes: {listed}")
    depth = system.bound.get("L") or int(system.depth)
    if system.symbolic_depth and depth > MAX_DEPTH:
        raise InputError(f"arrays of L = {depth} layers are too many (at most {MAX_DEPTH})")
    at: dict[Expr, Expr] = {LAYERS: Integer(depth)}
    values: dict[str, Value] = {k: v for k, v in system.bound.items() if k != "L"}
    for name, span in system.layered_sizes:
        placed = span.at(at)
        layers = range(int(placed.first), int(placed.last) + 1)
        values[name] = dict.fromkeys(layers, system.bound[name])
    return Sizes(system, values, steps, depth, batch)
