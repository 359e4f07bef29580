"""The symbols of a formula with their indices, read for one line of a model."""

from collections.abc import Sequence
from dataclasses import replace

from rnnsym.audit.layers import settled
from rnnsym.audit.scalars import scalar
from rnnsym.audit.symbols import Symbols
from rnnsym.audit.tokens import failure
from rnnsym.audit.tree import Name, Tree
from rnnsym.errors import InputError
from rnnsym.expr import LAYER, STEPS, TIME, Array, Expr, Node, rebuild, transpose
from rnnsym.expr.rows import Rows

__all__ = ["References", "written"]

_SHIFTS = {"prev": -1, "next": 1}
_DIRECTIONS = ("fwd", "bwd")


def written(tree: Name) -> str:
    """Return a symbol as errors call it."""
    return "_".join([tree.base, *(s.base for s in tree.subscripts if isinstance(s, Name))])


class References:
    """Reads symbols.

    Args:
        symbols: what names mean.
        line: the array that is asked for; a symbol without layer, direction or step has the line's.
        text: the formula, for carets.
        rows: how a formula for rows is printed; None where it is one for columns.
    """

    def __init__(self, symbols: Symbols, line: Array, text: str, rows: Rows | None = None) -> None:
        self.symbols, self.line, self.text, self.rows = symbols, line, text, rows
        self.bound: dict[str, Expr] = {}
        self._columns: dict[Node, Node] = {}

    def shown(self, array: Array) -> Node:
        """Return an array as the formula means it: of rows in a formula for rows."""
        if self.rows is None:
            return array
        printed = self.rows.of(array)
        self._columns[printed] = transpose(array) if self.rows.flips(array) else array
        return printed

    def in_columns(self, node: Node) -> Node:
        """Return a formula that was read for rows in our own arrays, of columns."""
        if not self._columns:
            return node
        if isinstance(node, Array):
            return self._columns[node]
        return rebuild(node, tuple(self.in_columns(child) for child in node.children))

    def names(self) -> dict[str, Expr]:
        """Return the sizes and indices that have a meaning here."""
        layer = self.line.layer
        here = self.symbols.scalars if layer is None else {
            k: v.xreplace({LAYER: layer}) for k, v in self.symbols.scalars.items()
        }  # fmt: skip
        return {**here, **self.bound}

    def array(self, tree: Name) -> Array:
        """Return the array that a symbol means."""
        try:
            return self._array(tree)
        except InputError as error:
            if "\n" in str(error):
                raise
            raise failure(self.text, tree.place, str(error)) from None

    def _array(self, tree: Name) -> Array:
        found = self.symbols.split(tree)
        if found is None or found[0] not in self.symbols.entries:
            raise InputError(self.symbols.unknown(written(tree)))
        name, rest = found
        model = self.symbols.entries[name][0].array
        bare = model.time is None and model.layer is None
        if bare and any(isinstance(s, Name) and s.base not in _DIRECTIONS for s in rest):
            raise InputError(self.symbols.unknown(written(tree)))
        direction, items = "", [*rest, *tree.indices]
        for mark in [i for i in items if isinstance(i, Name) and i.base in _DIRECTIONS]:
            items.remove(mark)
            direction = str(mark.base) if isinstance(mark, Name) else ""
        timed = model.time is not None
        if tree.above is not None and timed and self._is_step(name, tree.above):
            items.append(tree.above)
            tree = replace(tree, above=None)
        layer = None if tree.above is None else self.index(tree.above)
        layer, time = self._placed(items, layer, timed)
        entry = self.symbols.choose(
            name, direction, layer, self.line.layer, self.line.family.direction
        )
        array = entry.array
        if tree.gradient:
            if entry.gradient is None:
                raise InputError(f"∂L/∂{name} is no line of this derivation")
            array = self._initial(entry.array, time) or entry.gradient
        if array.time is not None:
            array = array.xreplace({TIME: self._now() if time is None else time})
        elif time is not None:
            raise InputError(f"{name} has no time index")
        return settled(self.symbols.system, array, self.line.layer)

    def differential(self, tree: Name) -> Name | None:
        """Return ∂L/∂c for dc, where c is a name and dc is none."""
        rest = replace(tree, base=tree.base[1:], gradient=True)
        known = tree.base[0] == "d" and rest.base and self.symbols.split(rest) is not None
        return rest if known else None

    def _is_step(self, name: str, above: Tree) -> bool:
        """Tell whether what stands above in brackets is a step, as in h^{(t)}, and no layer."""
        layered = any(e.array.layer is not None for e in self.symbols.entries[name])
        steps = {TIME, STEPS, *self.bound.values()}
        return not layered or bool(self.index(above).free_symbols & steps)

    def _initial(self, state: Array, time: Expr | None) -> Array | None:
        """Return ∂L/∂ of an initial state, where that is what is meant."""
        for step in self.symbols.derivation.initial:
            same = (step.of.family, step.of.layer) == (state.family, state.layer)
            if same and time is not None and step.of.time == time:
                return step.target
        return None

    def _now(self) -> Expr:
        """The step of a symbol without one: that of the innermost sum, else that of the line."""
        if self.bound:
            return list(self.bound.values())[-1]
        return TIME if self.line.time is None else self.line.time

    def _placed(
        self, items: Sequence[Tree], layer: Expr | None, timed: bool
    ) -> tuple[Expr | None, Expr | None]:
        """Tell layer and time apart: [layer, time], or one of them alone."""
        found = [self.index(item) for item in items]
        if len(found) > 2 or (len(found) == 2 and layer is not None):
            raise InputError("a symbol has at most a layer and a time index")
        if len(found) == 2:
            return found[0], found[1]
        if len(found) == 1 and layer is None and (found[0].has(LAYER) or not timed):
            return found[0], None
        return layer, found[0] if found else None

    def index(self, tree: Tree) -> Expr:
        """Return a step or a layer."""
        if isinstance(tree, Name) and tree.base in _SHIFTS and not tree.subscripts:
            return self._now() + _SHIFTS[tree.base]
        names = {"t": TIME, "T": STEPS, **{k: self.names()[k] for k in ("l", "ell", "L")}}
        value = scalar(tree, {**names, **self.bound})
        if value is None:
            shown = tree.base if isinstance(tree, Name) else "this"
            known = ", ".join(dict.fromkeys([*names, *self.bound]))
            raise failure(self.text, tree.place, f"'{shown}' is no index (known: {known})")
        return value
