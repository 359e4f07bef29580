"""The list of cells: states, sizes, derived counts, sources."""

from typing import Any

from rnnsym.blocks import Math, Prose, Table, prose
from rnnsym.cell import cell_names, load_cell
from rnnsym.convention import read_convention
from rnnsym.count import Count, count
from rnnsym.document import Document
from rnnsym.expr import label_text
from rnnsym.system import build_system, read_model

__all__ = ["cell_list", "cells_json"]


def _count(name: str, convention: str) -> Count:
    return count(build_system(read_model(name, convention=convention)))


def cell_list(convention: str) -> Document:
    """Return a table of the cells of a convention."""
    head = ("cell", "states", "sizes", "parameters", "title")
    rows = tuple(_row(name, convention) for name in cell_names(convention))
    table = Table(tuple(prose(h) for h in head), rows)
    lines = (prose(read_convention(convention).line),)
    return Document("cells", "derivation", "Cells", lines, (table,))


def _row(name: str, convention: str) -> tuple[Prose, ...]:
    cell = load_cell(name, convention)
    states: list[str | Math] = []
    for state in cell.states:
        label = label_text(state.family.label)
        states.append(f", {label}" if states else label)
    sizes = ", ".join(("d", *cell.size_names))
    return (
        prose(name),
        tuple(states),
        prose(sizes),
        prose(_count(name, convention).formula),
        prose(cell.title),
    )


def cells_json(convention: str) -> dict[str, Any]:
    """Return the cells as plain data: name, title, source, states, sizes, formula."""
    found: list[dict[str, Any]] = []
    for name in cell_names(convention):
        cell = load_cell(name, convention)
        counted = _count(name, convention).to_json()
        found.append(
            {
                "name": name,
                "title": cell.title,
                "source": cell.source,
                "constraint": cell.constraint,
                "states": [s.name for s in cell.states],
                "output": cell.output.name,
                "sizes": ["d", *cell.size_names],
                "formula": counted["formula"],
                "latex": counted["latex"],
            }
        )
    return {"schema": 1, "convention": convention, "cells": found}
