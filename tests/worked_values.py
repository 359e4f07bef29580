"""A second evaluator of formulas as they are printed: on decimals, and on complex numbers."""

import ast
import cmath
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Matrix = list[list[Any]]


@dataclass(frozen=True)
class Numbers:
    """Decimal or complex arithmetic."""

    of: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    real: Callable[[Any], Any]

    def functions(self) -> Mapping[str, Callable[[Any], Any]]:
        one = self.of(1)
        return {
            "sigmoid": lambda a: one / (one + self.exp(-a)),
            "tanh": lambda a: (self.exp(a) - self.exp(-a)) / (self.exp(a) + self.exp(-a)),
            "relu": lambda a: a if self.real(a) > 0 else self.of(0),
            "step": lambda a: self.of(int(self.real(a) > 0)),
            "exp": self.exp,
            "log": self.log,
            "softplus": lambda a: self.log(one + self.exp(a)),
            "square": lambda a: a * a,
        }


DECIMAL = Numbers(Decimal, Decimal.exp, Decimal.ln, lambda a: a)
COMPLEX = Numbers(lambda a: complex(str(a)), cmath.exp, cmath.log, lambda a: a.real)


def mapped(f: Callable[..., Any], *matrices: Matrix) -> Matrix:
    """Apply ``f`` entry by entry; a single number goes with every entry."""
    rows = max(len(m) for m in matrices)
    columns = max(len(m[0]) for m in matrices)
    return [
        [f(*(m[0][0] if len(m) == len(m[0]) == 1 else m[i][j] for m in matrices))
         for j in range(columns)]
        for i in range(rows)
    ]  # fmt: skip


def multiplied(a: Matrix, b: Matrix) -> Matrix:
    if [1, 1] in ([len(a), len(a[0])], [len(b), len(b[0])]):
        return mapped(operator.mul, a, b)
    assert len(a[0]) == len(b)
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(row, c, strict=True)) for c in columns] for row in a]


SIGNS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b,
}


class Evaluator:
    """Works a formula of the cell language out."""

    def __init__(self, known: Mapping[str, Matrix], kind: Numbers, identity: int = 1) -> None:
        self.known, self.kind = known, kind
        self.identity = [[kind.of(int(i == j)) for j in range(identity)] for i in range(identity)]

    def text(self, formula: str) -> Matrix:
        formula = formula.replace("(1.T @", "(1 @")  # a row of ones is a 1 where n = 1
        written = re.sub(r"\[([^\[\]]*;[^\[\]]*|[^\[\]]*\.[^\[\]]*)\]", r"matrix('\1')", formula)
        return self.of(ast.parse(written, mode="eval").body)

    def of(self, tree: ast.expr) -> Matrix:
        match tree:
            case ast.Constant(value=int() | float()):
                return [[self.kind.of(repr(tree.value))]]
            case ast.Name(id="I"):
                return self.identity
            case ast.Name() | ast.Subscript():
                return self.known[ast.unparse(tree).replace(" ", "")]
            case ast.UnaryOp(op=ast.USub()):
                return mapped(operator.neg, self.of(tree.operand))
            case ast.BinOp():
                return self.binary(tree)
            case ast.Attribute(attr="T"):
                return [list(row) for row in zip(*self.of(tree.value), strict=True)]
            case ast.Call(func=ast.Name(id=name)):
                return self.call(name, tree.args)
            case _:
                raise AssertionError(ast.unparse(tree))

    def binary(self, tree: ast.BinOp) -> Matrix:
        a, b = self.of(tree.left), self.of(tree.right)
        if isinstance(tree.op, ast.MatMult):
            return multiplied(a, b)
        return mapped(SIGNS[type(tree.op)], a, b)

    def call(self, name: str, args: Sequence[ast.expr]) -> Matrix:
        if name == "matrix":
            text = ast.literal_eval(args[0])
            return [[self.kind.of(x.strip()) for x in r.split(",")] for r in text.split(";")]
        first, *others = map(self.of, args)
        if name == "concat":
            return [row for block in (first, *others) for row in block]
        if name == "rows":
            start, end = (int(self.kind.real(m[0][0])) for m in others)
            return first[start - 1 : end]
        if name == "diag":
            zero = self.kind.of(0)
            size = range(len(first))
            return [[first[i][0] if i == j else zero for j in size] for i in size]
        if name == "max":
            return mapped(lambda *pair: max(pair, key=self.kind.real), first, *others)
        if name == "softmax":
            powers = mapped(self.kind.exp, first)
            total = sum(row[0] for row in powers)
            return [[row[0] / total] for row in powers]
        return mapped(self.kind.functions()[name], first)
