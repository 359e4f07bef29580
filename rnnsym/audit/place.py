"""A point: numbers for every array of a model, and the layer and step where a formula is read.

Whatever lies outside the model is absent, and counts as zero: an adjoint of step T + 1, the layer
above the last. So a term that a derivation restricts to t < T needs no restriction in a formula.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

from rnnsym.derivation import Derivation, Step, Term
from rnnsym.expr import (
    LAYER,
    LAYERS,
    STEPS,
    TIME,
    AppliedUndef,
    Array,
    Expr,
    Family,
    Integer,
    Node,
    Shape,
    evaluated,
)
from rnnsym.numeric.sizes import Sizes

__all__ = ["Numbers", "Point"]

Numbers: TypeAlias = Any  # a NumPy array of mpmath's numbers
Key: TypeAlias = tuple[Family, int | None, int | None]


@dataclass(frozen=True)
class Point:
    """Numbers for every array of a model, at the layer and step where an expression is read.

    Attributes:
        context: mpmath's arithmetic, with its number of digits.
        known: the values so far.
        indices: numbers of ℓ, t and of the bound indices of sums.
        absent: families that have no value here.
    """

    derivation: Derivation
    sizes: Sizes
    context: Any
    known: dict[Key, Numbers]
    indices: Mapping[Expr, int] = field(default_factory=dict[Expr, int])
    absent: frozenset[Family] = frozenset()

    def at(self, **indices: int) -> "Point":
        """Return the same point, read at a layer ``l`` and a step ``t``."""
        names: dict[str, Expr] = {"l": LAYER, "t": TIME}
        return replace(self, indices={names[k]: v for k, v in indices.items()})

    def bind(self, index: Expr, value: int) -> "Point":
        """Return the same point with a bound index."""
        return replace(self, indices={**self.indices, index: value})

    def index(self, expr: Expr) -> int:
        """Return an index as a number."""
        base, offset = _parts(expr)
        if base is None:
            return offset
        if base in self.indices:
            return self.indices[base] + offset
        rule: dict[Expr, Expr] = {k: Integer(v) for k, v in self.indices.items()}
        rule |= {STEPS: Integer(self.sizes.steps), LAYERS: Integer(self.sizes.depth)}
        return int(expr.xreplace(rule))

    def scalar(self, expr: Expr) -> Any:
        """Return a number, which may hold sizes, in this point's arithmetic."""
        number = expr if expr.is_number else self.size(evaluated(expr))
        return self.context.mpf(number.p) / number.q

    def size(self, expr: Expr) -> Expr:
        """Return a size with every symbol in it replaced."""
        rule: dict[Expr, Expr] = {k: Integer(v) for k, v in self.indices.items()}
        return expr.xreplace(rule).xreplace(self.sizes.rule).xreplace(self.sizes.rule)

    def shape(self, node: Node) -> tuple[int, int]:
        """Return a shape as numbers."""
        rows, cols = (int(self.size(s)) for s in node.shape)
        return rows, cols

    def key(self, array: Array) -> Key:
        """Return where an array is kept."""
        layer, time = (None if i is None else self.index(i) for i in (array.layer, array.time))
        return array.family, layer, time

    def read(self, array: Array) -> Numbers | None:
        """Return an array's value, or None where the model has none."""
        if array.family in self.absent or self._elsewhere(array):
            return None
        return self.known.get(self.key(array))

    def holds(self, term: Term, step: Step) -> bool:
        """Tell whether a term of a line has its edge here."""
        spans = ((term.layer, step.layer, LAYER), (term.time, step.time, TIME))
        return all(
            self.index(own.first) <= self.indices[index] <= self.index(own.last)
            for own, whole, index in spans
            if own is not None and whole is not None
        )

    def on(self, step: Step) -> "Point":
        """Return the same point without what the line has, and has at another place only.

        So the adjoint of the last outputs, which has no t, reaches h at T and nothing else.
        """
        here, away = set[Family](), set[Family]()
        for term in step.terms:
            found = (a for a in term.value.atoms(Array) if a.time is None)
            (here if self.holds(term, step) else away).update(
                a.family for a in found if a.family.role == "adjoint"
            )
        return replace(self, absent=frozenset(away - here))

    def _elsewhere(self, array: Array) -> bool:
        """What has a fixed place reaches that place only, in a line for every ℓ or every t.

        Δ_T reaches step T; V, which reads the last layer of a stack and is written in the line's
        n(ℓ), that layer; and W(ℓ + 1) is none of a stack whose last layer is ℓ.
        """
        now, time = self.indices.get(TIME), array.time
        if (
            now
            and time is not None
            and _parts(time)[0] in (None, STEPS)
            and self.index(time) != now
        ):
            return True
        spans = dict(self.derivation.system.layered_sizes)
        above = array.layer is None or _parts(array.layer)[0] != LAYER
        for name, layer in _layered(array.shape) if spans else ():
            if name in spans:
                at, last = self.index(layer), self.index(spans[name].last)
                if not self.index(spans[name].first) <= at <= last:
                    return True
                if above and layer == LAYER and at != last:
                    return True
        return False


@lru_cache(maxsize=4096)
def _layered(shape: Shape) -> list[tuple[str, Expr]]:
    """Return the sizes of layers in a shape, by name and layer."""
    return [(str(size.func), size.args[0]) for side in shape for size in side.atoms(AppliedUndef)]


@lru_cache(maxsize=4096)
def _parts(expr: Expr) -> tuple[Expr | None, int]:
    """Split t − 1 into (t, −1), and 3 into (None, 3); anything else has no such parts."""
    if expr.is_number:
        return None, int(expr)
    symbols = list(expr.free_symbols)
    if len(symbols) == 1 and (expr - symbols[0]).is_number:
        return symbols[0], int(expr - symbols[0])
    return expr, 0
