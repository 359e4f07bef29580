"""What is multiplied by the same adjoint stands side by side, so that one product serves all.

δ_o = k_o ⊙ δ_h and the term k_c ⊙ δ_h of δ_c take the same δ_h: their coefficients are rows of one
array, their products rows of another. Those rows that are adjoints of pre-activations make the
stack that the recurrent product takes; the others stand before or behind it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from rnnsym.code.linear import Linear, LinearLine
from rnnsym.code.numpy_layer import Layer
from rnnsym.expr import Array, Expr, Family, Integer, Node
from rnnsym.record import record

__all__ = ["Fan", "Fans", "Part"]


@record
class Part:
    """One product coefficient ⊙ adjoint.

    Attributes:
        array: what holds it.
        whole: it is all of its line, and a pre-activation's adjoint; else one term of it.
    """

    array: Array
    term: Linear
    line: LinearLine
    whole: bool


@record
class Fan:
    """Neighbours that take the same adjoint."""

    name: str
    base: Array
    parts: tuple[Part, ...]


class Fans:
    """The fans of a unit, and where their products stand.

    Attributes:
        fans: each is one product.
        head: the products that stand before the stack of adjoints.
        tail: those that stand behind it.
        apart: fans that have an array of their own.
        of: the part that holds a term, by the term's id.
    """

    def __init__(
        self, layer: Layer, lines: tuple[LinearLine, ...], shared: Mapping[Node, Array]
    ) -> None:
        self.layer = layer
        self.places = {a.lhs.family: i for i, a in enumerate(layer.stack)}
        self.head: tuple[Part, ...] = ()
        self.tail: tuple[Part, ...] = ()
        self.apart: list[Fan] = []
        self.fans: list[Fan] = []
        found: dict[Array, list[Part]] = {}
        for line in lines:
            for term in line.terms:
                base = shared.get(term.base, term.base)
                if isinstance(base, Array) and term.coefficient is not None:
                    found.setdefault(base, []).append(self._part(base, term, line))
        for base, parts in found.items():
            self._place(base, parts)
        self.of = {id(p.term): p for f in self.fans for p in f.parts}

    def _part(self, base: Array, term: Linear, line: LinearLine) -> Part:
        target = line.line.target
        alone = len(line.terms) == 1 and line.factor is None and not line.line.incoming
        if alone and term.shift == 0 and line.line.of.family in self.places:
            return Part(target, term, line, whole=True)
        stem = target.name if term.shift == 0 else f"carried_{target.name.removeprefix('delta_')}"
        name = f"{stem}_via_{base.name.removeprefix('delta_')}"
        array = Array(Family(name, name, "", "adjoint"), target.shape, None, base.time)
        return Part(array, term, line, whole=False)

    def _place(self, base: Array, parts: list[Part]) -> None:
        """Put the products of one adjoint where one call writes most of them."""
        extras = tuple(p for p in parts if not p.whole)
        for first, run in self._runs([p for p in parts if p.whole]):
            if extras and first == 0 and not self.head:
                self.head, extras = extras, ()
                self._add(base, (*self.head, *run))
            elif extras and first + len(run) == len(self.places) and not self.tail:
                self.tail, extras = extras, ()
                self._add(base, (*run, *self.tail))
            else:
                self._add(base, run)
        if len(extras) > 1:
            self.apart.append(self._add(base, extras))

    def _runs(self, parts: list[Part]) -> Iterator[tuple[int, tuple[Part, ...]]]:
        """Yield neighbours in the stack, with the place of the first."""
        placed = {self.places[p.line.line.of.family]: p for p in parts}
        for place in sorted(placed):
            if place - 1 not in placed:
                last = place
                while last in placed:
                    last += 1
                yield place, tuple(placed[i] for i in range(place, last))

    def _add(self, base: Array, parts: tuple[Part, ...]) -> Fan:
        stem = base.name.removeprefix("delta_")
        name, number = stem, 2
        while name in {f.name for f in self.fans}:
            name, number = f"{stem}_{number}", number + 1
        fan = Fan(name, base, parts)
        self.fans.append(fan)
        return fan

    def taken_by(self, base: Array) -> Iterator[Fan]:
        """Yield the fans of an adjoint."""
        return (f for f in self.fans if f.base == base)

    # The arrays

    @cached_property
    def rows(self) -> tuple[Array, ...]:
        """What stands below each other: the stack of adjoints, and the products around it."""
        head, tail = ([p.array for p in parts] for parts in (self.head, self.tail))
        return (*head, *(self.layer.adjoints[family] for family in self.places), *tail)

    @property
    def together(self) -> list[Fan]:
        """The fans whose products stand among the rows, each in neighbours."""
        return [f for f in self.fans if len(f.parts) > 1 and f not in self.apart]

    @property
    def size(self) -> str:
        """The size of all rows."""
        return self.layer.size(self._start(len(self.rows)))

    def _start(self, place: int) -> Expr:
        return sum((a.shape[0] for a in self.rows[:place]), start=Integer(0))

    def cut(self, arrays: Iterable[Array]) -> str:
        """Return the slice of neighbours among the rows."""
        arrays = tuple(arrays)
        first = self.rows.index(arrays[0])
        last, size = first + len(arrays), self.layer.size
        start = size(self._start(first)) if first else ""
        return f"{start}:{size(self._start(last)) if last < len(self.rows) else ''}"

    def lines(self, make: str) -> Iterator[str]:
        """Yield the lines that make the arrays of all products, stack of adjoints included."""
        if self.places:
            yield from self._stack(make)
        for fan in self.apart:
            size = f"{len(fan.parts)}, {self.layer.rows(fan.base)}"
            yield f"from_{fan.name} = np.empty((T + 2, {size}, B), dtype)"
            for place, part in enumerate(fan.parts):
                yield f"{part.array.name} = from_{fan.name}[:, {place}]"

    def _stack(self, make: str) -> Iterator[str]:
        members = self.rows[len(self.head) : len(self.head) + len(self.places)]
        slab = "products" if members != self.rows else "delta"
        yield f"# {slab}: {', '.join(a.name for a in self.rows)}"
        yield f"{slab} = {make}((T + 2, {self.size}, B), dtype)"
        if members != self.rows:
            yield f"delta = products[:, {self.cut(members)}]"
        for array in self.rows:
            yield f"{array.name} = {slab}[:, {self.cut([array])}]"
        for fan in self.together:
            shape = f"T + 2, {len(fan.parts)}, {self.layer.rows(fan.base)}"
            cut = self.cut(p.array for p in fan.parts)
            found = slab if cut == ":" else f"{slab}[:, {cut}]"
            yield f"from_{fan.name} = {found}.reshape({shape}, B)"
