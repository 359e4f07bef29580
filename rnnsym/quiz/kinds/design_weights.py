"""Choose the weights with which a net does what is asked: one set behaves, the others fail."""

from collections.abc import Iterator

from rnnsym.blocks import Paragraph, prose
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.design_draws import designed, draw_net, idea_of, subjects, variants
from rnnsym.quiz.design_nets import BEHAVIOURS, MISTAKES, Weights
from rnnsym.quiz.design_runs import (
    LENGTH,
    MODEL,
    behaves,
    difference,
    net_blocks,
    printed_weights,
    prove,
    told,
    trace,
)
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "design_weights"


def _wrong(name: str, key: Weights, parameters: Parameters) -> Iterator[tuple[str, str, Weights]]:
    for mistake, (change, why) in MISTAKES.items():
        yield mistake, why, change(key)
    for other, behaviour in BEHAVIOURS.items():
        if other != name:
            why = f"Its output is {behaviour.words}."
            yield "a net for another purpose", why, designed(other, parameters)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    name = values["behaviour"]
    behaviour = BEHAVIOURS[name]
    key = designed(name, parameters)
    if not behaves(parameters, key):
        raise Unfair("the net does not do what is asked")
    failing = {w: (m, why) for m, why, w in _wrong(name, key, parameters) if difference(w, name)}
    nets = {printed_weights(weights): weights for weights in (key, *failing)}
    wrong = [
        Option(printed_weights(w), m, prose(f"{why} ", *told(w, name, difference(w, name))))
        for w, (m, why) in failing.items()
    ]
    idea = idea_of(parameters)
    right = Option(printed_weights(key), "", idea)
    options = mixed(right, wrong, arranger(NAME, parameters))
    for option in options:
        prove(nets[option.content], name, behaving=option.correct)
    asked = (
        f"For every input of 0s and 1s, of up to {LENGTH} steps, the output shall be "
        f"{behaviour.words}. Which weights do this?"
    )
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
                (Paragraph(prose(asked)),),
                Choice(options),
                2,
                (
                    Paragraph(idea),
                    Paragraph(prose("So it is with ", *printed_weights(key), ". For example:")),
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
