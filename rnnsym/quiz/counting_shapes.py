"""What questions on shapes share: layers drawn, code shown, options by misconception."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rnnsym.item import Choice
from rnnsym.quiz.counting_items import drawn_sizes
from rnnsym.quiz.counting_layers import TORCH, Layer, Shape, option, shape_text
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import mixed
from rnnsym.quiz.registry import Parameters

__all__ = [
    "PROOF",
    "SMALL",
    "Claim",
    "chosen",
    "drawn_call",
    "final_claims",
    "final_shape",
    "layer_of",
    "output_claims",
    "output_shape",
    "tested",
    "torch_subjects",
]  # fmt: skip

SMALL = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
Claim = tuple[str, str, str]
"""A misconception, the text it gives, and why that is wrong."""
LEAST = 3
PROOF = "sizes read off the arrays that the layer trains, as its framework packs them"


def torch_subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    """Return every layer of PyTorch, in one or two directions, and up to three deep."""
    return [
        (("cell", cell), ("depth", str(depth)), ("both", both), ("convention", "pytorch"))
        for cell in TORCH
        if not cells or cell in cells
        for depth in (1, 2, 3)
        for both in ("no", "yes")
    ]


def drawn_call(subject: Parameters, draw: Draw) -> Parameters:
    """Return sizes, batch and steps, and the first axis.

    None is another's, nor the number of layers, directions, chains or entries of the output.
    """
    values = dict(subject)
    names = ("d", "n", "p") if "projection" in values["cell"] else ("d", "n")
    depth, directions = int(values["depth"]), 2 if values["both"] == "yes" else 1
    pool = [k for k in SMALL if k not in (depth, directions, depth * directions)]
    sizes = drawn_sizes(names, draw, pool)
    numbers = [int(number) for _, number in sizes]
    taken = {*numbers, directions * numbers[-1]}
    axes = drawn_sizes(("B", "T"), draw, [k for k in pool if k not in taken])
    return (*subject, *sizes, *axes, ("batch_first", draw.choice("batch_first", ("no", "yes"))))


def layer_of(parameters: Parameters) -> Layer:
    """Return the layer that an item asks about.

    Raises:
        Unfair: what it trains does not fit what it gives.
    """
    values = dict(parameters)
    sizes = tuple((name, int(values[name])) for name in ("d", "n", "p") if name in values)
    both = values["both"] == "yes"
    depth = int(values.get("depth", "1"))
    return Layer(values["cell"], values["convention"], sizes, depth, both).proven()


def output_shape(layer: Layer, values: Mapping[str, str]) -> Shape:
    """Return the shape of PyTorch's output."""
    batch, steps = int(values["B"]), int(values["T"])
    first = (batch, steps) if values["batch_first"] == "yes" else (steps, batch)
    return (*first, layer.width)


def final_shape(layer: Layer, name: str, values: Mapping[str, str]) -> Shape:
    """Return the shape of one of PyTorch's final states: batch_first does not move its axes."""
    chains, entries = layer.states()[name]
    return (chains, int(values["B"]), entries)


def output_claims(layer: Layer, values: Mapping[str, str]) -> list[Claim]:
    """Return what misconceptions make of the output's shape.

    Raises:
        Unfair: two slips together give the key, or one gives what another does.
    """
    a, b, width = output_shape(layer, values)
    sizes = dict(layer.sizes)
    if sizes["n"] in {k * sizes.get("p", 0) for k in (layer.directions, layer.depth)}:
        raise Unfair("hidden_size is proj_size times the directions, or times the layers")
    first = values["batch_first"] == "yes"
    found = [
        ("axes swapped", shape_text((b, a, width)),
         f"{'With' if first else 'Without'} batch_first=True the axis of the "
         f"{'batch' if first else 'steps'} comes first."),
        ("last step only", shape_text((int(values["B"]), width)),
         "The output holds every step, not only the last one."),
        ("width of the input", shape_text((a, b, sizes["d"])),
         "The last axis holds what the layer computes, not what it reads."),
    ]  # fmt: skip
    if layer.both:
        one = replace(layer, both=False).width
        why = "The outputs of both directions stand side by side."
        found.append(("one direction forgotten", shape_text((a, b, one)), why))
    else:
        why = "There is one direction: nothing stands beside it."
        found.append(("direction factor", shape_text((a, b, 2 * width)), why))
    if layer.depth > 1:
        why = "Only the top layer is returned: the others are read by the layer above."
        found.append(("all layers side by side", shape_text((a, b, layer.depth * width)), why))
    if "p" in sizes:
        why = "The output is the projected state, of proj_size entries."
        wide = layer.directions * sizes["n"]
        found.append(("projection forgotten", shape_text((a, b, wide)), why))
    return found


def final_claims(layer: Layer, name: str, values: Mapping[str, str]) -> list[Claim]:
    """Return what misconceptions make of the shape of a final state."""
    chains, batch, entries = final_shape(layer, name, values)
    whatever = ", whatever batch_first says" if values["batch_first"] == "yes" else ""
    found = [
        ("batch first", shape_text((batch, chains, entries)),
         f"The first axis of a state counts layers and directions{whatever}."),
        ("shape of the output", shape_text(output_shape(layer, values)),
         "This is the shape of out, which holds all steps."),
    ]  # fmt: skip
    if layer.depth > 1:
        why = "Every layer has a final state, not only the top one."
        found.append(("top layer only", shape_text((layer.directions, batch, entries)), why))
    if layer.both:
        why = "The directions are slots of the first axis, forward before backward."
        wide = shape_text((layer.depth, batch, 2 * entries))
        found.append(("directions side by side", wide, why))
        why = "Both directions have a final state in every layer."
        found.append(("one direction forgotten", shape_text((layer.depth, batch, entries)), why))
    else:
        why = "The first axis counts layers and directions, even where there is one of each."
        if chains == 1:
            found.append(("no first axis", shape_text((batch, entries)), why))
        why = "There is one direction only."
        found.append(("direction factor", shape_text((2 * chains, batch, entries)), why))
    if "p" in dict(layer.sizes):
        other = dict(layer.sizes)["n" if name == "h" else "p"]
        why = "Projected is what recurs and is read, h; the cell state c keeps hidden_size."
        found.append(("projection of the other", shape_text((chains, batch, other)), why))
    return found


def tested(values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the misconceptions that options set in the call are there to test."""
    first = ("batch first",) if values["batch_first"] == "yes" else ()
    return (*first, "projection forgotten", "projection of the other")


def chosen(
    key: str, reason: str, claims: Sequence[Claim], draw: Draw, always: Sequence[str] = ()
) -> Choice:
    """Return the key among what misconceptions give, some of them ``always``.

    Raises:
        Unfair: one of them gives the key, or too few of them give different answers.
    """
    found: dict[str, dict[str, str]] = {}
    for name, text, why in claims:
        found.setdefault(text, {}).setdefault(why, name)
    if key in found:
        raise Unfair(f"'{', or '.join(found[key].values())}' gives the key")
    if len(found) < LEAST:
        raise Unfair(f"the misconceptions give only {len(found)} answers")
    right = option(key, "", reason)
    wrong = {
        text: option(text, ", or ".join(reasons.values()), " Or: ".join(reasons))
        for text, reasons in found.items()
    }
    shown = [wrong[text] for name, text, _ in claims if name in always]
    return Choice(mixed(right, list(wrong.values()), draw, shown))
