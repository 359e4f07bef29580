"""The text of one equation: parsed with Python's ``ast`` and a whitelist, never evaluated."""

import ast
import warnings
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import TypeAlias

from rnnsym.cell_file import MAX_NUMBER
from rnnsym.errors import InputError, ShapeError, nearest
from rnnsym.expr import (
    ACTIVATIONS,
    TIME,
    Array,
    Constant,
    Expr,
    Fill,
    Integer,
    Node,
    Rational,
    Tuple,
    apply,
    evaluated,
    hadamard,
    identity,
    matmul,
    maximum,
    minus,
    plus,
    scale,
    size,
    spread,
    transpose,
)

__all__ = [
    "Sizing",
    "Tree",
    "build_expression",
    "names_used",
    "parameters_used",
    "parse_equation",
]

Tree: TypeAlias = ast.expr
MAX_LENGTH = 2000
MAX_DEPTH = 40
MAX_NODES = 400
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
    ast.Div: "/",
}


def parse_equation(text: str) -> ast.expr:
    """Return the checked syntax tree of ``text``.

    Raises:
        InputError: a syntax error, a construct outside the cell language, or too large a text.
    """
    if len(text) > MAX_LENGTH:
        raise InputError(f"an equation of {len(text)} characters (at most {MAX_LENGTH} are read)")
    try:
        with warnings.catch_warnings():  # Python's opinion on somebody's text is not for the user
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        place = f" at column {error.offset}" if error.offset else ""
        raise InputError(f"syntax error{place}: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise InputError("the equation is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"the equation cannot be read: {error}") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise InputError(f"the equation has more than {MAX_NODES} parts")
    _check(tree, MAX_DEPTH)
    return tree


def _check(tree: ast.expr, depth: int) -> None:
    if depth == 0:
        raise InputError(f"the equation is nested more than {MAX_DEPTH} levels deep")
    match tree:
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            _check(left, depth - 1)
            _check(right, depth - 1)
        case ast.UnaryOp(ast.USub(), operand):
            _check(operand, depth - 1)
        case ast.Call(ast.Name("max"), [first, second], []):
            _check(first, depth - 1)
            _check(second, depth - 1)
        case ast.Call(ast.Name(name), [argument], []):
            if name not in ACTIVATIONS:
                known = [*ACTIVATIONS, "max"]
                hint = nearest(name, known)
                raise InputError(f"unknown function '{name}'{hint} (known: {', '.join(known)})")
            _check(argument, depth - 1)
        case ast.Attribute(value, "T"):
            _check(value, depth - 1)
        case ast.Subscript(ast.Name(), index):
            time_shift(index)
        case ast.Name():
            pass
        case ast.Constant(int() | float() as value) if not isinstance(value, bool):
            if not abs(value) <= MAX_NUMBER:
                raise InputError(f"a number in an equation is at most {MAX_NUMBER:,}")
        case _:
            raise InputError(f"'{_shown(tree)}' is not part of the cell language")


def _shown(tree: ast.expr) -> str:
    """Return a piece of an equation on one short line."""
    try:
        written = " ".join(ast.unparse(tree).split())
    except RecursionError:
        return "…"
    return written if len(written) <= 60 else f"{written[:60]}…"


def time_shift(index: ast.expr) -> int:
    """Return 0 for ``t`` and −1 for ``t-1``; nothing else is an index."""
    written = _shown(index).replace(" ", "")
    if written not in ("t", "t-1"):
        raise InputError(f"index [{written}]: a step reads [t] and [t-1] only")
    return 0 if written == "t" else -1


def names_used(tree: ast.expr) -> set[tuple[str, int]]:
    """Return the time-indexed names of an equation, each with its shift (0 or −1)."""
    return {
        (node.value.id, time_shift(node.slice))
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
    }


def parameters_used(tree: ast.expr) -> set[str]:
    """Return the names of an equation that have no time index."""
    timed = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Subscript)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in timed}


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
            raise ShapeError(f"the shape of {_shown(tree)} is not determined")
        if cols != (rows if isinstance(tree, ast.Name) and tree.id == "I" else "1"):
            raise ShapeError(f"the trained scalar {_shown(tree)} stands beside a matrix")
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
            raise ShapeError(f"sizes {a} and {b} differ between {left} and {_shown(right)}")
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
                self._unify(inner, other, _shown(left), right)
                return rows, cols
            case ast.BinOp(left, _, right) | ast.Call(_, [left, right]):
                first, second = self._walk(left), self._walk(right)
                self._unify(first[0], second[0], _shown(left), right)
                self._unify(first[1], second[1], _shown(left), right)
                return first
            case _:
                raise InputError(f"'{_shown(tree)}' is not part of the cell language")


def build_expression(tree: Tree, arrays: Mapping[str, Array], sizing: Sizing | None = None) -> Node:
    """Return the expression of a checked tree, the shapes of its arrays known.

    Args:
        tree: what ``parse_equation`` returned.
        arrays: every name in it.
        sizing: where scalars, constants and identity matrices may stand, how far they reach.

    Raises:
        InputError: a number where only an array can stand.
        ShapeError: shapes that do not fit.
    """
    return _Builder(arrays, sizing or Sizing(())).node(tree)


class _Builder:
    """Trees to nodes."""

    def __init__(self, arrays: Mapping[str, Array], sizing: Sizing) -> None:
        self.arrays, self.sizing = arrays, sizing

    def number(self, tree: Tree) -> Expr | None:
        """Return the value of a tree made of numbers and constants only."""
        match tree:
            case ast.Constant(value) if isinstance(value, int | float):
                return Integer(1) * Rational(Fraction(str(value)))
            case ast.Name(name):
                return self.sizing.constants.get(name)
            case ast.UnaryOp(ast.USub(), operand):
                inner = self.number(operand)
                return None if inner is None else -inner
            case ast.BinOp(left, operator, right):
                a, b = self.number(left), self.number(right)
                return None if a is None or b is None else _computed(a, operator, b)
            case _:
                return None

    def node(self, tree: Tree) -> Node:
        """Return the expression of a tree."""
        if self.number(tree) is not None:
            raise InputError(f"the number {_shown(tree)} needs an array beside it")
        if tree in self.sizing.places and self.sizing.is_scalar(tree):
            return spread(self._plain(tree), self.sizing.rows_at(tree))
        return self._plain(tree)

    def _plain(self, tree: Tree) -> Node:
        match tree:
            case ast.Name("I") if tree in self.sizing.places:
                return identity(self.sizing.rows_at(tree))
            case ast.Name(name):
                return self.arrays[name]
            case ast.Subscript(ast.Name(name), index):
                base = self.arrays[name]
                return Array(base.family, base.shape, None, TIME + time_shift(index))
            case ast.UnaryOp(_, operand):
                return scale(-1, self.node(operand))
            case ast.Call(_, [left, right]):
                return maximum(self._filled(left, right), self._filled(right, left))
            case ast.Call(ast.Name(name), [argument]):
                return apply(name, self.node(argument))
            case ast.Attribute(value):
                return transpose(self.node(value))
            case ast.BinOp(left, operator, right):
                return self._binary(left, _OPERATORS[type(operator)], right)
            case _:
                raise InputError(f"'{_shown(tree)}' is not part of the cell language")

    def _binary(self, left: Tree, sign: str, right: Tree) -> Node:
        if sign == "@":
            return matmul(self.node(left), self.node(right))
        if sign == "*":
            return self._times(left, right)
        if sign == "/":
            return self._divided(left, right)
        first, second = self._filled(left, right), self._filled(right, left)
        return plus(first, second) if sign == "+" else minus(first, second)

    def _times(self, left: Tree, right: Tree) -> Node:
        for number, other in ((self.number(left), right), (self.number(right), left)):
            if number is not None:
                return scale(number, self.node(other))
        return hadamard(self.node(left), self.node(right))

    def _divided(self, left: Tree, right: Tree) -> Node:
        below = self.number(right)
        if below is not None:
            return scale(_computed(Integer(1), ast.Div(), below), self.node(left))
        above, inverse = self.number(left), apply("reciprocal", self.node(right))
        return hadamard(self.node(left), inverse) if above is None else scale(above, inverse)

    def _filled(self, tree: Tree, other: Tree) -> Node:
        """A number beside + or − stands for the constant vector of the other side's shape."""
        number = self.number(tree)
        return self.node(tree) if number is None else Fill(number, Tuple(*self.node(other).shape))


def _computed(a: Expr, operator: ast.operator, b: Expr) -> Expr:
    match operator:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case _ if evaluated(b) == 0:
            raise InputError("division by zero")
        case _:
            return a / b
