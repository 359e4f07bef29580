"""Gates by hand: with which bits does a cell keep, overwrite, erase or add to its entries?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import product

import numpy as np

from rnnsym.blocks import Equations, Inline, Line, NumberMatrix, Paragraph, Prose, Relation, prose
from rnnsym.expr import Array, arrays_in
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.numeric.oracle import Values, evaluate
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.forward_net import GATED_UPDATE, Net, net_of, place_of, run, update_of
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.slips import Work
from rnnsym.quiz.subject import EXAMINED, cell_of

__all__ = ["KIND"]

NAME = "design_gates"
ORDINALS = ("first", "second", "third")
ENTRIES = len(ORDINALS)
OLD, NEW = 5, 7
EFFECTS = {OLD: "keep", NEW: "overwrite", 0: "erase", OLD + NEW: "add"}
"""What an update does, by what it makes of an old value of 5 and a candidate of 7."""
PAST = {"keep": "kept", "overwrite": "overwritten", "erase": "erased", "add": "summed"}
DONE = {"keep": (1, 0), "overwrite": (0, 1), "erase": (0, 0), "add": (1, 1)}
"""How often the new value holds the old one and the candidate."""
CONFUSED = {
    "old value not cleared": ({"overwrite": "add"}, "What is not cleared is added to."),
    "closed gates taken to keep": ({"keep": "erase"}, "Where nothing passes, the entry becomes 0."),
    "old and new exchanged": (
        {"keep": "overwrite", "overwrite": "keep"},
        "Keeping and overwriting are exchanged.",
    ),
    "the candidate taken for 0": ({"erase": "overwrite"}, "The candidate need not be 0."),
    "a sum taken for its second term": ({"add": "overwrite"}, "The old value is lost."),
}
Bits = tuple[int, ...]
Chosen = tuple[Bits, ...]
"""The bits of all gates, by entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """The update of a state: its gates, the old state, the candidate, and what bits do."""

    net: Net
    gates: tuple[Array, ...]
    old: Array
    new: Array
    effects: dict[str, Bits]


@lru_cache(maxsize=256)
def _update(model: str) -> Update | None:
    """Return the update, or None where a cell has none that gates alone decide."""
    found = update_of(model, n=1)
    if found is None:
        return None
    net = net_of(model, 1, n=1).only([found[1]])
    row, cell = net.rows[0], cell_of(net.system)
    names = {gate.name for gate in Work(cell, cell.equations).gates}
    read = tuple(dict.fromkeys(arrays_in(row.value)))
    gates = tuple(a for a in read if a.name in names)
    others = [a for a in read if a.name not in names]
    if len(others) != 2 or others[0].name == others[1].name:
        return None
    old, new = sorted(others, key=lambda a: a.name != row.target.name)
    effects: dict[str, Bits] = {}
    for bits in product((0, 1), repeat=len(gates)):
        numbers = (*bits, OLD, NEW)
        given = {
            place_of(a): ((Decimal(x),),) for a, x in zip((*gates, old, new), numbers, strict=True)
        }
        value = int(run(net.rows, given, net.numbers)[place_of(row.target)][0][0])
        effects.setdefault(EFFECTS.get(value, "other"), bits)
    effects.pop("other", None)
    return Update(net, gates, old, new, effects) if len(effects) > 1 else None


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or EXAMINED
        if _update(name) is not None
    ]


def _known(subject: Parameters) -> Update:
    update = _update(dict(subject)["model"])
    assert update is not None, "a subject without an update"
    return update


def _tasks(subject: Parameters) -> list[str]:
    """Return what can be asked of three entries: not the same of all."""
    choices = product(_known(subject).effects, repeat=ENTRIES)
    return [" ".join(task) for task in choices if len(set(task)) > 1]


def _variants(subject: Parameters) -> int:
    return len(_tasks(subject))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, ("task", draw.choice("task", _tasks(subject))))


def _flipped(key: Chosen) -> Chosen:
    return tuple(tuple(1 - bit for bit in bits) for bits in key)


def _wrong(task: Sequence[str], effects: dict[str, Bits]) -> Iterator[tuple[str, str, Chosen]]:
    key = tuple(effects[effect] for effect in task)
    yield "gates the wrong way round", "A gate of 1 lets pass, a gate of 0 stops.", _flipped(key)
    yield (
        "entries in reverse",
        "The first entry of a gate acts on the first of the state.",
        key[::-1],
    )
    opened = tuple((1,) * len(bits) for bits in key)
    yield "every gate open", "Every entry is treated alike.", opened
    yield "every gate closed", "Every entry is treated alike.", tuple((0,) * len(b) for b in key)
    for name, (changed, why) in CONFUSED.items():
        other = [changed.get(effect, effect) for effect in task]
        if all(effect in effects for effect in other):
            yield name, why, tuple(effects[effect] for effect in other)


def _does(update: Update, chosen: Chosen, task: Sequence[str]) -> bool:
    """Tell by the oracle whether the bits do the task, for many old values and candidates."""
    olds, news = np.meshgrid(np.arange(-3.0, 4), np.arange(-3.0, 4))
    column = (olds.size, 1, 1)
    old, new = (a.reshape(column).astype(complex) for a in (olds, news))
    for bits, effect in zip(chosen, task, strict=True):
        known = {place_of(update.old): old, place_of(update.new): new}
        known |= {
            place_of(gate): np.full(column, bit, complex)
            for gate, bit in zip(update.gates, bits, strict=True)
        }
        kept, taken = DONE[effect]
        found = evaluate(update.net.rows[0].value, Values(update.net.sizes, None, known))
        if np.max(np.abs(found - (kept * old + taken * new))) > 1e-12:
            return False
    return True


def _printed(update: Update, chosen: Chosen) -> Prose:
    columns = zip(*chosen, strict=True)
    pairs = [
        Relation((gate, NumberMatrix(tuple((str(bit),) for bit in column))))
        for gate, column in zip(update.gates, columns, strict=True)
    ]
    return prose(pairs[0], *(piece for one in pairs[1:] for piece in (", ", one)))


def _wishes(update: Update, task: Sequence[str]) -> Prose:
    """Return the task in words."""
    found: list[Inline] = []
    for effect in dict.fromkeys(task):
        alike = [ordinal for ordinal, e in zip(ORDINALS, task, strict=True) if e == effect]
        those, sums = ("those of ", "sums") if len(alike) > 1 else ("that of ", "sum")
        words: dict[str, Prose] = {
            "keep": (those, update.old),
            "overwrite": (those, update.new),
            "erase": ("0",),
            "add": (f"the {sums} of those of ", update.old, " and ", update.new),
        }
        which = " and ".join(alike)
        if found:
            found += [f", the {which} ", *words[effect]]
        else:
            entries = "entries" if len(alike) > 1 else "entry"
            target = update.net.rows[0].target
            found += [f"The {which} {entries} of ", target, " shall be ", *words[effect]]
    return tuple(found)


def _results(update: Update, chosen: Chosen) -> str:
    """Return what bits make of the entries, in words; "" where there are none for it."""
    done = {bits: PAST[effect] for effect, bits in update.effects.items()}
    if not all(bits in done for bits in chosen):
        return ""
    *most, last = (done[bits] for bits in chosen)
    if {*most} == {last}:
        return f"All of them would be {last}."
    return f"In order, the entries would be {', '.join(most)} and {last}."


def _table(update: Update) -> Prose:
    """Return which bits do what to one entry."""
    lines: list[Inline] = []
    for effect, bits in update.effects.items():
        lines += ("; " if lines else "One entry: ", f"{effect} with ")
        for place, (gate, bit) in enumerate(zip(update.gates, bits, strict=True)):
            lines += (" and " if place else "", gate, f" at {bit}")
    return prose(*(piece for piece in (*lines, ".") if piece != ""))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    update, task = _known(parameters), values["task"].split()
    row, cell = update.net.rows[0], cell_of(update.net.system)
    key = tuple(update.effects[effect] for effect in task)
    if not _does(update, key, task):
        raise Unfair("the oracle finds that the gates do something else")
    wrong = {
        chosen: Option(
            _printed(update, chosen), mistake, prose(f"{why} {_results(update, chosen)}".rstrip())
        )
        for mistake, why, chosen in _wrong(task, update.effects)
        if not _does(update, chosen, task)
    }
    shown = _printed(update, key)
    options = mixed(
        Option(shown, "", prose("Each entry has the bits that do what is asked of it.")),
        tuple(wrong.values()),
        arranger(NAME, parameters),
        [wrong[_flipped(key)]],  # else the key is seen by which entries are alike
    )
    gates_shown = zip(*(option.content for option in options), strict=True)
    if any(isinstance(gate[0], Relation) and len(set(gate)) == 1 for gate in gates_shown):
        raise Unfair("all options have one gate in common")
    several = len(update.gates) > 1
    gates, asking = ("the gates", "gates do") if several else ("the gate", "gate does")
    asked = prose(*_wishes(update, task), f", whatever these are. Which {asking} that?")
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="design",
        level=2,
        minutes=2,
        convention=values["convention"],
        parameters=parameters,
        stem=(
            Paragraph(prose(f"In the cell “{cell.title}” a state of three entries is updated by")),
            Equations((Line(row.target, row.value),)),
            Paragraph(prose(f"Convention: column vectors; every entry of {gates} is 0 or 1.")),
        ),
        parts=(
            Part(
                (Paragraph(asked),),
                Choice(options),
                1,
                (
                    Paragraph(_table(update)),
                    Paragraph(prose("So it is ", *shown, ".")),
                ),
            ),
        ),
        proof=Proof("every option run by the oracle on 49 pairs of values", "≤ 1e-12"),
        tags=(values["model"], GATED_UPDATE),
    )


KIND = Kind(NAME, "design", "apply", (2, 2), (1, 1), _subjects, _variants, _draw, _make)
