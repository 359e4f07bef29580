"""The shape of what a PyTorch layer returns at every step."""

from math import perm

from rnnsym.blocks import Block, Code, Paragraph, prose
from rnnsym.item import Item, Part, Proof
from rnnsym.quiz.counting_layers import Layer, shape_text
from rnnsym.quiz.counting_shapes import (
    PROOF,
    SMALL,
    chosen,
    drawn_call,
    layer_of,
    output_claims,
    output_shape,
    tested,
    torch_subjects,
)
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "output_shape"


def _variants(_subject: Parameters) -> int:
    return 2 * perm(len(SMALL), 4)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    layer = layer_of(parameters)
    key = output_shape(layer, values)
    first = values["batch_first"] == "yes"
    why = f"{'Batch, steps' if first else 'Steps, batch'}, and what {layer.last} gives."
    claims = output_claims(layer, values)
    choice = chosen(shape_text(key), why, claims, arranger(NAME, parameters), tested(values))
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="shapes",
        level=2,
        minutes=2,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(layer, first, values),
        parts=(Part((), choice, 1, _solution(layer, key, first)),),
        proof=Proof(PROOF, "exact"),
        tags=(layer.cell, "pytorch"),
    )


def _stem(layer: Layer, first: bool, values: dict[str, str]) -> tuple[Block, ...]:
    batch, steps, d = values["B"], values["T"], values["d"]
    given = f"{batch}, {steps}, {d}" if first else f"{steps}, {batch}, {d}"
    lines = (f"rnn = {layer.torch(first)}", f"x = torch.zeros({given})", "out, _ = rnn(x)")
    return (
        Paragraph(prose(f"A batch of {batch} sequences of {steps} steps goes through a module of "
                        "PyTorch:")),
        Code("\n".join(lines), "python"),
        Paragraph(prose("What is the shape of the tensor out?")),
    )  # fmt: skip


def _solution(layer: Layer, key: tuple[int, ...], first: bool) -> tuple[Block, ...]:
    entries = layer.width // layer.directions
    width = f"{layer.directions} × {entries} = {layer.width}" if layer.both else str(layer.width)
    gives = f"Each direction of {layer.last}" if layer.both else layer.last.capitalize()
    what = "entries, those of the projection" if "p" in dict(layer.sizes) else "entries"
    axes = "batch, steps" if first else "steps, batch"
    return (
        Paragraph(prose(f"{gives} gives {entries} {what}, so the last "
                        f"axis has {width}. The axes are {axes}, width: {shape_text(key)}.")),
    )  # fmt: skip


KIND = Kind(NAME, "shapes", "apply", (2, 2), (1, 1), torch_subjects, _variants, drawn_call, _make)
