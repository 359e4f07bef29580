"""The arrays that a framework keeps: which name has the one asked for, and what is its shape?"""

from collections.abc import Iterator, Sequence
from math import perm, prod

from rnnsym.blocks import Block, Code, Paragraph, Prose, prose
from rnnsym.item import Choice, Item, Mark, Option, Part, Proof
from rnnsym.quiz.counting import blank, parts_of
from rnnsym.quiz.counting_items import drawn_sizes, numeric
from rnnsym.quiz.counting_layers import Layer, Shape, option, parameter_shapes
from rnnsym.quiz.counting_shapes import SMALL, layer_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.options import arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "parameter_shapes"
TORCH = ("vanilla", "gru", "lstm", "lstm-projection")
READS = {"weight_ih": "the input", "weight_hh": "the old state"}
OTHER = {"weight_ih": "weight_hh", "weight_hh": "weight_ih"}
DEEPEST = 3


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("cell", cell), ("both", both), ("depth", str(depth)), ("array", array),
         ("convention", "pytorch"))
        for cell in TORCH
        if not cells or cell in cells
        for both in ("no", "yes")
        for depth in (2, DEEPEST)
        for array in READS
    ]  # fmt: skip


def _variants(subject: Parameters) -> int:
    return perm(len(SMALL), 2) * int(dict(subject)["depth"])


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    values = dict(subject)
    names = ("d", "n", "p") if "projection" in values["cell"] else ("d", "n")
    layer = draw.integer("layer", 1, int(values["depth"]))
    chain = draw.choice("chain", ("forward", "backward")) if values["both"] == "yes" else "forward"
    drawn = drawn_sizes(names, draw, SMALL)
    return (*subject, *drawn, ("layer", str(layer)), ("chain", chain))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    layer = layer_of(parameters)
    place, backward = int(values["layer"]), values["chain"] == "backward"
    name = _name(values["array"], place, backward)
    shapes = parameter_shapes(layer)
    _prove(layer, shapes)
    chain = f"the {values['chain']} chain of " if layer.both else ""
    ask = prose(f"Which of its parameters multiplies {READS[values['array']]} of {chain}layer "
                f"{place}? (The lowest layer is layer 1.)")  # fmt: skip
    choice = _names(layer, values, parameters)
    naming = Part(
        (Paragraph(ask),), choice, 1,
        (Paragraph(prose("PyTorch counts layers from 0: ih stands for input to hidden, hh for "
                         f"hidden to hidden{_reverse_note(layer)}. So it is {name}.")),),
    )  # fmt: skip
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="shapes",
        level=3,
        minutes=4,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(layer),
        parts=(naming, _sides(layer, values, name, shapes, choice)),
        proof=Proof("entries of all arrays of the layer as its equations shape them", "exact"),
        tags=(layer.cell, "pytorch"),
    )


def _stem(layer: Layer) -> tuple[Block, ...]:
    return (
        Paragraph(prose("A module of PyTorch is made by")),
        Code(f"rnn = {layer.torch(batch_first=False)}", "python"),
    )


def _reverse_note(layer: Layer) -> str:
    return ", and _reverse for the backward chain" if layer.both else ""


def _name(array: str, place: int, backward: bool) -> str:
    return f"{array}_l{place - 1}{'_reverse' if backward else ''}"


def _prove(layer: Layer, shapes: dict[str, Shape]) -> None:
    """Compare the packed arrays with those of the equations.

    Raises:
        Unfair: they hold different numbers, so the question has no proven key.
    """
    own = sum(part.entries(dict(layer.sizes)) for part in parts_of(layer.system))
    packed = sum(prod(shape) for shape in shapes.values())
    if own != packed:
        raise Unfair(f"the equations have {own} parameters, the packed arrays {packed}")


def _names(layer: Layer, values: dict[str, str], parameters: Parameters) -> Choice:
    array, place, backward = values["array"], int(values["layer"]), values["chain"] == "backward"
    key = option(
        _name(array, place, backward),
        "",
        "The name says what it multiplies, in which layer from 0, in which direction.",
    )
    wrong: dict[str, Option] = {}
    for text, misconception, why in (
        (_name(array, place + 1, backward), "layers counted from 1", "Layers are counted from 0."),
        (_name(OTHER[array], place, backward), "input and state exchanged",
         "ih multiplies what the layer reads, hh its old state."),
        (_name(array, place, not backward), "other direction",
         "_reverse stands for the backward chain." if layer.both else
         "The module has no backward direction."),
        (_name(OTHER[array], place + 1, backward), "input and state exchanged, from 1",
         "ih multiplies what the layer reads, hh its old state; layers are counted from 0."),
    ):  # fmt: skip
        wrong.setdefault(text, option(text, misconception, why))
    return Choice(mixed(key, list(wrong.values()), arranger(NAME, parameters)))


def _sides(
    layer: Layer, values: dict[str, str], name: str, shapes: dict[str, Shape], choice: Choice
) -> Part:
    """Ask for the sides of the array named before; of the first one where those are equal.

    Raises:
        Unfair: that one is square too, so rows and columns taken for each other do not show.
    """
    subject, named = "it", len(set(shapes[name])) > 1
    if not named:
        values = values | {"array": "weight_ih", "layer": "1"}
        name = subject = _name(values["array"], 1, backward=False)
    rows, columns = shapes[name]
    if rows == columns:
        raise Unfair(f"{name} is square")
    sizes = dict(layer.sizes)
    n, blocks = sizes["n"], rows // sizes["n"]
    read = "its input has entries" if values["array"] == "weight_ih" else _state(sizes)
    one = prose("The matrices of gates and candidate stand under one another in one array.")
    row_claims = [("one block only", n, one)] if blocks > 1 else []
    row_claims += [
        (name, k * n, prose(f"There are {blocks} blocks of {n} rows, not {k} blocks."))
        for name, k in (("GRU of two blocks", 2), ("LSTM of three blocks", 3))
        if blocks == k + 1
    ]
    found = [
        blank(prose("Rows"), rows, row_claims),
        blank(prose("Columns"), columns, _column_claims(layer, values)),
    ]
    block = f"{blocks} blocks of {n} rows" if blocks > 1 else f"{n} rows"
    return numeric(
        prose(f"How many rows and how many columns does {subject} have?"),
        found,
        (Paragraph(prose(f"{name} has {block}, and as many columns as {read}: "
                         f"({rows}, {columns}).")),),
        [Mark(2, "B", prose(f"1 for rows, 1 for columns{_carried(name, shapes, choice) * named}"))],
        (0,) if named else (),
    )  # fmt: skip


def _carried(name: str, shapes: dict[str, Shape], choice: Choice) -> str:
    """Say what is right after each answer that names an array of the module."""
    names = [printed(o.content) for o in choice.options]
    others = [f"{n} {shapes[n]}" for n in names if n != name and n in shapes]
    return f": {name} {shapes[name]}; or, as named in (a), {' or '.join(others)}" if others else ""


def _state(sizes: dict[str, int]) -> str:
    if "p" not in sizes:
        return "its state has entries"
    return f"the projected state h has entries (proj_size = {sizes['p']}; c keeps {sizes['n']})"


def _column_claims(layer: Layer, values: dict[str, str]) -> Iterator[tuple[str, int, Prose]]:
    sizes = dict(layer.sizes)
    entries = layer.width // layer.directions
    if values["array"] == "weight_ih" and int(values["layer"]) > 1:
        why = prose("Only the lowest layer reads the input: the others read the layer below.")
        yield "every layer reads the input", sizes["d"], why
        if layer.both:
            why = prose("The layer reads the outputs of both directions below.")
            yield "one direction read", entries, why
    else:
        what = "input" if values["array"] == "weight_ih" else "state"
        yield (
            "other vector",
            sizes["d"] if what == "state" else entries,
            prose(f"It multiplies the {what}."),
        )
    if "p" in sizes:
        wide, does = sizes["n"], "recurs"
        if values["array"] == "weight_ih":
            wide, does = layer.directions * wide, "the layer below gives"
        each = " in each direction" if wide > sizes["n"] else ""
        reason = f"What {does} is the projected state, of proj_size entries{each}."
        if values["array"] == "weight_ih" and values["layer"] == "1":
            reason = f"Layer 1 reads the input, of {sizes['d']} entries, not a state."
        yield "projection forgotten", wide, prose(reason)


KIND = Kind(NAME, "shapes", "apply", (3, 3), (3, 3), _subjects, _variants, _draw, _make)
