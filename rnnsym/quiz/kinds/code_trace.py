"""A short program in PyTorch: what does it print?"""

from collections.abc import Sequence
from dataclasses import replace
from math import perm, prod

from rnnsym.blocks import Block, Code, Paragraph, Prose, prose
from rnnsym.count import count
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.counting import blank, total_line, value_of
from rnnsym.quiz.counting_items import derived, numeric
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
    torch_subjects,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND", "program"]

NAME = "code_trace"
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
            f"head = nn.Linear({layer.width}, {q})",
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
        ("first", shape_text(output), "Every step, of the top layer.",
         output_claims(layer, values)),
        ("second", shape_text(final), "A slot for each layer and direction.",
         final_claims(layer, "h", values)),
        ("third", shape_text((int(values["B"]), int(values["q"]))),
         "One row for each sequence: the last step's scores.", _scores(layer, values)),
    ]  # fmt: skip
    parts = [
        Part(
            (Paragraph(prose(f"What does the {name} line print?")),),
            chosen(key, why, claims, Draw(draw.seed, f"{draw.question} {name}")),
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
        minutes=6,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(layer, values),
        parts=(*parts, _number(layer)),
        proof=Proof(PROOF, "exact"),
        tags=(layer.cell, "pytorch", "code"),
    )


def _stem(layer: Layer, values: dict[str, str]) -> tuple[Block, ...]:
    note = "The names torch and nn are imported. It prints four lines."
    return (
        Paragraph(prose("A program in PyTorch:")),
        Code(program(layer, values), "python"),
        Paragraph(prose(note)),
    )


def _scores(layer: Layer, values: dict[str, str]) -> Sequence[Claim]:
    batch, steps, q = (int(values[name]) for name in ("B", "T", "q"))
    return (
        ("every step", shape_text((batch, steps, q)), "The head reads the last step only."),
        ("width of the layer", shape_text((batch, layer.width)), "The head turns it into scores."),
        ("steps for sequences", shape_text((steps, q)), "The axis left is that of the batch."),
        ("no batch", shape_text((q,)), "Every sequence of the batch has its scores."),
    )


def _number(layer: Layer) -> Part:
    """Ask for the last line, the number of parameters."""
    formula = count(layer.system).formula
    key = value_of(formula, layer.sizes)
    shapes = parameter_shapes(layer)
    held = sum(prod(shape) for shape in shapes.values())
    if held != key:
        raise Unfair(f"the formula gives {key}, the packed arrays hold {held} numbers")
    biases = sum(prod(s) for s in shapes.values() if len(s) == 1)
    claims: list[tuple[str, int, Prose]] = [
        ("no biases", key - biases, prose("Biases are parameters too.")),
        ("one bias for two", key - biases // 2,
         prose("PyTorch keeps two bias vectors for every gate, bias_ih and bias_hh.")),
    ]  # fmt: skip
    if layer.both:
        one = value_of(count(replace(layer, both=False).system).formula, layer.sizes)
        why = prose("The backward chain has parameters of its own, and the layers above read both.")
        claims.append(("one direction forgotten", one, why))
    if layer.depth > 1:
        single = value_of(count(replace(layer, depth=1).system).formula, layer.sizes)
        claims.append(("one layer forgotten", single, prose("Every layer has its parameters.")))
    return numeric(
        prose("What does the fourth line print?"),
        [blank(prose("Number"), key, claims)],
        derived(total_line(formula, key)),
        [
            Mark(1, "M", prose("weight_ih, weight_hh and two biases of each layer and direction")),
            Mark(1, "A", prose("the number")),
        ],
    )


KIND = Kind(NAME, "shapes", "apply", (3, 3), (5, 5), torch_subjects, _variants, _draw, _make)
