"""The final states of a PyTorch layer: their shape, and where a layer's chain lies in them."""

from collections.abc import Sequence
from math import perm

from rnnsym.blocks import Block, Code, Paragraph, Prose, prose
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.counting import blank
from rnnsym.quiz.counting_items import numeric
from rnnsym.quiz.counting_layers import Layer, parameter_shapes, shape_text
from rnnsym.quiz.counting_shapes import (
    PROOF,
    SMALL,
    chosen,
    drawn_call,
    final_claims,
    final_shape,
    layer_of,
    tested,
    torch_subjects,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "state_shape"


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (*subject, ("state", state))
        for subject in torch_subjects(cells)
        for state in (("h", "c") if "lstm" in dict(subject)["cell"] else ("h",))
    ]


def _variants(_subject: Parameters) -> int:
    return 2 * perm(len(SMALL), 4)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    layer, chain = draw.choice("slot", _slots(dict(subject))).split()
    return (*drawn_call(subject, draw), ("layer", layer), ("chain", chain))


def _slots(values: dict[str, str]) -> list[str]:
    """Return layers and chains to ask for: none is first or last, where every order finds it."""
    both, depth = values["both"] == "yes", int(values["depth"])
    chains = ("forward", "backward") if both else ("forward",)
    slots = [f"{layer} {chain}" for layer in range(1, depth + 1) for chain in chains]
    return slots[1 : -1 if both and depth > 1 else None] or slots


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    layer = layer_of(parameters)
    name = values["state"]
    key = final_shape(layer, name, values)
    why = "A slot for each layer and direction, the batch, and the entries of the state."
    claims = final_claims(layer, name, values)
    choice = chosen(shape_text(key), why, claims, arranger(NAME, parameters), tested(values))
    ask = (Paragraph(prose(f"What is the shape of the tensor {name}?")),)
    parts = [Part(ask, choice, 1, _solution(layer, key, values))]
    if key[0] > 1:
        parts.append(_slot(layer, values))
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="shapes",
        level=3,
        minutes=3,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(layer, values),
        parts=tuple(parts),
        proof=Proof(PROOF, "exact"),
        tags=(layer.cell, "pytorch"),
    )


def _stem(layer: Layer, values: dict[str, str]) -> tuple[Block, ...]:
    batch, steps, d = values["B"], values["T"], values["d"]
    first = values["batch_first"] == "yes"
    given = f"{batch}, {steps}, {d}" if first else f"{steps}, {batch}, {d}"
    states = "(h, c)" if len(layer.states()) > 1 else "h"
    lines = (f"rnn = {layer.torch(first)}", f"x = torch.zeros({given})", f"out, {states} = rnn(x)")
    return (
        Paragraph(prose(f"A batch of {batch} sequences of {steps} steps goes through a module of "
                        "PyTorch:")),
        Code("\n".join(lines), "python"),
    )  # fmt: skip


def _solution(layer: Layer, key: tuple[int, ...], values: dict[str, str]) -> tuple[Block, ...]:
    chains, batch, entries = key
    layers = "1 layer" if layer.depth == 1 else f"{layer.depth} layers"
    both = "2 directions" if layer.both else "1 direction"
    moves = " batch_first moves the axes of x and out, not those of a state."
    return (
        Paragraph(prose(f"The first axis has {layers} × {both} = {chains}, then come the {batch} "
                        f"sequences, then the {entries} entries: {shape_text(key)}."
                        f"{moves if values['batch_first'] == 'yes' else ''}")),
    )  # fmt: skip


def _slot(layer: Layer, values: dict[str, str]) -> Part:
    """Ask for the index of one layer and direction."""
    place, name = int(values["layer"]), values["state"]
    backward = values["chain"] == "backward"
    key = (place - 1) * layer.directions + backward
    order = [n for n in parameter_shapes(layer) if n.startswith("weight_hh")]
    if order[key] != f"weight_hh_l{place - 1}{'_reverse' * backward}":
        raise Unfair(f"slot {key} belongs to {order[key]}")
    claims: list[tuple[str, int, Prose]] = [
        ("counted from 1", key + 1, prose("Indices begin at 0.")),
    ]
    deep = layer.depth > 1
    if layer.both:
        claims.append(
            ("backward first", (place - 1) * layer.directions + (not backward),
             prose("In each layer the forward chain comes before the backward one."))
        )  # fmt: skip
    if layer.both and deep:
        claims.append(
            ("directions outermost", backward * layer.depth + place - 1,
             prose("The layers come one after the other, each with its directions."))
        )  # fmt: skip
    chain = [f"the {values['chain']} chain"] * layer.both
    rule = " and ".join(["layers in order"] * deep + ["forward before backward"] * layer.both)
    number = f"({place} − 1) × 2 + {int(backward)} = " if layer.both else f"{place} − 1 = "
    return numeric(
        prose(f"At which index, counted from 0, does {name} hold the final state of "
              f"{' of '.join(chain + [f'layer {place}'] * deep)}?"
              f"{' (The lowest layer is layer 1.)' * deep}"),
        [blank(prose("Index"), key, claims)],
        (Paragraph(prose(f"From 0, {rule}: {number * deep}{key}.")),),
        [Mark(1, "B", prose(f"{rule}, from 0"))],
    )  # fmt: skip


KIND = Kind(NAME, "shapes", "apply", (3, 3), (1, 2), _subjects, _variants, _draw, _make)
