"""How far a gradient reaches where states are detached after every k steps."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from rnnsym.blocks import Block, Paragraph, prose
from rnnsym.derive import derive
from rnnsym.expr import TIME, Array, Integer
from rnnsym.item import Blank, Choice, Item, Mark, Numeric, Option, Part, Proof, WrongNumber
from rnnsym.quiz.derivation_flow import cell_blocks
from rnnsym.quiz.derivation_lines import listed, system_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND"]

NAME = "truncation_reach"
CELLS = ("vanilla", "gru", "lstm")
WINDOWS = tuple(range(4, 11))
SHOWN = 5
MOST = 60
LEAST = 2
"""Of a single Jacobian nothing is multiplied."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook")) for name in cells or CELLS if _detached(name)
    ]


@lru_cache(maxsize=256)
def _detached(model: str) -> bool:
    """Tell whether every edge from a state to the next step is one that truncation cuts."""
    system = system_of(model)
    adjoints = derive(system, 2).adjoints
    later = [term for step in adjoints for term in step.terms if term.index[1] == TIME + 1]
    return bool(later) and all(term.detached for term in later)


def _variants(_subject: Parameters) -> int:
    return sum(len(_lasts(k)) for k in WINDOWS)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    window = draw.choice("window", WINDOWS)
    last = draw.choice("last", _lasts(window))
    return (*subject, ("window", str(window)), ("step", str(last)))


@lru_cache(maxsize=16)
def _lasts(window: int) -> tuple[int, ...]:
    """Return steps for the loss: not the last of a piece, where counting back finds the cut."""
    return tuple(
        step
        for step in range(2 * window + 1, MOST + 1)
        if step % window and step - _first(window, step) >= LEAST
    )


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, window, step = values["model"], int(values["window"]), int(values["step"])
    first = _first(window, step)
    if first != _reached(window, step):
        raise Unfair(f"signals reach back to {_reached(window, step)}, not {first}")
    if step - first < LEAST:
        raise Unfair("the loss stands at the first or second step of its piece")
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=3,
        minutes=4,
        convention=values["convention"],
        parameters=parameters,
        stem=(*cell_blocks(model), _given(window, step)),
        parts=(
            _reach(window, step, first),
            _jacobians(step, first, window),
            _inputs(window, step, first, arranger(NAME, parameters)),
        ),
        proof=Proof("a signal sent forward from each input, stopped at each cut", "exact"),
        tags=(model, "truncation"),
    )


def _first(window: int, step: int) -> int:
    """Walk back over the edges t + 1 → t that are not cut: the first step that is reached."""
    while step > 1 and (step - 1) % window != 0:
        step -= 1
    return step


def _reached(window: int, step: int) -> int:
    """Send a signal forward from every step; a state that is detached passes none on."""
    for start in range(1, step + 1):
        signal = 0
        for time in range(1, step + 1):
            signal += int(time == start)
            if time < step and time % window == 0:
                signal = 0
        if signal:
            return start
    raise Unfair("no signal arrives")


def _given(window: int, step: int) -> Block:
    cuts = listed([Integer(window), Integer(2 * window)], ", ")
    return Paragraph(
        prose("The net is trained with truncated backpropagation through time: after every ",
              Integer(window), " steps (forward, at ", TIME, " = ", *cuts, ", …) the states are "
              "detached, that is, treated as constants through which no gradient flows. Consider "
              "only the loss of step ", Integer(step), ".")
    )  # fmt: skip


def _input(step: int) -> Array:
    return system_of("vanilla").input.xreplace({TIME: Integer(step)})


def _reach(window: int, step: int, first: int) -> Part:
    slips = {
        "window counted back from the loss": (
            step - window + 1, "The cuts lie at fixed steps; they do not move with the loss."),
        "cut put a step too early": (
            first - 1, "That step lies before the cut: its state is detached."),
        "no truncation": (1, "The states at the cuts are detached, so nothing flows through."),
    }  # fmt: skip
    wrong = _numbers(slips, first)
    cut = first - 1
    return Part(
        (Paragraph(prose("Which is the earliest step whose input gets a gradient from it?")),),
        Numeric((Blank(prose("step"), Decimal(first), Decimal(0), wrong),)),
        2,
        (Paragraph(prose(f"The last cut before step {step} lies after step {cut}, a multiple of "
                         f"{window}: the gradient flows back to step {first} and no further.")),),
        (
            Mark(1, "M", prose(f"the last cut before step {step}: after step {cut}")),
            Mark(1, "A", prose(f"step {first}")),
        ),
    )  # fmt: skip


def _numbers(slips: dict[str, tuple[int, str]], key: int) -> tuple[WrongNumber, ...]:
    for name, (value, _) in slips.items():
        if value == key:
            raise Unfair(f"'{name}' gives the key")
    return told_apart(
        WrongNumber(Decimal(value), name, prose(why)) for name, (value, why) in slips.items()
    )


def _jacobians(step: int, first: int, window: int) -> Part:
    slips = {
        "window taken for the number": (window, "That is how many steps lie between two cuts."),
        "one too many": (step - first + 1, "Between so many steps there is one Jacobian less."),
        "no truncation": (step - 1, "Products that cross a cut are dropped."),
    }
    number = step - first
    return Part(
        (Paragraph(prose("How many Jacobians between successive states are multiplied on the way "
                         "to that step?")),),
        Numeric((Blank(prose("Jacobians"), Decimal(number), Decimal(0), _numbers(slips, number)),)),
        1,
        (Paragraph(prose(f"From step {step} back to step {first}: {step} − {first} = {number}.")),),
        carries=(0,),
    )  # fmt: skip


def _inputs(window: int, step: int, first: int, draw: Draw) -> Part:
    inside = list(range(first, step + 1))
    at_cut, before = first - 1, range(max(1, first - window), first - 1)
    right = draw.ranked("inside", inside)[: draw.integer("number", 2, min(3, len(inside)))]
    wrong = [at_cut, *draw.ranked("outside", before)][: SHOWN - len(right)]
    late = prose("It lies after the last cut.")
    early = prose("A cut lies between it and the loss: its gradient is exactly 0.")
    options = tuple(
        Option(prose(_input(t)), "", late) if t in right
        else Option(prose(_input(t)), "gradient taken over a cut", early)
        for t in sorted((*right, *wrong))
    )  # fmt: skip
    return Part(
        (Paragraph(prose("Which of these inputs get a gradient from it?")),),
        Choice(options, several=True),
        1,
        (Paragraph(prose(f"Those of the steps {first} to {step}.")),),
        (Mark(1, "A", prose(f"all inputs shown from the step given in (a) to {step}, no other")),),
        carries=(0,),
    )


KIND = Kind(NAME, "gradient-flow", "apply", (3, 3), (4, 4), _subjects, _variants, _draw, _make)
