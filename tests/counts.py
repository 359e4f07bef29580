"""Counts in print."""

import ast
from collections.abc import Callable

from rnnsym.cell import cell_names
from rnnsym.count import Count, count
from rnnsym.expr import UNICODE, Formula, formula_in
from rnnsym.system import build_system, read_model

SHIPPED = [(c, v) for v in ("textbook", "pytorch", "keras") for c in cell_names(v)]


def counted(text: str, convention: str = "textbook", /, **sizes: int) -> Count:
    return count(build_system(read_model(text, convention=convention, sizes=sizes)))


def printed(formula: Formula) -> str:
    return formula_in(formula, UNICODE)


OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Pow: lambda a, b: a**b,
}


def evaluated(text: str, sizes: dict[str, int]) -> int:
    """Evaluate a formula's Python text: +, −, *, ** of names and whole numbers, nothing else."""

    def value(node: ast.expr) -> int:
        match node:
            case ast.BinOp():
                return OPERATORS[type(node.op)](value(node.left), value(node.right))
            case ast.Name():
                return sizes[node.id]
            case ast.Constant(value=int(number)):
                return number
            case _:
                raise AssertionError(ast.dump(node))

    return value(ast.parse(text, mode="eval").body)
