"""A net with given weights: what does it do? One description holds for all inputs."""

from rnnsym.blocks import Paragraph, prose
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.design_draws import designed, draw_net, idea_of, subjects, variants
from rnnsym.quiz.design_nets import BEHAVIOURS
from rnnsym.quiz.design_runs import (
    LENGTH,
    MODEL,
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

NAME = "design_purpose"


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    name = values["behaviour"]
    net, idea = designed(name, parameters), idea_of(parameters)
    if [other for other in BEHAVIOURS if not difference(net, other)] != [name]:
        raise Unfair("not one description fits")
    wrong = [
        Option(_said(other), f"taken for: {other}", told(net, other, difference(net, other)))
        for other in BEHAVIOURS
        if other != name
    ]
    right = Option(_said(name), "", idea)
    options = mixed(right, wrong, arranger(NAME, parameters))
    shown = [other for other in BEHAVIOURS if _said(other) in [o.content for o in options]]
    for other in shown:
        prove((net,), other, behaving=other == name)
    if all(len(difference(net, other)) == 1 for other in shown if other != name):
        raise Unfair("the first step alone rules out all that is wrong")
    asked = f"The inputs are 0s and 1s, up to {LENGTH} of them. What is the output at every step?"
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="design",
        level=3,
        minutes=5,
        convention=values["convention"],
        parameters=parameters,
        stem=(*net_blocks(), Paragraph(prose("Its weights are ", *printed_weights(net), "."))),
        parts=(
            Part(
                (Paragraph(prose(asked)),),
                Choice(options),
                2,
                (Paragraph(prose("For example:")), trace(net)),
                (),
                (prose("Run the net on 1, 0, 1, 1 and strike out what does not fit."),),
            ),
        ),
        proof=Proof(f"the net run on all inputs of {LENGTH} steps by the oracle", "≤ 1e-9"),
        tags=(MODEL, name),
    )


def _said(name: str) -> tuple[str]:
    words = BEHAVIOURS[name].words
    return (f"{words[0].upper()}{words[1:]}.",)


KIND = Kind(NAME, "design", "analyse", (3, 3), (2, 2), subjects, variants, draw_net, _make)
