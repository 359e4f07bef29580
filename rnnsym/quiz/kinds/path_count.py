"""How many paths lead through several steps and layers?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from math import comb

from rnnsym.blocks import Block, Equations, Line, Paragraph, Relation, prose
from rnnsym.expr import LAYER, TIME, Array, Integer, Symbol, arrays_in
from rnnsym.flow.paths import closed_form, count_paths, main_state
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.jacobian import jacobians
from rnnsym.quiz.derivation_lines import listed, system_of
from rnnsym.quiz.derivation_paths import has_chain
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED, convention_note, described
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND", "MISCONCEPTIONS"]

NAME = "path_count"
DEPTHS = (2, 3)
STEPS = ("2", "3", "4", "5", "6")
MOST = 100_000
Wrong = Callable[[int, int, int, int], int]
MISCONCEPTIONS: tuple[tuple[str, str, Wrong], ...] = (
    ("order of moves ignored", "A path may go up a layer before or after any step in time.",
     lambda a, b, k, up: a**k * b**up),
    ("one path a move", "A step in time, or a layer up, has more than one path.",
     lambda a, b, k, up: comb(k + up, k)),
    ("depth left out", "A path has to go up from layer to layer as well.",
     lambda a, b, k, up: a**k),
    ("added, not multiplied", "Choices made one after the other are multiplied.",
     lambda a, b, k, up: a * k + b * up),
    ("one step too many", "The steps between the two states count, not the states.",
     lambda a, b, k, up: comb(k + 1 + up, k + 1) * a ** (k + 1) * b**up),
)  # fmt: skip


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    whole = [name for name in cells or EXAMINED if has_chain(name)]
    names = [f"{name}*{depth}" for name in whole for depth in DEPTHS]
    return [
        (("model", n), ("convention", "textbook")) for n in names if _ways(n) not in (None, (1, 1))
    ]


@lru_cache(maxsize=256)
def _ways(model: str) -> tuple[int, int] | None:
    """The ways of one step in time and of one layer up, where these are all that count."""
    system = system_of(model)
    return closed_form(system, jacobians(system)[0])


def _variants(_subject: Parameters) -> int:
    return len(STEPS)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, ("steps", draw.choice("steps", STEPS)))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, steps = values["model"], int(values["steps"])
    ways = _ways(model)
    if ways is None:
        raise Unfair(f"{model} has more than one state in a layer")
    a, b = ways
    depth = int(model.rsplit("*", 1)[1])
    number = comb(steps + depth - 1, steps) * a**steps * b ** (depth - 1)
    if number > MOST:
        raise Unfair(f"{number} paths are too many to count")
    if number != _counted(model, steps, depth):
        raise Unfair(f"walking the graph finds {_counted(model, steps, depth)}, not {number}")
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=4,
        minutes=5,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, steps, depth),
        parts=(_one_step(model, a, b), _all((a, b), steps, depth - 1, number)),
        proof=Proof("the graph walked array by array, step by step and layer by layer", "exact"),
        tags=(model, "paths"),
    )


@lru_cache(maxsize=1024)
def _counted(model: str, steps: int, depth: int) -> int:
    system = system_of(model)
    state = _state(model)
    return count_paths(system, state, state, steps, depth)


@lru_cache(maxsize=256)
def _state(model: str) -> Array:
    return main_state(jacobians(system_of(model))[0])


@lru_cache(maxsize=1024)
def _stem(model: str, steps: int, depth: int) -> tuple[Block, ...]:
    system, state = system_of(model), _state(model)
    last = state.xreplace({TIME: Integer(steps + 1), LAYER: Integer(depth)})
    first = state.xreplace({TIME: Integer(1), LAYER: Integer(1)})
    layers = ", ".join(map(str, range(1, depth + 1)))
    return (
        Paragraph(prose(*described(system), " of layer ", LAYER, f" = {layers} is computed by")),
        Equations(tuple(Line(e.lhs, e.rhs) for e in system.equations)),
        Paragraph(convention_note(system)),
        Paragraph(
            prose("A path leads from an array to one whose equation reads it, and so on; where an "
                  "equation reads an array twice, that is one path. Count the paths from ",
                  first, " to ", last, ": each takes ", Integer(steps), " steps in time and goes ",
                  Integer(depth - 1), f" layer{'s' if depth > 2 else ''} up.")
        ),
    )  # fmt: skip


@lru_cache(maxsize=256)
def _moves(model: str) -> tuple[tuple[Relation, ...], ...]:
    """The paths of one step in time, and those of one layer up."""
    read = {e.lhs: tuple(dict.fromkeys(arrays_in(e.rhs))) for e in system_of(model).equations}
    below = next(a for found in read.values() for a in found if a.layer == LAYER - 1)
    state = _state(model)
    starts = (state.xreplace({TIME: TIME - 1}), below)
    found = (sorted(_walked(read, start, state), key=len) for start in starts)
    return tuple(tuple(Relation(path, "→") for path in paths) for paths in found)


def _walked(
    read: Mapping[Array, Sequence[Array]], start: Array, end: Array
) -> Iterator[tuple[Array, ...]]:
    """Yield the paths between two arrays, back from the end along what each equation reads."""
    if start == end:
        yield (start,)
    for before in read.get(end, ()):
        yield from ((*path, end) for path in _walked(read, start, before))


def _one_step(model: str, a: int, b: int) -> Part:
    through_time, up = _moves(model)
    if (len(through_time), len(up)) != (a, b):
        raise Unfair(f"the paths of a move of {model} are not {a} and {b}")
    blanks = (
        Blank(prose("paths of one step in time"), Decimal(a), Decimal(0)),
        Blank(prose("paths of one layer up"), Decimal(b), Decimal(0)),
    )
    return Part(
        (
            Paragraph(
                prose("How many paths lead from a state to the one a step later in the same layer, "
                      "and from a state to the one of the layer above at the same step?")
            ),
        ),
        Numeric(blanks),
        2,
        (
            Paragraph(prose("In time: ", *listed(through_time), ".")),
            Paragraph(prose("Up, where the layer below hands on its state: ", *listed(up), ".")),
        ),
        (Mark(1, "B", prose(f"{a} in time")), Mark(1, "B", prose(f"{b} up"))),
    )  # fmt: skip


def _all(ways: tuple[int, int], steps: int, up: int, number: int) -> Part:
    a, b = ways
    wrong: list[WrongNumber] = []
    for name, why, slip in MISCONCEPTIONS:
        value = slip(a, b, steps, up)
        if value != number:
            wrong.append(WrongNumber(Decimal(value), name, prose(why)))
    orders = comb(steps + up, steps)
    power = (Symbol(str(a)) ** steps, " · ", Symbol(str(b)) ** up)
    return Part(
        (Paragraph(prose("How many paths are there in all?")),),
        Numeric((Blank(prose("number of paths"), Decimal(number), Decimal(0),
                       told_apart(wrong)),)),
        3,
        (
            Paragraph(prose(f"{steps} steps in time and {up} up come in {orders} orders, each "
                            "with ", *power, f" paths: {number} in all.")),
        ),
        (
            Mark(1, "M", prose(f"{orders} orders of the {steps + up} moves")),
            Mark(1, "M", prose("paths of the moves multiplied: ", *power)),
            Mark(1, "A", prose(f"{number}")),
        ),
        carries=(0,),
    )  # fmt: skip


KIND = Kind(NAME, "gradient-flow", "analyse", (4, 4), (5, 5), _subjects, _variants, _draw, _make)
