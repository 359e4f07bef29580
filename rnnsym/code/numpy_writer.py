"""Statements that write the values of expressions into arrays at hand."""

from collections.abc import Callable

from rnnsym.code.numpy_text import Columns, is_fixed_matrix, printed
from rnnsym.expr import Array, Fill, Hadamard, Map, Node, Plus, Product, Scale, arrays_in

__all__ = ["Writer"]

IN_PLACE = ("tanh", "exp", "log", "square")


class Writer:
    """Lines of a function, and the work arrays they need."""

    stem = "work"

    def __init__(self, notation: Columns, size_of: Callable[[Node], str]) -> None:
        self.notation, self.size_of = notation, size_of
        self.lines: list[str] = []
        self.work: dict[str, str] = {}
        self.busy: list[str] = []

    def text(self, node: Node) -> str:
        """Return an expression as one piece of Python."""
        return printed(node, self.notation)

    def add(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def temporary(self, like: Node) -> str:
        """Return the name of a work array that is free."""
        rows = self.size_of(like)
        number = 1
        while True:
            plain = "".join(c if c.isalnum() else "_" for c in rows)
            name = f"{self.stem}_{plain}" + (f"_{number}" if number > 1 else "")
            if name not in self.busy:
                self.work[name] = rows
                self.busy.append(name)
                return name
            number += 1

    def free(self, name: str) -> None:
        """Give a work array back."""
        self.busy.remove(name)

    def compute(self, node: Node, out: str) -> None:
        """Write ``node`` into ``out``, which it does not read."""
        match node:
            case Hadamard():
                self._product(node, out)
            case Plus():
                self._sum(node, out)
            case Scale():
                self._scaled(node, out)
            case Map() if node.name in {*IN_PLACE, "sigmoid", "relu"}:
                self._function(node, out)
            case Product() if self._is_dot(node):
                matrix, vector = node.children
                self.dot(self.text(matrix), vector, out)
            case _:
                self.add(f"{self.assigned(out)} = {self.text(node)}")

    @staticmethod
    def assigned(out: str) -> str:
        """Return what is assigned to so that ``out`` is filled."""
        return out if out.endswith("]") else f"{out}[...]"

    def add_to(self, out: str, node: Node) -> None:
        """Add ``node`` to ``out``."""
        if isinstance(node, Scale) and node.factor == -1:
            self._change(out, "-=", node.arg)
        else:
            self._change(out, "+=", node)

    def multiply_by(self, out: str, node: Node) -> None:
        """Multiply ``out`` by ``node``."""
        self._change(out, "*=", node)

    def _change(self, out: str, sign: str, node: Node) -> None:
        if self.is_atom(node) or not self._worth_work(node):
            self.add(f"{out} {sign} {self.text(node)}")
            return
        name = self.temporary(node)
        self.compute(node, name)
        self.add(f"{out} {sign} {name}")
        self.free(name)

    def _worth_work(self, node: Node) -> bool:
        return isinstance(node, Hadamard | Plus | Map | Scale) or self._is_dot(node)

    @staticmethod
    def is_atom(node: Node) -> bool:
        """Tell whether a node is an array or a number."""
        return isinstance(node, Array | Fill)

    def _is_dot(self, node: Node) -> bool:
        if not isinstance(node, Product) or len(node.children) != 2 or self.notation.all_steps:
            return False
        matrix, vector = node.children
        # What has no time is one column for all sequences: it is written as it stands.
        timed = any(a.time is not None for a in arrays_in(vector))
        return is_fixed_matrix(matrix) and vector.shape[1] == 1 and timed

    def dot(self, matrix: str, vector: Node, out: str) -> None:
        """Write a matrix product of one step into ``out``."""
        if isinstance(vector, Array):
            self.add(f"np.dot({matrix}, {self.text(vector)}, out={out})")
            return
        name = self.temporary(vector)
        self.compute(vector, name)
        self.add(f"np.dot({matrix}, {name}, out={out})")
        self.free(name)

    def _product(self, node: Hadamard, out: str) -> None:
        simple = [c for c in node.children if self.is_atom(c)]
        other = [c for c in node.children if not self.is_atom(c)]
        if other:
            first, *other = other
            self.compute(first, out)
        else:
            a, b, *simple = simple
            self.add(f"multiply({self.text(a)}, {self.text(b)}, {out})")
        for factor in simple:
            self.add(f"{out} *= {self.text(factor)}")
        for factor in other:
            self.multiply_by(out, factor)

    def _sum(self, node: Plus, out: str) -> None:
        terms = list(node.children)
        a, b = terms[0], terms[1]
        minus = isinstance(b, Scale) and b.factor == -1
        bare = b.arg if isinstance(b, Scale) and minus else b
        if self.is_atom(a) and self.is_atom(bare):
            function = "subtract" if minus else "add"
            self.add(f"{function}({self.text(a)}, {self.text(bare)}, {out})")
            rest = terms[2:]
        elif self.is_atom(a):
            self.compute(bare, out)
            if minus:
                self.add(f"subtract({self.text(a)}, {out}, {out})")
            else:
                self.add(f"{out} += {self.text(a)}")
            rest = terms[2:]
        else:
            self.compute(a, out)
            rest = terms[1:]
        for term in rest:
            self.add_to(out, term)

    def _scaled(self, node: Scale, out: str) -> None:
        if self.is_atom(node.arg):
            factor = self.notation.scalar(node.factor)
            self.add(f"multiply({self.text(node.arg)}, {factor}, {out})")
            return
        self.compute(node.arg, out)
        self.add(f"{out} *= {self.notation.scalar(node.factor)}")

    def _function(self, node: Map, out: str) -> None:
        if self.is_atom(node.arg):
            inner = self.text(node.arg)
        else:
            self.compute(node.arg, out)
            inner = out
        self.function(node.name, inner, out)

    def function(self, name: str, inner: str, out: str) -> None:
        """Write an elementwise function of ``inner`` into ``out``, which it may be."""
        if name == "relu":
            self.add(f"np.maximum({inner}, 0.0, out={out})")
        elif name == "sigmoid":  # σ(a) = ½ + ½ tanh(a/2): one fast function serves all gates
            self.add(f"multiply({inner}, half, {out})" if inner != out else f"{out} *= half")
            self.add(f"tanh({out}, {out})")
            self.add(f"{out} *= half")
            self.add(f"{out} += half")
        else:
            self.add(f"{name}({inner}, {out})")
