"""What a bias of the gate that keeps the state does at the start of training: σ(b) to the k."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from itertools import count

from rnnsym.blocks import Block, Paragraph, Prose, Relation, prose
from rnnsym.expr import TIME, Integer, Symbol, fill_like, minus
from rnnsym.flow.run import KeepGate
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.quiz.by_hand import SHOWN, UNITS, WORKED
from rnnsym.quiz.derivation_flow import GATED, cell_blocks, gates_of, one_unit, power
from rnnsym.quiz.derivation_paths import chain_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import distance_to_tie, rounded, shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND", "MISCONCEPTIONS"]

NAME = "forget_bias"
BIASES = ("0.75", "1", "1.5", "2", "2.5", "3")
STEPS = ("5", "8", "10", "12", "15", "20", "30")
SHARE = Decimal("0.02")
"""How far off an answer may be that was worked with rounded numbers, UNITS at least."""
NEAR = Decimal("0.001")
"""How far off a single factor may be."""
FROM_HALF = Decimal("0.01")
"""How far from a half the shares beside it are at least: ten times what rounding may change."""
SMALLEST = Decimal("0.05")
HALF = Decimal("0.5")
Wrong = Callable[[Decimal, Decimal, int], Decimal]
MISCONCEPTIONS: tuple[tuple[str, str, Wrong], ...] = (
    ("linear decay", "Each step multiplies what is left: the amount lost is not always the same.",
     lambda kept, bias, k: 1 - k * (1 - kept)),
    ("one step only", "The gate acts at every step, so its value is raised to their number.",
     lambda kept, bias, k: kept),
    ("complement taken", "That is the power of what is let go, not of what is kept.",
     lambda kept, bias, k: power(1 - kept, k)),
    ("bias left at 0", "σ(0) = 0.5 would be without the bias.",
     lambda kept, bias, k: power(HALF, k)),
)  # fmt: skip


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("gate", gate.gate.name))
        for name in cells or GATED
        for gate in gates_of(name)
        if len(gate.biases) == 1
    ]


def _gate(parameters: Parameters) -> KeepGate:
    values = dict(parameters)
    return next(g for g in gates_of(values["model"]) if g.gate.name == values["gate"])


def _variants(_subject: Parameters) -> int:
    return len(_pairs())


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    bias, steps = draw.choice("bias and steps", _pairs()).split()
    return (*subject, ("bias", bias), ("steps", steps))


@cache
def _pairs() -> tuple[str, ...]:
    """Biases and numbers of steps after which enough is left for three decimals."""
    shares = {(b, k): power(1 / (1 + (-Decimal(b)).exp()), int(k)) for b in BIASES for k in STEPS}
    return tuple(f"{b} {k}" for (b, k), share in shares.items() if share > SMALLEST)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, steps, gate = values["model"], int(values["steps"]), _gate(parameters)
    bias = Decimal(values["bias"]) * gate.sign
    kept = _kept(model, gate, bias)
    left = power(kept, steps)
    half = _half_life(kept)
    parts = _one(gate, bias, kept), _many(gate, bias, kept, steps), _until(kept, half)
    _prove(model, gate.gate.name, bias, steps, left)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=3,
        minutes=6,
        convention=values["convention"],
        parameters=parameters,
        stem=(*cell_blocks(model), *_asked(gate, bias)),
        parts=parts,
        proof=Proof("the whole cell run for so many steps, 30 digits", "≤ 1e-20"),
        tags=(model, "bias of a gate"),
    )


def _kept(model: str, gate: KeepGate, bias: Decimal) -> Decimal:
    """Return the direct edge where all weights are 0 and the gate has this bias."""
    known = {(gate.biases[0].name, 0): bias}
    chain = chain_of(model)
    for equation in chain.loop.equations:
        known[equation.lhs.name, 1] = one_unit(equation.rhs, known)
        if equation.lhs == gate.gate:
            break
    edge = next(e.value for e in chain.edges if e.of == gate.state)
    if edge is None:
        raise Unfair(f"{gate.state} has no direct edge")
    return one_unit(edge, known)


@lru_cache(maxsize=64)
def _prove(model: str, gate_name: str, bias: Decimal, steps: int, left: Decimal) -> None:
    """Run the whole cell from the state 1, and compare what is left of it.

    Raises:
        Unfair: it is not the power.
    """
    chain = chain_of(model)
    gate = next(g for g in gates_of(model) if g.gate.name == gate_name)
    state = {(s.name, 0): Decimal(int(s == gate.state)) for s in chain.states}
    for _ in range(steps):
        known = {(gate.biases[0].name, 0): bias, **state}
        for equation in chain.loop.equations:
            known[equation.lhs.name, 1] = one_unit(equation.rhs, known)
        state = {(s.name, 0): known[s.name, 1] for s in chain.states}
    if abs(state[gate.state.name, 0] / left - 1) > Decimal("1e-20"):
        raise Unfair(f"the cell keeps {state[gate.state.name, 0]}, not {left}")


def _half_life(kept: Decimal) -> int:
    """Return the first step after which less than a half is left."""
    for k in count(1):
        if power(kept, k) < HALF:
            if min(abs(power(kept, j) / HALF - 1) for j in (k - 1, k)) < FROM_HALF:
                raise Unfair("a half is too near")
            return k
    raise AssertionError


def _asked(gate: KeepGate, bias: Decimal) -> Iterator[Block]:
    [array] = gate.biases
    given = prose(array, f" = {shown(bias)}".replace("-", "−"))
    yield Paragraph(
        prose("All vectors have one entry. At the start of training all weights are 0 and all "
              "biases are 0, except ", *given, ". Keep four decimals on the way, give three.")
    )  # fmt: skip


def _factor(gate: KeepGate) -> Prose:
    kept = gate.gate if gate.sign > 0 else minus(fill_like(1, gate.gate), gate.gate)
    return prose(kept)


def _one(gate: KeepGate, bias: Decimal, kept: Decimal) -> Part:
    said = shown(bias).replace("-", "−")
    value = _as_shown(kept)
    complement = WrongNumber(
        rounded(1 - kept, SHOWN), "complement taken",
        prose("That is what is let go: look at which factor the old state has."),
    )  # fmt: skip
    worked = [prose(gate.gate, f" = σ({said}) = {shown(rounded(_gate_value(gate, kept), WORKED))}")]
    if gate.sign < 0:
        worked.append(prose(*_factor(gate), f" = {shown(rounded(kept, WORKED))}"))
    ask = Paragraph(prose("By which factor is ", gate.state.xreplace({TIME: TIME - 1}),
                          " multiplied in the equation of ", gate.state,
                          f"? An answer counts if it is off by at most {NEAR}."))  # fmt: skip
    return Part(
        (ask,),
        Numeric((Blank(prose("factor"), value, NEAR, (complement,)),)),
        2,
        tuple(Paragraph(prose(*line, ".")) for line in worked),
        (
            Mark(1, "M", prose("the gate is σ of its bias: ", gate.gate, f" = σ({said})")),
            Mark(1, "A", prose(*_factor(gate), f" = {shown(value)}")),
        ),
    )


def _gate_value(gate: KeepGate, kept: Decimal) -> Decimal:
    return kept if gate.sign > 0 else 1 - kept


def _as_shown(kept: Decimal) -> Decimal:
    """Return a factor as it is shown.

    Raises:
        Unfair: it is too near a tie between two roundings.
    """
    if distance_to_tie(kept, SHOWN) < Decimal("0.00006"):
        raise Unfair("the factor is near a tie")
    return rounded(kept, SHOWN)


def _many(gate: KeepGate, bias: Decimal, kept: Decimal, steps: int) -> Part:
    exact, base = power(kept, steps), rounded(kept, WORKED)
    if exact < SMALLEST:
        raise Unfair("too little is left for three decimals")
    value = rounded(power(base, steps), SHOWN)
    tolerance = max(rounded(value * SHARE, SHOWN), UNITS)
    if abs(exact - value) > tolerance / 2:
        raise Unfair("rounding on the way changes the answer")
    wrong: list[WrongNumber] = []
    for name, why, slip in MISCONCEPTIONS:
        other = rounded(slip(base, bias, steps), SHOWN)
        if other > 0:
            wrong.append(WrongNumber(other, name, prose(why)))
    start = gate.state.xreplace({TIME: Integer(0)})
    end = gate.state.xreplace({TIME: Integer(steps)})
    raised = Symbol(shown(base)) ** steps
    counts = f"off by at most {100 * SHARE:.0f} % or {UNITS}, whichever is larger."
    ask = prose(
        "What share of ", start, " is left in ", end, f"? An answer counts if it is {counts}"
    )
    return Part(
        (Paragraph(ask),),
        Numeric((Blank(prose("share"), value, tolerance, told_apart(wrong)),)),
        2,
        (Paragraph(prose(raised, f" = {shown(value)}.")),),
        (
            Mark(1, "M", prose("the factor to the power of the steps: ", raised)),
            Mark(1, "A", prose(shown(value))),
        ),
        carries=(0,),
    )


def _power(base: Decimal, k: int) -> Prose:
    """Return a power with its value; the first is its own."""
    raised = Symbol(shown(base)) ** k
    value = Symbol(shown(rounded(power(base, k), SHOWN)))
    return prose(raised) if k == 1 else prose(Relation((raised, value)))


def _until(kept: Decimal, half: int) -> Part:
    early = f"After {half - 1} step{'s' if half > 2 else ''} more than half is still left."
    wrong = (
        WrongNumber(
            Decimal(2), "bias left at 0", prose("That holds for σ(0) = 0.5: 0.25 after two steps.")
        ),
        WrongNumber(Decimal(half - 1), "one step too few", prose(early)),
    )
    base = rounded(kept, WORKED)
    first, second = (_power(base, k) for k in (half - 1, half))
    return Part(
        (Paragraph(prose("After how many steps is less than half left, for the first time?")),),
        Numeric((Blank(prose("steps"), Decimal(half), Decimal(0),
                       told_apart(slip for slip in wrong if slip.value != half)),)),
        1,
        (Paragraph(prose(*first, " and ", *second, ".")),),
        carries=(0,),
    )  # fmt: skip


KIND = Kind(NAME, "gradient-flow", "apply", (3, 3), (5, 5), _subjects, _variants, _draw, _make)
