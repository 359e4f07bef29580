"""Choose the weights with which a net does what is asked: one set behaves, the others fail."""

from collections.abc import Iterator
from itertools import combinations
from typing import TypeAlias

from rnnsym.blocks import Paragraph, Prose, prose
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.design_draws import designed, draw_net, idea_of, subjects, variants
from rnnsym.quiz.design_nets import BEHAVIOURS, MISTAKES, Weights
from rnnsym.quiz.design_runs import (
    LENGTH,
    MATRICES,
    MODEL,
    alike,
    behaves,
    difference,
    matrices,
    net_blocks,
    printed_weights,
    prove,
    told,
    trace,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "design_weights"
Mistakes: TypeAlias = tuple[str, ...]
"""Those made in one net."""


def _changed(one: Weights, other: Weights) -> tuple[str, ...]:
    return tuple(name for name in MATRICES if getattr(one, name) != getattr(other, name))


def _pairs(key: Weights, draw: Draw) -> Iterator[Mistakes]:
    """Yield two mistakes in two matrices of a net, in the order of the draw.

    With the key, either mistake and both, each matrix has two values, each of them twice: no
    option is the one that the others resemble.
    """
    spoilt = {one: _changed(key, _made(key, (one,))) for one in MISTAKES}
    single = [one for one, changed in spoilt.items() if len(changed) == 1]
    pairs = (pair for pair in combinations(single, 2) if spoilt[pair[0]] != spoilt[pair[1]])
    return iter(draw.ranked("mistakes", pairs))


def _wrong(key: Weights, name: str, draw: Draw) -> dict[Mistakes, Weights]:
    """Return the nets of the first pair that all fail, and do three different things.

    Raises:
        Unfair: there is none; what two nets do alike could not be the one right answer.
    """
    for first, second in _pairs(key, draw):
        sets: tuple[Mistakes, ...] = ((first,), (second,), (first, second))
        wrong = {made: _made(key, made) for made in sets}
        fail = all(difference(net, name) for net in wrong.values())
        if fail and not any(alike(*two) for two in combinations(wrong.values(), 2)):
            return wrong
    raise Unfair("two wrong nets do the same")


def _made(net: Weights, mistakes: Mistakes) -> Weights:
    for mistake in mistakes:
        change, _ = MISTAKES[mistake]
        net = change(net)
    return net


def _why(made: Mistakes, net: Weights, name: str) -> Prose:
    reasons = " ".join(MISTAKES[mistake][1] for mistake in made)
    return prose(f"{reasons} ", *told(net, name, difference(net, name)))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    name = values["behaviour"]
    behaviour = BEHAVIOURS[name]
    key = designed(name, parameters)
    if not behaves(parameters, key):
        raise Unfair("the net does not do what is asked")
    draw = arranger(NAME, parameters)
    wrong = _wrong(key, name, draw)
    first, second = max(wrong, key=len)
    prove((key,), name, behaving=True)
    prove(tuple(wrong.values()), name, behaving=False)
    wanted = _changed(key, wrong[first, second])
    given = printed_weights(key, tuple(one for one in MATRICES if one not in wanted))
    idea = idea_of(parameters)
    options = mixed(
        Option(printed_weights(key, wanted), "", idea),
        [
            Option(printed_weights(net, wanted), "; ".join(made), _why(made, net, name))
            for made, net in wrong.items()
        ],
        draw,
    )
    asked = prose(
        f"For every input of 0s and 1s, of up to {LENGTH} steps, the output shall be "
        f"{behaviour.words}. Given are ", *given, ". Which ",
        *listed([matrices()[one] for one in wanted]), " do this?",
    )  # fmt: skip
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="design",
        level=4,
        minutes=6,
        convention=values["convention"],
        parameters=parameters,
        stem=net_blocks(),
        parts=(
            Part(
                (Paragraph(asked),),
                Choice(options),
                2,
                (
                    Paragraph(prose("It works with ", *printed_weights(key), ". For example:")),
                    trace(key),
                ),
                (),
                (prose("One input on which a net fails is enough to rule it out."),),
            ),
        ),
        proof=Proof(f"every net shown run on all inputs of {LENGTH} steps by the oracle", "≤ 1e-9"),
        tags=(MODEL, name),
    )


KIND = Kind(NAME, "design", "create", (4, 4), (2, 2), subjects, variants, draw_net, _make)
