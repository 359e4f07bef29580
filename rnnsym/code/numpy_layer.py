"""What the functions of a unit share: the names and slices of its arrays, and its statements."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rnnsym.code.linear import linear_lines
from rnnsym.code.numpy_text import Columns, size_text, wrapped
from rnnsym.code.numpy_writer import Writer
from rnnsym.code.plan import Affine, Plan
from rnnsym.code.units import LocalEquation, Unit, arrays_in, key_of
from rnnsym.expr import TIME, AppliedUndef, Array, Expr, Family, Integer, Map, Node, Symbol, source

__all__ = ["Body", "Everywhere", "Layer", "Some", "setup_lines"]

SLICES = {0: "now", -1: "before", 1: "after"}
ENDINGS = {0: "t", -1: "before", 1: "after"}


def shift_of(array: Array) -> int:
    """Return how far from t an array is read."""
    return 0 if array.time is None else int(array.time - TIME)


@dataclass
class Layer:
    """What the two functions of a unit share: its plan, sizes and names."""

    unit: Unit
    plan: Plan
    sizes: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def padded(self) -> tuple[Array, ...]:
        """What is read from outside step by step, or at another step: it gets slots 0 and T + 1."""
        plan, reads = self.plan, {r.local.family: r.local for r in self.unit.reads}
        found: dict[Array, None] = {}
        stepwise = {e.lhs for e in plan.inside}
        for equation in plan.equations:
            affine = next((a for a in plan.affine if a.lhs == equation.lhs), None)
            nodes: Iterable[Node] = [equation.rhs]
            for array in (a for n in nodes for a in arrays_in(n)):
                if array.family in reads and array.time != TIME:
                    found[reads[array.family]] = None
            if equation.lhs in stepwise:
                loop = affine.others if affine else (equation.rhs,)
                loop += (affine.recurrent,) if affine and affine.recurrent else ()
                for array in (a for n in loop for a in arrays_in(n)):
                    if array.family in reads:
                        found[reads[array.family]] = None
        return tuple(found)

    @cached_property
    def edged(self) -> frozenset[str]:
        """The names of what is read where no step is, and is zero there: not the initial states."""
        nodes: list[Node] = [e.rhs for e in self.plan.equations]
        nodes += [t.coefficient for x in linear_lines(self.plan) for t in x.terms if t.coefficient]
        nodes += [t for _, terms in self.unit.gradients for t in terms]
        nodes += [t for read in self.unit.reads for t in read.terms]
        starts = {(s.name, -self.unit.order) for s, _ in self.unit.states}
        found = {(self.name(a), shift_of(a)) for n in nodes for a in arrays_in(n) if shift_of(a)}
        return frozenset(name for name, _ in found - starts)

    def is_slotted(self, array: Array) -> bool:
        """Tell whether an array has a slot for every step from 0 to T + 1."""
        reads = {r.local.family for r in self.unit.reads}
        return array.family not in reads or array.family in {a.family for a in self.padded}

    def name(self, array: Array) -> str:
        """Return what an array is called: y for an a that y takes the place of."""
        return self.plan.in_place.get(array.family, array).name

    def takes_place(self, equation: LocalEquation) -> bool:
        """Tell whether an equation y = f(a) is written over its a."""
        rhs = equation.rhs
        if not isinstance(rhs, Map) or not isinstance(rhs.arg, Array):
            return False
        return self.plan.in_place.get(rhs.arg.family) == equation.lhs

    def everywhere(self, array: Array) -> str:
        """Return an array at all steps."""
        if array.time is None:
            return array.name
        if not self.is_slotted(array):
            return array.name
        return f"{self.name(array)}[{SLICES[shift_of(array)]}]"

    def some(self, array: Array) -> str:
        """Return an array at the steps that the loop is about to take."""
        if array.time is None:
            return array.name
        if not self.is_slotted(array):  # step t has index t - 1
            return f"{array.name}[at_before]"
        return f"{self.name(array)}[at_{ENDINGS[shift_of(array)]}]"

    def size(self, expr: Expr) -> str:
        """Return a size, and note that it is needed."""
        for atom in expr.atoms() if expr.is_Symbol else _size_atoms(expr):
            self._note(atom)
        return size_text(expr)

    def size_lines(self) -> list[str]:
        """Return the lines that find the sizes, those of every weight's shape among them."""
        for weight in self.unit.weights:
            for axis in weight.shape:
                if size_text(axis) not in {f.name for f in self.plan.own}:
                    self.size(axis)
        return [f"{name} = {text}" for name, text in self.sizes.items()]

    def rows(self, node: Node) -> str:
        """Return the rows of a node."""
        return self.size(node.shape[0])

    def _note(self, atom: Expr) -> None:
        name = size_text(atom)
        if name in self.sizes or name.isdigit():
            return
        for weight in self.unit.weights:
            for axis in (0, 1):
                if weight.shape[axis] == atom:
                    self.sizes[name] = f'params["{key_of(weight)}" + at].shape[{axis}]'
                    return
        for read in self.unit.reads:
            if read.local.shape[0] == atom:
                self.sizes[name] = f"{read.local.name}.shape[1]"
                return
        for state, _ in self.unit.states:
            if state.shape[0] == atom:
                self.sizes[name] = f"{state.name}_0.shape[0]"
                return

    @property
    def exports(self) -> tuple[Array, ...]:
        """The arrays that others read: gradients arrive there."""
        return tuple(self.consumer(line.of) for line in self.unit.lines if line.incoming)

    def consumer(self, array: Array) -> Array:
        """Return y for the a of a y = f(a) whose adjoint is written inside that of a."""
        lines = {line.of.family for line in self.unit.lines}
        for equation in self.unit.equations:
            plain = isinstance(equation.rhs, Map) and equation.rhs.children == (array,)
            if plain and equation.lhs.family not in lines:
                return equation.lhs
        return array

    @property
    def adjoints(self) -> dict[Family, Array]:
        """The adjoint of each array that has a line of its own."""
        return {line.of.family: line.target for line in self.unit.lines}

    def adjoint_name(self, array: Array) -> str:
        """Return what an array's adjoint is called."""
        return self.adjoints[array.family].name

    # The stack of pre-activations

    @property
    def stack(self) -> tuple[Affine, ...]:
        """The pre-activations that stand on top of each other in one array."""
        return self.plan.affine if len(self.plan.affine) > 1 else ()

    def offsets(self, members: Iterable[Array]) -> tuple[str, str]:
        """Return the first row, and the one after the last, of neighbours in the stack."""
        names = [m.name for m in members]
        order = [a.lhs for a in self.stack]
        first = next(i for i, a in enumerate(order) if names[0] in {a.name, self.name(a)})
        total: Expr = Integer(0)
        starts: list[Expr] = [total]
        for array in order:
            total = total + array.shape[0]
            starts.append(total)
        return self.size(starts[first]), self.size(starts[first + len(names)])

    def cut(self, members: Iterable[Array]) -> str:
        """Return the slice of neighbours in the stack; all of it is ``:``."""
        members = tuple(members)
        start, stop = self.offsets(members)
        first = "" if start == "0" else start
        last = "" if self.name(members[-1]) == self.name(self.stack[-1].lhs) else stop
        return f"{first}:{last}"

    def view(self, members: Sequence[Array]) -> tuple[Array, str]:
        """Return neighbours in the stack as one array, and the line that names it."""
        name = "_".join(self.name(m) for m in members)
        name += "_" * (name in self.plan.kept.names)
        size = sum((m.shape[0] for m in members), start=Integer(0))
        whole = Array(Family(name, name), (size, Integer(1)), None, TIME)
        return whole, f"{name} = stack[:, {self.cut(members)}]"


def _size_atoms(expr: Expr) -> list[Expr]:
    applied = sorted(expr.atoms(AppliedUndef), key=str)
    inner = {s for a in applied for s in a.atoms(Symbol)}
    plain = sorted((s for s in expr.atoms(Symbol) if s not in inner), key=str)
    return [*applied, *plain]


class Body(Writer):
    """A loop's body: every array of the step is a variable.

    Args:
        walk: what the loop walks for an array's name and shift.
    """

    def __init__(self, layer: Layer, walk: Callable[[str, int], str]) -> None:
        self.layer, self.walk = layer, walk
        self.bound: dict[str, str] = {}
        self.single: set[str] = set()
        self.dots: dict[str, str] = {}
        super().__init__(Columns(self._step_name, all_steps=False), layer.rows)

    def _step_name(self, array: Array) -> str:
        return array.name if array.time is None else self.variable(array)

    def variable(self, array: Array) -> str:
        """Return the variable of an array of this step, or of its neighbour."""
        return self.bind(self.layer.name(array), shift_of(array))

    def bind(self, name: str, shift: int = 0) -> str:
        """Return the variable of a named array at t + shift."""
        variable = f"{name}_{ENDINGS[shift]}"
        if name not in self.single:
            self.bound[variable] = self.walk(name, shift)
        return variable

    def dot(self, matrix: str, vector: Node, out: str) -> None:
        """Write a matrix product of one step into ``out``."""
        if matrix not in self.dots:
            plain = matrix.removesuffix(".T")
            stem = plain if plain.isidentifier() else "matrix"
            name = f"dot_{stem}_T" if plain != matrix else f"dot_{stem}"
            while name in self.dots.values():
                name += "_"
            self.dots[matrix] = name
        if isinstance(vector, Array):
            self.add(f"{self.dots[matrix]}({self.text(vector)}, {out})")
            return
        name = self.temporary(vector)
        self.compute(vector, name)
        self.add(f"{self.dots[matrix]}({name}, {out})")
        self.free(name)

    def setup(self) -> list[str]:
        """Return the lines that make the functions of the loop's matrix products."""
        return [f"{name} = product({matrix}, B)" for matrix, name in self.dots.items()]

    def loop(self) -> list[str]:
        """Return the head of a loop that walks all its arrays side by side."""
        many = len(self.bound) > 6
        head, tail = ("for (", ") in steps:") if many else ("for ", " in steps:")
        if len(self.bound) == 1:
            [(variable, walked)] = self.bound.items()
            return [f"for {variable} in {walked}:"]
        return [
            *wrapped("", "steps = zip(", list(self.bound.values()), ")", 88),
            *wrapped("", head, list(self.bound), tail, 88),
        ]


class Everywhere(Writer):
    """Statements about all steps at once."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        super().__init__(Columns(layer.everywhere, all_steps=True), layer.rows)

    def comment(self, lhs: Node, rhs: Node) -> None:
        """Quote the equation that the following lines compute."""
        self.add(f"# {source(lhs)} = {source(rhs)}")


class Some(Everywhere):
    """Statements about some steps at once, those that a loop is about to take."""

    stem = "work_few"

    def __init__(self, layer: Layer) -> None:
        super().__init__(layer)
        self.notation = Columns(layer.some, all_steps=True)

    def temporary(self, like: Node) -> str:
        """Return a work array that is free, for as many steps as there are."""
        return f"{super().temporary(like)}[:count]"

    def free(self, name: str) -> None:
        """Give a work array back."""
        super().free(name.removesuffix("[:count]"))


def setup_lines(layer: Layer, stack: str, name: Callable[[Array], str]) -> Iterator[str]:
    """Yield the lines that name the parts of a stack."""
    for affine in layer.stack:
        yield f"{name(affine.lhs)} = {stack}[:, {layer.cut([affine.lhs])}]"
