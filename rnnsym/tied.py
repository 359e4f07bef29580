"""Sizes as they are printed: one n for the n(ℓ) of a stack, whose layers are derived as free."""

from collections.abc import Iterator

from rnnsym.equations import Block, System
from rnnsym.expr import LAYER, AppliedUndef, Expr, Integer, Span, size

__all__ = ["TiedSizes", "alike", "length"]


class TiedSizes:
    """The sizes of a system with those of a stack's layers tied to one."""

    def __init__(self, system: System) -> None:
        self.widths = {name: (span.first, below, own) for name, span, below, own in system.widths}
        self._found: dict[tuple[Expr, Expr], Expr] = {}

    def at(self, expr: Expr, layer: Expr = LAYER) -> Expr:
        """Return a size at a layer: n(ℓ) is n, and the width m(ℓ−1) is what layer ℓ reads.

        >>> from rnnsym.expr import Integer
        >>> from rnnsym.system import build_system, read_model
        >>> system = build_system(read_model("bi(lstm)*L"))
        >>> _, read = system.weights[0].array.shape
        >>> TiedSizes(system).at(read, Integer(1)), TiedSizes(system).at(read)
        (d, 2*n)
        """
        if not expr.args and expr != LAYER:  # a letter or a number, the same in every layer
            return expr
        if (expr, layer) not in self._found:
            placed = expr.xreplace({LAYER: layer})
            tied = {s: self._tied(s) for s in placed.atoms(AppliedUndef)}
            self._found[expr, layer] = placed.xreplace(tied)
        return self._found[expr, layer]

    def _tied(self, applied: Expr) -> Expr:
        name, index = str(applied.func), applied.args[0]
        if name not in self.widths:
            return size(name)
        first, below, own = self.widths[name]
        return self.at(below if index == first - 1 else own)


def alike(block: Block) -> Iterator[tuple[Expr, Span | None]]:
    """Yield the layers of a block that have the same shapes, with an index to write these at."""
    span = block.layers
    if span is None or span.first == span.last:
        yield LAYER, span
    else:
        yield span.first, Span(span.first, span.first)
        yield LAYER, Span(span.first + 1, span.last)


def length(span: Span | None) -> Expr:
    """Return the number of indices in a span; 1 where there is no index."""
    return Integer(1) if span is None else span.last - span.first + 1
