"""The text of one equation: parsed with Python's ``ast`` and a whitelist, never evaluated."""

import ast
import warnings
from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from rnnsym.cell_file import MAX_NUMBER
from rnnsym.errors import InputError, ShapeError, nearest
from rnnsym.expr import (
    ACTIVATIONS,
    TIME,
    Array,
    Fill,
    Integer,
    Node,
    Rational,
    Tuple,
    apply,
    hadamard,
    matmul,
    minus,
    plus,
    scale,
    transpose,
)

__all__ = ["Sizing", "Tree", "build_expression", "names_used", "parse_equation"]

Tree: TypeAlias = ast.expr
MAX_LENGTH = 2000
MAX_DEPTH = 40
MAX_NODES = 400
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
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
        case ast.Call(ast.Name(name), [argument], []):
            if name not in ACTIVATIONS:
                hint = nearest(name, ACTIVATIONS)
                raise InputError(
                    f"unknown function '{name}'{hint} (known: {', '.join(ACTIVATIONS)})"
                )
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


class Sizing:
    """Shapes by unification: every name gets two unknown sizes, every operation equates some."""

    def __init__(self, variables: set[str]) -> None:
        """Start with the names that carry a time index; they are column vectors."""
        self.variables = variables
        self.names: dict[str, tuple[str, str]] = {}
        self._same: dict[str, str] = {}
        self._count = 0

    def declare(self, name: str, size_name: str) -> None:
        """Fix the size of a time-indexed name."""
        self.names[name] = (size_name, "1")

    def shape_of(self, name: str) -> tuple[str, str] | None:
        """Return the sizes found for a name, or None while one is unknown."""
        rows, cols = (self._root(s) for s in self.names[name])
        return None if rows.startswith("?") or cols.startswith("?") else (rows, cols)

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
        match tree:
            case ast.Constant():
                return self._fresh(), self._fresh()
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
            case ast.BinOp(left, _, right):
                first, second = self._walk(left), self._walk(right)
                self._unify(first[0], second[0], _shown(left), right)
                self._unify(first[1], second[1], _shown(left), right)
                return first
            case _:
                raise InputError(f"'{_shown(tree)}' is not part of the cell language")


def _number(tree: ast.expr) -> Fraction | None:
    match tree:
        case ast.Constant(value) if isinstance(value, int | float):
            return Fraction(str(value))
        case ast.UnaryOp(ast.USub(), operand):
            inner = _number(operand)
            return None if inner is None else -inner
        case _:
            return None


def build_expression(tree: ast.expr, arrays: Mapping[str, Array]) -> Node:
    """Return the expression of a checked tree, the shapes of its arrays known.

    Raises:
        InputError: a number where only an array can stand.
        ShapeError: shapes that do not fit.
    """
    match tree:
        case ast.Name(name):
            return arrays[name]
        case ast.Subscript(ast.Name(name), index):
            base = arrays[name]
            return Array(base.family, base.shape, None, TIME + time_shift(index))
        case ast.UnaryOp(_, operand):
            return scale(-1, build_expression(operand, arrays))
        case ast.Call(ast.Name(name), [argument]):
            return apply(name, build_expression(argument, arrays))
        case ast.Attribute(value):
            return transpose(build_expression(value, arrays))
        case ast.BinOp(left, operator, right):
            return _binary(left, _OPERATORS[type(operator)], right, arrays)
        case _:
            raise InputError(f"the number {_shown(tree)} needs an array beside it")


def _binary(left: ast.expr, sign: str, right: ast.expr, arrays: Mapping[str, Array]) -> Node:
    numbers = _number(left), _number(right)
    if sign == "*":
        for number, other in zip(numbers, (right, left), strict=True):
            if number is not None:
                return scale(Rational(number), build_expression(other, arrays))
        return hadamard(build_expression(left, arrays), build_expression(right, arrays))
    if sign == "@":
        return matmul(build_expression(left, arrays), build_expression(right, arrays))
    a, b = _filled(left, right, arrays), _filled(right, left, arrays)
    return plus(a, b) if sign == "+" else minus(a, b)


def _filled(tree: ast.expr, other: ast.expr, arrays: Mapping[str, Array]) -> Node:
    """A number beside + or − stands for the constant vector of the other side's shape."""
    number = _number(tree)
    if number is None:
        return build_expression(tree, arrays)
    shape = build_expression(other, arrays).shape
    return Fill(Integer(1) * Rational(number), Tuple(*shape))
