"""The shapes of a cell's arrays, inferred by unification."""

import ast
from collections.abc import Collection, Mapping

from rnnsym.equation_text import Tree, shown
from rnnsym.errors import InputError, ShapeError
from rnnsym.expr import Constant, Expr, Integer, size

__all__ = ["Sizing"]


class Sizing:
    """Shapes by unification: every name gets two unknown sizes, every operation equates some."""

    def __init__(
        self,
        variables: Collection[str],
        scalars: Collection[str] = (),
        constants: Mapping[str, Constant] | None = None,
    ) -> None:
        """Start with the names that carry a time index (column vectors), and with the scalars."""
        self.variables, self.scalars, self.constants = variables, scalars, constants or {}
        self.places: dict[Tree, tuple[str, str]] = {}
        self.names: dict[str, tuple[str, str]] = dict.fromkeys(scalars, ("1", "1"))
        self._same: dict[str, str] = {}
        self._count = 0

    def declare(self, name: str, size_name: str) -> None:
        """Fix the size of a time-indexed name."""
        self.names[name] = (size_name, "1")

    def shape_of(self, name: str) -> tuple[str, str] | None:
        """Return the sizes found for a name, or None while one is unknown."""
        rows, cols = (self._root(s) for s in self.names[name])
        return None if rows.startswith("?") or cols.startswith("?") else (rows, cols)

    def is_scalar(self, tree: Tree) -> bool:
        """Tell whether a tree is made of numbers, constants and trained scalars only."""
        match tree:
            case ast.Constant():
                return True
            case ast.Name(name):
                return name in self.scalars or name in self.constants
            case ast.UnaryOp(_, operand) | ast.Call(_, [operand]):
                return self.is_scalar(operand)
            case ast.BinOp(left, operator, right):
                plain = not isinstance(operator, ast.MatMult)
                return plain and self.is_scalar(left) and self.is_scalar(right)
            case _:
                return False

    def rows_at(self, tree: Tree) -> Expr:
        """Return how many rows a scalar or an identity matrix fills.

        Raises:
            ShapeError: they are not determined, or a scalar stands beside a matrix.
        """
        rows, cols = (self._root(s) for s in self.places[tree])
        if rows.startswith("?"):
            raise ShapeError(f"the shape of {shown(tree)} is not determined")
        if cols != (rows if isinstance(tree, ast.Name) and tree.id == "I" else "1"):
            raise ShapeError(f"the trained scalar {shown(tree)} stands beside a matrix")
        return Integer(1) if rows == "1" else size(rows)

    def equation(self, name: str, tree: ast.expr) -> None:
        """Equate the shapes of both sides of ``name[t] = tree``."""
        rows, cols = self._walk(tree)
        own = self._of(name, timed=True)
        self._unify(own[0], rows, f"{name}[t]", tree)
        self._unify(own[1], cols, f"{name}[t]", tree)

    def _fresh(self) -> str:
        self._count += 1
        return f"?{self._count}"

    def _of(self, name: str, timed: bool) -> tuple[str, str]:
        if name not in self.names:
            self.names[name] = (self._fresh(), "1" if timed else self._fresh())
        return self.names[name]

    def _root(self, name: str) -> str:
        while name in self._same:
            name = self._same[name]
        return name

    def _unify(self, a: str, b: str, left: str, right: ast.expr) -> None:
        a, b = self._root(a), self._root(b)
        if a == b:
            return
        if not a.startswith("?") and not b.startswith("?"):
            raise ShapeError(f"sizes {a} and {b} differ between {left} and {shown(right)}")
        if a.startswith("?"):
            self._same[a] = b
        else:
            self._same[b] = a

    def _walk(self, tree: ast.expr) -> tuple[str, str]:
        if self.is_scalar(tree):
            return self.places.setdefault(tree, (self._fresh(), self._fresh()))
        match tree:
            case ast.Name("I") if "I" not in self.variables:
                side = self._fresh()
                return self.places.setdefault(tree, (side, side))
            case ast.Name(name):
                if name in self.variables or name == "x":
                    raise InputError(f"'{name}' needs its time index, {name}[t] or {name}[t-1]")
                return self._of(name, timed=False)
            case ast.Subscript(ast.Name(name)):
                return self._of(name, timed=True)
            case ast.UnaryOp(_, operand) | ast.Call(_, [operand]):
                return self._walk(operand)
            case ast.Attribute(value):
                rows, cols = self._walk(value)
                return cols, rows
            case ast.BinOp(left, ast.MatMult(), right):
                rows, inner = self._walk(left)
                other, cols = self._walk(right)
                self._unify(inner, other, shown(left), right)
                return rows, cols
            case ast.BinOp(left, _, right) | ast.Call(_, [left, right]):
                first, second = self._walk(left), self._walk(right)
                self._unify(first[0], second[0], shown(left), right)
                self._unify(first[1], second[1], shown(left), right)
                return first
            case _:
                raise InputError(f"'{shown(tree)}' is not part of the cell language")
