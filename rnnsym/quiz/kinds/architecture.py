"""A task with its circumstances: which architecture do the course notes advise?"""

from collections.abc import Sequence
from itertools import combinations, product

from rnnsym.blocks import Paragraph, prose
from rnnsym.item import Choice, Item, Mark, Option, Part, Proof
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "architecture"
TASKS = {
    "heartbeat": (
        "At every sample of a heart's signal, a monitor says at once whether the beat is normal.",
        True,
    ),
    "typing": ("A keyboard suggests the next word while somebody types.", True),
    "demand": ("A power company forecasts the demand of the next hour, hour by hour.", True),
    "captions": ("Live speech gets captions, which may not wait for the end of a sentence.", True),
    "machine": ("A machine is to be stopped as soon as its sensors announce a fault.", True),
    "names": (
        "Names are marked in finished articles; the words on both sides tell what is one.",
        False,
    ),
    "reviews": (
        "Each sentence of stored reviews is marked as kind or not; a later one may turn it round.",
        False,
    ),
    "records": (
        "Recorded voice messages are transcribed; what follows a word helps to tell it.",
        False,
    ),
    "senses": (
        "In stored sentences, each word is to be given its meaning, which may depend on later "
        "words.",
        False,
    ),
    "gaps": ("Gaps in old recordings of a sensor are filled in, from both sides.", False),
}
"""Tasks, and whether each output is wanted before the inputs that follow."""
FACTS = {
    "gru": {
        "small": "the dataset is small",
        "short": "the sequences are short",
        "fast": "training has to be fast",
        "few": "few parameters are wanted",
    },
    "lstm": {
        "large": "there is much data",
        "long": "the sequences are long",
        "far": "what matters often lies many steps back",
        "best": "a good result is worth a heavier model",
    },
}
"""What speaks for a cell, according to the course notes."""
STATED = 2


NAMES = {"gru": "a GRU", "lstm": "an LSTM"}
WAYS = {False: "that reads from left to right", True: "that reads in both directions"}
WHOLE = "The whole sequence is there and later inputs help, which speaks for both directions."
ONLINE = "Later inputs are not there yet, so no chain can come back from them."


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    asked = not cells or set(cells) & set(FACTS)
    return [(("convention", "textbook"), ("task", task)) for task in TASKS if asked]


def _facts() -> list[str]:
    return [" ".join(pair) for facts in FACTS.values() for pair in combinations(facts, STATED)]


def _variants(_subject: Parameters) -> int:
    return len(_facts())


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, ("facts", draw.choice("facts", _facts())))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    said, online = TASKS[values["task"]]
    facts = values["facts"].split()
    [cell] = [cell for cell in FACTS if set(facts) <= set(FACTS[cell])]
    first, second = (FACTS[cell][fact] for fact in facts)
    options = tuple(
        _option(*network, (cell, not online)) for network in product(FACTS, (False, True))
    )
    draw = arranger(NAME, parameters)
    why = f"{ONLINE if online else WHOLE} That {first} and {second} speaks for {NAMES[cell]}."
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="concepts",
        level=2,
        minutes=2,
        convention=values["convention"],
        parameters=parameters,
        stem=(
            Paragraph(prose(f"{said} Here {first}, and {second}.")),
            Paragraph(prose("Which network do the course notes advise?")),
        ),
        parts=(
            Part(
                (),
                Choice(tuple(draw.ranked("order", options, lambda option: option.content))),
                2,
                (Paragraph(prose(why)), Paragraph(prose("Source: course notes."))),
                (Mark(2, "B", prose("the right letter")),),
            ),
        ),
        proof=Proof("one of the four networks meets both rules of the notes", "exact"),
        tags=("guidance", *FACTS),
        asks=(f"{NAME}: {values['task']}",),
    )


def _option(cell: str, both: bool, key: tuple[str, bool]) -> Option:
    right_cell, right_both = key
    wrong: list[tuple[str, str]] = []
    if both != right_both:
        name = "both directions used online" if both else "later inputs left unused"
        wrong.append((name, WHOLE if right_both else ONLINE))
    if cell != right_cell:
        why = f"In these circumstances the notes prefer {NAMES[right_cell]}."
        wrong.append(("advice on GRU and LSTM exchanged", why))
    names, reasons = zip(*wrong, strict=True) if wrong else ((), ("Both rules are met.",))
    content = prose(f"{NAMES[cell][0].upper()}{NAMES[cell][1:]} {WAYS[both]}.")
    return Option(content, ", ".join(names), prose(" ".join(reasons)))


KIND = Kind(NAME, "concepts", "evaluate", (2, 2), (2, 2), _subjects, _variants, _draw, _make)
