"""When two answers say the same: as mathematics, at the precision shown, as printed."""

from decimal import Decimal
from functools import lru_cache, partial

from rnnsym.blocks import (
    Emphasis,
    EquationRef,
    Inline,
    Math,
    NumberMatrix,
    Partial,
    Prose,
    Relation,
    Written,
)
from rnnsym.expr import (
    LAYER,
    STEPS,
    TIME,
    UNICODE,
    Expr,
    Formula,
    Integer,
    Node,
    expand,
    formula_in,
    normal,
    text,
    text_scalar,
)
from rnnsym.quiz.decimals import Numbers, Place, Point, evaluate
from rnnsym.quiz.draw import digest
from rnnsym.quiz.numbers import Matrix

__all__ = ["MARGIN", "alike", "fingerprint", "form_of", "printed"]

MARGIN = 10
"""By how many units of the last decimal shown two numbers differ, so that rounding on the way
never turns one option into another."""
SHARE = Decimal("0.01")
"""And by what part of their size: an answer 1 % off still counts."""
POSITIVE, SIGNED = range(2)
TOLERANCE = Decimal("1e-12")


def alike(a: Prose, b: Prose) -> str:
    """Say in what way two options say the same, or nothing."""
    if printed(a) == printed(b):
        return "are printed alike"
    if len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True)):
        return "are equal"
    return ""


def _same(a: Inline, b: Inline) -> bool:
    if isinstance(a, Node) and isinstance(b, Node):
        return not _differ(a, b)
    if isinstance(a, NumberMatrix) and isinstance(b, NumberMatrix):
        return _too_close(a, b)
    if isinstance(a, Expr | Formula) and isinstance(b, Expr | Formula):
        return expand(_scalar(a) - _scalar(b)) == 0
    return a == b


def _scalar(math: Expr | Formula) -> Expr:
    return math.value if isinstance(math, Formula) else math


def _too_close(a: NumberMatrix, b: NumberMatrix) -> bool:
    if [len(row) for row in a.rows] != [len(row) for row in b.rows]:
        return False
    pairs = [
        (Decimal(x), Decimal(y))
        for row, other in zip(a.rows, b.rows, strict=True)
        for x, y in zip(row, other, strict=True)
    ]
    return all(abs(x - y) < _margin(x, y) for x, y in pairs)


def _margin(x: Decimal, y: Decimal) -> Decimal:
    exponent = min(int(number.as_tuple().exponent) for number in (x, y))
    return max(MARGIN * Decimal(1).scaleb(exponent), SHARE * max(abs(x), abs(y)))


@lru_cache(maxsize=1024)
def _differ(a: Node, b: Node) -> bool:
    """Tell whether two expressions differ as mathematics: at random points and in normal form."""
    if a.shape != b.shape:
        return True
    return fingerprint(a) != fingerprint(b) and _normal(a) != _normal(b)


@lru_cache(maxsize=1024)
def _normal(node: Node) -> Node:
    """Return the normal form: an option is compared with each of the others."""
    return normal(node)


@lru_cache(maxsize=1024)
def fingerprint(node: Node) -> tuple[Matrix | None, ...]:
    """Return the values at random points that all expressions share, to twelve decimals."""
    return tuple(_at(node, point) for point in (POSITIVE, SIGNED))


def _at(node: Node, point: int) -> Matrix | None:
    """The value at one point; None where a logarithm or a quotient has none."""
    read = partial(_random, point)
    try:
        value = evaluate(node, Point(_numbers(node), read))
    except ArithmeticError:
        return None
    return tuple(tuple(entry.quantize(TOLERANCE) for entry in row) for row in value)


@lru_cache(maxsize=16)
def _numbers(node: Node) -> Numbers:
    """Distinct numbers for every size in any expression: a size's number depends on its name."""
    fixed: dict[Expr, int] = {TIME: 3, STEPS: 5, LAYER: 2}
    found: set[Expr] = node.free_symbols - fixed.keys()
    sizes = {s: _size(str(s)) for s in sorted(found, key=str)}
    return tuple((fixed | sizes).items())


def _size(name: str) -> int:
    return {"n": 3, "d": 2, "p": 4}.get(name) or 5 + digest(name)[0] % 3


@lru_cache(maxsize=1024)
def _random(point: int, place: Place, shape: tuple[int, int]) -> Matrix:
    """Entries in 0.1 … 0.9, at one point with both signs, so that a step function is seen."""
    rows, columns = shape

    def entry(i: int, j: int) -> Decimal:
        drawn = int.from_bytes(digest(place, point, i, j), "big")
        size = Decimal(10**11 + drawn % (8 * 10**11)).scaleb(-12)
        return -size if point == SIGNED and drawn & 1 else size

    return tuple(tuple(entry(i, j) for j in range(columns)) for i in range(rows))


def printed(content: Prose) -> str:
    """Return an option as a reader sees it."""
    return "".join(_printed(part) for part in content)


@lru_cache(maxsize=4096)
def _printed(part: Inline) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, EquationRef):
        return f"({part.number})"
    return part.text if isinstance(part, Emphasis) else _math(part)


def _math(math: Math) -> str:
    if isinstance(math, Node):
        return text(math)
    if isinstance(math, Formula):
        return formula_in(math, UNICODE)
    if isinstance(math, NumberMatrix):
        return "; ".join(" ".join(row) for row in math.rows)
    if isinstance(math, Partial):
        return f"{math.sign}{text(math.of)}/{math.sign}{text(math.wrt)}"
    if isinstance(math, Relation):
        return f" {math.sign} ".join(_math(side) for side in math.sides)
    if isinstance(math, Written):
        return math.text
    return str(math) if isinstance(math, Integer) else text_scalar(math)


@lru_cache(maxsize=4096)
def form_of(value: Node) -> str:
    """Return how an expression looks with all names alike."""
    inner = ", ".join(form_of(child) for child in value.children)
    return f"{type(value).__name__}({inner})"
