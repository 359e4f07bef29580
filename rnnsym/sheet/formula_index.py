"""The index of a booklet: every symbol that has an equation, with its name and where it stands."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from unicodedata import combining, normalize

from rnnsym.blocks import Block, Box, EquationRef, Equations, Line, Prose, Table, prose
from rnnsym.expr import Array, Family, Node, label_text

__all__ = ["formula_index"]

ROLES = {"value": "Forward equations", "adjoint": "Adjoints", "gradient": "Gradients of the loss"}


def formula_index(blocks: Iterable[Block]) -> Iterator[Table]:
    """Yield a table for the forward equations, one for the adjoints and one for the gradients.

    A table without names has two columns of symbols.

    Args:
        blocks: whose numbered lines are listed, symbols in the order of the alphabet.
    """
    found: dict[Family, list[Line]] = {}
    for line in numbered_lines(blocks):
        if isinstance(line.lhs, Array):
            found.setdefault(_plain(line.lhs.family), []).append(line)
    for role, title in ROLES.items():
        named = role == "value"
        rows: list[tuple[Prose, ...]] = [
            (prose(_bare(lines[0].lhs)), *([prose(_name(lines))] if named else []), _places(lines))
            for family, lines in sorted(found.items(), key=lambda item: _order(item[0]))
            if family.role == role
        ]
        first = "with respect to" if role == "gradient" else "symbol"
        head = tuple(prose(h) for h in (first, *(["name"] if named else []), "equations"))
        if rows:
            yield Table(head, tuple(rows), title) if named else _halves(head, rows, title)


def _halves(head: tuple[Prose, ...], rows: list[tuple[Prose, ...]], title: str) -> Table:
    """Return a table whose second half stands beside its first."""
    half = (len(rows) + 1) // 2
    empty = tuple(prose("") for _ in head)
    pairs = zip_longest(rows[:half], rows[half:], fillvalue=empty)
    return Table((*head, *head), tuple((*left, *right) for left, right in pairs), title)


def numbered_lines(blocks: Iterable[Block]) -> Iterator[Line]:
    """Yield the lines that have a number, also those in frames."""
    for block in blocks:
        if isinstance(block, Equations):
            yield from (line for line in block.lines if line.number is not None)
        elif isinstance(block, Box):
            yield from numbered_lines(block.blocks)


def _plain(family: Family) -> Family:
    """The family without a direction: both chains stand in one row."""
    return Family(family.name, family.label, "", family.role)


def _order(family: Family) -> tuple[str, str]:
    letters = (c for c in normalize("NFD", label_text(family.label)) if not combining(c))
    return "".join(letters).lower(), family.name


def _bare(array: object) -> Node:
    """The symbol without indices; a gradient stands under what it is the gradient of."""
    assert isinstance(array, Array)
    family = _plain(array.family)
    role = "value" if family.role == "gradient" else family.role
    return Array(Family(family.name, family.label, "", role), array.shape)


def _name(lines: Iterable[Line]) -> str:
    """The names that the purposes of the equations begin with: "forget gate: how much …".

    What has no purpose of its own is what a function is applied to.
    """
    words = (part for line in lines for part in line.comment[:1] if isinstance(part, str))
    names = dict.fromkeys(text.partition(":")[0] for text in words if ":" in text)
    return ", ".join(names) or "pre-activation"


def _places(lines: Iterable[Line]) -> Prose:
    refs = dict.fromkeys(EquationRef(line.number) for line in lines if line.number is not None)
    return tuple(part for i, ref in enumerate(refs) for part in ((", ", ref) if i else (ref,)))
