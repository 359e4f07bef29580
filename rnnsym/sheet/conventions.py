"""One model in every convention: why equations that look alike have other numbers of parameters."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rnnsym.blocks import Math, Prose, Table, prose
from rnnsym.cell import Cell, cell_names, is_path
from rnnsym.convention import convention_names, read_convention
from rnnsym.count import Count, count
from rnnsym.document import Document
from rnnsym.equations import System
from rnnsym.expr import TIME, Array, Fill, Hadamard, Node, Plus, Product, Scale
from rnnsym.model_text import Recurrent, parse
from rnnsym.record import record
from rnnsym.sheet.naming import slug
from rnnsym.version import VERSION

__all__ = ["Traits", "conventions_document", "conventions_json", "forms", "traits"]

SCHEMA = 1


@record
class Traits:
    """What distinguishes one convention's cell from another's, read from its equations.

    Attributes:
        reset: "before" where a gate multiplies the old state inside a matrix product, "after" where
            it multiplies the product, else "".
        gate: the gate that mixes the old state into the new one, if there is one.
        keeps: whether that gate keeps the old state where it is 1, and does not replace it.
        biases: how many bias vectors there are.
    """

    reset: str
    gate: Array | None
    keeps: bool
    biases: int


def traits(cell: Cell) -> Traits:
    """Return what distinguishes a cell, from its equations.

    >>> from rnnsym.cell import load_cell
    >>> found = traits(load_cell("gru", "pytorch"))
    >>> found.reset, found.gate.name, found.keeps, found.biases
    ('after', 'z', True, 6)
    """
    old: set[Node] = {s.xreplace({TIME: TIME - 1}) for s in cell.states}
    gate, keeps = next(_gates(cell, old), (None, False))
    return Traits(_reset(cell, old), gate, keeps, len(cell.biases))


def _gates(cell: Cell, old: set[Node]) -> Iterator[tuple[Array, bool]]:
    """Yield gates z of z ⊙ h⁻ (true: they keep) and of (1 − z) ⊙ h⁻ (false) in the states."""
    for state in cell.states:
        for term in cell.written[state.name].children:
            if isinstance(term, Hadamard) and not old.isdisjoint(term.children):
                for factor in term.children:
                    match factor:
                        case Array() if factor.time == TIME:
                            yield factor, True
                        case Plus(children=(Fill(), Scale(arg=Array() as gate))):
                            yield gate, False
                        case _:
                            pass


def _reset(cell: Cell, old: set[Node]) -> str:
    for rhs in cell.written.values():
        for node in rhs.atoms(Product):
            if any(isinstance(c, Hadamard) and _gated(c, old) for c in node.children):
                return "before"
        for node in rhs.atoms(Hadamard):
            if any(_is_product(c, cell, old) for c in node.children):
                return "after"
    return ""


def _gated(node: Hadamard, old: set[Node]) -> bool:
    return not old.isdisjoint(node.children)


def _is_product(node: Node, cell: Cell, old: set[Node]) -> bool:
    """Tell whether a factor is an affine map of the old state."""
    if isinstance(node, Array) and node.time == TIME and node.name in cell.written:
        node = cell.written[node.name]
    terms = node.children if isinstance(node, Plus) else (node,)
    return any(isinstance(t, Product) and not old.isdisjoint(t.children) for t in terms)


def forms(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield what a model text is in every convention, or None where that lacks one of its cells.

    A convention that has a cell in several forms has several texts.

    >>> [form for name, form in forms("bi(gru)*2") if name == "keras"]
    ['bi(gru)*2', 'bi(gru-reset-before)*2']
    """
    layers = parse(text)
    names = {layer.cell for layer in layers if isinstance(layer, Recurrent)}
    for convention in convention_names():
        known = cell_names(convention)
        if not all(is_path(name) or name in known for name in names):
            yield convention, None
            continue
        yield convention, text
        for cell, others in read_convention(convention).variants.items():
            for other in others if cell in names else ():
                turned = (
                    replace(x, cell=other) if isinstance(x, Recurrent) and x.cell == cell else x
                    for x in layers
                )
                yield convention, ", ".join(map(str, turned))


def conventions_document(text: str, systems: Sequence[tuple[str, System | None]]) -> Document:
    """Return the table of one model in every convention.

    Args:
        text: the model's text.
        systems: the model as each convention has it, or None where that lacks one of its cells.
    """
    numbered = any(system is not None and system.bound for _, system in systems)
    head = ("convention and model", "reset", "old state", "biases", "parameters")
    rows = (_row(convention, system, numbered) for convention, system in systems)
    titles = (*head, "number") if numbered else head
    given = ", ".join(f"{k} = {v}" for k, v in _bound(systems).items())
    lines = (
        prose("reset: a gate multiplies the old state before the matrix product, or after it"),
        prose("old state: the gate that keeps or replaces it; biases: vectors in one cell"),
        *((prose(f"Sizes: {given}"),) if given else ()),
    )
    table = Table(tuple(prose(t) for t in titles), tuple(rows))
    name, title = f"params-{slug(text)}-all", f"Parameters in every convention: {text}"
    return Document(name, "derivation", title, lines, (table,))


def _bound(systems: Sequence[tuple[str, System | None]]) -> dict[str, int]:
    """Return the sizes that were given, the same for all."""
    return next(
        (dict(system.bound) for _, system in systems if system is not None), dict[str, int]()
    )


def _row(convention: str, system: System | None, numbered: bool) -> tuple[Prose, ...]:
    if system is None:
        return prose(f"{convention} has no such cell"), *[prose("–")] * (5 if numbered else 4)
    found, counted = traits(_cell(system)), count(system)
    gate: tuple[str | Math, ...] = ("–",)
    if found.gate is not None:
        gate = (found.gate.name, " keeps" if found.keeps else " replaces")
    return (
        prose(f"{convention} {system.model}"),
        prose(found.reset or "–"),
        gate,
        prose(str(found.biases)),
        prose(counted.formula),
        *((prose(str(counted.total or "–")),) if numbered else ()),
    )


def _cell(system: System) -> Cell:
    """Return the first cell of a model."""
    return next(block.cell for block in system.blocks if block.cell is not None)


def conventions_json(text: str, systems: Sequence[tuple[str, System | None]]) -> dict[str, Any]:
    """Return the same as plain data.

    Keys: schema, rnnsym (its version), model, sizes (those given), conventions [{convention, model
    (null where it lacks a cell), reset, gate, keeps, bias_vectors, formula, total, latex}].
    """
    return {
        "schema": SCHEMA,
        "rnnsym": VERSION,
        "model": text,
        "sizes": _bound(systems),
        "conventions": [_entry(convention, system) for convention, system in systems],
    }


def _entry(convention: str, system: System | None) -> dict[str, Any]:
    if system is None:
        return {"convention": convention, "model": None}
    found, counted = traits(_cell(system)), _counted(count(system))
    return {
        "convention": convention,
        "model": str(system.model),
        "reset": found.reset or None,
        "gate": None if found.gate is None else found.gate.name,
        "keeps": None if found.gate is None else found.keeps,
        "bias_vectors": found.biases,
        **counted,
    }


def _counted(counted: Count) -> dict[str, Any]:
    data = counted.to_json()
    return {key: data[key] for key in ("formula", "total", "latex")}
