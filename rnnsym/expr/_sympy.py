"""The one door to SymPy, with the types that this program relies on.

SymPy ships no type information, so checkers read the declarations below and Python the real ones.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    class Basic:
        """SymPy's immutable tree: a class and its ``args``."""

        args: tuple[Any, ...]
        func: Any
        is_Integer: bool  # noqa: N815 - SymPy's name
        free_symbols: set[Any]

        def __new__(cls, *args: Any) -> Self: ...
        def __eq__(self, other: object, /) -> bool: ...
        def __hash__(self) -> int: ...
        def xreplace(self, rule: Mapping[Any, Any]) -> Self: ...
        def has(self, *patterns: Any) -> bool: ...
        def atoms(self, *types: Any) -> set[Any]: ...

    class Expr(Basic):
        """A scalar: a size, an index, or a count."""

        is_number: bool
        is_negative: bool | None
        is_Symbol: bool  # noqa: N815 - SymPy's name
        is_Add: bool  # noqa: N815 - SymPy's name
        is_Rational: bool  # noqa: N815 - SymPy's name
        p: int
        q: int

        def __add__(self, other: "Expr | int") -> "Expr": ...
        def __radd__(self, other: int) -> "Expr": ...
        def __sub__(self, other: "Expr | int") -> "Expr": ...
        def __rsub__(self, other: int) -> "Expr": ...
        def __mul__(self, other: "Expr | int") -> "Expr": ...
        def __rmul__(self, other: int) -> "Expr": ...
        def __pow__(self, other: "Expr | int") -> "Expr": ...
        def __truediv__(self, other: "Expr | int") -> "Expr": ...
        def __neg__(self) -> "Expr": ...
        def __int__(self) -> int: ...
        def __float__(self) -> float: ...
        def as_ordered_terms(self) -> list["Expr"]: ...
        def as_ordered_factors(self) -> list["Expr"]: ...
        def as_coeff_Mul(self) -> tuple["Expr", "Expr"]: ...  # noqa: N802 - SymPy's name
        def as_base_exp(self) -> tuple["Expr", "Expr"]: ...
        def diff(self, *symbols: Any) -> "Expr": ...
        def subs(self, *args: Any) -> "Expr": ...

    class Symbol(Expr):
        """A named scalar."""

        name: str

        def __new__(cls, name: str, **assumptions: bool) -> "Symbol": ...
        @staticmethod
        def __xnew__(kind: Any, name: str, **assumptions: bool) -> Any: ...

    class Integer(Expr):
        """An exact integer."""

        def __new__(cls, value: int) -> "Integer": ...

    class Rational(Expr):
        """An exact fraction."""

        def __new__(cls, value: Any, q: int = 1) -> "Rational": ...

    class Str(Basic):
        """A name inside a tree."""

        name: str

        def __new__(cls, name: str) -> "Str": ...

    class Tuple(Basic):
        """A tuple inside a tree."""

        def __iter__(self) -> Any: ...
        def __len__(self) -> int: ...

    def Function(name: str, **assumptions: bool) -> Any: ...  # noqa: N802 - SymPy's name
    def expand(expr: Expr) -> Expr: ...
    def factor(expr: Expr) -> Expr: ...
    def sympify(value: Any) -> Expr: ...
    def default_sort_key(item: Any) -> Any: ...
    def ordered(items: Iterable[Any]) -> Iterable[Any]: ...
    def latex(expr: Any) -> str: ...
    def pretty_form(text: str) -> object: ...

    def exp(x: Any) -> Any: ...
    def log(x: Any) -> Any: ...
    def tanh(x: Any) -> Any: ...
    def Max(*args: Any) -> Any: ...  # noqa: N802 - SymPy's name
    def Piecewise(*args: Any) -> Any: ...  # noqa: N802 - SymPy's name

    Matrix: Any
    AppliedUndef: Any
else:
    from sympy import (
        Basic,
        Expr,
        Function,
        Integer,
        Matrix,
        Max,
        Piecewise,
        Rational,
        Symbol,
        Tuple,
        default_sort_key,
        exp,
        expand,
        factor,
        latex,
        log,
        ordered,
        sympify,
        tanh,
    )
    from sympy.core.function import AppliedUndef
    from sympy.core.symbol import Str
    from sympy.printing.pretty.stringpict import prettyForm as pretty_form  # noqa: N813 - ours

__all__ = [
    "AppliedUndef",
    "Basic",
    "Expr",
    "Function",
    "Integer",
    "Matrix",
    "Max",
    "Piecewise",
    "Rational",
    "Str",
    "Symbol",
    "Tuple",
    "default_sort_key",
    "exp",
    "expand",
    "factor",
    "latex",
    "log",
    "ordered",
    "pretty_form",
    "sympify",
    "tanh",
]
