"""A short program in PyTorch: what does it print?"""

from collections.abc import Sequence
from dataclasses import replace
from math import perm, prod

from rnnsym.blocks import Block, Code, Paragraph, Prose, Table, prose
from rnnsym.count import count
from rnnsym.expr import Integer, size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import blank, claims_of, parts_of, proven, value_of
from rnnsym.quiz.counting_items import numeric
from rnnsym.quiz.counting_layers import Layer, parameter_shapes, shape_text
from rnnsym.quiz.counting_shapes import (
    PROOF,
    SMALL,
    Claim,
    chosen,
    drawn_call,
    final_claims,
    final_shape,
    layer_of,
    output_claims,
    output_shape,
    tested,
    torch_subjects,
)
from rnnsym.quiz.counting_slips import PROJECTED, STACK
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND", "program"]

NAME = "code_trace"
BIASES = prose("PyTorch keeps two bias vectors for each affine map, bias_ih and bias_hh.")
CALLED: dict[object, str] = {
    size("d"): "input_size",
    size("n"): "hidden_size",
    size("p"): "proj_size",
}
CLASSES = (2, 3, 4, 5, 6, 7, 8)


def _variants(_subject: Parameters) -> int:
    return 2 * perm(len(SMALL), 4)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    call = drawn_call(subject, draw)
    used = {value for _, value in call}
    return (*call, ("q", draw.choice("q", [str(c) for c in CLASSES if str(c) not in used])))


def program(layer: Layer, values: dict[str, str]) -> str:
    """Return the program that an item shows."""
    batch, steps, d, q = (values[name] for name in ("B", "T", "d", "q"))
    first = values["batch_first"] == "yes"
    given = f"{batch}, {steps}, {d}" if first else f"{steps}, {batch}, {d}"
    states = "(h, c)" if len(layer.states()) > 1 else "h"
    return "\n".join(
        (
            f"rnn = {layer.torch(first)}",
            f"head = nn.LazyLinear({q})",
            f"out, {states} = rnn(torch.zeros({given}))",
            f"y = head({'out[:, -1]' if first else 'out[-1]'})",
            "print(tuple(out.shape))",
            "print(tuple(h.shape))",
            "print(tuple(y.shape))",
            "print(sum(w.numel() for w in rnn.parameters()))",
        )
    )


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    layer = layer_of(parameters)
    draw = arranger(NAME, parameters)
    output, final = output_shape(layer, values), final_shape(layer, "h", values)
    lines = [
        ("first", shape_text(output), _output_reason(layer), output_claims(layer, values)),
        ("second", shape_text(final),
         f"A slot for each layer and direction, {layer.depth} × {layer.directions}, then the "
         "batch and the entries of the state.", final_claims(layer, "h", values)),
        ("third", shape_text((int(values["B"]), int(values["q"]))),
         "One row for each sequence: the last step's scores.", _scores(layer, values)),
    ]  # fmt: skip
    parts = [
        Part(
            (Paragraph(prose(f"What does the {name} line print?")),),
            chosen(key, why, claims, Draw(draw.seed, f"{draw.question} {name}"), tested(values)),
            1,
            (Paragraph(prose(f"{why} So it prints {key}.")),),
        )
        for name, key, why, claims in lines
    ]
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="shapes",
        level=3,
        minutes=6 + (layer.depth > 1),
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(layer, values),
        parts=(*parts, _number(layer, int(values["T"]))),
        proof=Proof(PROOF, "exact"),
        tags=(layer.cell, "pytorch", "code"),
    )


def _stem(layer: Layer, values: dict[str, str]) -> tuple[Block, ...]:
    note = ("The names torch and nn are imported. nn.LazyLinear is nn.Linear that finds its number "
            "of inputs from what it is given. The program prints four lines.")  # fmt: skip
    return (
        Paragraph(prose("A program in PyTorch:")),
        Code(program(layer, values), "python"),
        Paragraph(prose(note)),
    )


def _output_reason(layer: Layer) -> str:
    both = ", both directions side by side" if layer.both else ""
    projected = ", as it is projected" if "p" in dict(layer.sizes) else ""
    return f"Every step of {layer.last}{both}{projected}."


def _scores(layer: Layer, values: dict[str, str]) -> Sequence[Claim]:
    batch, steps, q = (int(values[name]) for name in ("B", "T", "q"))
    every = (batch, steps, q) if values["batch_first"] == "yes" else (steps, batch, q)
    found = [
        ("every step", shape_text(every), "The head reads the last step only."),
        ("steps for sequences", shape_text((steps, q)),
         "The axis that is left is that of the batch."),
        ("no batch", shape_text((q,)), "Every sequence of the batch has its scores."),
    ]  # fmt: skip
    if layer.both:
        why = "The head reads both directions at once: they stand side by side on the last axis."
        found.append(("directions apart", shape_text((2, batch, q)), why))
    if layer.depth > 1:
        why = "The output is that of the top layer only."
        found.append(("layers apart", shape_text((layer.depth, batch, q)), why))
    return found


def _as_called(why: Prose) -> Prose:
    """Return words with the names that the program has for sizes."""
    return prose(*(CALLED.get(part, part) for part in why))


def _number(layer: Layer, steps: int) -> Part:
    """Ask for the last line, the number of parameters."""
    key = value_of(count(layer.system).formula, layer.sizes)
    shapes = parameter_shapes(layer)
    held = sum(prod(shape) for shape in shapes.values())
    if held != key:
        raise Unfair(f"the formula gives {key}, the packed arrays hold {held} numbers")
    projected = "p" in dict(layer.sizes)
    slips = (*STACK, *PROJECTED) if projected else STACK
    work = Work(parts_of(layer.system), layer.sizes, steps)
    claims = [(name, value, BIASES if name == "one bias for two" else _as_called(why))
              for name, value, why in claims_of(work, slips)]  # fmt: skip
    if layer.both and layer.depth > 1:
        one = value_of(count(replace(layer, both=False).system).formula, layer.sizes)
        why = prose("Both directions have parameters, and the layers above read both.")
        claims.append(("net of one direction", one, why))
    if layer.depth > 1:
        top = tuple(part for part in work.parts if part.layer == layer.depth)
        why = prose("Every layer has parameters of its own.")
        claims.append(("one layer only", replace(work, parts=top).total, why))
    matrices = "weight_ih, weight_hh, weight_hr" if projected else "weight_ih, weight_hh"
    above = [Mark(1, "M", prose("what the layers above the first read"))] if layer.depth > 1 else []
    return numeric(
        prose("What does the fourth line print?"),
        [blank(prose("Number"), proven(work, key), claims)],
        (
            Table(
                (prose("Array"), prose("Shape"), prose("Numbers")),
                tuple((prose(name), prose(shape_text(shape)), prose(Integer(prod(shape))))
                      for name, shape in shapes.items()),
            ),
            Paragraph(prose(f"They hold {key} numbers together.")),
        ),
        [
            Mark(1, "M", prose(f"{matrices} and two biases of each layer and direction")),
            *above,
            Mark(1, "A", prose("the number")),
        ],
    )  # fmt: skip


KIND = Kind(NAME, "shapes", "apply", (3, 3), (5, 6), torch_subjects, _variants, _draw, _make)
