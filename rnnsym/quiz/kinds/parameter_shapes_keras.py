"""The list of arrays that a Keras layer trains, with their shapes."""

from collections.abc import Sequence
from dataclasses import replace
from math import perm, prod

from rnnsym.blocks import Block, Code, Paragraph, prose
from rnnsym.item import Item, Part, Proof
from rnnsym.quiz.counting import parts_of
from rnnsym.quiz.counting_items import drawn_sizes
from rnnsym.quiz.counting_layers import KERAS, Layer, Shape, parameter_shapes, shape_text
from rnnsym.quiz.counting_shapes import SMALL, Claim, chosen, layer_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "parameter_shapes_keras"
SIZES = SMALL[1:]
"""No 2: a GRU's bias has two rows, and would have the shape of the kernel."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("cell", cell), ("both", both), ("convention", "keras"))
        for cell in KERAS
        if not cells or cell in cells
        for both in ("no", "yes")
    ]


def _variants(_subject: Parameters) -> int:
    return perm(len(SIZES), 2)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, *drawn_sizes(("d", "n"), draw, SIZES))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    layer = layer_of(parameters)
    arrays = parameter_shapes(layer)
    key = tuple(arrays.values())
    own = sum(part.entries(dict(layer.sizes)) for part in parts_of(layer.system))
    if own != sum(map(prod, key)):
        raise Unfair(f"the equations have {own} parameters, the packed arrays {key}")
    chains = " of each direction" if layer.both else ""
    why = (
        f"Kernel, recurrent kernel and bias{chains}; a row that a matrix multiplies stands on its "
        "left."
    )
    tested = ("second bias",) if len(key[2]) > 1 else ()
    choice = chosen(shape_text(*key), why, _claims(layer, key), arranger(NAME, parameters), tested)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="shapes",
        level=3,
        minutes=3,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(layer),
        parts=(Part((), choice, 2, _solution(layer, key)),),
        proof=Proof("entries of all arrays of the layer as its equations shape them", "exact"),
        tags=(layer.cell, "keras"),
    )


def _claims(layer: Layer, key: Sequence[Shape]) -> list[Claim]:
    """Return what misconceptions make of the list."""
    sizes = dict(layer.sizes)
    d, n = sizes["d"], sizes["n"]
    blocks = key[0][1] // n
    swapped = replace(layer, sizes=(("d", n), ("n", d)))
    found: list[Claim] = [
        ("matrices turned", shape_text(*(s[::-1] if i % 3 < 2 else s for i, s in enumerate(key))),
         "Keras computes x W with rows, so a kernel has as many rows as x has entries."),
        ("sizes swapped", shape_text(*parameter_shapes(swapped).values()),
         f"The input has {d} entries and the layer {n} units."),
        ("biases forgotten", shape_text(*(s for i, s in enumerate(key) if i % 3 < 2)),
         "The bias is trained too."),
        ("second bias", shape_text(*(_other_bias(s) if i % 3 == 2 else s
                                      for i, s in enumerate(key))),
         "By default a GRU has reset_after=True, and so two bias vectors for each map."
         if len(key[2]) > 1 else
         "Only a GRU with reset_after=True has two bias vectors for each map."),
    ]  # fmt: skip
    if blocks > 1:
        one = tuple((*s[:-1], s[-1] // blocks) for s in key)
        found.append(("one block only", shape_text(*one),
                      f"The {blocks} maps stand side by side in each array."))  # fmt: skip
    if layer.both:
        found.append(("one direction forgotten", shape_text(*key[:3]),
                      "The backward layer has arrays of its own."))  # fmt: skip
    return found


def _other_bias(shape: Shape) -> Shape:
    """One bias vector for two, two for one."""
    return shape[1:] if len(shape) == 2 else (2, *shape)


def _stem(layer: Layer) -> tuple[Block, ...]:
    d = dict(layer.sizes)["d"]
    lines = (
        "from keras import layers",
        f"layer = {layer.keras(sequences=False, states=False)}",
        f"layer.build((None, None, {d}))",
        "print([w.shape for w in layer.get_weights()])",
    )
    return (
        Paragraph(prose("In Keras 3, what does this program print?")),
        Code("\n".join(lines), "python"),
    )


def _solution(layer: Layer, key: Sequence[Shape]) -> tuple[Block, ...]:
    n = dict(layer.sizes)["n"]
    kernel, recurrent, bias = key[:3]
    blocks = kernel[1] // n
    maps = f"{blocks} maps of {n} columns side by side" if blocks > 1 else f"{n} columns"
    two = ", a row for each product, as reset_after=True is the default" if len(bias) > 1 else ""
    chains = "; the backward layer has the same again" if layer.both else ""
    text = (
        f"The kernel has a row for each entry of the input and {maps}: {kernel}. The recurrent "
        f"kernel has a row for each unit: {recurrent}. The bias has the shape {bias}{two}{chains}."
    )
    return (Paragraph(prose(text)),)


KIND = Kind(NAME, "shapes", "apply", (3, 3), (2, 2), _subjects, _variants, _draw, _make)
