"""Matrix expressions with indices: nodes, adjoint rules, normal form, printers."""

from rnnsym.expr._sympy import Basic, Expr, Integer, Rational, Symbol, Tuple, expand, factor
from rnnsym.expr.activations import ACTIVATIONS, Activation, activation, derivative
from rnnsym.expr.adjoint import Contribution, adjoint, contributions
from rnnsym.expr.explicit import explicit
from rnnsym.expr.formula import Formula, Group, formula_in
from rnnsym.expr.indices import (
    BOUND, LAYER, LAYERS, STEPS, TIME, Span, size, size_of_layer,
)  # fmt: skip
from rnnsym.expr.latex import LATEX, latex, latex_scalar
from rnnsym.expr.nodes import (
    Array, Concat, Diag, Family, Fill, Hadamard, Map, Node, Plus, Product, Scale, Shape, Sigma,
    Slice, Softmax, Transpose, apply, concat, diag, fill_like, hadamard, matmul, minus, plus,
    rebuild, scale, shape_text, sigma, softmax, split, transpose,
)  # fmt: skip
from rnnsym.expr.normal import equal, normal
from rnnsym.expr.printing import Notation, render
from rnnsym.expr.text import SOURCE, UNICODE, label_text, source, source_scalar, text, text_scalar

__all__ = [
    "ACTIVATIONS", "BOUND", "LAYER", "LATEX", "LAYERS", "SOURCE", "STEPS", "TIME", "Activation", "Array", "Basic",
    "Concat", "Contribution", "Diag", "Expr", "Family", "Fill", "Formula", "Group", "Hadamard", "Integer", "Map",
    "Node", "Notation", "Plus", "Product", "Rational", "Scale", "Shape", "Sigma", "Slice", "Softmax", "Span",
    "Symbol", "Transpose", "Tuple", "UNICODE", "activation", "adjoint", "apply", "concat", "contributions",
    "derivative", "diag", "equal", "expand", "explicit", "factor", "fill_like", "formula_in", "hadamard",
    "label_text", "latex", "latex_scalar", "matmul", "minus", "normal", "plus", "rebuild", "render", "scale",
    "shape_text", "sigma", "size", "size_of_layer", "softmax", "source", "source_scalar", "split",
    "text", "text_scalar", "transpose",
]  # fmt: skip
