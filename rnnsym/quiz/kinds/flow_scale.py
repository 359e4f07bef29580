"""What is left of a gradient after k steps: a factor to the power k, as a power of ten."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil

from rnnsym.audit.rewrite import complement, subtrees
from rnnsym.blocks import Block, Paragraph, Partial, Prose, prose
from rnnsym.cell import Cell
from rnnsym.expr import TIME, Array, Integer, Node, Symbol, arrays_in
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.jacobian import StateJacobian
from rnnsym.quiz.derivation_flow import (
    GATED,
    cell_blocks,
    first_step_beyond,
    one_unit,
    power,
    scientific,
    ten_to,
)
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.derivation_paths import chain_of, has_chain
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND", "MISCONCEPTIONS"]

NAME = "flow_scale"
CELLS = ("linear", *GATED)
GATES = ("0.2", "0.3", "0.4", "0.6", "0.7", "0.8", "0.9", "0.95")
WEIGHTS = ("0.2", "0.3", "0.4", "0.6", "0.7", "0.8", "0.9", "1.2", "1.5", "1.6", "2", "3")
STEPS = ("10", "20", "30", "40", "50", "100")
DIGITS = ("3", "4", "5", "6", "8")
TOLERANCE = Decimal("0.1")
A, B, K = (Symbol(name) for name in "abk")
COMPLEMENT = "complement taken"
Wrong = Callable[[Decimal, int], Decimal]
MISCONCEPTIONS: tuple[tuple[str, str, Wrong], ...] = (
    ("multiplied, not raised", "The factors are multiplied with each other, not added up.",
     lambda factor, k: factor * k),
    ("divided, not raised", "Each step multiplies by the factor; nothing is divided by steps.",
     lambda factor, k: factor / k),
    (COMPLEMENT, "One minus that factor is what is lost in a step, not what is kept.",
     lambda factor, k: power(abs(1 - factor), k)),
    ("reciprocal taken", "Each step multiplies by the factor: nothing is divided by it.",
     lambda factor, k: power(1 / factor, k)),
)  # fmt: skip


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("state", edge.of.name))
        for name in cells or CELLS
        for edge in _edges(name)
    ]


@lru_cache(maxsize=256)
def _edges(model: str) -> tuple[StateJacobian, ...]:
    """The direct edges that hold one array only, a weight or a gate."""
    edges = chain_of(model).edges if has_chain(model) else ()
    found = (edge for edge in edges if edge.value is not None)
    return tuple(e for e in found if len(set(arrays_in(_value(e)))) == 1 and _known(model, e))


def _value(edge: StateJacobian) -> Node:
    if edge.value is None:
        raise TypeError(f"{edge.of} has no edge to itself")
    return edge.value


def _array(edge: StateJacobian) -> Array:
    return next(arrays_in(_value(edge)))


def _known(model: str, edge: StateJacobian) -> bool:
    """Tell whether the array is a weight, or a gate between 0 and 1."""
    array = _array(edge)
    rules = {e.lhs: e.rhs for e in chain_of(model).loop.equations}
    gate = rules.get(array)
    return array.time is None or (gate is not None and getattr(gate, "name", "") == "sigmoid")


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    values = dict(subject)
    [edge] = [e for e in _edges(values["model"]) if e.of.name == values["state"]]
    numbers = WEIGHTS if _array(edge).time is None else GATES
    drawn = draw.choice("value", numbers)
    return (
        *subject, ("value", drawn), ("steps", draw.choice("steps", STEPS)),
        ("digits", draw.choice("digits", DIGITS)),
    )  # fmt: skip


def _variants(_subject: Parameters) -> int:
    return len(GATES) * len(STEPS)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, steps = values["model"], int(values["steps"])
    [edge] = [e for e in _edges(model) if e.of.name == values["state"]]
    array, given = _array(edge), Decimal(values["value"])
    step = one_unit(_value(edge), {(array.name, int(array.time is not None)): given})
    if step == 1 - step:
        raise Unfair("one minus the factor is the factor itself")
    if step <= 0 or step == 1:
        raise Unfair("a power of the factor neither grows nor shrinks, or changes its sign")
    kept = power(step, steps)
    digits = int(values["digits"]) * (1 if step > 1 else -1)
    beyond = first_step_beyond(Fraction(step), digits)
    parts = (_scale(model, edge, step, steps, kept), _when(step, digits, beyond))
    _prove(model, edge.of.name, given, steps, kept)  # last: it takes longest and refuses least
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=3,
        minutes=5,
        convention=values["convention"],
        parameters=parameters,
        stem=(*cell_blocks(model), _asked(model, edge, given, steps)),
        parts=parts,
        proof=Proof(
            "the state's own equation run for so many steps from two starts, 30 digits", "≤ 1e-20"
        ),
        tags=(model, "vanishing" if step < 1 else "exploding"),
    )


@lru_cache(maxsize=64)
def _prove(model: str, state_name: str, given: Decimal, steps: int, kept: Decimal) -> None:
    """Run the state's own equation from 0 and from 1, all else held fixed.

    Raises:
        Unfair: what is left of the difference is not the power.
    """
    cell = _cell(model)
    [edge] = [e for e in _edges(model) if e.of.name == state_name]
    rule, array = cell.written[state_name], _array(edge)
    fixed = {(array.name, int(array.time is not None)): given}
    ends: list[Decimal] = []
    for start in (0, 1):
        state = Decimal(start)
        for _ in range(steps):
            state = one_unit(rule, {**fixed, (state_name, 0): state})
        ends.append(state)
    if abs((ends[1] - ends[0]) / kept - 1) > Decimal("1e-20"):
        raise Unfair(f"running the equation gives {ends[1] - ends[0]}, not {kept}")


def _cell(model: str) -> Cell:
    cell = chain_of(model).block.cell
    if cell is None:
        raise Unfair(f"{model} has no cell")
    return cell


def _asked(model: str, edge: StateJacobian, given: Decimal, steps: int) -> Block:
    array = _array(edge)
    value = prose(array, f" = {shown(given)}")
    here = prose("Let every vector have one entry and ", *value)
    tail = "." if array.time is None else " at every step."
    first = edge.of.xreplace({TIME: Integer(steps)})
    start = edge.of.xreplace({TIME: Integer(0)})
    along = () if _is_only_way(model) else (
        " along the direct edges ", Partial(edge.of, edge.wrt, "∂⁺"), " only, with ",
        *listed(_beside(model, edge)), " held fixed",
    )  # fmt: skip
    return Paragraph(
        prose(*here, tail, " A gradient goes back from ", first, " to ", start, *along, ". By what "
              "number is it multiplied in all?")
    )  # fmt: skip


@lru_cache(maxsize=256)
def _is_only_way(model: str) -> bool:
    """Tell whether nothing but the state's own equation reads what the step before leaves."""
    chain = chain_of(model)
    before = {state.xreplace({TIME: TIME - 1}) for state in chain.states}
    return sum(not before.isdisjoint(arrays_in(e.rhs)) for e in chain.loop.equations) == 1


def _beside(model: str, edge: StateJacobian) -> list[Array]:
    """Return what else of a step stands in the state's own equation."""
    read = dict.fromkeys(arrays_in(_cell(model).written[edge.of.name]))
    return [a for a in read if a.time is not None and a.name != edge.of.name]


@lru_cache(maxsize=256)
def _swap(model: str, edge: StateJacobian) -> Prose:
    """Say that a gate is swapped with 1 minus it, () where the state's equation has not both."""
    gate = _array(edge)
    if gate.time is None:
        return ()
    parts = subtrees(_cell(model).written[edge.of.name])
    other = next((part for part in parts if complement(part) == gate), None)
    return () if other is None else prose("This swaps ", gate, " and ", other, ".")


def _scale(model: str, edge: StateJacobian, step: Decimal, steps: int, kept: Decimal) -> Part:
    mantissa, exponent = scientific(kept)
    wrong = told_apart(_wrong(model, edge, step, steps, exponent))
    alone = _is_only_way(model)
    factor = Partial(edge.of, edge.wrt) if alone else Partial(edge.of, edge.wrt, "∂⁺")
    direct = "." if alone else "; ∂⁺ counts the direct edge alone."
    return Part(
        (
            Paragraph(
                prose("Write this number as ", A, " · 10 to the power of ", B, ", where 1 ≤ ", A,
                      " < 10 has one decimal. Keep four significant digits on the way; ", A,
                      f" counts if it is at most {TOLERANCE} off.")
            ),
        ),
        Numeric((
            Blank(prose(A), mantissa, TOLERANCE),
            Blank(prose(B), Decimal(exponent), Decimal(0), wrong),
        )),
        3,
        (
            Paragraph(prose("One step multiplies by ", factor, " = ", _value(edge),
                            f" = {shown(step)}{direct}")),
            Paragraph(prose(f"After {steps} steps: ", Symbol(shown(step)) ** steps,
                            f" = {shown(mantissa)} · ", ten_to(exponent), ".")),
        ),
        (
            Mark(1, "M", prose("the factor of one step: ", _value(edge), f" = {shown(step)}")),
            Mark(1, "M", prose("raised to the power of the steps: ", Symbol(shown(step)) ** steps)),
            Mark(1, "A", prose(f"{shown(mantissa)} · ", ten_to(exponent))),
        ),
    )  # fmt: skip


def _wrong(
    model: str, edge: StateJacobian, step: Decimal, steps: int, exponent: int
) -> Iterator[WrongNumber]:
    swap, gated = _swap(model, edge), _array(edge).time is not None
    for name, why, slip in MISCONCEPTIONS:
        if name == COMPLEMENT and not gated:
            continue  # a weight keeps no share of what it multiplies
        value = slip(step, steps)
        if value and value.adjusted() != exponent:
            said = swap if swap and name == COMPLEMENT else prose(why)
            yield WrongNumber(Decimal(value.adjusted()), name, said)


def _when(step: Decimal, digits: int, beyond: int) -> Part:
    side = "below" if step < 1 else "above"
    natural = abs(ceil(digits / step.ln()))
    wrong = told_apart(
        WrongNumber(Decimal(number), name, prose(why))
        for number, name, why in (
            (beyond - 1, "rounded down", "After so many steps it has not passed the power of 10."),
            (natural, "natural logarithm", "For a power of 10 take the logarithm to base 10."),
        )
        if number != beyond
    )
    return Part(
        (Paragraph(prose(f"After how many steps is such a product {side} ", ten_to(digits),
                         " for the first time?")),),
        Numeric((Blank(prose("number of steps"), Decimal(beyond), Decimal(0),
                       wrong),)),
        2,
        (Paragraph(prose("After ", K, " steps the product is ", Symbol(shown(step)) ** K,
                         f". It is {side} ", ten_to(digits), " where ", K,
                         f" · log₁₀ {shown(step)} is {side} ", Integer(digits), ": first at ", K,
                         f" = {beyond}.")),),
        (
            Mark(1, "M", prose("a valid method: ", Integer(digits), " divided by log₁₀ "
                               f"{shown(step)}, natural logarithms, or the powers on either side "
                               "of ", ten_to(digits))),
            Mark(1, "A", prose(f"the first whole number of steps: {beyond}")),
        ),
        carries=(0,),
    )  # fmt: skip


KIND = Kind(NAME, "gradient-flow", "apply", (3, 3), (5, 5), _subjects, _variants, _draw, _make)
