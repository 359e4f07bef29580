"""Conventions: whose equations, names, order and layout. One folder each, read from its file.

``conventions/<name>/convention.toml`` says how a framework prints and packs; beside it stand the
cell files of the cells that it has. The folder is the list. Nothing here imports SymPy or NumPy.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any

from rnnsym.errors import one_of
from rnnsym.record import record

__all__ = ["FOLDER", "TEXTBOOK", "Convention", "convention_names", "read_convention"]

FOLDER = Path(__file__).parent / "conventions"
TEXTBOOK = "textbook"


@record
class Convention:
    """How a framework or a book prints and packs what it computes.

    Attributes:
        title: whose it is.
        line: the line that a document prints under its title.
        product: an affine map as it is printed: ``W x`` in columns, ``x W`` in rows, or ``x W.T``
            in rows with the matrices of the columns.
        labels: the LaTeX of names that no cell file defines, such as the input's ``x``.
        rows: whether arrays hold our matrices transposed, as they act on rows.
        name: template of a packed array, with {part}, {layer} (from 0) and {reverse}; empty where
            arrays have our own names.
        single: the same where the model has one layer.
        reverse: what stands for {reverse} in the backward chain.
        prefix: before a name where the model text has several layers, with {position} (from 0).
        dense, embedding: the arrays of layers without recurrence, matrix first; empty for ours.
        stacked_directions: whether the directions are the first axis of one array.
        stacked_states: whether the states of one recurrent layer of the model text are one array,
            layer by layer, forward before backward.
        listed: whether weights also come as a list without names, in this order.
        variants: other forms of a cell that this convention has, by the cell's name.
    """

    title: str
    line: str
    product: str = "W x"
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    rows: bool = False
    name: str = ""
    single: str = ""
    reverse: str = ""
    prefix: str = "{position}."
    dense: tuple[str, ...] = ()
    embedding: tuple[str, ...] = ()
    stacked_directions: bool = False
    stacked_states: bool = False
    listed: bool = False
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __hash__(self) -> int:
        return hash(self.title)


@cache
def convention_names() -> tuple[str, ...]:
    """Return the names of all conventions, the textbook's first.

    >>> convention_names()
    ('textbook', 'd2l', 'flax', 'keras', 'onnx', 'pytorch')
    """
    found = sorted(path.parent.name for path in FOLDER.glob("*/convention.toml"))
    return (TEXTBOOK, *(name for name in found if name != TEXTBOOK))


@cache
def read_convention(name: str) -> Convention:
    """Return a convention by name.

    Raises:
        InputError: no such convention; names the nearest one.

    >>> read_convention("pytorch").reverse
    '_reverse'
    """
    one_of("convention", name, convention_names())
    text = (FOLDER / name / "convention.toml").read_text(encoding="utf-8")
    return Convention(**{key: _frozen(value) for key, value in tomllib.loads(text).items()})


def _frozen(value: Any) -> Any:
    """Return lists as tuples, also in tables: a convention is a value."""
    match value:
        case {**table}:
            return {key: _frozen(inner) for key, inner in table.items()}
        case [*items]:
            return tuple(items)
        case _:
            return value
