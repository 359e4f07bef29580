"""How many paths lead from a state to the state one step later, and which ones?"""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from rnnsym.blocks import Block, Inline, Listing, Paragraph, Prose, prose
from rnnsym.expr import TIME, Array
from rnnsym.item import Blank, Choice, Item, Mark, Numeric, Option, Part, Proof, WrongNumber
from rnnsym.quiz.derivation_lines import listed, system_of
from rnnsym.quiz.derivation_paths import (
    Path,
    broken_paths,
    chain_of,
    counted,
    gaps,
    has_chain,
    paths,
    readers,
    skipping,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED, convention_note, described, equations_of
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND"]

NAME = "name_paths"
SHOWN, FEWEST, RIGHT = 5, 2, 3
"""Options, and how many of them are right: fewer than there are paths."""
SHORT = 3
"""Arrays of a path that has one between its ends."""
MOST = 8
"""Paths that can be found by hand."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("of", of.name), ("from", wrt.name))
        for name in cells or EXAMINED
        if has_chain(name)
        for of in chain_of(name).states
        for wrt in chain_of(name).states
        if _suited(name, of, wrt)
    ]


@lru_cache(maxsize=1024)
def _suited(model: str, of: Array, wrt: Array) -> bool:
    wrong = len(broken_paths(model, of, wrt))
    right = counted(model, of, wrt)
    return 1 < right <= MOST and min(right - 1, RIGHT) + wrong >= SHOWN - 1


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model = values["model"]
    states = {state.name: state for state in chain_of(model).states}
    of, wrt = states[values["of"]], states[values["from"]]
    true = paths(model, of, wrt)
    if len(true) != counted(model, of, wrt) or any(gaps(model, path) for path in true):
        raise Unfair("the paths of the derivation are not those of the equations")
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=3,
        minutes=5,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, of, wrt),
        parts=(_number(model, of, wrt), _which(model, of, wrt, arranger(NAME, parameters))),
        proof=Proof("paths counted by adding up along the forward equations", "exact"),
        tags=(model, "paths"),
    )


def _number(model: str, of: Array, wrt: Array) -> Part:
    true = paths(model, of, wrt)
    wrong = told_apart(_miscounted(model, of, wrt))
    blank = Blank(prose("number of paths"), Decimal(len(true)), Decimal(0), wrong)
    return Part(
        (Paragraph(prose("How many paths are there?")),),
        Numeric((blank,)),
        2,
        (Paragraph(prose("They are")), Listing(tuple(_said(path) for path in true))),
        (
            Mark(1, "M", prose("every equation that reads ", _before(wrt), " is looked at")),
            Mark(1, "A", prose(f"{len(true)}")),
        ),
    )


@lru_cache(maxsize=1024)
def _miscounted(model: str, of: Array, wrt: Array) -> tuple[WrongNumber, ...]:
    """Return what is found by who stops at one path, at a dead end, or at one array between."""
    true, before = paths(model, of, wrt), _before(wrt)
    first = list(dict.fromkeys(path[-2] for path in true))
    dead = [reader for reader in readers(model, before) if reader not in first]
    equations = "equations" if len(first) > 1 else "equation"
    said = prose(before, f" is read by the {equations} of ", *listed(first), ".")
    if dead:
        those, lead = ("those", "lead") if len(first) > 1 else ("that", "leads")
        that = prose("Of the equations that read ", before, f", {those} of ", *listed(first))
        said = prose(*that, f" {lead} on to ", of, ".")
    found = [WrongNumber(Decimal(1), "one path kept", said)]
    if dead:
        read, it = ("read", "them") if len(dead) > 1 else ("reads", "it")
        no_path = prose(f", but no path goes on from {it} to ", of, ".")
        why = prose(*listed(dead), f" {read} ", before, *no_path)
        found.append(WrongNumber(Decimal(len(true) + len(dead)), "dead end counted", why))
    short = [path for path in true if len(path) <= SHORT]
    if 0 < len(short) < len(true):
        why = prose("A path may pass more than one array: ", *_said(true[-1]), ".")
        found.append(WrongNumber(Decimal(len(short)), "long path left out", why))
    return tuple(found)


def _which(model: str, of: Array, wrt: Array, draw: Draw) -> Part:
    known = paths(model, of, wrt)
    fewest = max(min(FEWEST, len(known) - 1), SHOWN - 1 - len(broken_paths(model, of, wrt)))
    # One path at least is left out: else (a) could be read off here.
    number = draw.integer("number", fewest, min(RIGHT, len(known) - 1))
    right = draw.ranked("right", known, _label)[:number]
    ranked = draw.ranked("wrong", broken_paths(model, of, wrt), _label)
    wrong = _unlike(model, ranked)[: SHOWN - len(right)]
    options = [
        *(Option(_said(path), "", prose("Each step of it is in an equation.")) for path in right),
        *(Option(_said(path), "an edge that is not there", _why(model, path)) for path in wrong),
    ]
    shown = tuple(draw.ranked("order", options, lambda option: printed(option.content)))
    return Part(
        (Paragraph(prose("Which of these are such paths?")),),
        Choice(shown, several=True),
        2,
        (
            Paragraph(
                prose("Every arrow of a path is an equation that reads what stands before it.")
            ),
        ),
    )


def _unlike(model: str, ranked: Sequence[Path]) -> Sequence[Path]:
    """Return the ways with one that leaves out an array first, then those of other faults."""
    first = [path for path in ranked if skipping(model, path)][:1]
    seen = {fault for path in first for fault in gaps(model, path)}
    for path in ranked:
        if not seen.intersection(gaps(model, path)):
            first.append(path)
            seen.update(gaps(model, path))
    return [*first, *(path for path in ranked if path not in first)]


@lru_cache(maxsize=16384)
def _label(path: Path) -> str:
    return printed(_said(path))


def _why(model: str, path: Path) -> Prose:
    broken = gaps(model, path)
    if not broken:
        raise Unfair("what should be no path is one")
    said = [
        x for reader, read in broken for x in (", and that of ", reader, " does not read ", read)
    ]
    return prose("The equation of ", *said[1:], ".")


def _said(path: Path) -> Prose:
    found: list[Inline] = []
    for array in reversed(path):
        found += [" → ", array] if found else [array]
    return tuple(found)


def _before(state: Array) -> Array:
    return state.xreplace({TIME: TIME - 1})


@lru_cache(maxsize=1024)
def _stem(model: str, of: Array, wrt: Array) -> tuple[Block, ...]:
    system = system_of(model)
    others = [_before(state) for state in chain_of(model).states if state != wrt]
    held = prose(", while ", *listed(others), " is held fixed," if len(others) == 1 else
                 " are held fixed,") if others else ()  # fmt: skip
    rule = (
        "A path is written by the arrays that it passes; pre-activations have no name of their "
        "own, and an array that an equation reads twice makes one path."
    )
    return (
        Paragraph(prose(*described(system), " is computed by")),
        equations_of(system),
        Paragraph(convention_note(system)),
        Paragraph(prose("A change of ", _before(wrt), *held, " reaches ", of,
                        f" along every path of the graph of one step. {rule}")),
    )  # fmt: skip


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "analyse", (3, 3), (4, 4), _subjects, _variants, _draw, _make)
