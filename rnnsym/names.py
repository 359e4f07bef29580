"""What the sizes and arrays of a model are called, so that no two of them share a name."""

from itertools import chain, count

from rnnsym.equations import Model
from rnnsym.errors import InputError
from rnnsym.expr import LAYER, Expr, size, size_of_layer
from rnnsym.model_text import Dense, Embedding, Recurrent

__all__ = ["Names"]


class Names:
    """The names of a model's sizes, and of the arrays that stand beside its cells' own.

    Attributes:
        sizes: every size in order, with the number that the model's text gives, or None.
    """

    def __init__(self, model: Model) -> None:
        self.recurrent = [x for x in model.layers if isinstance(x, Recurrent)]
        self.dense = [x for x in model.layers if isinstance(x, Dense)]
        self.cells = {x: model.cell(x) for x in self.recurrent}
        self._taken = {e.lhs.name for c in self.cells.values() for e in c.equations}
        self._taken |= {p.name for c in self.cells.values() for p in c.parameters}
        self.sizes: dict[str, int | None] = {}
        first = model.layers[0]
        if isinstance(first, Embedding):
            self.sizes |= {"V": first.vocabulary, "e": first.size}
        else:
            self.sizes["d"] = None
        for spec in self.recurrent:
            self.sizes |= self._of_layer(spec)
        for place, readout in enumerate(self.dense, 1):
            self.sizes[self.of_dense("q", place)] = readout.size
        if any(x.depth == 0 for x in self.recurrent):
            self.sizes["L"] = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        return tuple(self.cells.items()), tuple(self.sizes.items())

    def _of_layer(self, spec: Recurrent) -> dict[str, int | None]:
        names = self.cells[spec].size_names
        main = "n" if "n" in names else next(iter(names), "n")
        others = [name for name in names if name != main]
        if spec.projection is not None and not others:
            raise InputError(
                f"cell '{spec.cell}' has no second size, so '{spec}' is one number too many"
            )
        values = dict.fromkeys(names) | {main: spec.size}
        values |= dict.fromkeys(others[:1], spec.projection)
        return {self.of_layer(name, spec): values[name] for name in (main, *others)}

    def of_layer(self, name: str, spec: Recurrent) -> str:
        """Return the name of a size of a layer: ``n``, or ``n_2`` where there are several."""
        if len(self.recurrent) == 1:
            return name
        place = next(i for i, x in enumerate(self.recurrent) if x is spec)
        return f"{name}_{place + 1}"

    def size_at(self, name: str, spec: Recurrent) -> Expr:
        """Return a size of a layer as a symbol, n, or in a stack as a function of ℓ, n(ℓ)."""
        full = self.of_layer(name, spec)
        return size(full) if spec.depth == 1 else size_of_layer(full, LAYER)

    def of_dense(self, name: str, place: int) -> str:
        """Return the name of a size of a dense layer."""
        return name if len(self.dense) == 1 else f"{name}_{place}"

    def fresh(self, *candidates: str) -> str:
        """Return the first of ``candidates`` that no cell uses."""
        further = (f"{candidates[0]}_{k}" for k in count(2))
        return next(c for c in chain(candidates, further) if not self._reads_as_taken(c))

    def _reads_as_taken(self, name: str) -> bool:
        """Tell whether a cell uses a name, or that of its gradient or pre-activation."""
        return bool({name, f"d{name}", f"a_{name}"} & self._taken)

    @property
    def layer_output(self) -> tuple[str, str]:
        """Name and label of the output of a recurrent layer."""
        return ("y", "y") if "y" not in self._taken else ("y_out", r"y_{\mathrm{out}}")
