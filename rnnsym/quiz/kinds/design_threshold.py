"""Write the weights of a net of threshold units: whatever behaves counts, of a stated range."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, product

from rnnsym.blocks import Block, Equations, Line, Listing, Paragraph, Prose, Relation, Table, prose
from rnnsym.expr import TIME, Array, Integer, Node, plus
from rnnsym.item import Item, Mark, Part, Proof, Words
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.threshold_nets import (
    DESIGNS,
    READ,
    Design,
    Inputs,
    Unit,
    array,
    is_helper,
    named,
    rows_of,
    weights_of,
)
from rnnsym.quiz.threshold_runs import (
    LENGTH,
    REACH,
    Weights,
    accepted,
    case_of,
    failure,
    fitting,
    table,
)

__all__ = ["KIND"]

NAME = "design_threshold"
MOST = 8
"""Accepted answers of one part: all of them stand in the key."""
NEAR = 3
"""Near misses shown in the solution."""
FREE = "none"
REACHES = (REACH - 1, REACH)
SCHEME = (
    Mark(1, "M", prose("the cases that occur, and what the unit shall be in each; those that "
                       "follow from others may be left out")),
    Mark(1, "M", prose("what each of these cases demands of the sum")),
    Mark(1, "A", prose("weights with which the unit is right, whichever they are; without working "
                       "they have all the marks")),
)  # fmt: skip
ALONE = (Mark(1, "A", prose("weights with which the unit is right, whichever they are")),)


def _subjects(_cells: Sequence[str]) -> Sequence[Parameters]:
    return [(("design", name), ("convention", "textbook")) for name in DESIGNS]


@cache
def _given(name: str, place: int, reach: int) -> tuple[str, ...]:
    """Return what may be given of a unit: nothing, or one weight as "place value"."""
    found = fitting(name, place, reach)
    size = len(found[0])
    fixed = [f"{i} {w[i]}" for i in range(size) for w in found] if size > 2 else []
    options = (FREE, *dict.fromkeys(fixed))
    return tuple(option for option in options if len(_matching(found, option)) <= MOST)


def _matching(found: Sequence[Weights], given: str) -> list[Weights]:
    if given == FREE:
        return list(found)
    i, value = map(int, given.split())
    return [weights for weights in found if weights[i] == value]


def _variants(subject: Parameters) -> int:
    name = dict(subject)["design"]
    places = range(len(DESIGNS[name].units))
    return sum(
        len(list(product(*(_given(name, place, reach) for place in places)))) for reach in REACHES
    )


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    name = dict(subject)["design"]
    reach = draw.choice("reach", REACHES)
    given = (
        (unit.name, draw.choice(unit.name, _given(name, place, reach)))
        for place, unit in enumerate(DESIGNS[name].units)
    )
    return (*subject, ("reach", str(reach)), *given)


# Near misses


def _slips(name: str, place: int, key: Weights) -> Iterator[tuple[str, Weights]]:
    unit = DESIGNS[name].units[place]

    def changed(i: int, value: int) -> Weights:
        return (*key[:i], value, *key[i + 1 :])

    for i, read in enumerate(unit.reads):
        if read not in DESIGNS[name].inputs:
            failed = failure(name, place, changed(i, 0))
            if failed:
                yield _unread(name, place, i, failed[0]), changed(i, 0)
        if is_helper(read, DESIGNS[name]):
            said = f"the weight of the new value of unit {read} has the wrong sign"
            yield said, changed(i, -key[i])
    if any(weight != 1 for weight in key[:-1]):
        yield "all that is read is added with weight 1", (*(1 for _ in unit.reads), 0)
    yield "no bias", changed(-1 % len(key), 0)
    yield "the bias is too small", changed(len(key) - 1, key[-1] - 1)
    yield "the bias is too large", changed(len(key) - 1, key[-1] + 1)


def _unread(name: str, place: int, i: int, inputs: Inputs) -> str:
    """Say what a unit cannot tell apart at the end of some inputs if it does not read one value."""
    design = DESIGNS[name]
    unit, case = design.units[place], case_of(name, place, inputs)
    said = [read if read in design.inputs else _aged(read) for read in unit.reads]
    age, what = said[i].split()
    value = f"its own {age} value" if what == unit.name else f"the {age} value of unit {what}"
    if (*case[:i], 0, *case[i + 1 :]) not in table(name, place):
        return f"{value} is not read, and without it no weights are right"
    others = [f"{one} = {bit}" for one, bit in zip(said, case, strict=True) if one != said[i]]
    where = f" where {', '.join(others)}" if others else ""
    return f"{value} is not read, so {said[i]} = 1 looks like {said[i]} = 0{where}"


def _aged(read: str) -> str:
    return f"old {read[:-1]}" if read.endswith("-") else f"new {read}"


def _near_misses(
    name: str, place: int, key: Weights, may: Sequence[int], reach: int
) -> Iterator[Prose]:
    """Yield what goes wrong with weights in reach of which those that ``may`` are not the key's."""
    seen: set[Weights] = set()
    for what, weights in _slips(name, place, key):
        kept = all(
            w == k for i, (w, k) in enumerate(zip(weights, key, strict=True)) if i not in may
        )
        asked = kept and weights not in seen and max(map(abs, weights)) <= reach
        failed = failure(name, place, weights) if asked else None
        seen.add(weights)
        if failed:
            inputs, found, wanted = failed
            makes = f"{_steps(name, inputs)} makes the unit {_bits(found)}, not {_bits(wanted)}"
            yield prose(f"{_typed(weights)}: {what}. {makes}.".replace("-", "−"))


def _steps(name: str, inputs: Inputs) -> str:
    names = enumerate(DESIGNS[name].inputs)
    return " with ".join(f"{what} = {_bits([bits[i] for bits in inputs])}" for i, what in names)


def _bits(bits: Sequence[int]) -> str:
    return ", ".join(map(str, bits))


def _typed(weights: Sequence[int]) -> str:
    return " ".join(map(str, weights))


# The question


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    name, reach = values["design"], int(values["reach"])
    units = DESIGNS[name].units
    parts = tuple(_part(name, i, reach, values[unit.name]) for i, unit in enumerate(units))
    marks = sum(part.marks for part in parts)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="design",
        level=3 if len(parts) == 1 else 4,
        minutes=2 * marks,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(name),
        parts=parts,
        proof=Proof(f"the net run with all weights on all inputs of {LENGTH} steps", "exact"),
        tags=(name, "threshold"),
    )


@cache
def _stem(name: str) -> tuple[Block, ...]:
    design = DESIGNS[name]
    old = {array(read) for unit in design.units for read in unit.reads if read.endswith("-")}
    units = [array(unit.name) for unit in design.units]
    made, every = ("threshold units", "every") if len(units) > 1 else ("one threshold unit", "the")
    starts = listed([Relation((_first(unit), Integer(0))) for unit in units if _old(unit) in old])
    return (
        Paragraph(prose(*named(design.purpose), f" It is made of {made}:")),
        Equations(tuple(Line(target, value) for target, value in rows_of(design))),
        Paragraph(prose(
            *_inputs(design), " The function step is 1 where its argument is above 0, and 0 "
            f"elsewhere. Convention: {every} unit is one number; ", *starts, ".",
        )),
    )  # fmt: skip


def _inputs(design: Design) -> Prose:
    """Say what is read at each step."""
    read = listed([array(name) for name in design.inputs])
    if design.purpose.startswith(READ):
        return prose(*read, " are the digits of the two numbers at step ", TIME, ".")
    several = len(design.inputs) > 1
    head, tail = ("The inputs ", " are each") if several else ("The input ", " is")
    return prose(head, *read, tail, " 0 or 1.")


def _old(unit: Array) -> Node:
    return unit.xreplace({TIME: TIME - 1})


def _first(unit: Array) -> Node:
    return unit.xreplace({TIME: Integer(0)})


@cache
def _part(name: str, place: int, reach: int, given: str) -> Part:
    unit, weights = DESIGNS[name].units[place], weights_of(DESIGNS[name], place)
    found = _matching(accepted(name, place, reach), given)
    fixed = None if given == FREE else int(given.split(maxsplit=1)[0])
    free = [i for i in range(len(weights)) if i != fixed]
    answers = [_typed([one[i] for i in free]) for one in found]
    example = _typed([-(i % 2) for i in range(len(free))])
    if example in answers:
        raise Unfair(f"the example of an answer, {example}, is right")
    told = "" if fixed is None else prose(_equal(weights[fixed], found[0][fixed]), " is given. ")
    stem = prose(
        "The unit ", array(unit.name), " shall be 1 where ", *named(unit.words), ", and 0 "
        f"elsewhere, at every step of every input of up to {LENGTH} steps. ", *told, "Find "
        f"whole numbers from −{reach} to {reach} that do this as ",
        *listed([weights[i] for i in free]), "; one answer is enough. Write them in this order, "
        f"with one space between them, like {example}."
    )  # fmt: skip
    return Part(
        (Paragraph(stem),),
        Words(tuple(answers)),
        len(SCHEME) if len(weights) > 2 else 1,
        tuple(_solution(name, place, found, free, reach)),
        SCHEME if len(weights) > 2 else ALONE,
        tuple(_hints(unit, DESIGNS[name])),
    )


def _equal(weight: Array, value: int) -> Relation:
    return Relation((weight, Integer(value)))


def _solution(
    name: str, place: int, found: Sequence[Weights], free: Sequence[int], reach: int
) -> Iterator[Block]:
    unit, weights = DESIGNS[name].units[place], weights_of(DESIGNS[name], place)
    yield Paragraph(prose("In the cases that occur, the sum must be above 0, or must not:"))
    head = (*(prose(array(read)) for read in unit.reads), prose(array(unit.name)), prose("so"))
    rows = (
        (*(prose(str(bit)) for bit in (*case, wanted)), prose(_condition(weights, case, wanted)))
        for case, wanted in table(name, place).items()
    )
    yield Table(head, tuple(rows))
    pairs = [_equal(*pair) for pair in zip(weights, found[0], strict=True)]
    count = f"{len(found)} answers are right" if len(found) > 1 else "One answer is right"
    yield Paragraph(prose("This holds with ", *listed(pairs), f". {count}."))
    yield Paragraph(prose("Near misses, with all weights:"))
    yield Listing(tuple(islice(_near_misses(name, place, found[0], free, reach), NEAR)))


def _condition(weights: Sequence[Array], case: Sequence[int], wanted: int) -> Relation:
    *factors, bias = weights
    read = [weight for weight, bit in zip(factors, case, strict=True) if bit]
    return Relation((plus(*read, bias), Integer(0)), ">" if wanted else "≤")


def _hints(unit: Unit, design: Design) -> Iterator[Prose]:
    yield prose("List what the unit can read, and what it shall be in each case.")
    for read in unit.reads:
        if is_helper(read, design):
            yield prose("In which cases is ", array(read), " needed to make the sum small enough?")


KIND = Kind(NAME, "design", "create", (3, 4), (3, 7), _subjects, _variants, _draw, _make)
