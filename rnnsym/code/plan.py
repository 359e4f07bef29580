"""What is fused and hoisted in a unit, decided from its equations and never by a cell's name.

An equation that does not depend on a state of another step is computed for all steps at once. Of
the others, an affine one (W x + U h + b) is split into what is known beforehand and the products
with a state; those that take the same vector become one product of stacked weights.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby, permutations

from rnnsym.code.kept import with_kept_named
from rnnsym.code.units import LocalEquation, Unit, arrays_in
from rnnsym.expr import TIME, Array, Family, Map, Node, Plus, Product
from rnnsym.record import record

__all__ = ["Affine", "Plan", "Run"]

MAX_ORDERS = 6


@record
class Affine:
    """An equation a = W x + U h + b + others.

    Attributes:
        hoisted: its product with what is known beforehand.
        recurrent: its product with what the loop computes.
        known: the other terms that are known beforehand.
        others: the other terms that are not.
    """

    lhs: Array
    hoisted: Product | None
    recurrent: Product | None
    bias: Array | None
    known: tuple[Node, ...]
    others: tuple[Node, ...]


@record
class Run:
    """Neighbours in the stack of pre-activations whose weights are used as one.

    Attributes:
        name: of the stacked weights; that of the weight itself where it is alone.
        weights: in order.
        members: the pre-activations.
        vector: what the product takes, or None for biases.
    """

    name: str
    weights: tuple[Array, ...]
    members: tuple[Array, ...]
    vector: Node | None


class Plan:
    """How one unit is computed."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.equations, self.kept = with_kept_named(unit)
        self.own = {e.lhs.family for e in self.equations}
        self.state_families = {s.family for s, _ in unit.states}
        self.weight_set = frozenset(unit.weights)
        self.recursive = self._recursive()

    # What depends on what

    def _recursive(self) -> frozenset[Family]:
        """Return what depends on a state of another step."""
        found: set[Family] = set()
        while True:
            new = {
                e.lhs.family
                for e in self.equations
                if any(self._carried(a) or a.family in found for a in arrays_in(e.rhs))
            }
            if new <= found:
                return frozenset(found)
            found |= new

    def _carried(self, array: Array) -> bool:
        return array.family in self.own and array.time != TIME

    def known(self, node: Node) -> bool:
        """Tell whether a node can be computed before the loop."""
        return not any(a.family in self.recursive or self._carried(a) for a in arrays_in(node))

    @cached_property
    def inside(self) -> tuple[LocalEquation, ...]:
        """The equations of the loop: recursive, and read by what becomes a state."""
        needed = set(self.state_families)
        for equation in reversed(self.equations):
            if equation.lhs.family in needed:
                needed |= {a.family for a in arrays_in(equation.rhs)}
        return tuple(e for e in self.equations if e.lhs.family in self.recursive & needed)

    @cached_property
    def before(self) -> tuple[LocalEquation, ...]:
        """The equations that are computed for all steps before the loop."""
        return tuple(e for e in self.equations if e.lhs.family not in self.recursive)

    @cached_property
    def after(self) -> tuple[LocalEquation, ...]:
        """The equations that are computed for all steps after the loop."""
        gone = {e.lhs for e in (*self.before, *self.inside)}
        return tuple(e for e in self.equations if e.lhs not in gone)

    @cached_property
    def in_place(self) -> dict[Family, Array]:
        """For y = f(a) where nothing else reads a: y, which takes the place of a."""
        backward = {
            a.family
            for line in self.unit.lines
            for node in (*line.terms, *([line.factor] if line.factor else []))
            for a in arrays_in(self.kept.replaced(node))
        }
        backward |= {a.family for _, ts in self.unit.gradients for n in ts for a in arrays_in(n)}
        backward |= {a.family for r in self.unit.reads for n in r.terms for a in arrays_in(n)}
        found: dict[Family, Array] = {}
        for equation in self.equations:
            rhs = equation.rhs
            if not isinstance(rhs, Map) or not isinstance(rhs.arg, Array):
                continue
            family = rhs.arg.family
            readers = [e for e in self.equations if family in {a.family for a in arrays_in(e.rhs)}]
            plain = family not in backward and len(readers) == 1
            free = family in self.own and not {family, equation.lhs.family} & self.state_families
            if plain and free:
                found[family] = equation.lhs
        return found

    # Affine equations and their stacking

    @cached_property
    def affine(self) -> tuple[Affine, ...]:
        """The affine equations, in the order in which they are stacked."""
        found = [a for a in map(self._affine, (*self.before, *self.inside)) if a is not None]
        if not 1 < len(found) <= MAX_ORDERS:
            return tuple(found)
        return min(permutations(found), key=self._cost)

    def _affine(self, equation: LocalEquation) -> Affine | None:
        if equation.lhs.family in self.state_families:
            return None
        terms = _terms(equation.rhs)
        products = [t for t in terms if isinstance(t, Product) and self._once(t)]
        hoisted = next((p for p in products if self._of_inputs(p)), None)
        recurrent = next((p for p in products if not self.known(p)), None)
        if hoisted is None and recurrent is None:
            return None
        bias = next((t for t in terms if isinstance(t, Array) and self._single(t)), None)
        rest = [t for t in terms if not any(t is x for x in (hoisted, recurrent, bias))]
        return Affine(
            equation.lhs,
            hoisted,
            recurrent,
            bias,
            tuple(t for t in rest if self.known(t)),
            tuple(t for t in rest if not self.known(t)),
        )

    def _of_inputs(self, product: Product) -> bool:
        """Tell whether a product takes what the unit reads, and nothing that it computes."""
        return not any(a.family in self.own for a in arrays_in(product))

    def _uses(self, array: Array) -> int:
        return sum(a == array for e in self.unit.equations for a in arrays_in(e.rhs))

    def _single(self, array: Array) -> bool:
        return array in self.weight_set and self._uses(array) == 1

    def _once(self, product: Product) -> bool:
        """Tell whether this is W v with a weight that stands nowhere else."""
        first, *rest = product.children
        return len(rest) == 1 and isinstance(first, Array) and self._single(first)

    def _cost(self, order: tuple[Affine, ...]) -> tuple[int, int]:
        levels, sources = self._levels, self._sources
        runs = sum(len(list(_runs(order, kind))) for kind in ("hoisted", "recurrent", "bias"))
        calls = len(list(groupby(levels[a.lhs.family] for a in order)))
        calls += len(list(groupby(levels[a.lhs.family][0] for a in order)))
        calls += len(list(groupby(sources.get(a.lhs.family) for a in order)))
        return runs, calls

    @cached_property
    def _levels(self) -> dict[Family, tuple[int, str]]:
        """When in a step an equation can be computed, and the function it goes through."""
        depth: dict[Family, int] = {}
        for e in self.equations:
            reads = (depth.get(a.family, 0) for a in arrays_in(e.rhs) if a.time == TIME)
            depth[e.lhs.family] = 1 + max(reads, default=0)
        through = {e.rhs.arg: e.rhs.name for e in self.equations if isinstance(e.rhs, Map)}
        return {e.lhs.family: (depth[e.lhs.family], through.get(e.lhs, "")) for e in self.equations}

    @cached_property
    def _sources(self) -> dict[Family, tuple[str, ...]]:
        """The adjoints that each line reads."""
        return {
            line.of.family: tuple(
                str(a) for n in line.terms for a in arrays_in(n) if a.family.role == "adjoint"
            )[:1]
            for line in self.unit.lines
        }

    def runs(self, kind: str) -> tuple[Run, ...]:
        """Return the runs of weights of one kind: hoisted, recurrent or bias."""
        found: list[Run] = []
        for members in _runs(self.affine, kind):
            parts: list[Node] = [getattr(m, kind) for m in members]
            weights = tuple(_weight(p) for p in parts)
            first = parts[0]
            vector = first.children[1] if isinstance(first, Product) else None
            name = self._packed_name([w.name for w in weights])
            found.append(Run(name, weights, tuple(m.lhs for m in members), vector))
        return tuple(found)

    def _packed_name(self, names: list[str]) -> str:
        if len(names) == 1:
            return names[0]
        stems = {n.partition("_")[0] for n in names}
        subs = [n.partition("_")[2] for n in names]
        name = f"{stems.pop()}_{''.join(subs)}" if len(stems) == 1 and all(subs) else "".join(names)
        taken = {w.name for w in self.weight_set} | {f.name for f in self.own}
        while name in taken:
            name += "_"
        return name

    @cached_property
    def stacked(self) -> tuple[Run, ...]:
        """The runs of more than one weight."""
        kinds = ("hoisted", "recurrent", "bias")
        return tuple(r for k in kinds for r in self.runs(k) if len(r.weights) > 1)


def _runs(order: Iterable[Affine], kind: str) -> Iterator[list[Affine]]:
    """Yield neighbours whose products take the same vector."""

    def key(a: Affine) -> object:
        part = getattr(a, kind)
        return part.children[1] if isinstance(part, Product) else part is not None

    for same, members in groupby(order, key):
        if same is not None and same is not False:
            found = [m for m in members if getattr(m, kind) is not None]
            if found:
                yield found


def _weight(part: Node) -> Array:
    weight = part.children[0] if isinstance(part, Product) else part
    assert isinstance(weight, Array)
    return weight


def _terms(node: Node) -> tuple[Node, ...]:
    return node.children if isinstance(node, Plus) else (node,)
