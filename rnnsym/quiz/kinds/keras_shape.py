"""What a Keras layer returns: the output of every step or of the last one, and states if asked."""

from collections.abc import Sequence
from dataclasses import replace
from math import perm

from rnnsym.blocks import Block, Code, Paragraph, prose
from rnnsym.item import Item, Part, Proof
from rnnsym.quiz.counting_items import drawn_sizes
from rnnsym.quiz.counting_layers import KERAS, Layer, Shape, shape_text
from rnnsym.quiz.counting_shapes import PROOF, SMALL, Claim, chosen, layer_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "keras_shape"
SIZES = ("d", "n", "B", "T")


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("cell", cell), ("both", both), ("sequences", sequences), ("states", states),
         ("convention", "keras"))
        for cell in KERAS
        if not cells or cell in cells
        for both in ("no", "yes")
        for sequences in ("no", "yes")
        for states in ("no", "yes")
    ]  # fmt: skip


def _variants(_subject: Parameters) -> int:
    return perm(len(SMALL), len(SIZES))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, *drawn_sizes(SIZES, draw, SMALL))


def _returned(
    layer: Layer, batch: int, steps: int, sequences: bool, states: bool
) -> tuple[Shape, ...]:
    """Return the shapes of all that a call gives: the output, then states chain by chain."""
    output = (batch, steps, layer.width) if sequences else (batch, layer.width)
    found = layer.states().values() if states else ()
    one = tuple((batch, entries) for _, entries in found)
    return (output, *one * layer.directions)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    layer = layer_of(parameters)
    batch, steps = int(values["B"]), int(values["T"])
    sequences, states = values["sequences"] == "yes", values["states"] == "yes"
    key = _returned(layer, batch, steps, sequences, states)
    claims = _claims(layer, batch, steps, sequences, states)
    choice = chosen(shape_text(*key), _reason(layer, sequences, states), claims,
                    arranger(NAME, parameters))  # fmt: skip
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="shapes",
        level=3 if states else 2,
        minutes=3 if states else 2,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(layer, values, sequences, states),
        parts=(Part((), choice, 1 + states, _solution(layer, key, sequences, states)),),
        proof=Proof(PROOF, "exact"),
        tags=(layer.cell, "keras"),
    )


def _claims(layer: Layer, batch: int, steps: int, sequences: bool, states: bool) -> list[Claim]:
    """Return what comes out when an option is read as another, and other slips."""
    right = _returned(layer, batch, steps, sequences, states)
    output, *rest = right
    other = _returned(layer, batch, steps, not sequences, states)
    width = dict(layer.sizes)["d"]
    found: list[Claim] = [
        ("return_sequences the other way round", shape_text(*other),
         f"return_sequences={sequences}: the output is that of {_steps(layer, sequences)}"
         f"{'' if sequences or layer.both else ' only'}."),
        ("width of the input", shape_text((*output[:-1], width), *rest),
         "The last axis holds what the layer computes, not what it reads."),
    ]  # fmt: skip
    if layer.both:
        one = replace(layer, both=False)
        narrow = _returned(one, batch, steps, sequences, states)
        why = "The outputs of both directions are put side by side"
        why += ", and both have states." if states else "."
        found.append(("one direction forgotten", shape_text(*narrow), why))
        if states:
            half = (output, *rest[: len(rest) // 2])
            found.append(("states of one direction", shape_text(*half),
                          "The backward layer returns its states too."))  # fmt: skip
    else:
        wide = (*output[:-1], 2 * output[-1])
        found.append(("direction factor", shape_text(wide, *rest), "There is one direction."))
    if states:
        why = "return_state=True adds the final states to what is returned."
        found.append(("states forgotten", shape_text(output), why))
    if len(layer.states()) > 1 and states:
        fewer = (output, *rest[::2])
        found.append(
            ("cell state forgotten", shape_text(*fewer), "An LSTM has two states, h and c.")
        )
    if sequences:
        turned = (steps, batch, output[-1])
        found.append(("axes swapped", shape_text(turned, *rest), "Keras has the batch first."))
    else:
        final = (output, *((batch, e) for _, e in layer.states().values()))
        if not states:
            why = "Without return_state=True no state is returned."
            found.append(("states without being asked", shape_text(*final), why))
    return found


def _reason(layer: Layer, sequences: bool, states: bool) -> str:
    both = ", both directions side by side" if layer.both else ""
    then = ", then the final states" if states else ""
    return f"The output of {_steps(layer, sequences)}{both}{then}."


def _steps(layer: Layer, sequences: bool) -> str:
    """Return what is given back: the chains of two directions end at different inputs."""
    if sequences:
        return "every step"
    ends = " (forward after the last input, backward after the first)" if layer.both else ""
    return f"the last step{' of each chain' if layer.both else ''}{ends}"


def _stem(layer: Layer, values: dict[str, str], sequences: bool, states: bool) -> tuple[Block, ...]:
    given = f"({values['B']}, {values['T']}, {values['d']})"
    lines = (f"layer = {layer.keras(sequences, states)}", f"y = layer(keras.ops.zeros({given}))")
    return (
        Paragraph(prose(f"A batch of {values['B']} sequences of {values['T']} steps goes through "
                        "a layer of Keras 3, with layers = keras.layers:")),
        Code("\n".join(lines), "python"),
        Paragraph(prose("What is y? A shape stands for a tensor, a list of shapes for several.")),
    )  # fmt: skip


def _solution(
    layer: Layer, key: tuple[Shape, ...], sequences: bool, states: bool
) -> tuple[Block, ...]:
    text = f"return_sequences={sequences}: the output of {_steps(layer, sequences)} "
    text += f"has the shape {key[0]}"
    if layer.both:
        text += f", with {layer.width // 2} entries from each direction"
    if states:
        names = " and ".join(layer.states())
        each = " of the forward layer and then of the backward one" if layer.both else ""
        come, of = ("comes", "of") if len(key) == 2 else ("come", "each of")
        text += f"; then {come} the final {names}{each}, {of} shape {key[1]}"
    return (Paragraph(prose(f"{text}.")),)


KIND = Kind(NAME, "shapes", "apply", (2, 3), (1, 2), _subjects, _variants, _draw, _make)
