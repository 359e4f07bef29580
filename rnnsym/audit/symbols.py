"""What the names in a formula mean in one model: arrays, adjoints, gradients, sizes, indices."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from rnnsym.audit.layers import below
from rnnsym.audit.notation import parse
from rnnsym.audit.spelling import flat, spelling
from rnnsym.audit.tree import Name, Tree
from rnnsym.convention import read_convention
from rnnsym.derivation import Derivation
from rnnsym.equations import Equation
from rnnsym.errors import InputError, nearest
from rnnsym.expr import (
    LAYER,
    LAYERS,
    STEPS,
    TIME,
    Array,
    Constant,
    Expr,
    Family,
    Span,
    size,
    size_of_layer,
)

__all__ = ["Symbols", "gate_gradient"]

MAX_ALIASES = 100
_ACCENTS = ("tilde", "hat", "bar")


def gate_gradient(gate: Array) -> Array:
    """Return ∂L/∂ of a gate, an array that the derivation writes inside the pre-activation's δ."""
    family = gate.family
    role = Family(family.name, family.label, family.direction, "gradient")
    return Array(role, gate.shape, gate.layer, gate.time)


def _key(label: str) -> str:
    try:
        return "_".join(spelling(parse(label)[1]))
    except InputError:  # a label that is no symbol of this notation has its name only
        return ""


def _name(array: Array) -> str:
    return array.family.name


def _label(array: Array) -> str:
    """Return an array's label as a formula would spell it."""
    label = _key(array.family.label)
    return f"delta_{label}" if label and array.family.role == "adjoint" else label


class _Entry(NamedTuple):
    """One meaning of a name: the array at ℓ and t, and what ∂L/∂ of it is."""

    array: Array
    gradient: Array | None


class Symbols:
    """The names of a derivation, with a user's own names for some of them.

    Args:
        derivation: whose arrays are meant.
        aliases: new name → name in the model; the old one keeps its meaning unless it is renamed.
        stack: the layers that ℓ runs over in this formula, where a model has several stacks.
    """

    def __init__(
        self,
        derivation: Derivation,
        aliases: Mapping[str, str] | None = None,
        stack: Span | None = None,
    ) -> None:
        self.derivation, self.system, self.stack = derivation, derivation.system, stack
        self.entries: dict[str, list[_Entry]] = {}
        # A name is a name; a label that is another array's name is not.
        for spelled in (_name, _label):
            taken = {k: v[0].array.family.name for k, v in self.entries.items()}
            for entry in self._all():
                name = spelled(entry.array)
                known = self.entries.setdefault(name, [])
                if taken.get(name, entry.array.family.name) == entry.array.family.name:
                    known += [] if entry in known else [entry]
        self.entries.pop("", None)
        for name, label in read_convention(self.system.model.convention).labels.items():
            for prefix in ("", "delta_"):
                if prefix + name in self.entries:
                    self.entries.setdefault(prefix + label, self.entries[prefix + name])
        for name in [n for n in self.entries if n.endswith("_tilde")]:
            self.entries.setdefault(f"{name.removesuffix('_tilde')}_hat", self.entries[name])
        if "delta_a" in self.entries:  # the only pre-activation of a layer without gates
            self.entries.setdefault("delta", self.entries["delta_a"])
        self.scalars = self._scalars()
        self.renamed: dict[str, str] = {}
        self._rename(aliases or {})

    # Building

    def means(self, layer: Span | None) -> bool:
        """Tell whether a line over these layers is one that a formula with ℓ may be about."""
        return layer is None or self.stack is None or layer == self.stack

    def _all(self) -> Iterator[_Entry]:
        adjoints = {s.of: s.target for s in self.derivation.adjoints}
        for equation in (e for e in self.system.equations if self.means(e.layer)):
            lhs = equation.lhs
            gradient = gate_gradient(lhs) if equation.fused else adjoints.get(lhs)
            yield _Entry(lhs, gradient)
        gradients = (*self.derivation.weights, *self.derivation.inputs)
        for step in (s for s in gradients if self.means(s.layer)):
            yield _Entry(step.of, step.target)
        for term in self.system.loss_terms:
            yield _Entry(term.given, None)
        for step in (s for s in self.derivation.adjoints if self.means(s.layer)):
            yield _Entry(step.target, None)

    def _scalars(self) -> dict[str, Expr]:
        found: dict[str, Expr] = {"T": STEPS, "l": LAYER, "ell": LAYER, "t": TIME}
        depth = self.system.depth
        found["L"] = LAYERS if self.system.symbolic_depth else depth
        layered = dict(self.system.layered_sizes)
        for name in self.system.size_names:
            if name != "L":
                found[name] = size_of_layer(name, LAYER) if name in layered else size(name)
        for equation in self.system.equations:
            for number in sorted(equation.rhs.atoms(Constant), key=str):
                found |= {number.name: number, _key(number.label): number}
        for name, _, _, _ in self.system.widths:
            found[name] = size_of_layer(name, LAYER)
        return found

    def _rename(self, aliases: Mapping[str, str]) -> None:
        if len(aliases) > MAX_ALIASES:
            raise InputError(f"{len(aliases)} aliases (at most {MAX_ALIASES})")
        found: dict[str, list[_Entry]] = {}
        for new, old in aliases.items():
            parts = self._parts(new), self._parts(old)
            if parts[1] in self.scalars and parts[1] not in self.entries:
                self.renamed[parts[0]] = parts[1]
                continue
            known = self.entries.get(parts[1])
            if known is None:
                raise InputError(f"alias {new}={old}: {self._unknown(parts[1])}")
            found[parts[0]] = known
            # A gate renamed takes its pre-activation and their adjoints along.
            for prefix in ("a_", "delta_", "delta_a_"):
                if prefix + parts[1] in self.entries:
                    found.setdefault(prefix + parts[0], self.entries[prefix + parts[1]])
        self.entries |= found
        self.scalars |= {new: self.scalars[old] for new, old in self.renamed.items()}

    @staticmethod
    def _parts(name: str) -> str:
        try:
            left, tree = parse(name)
        except InputError:
            left, tree = None, None
        if left is not None or not isinstance(tree, Name) or "?" in spelling(tree):
            raise InputError(f"an alias is NEW=OLD with two names such as Wf=W_f, not '{name}'")
        return "_".join(spelling(tree))

    # Looking up

    def known(self) -> list[str]:
        """Return every name that a formula may hold."""
        return [*self.entries, *self.scalars]

    def _unknown(self, name: str) -> str:
        hint = nearest(name, self.known())
        labels = read_convention(self.system.model.convention).labels
        names = [n for n, found in self.entries.items() if found[0].array.name == n]
        arrays = [labels.get(n, n) for n in names]
        return f"unknown symbol '{name}'{hint} (known: {', '.join(arrays)})"

    def unknown(self, name: str) -> str:
        """Return what to say of a name that the model lacks."""
        return self._unknown(name)

    def split(self, tree: Name) -> tuple[str, list[Tree]] | None:
        """Return the longest known name that a symbol starts with, and the subscripts after it.

        C_t is c_t, X is x: what depends on time may be written with a capital. ctilde is c_tilde.
        """
        found = self._split(tree)
        for accent in _ACCENTS if found is None else ():
            if tree.base.endswith(accent) and tree.base != accent:
                spelled = f"{tree.base.removesuffix(accent)}_{accent}"
                found = found or self._split(replace(tree, base=spelled))
        if found is None and tree.base[:1].isupper() and tree.base[1:2] in ("", "_"):
            small = self._split(replace(tree, base=tree.base[0].lower() + tree.base[1:]))
            if small is not None and small[0] in self.entries and self._timed(small[0]):
                return small
        return found

    def apart(self, tree: Name) -> tuple[Name, Name] | None:
        """Return the two factors of Wx_t: a matrix and what it multiplies, without a space."""
        for at in range(1, len(tree.base)):
            matrix, factor = tree.base[:at], replace(tree, base=tree.base[at:])
            known = matrix in self.entries and self.split(factor) is not None
            if known and not self._timed(matrix) and self.entries[matrix][0].array.shape[1] != 1:
                return Name(matrix, (), (), None, tree.place), factor
        return None

    def _timed(self, name: str) -> bool:
        return self.entries[name][0].array.time is not None

    def _split(self, tree: Name) -> tuple[str, list[Tree]] | None:
        base = spelling(Name(tree.base, (), (), None, 0))[0]
        rest = flat(tree.subscripts)
        marks = [s for s in rest if isinstance(s, Name) and s.base in ("fwd", "bwd")]
        others = [s for s in rest if s not in marks]
        for length in range(len(others), -1, -1):
            heads = [spelling(s) for s in others[:length]]
            if any("?" in h for h in heads):
                continue
            name = "_".join([base, *(p for h in heads for p in h)])
            if name in self.entries or name in self.scalars:
                return name, [*others[length:], *marks]
        return None

    def choose(
        self, name: str, direction: str, layer: Expr | None, wanted: Expr | None, place: str
    ) -> _Entry:
        """Return the meaning of a name for a direction and a layer.

        Args:
            name: a known name.
            direction: as written, or "" where the formula says none.
            layer: as written, or None.
            wanted: the layer of the line that is audited, for symbols without one.
            place: the direction of that line.
        """
        found = self.entries[name]
        given = [e for e in found if e.array.family.direction == direction] if direction else found
        if not given:
            raise InputError(f"{name} has no direction {direction}")
        if not direction and len({e.array.family.direction for e in given}) > 1:
            given = [e for e in given if e.array.family.direction == place]
            if not given:
                raise InputError(f"{name} has two directions: write {name}_fwd or {name}_bwd")
        return self._in_layer(name, given, layer, wanted)

    def _in_layer(
        self, name: str, found: list[_Entry], layer: Expr | None, wanted: Expr | None
    ) -> _Entry:
        if layer is None:
            return self._nearest_layer(name, found, wanted)
        exact = [e for e in found if e.array.layer == layer]
        if exact:
            return exact[0]
        deep = [e for e in found if e.array.layer is not None and e.array.layer.has(LAYER)]
        if deep:
            return self._moved(deep[0], layer)
        if all(e.array.layer is None for e in found):
            raise InputError(f"{name} has no layers in this model")
        layers = ", ".join(str(e.array.layer) for e in found)
        raise InputError(f"{name} has no layer {layer} (layers: {layers})")

    def _nearest_layer(self, name: str, found: list[_Entry], wanted: Expr | None) -> _Entry:
        same = [e for e in found if e.array.layer == wanted]
        if same:
            return same[0]
        deep = [e for e in found if e.array.layer is not None and e.array.layer.has(LAYER)]
        if deep:
            return deep[0] if wanted is None else self._moved(deep[0], wanted)
        if len(found) == 1:
            return found[0]
        layers = ", ".join(f"{name}[{e.array.layer}]" for e in found)
        raise InputError(f"{name} has several layers: {layers}")

    def _moved(self, entry: _Entry, layer: Expr) -> _Entry:
        """Return an entry at another layer, with the sizes that hold there."""
        arrays = (a.xreplace({LAYER: layer}) if a else None for a in (entry.array, entry.gradient))
        array, gradient = (below(self.system, a, layer) if a else None for a in arrays)
        return entry if array is None else _Entry(array, gradient)

    def equation(self, array: Array) -> Equation | None:
        """Return the forward equation that defines an array of this family and layer."""
        same = [e for e in self.system.equations if e.lhs.family == array.family]
        exact = [e for e in same if e.lhs.layer == array.layer]
        return next(iter(exact or same), None)
