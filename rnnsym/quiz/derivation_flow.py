"""Numbers of gradient flow: cells with one unit, powers of ten, gates that keep a state."""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import ceil, log10

from rnnsym.blocks import Block, Paragraph, prose
from rnnsym.expr import TIME, Expr, Node, Symbol, size
from rnnsym.flow.run import KeepGate, keep_gates
from rnnsym.quiz.decimals import PRECISION, Numbers, Point, evaluate
from rnnsym.quiz.derivation_lines import system_of
from rnnsym.quiz.derivation_paths import chain_of, has_chain
from rnnsym.quiz.forward_net import net_of, place_of, run
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import rounded
from rnnsym.quiz.subject import INPUT, described, equation_note, equations_of

__all__ = [
    "GATED", "PLAIN", "adds", "cell_blocks", "first_step_beyond", "gates_of", "one_unit",
    "power", "scientific", "ten_to",
]  # fmt: skip

GATED = ("gru", "lstm", "lstm-coupled", "mgu", "mingru", "ugrnn")
"""Cells with a gate that keeps a state."""
PLAIN = ("vanilla", "logistic-rnn", "relu-rnn", "elman-output", "linear")
"""Cells whose Jacobian is bounded by γ‖U‖."""
TEN = Symbol("10")
UNITS: dict[Expr, int] = {size("n"): 1, size("d"): 1, size("p"): 1}
LONGEST = 5000


@lru_cache(maxsize=256)
def gates_of(model: str) -> tuple[KeepGate, ...]:
    """Return the gates of a model's chain that keep a state."""
    return tuple(keep_gates(chain_of(model))) if has_chain(model) else ()


@lru_cache(maxsize=256)
def cell_blocks(model: str) -> tuple[Block, ...]:
    """Return the equations and the convention of a model."""
    system = system_of(model)
    return (
        Paragraph(prose(*described(system), " is computed by")),
        equations_of(system),
        Paragraph(equation_note(system)),
    )


def one_unit(node: Node, values: Mapping[tuple[str, int], Decimal]) -> Decimal:
    """Return the value of an expression where every size is 1.

    Args:
        node: what is computed at step 1.
        values: of each array by name and step; what is missing is 0. Without time, step 0.
    """
    numbers: Numbers = ((TIME, 1), *UNITS.items())
    zero = Decimal(0)
    point = Point(numbers, lambda place, _: ((values.get((place[0], place[3] or 0), zero),),))
    return evaluate(node, point)[0][0]


def power(base: Decimal, exponent: int) -> Decimal:
    """Return a power to 30 digits."""
    with localcontext(prec=PRECISION):
        return base**exponent


def scientific(number: Decimal) -> tuple[Decimal, int]:
    """Return a and b of a · 10ᵇ, with 1 ≤ a < 10 to one decimal.

    Raises:
        Unfair: rounding would leave a near 1 or 10, so that b is in doubt.

    >>> scientific(Decimal("0.000123"))
    (Decimal('1.2'), -4)
    """
    exponent = number.adjusted()
    mantissa = number.scaleb(-exponent)
    if not Decimal("1.1") < mantissa < Decimal("9.7"):
        raise Unfair(f"{number:.2e} is too near a power of ten")
    return rounded(mantissa, 1), exponent


def ten_to(exponent: int) -> Expr:
    """Return a power of ten as it is printed."""
    return TEN**exponent


def first_step_beyond(factor: Fraction, exponent: int) -> int:
    """Return the first k for which factorᵏ is beyond 10 to the exponent.

    Args:
        factor: between 0 and 1 where the exponent is below 0, above 1 where it is above 0.
        exponent: not 0.

    Raises:
        Unfair: it takes too long, or is too near to be told from the step before.

    >>> first_step_beyond(Fraction(2), 3)
    10
    """
    k = ceil(exponent / log10(factor))
    if k > LONGEST:
        raise Unfair(f"no step of {LONGEST} is beyond it")
    limit = Fraction(10) ** exponent
    if any(abs(factor**step / limit - 1) < Fraction(1, 100) for step in (k - 1, k)):
        raise Unfair("the step before is too near")
    return k


@lru_cache(maxsize=64)
def adds(model: str) -> bool:
    """Tell from values of a step, all weights 1, whether it is linear in the old state."""
    net = net_of(model, 1)

    def after(old: int) -> Decimal:
        values = (
            (a, 1 if a.time is None else 0 if a.name == INPUT.name else old) for a in net.given
        )
        given = {place_of(a): ((Decimal(value),),) for a, value in values}
        return run(net.rows, given, net.numbers)[place_of(net.rows[-1].target)][0][0]

    return after(-3) + after(3) == after(-1) + after(1)
